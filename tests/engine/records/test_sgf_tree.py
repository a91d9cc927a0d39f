"""The grammar: as sgfmill reads well-formed files, and what it refuses with a note."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgfmill import sgf_grammar

from engine.errors import RecordError
from engine.records.sgf_tree import (
    MOST_NODES,
    Node,
    Place,
    copied,
    normal_name,
    parse_game,
    tree_text,
    walk,
)

names = st.from_regex(r"\A[A-Z]{1,3}\Z").filter(lambda name: name not in ("B", "W"))
values = st.text(st.characters(codec="ascii", exclude_characters="\\]\0"), max_size=6)
escaped = st.lists(values | st.sampled_from(["\\]", "\\\\", "\\:", "\\\n"]), max_size=3)
properties = st.dictionaries(
    names, st.lists(escaped.map("".join), min_size=1, max_size=3), max_size=3
)
moves = st.tuples(st.sampled_from("BW"), st.sampled_from(["aa", "tt", "", "sZ"])).map(
    lambda move: {move[0]: [move[1]]}
)
spaces = st.sampled_from(["", "", " ", "\n", "\r\n\t"])
runs = st.lists(st.tuples(properties | moves, spaces), min_size=1, max_size=5)
trees = st.recursive(
    st.tuples(runs, st.just([])),
    lambda inner: st.tuples(runs, st.lists(inner, min_size=2, max_size=3)),
    max_leaves=6,
)


def written(tree: Any) -> str:
    """A tree as text, with the spaces that were drawn."""
    run, children = tree
    parts = []
    for node, space in run:
        values = (
            f"{name}{space}" + space.join(f"[{v}]" for v in some) for name, some in node.items()
        )
        parts.append(f"{space};{space}{space.join(values)}")
    return f"({''.join(parts)}{''.join(map(written, children))})"


def plain(node: Node) -> list[Any]:
    """Nodes as lists, without recursion into long runs."""
    found: list[Any] = []
    while True:
        found.append(node.properties)
        if len(node.children) != 1:
            return [*found, [plain(child) for child in node.children]]
        node = node.children[0]


def judged(tree: Any) -> list[Any]:
    """The same of sgfmill's tree."""
    found: list[Any] = []
    while True:
        found += [
            {name: [value.decode("latin-1") for value in some] for name, some in node.items()}
            for node in tree.sequence
        ]
        if len(tree.children) != 1:
            return [*found, [judged(child) for child in tree.children]]
        tree = tree.children[0]


@settings(max_examples=300)
@given(tree=trees)
def test_a_well_formed_game_is_what_sgfmill_reads(tree: Any) -> None:
    text = written(tree)
    found = parse_game(text)
    assert not found.notes
    assert plain(found.root) == judged(sgf_grammar.parse_sgf_game(text.encode()))
    again = parse_game(tree_text(found.root))
    assert plain(again.root) == plain(found.root)
    assert plain(copied(found.root)[0]) == plain(found.root)


@settings(max_examples=200)
@given(text=st.text("();[]\\BWCxa \n", max_size=60))
def test_any_text_is_read_in_the_same_way_when_it_was_written_again(text: str) -> None:
    root = parse_game(text).root
    located = parse_game(text, locate=True).root
    assert plain(located) == plain(root)
    assert all(0 <= node.at <= len(text) for node in walk(located) if node.at != -1)
    assert plain(parse_game(tree_text(root)).root) == plain(root)


@pytest.mark.parametrize(
    ("text", "nodes", "note"),
    [
        ("(;SZ[9];B[aa]", 2, "a parenthesis is missing at the end: line 3, column 18"),
        ("(;SZ[9](;B[aa]", 2, "2 parentheses are missing at the end"),
        ("(;SZ[9] what;B[aa])", 2, "'what' is left out: line 3, column 13"),
        ("(;SZ[9]\n\n ??? ;B[aa])", 2, "'???' is left out: line 5, column 2"),
        ("(;SZ[9];[aa];B[bb])", 3, "a value without a name is left out: line 3, column 13"),
        ("(SZ[9];B[aa])", 2, "a semicolon is missing: line 3, column 6"),
        ("(;SZ[9]B[aa]W[bb]B[cc])", 3, "a semicolon is missing before a move"),
        (";SZ[9];B[aa])", 2, "a parenthesis is missing: line 3, column 5"),
        ("(;SZ[9];B[aa];W[", 3, "the value of W does not end"),
        ("(;SZ[9]C[never]ending[", 1, "the value of ENDING does not end"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, nodes: int, note: str) -> None:
    found = parse_game(text, Place(3, 5))
    assert len(found.root.main_line()) == nodes
    assert any(line.startswith(note) for line in found.notes), found.notes


def test_identifiers_of_old_formats() -> None:
    known = {
        "B": "B",
        "Black": "B",
        "black": "B",
        "BlackRank": "BR",
        "SiZe": "SZ",
        "size": "SZ",
        "sz": "SZ",
        "AddBlack": "AB",
        "TerritoryBlack": "TB",
        "KGSDE": "KGSDE",
        "PlayerWhite": "PW",
    }
    assert {name: normal_name(name) for name in known} == known


def test_half_a_million_nodes_deep_in_each_other() -> None:
    depth = MOST_NODES - 1
    root = parse_game("(;SZ[9]" + "(;C[x]" * depth + ")" * (depth + 1)).root
    assert len(root.main_line()) == depth + 1
    assert len(tree_text(root)) > depth


@pytest.mark.parametrize("node", ["(;C[x])", ";B[aa]", "B[aa]", ";"])
def test_a_game_of_endless_nodes_is_refused_while_it_is_read(node: str) -> None:
    told: list[float] = []
    with pytest.raises(RecordError, match=r"at most 500,000 positions.* line 1, column"):
        parse_game("(;SZ[9]" + node * (MOST_NODES + 1) + ")" + "x" * 100, progress=told.append)
    assert told == sorted(told)


def test_garbage_is_collected_again_after_a_large_game() -> None:
    told: list[bool] = []
    parse_game(
        "(;SZ[9]" + ";B[aa]W[bb]" * 40_000 + ")", progress=lambda _: told.append(gc.isenabled())
    )
    assert told
    assert not any(told)
    assert gc.isenabled()
