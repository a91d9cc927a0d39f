"""Which stones are dead and which live in seki when a game has ended that has such stones.

A chain that lives for certain (Benson) is alive, and a chain inside such a territory of the other
side is dead. Any other chain is dead if an evaluator gives its points to the other side on average.
A group that is alive and owns no territory, dead stones counted as such, lives in seki. Chains of
one colour that share an open region are one group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.evaluators.rollout import RolloutEvaluator
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions
from engine.search.evaluation import Evaluator
from engine.search.symmetric import AllSymmetries

PLAYOUTS_TO_JUDGE: Final = 256
"""Where random games say who will own the points: a few of them say little."""


@dataclass(frozen=True)
class Life:
    """The stones of one board, ``(points,)`` each."""

    dead: NDArray[np.bool_]
    seki: NDArray[np.bool_]
    chains: tuple[tuple[int, ...], ...]
    """Points of every chain on the board, in order of their first points."""


def judge_life(spec: GameSpec, position: Positions, ownership: NDArray[np.float32]) -> Life:
    """Judge every stone.

    Args:
        spec: the rules.
        position: ``(1,)``.
        ownership: ``(points,)`` in [-1, 1], expected at the end: 1 is Black's.
    """
    stones = spec.stones(position)[0]
    certain = spec.certain(position)[0]
    chains = tuple(tuple(region) for region in regions(spec, stones) if stones[region[0]] != EMPTY)
    dead = np.zeros(spec.points, np.bool_)
    for chain in chains:
        points = list(chain)
        side = 1 if stones[points[0]] == BLACK else -1
        if (certain[points] == side).all():
            continue
        theirs = bool((certain[points] == -side).all())
        dead[points] = theirs or side * float(ownership[points].mean()) < 0.0
    return Life(dead, _seki(spec, np.where(dead, EMPTY, stones), certain), chains)


def judge_board(evaluator: Evaluator, spec: GameSpec, position: Positions) -> Life:
    """Judge every stone by what an evaluator expects, as every count of a finished game does.

    Args:
        evaluator: whose opinion decides where the rules do not.
        spec: the rules.
        position: ``(1,)``; passes and whose turn it is do not matter.
    """
    return judge_life(spec, position, expected_ownership(evaluator, spec, position))


def expected_ownership(
    evaluator: Evaluator, spec: GameSpec, position: Positions
) -> NDArray[np.float32]:
    """Return who will own the points in the end, ``(points,)`` in [-1, 1], 1 is Black's.

    The mean over all turns of the board and over either side being to move; of random games where
    the evaluator plays those.
    """
    both = spec.allocate(2)
    for row, colour in enumerate((BLACK, WHITE)):
        spec.set_up(both[row : row + 1], spec.stones(position)[0], colour, strict=False)
    rollouts = isinstance(evaluator, RolloutEvaluator)
    judge = RolloutEvaluator(PLAYOUTS_TO_JUDGE) if rollouts else AllSymmetries(evaluator)
    owners = judge.evaluate(spec, both).ownership
    return ((owners[0] - owners[1]) / 2.0).astype(np.float32)


def with_dead(spec: GameSpec, position: Positions, dead: NDArray[np.bool_]) -> Life:
    """Return what lives and how if these stones, ``(points,)``, are dead."""
    stones = spec.stones(position)[0]
    chains = tuple(tuple(region) for region in regions(spec, stones) if stones[region[0]] != EMPTY)
    seki = _seki(spec, np.where(dead, EMPTY, stones), spec.certain(position)[0])
    return Life(dead, seki, chains)


def seki_points(spec: GameSpec, life: Life) -> NDArray[np.bool_]:
    """Points that count for neither side by territory: those of groups in seki and beside them."""
    marked = life.seki.copy()
    for point in np.flatnonzero(life.seki):
        marked[neighbours(spec, int(point))] = True
    return marked


def regions(spec: GameSpec, stones: NDArray[np.uint8]) -> list[list[int]]:
    """Return the connected points of one content, empty ones too."""
    seen: set[int] = set()
    found = []
    for start in range(spec.points):
        if start in seen:
            continue
        region = [start]
        seen.add(start)
        for point in region:
            for near in neighbours(spec, point):
                if stones[near] == stones[start] and near not in seen:
                    seen.add(near)
                    region.append(near)
        found.append(region)
    return found


def neighbours(spec: GameSpec, point: int) -> list[int]:
    """Points beside a point."""
    row, column = divmod(point, spec.width)
    around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return [r * spec.width + c for r, c in around if 0 <= r < spec.height and 0 <= c < spec.width]


def _seki(
    spec: GameSpec, living: NDArray[np.uint8], certain: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Mark living groups without territory; ``living`` is the board without dead stones."""
    parts = regions(spec, living)
    part_of = {point: number for number, part in enumerate(parts) for point in part}
    around = [
        {part_of[near] for point in part for near in neighbours(spec, point)} - {number}
        for number, part in enumerate(parts)
    ]
    group = list(range(len(parts)))

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    has_territory: set[int] = set()
    empty = [number for number, part in enumerate(parts) if living[part[0]] == EMPTY]
    for number in empty:
        colours = {int(living[parts[other][0]]) for other in around[number]}
        for colour in (BLACK, WHITE):
            same = [other for other in around[number] if living[parts[other][0]] == colour]
            for other in same[1:]:
                group[root(other)] = root(same[0])
            if colours == {colour}:
                has_territory.update(same)
    owners = {root(number) for number in has_territory}
    seki = np.zeros(spec.points, np.bool_)
    for number, part in enumerate(parts):
        if living[part[0]] != EMPTY and root(number) not in owners:
            seki[part] = certain[part[0]] == 0
    return seki
