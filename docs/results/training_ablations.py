"""Techniques of self-play, each against the same run without it, judged by brute force.

Run from the checkout: ``python -m docs.results.training_ablations SEEDS FOLDER [ARM ...]`` prints a
line of JSON per training. Tic-tac-toe is small enough to judge a network by all of its 4,520
positions: a mistake is a move of the bare policy that gives away part of a position's worth.
Cycles are equal, not times; evaluations stand beside. Nothing of the program depends on this file.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from agents.evaluators.auto import load_evaluator
from engine.games.spec import Positions
from miai.config import build, to_toml
from selfplay.run import Run, RunConfig
from tests.support.enumerate import children, levels
from tests.support.minimax import solver

PLAIN = [
    "game.name=tic_tac_toe",
    "game.height=3",
    "game.width=3",
    "network=b2c16",
    "search.no_pass_before=0",
    "selfplay.slots=32",
    "selfplay.simulations=12",
    "selfplay.simulations_late=12",
    "selfplay.sampled_plies=4",
    "selfplay.opening_plies=2",
    "selfplay.first_games=64",
    "replay.first_rows=2000",
    "replay.capacity=20000",
    "learner.batch=128",
    "schedule.cycles=16",
    "schedule.plies_per_cycle=9",
    "schedule.passes=2.0",
    "schedule.rows_before_training=500",
    "schedule.checkpoint_minutes=30.0",
]
ARMS = {
    "plain": [],
    "weight decay 0.2": ["learner.weight_decay=0.2"],
    "rate x 1/2": ["schedule.learning_rate=4e-3", "schedule.final_learning_rate=4e-4"],
    "rate x 2": ["schedule.learning_rate=1.6e-2", "schedule.final_learning_rate=1.6e-3"],
    "no clipping": ["learner.clip=1e9"],
    "AdamW": [
        "learner.muon=false",
        "schedule.learning_rate=2e-3",
        "schedule.final_learning_rate=2e-4",
    ],
    "4 passes": ["schedule.passes=4.0"],
    "caps, equal evaluations": [
        "selfplay.effort.full_share=0.25",
        "selfplay.effort.fast_simulations=4",
        "selfplay.simulations=36",
        "selfplay.simulations_late=36",
    ],
    "surprise 0.5": ["selfplay.surprise_share=0.5"],
    "decided at 0.9": [
        "selfplay.effort.decided_q=0.9",
        "selfplay.effort.decided_plies=2",
        "selfplay.effort.fast_simulations=4",
    ],
    "league 0.2": ["selfplay.league_share=0.2", "schedule.checkpoint_minutes=4.0"],
    "growing simulations": ["selfplay.simulations=4", "selfplay.simulations_late=20"],
    "all of [adapt]": [
        "adapt.simulations=entropy",
        "adapt.passes=true",
        "adapt.window=true",
        "adapt.rate=true",
        "selfplay.simulations=4",
        "selfplay.simulations_late=20",
    ],
}


def judge(path: Path, positions: Positions, worth: list[int], after: list[dict[int, int]]) -> int:
    """Count the positions where the bare policy's move gives something away."""
    spec = build(RunConfig, {}, PLAIN).game.spec()
    evaluation = load_evaluator(path, spec).evaluate(spec, positions)
    logits = np.where(spec.legal(positions), evaluation.policy_logits, -np.inf)
    moves = logits.argmax(axis=1)
    return sum(after[row][int(move)] < worth[row] for row, move in enumerate(moves))


def solved() -> tuple[Positions, list[int], list[dict[int, int]]]:
    """All positions that go on, what they are worth, and what each move leaves of it."""
    spec = build(RunConfig, {}, PLAIN).game.spec()
    value = solver(spec)
    found = np.concatenate(list(levels(spec, 8, distinct=True)))
    found = found[~spec.finished(found)]
    left = []
    for row in range(len(found)):
        one = found[row : row + 1]
        moves = np.flatnonzero(spec.legal(one)[0])
        nexts = children(spec, one)
        left.append({int(m): -value(nexts[i : i + 1]) for i, m in enumerate(moves)})
    return found, [max(moves.values()) for moves in left], left


def train(arm: str, seed: int, folder: Path) -> tuple[Path, dict[str, object]]:
    """Train one arm; return its last network, and what it cost."""
    config = build(RunConfig, {}, [*PLAIN, *ARMS[arm], f"seed={seed}"])
    cost = {"evaluations": 0.0, "steps": 0.0}
    started = time.process_time()

    def note(metrics: dict[str, object]) -> None:
        cost["evaluations"] += float(metrics["evaluations_per_s"]) * float(metrics["play_s"])  # type: ignore[arg-type]
        cost["steps"] += float(metrics["steps"])  # type: ignore[arg-type]

    name = "".join(letter if letter.isalnum() else "-" for letter in arm)
    with Run(folder / f"{name}-{seed}", config, to_toml(config)) as run:
        run.train(note)
    spent = {name: round(value) for name, value in cost.items()}
    return run.folder.checkpoints()[-1], spent | {"cpu_s": round(time.process_time() - started, 1)}


def main(seeds: int, folder: Path, arms: list[str]) -> None:
    """Train and judge every arm with seeds 1, 2, ..."""
    positions, worth, left = solved()
    for seed in range(1, seeds + 1):
        for arm in arms or list(ARMS):
            path, cost = train(arm, seed, folder)
            wrong = judge(path, positions, worth, left)
            entry = {"arm": arm, "seed": seed, "mistakes": wrong, "of": len(positions), **cost}
            print(json.dumps(entry), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
