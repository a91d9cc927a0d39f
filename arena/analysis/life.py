"""Which stones are dead and which live in seki when a game has ended that has such stones.

Window, terminal, GTP and analysis all count by :func:`judge_board`. A chain that lives for certain
(Benson) is alive, and a chain inside such a territory of the other side is dead. For any other
chain three judges are heard, with the side that attacks it to move, as in a dispute after both have
passed: the network's ownership, random games, and, where there is little room, a search for its
capture (:mod:`arena.analysis.capture`). Networks overrate lone stones in a large territory, random
games destroy sekis, and the search sees only the surroundings.

A group that is alive and owns no territory, dead stones counted as such, lives in seki. Chains of
one colour that share an open region are one group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.evaluators.rollout import RolloutEvaluator
from arena.analysis.capture import Reader, neighbours
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions
from engine.search.evaluation import Evaluator
from engine.search.symmetric import AllSymmetries

PLAYOUTS_TO_JUDGE: Final = 256
"""Where random games say who will own the points: a few of them say little."""
_NETWORK_IN_TIGHT: Final = 0.7
_NETWORK_IN_OPEN: Final = 0.5
"""Weight of the network beside random games, for chains with little room and for others."""
_SURVIVES: Final = 0.5
"""Added to the ownership of a chain that its attacker cannot capture."""
_DOUBT: Final = 0.2
"""Taken off the ownership of a chain with room: its owner passed rather than save it. These four
were fitted to the endings of docs/results/counting.md."""


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
        evaluator: whose opinion is heard where the rules do not decide.
        spec: the rules.
        position: ``(1,)``; passes and whose turn it is do not matter.
    """
    return judge_life(spec, position, expected_ownership(evaluator, spec, position))


def expected_ownership(
    evaluator: Evaluator, spec: GameSpec, position: Positions
) -> NDArray[np.float32]:
    """Return who will own the points in the end, ``(points,)`` in about [-1, 1], 1 is Black's.

    Points with a stone are judged for their chain, and as if its attacker moved next.
    """
    stones = spec.stones(position)[0]
    both = spec.allocate(2)
    for row, colour in enumerate((BLACK, WHITE)):
        spec.set_up(both[row : row + 1], stones, colour, strict=False)
    random_games = RolloutEvaluator(PLAYOUTS_TO_JUDGE).evaluate(spec, both).ownership
    owners = (random_games[0] - random_games[1]) / 2.0
    side = np.select([stones == BLACK, stones == WHITE], [1.0, -1.0], 0.0)
    read, tight = _read(spec, position, stones)
    if not isinstance(evaluator, RolloutEvaluator):
        found = AllSymmetries(evaluator).evaluate(spec, both).ownership
        network = np.where(stones == BLACK, -found[1], found[0])
        weight = np.where(tight, _NETWORK_IN_TIGHT, _NETWORK_IN_OPEN)
        owners = weight * network + (1.0 - weight) * owners - np.where(tight, 0.0, _DOUBT) * side
    return (owners + _SURVIVES * read * side).astype(np.float32)


def _read(
    spec: GameSpec, position: Positions, stones: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which stones cannot be captured, and which have little room, ``(points,)`` each."""
    reader, certain = Reader(spec, position), spec.certain(position)[0]
    survive, tight = np.zeros(spec.points, np.bool_), np.zeros(spec.points, np.bool_)
    for chain in regions(spec, stones):
        if stones[chain[0]] != EMPTY and certain[chain[0]] == 0:
            tight[chain] = reader.is_tight(chain)
            survive[chain] = reader.can_be_captured(chain) is False
    return survive, tight


def settled_score(spec: GameSpec, position: Positions, life: Life) -> float:
    """Return Black's points minus White's, komi included, of a position ``(1,)`` so judged."""
    seki = seki_points(spec, life)[None]
    return float(spec.score(position, dead=life.dead[None], seki=seki)[0])


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
