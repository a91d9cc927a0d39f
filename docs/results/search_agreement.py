"""How near searches come to a deep one: ``python docs/results/search_agreement.py``.

Positions of games that the shipped network's policy plays against itself; each is searched deeply,
one leaf at a time, then with less in several ways. ``lost`` is by how much the deep search's q of
the chosen action lies below that of its own choice; ``beside`` the difference to the usual search
of the same size, paired by position, with its standard error. What the deep search does too looks
better than it is: read it for leaves in flight, and with care for the rest.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agents.evaluators.cached import CachedEvaluator
from agents.evaluators.int8 import Int8Evaluator
from agents.network.checkpoint import shipped_network_path
from agents.search_agent import PLAY_SEARCH
from engine.games import Positions, make
from engine.search import Evaluator, Roots, Search, SearchConfig

SPEC = make("go", 9)
SEED = 3
DECIDED = 0.9  # positions whose network value is farther from even are left out
UNKNOWN_LOSS = 0.1  # of an action that the deep search hardly looked at

REFINEMENTS = {
    "most visits, no lower bound": {"lcb_stdevs": 0.0},
    "no dynamic c": {"c_puct_stdev_scale": 0.0},
    "no first-play reduction": {"fpu_reduction": 0.0, "root_fpu_reduction": 0.0},
    "c does not grow": {"c_puct_log": 0.0},
    "no exact endings": {"exact_endings": False},
    "own eyes searched": {"prune_candidates": False},
    "root in all symmetries": {"root_symmetries": True},
    "gumbel": {"algorithm": "gumbel"},
}


def positions_of_games(evaluator: Evaluator, count: int) -> Positions:
    """Positions after 4 to 49 plies drawn from the policy."""
    random = np.random.default_rng(SEED)
    positions = SPEC.allocate(count)
    lengths = random.integers(4, 50, count)
    for ply in range(int(lengths.max())):
        logits = evaluator.evaluate(SPEC, positions).policy_logits
        logits = logits + random.gumbel(size=logits.shape)
        logits[~SPEC.candidates(positions)] = -np.inf
        chosen = logits[:, :-1].argmax(axis=1)
        following = positions.copy()
        able = (lengths > ply) & SPEC.legal(positions)[np.arange(count), chosen]
        SPEC.play(following, np.where(able, chosen, -1))
        positions = following
    even = abs(evaluator.evaluate(SPEC, positions).q) < DECIDED
    return positions[even]


def searched(
    evaluator: Evaluator, positions: Positions, config: SearchConfig, simulations: int, leaves: int
) -> Roots:
    count = len(positions)
    room = simulations + 2 * leaves + 2
    search = Search(SPEC, evaluator, count, config, room, max_rows=count * leaves)
    slots, numbers = np.arange(count, dtype=np.int32), np.arange(count, dtype=np.uint64)
    search.begin(slots, positions, numbers, numbers)
    search.run(slots, simulations, leaves=leaves)
    return search.read(slots)


def losses(deep: Roots, roots: Roots) -> NDArray[np.float64]:
    rows = np.arange(len(deep.action))
    lost = deep.q[rows, deep.action] - deep.q[rows, roots.action]
    return np.where(deep.visits[rows, roots.action] >= 4, lost, UNKNOWN_LOSS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--positions", type=int, default=500)
    parser.add_argument("--deep", type=int, default=2000)
    parser.add_argument("--simulations", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--only", default="", help="only searches with this in their name")
    args = parser.parse_args()
    path = shipped_network_path(SPEC.name, SPEC.width)
    evaluator = CachedEvaluator(Int8Evaluator.from_file(path, SPEC), memory_mb=512)
    positions = positions_of_games(evaluator, args.positions)
    deep = searched(evaluator, positions, PLAY_SEARCH, args.deep, 1)
    print(f"{len(positions)} positions, {args.deep} simulations deep")
    print("| simulations | search | same choice | lost | beside |\n|---|---|---|---|---|")
    kinds = {name: (replace(PLAY_SEARCH, **each), 1) for name, each in REFINEMENTS.items()}
    for loss in (0.0, 0.2, 0.5, 1.0):
        in_flight = replace(PLAY_SEARCH, virtual_loss=loss)
        kinds[f"16 leaves in flight, virtual loss {loss:g}"] = (in_flight, 16)
    for simulations in args.simulations:
        usual = losses(deep, searched(evaluator, positions, PLAY_SEARCH, simulations, 1))
        for name, (config, leaves) in {"usual": (PLAY_SEARCH, 1), **kinds}.items():
            if name != "usual" and args.only not in name:
                continue
            roots = searched(evaluator, positions, config, simulations, leaves)
            lost = losses(deep, roots)
            error = (lost - usual).std() / len(lost) ** 0.5
            print(
                f"| {simulations} | {name} | {(roots.action == deep.action).mean():.1%} "
                f"| {lost.mean():.4f} | {(lost - usual).mean():+.4f} ± {error:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
