"""What the window keeps and opens: autosave and SGF of every game, and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import engine.games
from arena.session import games
from arena.session.files import Keeper, autosave, bring_back, open_file, open_text, save
from arena.session.looks import LOOKS, usual_spec
from arena.session.model import GameModel, Settings
from arena.session.preferences import Preferences, load
from engine.games.spec import BLACK, WHITE


def random_game(name: str, plies: int, seed: int) -> GameModel:
    """A game of two people, with a variation at its fifth ply."""
    random = np.random.default_rng(seed)
    model = GameModel(Settings(usual_spec(name), (BLACK, WHITE)), seed=seed)
    for ply in range(plies):
        if model.over:
            break
        if ply == 5:
            model.undo()
        model.play(int(random.choice(np.flatnonzero(model.legal))))
    return model


@pytest.mark.parametrize("name", list(LOOKS))
def test_a_killed_window_comes_back_where_it_was(name: str, tmp_path: Path) -> None:
    model = random_game(name, 20, 3)
    model.step(-3)
    path = tmp_path / "state" / "game.json"
    autosave(model, path)
    back = GameModel(Settings(), seed=1)
    assert bring_back(back, path)
    assert back.spec == model.spec
    assert back.actions == model.actions
    assert [n.action for n in back.node.line()] == [n.action for n in model.node.line()]
    root, mirror = back.node.path()[0], model.node.path()[0]
    assert [len(n.children) for n in root.line()] == [len(n.children) for n in mirror.line()]
    np.testing.assert_array_equal(back.stones, model.stones)


def test_a_damaged_autosave_is_passed_over(tmp_path: Path) -> None:
    model = random_game("go", 8, 4)
    path = tmp_path / "game.json"
    autosave(model, path)
    known = json.loads(path.read_text())
    known["nodes"][2][1] = known["nodes"][0][1]  # a point that is taken
    for damage in (b"", b"[]", b'{"format": "miai-window-2"}', json.dumps(known).encode()):
        path.write_bytes(damage)
        fresh = GameModel(Settings(), seed=1)
        assert not bring_back(fresh, path)
        assert fresh.actions == []
    assert not bring_back(GameModel(Settings(), seed=1), tmp_path / "missing")


@pytest.mark.parametrize("name", list(LOOKS))
def test_what_is_saved_can_be_opened(name: str, tmp_path: Path) -> None:
    model = random_game(name, 12, 5)
    path = save(model, tmp_path / "game.sgf")
    assert path is not None
    back = GameModel(Settings(), seed=1)
    assert open_file(back, path), back.message
    assert back.actions == [], "a game that is opened is shown from its start"
    back.step(100)
    assert back.actions == [node.action for node in model.node.line()[1:]]
    assert (back.spec.name, back.spec.points) == (model.spec.name, model.spec.points)
    assert games.restore(back) is False, "an untouched game need not come back"


def test_a_file_that_is_no_game_gets_a_sentence(tmp_path: Path) -> None:
    model = random_game("go", 4, 6)
    before = model.actions
    for content in (b"", b"not a game", bytes(range(256))):
        path = tmp_path / "bad.sgf"
        path.write_bytes(content)
        assert not open_file(model, path)
        assert "bad.sgf" in model.message
        assert model.actions == before
    assert not open_file(model, tmp_path / "missing.sgf")
    assert "missing.sgf" in model.message


def test_handicap_stones_stand_when_a_file_is_opened() -> None:
    model = GameModel(Settings(), seed=1)
    data = b"(;GM[1]FF[4]SZ[9]KM[0.5]HA[2]AB[cc][gg];W[ee];B[dd])"
    assert open_text(model, data, "game")
    assert (model.stones == BLACK).sum() == 2
    assert model.to_move == WHITE
    model.step(2)
    assert (model.stones == BLACK).sum() == 3
    spec = engine.games.make("go", 9, komi=0.5)
    assert model.spec.height == spec.height


def test_a_set_up_board_without_moves_comes_back(tmp_path: Path) -> None:
    model = GameModel(Settings(usual_spec("go"), (BLACK, WHITE)), seed=1)
    changed = games.SetUp.of(model)
    changed.click(12)
    assert games.apply_set_up(model, changed)
    path = tmp_path / "game.json"
    autosave(model, path)
    back = GameModel(Settings(), seed=1)
    assert bring_back(back, path)
    assert back.stones[12] == BLACK


def another_start(path: Path) -> tuple[GameModel, Keeper]:
    """A start with Hex where a game of Go is kept."""
    model = GameModel(Settings(usual_spec("hex"), (BLACK, WHITE)), seed=1)
    return model, Keeper(model, path, goes_on=False)


def test_another_start_leaves_the_kept_game_alone_until_something_happens(tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    autosave(random_game("go", 8, 4), path)
    before = path.read_bytes()
    model, keeper = another_start(path)
    keeper.keep()
    assert path.read_bytes() == before
    model.play(3)
    keeper.keep()
    assert json.loads(path.read_bytes())["game"] == "hex"
    assert keeper.before.read_bytes() == before


@pytest.mark.parametrize("played", [False, True])
def test_the_kept_game_comes_back_after_another_start(tmp_path: Path, played: bool) -> None:
    path = tmp_path / "game.json"
    kept = random_game("go", 8, 4)
    autosave(kept, path)
    model, keeper = another_start(path)
    if played:
        model.play(3)
        keeper.keep()
    assert keeper.restore()
    assert (model.spec, model.actions) == (kept.spec, kept.actions)
    keeper.keep()
    assert json.loads(path.read_bytes())["game"] == "go"
    assert keeper.before.exists() == played, "what the other start left is not lost either"
    assert keeper.restore() == played
    assert model.spec.name == ("hex" if played else "go")


def test_a_game_that_another_start_pushed_out_comes_back_at_a_later_start(tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    kept = random_game("go", 8, 4)
    autosave(kept, path)
    model, keeper = another_start(path)
    model.play(3)
    keeper.keep()
    later = GameModel(Settings(), seed=1)
    assert bring_back(later, path)
    again = Keeper(later, path, goes_on=True)
    again.keep()
    assert again.restore()
    assert later.actions == kept.actions
    again.keep()
    assert json.loads(keeper.before.read_bytes())["game"] == "hex"


def test_a_kept_file_that_nobody_can_read_is_not_overwritten(tmp_path: Path) -> None:
    from arena.window.prepare import Wanted, _begin

    path = tmp_path / "game.json"
    path.write_bytes(b'{"format": "miai-window-9"}')
    model = GameModel(Settings(usual_spec("go"), (BLACK, WHITE)), seed=1)
    keeper = _begin(model, Wanted(Settings, "shipped", go_on=True), path)
    assert "cannot be read" in model.message
    keeper.keep()
    assert path.read_bytes() == b'{"format": "miai-window-9"}'
    model.play(3)
    keeper.keep()
    assert keeper.before.read_bytes() == b'{"format": "miai-window-9"}'
    assert not keeper.restore()


def test_a_start_says_what_becomes_of_the_kept_game(tmp_path: Path) -> None:
    from arena.window.prepare import Wanted, _begin

    path = tmp_path / "game.json"
    for go_on, words in ((False, "B brings"), (True, "Back in the game")):
        model = GameModel(Settings(usual_spec("hex")), seed=1)
        _begin(model, Wanted(Settings, "shipped", go_on), path)
        assert model.message == ""
        autosave(random_game("go", 8, 4), path)
        _begin(model, Wanted(Settings, "shipped", go_on), path)
        assert words in model.message
        path.unlink()


@pytest.mark.parametrize("value", [["en"], {}, None, 3, "tlh"])
def test_a_language_that_is_none_leaves_the_usual_one(tmp_path: Path, value: object) -> None:
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"language": value, "light": True}))
    liked, note = load(path)
    assert liked == replace(Preferences.usual(), light=True)
    assert "language" in note
