"""The clock, without waiting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.session import games
from arena.session.clock import ClockRule, GameClock
from arena.session.game import Settings
from arena.session.session import Session
from arena.session.wording import result
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE


def test_main_time_then_periods() -> None:
    clock = GameClock(ClockRule(10, 2, 5))
    clock.run(BLACK, 0.0)
    clock.tick(8.0)
    assert clock.words(BLACK) == "0:02"
    clock.tick(13.0)  # 3 s into the first period
    assert clock.words(BLACK) == "0:02 (2)"
    clock.run(WHITE, 14.0)  # moved in time: the period is whole again
    assert clock.words(BLACK) == "0:05 (2)"
    clock.run(BLACK, 20.0)
    assert clock.words(WHITE) == "0:04"
    clock.tick(27.0)  # one period lost
    assert clock.words(BLACK) == "0:03 (1)"
    assert clock.flagged() is None
    clock.tick(30.0)
    assert clock.flagged() == BLACK


def test_nothing_runs_while_nobody_is_to_move() -> None:
    clock = GameClock(ClockRule(10))
    clock.run(None, 0.0)
    clock.tick(100.0)
    clock.run(BLACK, 100.0)
    clock.tick(101.0)
    assert clock.words(BLACK) == "0:09"


def test_running_out_of_time_loses_and_can_be_taken_back() -> None:
    spec = GoSpec(5, 5)
    session = Session(Settings(spec, (BLACK, WHITE), clock=ClockRule(5)), seed=1)
    assert not session.run_clock(0.0)
    assert not session.run_clock(4.0)
    session.play(12)
    assert not session.run_clock(4.5)
    assert session.run_clock(20.0)
    assert session.game.over
    assert result(session.game) == "B+T"
    assert "ran out of time" in session.game.status
    assert session.undo()
    assert not session.game.over


def test_an_ai_is_given_less_than_it_has() -> None:
    clock = GameClock(ClockRule(100, 3, 10))
    assert clock.allowance_s(BLACK) < 10
    clock.run(BLACK, 0.0)
    clock.tick(105.0)
    assert clock.allowance_s(BLACK) < 5


def clocked(rule: ClockRule) -> Session:
    session = Session(Settings(GoSpec(5, 5), (BLACK, WHITE), clock=rule), seed=1)
    session.run_clock(0.0)
    return session


def test_looking_at_earlier_moves_after_a_loss_on_time_ends_nothing() -> None:
    session = clocked(ClockRule(5))
    session.play(12)
    session.run_clock(1.0)
    assert session.run_clock(20.0)
    session.step(-1)
    assert not session.run_clock(21.0)
    assert not session.game.over
    session.step(1)
    assert session.game.over


def test_a_clock_stands_still_while_its_game_is_set_aside() -> None:
    session = clocked(ClockRule(5))
    session.play(12)
    session.run_clock(1.0)
    games.new_game(session, Settings(GoSpec(5, 5), (BLACK, WHITE)))
    session.run_clock(1000.0)
    games.restore(session)
    assert not session.run_clock(2000.0)
    assert not session.game.over
    assert session.game.clock is not None
    assert session.game.clock.words(BLACK) == "0:04"


def test_looking_back_and_forth_does_not_refill_a_period() -> None:
    session = clocked(ClockRule(0, 2, 10))
    session.play(12)
    session.run_clock(1.0)
    session.run_clock(7.0)
    session.step(-1)
    session.run_clock(8.0)
    session.step(1)
    session.run_clock(8.0)
    assert session.game.clock is not None
    assert session.game.clock.words(WHITE) == "0:03 (2)"
    session.play(7)
    session.run_clock(9.0)
    assert session.game.clock.words(WHITE) == "0:10 (2)", "it has moved"


def test_taking_a_resignation_back_gives_no_time() -> None:
    session = clocked(ClockRule(60))
    session.run_clock(20.0)
    session.resign()
    session.undo()
    assert session.game.clock is not None
    assert session.game.clock.words(BLACK) == "0:40"


@given(
    st.integers(0, 8),
    st.integers(1, 40),
    st.integers(0, 16),
    st.integers(0, 40),
    st.integers(0, 999),
)
def test_periods_are_what_a_loop_over_them_gives(
    main: int, periods: int, period: int, first: int, spent: int
) -> None:
    clock = GameClock(ClockRule(main / 4, periods, period / 4))
    clock.run(BLACK, 0.0)
    clock.tick(first / 4)
    left, has = clock.period_left_s[BLACK], clock.periods[BLACK]
    rest = spent / 4 - min(spent / 4, clock.main_s[BLACK])
    while rest > 0 and has > 0:
        taken = min(rest, left)
        left, rest = left - taken, rest - taken
        if left <= 0:
            has, left = has - 1, period / 4
    clock.tick(first / 4 + spent / 4)
    assert (clock.periods[BLACK], clock.period_left_s[BLACK]) == (has, left)


def test_any_number_of_short_periods_is_gone_at_once() -> None:
    clock = GameClock(ClockRule(0, 2**31, 5e-324))
    clock.run(BLACK, 0.0)
    clock.tick(1.0)
    assert clock.flagged() == BLACK
