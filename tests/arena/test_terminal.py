"""The terminal game, driven through its input."""

from __future__ import annotations

import io
from pathlib import Path

from arena.terminal import Terminal
from arena.window.model import GameModel
from engine.games.spec import BLACK, WHITE
from engine.records import read_sgf
from tests.arena.window.conftest import go5, load_playouts


def play(lines: str, colour: int = BLACK) -> tuple[str, GameModel]:
    model = GameModel(go5((colour,), 16), seed=1)
    out = io.StringIO()
    Terminal(model, load_playouts, io.StringIO(lines), out).run()
    return out.getvalue(), model


def test_a_move_is_answered_with_a_board_and_a_win_rate() -> None:
    printed, model = play("C3\n")
    assert len(model.actions) == 2
    assert "Miai plays" in printed
    assert "to win" in printed
    assert " 3 . . X" in printed


def test_the_end_of_the_input_ends_the_game_quietly() -> None:
    printed, model = play("")
    assert model.actions == []
    assert printed.endswith("> \n")


def test_bad_input_is_answered_and_the_game_goes_on() -> None:
    printed, model = play("hello\nZ9\nC3\nC3\nquit\n")
    assert "'hello'" in printed
    assert "'Z9'" in printed
    assert "C3 is occupied" in printed
    assert len(model.actions) == 2


def test_undo_resign_new_and_hint() -> None:
    printed, model = play("C3\nundo\nhint\nresign\nnew\nquit\n")
    assert "would play" in printed
    assert "You resigned: White wins" in printed
    assert model.actions == []
    assert not model.over


def test_the_ai_begins_when_the_person_has_white(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    printed, model = play(f"save {path}\nhelp\nquit\n", WHITE)
    assert len(model.actions) == 1
    assert f"Saved {path}" in printed
    assert "pass          pass" in printed
    assert read_sgf(path.read_bytes(), "x")[0].actions == tuple(model.actions)
