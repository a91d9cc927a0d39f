"""Measures what ``network.md`` says of the learner: rows per second, and losses after equal rows.

    python docs/results/learner.py SHARDS OUT.json

Rows per second of processor time in one thread; the ways take turns, step by step, on the same
batches.
"""

from __future__ import annotations

import copy
import json
import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import GoSpec
from selfplay.data.replay import Batch, make_batch
from selfplay.data.shards import Rows, read_shard
from selfplay.learn.learner import Learner, LearnerConfig, in_float32, tensors_of

NETWORK, BATCH, STEPS, HELD_OUT, RATE = "b6c64", 128, 60, 1024, 4e-3


class Plain:
    """What one writes first: float32, planes in torch's own order, AdamW as it comes."""

    def __init__(self, model: PolicyValueNet, config: LearnerConfig) -> None:
        self._losses = Learner(copy.deepcopy(model), config).losses
        self.model = model
        self._optimizer = torch.optim.AdamW(
            model.parameters(), weight_decay=config.weight_decay, foreach=False, fused=False
        )

    def train_step(self, batch: Batch, learning_rate: float) -> dict[str, float]:
        planes, globals_ = tensors_of(self.model.config, batch)
        output = self.model(planes.contiguous(), globals_)
        total = self._losses(batch, in_float32(output))["total"]
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self._optimizer.step()
        return {"total": float(total)}


def load(folder: Path) -> tuple[Rows, Rows]:
    """Rows to train on, and the newest, held out."""
    paths = sorted(folder.glob("*"))[-40:]
    rows = Rows.concatenate([read_shard(path) for path in paths])
    order = np.arange(len(rows))
    return rows.take(order[:-HELD_OUT]), rows.take(order[-HELD_OUT:])


def main(folder: Path, out: Path) -> None:
    torch.set_num_threads(1)
    rows, last = load(folder)
    held_out = make_batch(last, None)
    config = LearnerConfig(batch=BATCH, averaging=0.0)
    first = PolicyValueNet.initial(NetworkConfig.named(NETWORK, GoSpec(9, 9)), 1)

    def learner(muon: bool, half: bool) -> Learner:
        found = Learner(copy.deepcopy(first), replace(config, muon=muon))
        found._autocast = half
        return found

    ways: dict[str, Any] = {
        "plain torch, float32, AdamW": Plain(copy.deepcopy(first), config),
        "learner, float32, Muon": learner(True, False),
        "learner, bfloat16, Muon": learner(True, True),
        "learner, bfloat16, AdamW": learner(False, True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    random = np.random.default_rng(1)
    for step in range(STEPS):
        batch = make_batch(rows, random, at=random.integers(len(rows), size=BATCH))
        for name, way in ways.items():
            started = time.process_time()
            way.train_step(batch, RATE * min(1.0, (step + 1) / 20))
            seconds[name].append(time.process_time() - started)
    found = []
    for name, way in ways.items():
        judge = Learner(copy.deepcopy(way.model), config)
        judge._autocast = False
        with torch.no_grad():
            losses = judge.losses(held_out, judge.predict(held_out))
        rate = BATCH / statistics.median(seconds[name][2:])
        kept = ("total", "policy", "value")
        row = {part: round(float(losses[part]), 4) for part in kept}
        found.append({"way": name, "rows_per_s": round(rate), **row})
    facts = {"network": NETWORK, "batch": BATCH, "steps": STEPS, "rows": len(rows), "ways": found}
    out.write_text(json.dumps(facts, indent=1))
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
