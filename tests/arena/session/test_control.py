"""Who is asked what: programs that die, two AIs, looking without playing, reviews, lessons."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.protocol import Limit, Turn
from arena.session import games, opponents
from arena.session.clock import ClockRule
from arena.session.control import Control
from arena.session.game import Settings
from arena.session.opponents import Opponent
from arena.session.review import progress, unjudged
from arena.session.session import Session
from arena.session.thinker import Decided, Question, Thinker
from arena.session.view import Overlays
from engine.errors import NetworkFileError
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE, GameSpec
from tests.support.go_game import go5, load_playouts

MOCK = Path(__file__).resolve().parents[2] / "support" / "mock_engine.py"


def load(opponent: Opponent, spec: GameSpec):  # type: ignore[no-untyped-def]
    """Programs as they are, everything else quick."""
    if opponent.kind == "program":
        return opponents.load(opponent, spec)
    return load_playouts(opponent, spec)


def program(*words: str) -> Opponent:
    """A program that the person typed."""
    command = f"{sys.executable} {MOCK} {' '.join(words)}"
    opponents.allow_program(command)
    return Opponent("program", command)


def wait(control: Control, what: Callable[[], bool], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, (control.failure, control.session.message)
        control.update()
        time.sleep(0.005)


@pytest.fixture
def make():  # type: ignore[no-untyped-def]
    made: list[Control] = []

    def control(settings: Settings) -> Control:
        made.append(Control(Session(settings, seed=1), load))
        return made[-1]

    yield control
    for one in made:
        one.close()


def test_a_program_plays(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK,), program()))
    control.session.play(12)
    wait(control, lambda: len(control.game.actions) == 2)
    control.session.play(7)
    wait(control, lambda: len(control.game.actions) == 4)
    assert control.game.name_of(WHITE) == Path(sys.executable).stem


@pytest.mark.parametrize("fault", ["chatty-crash", "garbage", "illegal", "crash-at-start"])
def test_a_program_that_dies_leaves_its_last_words_and_can_be_restarted(make, fault: str) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK,), program("--fault", fault)))
    session = control.session
    session.play(12)
    wait(control, lambda: bool(session.game.trouble or control.failure))
    if fault == "chatty-crash":
        assert "out of memory" in session.game.trouble or "stderr" in session.game.trouble, (
            session.game.trouble
        )
    assert not session.game.over
    assert session.game.actions == [12]
    assert not session.game.ai_to_move, "it waits rather than being asked for ever"
    session.game.settings = Settings(GoSpec(5, 5), (BLACK,), program())
    control.restart()
    wait(control, lambda: len(session.game.actions) == 2)
    assert not session.game.trouble


def test_undoing_while_a_program_hangs_is_immediate(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK,), program("--fault", "hang")))
    control.session.play(12)
    for _ in range(20):
        control.update()
        time.sleep(0.01)
    assert control.session.undo()
    assert control.game.actions == []
    started = time.monotonic()
    control.close()
    assert time.monotonic() - started < 10


def test_a_program_is_not_asked_about_a_board_it_cannot_have(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(9, 9), (BLACK, WHITE), program()))
    games.new_game(
        control.session, Settings(GoSpec(9, 9, komi=0.5), (BLACK,), program(), handicap=3)
    )
    wait(control, lambda: bool(control.game.trouble))
    assert "empty board" in control.game.trouble


def test_two_ais_play_each_other_to_the_end(make) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(
        GoSpec(5, 5), (), Opponent("simulations", simulations=8), program("--moves", "3")
    )
    control = make(settings)
    wait(control, lambda: control.game.over or control.game.node.ply > 12)
    assert control.game.node.ply >= 6


def test_looking_never_plays(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK, WHITE)))
    control.view.overlays = Overlays(candidates=True)
    wait(control, lambda: control.game.thought is not None)
    assert control.game.actions == []
    control.session.play(12)
    wait(control, lambda: control.game.thought is not None)
    assert control.game.actions == [12]


def test_a_hint_comes_without_a_move(make) -> None:  # type: ignore[no-untyped-def]
    control = make(go5((BLACK,), 8))
    control.hint()
    wait(control, lambda: "looks best" in control.session.message)
    assert control.game.actions == []


def test_a_review_goes_through_the_whole_game_and_back_to_rest(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK, WHITE)))
    for point in (12, 7, 6, 8):
        control.session.play(point)
    control.view.pane = "review"
    line = control.game.node.line()
    # news of a search comes before its end
    wait(control, lambda: all(n.thought is not None and n.thought.simulations >= 90 for n in line))
    assert [n.thought.simulations >= 90 for n in line] == [True] * 5


def test_a_lesson_stops_the_game_before_the_ai_answers(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK,), Opponent("simulations", simulations=8)))
    control.teach(-1.0)  # every move is costly enough
    control.session.play(0)
    wait(control, lambda: "costs" in control.session.message)
    assert control.game.actions == [0]
    control.session.go_on()
    wait(control, lambda: len(control.game.actions) == 2)


def test_the_ai_moves_in_its_time(make) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(
        GoSpec(5, 5), (BLACK,), Opponent("simulations", simulations=10**6), clock=ClockRule(20)
    )
    control = make(settings)
    control.session.play(12)
    wait(control, lambda: len(control.game.actions) == 2, 60)
    assert not control.game.over


def test_a_network_for_another_game_gets_a_sentence(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    control = make(go5((BLACK,), 8))
    control._load = opponents.load
    control.close()
    control = Control(Session(go5((BLACK,), 8), seed=1), opponents.load)
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no network")
    control.use_network(str(bad))
    control.session.play(12)
    wait(control, lambda: bool(control.failure))
    assert "bad.safetensors" in control.failure
    assert control.session.undo()
    control.close()


def test_a_review_goes_on_beside_analysis_and_teaching(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK, WHITE)))
    for point in (12, 7, 6, 8):
        control.session.play(point)
    control.view.overlays = Overlays(candidates=True)
    control.teach(0.1)
    wait(control, lambda: control.game.thought is not None)
    assert progress(control.game)[0] < 5
    control.view.pane = "review"
    wait(control, lambda: progress(control.game) == (5, 5))
    wait(control, lambda: control.game.thought.simulations > 1000)
    assert unjudged(control.game) is None


def test_a_review_that_was_interrupted_goes_on(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK, WHITE)))
    for point in (12, 7):
        control.session.play(point)
    control.view.pane = "review"
    control._ask()  # the first position is asked about ...
    control.hint()
    control._ask()  # ... and given up for the hint
    wait(control, lambda: "looks best" in control.session.message)
    line = control.game.node.line()
    wait(control, lambda: all(node.thought is not None for node in line), 60)


def test_teaching_without_a_network_is_told_and_holds_nobody_up(make) -> None:  # type: ignore[no-untyped-def]
    control = make(Settings(GoSpec(5, 5), (BLACK,), program()))
    said: list[str] = []

    def fail(opponent: Opponent, spec: GameSpec):  # type: ignore[no-untyped-def]
        if opponent.kind == "program":
            return opponents.load(opponent, spec)
        raise NetworkFileError("expected a network, got nothing")

    control.close()
    control = Control(control.session, fail)
    control.teach(0.1)
    control.session.play(12)

    def moved() -> bool:
        said.append(control.session.message)
        return len(control.game.actions) == 2

    wait(control, moved)
    assert any("No teaching: expected a network" in words for words in said)
    control.close()


def test_escape_in_ones_own_turn_leaves_later_looks_alone(make) -> None:  # type: ignore[no-untyped-def]
    control = make(go5((BLACK,), 8))
    session = control.session
    wait(control, lambda: control.ready)
    control.hurry()
    control.hint()
    wait(control, lambda: "looks best" in session.message, 60)


def test_a_question_is_hurried_and_not_its_ticket() -> None:
    thinker = Thinker(load_playouts)
    spec = GoSpec(5, 5)
    turn = Turn(0, spec, spec.allocate(1), (), 1)
    thinker.hurry(7)
    thinker.ask(Question(7, turn, Limit(simulations=300), Opponent("simulations", simulations=300)))
    decided: list[Decided] = []
    end = time.monotonic() + 300
    while not decided and time.monotonic() < end:
        decided += [event for event in thinker.events() if isinstance(event, Decided)]
        time.sleep(0.005)
    thinker.close()
    thought = decided[0].decision.thought
    assert thought is not None
    assert thought.simulations >= 300
