"""How busy the evaluators of a tournament are: six checkpoints, everybody against everybody.

    python docs/results/arena_speed.py NET NET ... [--games 50] [--simulations 16]

With fewer than six networks the given ones take part again, as agents with an evaluator and trees
of their own. Nothing is written. Prints the share of wall time in which at least one evaluation was
being computed, and the rest of the time per move.
"""

from __future__ import annotations

import argparse
import threading
import time
from itertools import cycle, islice
from pathlib import Path

from agents.evaluators.auto import load_evaluator
from agents.evaluators.cached import CachedEvaluator
from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.books import make_plan, plan_openings
from arena.play.game import PlayedGame, Terms
from arena.play.game_runner import GAMES_AT_ONCE, play_games
from arena.schedule import make_schedule, pairings
from engine.games.go import GoSpec
from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator

AGENTS = 6


class Meter:
    """Wall time in which at least one evaluator works."""

    def __init__(self) -> None:
        self.busy_s, self.cpu_s, self.positions, self.calls = 0.0, 0.0, 0, 0
        self._working, self._since, self._lock = 0, 0.0, threading.Lock()

    def start(self, positions: int) -> None:
        with self._lock:
            if self._working == 0:
                self._since = time.perf_counter()
            self._working += 1
            self.positions += positions
            self.calls += 1

    def stop(self, cpu_s: float) -> None:
        with self._lock:
            self.cpu_s += cpu_s
            self._working -= 1
            if self._working == 0:
                self.busy_s += time.perf_counter() - self._since


class Metered:
    """An evaluator whose work is timed."""

    def __init__(self, evaluator: Evaluator, meter: Meter) -> None:
        self._evaluator, self._meter = evaluator, meter

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        self._meter.start(len(positions))
        began = time.thread_time()
        try:
            return self._evaluator.evaluate(spec, positions)
        finally:
            self._meter.stop(time.thread_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="+", type=Path)
    parser.add_argument("--games", type=int, default=50)
    parser.add_argument("--simulations", type=int, default=16)
    parser.add_argument("--games-at-once", type=int, default=GAMES_AT_ONCE)
    parser.add_argument("--threads", type=int, help="of each evaluator; with 1, CPU is told apart")
    args = parser.parse_args()
    spec, meter = GoSpec(9, 9, 7.0), Meter()
    agents = [
        SearchAgent(
            f"{i}:{path.stem}",
            CachedEvaluator(Metered(load_evaluator(path, spec, threads=args.threads), meter)),
            Limit(simulations=args.simulations),
        )
        for i, path in enumerate(islice(cycle(args.networks), AGENTS))
    ]
    openings = plan_openings(make_plan(None, spec), spec, args.games // 2, seed=1)
    fixtures = make_schedule(pairings(AGENTS, "round-robin"), openings)
    warm: list[PlayedGame] = []
    play_games(spec, agents, fixtures[:12], Terms(1), on_game=warm.append)
    meter.__init__()  # type: ignore[misc]
    played: list[PlayedGame] = []
    started, cpu = time.perf_counter(), time.process_time()
    play_games(
        spec, agents, fixtures, Terms(2), on_game=played.append, games_at_once=args.games_at_once
    )
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    moves = sum(sum(game.decisions) for game in played)
    print(f"{len(played)} games, {moves} moves, {wall_s:.1f} s wall, {cpu_s:.1f} s of CPU")
    print(f"evaluators busy {100 * meter.busy_s / wall_s:.1f} % of the time")
    print(f"outside evaluation {1e3 * (wall_s - meter.busy_s) / moves:.3f} ms a move")
    if args.threads == 1:
        print(f"CPU outside evaluation {1e3 * (cpu_s - meter.cpu_s) / moves:.3f} ms a move")
    print(f"{meter.positions / meter.calls:.1f} positions a call, {meter.positions} positions")


if __name__ == "__main__":
    main()
