"""The layout of a tree: nothing on top of anything, no edge through a position, large ones too."""

from __future__ import annotations

import time

import numpy as np
import pytest

from arena.session.markup import comment_of, judgement_of, markup_of, name_of, write_comment
from arena.session.move_tree import AT_ONCE, Layouts, lay_out
from arena.session.tree import Node
from engine.games import make, quick


def random_tree(positions: int, seed: int) -> Node:
    random = np.random.default_rng(seed)
    nodes = [Node()]
    while len(nodes) < positions:
        at = len(nodes) - 1 if random.random() < 0.8 else int(random.integers(len(nodes)))
        child = nodes[at].child(int(random.integers(1000)))
        if child.shape.positions > len(nodes):
            nodes.append(child)
    return nodes[0]


@pytest.mark.parametrize("seed", range(12))
def test_no_position_and_no_edge_covers_another(seed: int) -> None:
    root = random_tree(300, seed)
    layout = lay_out(root)
    place = {node: (node.ply, row) for node, row in layout.row_of.items()}
    assert len(set(place.values())) == len(list(root.walk()))
    taken = set(place.values())
    for node in root.walk():
        for index, child in enumerate(node.children):
            row, below = layout.row_of[node], layout.row_of[child]
            if index == 0:
                assert row == below
                continue
            assert below > row
            trunk = {(node.ply, k) for k in range(row + 1, below)}
            assert not trunk & taken
        if len(node.children) > 1:
            last = layout.row_of[node.children[-1]]
            assert (node, last) in layout.forks[node.ply]
    assert layout.height == 1 + max(layout.row_of.values())


def test_what_is_within_a_part_is_found() -> None:
    root = random_tree(400, 3)
    layout = lay_out(root)
    seen = dict(layout.within(5, 20, 2, 9))
    assert seen == {
        node: row for node, row in layout.row_of.items() if 5 <= node.ply <= 20 and 2 <= row <= 9
    }


def test_a_large_tree_is_laid_out_in_a_thread_and_a_small_one_at_once() -> None:
    layouts = Layouts()
    small = random_tree(AT_ONCE - 1, 1)
    assert len(layouts.of(small).row_of) == AT_ONCE - 1
    large = random_tree(10_000, 2)
    assert len(layouts.of(large).row_of) == 0  # not waited for
    deadline = time.monotonic() + 60
    while layouts.busy:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(layouts.of(large).row_of) == 10_000
    leaf = large.line()[-1].child(5)
    assert leaf not in layouts.of(large).row_of  # the one from before, until the next is there
    while leaf not in layouts.of(large).row_of:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_markup_of_every_kind_is_read_and_nonsense_passed_over() -> None:
    notes = {
        "LB": ["aa:1", "bb:long\\:er", "zz:no", "cc"],
        "TR": ["aa:bb"],
        "SQ": ["ii"],
        "CR": ["??"],
        "MA": ["cc"],
        "AR": ["aa:cc"],
        "LN": ["aa:", "dd:ee"],
    }
    found = markup_of(quick("go"), notes)
    assert found.labels == ((0, "1"), (10, "lon"))
    triangles = [point for point, shape in found.shapes if shape == "triangle"]
    assert triangles == [0, 1, 9, 10]
    assert {shape for _, shape in found.shapes} == {"triangle", "square", "cross"}
    assert found.lines == ((0, 20, True), (30, 40, False))
    assert not markup_of(quick("go"), {"C": ["only text"]})
    hexes = markup_of(make("hex", 5, 5), {"LB": ["b3:x"]})
    assert hexes.labels == ((2 * 5 + 1, "x"),)


def test_a_comment_is_unescaped_and_escaped() -> None:
    node = Node()
    write_comment(node, "  a\nname ", "one ]\\ two\n")
    assert node.notes == {"N": ["a name"], "C": ["one \\]\\\\ two"]}
    assert (name_of(node), comment_of(node)) == ("a name", "one ]\\ two")
    edits = node.shape.edits
    write_comment(node, "a name", "one ]\\ two")
    assert node.shape.edits == edits
    write_comment(node, "", "")
    assert (node.notes, node.edited) == ({}, {"N", "C"})
    assert judgement_of(Node(notes={"BM": ["2"], "HO": ["1"]})) == "very bad move, a hot spot"
