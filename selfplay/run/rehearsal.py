"""Further tasks in a run that has learned others: how the known ones are kept, and what is lost.

A state with fewer tasks than the settings is brought to all of them when it is loaded. Rows that
were stored before stay in the replay windows, so every batch rehearses the known tasks. Some of
their games are held out from then on. The excess loss on these rows, against that before the first
step, measures forgetting. The learner may also be pulled to the network of before on their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from agents.network.checkpoint import load_network
from agents.network.config import NetworkConfig
from agents.network.inputs import columns
from agents.network.model import NetworkOutput, PolicyValueNet
from engine.games.inputs import InputLayout
from selfplay.data.replay import Batch, make_batch
from selfplay.data.shards import Rows, read_shard, write_shard
from selfplay.learn import losses
from selfplay.learn.learner import Learner, tensors_of
from selfplay.run.folder import RunFolder
from selfplay.run.state import Arrays, TrainingState
from selfplay.run.tasks import Task

_HELD_ROWS: Final = 512
"""Rows of each known task, at least, that are held out; whole games of the newest shards."""
_BY_INPUT: Final = {"stem.weight": "plane_names", "globals_linear.weight": "global_names"}


@dataclass(frozen=True)
class RehearsalConfig:
    """How known tasks are kept while further ones are learned."""

    pull: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "why": "weight of the divergence from the network of before, on rows of known tasks",
        },
    )


def grown(
    arrays: Arrays, state: TrainingState, tasks: Sequence[Task], networks: Networks, threads: int
) -> tuple[Arrays, TrainingState]:
    """Return a state of the first tasks as one of all ``tasks``.

    Weights find their inputs by name, and those of new inputs begin at zero. The optimiser begins
    anew where there are some. Games begin anew, with numbers that no earlier game of their task
    had.

    Args:
        arrays: of the state; calibration is left away.
        state: its counters, whose ``window_totals`` say how many tasks it has.
        tasks: all tasks of the run, the known ones first.
        networks: of the state, and of the run.
        threads: of self-play.
    """
    before, count = len(state.window_totals), len(tasks)
    old, new = networks
    found = {n: a for n, a in arrays.items() if not n.startswith(("group.", "calibration"))}
    if old != new:
        found = {n: a for n, a in found.items() if not n.startswith("learner.optimizer.")}
        for copy in ("model", "average"):
            for weight, inputs in _BY_INPUT.items():
                name = f"learner.{copy}.{weight}"
                at = columns(getattr(new, inputs), getattr(old, inputs))
                wide = np.zeros((len(found[name]), len(at), *found[name].shape[2:]), np.float32)
                wide[:, at >= 0] = found[name][:, at[at >= 0]]
                found[name] = wide
    stride = threads * count
    for place in range(count):
        used = 0
        if place < before:
            numbers = [f"group.{thread * before + place}.next_number" for thread in range(threads)]
            used = max(int(arrays[name]) for name in numbers if name in arrays)
        for thread in range(threads):
            first = thread * count + place
            number = first + max(-(-(used - first) // stride), 0) * stride
            found[f"group.{first}.next_number"] = np.array(number)
    games = state.task_games or [state.games]
    more = [0] * (count - before)
    return found, replace(
        state,
        window_totals=[*state.window_totals, *more],
        task_games=[*games, *more],
        known=[task.name for task in tasks[:before]],
        known_shards=state.next_shard,
        adapted=dict(state.adapted),
    )


Networks = tuple[NetworkConfig, NetworkConfig]


class Rehearsal:
    """The held-out rows of a run's known tasks, and the network of before."""

    def __init__(
        self, folder: RunFolder, config: RehearsalConfig, tasks: Sequence[Task], learner: Learner
    ) -> None:
        """Begin without known tasks; :meth:`open` says which there are."""
        self._folder, self._config, self._learner = folder, config, learner
        self._boards = {task.name: InputLayout.of(task.spec) for task in tasks}
        self._state = TrainingState()
        self._held: dict[str, Rows] = {}
        self._former: PolicyValueNet | None = None

    def open(self, state: TrainingState) -> None:
        """Go on from a state, whose known tasks have held-out rows and a network from now on."""
        self._state = state
        for name in state.known:
            path = self._folder.held(name)
            if not path.exists():
                self._hold(name, path)
            if path.exists():
                self._held[name] = read_shard(path)

    def begin(self) -> None:
        """Measure the network of before; the one that plays now is kept as that one."""
        for name, rows in self._held.items():
            self._state.adapted[f"held.{name}"] = self._excess(rows)
        if self._state.known and not self._folder.former.exists():
            self._folder.former.write_bytes(self._folder.playing.read_bytes())

    def _hold(self, name: str, path: Path) -> None:
        """Write the newest games of a task, until there are enough rows."""
        parts: list[Rows] = []
        for number in range(self._state.known_shards - 1, 0, -1):
            if sum(map(len, parts)) >= _HELD_ROWS:
                break
            shard = self._folder.shard(number)
            rows = read_shard(shard) if shard.exists() else None
            if rows is None or rows.layout != self._boards[name]:
                continue
            missing = _HELD_ROWS - sum(map(len, parts))
            last = np.unique(rows.game[-missing:])
            parts.append(rows.take(np.flatnonzero(np.isin(rows.game, last))))
        if parts:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_shard(path, Rows.concatenate(parts))

    def read(self, number: int) -> Rows:
        """Read a shard without held-out games; raises as :func:`read_shard`."""
        rows = read_shard(self._folder.shard(number))
        for held in self._held.values():
            if number < self._state.known_shards and held.layout == rows.layout:
                rows = rows.take(np.flatnonzero(~np.isin(rows.game, held.game)))
        return rows

    def add_to(self, metrics: dict[str, object]) -> None:
        """Add what was forgotten to a cycle's metrics, in words, too."""
        found, tasks = self._measured(), metrics.get("tasks")
        for name, each in found.items():
            if isinstance(tasks, dict):
                tasks[name] |= each
        parts = ", ".join(f"{name} {each['forgotten']:+.3f}" for name, each in found.items())
        text = f"forgetting, in nats of excess loss on held-out games: {parts}"
        if found:
            notes = metrics.get("notes")
            metrics["notes"] = [*(notes if isinstance(notes, list) else []), text]

    def _measured(self) -> dict[str, dict[str, float]]:
        """For each known task, the excess loss on held-out rows, and by how much it rose."""
        found = {}
        for name, rows in self._held.items():
            now = self._excess(rows)
            rose = now - self._state.adapted.get(f"held.{name}", now)
            found[name] = {"held_excess": now, "forgotten": rose}
        return found

    def _excess(self, rows: Rows) -> float:
        return self._learner.excess(make_batch(rows, None))

    def step(self, batch: Batch, kept: int, rate: float) -> dict[str, float]:
        """Take a step with the pull; the first ``kept`` rows of ``batch`` are of known tasks.

        Raises:
            RunError: as :meth:`Learner.train_step`.
        """
        if not self._config.pull or not self._state.known or not kept:
            return self._learner.train_step(batch, rate)
        self._learner.model.train()
        output = self._learner.predict(batch)
        parts = self._learner.losses(batch, output)
        parts["pull"] = self._distance(batch, output, kept)
        parts["total"] = parts["total"] + self._config.pull * parts["pull"]
        return self._learner.step(parts, rate)

    def _distance(self, batch: Batch, output: NetworkOutput, kept: int) -> Tensor:
        """How far policy and value are from those of the network of before."""
        rows = batch.changed(**{name: array[:kept] for name, array in batch.columns.items()})
        with torch.no_grad():
            former = self._learner.threads.predict(self._predict, rows)
        weight = torch.from_numpy(rows.weight)
        return losses.kl_loss(
            output.policy_logits[:kept], former.policy_logits, weight
        ) + losses.kl_loss(output.value_logits[:kept], former.value_logits, weight)

    def _predict(self, batch: Batch) -> NetworkOutput:
        if self._former is None:
            self._former = load_network(self._folder.former)[0].eval()
        return self._former(*tensors_of(self._former.config, batch))
