"""How often a network gives a game of tic-tac-toe away, over all 4,520 positions that go on.

Run from the checkout: ``python -m docs.results.tic_tac_toe_mistakes --network NET --simulations
200``. A mistake is a move after which brute force finds less than the position was worth, so a
player without mistakes never loses from a won or drawn position. 0 simulations ask the bare policy.
"""

from __future__ import annotations

import argparse
import json

from agents.parse import parse_agent
from agents.protocol import Turn
from docs.results.training_ablations import solved
from engine.games import make


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="shipped")
    parser.add_argument("--simulations", type=int, default=200)
    args = parser.parse_args()
    spec = make("tic_tac_toe", 3, 3)
    bare = args.simulations == 0
    spelling = f"policy:{args.network}" if bare else f"{args.network}@{args.simulations}"
    agent = parse_agent(spelling, spec)
    positions, worth, left = solved()
    turns = [Turn(i, spec, positions[i : i + 1], (), i) for i in range(len(positions))]
    decisions = agent.choose(turns)
    wrong = sum(left[i][decision.action] < worth[i] for i, decision in enumerate(decisions))
    print(json.dumps({"agent": spelling, "mistakes": int(wrong), "of": len(positions)}))


if __name__ == "__main__":
    main()
