"""The settings of a run that learns from few games."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from miai.config import to_toml
from selfplay.run import Run, RunConfig
from selfplay.run.few import FEWEST, few_games
from tests.support.small import small_run


@pytest.mark.parametrize("games", [FEWEST, 30, 100, 3000])
def test_the_budget_is_in_games_and_the_settings_go_together(games: int) -> None:
    config = few_games(RunConfig(), games)
    config.check()
    assert config.schedule.counted
    assert config.schedule.budget == games
    assert 4 <= config.selfplay.slots <= RunConfig().selfplay.slots
    assert config.network == RunConfig().network
    assert config.search == RunConfig().search


def test_a_start_changes_the_learning_rate_alone() -> None:
    nothing, known = few_games(RunConfig(), 100), few_games(RunConfig(start="shipped"), 100)
    assert known.schedule.learning_rate < nothing.schedule.learning_rate
    rates = {
        name: getattr(nothing.schedule, name) for name in ("learning_rate", "final_learning_rate")
    }
    assert replace(known, start="", schedule=replace(known.schedule, **rates)) == nothing


def test_a_run_of_few_games_plays_them_in_generations_and_learns(tmp_path: Path) -> None:
    small = few_games(small_run(), 40)
    config = replace(
        small,
        selfplay=replace(small.selfplay, simulations=4, simulations_late=4, threads=1, slots=8),
    )
    reports: list[dict[str, object]] = []
    with Run(tmp_path / "run", config, to_toml(config)) as run:
        run.train(reports.append)
    learned = [report for report in reports if report["steps"]]
    assert len(learned) > 10, "the network plays with what it has learned, many times over"
    assert 40 <= int(str(reports[-1]["games"])) < 48
