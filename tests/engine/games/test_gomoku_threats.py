"""Forced wins in Gomoku against a plain reading of fours, and against solved boards."""

from __future__ import annotations

import numpy as np
import pytest

from agents.evaluators.constant import ConstantEvaluator
from engine.games import make
from engine.games.gomoku import GomokuSpec
from engine.games.spec import EMPTY, Positions
from engine.search import Search, SearchConfig
from engine.solvers.exact import ExactSolver

PLENTY = 1_000_000
BOARDS = (
    (5, 5, 4, False),
    (4, 6, 4, True),
    (7, 7, 5, False),
    (7, 7, 5, True),
    (6, 9, 5, False),
    (5, 5, 3, False),
    (15, 15, 5, False),
)


def crowded(spec: GomokuSpec, count: int, seed: int) -> Positions:
    """Return unfinished positions ``(rows,)`` with stones beside each other."""
    random = np.random.default_rng(seed)
    kept = spec.allocate(0)
    while len(kept) < count:
        positions = spec.allocate(64)
        for _ in range(int(random.integers(4, spec.points - 4))):
            stones = spec.stones(positions).reshape(-1, spec.height, spec.width) != EMPTY
            near = np.pad(stones, ((0, 0), (1, 1), (1, 1)))
            near = sum(np.roll(near, (y, x), (1, 2)) for y in (-1, 0, 1) for x in (-1, 0, 1))
            near = near[:, 1:-1, 1:-1].reshape(len(positions), -1)
            weight = spec.legal(positions)[:, :-1] * (near + 0.02)
            weight *= random.random(weight.shape)
            actions = np.where(weight.any(axis=1), weight.argmax(axis=1), -1)
            before = positions.copy()
            spec.play(positions, actions)
            over = spec.finished(positions)
            positions[over] = before[over]
            if spec.points > 100 and random.random() < 0.03:
                break
        kept = np.concatenate([kept, positions])
    return kept[:count]


def completing(spec: GomokuSpec, position: Positions, colour: int) -> set[int]:
    """Return the points where a stone of ``colour`` wins at once, by the rules alone."""
    found = set()
    for point in np.flatnonzero(spec.stones(position)[0] == EMPTY).tolist():
        after = position.copy()
        after["to_move"] = colour
        spec.play(after, [point])
        if after["winner"][0] == colour:
            found.add(point)
    return found


def wins_by_fours(spec: GomokuSpec, position: Positions) -> bool:
    """Read fours and their answers with nothing but the rules."""
    mover = int(position["to_move"][0])
    if completing(spec, position, mover):
        return True
    threats = completing(spec, position, 3 - mover)
    if len(threats) > 1:
        return False
    for four in threats or np.flatnonzero(spec.legal(position)[0]).tolist():
        after = position.copy()
        spec.play(after, [four])
        if spec.finished(after)[0] or completing(spec, after, 3 - mover):
            continue
        answers = completing(spec, after, mover)
        if len(answers) > 1:
            return True
        if answers:
            spec.play(after, list(answers))
            if not spec.finished(after)[0] and wins_by_fours(spec, after):
                return True
    return False


@pytest.mark.parametrize(("height", "width", "length", "exactly"), BOARDS)
def test_finds_every_win_by_fours_and_no_other(
    height: int, width: int, length: int, exactly: bool
) -> None:
    spec = GomokuSpec(height, width, length=length, exactly=exactly)
    positions = crowded(spec, 40 if spec.points < 100 else 8, seed=7)
    before = positions.copy()
    forced = spec.forced(positions, PLENTY)
    assert np.array_equal(positions, before)
    expected = [wins_by_fours(spec, positions[i : i + 1]) for i in range(len(positions))]
    assert (forced.plies > 0).tolist() == expected
    assert (forced.actions >= 0).tolist() == expected


@pytest.mark.parametrize(("height", "width", "length", "exactly"), BOARDS[:6])
def test_answers_are_all_that_does_not_lose_at_once(
    height: int, width: int, length: int, exactly: bool
) -> None:
    spec = GomokuSpec(height, width, length=length, exactly=exactly)
    positions = crowded(spec, 100, seed=8)
    forced = spec.forced(positions, PLENTY)
    legal = spec.legal(positions)
    for i in range(len(positions)):
        mover = int(positions["to_move"][i])
        wins = completing(spec, positions[i : i + 1], mover)
        threats = completing(spec, positions[i : i + 1], 3 - mover)
        left = set(np.flatnonzero(legal[i] & forced.answers[i]).tolist())
        everything = set(np.flatnonzero(legal[i]).tolist())
        if wins:
            assert forced.plies[i] == 1 and int(forced.actions[i]) in wins
        elif threats:
            assert left <= threats and len(left) == min(len(threats), 2)
        else:
            assert left == everything


@pytest.mark.parametrize("exactly", [False, True])
def test_solved_boards_agree_and_the_line_has_its_length(exactly: bool) -> None:
    spec = GomokuSpec(4, 4, length=4, exactly=exactly)
    wider = GomokuSpec(4, 5, length=3, exactly=exactly)
    for game, count in ((spec, 200), (wider, 200)):
        solver = ExactSolver(game)
        positions = crowded(game, count, seed=3)
        positions = positions[game.stones(positions).astype(bool).sum(axis=1) >= 4]
        forced = game.forced(positions, PLENTY)
        assert (forced.plies > 0).any()
        for i in np.flatnonzero(forced.plies > 0).tolist():
            assert solver.value(positions[i : i + 1]) == 1
            after = positions[i : i + 1].copy()
            game.play(after, forced.actions[i : i + 1].astype(np.int64))
            assert game.finished(after)[0] or solver.value(after) == -1


def test_a_search_ends_at_a_forced_win_and_plays_it_out() -> None:
    spec = make("gomoku", 15, 15)
    position = spec.allocate(1)
    for action in (112, 0, 113, 1, 127, 3, 142, 30):
        spec.play(position, [action])
    search = Search(spec, ConstantEvaluator(), 1, SearchConfig(), 200)
    slot = np.zeros(1, np.int32)
    seeds = np.zeros(1, np.uint64)
    search.begin(slot, position, seeds, seeds)
    while not spec.finished(search.roots)[0]:
        search.run(slot, 100)
        roots = search.read(slot)
        mover = int(search.roots["to_move"][0])
        assert roots.proven[0] == (1 if mover == 1 else -1)
        search.advance(slot, roots.action.astype(np.int64))
    assert search.roots["winner"][0] == 1
    assert search.roots["plies"][0] <= 8 + 9
