"""Settings of a run that learns a game from few games of its own.

A usual run makes many games and looks at each row twice or so. Here games are what is scarce: each
is searched well, each row is learned often, and games in flight are few, so that the network plays
several generations within the budget.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from selfplay.run.config import RunConfig

FEWEST: Final = 8
"""Games below which a budget teaches nothing."""
_GENERATIONS: Final = 5
"""Games that each slot plays one after the other, about."""
_PLIES: Final = 4
_PASSES: Final = 8.0
_SIMULATIONS: Final = 64
_RATES: Final = {"full": 0.5, "lora": 2.5, "heads": 1.0}
"""Share of the usual learning rate where the run begins with a network, by what is trained."""


def few_games(config: RunConfig, games: int) -> RunConfig:
    """Return ``config`` with a budget of ``games`` and the settings that suit it.

    The rules, the search and the network stay. Equal budgets give equal settings, whether the run
    begins with a network or from nothing, but for the learning rate.
    """
    play, schedule = config.selfplay, config.schedule
    slots = min(max(games // (_GENERATIONS * play.threads), 4), play.slots)
    share = _RATES[config.learner.parameters] if config.start else 1.0
    rate = schedule.learning_rate * share
    return replace(
        config,
        selfplay=replace(
            play,
            slots=slots,
            simulations=_SIMULATIONS,
            simulations_late=_SIMULATIONS,
            first_games=0,
        ),
        schedule=replace(
            schedule,
            cycles=0,
            rows=0,
            games=games,
            plies_per_cycle=_PLIES,
            passes=_PASSES,
            rows_before_training=config.learner.batch,
            learning_rate=rate,
            final_learning_rate=rate / 10.0,
        ),
    )
