"""Every kind of time control: what is left, and what a move may use of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.gtp.board import Board
from arena.gtp.clock import Clock, TimeControl
from arena.gtp.player import Player
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE
from tests.support.gtp_session import ask, session
from tests.support.scripted_agent import ScriptedAgent, first_sensible


def clock_of(control: TimeControl | None) -> Clock:
    clock = Clock()
    clock.control(control)
    return clock


def test_byo_yomi_periods_come_back_until_they_are_used_up() -> None:
    clock = clock_of(TimeControl(10.0, 5.0, stones=1, periods=3))
    assert clock.budget_s(BLACK, 10) == pytest.approx(0.9 * (1.0 + 5.0))
    clock.spend(BLACK, 12.0)  # main time is over, 2 seconds into the first period
    for _ in range(4):
        assert clock.budget_s(BLACK, 10) == pytest.approx(4.5)
        clock.spend(BLACK, 4.0)
    clock.spend(BLACK, 11.0)  # two periods gone, the last one is left
    assert clock.budget_s(BLACK, 10) == pytest.approx(4.5)
    clock.set_left(BLACK, 2.0, 1)
    assert clock.budget_s(BLACK, 10) == pytest.approx(1.8)
    assert clock.budget_s(WHITE, 10) == pytest.approx(5.4)


def test_fischer_gives_back_and_may_be_capped() -> None:
    clock = clock_of(TimeControl(60.0, increment_s=2.0))
    assert clock.budget_s(BLACK, 20) == pytest.approx(0.9 * 5.0)
    clock.spend(BLACK, 61.0)
    assert clock.budget_s(BLACK, 20) == pytest.approx(0.9 * 1.0)  # not the increment to come
    capped = clock_of(TimeControl(60.0, increment_s=9.0, most_main_s=62.0, most_move_s=4.0))
    capped.spend(BLACK, 1.0)
    assert capped.budget_s(BLACK, 1) == pytest.approx(0.9 * 4.0)
    for _ in range(3):
        capped.spend(BLACK, 0.0)
    capped.spend(BLACK, 70.0)
    assert capped.budget_s(BLACK, 1) == pytest.approx(0.9 * 1.0)


def test_canadian_overtime_never_runs_out() -> None:
    clock = clock_of(TimeControl(0.0, 20.0, stones=4))
    for left in (20.0, 15.0, 10.0, 5.0, 20.0):
        assert clock.budget_s(BLACK, 9) == pytest.approx(0.9 * left / (left / 5.0))
        clock.spend(BLACK, 5.0)


def test_all_kinds_are_read() -> None:
    server = session()
    for line in (
        "kata-time_settings none",
        "kata-time_settings absolute 60",
        "kgs-time_settings byoyomi 60.5 10 3",
        "kgs-time_settings canadian 60 30 10",
        "kata-time_settings fischer 30 2.5",
        "kata-time_settings fischer-capped 30 2 60 10",
        "time_settings 60 10 1",
        "time_left b 5.5 0",
    ):
        ask(server, line)
    kinds = ask(server, "kata-list_time_settings").split()
    assert kinds == ["none", "absolute", "byoyomi", "canadian", "fischer", "fischer-capped"]


def looped(control: TimeControl, left_s: float, stones: int, periods: int) -> tuple[int, int]:
    """Byo-yomi one period after another."""
    while left_s <= 0 and (stones == 0 or periods > 1):
        periods -= stones
        stones = 1
        left_s += control.period_s
    return stones, periods


@given(
    st.integers(0, 64),
    st.integers(1, 16),
    st.integers(1, 40),
    st.integers(0, 999),
    st.integers(0, 9),
)
def test_byo_yomi_is_what_a_loop_over_periods_gives(
    main: int, period: int, periods: int, spent: int, before: int
) -> None:
    control = TimeControl(main / 4, period / 4, 1, periods)
    clock = clock_of(control)
    clock.spend(BLACK, before / 4)
    side = clock._sides[BLACK]
    expected = looped(control, side.left_s - spent / 4, side.stones, side.periods)
    clock.spend(BLACK, spent / 4)
    assert (side.stones, side.periods) == expected


@pytest.mark.parametrize(
    "line",
    [
        "kata-time_settings byoyomi 0 0.000000001 2147483647",
        f"kata-time_settings byoyomi 0 0.{'0' * 300}1 2147483647",
        "kata-time_settings byoyomi 0 0.1 2147483647",
        "kgs-time_settings byoyomi 0 0 2147483647",
        "time_settings 0 1 2147483647",
    ],
)
def test_no_time_setting_keeps_a_move_waiting(line: str) -> None:
    server = session()
    ask(server, line)
    assert ask(server, "genmove b")


def test_an_agent_of_the_clock_has_a_limit_without_time_settings() -> None:
    spec = GoSpec(5, 5, 7.0)
    player = Player(ScriptedAgent("scripted", first_sensible), Board(spec), seed=0)
    player.settings = replace(player.settings, max_visits=None, max_time_s=None)
    limit = player._limit(player.turn(player.board.line), BLACK)
    assert limit.simulations is None and limit.time_limit_s == 5.0
