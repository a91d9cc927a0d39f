"""What the window keeps and opens: autosave and SGF of every game, and refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import engine.games
from arena.session import games, wording
from arena.session.files import (
    Keeper,
    autosave,
    bring_back,
    open_file,
    open_text,
    own_place,
    save,
)
from arena.session.game import Settings
from arena.session.preferences import Preferences, load
from arena.session.session import Session
from engine.games import GAMES, quick
from engine.games.spec import BLACK, WHITE
from engine.notation import action_to_text

AUTOSAVES = Path(__file__).resolve().parents[2] / "data" / "autosaves"
"""Written by version 0.1, before a game was a class of its own."""


def random_game(name: str, plies: int, seed: int) -> Session:
    """A game of two people, with a variation at its fifth ply."""
    random = np.random.default_rng(seed)
    session = Session(Settings(quick(name), (BLACK, WHITE)), seed=seed)
    for ply in range(plies):
        if session.game.over:
            break
        if ply == 5:
            session.undo()
        session.play(int(random.choice(np.flatnonzero(session.game.legal))))
    return session


@pytest.mark.parametrize("name", list(GAMES))
def test_a_killed_window_comes_back_where_it_was(name: str, tmp_path: Path) -> None:
    session = random_game(name, 20, 3)
    session.step(-3)
    path = tmp_path / "state" / "game.json"
    autosave(session.game, path)
    back = Session(Settings(), seed=1)
    assert bring_back(back, path)
    assert back.game.spec == session.game.spec
    assert back.game.actions == session.game.actions
    assert [n.action for n in back.game.node.line()] == [n.action for n in session.game.node.line()]
    root, mirror = back.game.node.path()[0], session.game.node.path()[0]
    assert [len(n.children) for n in root.line()] == [len(n.children) for n in mirror.line()]
    np.testing.assert_array_equal(back.game.stones, session.game.stones)


def test_a_damaged_autosave_is_passed_over(tmp_path: Path) -> None:
    session = random_game("go", 8, 4)
    path = tmp_path / "game.json"
    autosave(session.game, path)
    known = json.loads(path.read_text())
    known["nodes"][2][1] = known["nodes"][0][1]  # a point that is taken
    for damage in (b"", b"[]", b'{"format": "miai-window-2"}', json.dumps(known).encode()):
        path.write_bytes(damage)
        fresh = Session(Settings(), seed=1)
        assert not bring_back(fresh, path)
        assert fresh.game.actions == []
    assert not bring_back(Session(Settings(), seed=1), tmp_path / "missing")


@pytest.mark.parametrize("name", list(GAMES))
def test_what_is_saved_can_be_opened(name: str, tmp_path: Path) -> None:
    session = random_game(name, 12, 5)
    path = save(session, tmp_path / "game.sgf")
    assert path is not None
    back = Session(Settings(), seed=1)
    assert open_file(back, path), back.message
    assert back.game.actions == [], "a game that is opened is shown from its start"
    back.step(100)
    assert back.game.actions == [node.action for node in session.game.node.line()[1:]]
    assert (back.game.spec.name, back.game.spec.points) == (
        session.game.spec.name,
        session.game.spec.points,
    )
    assert games.restore(back) is False, "an untouched game need not come back"


def test_a_file_that_is_no_game_gets_a_sentence(tmp_path: Path) -> None:
    session = random_game("go", 4, 6)
    before = session.game.actions
    for content in (b"", b"not a game", bytes(range(256))):
        path = tmp_path / "bad.sgf"
        path.write_bytes(content)
        assert not open_file(session, path)
        assert "bad.sgf" in session.message
        assert session.game.actions == before
    assert not open_file(session, tmp_path / "missing.sgf")
    assert "missing.sgf" in session.message


def test_a_file_of_endless_variations_does_not_freeze_the_window(tmp_path: Path) -> None:
    path = tmp_path / "wide.sgf"
    path.write_bytes(b"(;SZ[9];B[ee]" + b"(;)" * 1_300_000 + b")")
    session = Session(Settings(), seed=1)
    assert not open_file(session, path)
    assert "500,000" in session.message


def test_handicap_stones_stand_when_a_file_is_opened() -> None:
    session = Session(Settings(), seed=1)
    data = b"(;GM[1]FF[4]SZ[9]KM[0.5]HA[2]AB[cc][gg];W[ee];B[dd])"
    assert open_text(session, data, "game")
    assert (session.game.stones == BLACK).sum() == 2
    assert session.game.to_move == WHITE
    session.step(2)
    assert (session.game.stones == BLACK).sum() == 3
    spec = engine.games.make("go", 9, komi=0.5)
    assert session.game.spec.height == spec.height


def test_a_set_up_board_without_moves_comes_back(tmp_path: Path) -> None:
    session = Session(Settings(quick("go"), (BLACK, WHITE)), seed=1)
    changed = games.SetUp.of(session)
    changed.click(12)
    assert games.apply_set_up(session, changed)
    path = tmp_path / "game.json"
    autosave(session.game, path)
    back = Session(Settings(), seed=1)
    assert bring_back(back, path)
    assert back.game.stones[12] == BLACK


def another_start(path: Path) -> tuple[Session, Keeper]:
    """A start with Hex where a game of Go is kept."""
    session = Session(Settings(quick("hex"), (BLACK, WHITE)), seed=1)
    return session, Keeper(session, path, goes_on=False)


def test_another_start_leaves_the_kept_game_alone_until_something_happens(tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    autosave(random_game("go", 8, 4).game, path)
    before = path.read_bytes()
    session, keeper = another_start(path)
    keeper.keep()
    assert path.read_bytes() == before
    session.play(3)
    keeper.keep()
    assert json.loads(path.read_bytes())["game"] == "hex"
    assert keeper.before.read_bytes() == before


@pytest.mark.parametrize("played", [False, True])
def test_the_kept_game_comes_back_after_another_start(tmp_path: Path, played: bool) -> None:
    path = tmp_path / "game.json"
    kept = random_game("go", 8, 4)
    autosave(kept.game, path)
    session, keeper = another_start(path)
    if played:
        session.play(3)
        keeper.keep()
    assert keeper.restore()
    assert (session.game.spec, session.game.actions) == (kept.game.spec, kept.game.actions)
    keeper.keep()
    assert json.loads(path.read_bytes())["game"] == "go"
    assert keeper.before.exists() == played, "what the other start left is not lost either"
    assert keeper.restore() == played
    assert session.game.spec.name == ("hex" if played else "go")


def test_a_game_that_another_start_pushed_out_comes_back_at_a_later_start(tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    kept = random_game("go", 8, 4)
    autosave(kept.game, path)
    session, keeper = another_start(path)
    session.play(3)
    keeper.keep()
    later = Session(Settings(), seed=1)
    assert bring_back(later, path)
    again = Keeper(later, path, goes_on=True)
    again.keep()
    assert again.restore()
    assert later.game.actions == kept.game.actions
    again.keep()
    assert json.loads(keeper.before.read_bytes())["game"] == "hex"


def test_a_kept_file_that_nobody_can_read_is_not_overwritten(tmp_path: Path) -> None:
    from arena.window.prepare import Wanted, _begin

    path = tmp_path / "game.json"
    path.write_bytes(b'{"format": "miai-window-9"}')
    session = Session(Settings(quick("go"), (BLACK, WHITE)), seed=1)
    keeper = _begin(session, Wanted(Settings, "shipped", go_on=True), path)
    assert "cannot be read" in session.message
    keeper.keep()
    assert path.read_bytes() == b'{"format": "miai-window-9"}'
    session.play(3)
    keeper.keep()
    assert keeper.before.read_bytes() == b'{"format": "miai-window-9"}'
    assert not keeper.restore()


def test_a_start_says_what_becomes_of_the_kept_game(tmp_path: Path) -> None:
    from arena.window.prepare import Wanted, _begin

    path = tmp_path / "game.json"
    for go_on, words in ((False, "B brings"), (True, "Back in the game")):
        session = Session(Settings(quick("hex")), seed=1)
        _begin(session, Wanted(Settings, "shipped", go_on), path)
        assert session.message == ""
        autosave(random_game("go", 8, 4).game, path)
        _begin(session, Wanted(Settings, "shipped", go_on), path)
        assert words in session.message
        path.unlink()


@pytest.mark.parametrize("value", [["en"], {}, None, 3, "tlh"])
def test_a_language_that_is_none_leaves_the_usual_one(tmp_path: Path, value: object) -> None:
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"language": value, "light": True}))
    liked, note = load(path)
    assert liked == replace(Preferences.usual(), light=True)
    assert "language" in note


@pytest.mark.parametrize("name", ["go_counted", "go_resigned", "hex_earlier", "sgf_setup"])
def test_games_that_version_0_1_kept_come_back_and_are_kept_alike(
    tmp_path: Path, name: str
) -> None:
    path = AUTOSAVES / f"{name}.json"
    session = Session(Settings(), seed=1)
    assert bring_back(session, path)
    autosave(session.game, tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_bytes()) == json.loads(path.read_bytes())


def test_a_kept_game_knows_its_variations_its_end_and_its_file() -> None:
    session = Session(Settings(), seed=1)
    assert bring_back(session, AUTOSAVES / "go_counted.json")
    game = session.game
    assert game.over
    assert {action_to_text(game.spec, point) for point in game.node.dead} == {"D2", "D3"}
    assert (game.score, wording.result(game)) == (24.5, "B+24.5")
    assert len(game.node.path()[3].children) == 2
    assert game.clock is not None
    assert bring_back(session, AUTOSAVES / "go_resigned.json")
    assert session.game.resigned == BLACK
    assert session.game.settings.opponent.source == "gnugo --mode gtp"
    assert bring_back(session, AUTOSAVES / "sgf_setup.json")
    assert session.game.record_of is not None
    assert session.game.record_of.black == "Ann"
    assert session.game.has_setup


OTHER_WINDOW = """
import sys
from pathlib import Path
from arena.session.files import own_place
mine, lock = own_place(Path(sys.argv[1]))
print(mine.name, flush=True)
sys.stdin.readline()
"""


def test_two_windows_keep_a_game_each(tmp_path: Path) -> None:
    from arena.window.prepare import Wanted, _begin

    path = tmp_path / "game.json"
    autosave(random_game("go", 8, 4).game, path)
    before = path.read_bytes()
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_WINDOW, str(path)],
        cwd=Path(__file__).resolve().parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "game.json\n"
    session = Session(Settings(quick("hex"), (BLACK, WHITE)), seed=1)
    keeper = _begin(session, Wanted(Settings, "shipped", go_on=True), path)
    assert "Another window" in session.message
    assert session.game.spec.name == "hex", "the other window's game is its own"
    session.play(3)
    keeper.keep()
    assert path.read_bytes() == before
    assert json.loads((tmp_path / "game-2.json").read_bytes())["game"] == "hex"
    assert own_place(path)[0].name == "game-3.json"

    other.kill()  # which ends its lock, whatever it was doing
    other.communicate()
    assert own_place(path)[0] == path


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("stones", 0), 300),
        (("rules", "komi"), "x"),
        (("clock",), {"main_s": 0, "periods": 2**31, "period_s": "x"}),
        (("game",), 5),
        (("people",), 3),
        (("opponents", 0), None),
        (("nodes", 0), [0, 10**20, True, [None, None, []]]),
        (("nodes", 0), [0, 1, True, ["x", None, []]]),
        (("nodes",), [[0, 1, True, [None, None, []]]] * 200_001),
        (("sgf",), "(;GM[5])"),
    ],
)
def test_a_kept_game_with_nonsense_in_it_opens_no_game(
    tmp_path: Path, place: tuple[str | int, ...], value: object
) -> None:
    path = tmp_path / "game.json"
    autosave(random_game("go", 8, 4).game, path)
    known = json.loads(path.read_text())
    parent = known
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    path.write_text(json.dumps(known))
    session = Session(Settings(), seed=1)
    assert not bring_back(session, path)
    keeper = Keeper(session, path, False)
    session.play(int(np.flatnonzero(session.game.legal)[0]))
    keeper.keep()
    assert json.loads(keeper.before.read_text()) == known, "it is kept aside"
    assert bring_back(Session(Settings(), seed=1), path)
