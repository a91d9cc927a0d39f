"""The game behind the window: turns, undo, refusals, results; no pygame."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from agents.protocol import Decision
from arena.session import games
from arena.session.files import save
from arena.session.game import Settings
from arena.session.session import RESIGN_AFTER, RESIGN_TURNS, Session
from arena.session.wording import result
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE
from engine.notation import text_to_action
from engine.records import read_sgf
from engine.search import SearchResult
from tests.support.go_game import go5


def start(colour: int = BLACK) -> Session:
    return Session(go5((colour,), 10), seed=1)


def point(session: Session, name: str) -> int:
    return text_to_action(session.game.spec, name)


def thought(session: Session, value: float = 0.0) -> SearchResult:
    none = np.zeros(session.game.spec.actions, np.float32)
    return SearchResult(
        action=0,
        visits=none.astype(np.int32),
        q=none,
        prior=none,
        policy=none,
        value=value,
        score=0.0,
        simulations=10,
    )


def ai_plays(session: Session, name: str, value: float = 0.0) -> None:
    decision = Decision(point(session, name), thought=thought(session, value))
    assert session.ai_decides(session.ticket, decision)


def test_the_session_and_the_terminal_load_no_pygame() -> None:
    """The import contract reads the sources; this is the same with what they load."""
    import subprocess

    root = Path(__file__).resolve().parents[3]
    names = sorted(path.stem for path in (root / "arena" / "session").glob("[a-z]*.py"))
    assert len(names) > 15
    imports = ", ".join(f"arena.session.{name}" for name in names)
    code = f"import sys, {imports}, arena.terminal; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_turns_alternate_and_the_status_says_whose() -> None:
    session = start()
    assert not session.game.ai_to_move
    assert session.game.status == "Your move (Black)"
    assert session.play(point(session, "C3"))
    assert session.game.ai_to_move
    assert session.game.status == "Miai to move (White)"
    ai_plays(session, "D4")
    assert session.game.status == "Your move (Black)"


def test_a_person_with_white_waits_for_the_ai() -> None:
    session = start(WHITE)
    assert session.game.ai_to_move
    assert not session.play(point(session, "C3"))
    assert "turn" in session.message
    ai_plays(session, "C3")
    assert session.play(point(session, "D4"))


@pytest.mark.parametrize(
    ("moves", "move", "words"),
    [
        (["C3", "D4"], "C3", "occupied"),
        (["C3", "D4"], "D4", "occupied"),
        (["D5", "A2", "D4", "B1"], "A1", "suicide"),
    ],
)
def test_an_illegal_move_says_why_and_changes_nothing(
    moves: list[str], move: str, words: str
) -> None:
    session = start()
    for i, name in enumerate(moves):
        if i % 2 == 0:
            assert session.play(point(session, name))
        else:
            ai_plays(session, name)
    before = list(session.game.actions)
    assert not session.play(point(session, move))
    assert words in session.message
    assert session.game.actions == before


def test_a_ko_is_explained() -> None:
    """Black takes the ko at B2 by C2... White retakes; Black may not at once."""
    session = start()
    #   A B C D
    # 3 . X O .
    # 2 X O . O     Black plays C2 and takes B2; White may retake only later.
    # 1 . X O .
    for i, name in enumerate(["B3", "C3", "A2", "D2", "B1", "C1", "E5", "B2"]):
        if i % 2 == 0:
            assert session.play(point(session, name)), session.message
        else:
            ai_plays(session, name)
    assert session.play(point(session, "C2"))
    assert session.game.position["prisoners"][0].tolist() == [1, 0]
    assert not session.game.legal[point(session, "B2")]
    assert session.swap_sides()
    assert not session.play(point(session, "B2"))
    assert "ko" in session.message


def test_undo_takes_back_both_plies_and_redo_plays_them_again() -> None:
    session = start()
    session.play(point(session, "C3"))
    ai_plays(session, "D4")
    session.play(point(session, "B2"))
    ai_plays(session, "D2")
    actions = list(session.game.actions)
    assert session.undo()
    assert session.game.actions == actions[:2]
    assert not session.game.ai_to_move
    assert session.redo()
    assert session.game.actions == actions
    assert session.undo()
    assert session.undo()
    assert session.game.actions == []
    assert not session.undo()
    assert "Nothing" in session.message


def test_undo_while_the_ai_thinks_makes_its_answer_stale() -> None:
    session = start()
    session.play(point(session, "C3"))
    ticket = session.ticket
    assert session.undo()
    assert not session.ai_thinks(ticket, thought(session))
    assert not session.ai_decides(ticket, Decision(point(session, "D4")))
    assert session.game.actions == []


def test_a_new_move_begins_a_variation_and_the_old_one_stays() -> None:
    session = start()
    session.play(point(session, "C3"))
    ai_plays(session, "D4")
    session.undo()
    session.play(point(session, "B2"))
    assert session.game.node.next is None
    assert session.turn_to_sibling(1)
    assert session.game.actions == [point(session, "C3")]
    assert session.game.paused
    assert not session.game.ai_to_move, "looking around must not make the AI play"
    assert session.step(1)
    assert session.game.actions == [point(session, "C3"), point(session, "D4")]
    assert session.step(-5)
    assert session.game.actions == []


def test_the_ai_waits_where_somebody_looks_until_it_is_told_to_go_on() -> None:
    session = start()
    session.play(point(session, "C3"))
    ai_plays(session, "D4")
    assert session.step(-1)
    assert session.game.ai_turn
    assert not session.game.ai_to_move
    ticket = session.ticket
    assert not session.ai_decides(ticket, Decision(point(session, "B2")))
    assert session.go_on()
    assert session.game.ai_to_move
    ai_plays(session, "B2")
    assert session.game.actions == [point(session, "C3"), point(session, "B2")]
    assert len(session.game.node.parent.children) == 2


def test_with_white_the_ais_first_move_cannot_be_undone() -> None:
    session = start(WHITE)
    ai_plays(session, "C3")
    assert not session.undo()
    assert len(session.game.actions) == 1


def test_resigning_ends_the_game_and_can_be_taken_back() -> None:
    session = start()
    session.play(point(session, "C3"))
    ticket = session.ticket
    assert session.resign()
    assert session.game.over
    assert result(session.game) == "W+R"
    assert "You resigned" in session.game.status
    assert not session.ai_decides(ticket, Decision(point(session, "D4")))
    assert not session.play(point(session, "D4"))
    assert session.undo()
    assert not session.game.over
    assert session.game.ai_to_move


def test_two_passes_end_and_score_the_board() -> None:
    session = start()
    session.play(point(session, "C3"))
    assert session.ai_decides(session.ticket, Decision(session.game.spec.pass_action))
    assert "Miai passes: pass too" in session.message
    session.pass_turn()
    assert session.game.over
    assert result(session.game) == "B+24.5"
    assert session.game.status == "Count: Black 25, White 0.5"
    assert session.agree()
    assert session.game.status == "You win: Black by 24.5"
    assert session.game.owners.sum() == 25


def test_the_ai_never_moves_out_of_turn() -> None:
    session = start()
    assert not session.ai_decides(session.ticket, Decision(point(session, "C3")))
    assert session.game.actions == []
    assert session.ai_thinks(session.ticket, thought(session, 0.5))
    assert session.game.win_rate == pytest.approx(0.75)


def test_win_rates_are_blacks_and_undo_forgets_later_ones() -> None:
    session = start()
    session.play(point(session, "C3"))
    ai_plays(session, "D4", value=0.5)
    assert session.game.win_rate == pytest.approx(0.25)
    session.play(point(session, "B2"))
    ai_plays(session, "D2", value=-0.5)
    assert session.game.win_rate == pytest.approx(0.75)
    session.undo()
    assert session.game.win_rate == pytest.approx(0.25)


def test_a_finished_game_shows_its_result_as_the_chance() -> None:
    session = start()
    session.play(point(session, "C3"))
    ai_plays(session, "D4", value=0.5)
    session.resign()
    assert session.game.win_rate == 0.0, "the person, Black, gave up"


def test_the_ai_resigns_only_after_several_hopeless_turns() -> None:
    session = Session(Settings(GoSpec(19, 19, komi=0.5), (BLACK,)), seed=1)
    free = iter(range(session.game.spec.points))
    least = int(RESIGN_AFTER * session.game.spec.points)
    for turn in range(least):
        session.play(next(free))
        if session.game.over:
            break
        decision = Decision(next(free), thought=thought(session, -0.99))
        assert session.ai_decides(session.ticket, decision)
        if session.game.over:
            break
        assert turn < least - 1
    assert session.game.resigned == WHITE
    assert result(session.game) == "B+R"
    assert len(session.game.actions) >= least
    assert RESIGN_TURNS > 1


def test_a_new_game_can_be_taken_back() -> None:
    session = start()
    session.play(point(session, "C3"))
    ticket = session.ticket
    games.new_game(session, Settings(GoSpec(7, 7, komi=5.5), (WHITE,)))
    assert session.game.spec.height == 7
    assert session.game.ai_to_move
    assert not session.ai_decides(ticket, Decision(3))
    assert games.restore(session)
    assert session.game.spec.height == 5
    assert len(session.game.actions) == 1
    assert not games.restore(session)


def test_saving_writes_what_reading_gives_back(tmp_path: Path) -> None:
    session = start(WHITE)
    ai_plays(session, "C3")
    session.play(point(session, "B2"))
    path = save(session, tmp_path / "game.sgf")
    assert path is not None
    assert str(path) in session.message
    record = read_sgf(path.read_bytes(), "game.sgf")[0]
    assert record.actions == tuple(session.game.actions)
    assert (record.black, record.white) == ("Miai", "Player")
    assert save(session, tmp_path / "no" / "such" / "game.sgf") is None
    assert "Could not save" in session.message
