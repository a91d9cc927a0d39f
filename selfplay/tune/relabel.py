"""Soft targets that mix a search of the expert's positions with the expert's moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import Positions
from engine.records import GameRecord
from engine.search import Evaluator, Search, SearchConfig
from selfplay.data.shards import Rows
from selfplay.tune.expert import replayed, rules_of_training

_SLOTS: Final = 256


def relabel(
    records: Sequence[GameRecord],
    rows: Rows,
    evaluator: Evaluator,
    simulations: int,
    *,
    share: float = 0.5,
    seed: int = 1,
    on_rows: Callable[[int], None] = lambda count: None,
) -> Rows:
    """Return rows whose policy is in part the search's, as is the root value of known results.

    Where the result is unknown the root value stays zero, which says so.

    Args:
        records: that ``rows`` were made of, in the order of their game numbers.
        rows: as of :func:`selfplay.expert.all_rows`.
        evaluator: of the search.
        simulations: simulations for each position.
        share: weight of the search's improved policy in the target; the rest is the expert's move.
        seed: seed of the search; there is no noise at the root.
        on_rows: called with the number of finished positions.
    """
    policy, root_value = rows.policy.copy(), rows.root_value.copy()
    # One search for all: komi and rules are written in the positions.
    search = Search(records[0].spec, evaluator, _SLOTS, SearchConfig(), simulations + 2)
    done = 0
    for game in np.unique(rows.game).tolist():
        spec = rules_of_training(records[game].spec)
        at = np.flatnonzero(rows.game == game)
        positions, _ = replayed(spec, records[game])
        for start in range(0, len(at), _SLOTS):
            some = at[start : start + _SLOTS]
            found, q = _search(search, positions[rows.ply[some]], simulations, seed, game)
            policy[some] = (1.0 - share) * policy[some] + share * found
            value = np.stack([(1 + q) / 2, np.zeros_like(q), (1 - q) / 2], axis=1)
            root_value[some] = value * (rows.root_value[some].sum(axis=1, keepdims=True) > 0)
            done += len(some)
            on_rows(done)
    return rows.changed(policy=policy, root_value=root_value)


def _search(
    search: Search, positions: Positions, simulations: int, seed: int, game: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Improved policies ``(n, actions)`` and values ``(n,)`` for the side to move."""
    count = len(positions)
    slots = np.arange(count, dtype=np.int32)
    seeds, games = np.full(count, seed, np.uint64), np.full(count, game, np.uint64)
    search.begin(slots, positions, seeds, games)
    search.run(slots, simulations)
    roots = search.read(slots)
    return roots.policy, roots.value
