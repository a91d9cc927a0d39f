"""The factor in games, against a computation of its own and on made-up results."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arena.stats.elo import expected_score
from miai.transfer.cells import Cell, CellResult
from miai.transfer.curves import Interval, ahead, curves, fit, games_for, worth
from miai.transfer.meetings import Meeting
from miai.transfer.summary import Bar
from miai.transfer.table import factor_text, worth_text

STRENGTH = {
    ("none", 0): 0.0,
    ("none", 100): 100.0,
    ("none", 1000): 300.0,
    ("none", 3000): 400.0,
    ("many", 0): 150.0,
    ("many", 100): 300.0,
    ("many", 1000): 700.0,
}


def made(games_a_pair: int) -> tuple[dict[str, CellResult], list[Meeting]]:
    """Results whose scores are exactly those that the strengths lead one to expect."""
    cells = [Cell("hex", start, "full", games, 1) for start, games in STRENGTH]
    results = {
        cell.name: CellResult(cell, cell.games, 0, 1.0, 0.0, None, None, "", "", "", "", "")
        for cell in cells
    }
    half = games_a_pair / 2
    meetings = []
    for i, a in enumerate(cells):
        for b in cells[i + 1 :]:
            gap = STRENGTH[a.start, a.games] - STRENGTH[b.start, b.games]
            points = half * expected_score(gap)
            meetings.append(Meeting(a.name, b.name, ("", ""), 8, games_a_pair, points, points))
    return results, meetings


def test_elo_is_recovered_and_the_factor_read_off() -> None:
    results, meetings = made(4000)
    strengths = fit(results, meetings, 1)
    for (start, games), elo in STRENGTH.items():
        cell = Cell("hex", start, "full", games, 1)
        assert strengths.rating(cell.name).elo == pytest.approx(elo, abs=3.0)
    found = worth(results, strengths, ("many", "full"), 100)
    assert found is not None
    assert found.lower < 1000 < found.upper
    assert found.middle == pytest.approx(1000, rel=0.15)
    zero = worth(results, strengths, ("many", "full"), 0)
    by_hand = np.exp(np.interp(150.0, [100.0, 300.0], np.log([101.0, 1001.0]))) - 1.0
    assert zero is not None
    assert zero.middle == pytest.approx(by_hand, rel=0.1)
    above = worth(results, strengths, ("many", "full"), 1000)
    assert above is not None
    assert math.isinf(above.lower), "all samples are above the curve from nothing"
    assert worth(results, strengths, ("many", "full"), 30) is None


def test_few_games_give_wide_intervals() -> None:
    wide, narrow = (
        ahead(fit(results, meetings, 1), ["many-100-seed1"], ["none-100-seed1"])
        for results, meetings in (made(20), made(2000))
    )
    assert wide.upper - wide.lower > 5 * (narrow.upper - narrow.lower)
    assert narrow.lower < 200.0 < narrow.upper


def test_curves_are_by_start_and_budget() -> None:
    results, meetings = made(40)
    found = curves(results, fit(results, meetings, 1))
    assert [point.games for point in found["none", "full"]] == [0, 100, 1000, 3000]
    assert [point.games for point in found["many", "full"]] == [0, 100, 1000]


@pytest.mark.parametrize(
    ("elo", "games"), [(-5.0, 0.0), (50.0, 9.0), (100.0, 99.0), (101.0, math.inf)]
)
def test_games_are_read_off_a_curve_in_logarithms(elo: float, games: float) -> None:
    assert games_for([(0, 0.0), (99, 100.0)], elo) == pytest.approx(games)


@pytest.mark.parametrize(
    ("ends", "worth", "factor"),
    [
        ((620.0, 500.0, 700.0), "620 (500 to 700)", "6.2 (5.0 to 7.0)"),
        (
            (900.0, 600.0, math.inf),
            "900 (600 to more than 1,000)",
            "9.0 (6.0 to above 10.0)",
        ),
        ((math.inf, math.inf, math.inf), "more than 1,000", "above 10.0"),
    ],
)
def test_beyond_the_curve_only_a_bound_is_said(
    ends: tuple[float, float, float], worth: str, factor: str
) -> None:
    assert worth_text(Interval(*ends), 1000) == worth
    assert factor_text(Interval(*ends), 100, 1000) == factor
    assert factor_text(Interval(*ends), 0, 1000) == ""


def test_a_claim_is_counted_where_it_was_measured() -> None:
    verdicts = {"a": "reached (+9)", "b": "missed (-9)", "c": "open (+1)", "d": "not measured"}
    assert Bar("claim", verdicts).count == "1 of 3"
    assert Bar("claim", {"d": "not measured"}).count == "not measured"


def test_seeds_of_a_budget_give_their_mean_and_spread() -> None:
    strength = {("none", 0, 1): 0.0, ("many", 100, 1): 100.0, ("many", 100, 2): 300.0}
    cells = [Cell("hex", start, "full", games, seed) for start, games, seed in strength]
    results = {
        cell.name: CellResult(cell, cell.games, 0, 1.0, 0.0, None, None, "", "", "", "", "")
        for cell in cells
    }
    points = 2000 * expected_score(-100.0), 2000 * expected_score(-300.0)
    meetings = [
        Meeting(cells[0].name, cell.name, ("", ""), 8, 4000, won, won)
        for cell, won in zip(cells[1:], points, strict=True)
    ]
    found = curves(results, fit(results, meetings, 1))
    (budget,) = found["many", "full"]
    assert (budget.seeds, found["none", "full"][0].spread) == (2, 0.0)
    assert budget.elo.middle == pytest.approx(200.0, abs=5.0)
    assert budget.spread == pytest.approx(np.sqrt(2) * 100.0, abs=5.0)
