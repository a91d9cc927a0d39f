"""What is said in a file about its positions: read, changed, written back beside the rest."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arena.session import games
from arena.session.files import Keeper, as_sgf, autosave, bring_back, open_text
from arena.session.game import Settings
from arena.session.kept_thoughts import KATRAIN, SABAKI
from arena.session.opening import list_games, read_opened
from arena.session.session import Session
from arena.session.tree import Probe
from engine.errors import MiaiError
from engine.games import GAMES, make, quick
from engine.games.spec import BLACK, WHITE
from engine.notation import text_to_action
from engine.search import SearchResult

FILE = (
    b"(;GM[1]FF[4]SZ[9]KM[7]PB[A]PW[B]ZZ[kept]C[root];B[ee]N[tengen]LB[ee:1][cc:x]TR[aa:bb]"
    b"(;W[ce]C[a \\] b]BM[1];B[cc])(;W[eg]XX[also kept]C[other]))"
)


def opened(data: bytes = FILE) -> Session:
    session = Session(Settings(), seed=1)
    assert open_text(session, data, "x")
    return session


def body(data: bytes) -> str:
    return data.decode().replace("CA[UTF-8]", "").strip()


def test_what_a_file_says_is_at_its_positions() -> None:
    root = opened().game.node
    assert root.notes["C"] == ["root"]
    first = root.children[0]
    assert (first.notes["N"], first.notes["LB"]) == (["tengen"], ["ee:1", "cc:x"])
    left, right = first.children
    assert (left.notes["BM"], left.notes["C"]) == (["1"], ["a \\] b"])
    assert right.notes == {"XX": ["also kept"], "C": ["other"]}


def test_only_what_a_person_changed_is_written_otherwise() -> None:
    session = opened()
    session.step(2)
    session.turn_to_sibling(1)
    assert body(as_sgf(session.game)) == FILE.decode()  # looking around changes nothing
    session.game.node.note("C", ["new"])
    session.game.node.root.note("C", [])
    expected = FILE.decode().replace("C[other]", "C[new]").replace("C[root]", "")
    assert body(as_sgf(session.game)) == expected


def test_the_promoted_variation_comes_first_and_the_deleted_one_not() -> None:
    session = opened()
    session.step(2)
    session.turn_to_sibling(1)
    assert games.promote_variation(session)
    left, right = "(;W[ce]C[a \\] b]BM[1];B[cc])", "(;W[eg]XX[also kept]C[other])"
    expected = FILE.decode().replace(left + right, right + left)
    assert body(as_sgf(session.game)) == expected
    assert not games.promote_variation(session)
    games.delete_variation(session)
    assert right not in body(as_sgf(session.game))
    games.restore(session)
    assert right.removesuffix(")") in body(as_sgf(session.game))


def test_a_change_is_kept_by_the_autosave(tmp_path: Path) -> None:
    session = opened()
    session.step(2)
    session.game.node.note("C", ["mine"])
    session.game.node.root.children[0].note("TR", ["cc"])
    autosave(session.game, tmp_path / "game.json")
    back = Session(Settings(), seed=1)
    assert bring_back(back, tmp_path / "game.json")
    assert back.game.node.notes == {"C": ["mine"], "BM": ["1"]}
    assert as_sgf(back.game) == as_sgf(session.game)


def searched(name: str, seed: int) -> tuple[Session, SearchResult]:
    """A game with one move and a result of a search there, made up from random numbers."""
    session = Session(Settings(quick(name), (BLACK, WHITE)), seed=1)
    random = np.random.default_rng(seed)
    session.play(int(random.choice(np.flatnonzero(session.game.legal))))
    spec, legal = session.game.spec, session.game.legal
    visits = np.where(legal, random.integers(0, 50, spec.actions), 0).astype(np.int32)
    prior = np.where(legal, random.random(spec.actions), 0).astype(np.float32)
    points = random.normal(0, 9, spec.actions).astype(np.float32) * (visits > 0)
    best = int(visits.argmax())
    thought = SearchResult(
        action=best,
        visits=visits,
        q=(random.uniform(-1, 1, spec.actions) * (visits > 0)).astype(np.float32),
        prior=prior / prior.sum(),
        policy=(visits / visits.sum()).astype(np.float32),
        value=0.25,
        score=-3.5,
        simulations=int(visits.sum()),
        variation=(best,),
        variations=((best, int(np.flatnonzero(legal)[0])),),
        action_score=points,
        ownership=random.uniform(-1, 1, spec.points).astype(np.float32),
    )
    session.game.node.look(thought)
    return session, thought


@pytest.mark.parametrize("name", list(GAMES))
def test_a_search_comes_back_from_the_file_and_from_the_autosave(name: str, tmp_path: Path) -> None:
    session, thought = searched(name, 5)
    session.game.node.probes[thought.action] = Probe(10_000, 0.75, None)
    data = as_sgf(session.game)
    autosave(session.game, tmp_path / "game.json")
    kept, read = Session(Settings(), seed=1), opened(data)
    read.step(1)
    assert bring_back(kept, tmp_path / "game.json")
    for back in (kept, read):
        found = back.game.thought
        assert found is not None
        asked = found.action  # it was asked about, and what was asked has more visits
        assert found.simulations == thought.simulations
        others = np.arange(len(thought.visits)) != thought.action
        np.testing.assert_array_equal(found.visits[others], thought.visits[others])
        np.testing.assert_allclose(found.q[others], thought.q[others], atol=1e-4)
        np.testing.assert_allclose(found.prior, thought.prior, atol=1e-3)
        np.testing.assert_allclose(found.ownership, thought.ownership, atol=1e-3)
        assert (found.win_rate, found.score) == pytest.approx((0.625, -3.5))
        assert asked != thought.action
        probe = back.game.node.probes[thought.action]
        assert (probe.visits, probe.win_rate) == pytest.approx((10_000, 0.75))
        assert back.game.win_rate_at(back.game.node) == pytest.approx(0.375)
    assert as_sgf(read.game) == data


def test_what_was_searched_is_kept_without_a_new_move(tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    session, thought = searched("go", 7)
    session.game.node.thought = None
    keeper = Keeper(session, path, goes_on=False)
    keeper.keep()
    session.game.node.look(thought)
    keeper.finish()
    back = Session(Settings(), seed=1)
    assert bring_back(back, path)
    assert back.game.thought is not None
    session.game.node.note("C", ["said"])
    keeper.keep()
    assert bring_back(back, path)
    assert back.game.node.notes["C"] == ["said"]


def test_a_large_game_is_kept_beside_the_window(tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    session = Session(Settings(make("go", 19, 19), (BLACK, WHITE)), seed=1)
    for first in range(30):
        node = session.game.node.root.child(first)
        for action in range(40, 70):
            node.child(action)
    keeper = Keeper(session, path, goes_on=False)
    session.play(300)
    keeper.keep()
    keeper.finish()
    back = Session(Settings(), seed=1)
    assert bring_back(back, path)
    assert back.game.actions == [300]
    assert len(list(back.game.node.root.walk())) == 1 + 30 * 31 + 1


def test_katrain_finds_what_it_keeps_itself() -> None:
    session, thought = searched("go", 6)
    data = as_sgf(session.game)
    values = opened(data).game.node.children[0].notes
    owners, policy, main = (gzip.decompress(base64.b64decode(v)) for v in values[KATRAIN])
    known = json.loads(main)
    spec = session.game.spec
    # White is to move; KaTrain keeps rates, points and owners from Black's side.
    assert known["root"]["winrate"] == pytest.approx(0.375)
    assert known["root"]["scoreLead"] == pytest.approx(3.5)
    assert values[SABAKI] == ["37.50"]
    floats = struct.unpack(f"{spec.points}e", owners)
    assert thought.ownership is not None
    np.testing.assert_allclose(floats, -thought.ownership, atol=1e-3)
    illegal = session.game.node.action
    assert illegal is not None
    assert struct.unpack(f"{spec.actions}e", policy)[illegal] == -1.0
    best = min(known["moves"].values(), key=lambda move: move["order"])
    assert text_to_action(spec, best["move"]) == thought.action
    assert best["visits"] == int(thought.visits.max())
    assert best["pv"][0] == best["move"]


def test_what_katrain_and_sabaki_kept_is_read() -> None:
    moves = {
        "D4": {"move": "D4", "visits": 40, "winrate": 0.6, "scoreLead": 2.5, "order": 0},
        "pass": {"move": "pass", "visits": 2, "winrate": 0.1, "scoreLead": -7.0, "order": 1},
    }
    main = {"moves": moves, "root": {"winrate": 0.6, "scoreLead": 2.4, "visits": 43}}
    parts = [b"", struct.pack("82e", *[1 / 82] * 82), json.dumps(main).encode()]
    packed = "".join(f"[{base64.b64encode(gzip.compress(part)).decode()}]" for part in parts)
    game = opened(f"(;GM[1]SZ[9]KT{packed};B[dd]SBKV[61.5])".encode()).game
    assert game.thought is not None
    assert game.thought.action == text_to_action(game.spec, "D4")
    assert game.thought.visits.sum() == 42
    assert (game.thought.win_rate, game.thought.score) == pytest.approx((0.6, 2.4))
    after = game.node.children[0]
    assert after.thought is None
    assert game.win_rate_at(after) == pytest.approx(0.615)


@pytest.mark.parametrize(
    "value",
    [
        "KT[x][y][z]",
        "KT[" + base64.b64encode(gzip.compress(bytes(1 << 25))).decode() + "][][]",
        "SBKV[nan]",
        "SBKV[]",
        "KT[]",
    ],
)
def test_damaged_results_are_passed_over_and_written_back(value: str) -> None:
    text = f"(;GM[1]SZ[9];B[dd]{value})"
    session = opened(text.encode())
    node = session.game.node.children[0]
    assert (node.thought, session.game.win_rate_at(node)) == (None, None)
    assert body(as_sgf(session.game)) == text


def test_a_file_of_several_games_lists_them() -> None:
    data = b"(;GM[1]SZ[9]PB[Ann]PW[Bob]RE[B+1];B[ee])\n(;GM[11]SZ[5]GN[second];B[a1])" + FILE
    listed = list_games(data, "x")
    assert [(game.number, game.players) for game in listed] == [
        (1, "Ann – Bob"),
        (2, "second"),
        (3, "A – B"),
    ]
    assert listed[0].details == "Go 9x9, B+1"
    assert listed[1].details == "Hex 5x5"
    third = read_opened(data, "x", 3)
    assert third.record.black == "A"
    with pytest.raises(MiaiError):
        read_opened(data, "x", 4)
    assert list_games(b"no game", "x") == []


def test_a_result_that_the_file_knows_is_not_counted_anew() -> None:
    text = "(;GM[1]SZ[5]RE[W+R];B[cc];W[];B[])"
    session = opened(text.encode())
    session.step(3)
    assert body(as_sgf(session.game)) == text


def test_up_and_down_stay_at_the_same_move() -> None:
    session = opened(b"(;GM[1]SZ[9];B[aa](;W[bb];B[cc];W[dd])(;W[ee];B[ff]))")
    session.step(4)
    session.turn_to_sibling(1)
    assert session.game.node.ply == 3  # the other line ends there
    session.turn_to_sibling(1)
    assert (session.game.node.ply, session.game.node.action) == (3, 2 * 9 + 2)
    session.go_to_fork()
    assert session.game.node.ply == 1
    session.step(1)
    session.turn_to_sibling(1)
    session.go_to_main_line()
    assert session.game.node.ply == 1
    assert [node.action for node in session.game.node.onward()] == [10, 20, 30]


def test_a_move_taken_back_leaves_the_main_line_in_a_running_game_alone() -> None:
    session = Session(Settings(quick("go"), (BLACK, WHITE)), seed=1)
    for action in (0, 1, 2):
        session.play(action)
    session.undo()
    session.play(3)
    main = [node.action for node in session.game.node.root.children[0].line()]
    assert main[1:] == [0, 1, 3]
    session.resign()
    session.step(-1)
    session.play(4)  # after the end it is only a variation
    assert [child.action for child in session.game.node.parent.children] == [3, 2, 4]  # type: ignore[union-attr]
    assert replace(session.game.settings).people == (BLACK, WHITE)
