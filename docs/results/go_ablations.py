"""Techniques of self-play on 7x7 Go, each against the same run without it, judged by matches.

Run from the checkout: ``python -m docs.results.go_ablations SEED FOLDER [ARM ...]``. Every arm has
the same budget of plies times simulations, and plays and learns with one thread; so runs repeat
byte for byte, and two can go side by side. Then each arm's last network meets the plain one of the
same seed, with a search and without. Prints one line of JSON per arm. Runs that are there already
are gone on with, so an interrupted one loses little. Nothing of the program depends on this file.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from agents.parse import parse_agent
from arena.books import make_plan
from arena.play.match import is_stronger
from arena.stats.sprt import Hypotheses
from engine.games.spec import GameSpec
from miai.config import build, to_toml
from selfplay.run import Run, RunConfig

PLAIN = [
    "game.name=go",
    "game.height=7",
    "game.width=7",
    "game.komi=9.0",
    "network=b4c32",
    "search.no_pass_before=18",
    "selfplay.threads=1",
    "selfplay.slots=128",
    "selfplay.simulations=16",
    "selfplay.simulations_late=16",
    "schedule.cycles=120",
    "schedule.plies_per_cycle=8",
    "schedule.rows_before_training=4000",
    "replay.first_rows=10000",
]
ARMS: dict[str, list[str]] = {
    "plain": [],
    "PUCT, 16 simulations": ["search.algorithm=puct", "search.noise_fraction=0.25"],
    "PUCT, 64, a quarter of the rows": [
        "search.algorithm=puct",
        "search.noise_fraction=0.25",
        "selfplay.simulations=64",
        "selfplay.simulations_late=64",
        "schedule.plies_per_cycle=2",
        "schedule.passes=12",
    ],
    "growing simulations": ["selfplay.simulations=8", "selfplay.simulations_late=24"],
    "playout caps": [
        "selfplay.effort.full_share=0.25",
        "selfplay.effort.fast_simulations=8",
        "selfplay.simulations=40",
        "selfplay.simulations_late=40",
    ],
    "surprise 0.5": ["selfplay.surprise_share=0.5"],
    "decided at 0.9": ["selfplay.effort.decided_q=0.9", "selfplay.effort.fast_simulations=4"],
    "stop certain": ["selfplay.stop_certain=true"],
    "league 0.2": ["selfplay.league_share=0.2", "schedule.checkpoint_minutes=3.0"],
    "no random plies": ["selfplay.opening_plies=0"],
    "no other komi": ["selfplay.komi_spread=0"],
    "no symmetries": ["replay.symmetries=false"],
    "no ownership, no score": [
        "learner.ownership_weight=0",
        "learner.score_weight=0",
        "learner.score_error_weight=0",
    ],
    "no reply, no short horizon": ["learner.reply_weight=0", "learner.short_weight=0"],
    "no weight averaging": ["learner.averaging=0"],
    "AdamW": [
        "learner.muon=false",
        "schedule.learning_rate=2e-3",
        "schedule.final_learning_rate=2e-4",
    ],
    "results alone teach values": ["learner.root_share=0"],
    "6 passes": ["schedule.passes=6.0"],
    "all rows in the window": ["replay.growth=1.0"],
}
GAMES = 400
NO_STOP = Hypotheses(0.0, 1.0, alpha=1e-9, beta=1e-9, model="logistic")
"""A sequential test that does not end a match of this length."""


def train(arm: str, seed: int, folder: Path) -> tuple[Path, dict[str, object]]:
    """Train one arm, unless that has been done; return its last network, and what it cost."""
    config = build(RunConfig, {}, [*PLAIN, *ARMS[arm], f"seed={seed}"])
    name = "".join(letter if letter.isalnum() else "-" for letter in arm)
    started = time.process_time()
    with Run(folder / f"{name}-{seed}", config, to_toml(config)) as run:
        run.train(lambda metrics: None)
    entries = run.folder.read_lines(run.folder.metrics)
    evaluations = sum(entry["evaluations_per_s"] * entry["play_s"] for entry in entries)
    return run.folder.checkpoints()[-1], {
        "rows": entries[-1]["rows"],
        "steps": sum(entry["steps"] for entry in entries),
        "evaluations": round(evaluations),
        "play_s": round(sum(entry["play_s"] for entry in entries)),
        "learn_s": round(sum(entry["learn_s"] for entry in entries)),
        "cpu_s": round(time.process_time() - started),
    }


def meet(spec: GameSpec, new: Path, old: Path, simulations: int, seed: int) -> dict[str, object]:
    """Play :data:`GAMES` games from random openings, both colours from each."""
    text = f"{{}}@{simulations}" if simulations else "policy:{}"
    first, second = (parse_agent(text.format(path), spec) for path in (new, old))
    plan = make_plan("random", spec, (2, 5))
    answer = is_stronger(spec, first, second, NO_STOP, most_games=GAMES, seed=seed, openings=plan)
    result, estimate = answer.result, answer.estimate
    return {
        "won_drawn_lost": [result.wins, result.draws, result.losses],
        "distinct": result.distinct,
        "elo": round(estimate.elo),
        "95 %": [round(estimate.lower), round(estimate.upper)],
    }


def main(seed: int, folder: Path, arms: list[str]) -> None:
    """Train and judge arms with one seed."""
    plain, _ = train("plain", seed, folder)
    spec = build(RunConfig, {}, PLAIN).game.spec()
    for arm in arms or list(ARMS):
        path, cost = train(arm, seed, folder)
        entry: dict[str, object] = {"arm": arm, "seed": seed, **cost}
        if arm != "plain":
            entry["100 simulations"] = meet(spec, path, plain, 100, seed)
            entry["no search"] = meet(spec, path, plain, 0, seed)
        print(json.dumps(entry), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
