"""How often a network's move gives away a Connect Four game, by the solver, phase by phase.

``python docs/results/connect_four_mistakes.py POSITIONS... --network NET --simulations 200``

POSITIONS are files with a line per position: the columns played so far from 1, and the exact score
(Pons's Test_L1_R1, L2_R1, L3_R1). A move keeps the result if it leaves the opponent the negative of
the position's sign; positions in which every move keeps it count too, as in the files. 0
simulations ask the bare policy.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from agents.parse import parse_agent
from agents.protocol import Turn
from arena.stats.intervals import wilson
from engine.games.connect_four import ConnectFourSpec
from engine.solvers.connect_four import ConnectFourSolver, position_after

PHASES = ((0, 13), (14, 27), (28, 41))
"""Plies played: the begin, middle and end of Pons's files."""


def main() -> None:
    """Print one JSON object: files, phases, kept and total."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("positions", nargs="+", type=Path)
    parser.add_argument("--network", default="shipped")
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--most", type=int, default=1000, help="positions of each file")
    args = parser.parse_args()
    spec = ConnectFourSpec()
    bare = args.simulations == 0
    spelling = f"policy:{args.network}" if bare else f"{args.network}@{args.simulations}"
    agent, solver = parse_agent(spelling, spec), ConnectFourSolver(spec)
    report: dict[str, object] = {"agent": spelling}
    for path in args.positions:
        lines = [line.split() for line in path.read_text("utf-8").splitlines()[: args.most]]
        games = [[int(column) - 1 for column in columns] for columns, _ in lines]
        positions = [position_after(spec, columns) for columns in games]
        turns = [Turn(i, spec, position, (), i) for i, position in enumerate(positions)]
        decisions = agent.choose(turns)
        kept = np.zeros(len(lines), bool)
        for i, (position, decision) in enumerate(zip(positions, decisions, strict=True)):
            after = position.copy()
            spec.play(after, np.array([decision.action]))
            kept[i] = -solver.score(after, sign_only=True) == np.sign(int(lines[i][1]))
        plies = np.array([len(game) for game in games])
        low, high = wilson(int(kept.sum()), len(kept))
        report[path.stem] = {
            "kept": int(kept.sum()),
            "positions": len(kept),
            "low": round(low, 4),
            "high": round(high, 4),
            "mistakes_by_phase": {
                f"plies {first}-{last}": f"{int((~kept[chosen]).sum())} of {int(chosen.sum())}"
                for first, last in PHASES
                if (chosen := (plies >= first) & (plies <= last)).any()
            },
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
