"""The game behind the window: turns, undo, refusals, results; no pygame."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from agents.protocol import Decision
from arena.session import games
from arena.session.files import save
from arena.session.model import RESIGN_AFTER, RESIGN_TURNS, GameModel, Settings
from arena.session.wording import result
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE
from engine.notation import text_to_action
from engine.records import read_sgf
from engine.search import SearchResult
from tests.support.go_game import go5


def start(colour: int = BLACK) -> GameModel:
    return GameModel(go5((colour,), 10), seed=1)


def point(model: GameModel, name: str) -> int:
    return text_to_action(model.spec, name)


def thought(model: GameModel, value: float = 0.0) -> SearchResult:
    none = np.zeros(model.spec.actions, np.float32)
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


def ai_plays(model: GameModel, name: str, value: float = 0.0) -> None:
    decision = Decision(point(model, name), thought=thought(model, value))
    assert model.ai_decides(model.ticket, decision)


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
    model = start()
    assert not model.ai_to_move
    assert model.status == "Your move (Black)"
    assert model.play(point(model, "C3"))
    assert model.ai_to_move
    assert model.status == "Miai to move (White)"
    ai_plays(model, "D4")
    assert model.status == "Your move (Black)"


def test_a_person_with_white_waits_for_the_ai() -> None:
    model = start(WHITE)
    assert model.ai_to_move
    assert not model.play(point(model, "C3"))
    assert "turn" in model.message
    ai_plays(model, "C3")
    assert model.play(point(model, "D4"))


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
    model = start()
    for i, name in enumerate(moves):
        if i % 2 == 0:
            assert model.play(point(model, name))
        else:
            ai_plays(model, name)
    before = list(model.actions)
    assert not model.play(point(model, move))
    assert words in model.message
    assert model.actions == before


def test_a_ko_is_explained() -> None:
    """Black takes the ko at B2 by C2... White retakes; Black may not at once."""
    model = start()
    #   A B C D
    # 3 . X O .
    # 2 X O . O     Black plays C2 and takes B2; White may retake only later.
    # 1 . X O .
    for i, name in enumerate(["B3", "C3", "A2", "D2", "B1", "C1", "E5", "B2"]):
        if i % 2 == 0:
            assert model.play(point(model, name)), model.message
        else:
            ai_plays(model, name)
    assert model.play(point(model, "C2"))
    assert model.position["prisoners"][0].tolist() == [1, 0]
    assert not model.legal[point(model, "B2")]
    assert model.swap_sides()
    assert not model.play(point(model, "B2"))
    assert "ko" in model.message


def test_undo_takes_back_both_plies_and_redo_plays_them_again() -> None:
    model = start()
    model.play(point(model, "C3"))
    ai_plays(model, "D4")
    model.play(point(model, "B2"))
    ai_plays(model, "D2")
    actions = list(model.actions)
    assert model.undo()
    assert model.actions == actions[:2]
    assert not model.ai_to_move
    assert model.redo()
    assert model.actions == actions
    assert model.undo()
    assert model.undo()
    assert model.actions == []
    assert not model.undo()
    assert "Nothing" in model.message


def test_undo_while_the_ai_thinks_makes_its_answer_stale() -> None:
    model = start()
    model.play(point(model, "C3"))
    ticket = model.ticket
    assert model.undo()
    assert not model.ai_thinks(ticket, thought(model))
    assert not model.ai_decides(ticket, Decision(point(model, "D4")))
    assert model.actions == []


def test_a_new_move_begins_a_variation_and_the_old_one_stays() -> None:
    model = start()
    model.play(point(model, "C3"))
    ai_plays(model, "D4")
    model.undo()
    model.play(point(model, "B2"))
    assert not model.can_redo
    assert model.turn_to_sibling(1)
    assert model.actions == [point(model, "C3")]
    assert model.paused
    assert not model.ai_to_move, "looking around must not make the AI play"
    assert model.step(1)
    assert model.actions == [point(model, "C3"), point(model, "D4")]
    assert model.step(-5)
    assert model.actions == []


def test_the_ai_waits_where_somebody_looks_until_it_is_told_to_go_on() -> None:
    model = start()
    model.play(point(model, "C3"))
    ai_plays(model, "D4")
    assert model.step(-1)
    assert model.ai_turn
    assert not model.ai_to_move
    ticket = model.ticket
    assert not model.ai_decides(ticket, Decision(point(model, "B2")))
    assert model.go_on()
    assert model.ai_to_move
    ai_plays(model, "B2")
    assert model.actions == [point(model, "C3"), point(model, "B2")]
    assert len(model.node.parent.children) == 2


def test_with_white_the_ais_first_move_cannot_be_undone() -> None:
    model = start(WHITE)
    ai_plays(model, "C3")
    assert not model.undo()
    assert len(model.actions) == 1


def test_resigning_ends_the_game_and_can_be_taken_back() -> None:
    model = start()
    model.play(point(model, "C3"))
    ticket = model.ticket
    assert model.resign()
    assert model.over
    assert result(model) == "W+R"
    assert "You resigned" in model.status
    assert not model.ai_decides(ticket, Decision(point(model, "D4")))
    assert not model.play(point(model, "D4"))
    assert model.undo()
    assert not model.over
    assert model.ai_to_move


def test_two_passes_end_and_score_the_board() -> None:
    model = start()
    model.play(point(model, "C3"))
    assert model.ai_decides(model.ticket, Decision(model.spec.pass_action))
    assert "Miai passes: pass too" in model.message
    model.pass_turn()
    assert model.over
    assert result(model) == "B+24.5"
    assert model.status == "You win: Black by 24.5"
    assert model.owners.sum() == 25


def test_the_ai_never_moves_out_of_turn() -> None:
    model = start()
    assert not model.ai_decides(model.ticket, Decision(point(model, "C3")))
    assert model.actions == []
    assert model.ai_thinks(model.ticket, thought(model, 0.5))
    assert model.win_rate == pytest.approx(0.75)


def test_win_rates_are_blacks_and_undo_forgets_later_ones() -> None:
    model = start()
    model.play(point(model, "C3"))
    ai_plays(model, "D4", value=0.5)
    assert model.win_rate == pytest.approx(0.25)
    model.play(point(model, "B2"))
    ai_plays(model, "D2", value=-0.5)
    assert model.win_rate == pytest.approx(0.75)
    model.undo()
    assert model.win_rate == pytest.approx(0.25)


def test_the_ai_resigns_only_after_several_hopeless_turns() -> None:
    model = GameModel(Settings(GoSpec(19, 19, komi=0.5), (BLACK,)), seed=1)
    free = iter(range(model.spec.points))
    least = int(RESIGN_AFTER * model.spec.points)
    for turn in range(least):
        model.play(next(free))
        if model.over:
            break
        decision = Decision(next(free), thought=thought(model, -0.99))
        assert model.ai_decides(model.ticket, decision)
        if model.over:
            break
        assert turn < least - 1
    assert model.resigned == WHITE
    assert result(model) == "B+R"
    assert len(model.actions) >= least
    assert RESIGN_TURNS > 1


def test_a_new_game_can_be_taken_back() -> None:
    model = start()
    model.play(point(model, "C3"))
    ticket = model.ticket
    games.new_game(model, Settings(GoSpec(7, 7, komi=5.5), (WHITE,)))
    assert model.spec.height == 7
    assert model.ai_to_move
    assert not model.ai_decides(ticket, Decision(3))
    assert games.restore(model)
    assert model.spec.height == 5
    assert len(model.actions) == 1
    assert not games.restore(model)


def test_saving_writes_what_reading_gives_back(tmp_path: Path) -> None:
    model = start(WHITE)
    ai_plays(model, "C3")
    model.play(point(model, "B2"))
    path = save(model, tmp_path / "game.sgf")
    assert path is not None
    assert str(path) in model.message
    record = read_sgf(path.read_bytes(), "game.sgf")[0]
    assert record.actions == tuple(model.actions)
    assert (record.black, record.white) == ("Miai", "Player")
    assert save(model, tmp_path / "no" / "such" / "game.sgf") is None
    assert "Could not save" in model.message
