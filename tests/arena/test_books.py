"""Where openings come from: books, policies, files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.perfect_agent import PerfectAgent
from agents.random_agent import RandomAgent
from agents.search_agent import rollout_agent
from arena.books import (
    book_names,
    book_path,
    make_book,
    make_plan,
    plan_openings,
    read_book,
)
from arena.openings import OpeningPlan, make_openings, position_after, position_key
from engine.errors import ConfigError
from engine.games import make
from engine.games.go import GoSpec
from engine.notation import action_to_text
from engine.records import GameRecord
from engine.records.sgf import write_sgf
from engine.solvers.exact import ExactSolver

SPEC = GoSpec(5, 5, 7.0)
USUAL = [make(name) for name in ("othello", "gomoku", "connect_four", "hex", "tic_tac_toe")]
USUAL += [GoSpec(9, 9, 7.0), GoSpec(13, 13, 7.0), GoSpec(19, 19, 7.0)]


@pytest.mark.parametrize("spec", USUAL, ids=str)
def test_every_game_has_a_book_of_distinct_legal_openings(spec) -> None:  # type: ignore[no-untyped-def]
    path = book_path(spec)
    assert path is not None, book_names()
    openings = read_book(path, spec)
    assert len({position_key(spec, opening) for opening in openings}) == len(openings) >= 20
    assert make_plan(None, spec).kind == "book"


def test_the_book_of_a_solved_game_holds_draws() -> None:
    spec = make("tic_tac_toe")
    solver = ExactSolver(spec)
    path = book_path(spec)
    assert path is not None
    assert {solver.value(position_after(spec, o)) for o in read_book(path, spec)} == {0}


def test_a_book_is_dealt_in_an_order_of_the_seed_and_begins_anew() -> None:
    spec = GoSpec(9, 9, 7.0)
    plan = make_plan("book", spec)
    whole = read_book(book_path(spec), spec)  # type: ignore[arg-type]
    dealt = plan_openings(plan, spec, 2 * len(whole), seed=3)
    assert dealt[:7] == plan_openings(plan, spec, 7, seed=3)
    assert dealt[:7] != plan_openings(plan, spec, 7, seed=4)
    assert set(Counter(dealt).values()) == {2}


def test_games_without_a_book_get_random_openings() -> None:
    assert make_plan(None, SPEC) == OpeningPlan("random", plies=(2, 4))
    assert make_plan(None, GoSpec(9, 9, 7.0), (2, 2)) == OpeningPlan("random", plies=(2, 2))
    assert plan_openings(make_plan("none", SPEC), SPEC, 2, seed=1) == [(), ()]
    with pytest.raises(ConfigError, match="expected a game with a book"):
        make_plan("book", GoSpec(9, 9, 0.5))
    with pytest.raises(ConfigError, match="'bok'"):
        make_plan("bok", SPEC)


def test_making_a_book_keeps_what_the_search_finds_balanced() -> None:
    spec = make("tic_tac_toe")
    agent = rollout_agent("rollouts", 1500, RolloutEvaluator())
    text = make_book(spec, agent, make_openings(spec, 12, (4, 4), 1), 100, 0.01)
    path_lines = text.splitlines()
    assert path_lines[2].startswith("game tic_tac_toe 3x3")
    assert 0 < len(path_lines) - 3 < 12
    with pytest.raises(ConfigError, match="searches"):
        make_book(spec, RandomAgent(), make_openings(spec, 3, (2, 2), 1), 3, 0.1)


def test_a_perfect_player_keeps_draws_alone() -> None:
    spec = make("tic_tac_toe")
    openings = make_openings(spec, 30, (2, 4), 1)
    text = make_book(spec, PerfectAgent("perfect", spec), openings, 100, 0.0)
    book = [line.split() for line in text.splitlines()[3:]]
    solver = ExactSolver(spec)
    drawn = [o for o in openings if solver.value(position_after(spec, o)) == 0]
    assert 0 < len(drawn) < len(openings)
    assert sorted(tuple(line[:-1]) for line in book) == sorted(
        tuple(action_to_text(spec, action) for action in opening) for opening in drawn
    )
    assert {line[-1] for line in book} == {"+0.00"}


def test_the_book_of_connect_four_holds_draws() -> None:
    spec = make("connect_four")
    path = book_path(spec)
    assert path is not None
    book = read_book(path, spec)
    player = PerfectAgent("perfect", spec)
    assert {len(opening) for opening in book} == {4, 5}
    assert [player.value(position_after(spec, opening)) for opening in book] == [0] * len(book)
    assert len({position_key(spec, opening) for opening in book}) == len(book) == 200


def test_a_file_of_moves_or_of_games(tmp_path: Path) -> None:
    moves = tmp_path / "mine.txt"
    moves.write_text("# mine\nC3 D4  +0.20\n\nB2 # corner\n")
    plan = make_plan(str(moves), SPEC)
    assert sorted(map(len, plan_openings(plan, SPEC, 2, seed=1))) == [1, 2]
    moves.write_text("C3 C3\n")
    with pytest.raises(ConfigError, match="as they were"):
        plan_openings(plan, SPEC, 2, seed=1)
    for bad, why in (("C3 C3\n", "line 1"), ("C3 X9\n", "line 1"), ("# none\n", "got none")):
        moves.write_text(bad)
        with pytest.raises(ConfigError, match=why):
            plan_openings(make_plan(str(moves), SPEC), SPEC, 1, seed=1)
    games = tmp_path / "games.sgf"
    records = [GameRecord(SPEC, (12, 6 + i, 0), result="B+1") for i in range(3)]
    games.write_bytes(b"\n".join(write_sgf(record) for record in records))
    plan = make_plan(str(games), SPEC, (0, 2))
    assert len({len(o) for o in plan_openings(plan, SPEC, 3, seed=1)} - {2}) == 0
    handicap = GameRecord(SPEC, (12, 6), black_setup=(0, 24), first_to_move=2)
    games.write_bytes(write_sgf(handicap))
    with pytest.raises(ConfigError, match="begin with a handicap"):
        plan_openings(make_plan(str(games), SPEC), SPEC, 1, seed=1)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    moves = tmp_path / "mine.txt"
    moves.write_bytes("# Eröffnungen\nC3\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        plan_openings(make_plan(str(moves), SPEC), SPEC, 1, seed=1)


def test_a_small_board_takes_a_file_as_well(tmp_path: Path) -> None:
    """Nobody said how many plies of a game to keep: no more than the board allows."""
    spec = make("tic_tac_toe")
    moves = tmp_path / "mine.txt"
    moves.write_text("a1 b2\n")
    plan = make_plan(str(moves), spec)
    assert plan.plies == (0, 4)
    assert len(plan_openings(plan, spec, 1, seed=1)[0]) == 2
    with pytest.raises(ConfigError, match="opening plies"):
        make_plan(str(moves), spec, (0, 8))


def test_openings_from_a_policy_are_its_own_and_a_function_of_the_seed() -> None:
    spec = GoSpec(9, 9, 7.0)
    plan = make_plan("policy:shipped", spec, (3, 5))
    openings = plan_openings(plan, spec, 12, seed=1)
    assert plan_openings(plan, spec, 5, seed=1) == openings[:5]
    assert plan_openings(plan, spec, 12, seed=2) != openings
    assert len({position_key(spec, opening) for opening in openings}) == 12
    assert {len(opening) for opening in openings} <= {3, 4, 5}
    assert all(spec.pass_action not in opening for opening in openings)
