"""Time controls, and agreement about decided games."""

from __future__ import annotations

import numpy as np
import pytest

from agents.protocol import Decision, TimeLeft
from arena.play.adjudication import AgreedWinner, Resignation
from arena.play.clock import PlayerClock, TimeControl, read_time_control
from engine.errors import ConfigError
from engine.search.result import SearchResult


def test_spellings() -> None:
    assert read_time_control("5") == TimeControl(5.0, fixed=True)
    assert read_time_control("60+2") == TimeControl(60.0, increment_s=2.0)
    assert read_time_control("60+5x10") == TimeControl(60.0, period_s=10.0, periods=5)
    for bad in (
        "",
        "x",
        "5+",
        "-1",
        "0",
        "0+0",
        "1+2+3",
        "nan",
        "60+5x0",
        "60+0x5",
        "9" * 400,
        "60+99999999999x1",
    ):
        with pytest.raises(ConfigError, match="time control"):
            read_time_control(bad)


def test_a_fixed_time_is_for_each_move() -> None:
    clock = PlayerClock(read_time_control("2"))
    assert clock.spend(1.9) and clock.spend(1.9) and not clock.spend(2.1)
    assert 1.5 < clock.left.for_one_move(40) < 2.0


def test_an_increment_comes_after_the_move() -> None:
    clock = PlayerClock(read_time_control("10+2"))
    assert clock.spend(9.0) and clock.left == TimeLeft(3.0, increment_s=2.0)
    assert clock.left.for_one_move(40) < 3.0
    assert not clock.spend(3.5)


def test_any_time_is_counted_at_once() -> None:
    clock = PlayerClock(TimeControl(0.0, period_s=5e-324, periods=2**40))
    assert not clock.spend(1.0)


def test_a_period_is_lost_when_it_is_used_up() -> None:
    clock = PlayerClock(read_time_control("5+3x10"))
    assert clock.spend(14.0) and clock.left == TimeLeft(0.0, 0.0, 10.0, 3)
    assert clock.spend(9.9) and clock.left.periods == 3
    assert clock.spend(10.1) and clock.left.periods == 2
    assert not clock.spend(20.5)
    assert TimeLeft(0.0, 0.0, 10.0, 3).for_one_move(9) == pytest.approx(9.0)


def test_players_share_a_whole_game_out_without_losing_on_time() -> None:
    for text in ("30+0", "10+1", "3", "5+2x4"):
        clock = PlayerClock(read_time_control(text))
        for move in range(60):
            assert clock.spend(clock.left.for_one_move(60 - move)), text


def decision(value: float | None) -> Decision:
    if value is None:
        return Decision(0)
    none = np.zeros(2, np.float32)
    return Decision(
        0, thought=SearchResult(0, none.astype(np.int32), none, none, none, value, 0.0, 1)
    )


def test_both_must_see_the_same_winner_for_some_moves() -> None:
    rule = Resignation(0.9, moves=2, audited=0.0)

    def winner(*values: float | None) -> int:
        agreement = AgreedWinner(rule)
        return [agreement.note(i % 2, decision(value)) for i, value in enumerate(values)][-1]

    assert winner(0.95, -0.95, 0.95, -0.95) == 1
    assert winner(-0.95, 0.95, -0.95, 0.95) == -1
    assert winner(0.95, -0.95, 0.95) == 0
    assert winner(0.95, -0.95, 0.5, -0.95, 0.95, -0.95) == 0
    assert winner(0.95, 0.95, 0.95, 0.95) == 0, "both see themselves winning"
    assert winner(0.95, None, 0.95, None, 0.95, None) == 0, "a program says nothing"
    assert winner(0.95, -0.95, -0.95, -0.95) == 0


def test_a_share_of_the_games_is_played_on() -> None:
    audited = [Resignation(audited=0.1).is_audited(1, game) for game in range(3000)]
    assert 0.08 < np.mean(audited) < 0.12
    assert not any(Resignation(audited=0.0).is_audited(1, game) for game in range(100))
    assert all(Resignation(audited=1.0).is_audited(1, game) for game in range(100))
    for bad in ({"value": 0.0}, {"moves": 0}, {"audited": 1.5}):
        with pytest.raises(ConfigError, match="agreed resignation"):
            Resignation(**bad)  # type: ignore[arg-type]
