"""The terminal game, driven through its input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from arena.session.session import Session
from arena.terminal import Terminal
from engine.errors import ProgramError
from engine.games.spec import BLACK, WHITE
from engine.records import read_sgf
from tests.support.go_game import go5, load_playouts


def play(lines: str, colour: int = BLACK) -> tuple[str, Session]:
    session = Session(go5((colour,), 16), seed=1)
    out = io.StringIO()
    Terminal(session, load_playouts, io.StringIO(lines), out).run()
    return out.getvalue(), session


def test_a_move_is_answered_with_a_board_and_a_win_rate() -> None:
    printed, session = play("C3\n")
    assert len(session.game.actions) == 2
    assert "Miai plays" in printed
    assert "to win" in printed
    assert " 3 . . X" in printed


def test_the_end_of_the_input_ends_the_game_quietly() -> None:
    printed, session = play("")
    assert session.game.actions == []
    assert printed.endswith("> \n")


def test_bad_input_is_answered_and_the_game_goes_on() -> None:
    printed, session = play("hello\nZ9\nC3\nC3\nquit\n")
    assert "'hello'" in printed
    assert "'Z9'" in printed
    assert "C3 is occupied" in printed
    assert len(session.game.actions) == 2


def test_undo_resign_new_and_hint() -> None:
    printed, session = play("C3\nundo\nhint\nresign\nnew\nquit\n")
    assert "would play" in printed
    assert "You resigned: White wins" in printed
    assert session.game.actions == []
    assert not session.game.over


def test_the_ai_begins_when_the_person_has_white(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    printed, session = play(f"save {path}\nhelp\nquit\n", WHITE)
    assert len(session.game.actions) == 1
    assert f"Saved {path}" in printed
    assert "pass          pass" in printed
    assert read_sgf(path.read_bytes(), "x")[0].actions == tuple(session.game.actions)


def test_analysis_is_a_table_of_candidates_with_lines() -> None:
    printed, session = play("analyse 60\nwhy\nquit\n")
    assert session.game.actions == [], "looking must not play"
    assert "60 simulations" in printed
    for head in ("to win", "visits", "policy"):
        assert head in printed
    assert "of its visits" in printed


def test_a_review_lists_costly_moves_and_a_count_counts() -> None:
    lines = "people\nA1\nC3\npass\npass\nreview\ncount\ndead A1\ndead B5\nquit\n"
    printed, session = play(lines)
    assert session.game.over
    assert all(node.thought is not None for node in session.game.node.line()[:3])
    assert "Black is ahead by" in printed
    assert "expected a point with a stone, got 'B5'" in printed


def test_looking_around_and_the_opponent(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    lines = f"C3\nback 2\nend\nstart\nlevel 3\nlevel x\nsave {path}\nnew\nrestore\nopen {path}\n"
    printed, session = play(lines)
    assert "Level 3: Learner" in printed
    assert "expected a number above 0, got 'x'" in printed
    assert session.game.settings.people == (BLACK, WHITE), "an opened game is looked at"
    assert len(session.game.node.line()) == 3


def test_a_program_that_dies_is_told_and_the_terminal_goes_on() -> None:
    def load(opponent, spec):  # type: ignore[no-untyped-def]
        if opponent.kind == "program":
            raise ProgramError("cannot play with 'nothing': no such file")
        return load_playouts(opponent, spec)

    session, out = Session(go5((BLACK,), 16), seed=1), io.StringIO()
    lines = "program nothing\nC3\nlevel 2\ngo\nquit\n"
    Terminal(session, load, io.StringIO(lines), out).run()
    assert "no such file" in out.getvalue()
    assert len(session.game.actions) == 2


def test_the_only_dead_chain_can_be_made_alive_again() -> None:
    printed, session = play("people\nA1\nC3\npass\npass\ndead A1\nquit\n")
    assert "dead: A1\n" in printed, "it was judged when the game ended"
    assert "dead: none\n" in printed
    assert session.game.node.dead == frozenset()


@pytest.mark.parametrize("word", ["level", "simulations", "seconds"])
def test_a_strength_without_a_number_changes_nothing(word: str) -> None:
    printed, session = play(f"{word}\nquit\n")
    assert "expected a number above 0, got ''" in printed
    assert session.game.settings == go5((BLACK,), 16)
