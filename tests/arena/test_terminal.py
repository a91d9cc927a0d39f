"""The terminal game, driven through its input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from arena.session.model import GameModel
from arena.terminal import Terminal
from engine.errors import ProgramError
from engine.games.spec import BLACK, WHITE
from engine.records import read_sgf
from tests.support.go_game import go5, load_playouts


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


def test_analysis_is_a_table_of_candidates_with_lines() -> None:
    printed, model = play("analyse 60\nwhy\nquit\n")
    assert model.actions == [], "looking must not play"
    assert "60 simulations" in printed
    for head in ("to win", "visits", "policy"):
        assert head in printed
    assert "of its visits" in printed


def test_a_review_lists_costly_moves_and_a_count_counts() -> None:
    lines = "people\nA1\nC3\npass\npass\nreview\ncount\ndead A1\ndead B5\nquit\n"
    printed, model = play(lines)
    assert model.over
    assert all(node.thought is not None for node in model.node.line()[:3])
    assert "Black is ahead by" in printed
    assert "expected a point with a stone, got 'B5'" in printed


def test_looking_around_and_the_opponent(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    lines = f"C3\nback 2\nend\nstart\nlevel 3\nlevel x\nsave {path}\nnew\nrestore\nopen {path}\n"
    printed, model = play(lines)
    assert "Level 3: Learner" in printed
    assert "expected a number above 0, got 'x'" in printed
    assert model.settings.people == (BLACK, WHITE), "an opened game is looked at"
    assert len(model.node.line()) == 3


def test_a_program_that_dies_is_told_and_the_terminal_goes_on() -> None:
    def load(opponent, spec):  # type: ignore[no-untyped-def]
        if opponent.kind == "program":
            raise ProgramError("cannot play with 'nothing': no such file")
        return load_playouts(opponent, spec)

    model, out = GameModel(go5((BLACK,), 16), seed=1), io.StringIO()
    lines = "program nothing\nC3\nlevel 2\ngo\nquit\n"
    Terminal(model, load, io.StringIO(lines), out).run()
    assert "no such file" in out.getvalue()
    assert len(model.actions) == 2


def test_the_only_dead_chain_can_be_made_alive_again() -> None:
    printed, model = play("people\nA1\nC3\npass\npass\ndead A1\ndead A1\nquit\n")
    assert "dead: A1;" in printed
    assert "dead: none;" in printed
    assert model.node.dead == frozenset()


@pytest.mark.parametrize("word", ["level", "simulations", "seconds"])
def test_a_strength_without_a_number_changes_nothing(word: str) -> None:
    printed, model = play(f"{word}\nquit\n")
    assert "expected a number above 0, got ''" in printed
    assert model.settings == go5((BLACK,), 16)
