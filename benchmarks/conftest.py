"""Contenders as benchmarks, and a closing table of rates with the ratio to the group's first.

Absolute rates drift with the machine; ratios within one run are what a change is judged by.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from miai.measure.rates import Contender

_ROUNDS = 10
_rates: list[tuple[str, str, float, str]] = []

Contend = Callable[[Contender], None]


@pytest.fixture
def contend(benchmark: BenchmarkFixture) -> Contend:
    """Time a contender's steps and note its rate for the closing table."""

    def time_steps(contender: Contender) -> None:
        units = benchmark.pedantic(contender.step, rounds=_ROUNDS, warmup_rounds=1)
        assert units > 0
        if benchmark.enabled:
            rate = units / benchmark.stats["median"]
            benchmark.extra_info.update(rate=rate, unit=contender.unit, peer=contender.peer)
            _rates.append(
                (contender.group or benchmark.group, contender.name, rate, contender.unit)
            )

    return time_steps


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the rates, and how far the first of each group is ahead of the others."""
    first: dict[str, float] = {}
    for group, name, rate, unit in _rates:
        leader = first.setdefault(f"{group}/{unit}", rate)
        terminalreporter.write_line(
            f"{group:<9} {name:<45} {rate:>12,.0f} {unit:<14} {leader / rate:6.2f}"
        )
