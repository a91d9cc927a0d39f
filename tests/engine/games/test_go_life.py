"""Certain life against its definition, against play by an opponent alone, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagram import parse_diagram
from engine.games import BLACK, WHITE, GoSpec
from tests.support.positions import random_positions
from tests.support.slow_go import EMPTY, SlowGo

Points = frozenset[int]


def slow_certain(slow: SlowGo) -> list[int]:
    """Benson 1976 with sets, colour by colour; regions that leave no eye join their enclosers.

    With suicide every point of a region counts as one that may be empty some day.
    """
    certain = [0] * slow.points
    for colour, mark in ((BLACK, 1), (WHITE, -1)):
        chains, regions = chains_and_regions(slow, colour)
        around = {region: enclosers(slow, region, chains) for region in regions}
        alive, kept = set(chains), {region for region in regions if around[region]}
        while True:
            vital = {
                chain: [region for region in kept if is_vital(slow, region, chain)]
                for chain in alive
            }
            survivors = {chain for chain in alive if len(vital[chain]) >= 2}
            kept = {region for region in kept if around[region] <= survivors}
            if survivors == alive:
                break
            alive = survivors
        stones = frozenset().union(*alive)
        eyeless = {
            region
            for region in kept
            if all(
                set(slow.neighbours(point)) & stones
                for point in region
                if slow.board[point] == EMPTY or slow.suicide
            )
        }
        for point in stones.union(*eyeless):
            certain[point] = mark
    return certain


def chains_and_regions(slow: SlowGo, colour: int) -> tuple[set[Points], set[Points]]:
    """Chains of a colour, and the largest connected sets of points without it."""
    chains = {
        frozenset(slow.chain(slow.board, point))
        for point in range(slow.points)
        if slow.board[point] == colour
    }
    without = [stone == colour for stone in slow.board]
    regions = {
        frozenset(slow.chain(without, point)) for point in range(slow.points) if not without[point]
    }
    return chains, regions


def enclosers(slow: SlowGo, region: Points, chains: set[Points]) -> set[Points]:
    around = {near for point in region for near in slow.neighbours(point)} - region
    return {chain for chain in chains if chain & around}


def is_vital(slow: SlowGo, region: Points, chain: Points) -> bool:
    touching = {near for stone in chain for near in slow.neighbours(stone)}
    empty = {point for point in region if slow.board[point] == EMPTY or slow.suicide}
    return bool(region & touching) and empty <= touching


def slow_of(spec: GoSpec, position: np.ndarray) -> SlowGo:
    slow = SlowGo(spec.height, spec.width, spec.komi, suicide=spec.suicide)
    slow.boards = [tuple(spec.stones(position)[0].tolist())]
    return slow


@settings(max_examples=200, deadline=None)
@given(
    st.integers(2, 6),
    st.integers(2, 7),
    st.integers(0, 2**32 - 1),
    st.integers(0, 90),
    st.booleans(),
)
def test_certain_life_is_as_benson_defines_it(
    height: int, width: int, seed: int, plies: int, suicide: bool
) -> None:
    spec = GoSpec(height, width, suicide=suicide)
    positions = random_positions(spec, 4, plies, seed)
    found = spec.certain(positions)
    for i in range(len(positions)):
        slow = slow_of(spec, positions[i : i + 1])
        assert found[i].tolist() == slow_certain(slow), slow.board


def test_random_endings_have_certain_points_and_open_ones() -> None:
    """The comparison above would be empty if nothing were ever alive."""
    spec = GoSpec(6, 6)
    positions = random_positions(spec, 200, 90, seed=3)
    certain = spec.certain(positions)
    assert (certain == 1).any() and (certain == -1).any()
    assert 20 < ((certain != 0).any(axis=1)).sum() < 200


@pytest.mark.parametrize("seed", range(12))
def test_what_is_certain_stays_whatever_the_other_side_plays(seed: int) -> None:
    """One side passes for ever, the other plays any legal points, all orders at random."""
    spec = GoSpec(5, 5, ko="simple", suicide=bool(seed % 2))
    random = np.random.default_rng(seed)
    positions = random_positions(spec, 300, 70, seed)
    positions["passes"] = 0
    positions = positions[~spec.finished(positions)]
    for colour, mark in ((BLACK, 1), (WHITE, -1)):
        rows = positions[(spec.certain(positions) == mark).any(axis=1)].copy()
        certain = spec.certain(rows) == mark
        stones = certain & (spec.stones(rows) == colour)
        assert stones.any()
        rows["to_move"] = 3 - colour
        for _ in range(60):
            legal = spec.legal(rows)[:, :-1]
            actions = (random.random(legal.shape) * legal).argmax(axis=1)
            actions = np.where(legal.any(axis=1), actions, spec.pass_action)
            spec.play(rows, actions)
            rows["to_move"] = 3 - colour
            rows["passes"] = 0
            rows["finished"] = 0
            assert (spec.stones(rows)[stones] == colour).all(), "a certain stone was captured"
            assert (spec.certain(rows)[certain] == mark).all(), "a certain point was lost"


@pytest.mark.parametrize(
    "drawing, black, white",
    [
        (". X . X .\nX X X X X\n. . . . .\n. . . . .", 10, 0),  # two eyes and an outside
        (". X X . .\nX X . . .\nX . . . .\n. . . . .", 0, 0),  # one eye and a false one
        ("X X X X X\nX . X . X\nX X X X X\nO . . . .", 20, 0),
        (". O X .\nO O X X\nX X . .\n. X . .", 0, 0),  # one eye for White; Black's are open
        # Two white stones in an eye of three: no eye for them, and all of it is Black's.
        (". O O X .\nX X X X X\n. . . . .\nO O O O O\n. O . O .", 10, 10),
        # A wide eye may hold a living group some day.
        (". . . X .\n. . . X X\nX X X X .\nX . X X X\nX X X . X", 19, 0),
        ("X .\n. X", 4, 0),
        (". .\n. .", 0, 0),
        ("X X X\nX X X\nX X .", 0, 0),
    ],
)
def test_by_hand(drawing: str, black: int, white: int) -> None:
    height = drawing.count("\n") + 1
    width = len(drawing.splitlines()[0].split())
    spec = GoSpec(height, width)
    position = spec.allocate(1)
    spec.set_up(position, parse_diagram(spec, drawing))
    certain = spec.certain(position)[0]
    assert ((certain == 1).sum(), (certain == -1).sum()) == (black, white), certain


def test_decided_only_when_open_points_cannot_matter() -> None:
    drawing = "X . X . X\nX X X X X\n. . . . .\n. . . . ."
    for komi, expected in ((0.0, 0), (-0.5, 1), (20.5, -1), (19.5, 0)):
        spec = GoSpec(4, 5, komi)
        position = spec.allocate(1)
        spec.set_up(position, parse_diagram(spec, drawing))
        assert spec.decided(position)[0] == expected
    by_territory = GoSpec(4, 5, -0.5, scoring="territory")
    position = by_territory.allocate(1)
    by_territory.set_up(position, parse_diagram(by_territory, drawing))
    assert by_territory.decided(position)[0] == 0


def test_decided_agrees_with_every_end() -> None:
    """From positions that are decided, random play has the one result."""
    spec = GoSpec(5, 5, 0.5)
    positions = random_positions(spec, 400, 60, seed=8)
    decided = spec.decided(positions)
    rows = positions[(decided != 0) & ~spec.finished(positions)]
    assert len(rows) > 20
    verdict = spec.decided(rows)
    for seed in range(20):
        ends = rows.copy()
        spec.playout(ends, np.arange(len(rows), dtype=np.uint64) + np.uint64(1000 * seed))
        assert (spec.outcome(ends) == verdict).all()
