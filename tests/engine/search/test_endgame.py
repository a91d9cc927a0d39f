"""Roots near the end of a game, solved: exact results, and what a search makes of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.games import GameSpec, make
from engine.games.spec import BLACK
from engine.search import Search, SearchConfig
from engine.search.rules import PLAY
from engine.solvers.connect_four import ConnectFourSolver
from engine.solvers.endings import empty_points, ending_of
from engine.solvers.othello import ILLEGAL, OthelloSolver
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary

OTHELLO = make("othello", 8, 8)
CONNECT_FOUR = make("connect_four", 6, 7)


def late(spec: GameSpec, most: int, count: int, seed: int) -> Any:
    """Return unfinished positions with at most ``most`` empty points."""
    positions = random_positions(spec, 400, spec.points, seed=seed)
    empty = [empty_points(spec, positions[i : i + 1]) for i in range(len(positions))]
    kept = ~spec.finished(positions) & (np.array(empty) <= most)
    return positions[kept][:count]


def brute(position: Any) -> int:
    """Return the disc difference by reading everything with the rules alone."""
    if OTHELLO.finished(position)[0]:
        lead = int(OTHELLO.score(position)[0])
        lead += int(np.sign(lead)) * empty_points(OTHELLO, position)
        return lead if OTHELLO.to_move(position)[0] == BLACK else -lead
    best = -65
    for action in np.flatnonzero(OTHELLO.legal(position)[0]):
        after = position.copy()
        OTHELLO.play(after, [action])
        best = max(best, -brute(after))
    return best


def test_othello_is_what_reading_everything_finds() -> None:
    solver = OthelloSolver(OTHELLO)
    positions = late(OTHELLO, 7, 40, seed=1)
    assert len(positions) >= 20
    for i in range(len(positions)):
        here = positions[i : i + 1]
        scores = solver.scores(here)
        assert ((scores > ILLEGAL) == OTHELLO.legal(here)[0]).all()
        assert solver.score(here) == scores.max() == brute(here)
        action, best = solver.best(here, np.zeros(OTHELLO.actions, np.float32))
        assert best == scores.max() == scores[action]


@pytest.mark.parametrize("name, most", [("1_19", 16), ("20_39", 18)])
def test_othello_solves_the_endgame_suite(shared_data: Path, name: str, most: int) -> None:
    solved = 0
    for line in (shared_data / f"othello_fforum_{name}.obf").read_text().splitlines():
        stones = np.array(["-XO".index(square) for square in line[:64]], np.uint8)
        position = OTHELLO.allocate(1)
        OTHELLO.set_up(position, stones, "-XO".index(line[65]), strict=False)
        if empty_points(OTHELLO, position) > most:
            continue
        expected = {
            (int(square[1]) - 1) * 8 + "ABCDEFGH".index(square[0]): int(score)
            for square, score in re.findall(r"([A-H][1-8]):([+-]\d+)", line)
        }
        scores = OthelloSolver(OTHELLO).scores(position)
        assert {a: int(scores[a]) for a in np.flatnonzero(scores > ILLEGAL)} == expected
        solved += 1
    assert solved >= 4


@pytest.mark.parametrize("spec", [OTHELLO, CONNECT_FOUR], ids=str)
def test_a_search_knows_the_result_and_plays_for_it(spec: GameSpec) -> None:
    ending = ending_of(spec)
    assert ending is not None
    positions = late(spec, ending.most_empty - 2, 12, seed=2)
    search = Search(
        spec, ScriptedEvaluator(arbitrary), len(positions), SearchConfig(**PLAY), 60, max_rows=64
    )
    slots = np.arange(len(positions), dtype=np.int32)
    search.begin(slots, positions, slots.astype(np.uint64), slots.astype(np.uint64))
    wanted = [ending.solve(positions[i : i + 1]) for i in range(len(positions))]
    movers = spec.to_move(positions)
    search.run(slots, 50)
    roots, results = search.read(slots), search.results(slots)
    for i, solved in enumerate(wanted):
        assert roots.proven[i] != 0
        assert roots.value[i] == np.sign(solved.score)
        assert results[i].proven_plies == solved.plies
    while len(going := slots[~spec.finished(search.roots[slots])]):
        search.run(going, 50)
        actions = search.read(going).action.astype(np.int64)
        search.advance(going, actions)
    result = spec.outcome(search.roots) * np.where(movers == BLACK, 1, -1)
    assert result.tolist() == [int(np.sign(solved.score)) for solved in wanted]


def test_plies_of_connect_four_are_those_of_the_line() -> None:
    ending = ending_of(CONNECT_FOUR)
    assert ending is not None
    positions = late(CONNECT_FOUR, 20, 30, seed=5)
    solver = ConnectFourSolver(CONNECT_FOUR, 18)
    for i in range(len(positions)):
        line = positions[i : i + 1].copy()
        solved = ending.solve(line)
        plies = 0
        while not CONNECT_FOUR.finished(line)[0]:
            CONNECT_FOUR.play(line, [int(solver.scores(line).argmax())])
            plies += 1
        assert plies == solved.plies


def test_a_prohibited_root_is_searched_and_not_solved() -> None:
    position = late(OTHELLO, 12, 1, seed=3)
    search = Search(OTHELLO, ScriptedEvaluator(arbitrary), 1, SearchConfig(**PLAY), 60)
    slot, number = np.zeros(1, np.int32), np.zeros(1, np.uint64)
    search.begin(slot, position, number, number)
    best = ending_of(OTHELLO).solve(position).action  # type: ignore[union-attr]
    until = np.zeros((2, OTHELLO.actions), np.int16)
    if OTHELLO.legal(position)[0].sum() > 1:
        until[:, best] = 1
    search.prohibit(0, until)
    search.run(slot, 20)
    action = int(search.read(slot).action[0])
    assert OTHELLO.legal(position)[0, action]
    assert action != best or not until.any()
