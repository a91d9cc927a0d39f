"""Self-play rows to mix into fine-tuning, read from a run's folder or played for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from agents.evaluators.auto import model_evaluator
from agents.network.model import PolicyValueNet
from engine.errors import RunError
from engine.games.spec import GameSpec
from engine.search import SearchConfig
from selfplay.data.shards import Rows, read_shard
from selfplay.play.worker import Group, SelfPlayConfig
from selfplay.run.folder import RunFolder

HELD_OUT_SHARE: Final = 0.1
_SLOTS: Final = 64
_NO_PASS_BEFORE: Final = 0.37  # of the board's points, as in training


def run_rows(run: Path, spec: GameSpec, most: int) -> Rows:
    """Return about ``most`` of the newest rows of a run.

    Raises:
        RunError: if the run has none, or they are of another game or board.
    """
    parts: list[Rows] = []
    others: set[str] = set()
    for path in reversed(RunFolder(run).shards()):
        part = read_shard(path)
        layout = part.layout
        if (layout.game, layout.height, layout.width) != (spec.name, spec.height, spec.width):
            others.add(f"{layout.game} {layout.height}x{layout.width}")  # a run may have several
            continue
        parts.append(part)
        if sum(len(part) for part in parts) >= most:
            break
    if not parts and others:
        raise RunError(
            f"expected self-play rows of {spec}, got {', '.join(sorted(others))}: {str(run)!r}"
        )
    if not parts:
        raise RunError(f"expected a run's folder with self-play rows, got {str(run)!r}")
    return Rows.concatenate(parts)


def play_rows(
    model: PolicyValueNet,
    spec: GameSpec,
    rows: int,
    seed: int,
    *,
    simulations: int = 16,
    on_rows: Callable[[int], None] = lambda count: None,
) -> Rows:
    """Let the network play itself until its finished games have ``rows`` rows, or a few more."""
    first_passes = round(_NO_PASS_BEFORE * spec.points) if spec.may_pass else 0
    search = SearchConfig(no_pass_before=first_passes)
    config = SelfPlayConfig(
        slots=_SLOTS,
        threads=1,
        simulations=simulations,
        simulations_late=simulations,
        first_games=0,
    )
    group = Group(spec, model_evaluator(model, spec), search, config, seed, 0, 1)
    parts: list[Rows] = []
    while (count := sum(len(part) for part in parts)) < rows:
        finished, _ = group.step(simulations)
        parts += finished
        if finished:
            on_rows(count)
    return Rows.concatenate(parts)


def hold_out(rows: Rows, most: int, seed: int) -> tuple[Rows, Rows]:
    """Split self-play rows by game: those to mix in, and at most ``most`` to judge by.

    Raises:
        RunError: if there are too few games for both.
    """
    games = np.unique(rows.game)
    chosen = np.random.default_rng(seed).permutation(games)[: round(HELD_OUT_SHARE * len(games))]
    held = np.isin(rows.game, chosen)
    if held.all() or not held.any():
        raise RunError(f"expected ten self-play games or more to mix in, got {len(games)}")
    return rows.take(np.flatnonzero(~held)), rows.take(np.flatnonzero(held)[:most])
