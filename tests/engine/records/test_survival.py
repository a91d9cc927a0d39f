"""What a person wrote into a file comes out as it went in; sgfmill reads both."""

from __future__ import annotations

from typing import Any

import pytest
from sgfmill import sgf_grammar

from engine.records.sgf import write_sgf, written_sgf
from engine.records.variations import main_line_nodes, read_first, write_variations

FILE = (
    b"(;FF[3]GM[1]SZ[9]KM[6.5]RU[Japanese]AP[Club:2]PB[Anna]PW[Bo]BR[3d]TM[600]OT[3x30]"
    b"PC[Club]XY[unknown][two]RE[Black wins by 3,5]C[Root \\] note: a\\:b]AB[aa]AW[ab]PL[B]"
    b";B[cc]BL[595.2]C[good]LB[cc:A][dd:1]GB[1];W[gg]WL[590]MN[7]"
    b"(;B[gc]TR[gc]CR[aa:cc];W[cg];C[only a word];B[ee])"
    b"(;W[ee]C[tried for White];B[ef])"
    b"(;B[aa]C[not legal, yet drawn];W[bb])"
    b"(;AE[gg]C[a diagram];B[gg])"
    b"(;C[no move];B[gd]))"
)
Tree = list[Any]


def tree_of(data: bytes) -> Tree:
    """All nodes as plain lists, in the file's order."""

    def nodes(part: Any) -> Tree:
        found: Tree = [dict(node.items()) for node in part.sequence]
        return [*found, [nodes(child) for child in part.children]]

    return nodes(sgf_grammar.parse_sgf_game(data))


def without(tree: Tree, *names: str) -> Tree:
    """The same without some properties of the root."""
    return [{k: v for k, v in tree[0].items() if k not in names}, *tree[1:]]


def test_a_file_that_nobody_changed_says_the_same() -> None:
    game, moves, number, count = read_first(FILE, "x")
    assert not game.cut and (number, count) == (1, 1)
    assert game.record.result == "B+3.5"
    for data in (write_variations(game.record, moves), written_sgf(game.record)):
        assert without(tree_of(data), "CA") == tree_of(FILE)
        again = read_first(data, "x")
        assert again[1] == moves
        assert again[0].record == game.record


def test_new_moves_stand_beside_what_was_there() -> None:
    game, moves, _, _ = read_first(FILE, "x")
    data = write_variations(game.record, [*moves, (2, 80), (len(moves) + 1, 79), (0, 44)])
    tree = without(tree_of(data), "CA")
    old = tree_of(FILE)
    assert tree[0] == old[0]
    assert tree[1][0][:2] == old[1:3]
    assert tree[1][0][2][: len(old[3])] == old[3]
    assert tree[1][0][2][len(old[3]) :] == [[{"B": [b"ii"]}, {"W": [b"hi"]}, []]]
    assert tree[1][1] == [{"B": [b"ie"]}, []]


def test_only_what_was_deleted_goes() -> None:
    game, moves, _, _ = read_first(FILE, "x")
    white = next(i for i, step in enumerate(moves, 1) if step[1] == 40 and step[0] != 4)
    gone = {white, white + 1, white + 2}
    kept = [n for n in range(1, len(moves) + 1) if n not in gone]
    place = {0: 0} | {old: new for new, old in enumerate(kept, 1)}
    fewer = [(place[moves[n - 1][0]], moves[n - 1][1]) for n in kept]
    assert len(fewer) < len(moves)
    text = write_variations(game.record, fewer).decode()
    assert "tried for White" not in text
    for word in ("only a word", "not legal, yet drawn", "a diagram", "no move"):
        assert word in text


def test_another_main_line_comes_first() -> None:
    game, moves, _, _ = read_first(b"(;SZ[9]C[r](;B[aa]C[one])(;B[bb]C[two];W[cc]))", "x")
    assert moves == [(0, 0), (0, 10), (2, 20)]
    data = write_variations(game.record, [(0, 10), (1, 20), (0, 0)])
    assert b"C[r](;B[bb]C[two];W[cc])(;B[aa]C[one])" in data.replace(b"CA[UTF-8]", b"")


def test_a_result_that_was_played_out_since_is_written() -> None:
    from dataclasses import replace

    game, moves, _, _ = read_first(b"(;SZ[9]RE[?]C[r];B[aa])", "x")
    data = write_variations(replace(game.record, result="W+R"), moves)
    assert b"RE[W+R]C[r]" in data


@pytest.mark.parametrize(
    ("rules", "komi"),
    [
        ("Japanese", "6.5"),
        ("\u4e2d\u56fd\u89c4\u5219", "3.75"),
        ("NZ", "7"),
        ("none of yours", "0"),
    ],
)
def test_rules_and_komi_stay_as_they_were_written(rules: str, komi: str) -> None:
    data = f"(;SZ[9]KM[{komi}]RU[{rules}];B[aa])".encode()
    game, moves, _, _ = read_first(data, "x")
    assert f"KM[{komi}]RU[{rules}]".encode() in write_variations(game.record, moves)
    if rules != "none of yours":
        assert f"RU[{rules}]".encode() in write_sgf(game.record)
    assert read_first(write_sgf(game.record), "x")[0].record.spec == game.record.spec


def test_each_ply_has_its_node() -> None:
    data = b"(;SZ[9]HA[2];B[aa];B[bb];C[x];W[cc];C[y];B[dd];B[ee](;W[ff])(;W[gg]))"
    game, *_ = read_first(data, "x")
    assert game.record.actions == (20, 30, 81, 40, 50)
    root, nodes = main_line_nodes(game.record)
    found = {ply: node.properties for ply, node in nodes.items()}
    assert found == {0: root.properties, 1: {"W": ["cc"]}, 2: {"B": ["dd"]}, 4: {"B": ["ee"]}} | {
        5: {"W": ["ff"]}
    }
