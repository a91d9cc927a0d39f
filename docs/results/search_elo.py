"""What each part of the search is worth: matches of one fixed network against itself.

    python docs/results/search_elo.py play lcb --games 400 --seed 1 --out matches.jsonl
    python docs/results/search_elo.py play fours --game gomoku --size 15 --out matches.jsonl
    python docs/results/search_elo.py table matches.jsonl

One side plays as the program does (PUCT with all refinements, one leaf in flight), the other with
one thing changed. ``play`` adds a line for every 50 games, ``table`` adds up the equal ones.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.evaluators.cached import CachedEvaluator
from agents.evaluators.int8 import Int8Evaluator
from agents.network.checkpoint import shipped_network_path
from agents.protocol import Decision, Limit, Turn
from agents.search_agent import PLAY_SEARCH, SearchAgent
from arena.play.match import play_match
from arena.stats.pentanomial import pair_statistics
from engine.games import GameSpec, make
from engine.search import Evaluation, Evaluator

GAMES_AT_ONCE = 50
RESIGN_BELOW = -0.95  # q of the root, for both sides
LOT = 50  # games between two lines of the results

SETTINGS = {
    "lcb": {"lcb_stdevs": 0.0},
    "dynamic c": {"c_puct_stdev_scale": 0.0},
    "first-play urgency": {"fpu_reduction": 0.0, "root_fpu_reduction": 0.0},
    "growing c": {"c_puct_log": 0.0, "c_puct_init": 1.5},
    "katago's c": {"c_puct_log": 0.45, "c_puct_init": 1.0},
    "exact endings": {"exact_endings": False},
    "fours": {"threats": 0},
    "endgame": {"endgame": False},
    "own eyes": {"prune_candidates": False},
    "gumbel": {"algorithm": "gumbel"},
    "symmetries": {"root_symmetries": True},
}
"""The changed side of each match."""


class Counting:
    """Counts what an evaluator is asked."""

    def __init__(self, inner: Evaluator) -> None:
        self.inner, self.asked = inner, 0

    def evaluate(self, spec: object, positions: np.ndarray) -> Evaluation:
        self.asked += len(positions)
        return self.inner.evaluate(spec, positions)


class Player(SearchAgent):
    """Resigns what is as good as lost: games are about half as long."""

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        return [
            replace(decision, resign=decision.thought.value < RESIGN_BELOW)
            for decision in super().choose(turns)
        ]


class Forgetful(Player):
    """Grows every tree from nothing."""

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        decisions = super().choose(turns)
        for turn in turns:
            self.end_game(turn.game)
        return decisions


def network(spec: GameSpec, path: Path | None) -> Evaluator:
    """A network, behind one memory for both sides: it answers the same either way."""
    path = path or shipped_network_path(spec.name, spec.width)
    return CachedEvaluator(Int8Evaluator.from_file(path, spec), memory_mb=512)


def play(args: argparse.Namespace) -> None:
    config, kind, simulations = PLAY_SEARCH, Player, args.simulations
    if args.what == "reuse":
        kind = Forgetful
    elif args.what != "leaves":
        config = replace(config, **SETTINGS[args.what])
    leaves = args.leaves if args.what == "leaves" else 1
    if args.changed_simulations:
        simulations = args.changed_simulations
    spec = make(args.game, args.size)
    shared = network(spec, args.network)
    evaluators = Counting(shared), Counting(shared)
    usual = Player("usual", evaluators[0], Limit(args.simulations), PLAY_SEARCH, 1)
    changed = kind("changed", evaluators[1], Limit(simulations), config, leaves)
    for lot in range(args.games // LOT):
        started = time.perf_counter()
        asked = [evaluator.asked for evaluator in evaluators]
        seed = args.seed * 1000 + lot
        result = play_match(
            spec, usual, changed, LOT, seed, games_at_once=GAMES_AT_ONCE, move_limit=200
        )
        line = {
            "what": args.what,
            "board": str(spec),
            "simulations": args.simulations,
            "changed_simulations": simulations,
            "leaves": leaves,
            "seed": seed,
            "pairs": result.pairs,
            "games": len(result.games),
            "distinct": result.distinct,
            "evaluations": [e.asked - before for e, before in zip(evaluators, asked, strict=True)],
            "seconds": round(time.perf_counter() - started),
        }
        with args.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def table(args: argparse.Namespace) -> None:
    matches: dict[tuple, list[dict]] = {}
    for text in args.out.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        key = tuple(line[name] for name in ("what", "simulations", "changed_simulations", "leaves"))
        key += (line.get("board", "go 9x9"),)
        matches.setdefault(key, []).append(line)
    print("| changed | simulations | games (distinct) | the usual scores | Elo (95 %) | evals |")
    print("|---|---|---|---|---|---|")
    for (what, usual, changed, leaves, board), lines in matches.items():
        pairs = np.sum([line["pairs"] for line in lines], axis=0)
        found = pair_statistics(pairs.tolist())
        asked = np.sum([line["evaluations"] for line in lines], axis=0)
        games, distinct = (sum(line[name] for line in lines) for name in ("games", "distinct"))
        print(
            f"| {board}: {what}{f' {leaves}' if leaves > 1 else ''} | {usual}, {changed} "
            f"| {games} ({distinct}) | {found.score:.1%} "
            f"| {found.elo:+.0f} ({found.lower:+.0f} to {found.upper:+.0f}) "
            f"| {asked[0] / asked[1]:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("play")
    one.add_argument("what", choices=[*SETTINGS, "reuse", "leaves"])
    one.add_argument("--game", default="go")
    one.add_argument("--size", type=int, default=9)
    one.add_argument("--network", type=Path, help="default: the shipped one of the board's width")
    one.add_argument("--games", type=int, default=400)
    one.add_argument("--simulations", type=int, default=100, help="of the usual side")
    one.add_argument("--changed-simulations", type=int, help="of the changed side")
    one.add_argument("--leaves", type=int, default=16, help="in flight, of `leaves`")
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--out", type=Path, required=True)
    one.set_defaults(do=play)
    other = commands.add_parser("table")
    other.add_argument("out", type=Path)
    other.set_defaults(do=table)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
