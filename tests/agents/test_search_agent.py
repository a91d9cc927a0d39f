"""The search agent: many games in one batch, trees kept between turns, budgets kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.protocol import Limit, Turn
from agents.search_agent import PLAY_SEARCH, SearchAgent, rollout_agent
from engine.errors import ConfigError
from engine.games import BLACK, WHITE, GoSpec
from engine.games.spec import Positions
from engine.search import Evaluation, Search, SearchConfig, SearchResult
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, counting

SPEC = GoSpec(5, 5, 0.5)
CONFIGS = {"puct": PLAY_SEARCH, "gumbel": SearchConfig(algorithm="gumbel")}


def agent_of(name: str, simulations: int = 48, leaves: int | None = None) -> SearchAgent:
    return SearchAgent(
        name, ScriptedEvaluator(arbitrary), Limit(simulations), CONFIGS[name], leaves
    )


def some_turns(count: int = 12) -> list[Turn]:
    positions = random_positions(SPEC, count, 30, seed=41)
    return [Turn(game, SPEC, positions[game : game + 1], (), 5) for game in range(count)]


def after(spec: GoSpec, actions: Sequence[int]) -> Positions:
    position = spec.allocate(1)
    for action in actions:
        spec.play(position, np.array([action]))
    return position


def turn_after(actions: Sequence[int], game: int = 0, spec: GoSpec = SPEC) -> Turn:
    return Turn(game, spec, after(spec, actions), tuple(actions), 5)


@pytest.mark.parametrize("leaves", [1, 4, None])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_batch_of_turns_is_decided_like_each_turn_alone(name: str, leaves: int | None) -> None:
    turns = some_turns()
    together = agent_of(name, leaves=leaves).choose(turns)
    for turn, decision in zip(turns, together, strict=True):
        alone = agent_of(name, leaves=leaves).choose([turn])[0]
        assert alone.action == decision.action
        assert np.array_equal(alone.thought.visits, decision.thought.visits)
        assert np.array_equal(alone.thought.q, decision.thought.q)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_order_of_turns_is_the_order_of_decisions(name: str) -> None:
    turns = some_turns()
    forwards = [d.action for d in agent_of(name).choose(turns)]
    backwards = [d.action for d in agent_of(name).choose(turns[::-1])]
    assert forwards == backwards[::-1]


def test_seconds_a_move_are_seconds_of_one_game(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    run = Search.run

    def watched(search: Search, slots: np.ndarray, *others: Any, **options: Any) -> None:
        searched.append(len(slots))
        run(search, slots, *others, **options)

    monkeypatch.setattr(Search, "run", watched)
    turns = some_turns(5)
    timed = SearchAgent("timed", ScriptedEvaluator(arbitrary), Limit(48, time_limit_s=600.0))
    together = agent_of("puct").choose(turns)
    assert searched == [5]
    alone = timed.choose(turns)
    assert searched == [5, 1, 1, 1, 1, 1]
    assert [d.action for d in alone] == [d.action for d in together]


@pytest.mark.parametrize("name", CONFIGS)
def test_two_board_sizes_in_one_call(name: str) -> None:
    other = GoSpec(4, 3, 0.5)
    turns = [turn_after([], 0), turn_after([], 1, other), turn_after([3], 2)]
    decisions = agent_of(name).choose(turns)
    assert [len(d.thought.visits) for d in decisions] == [26, 13, 26]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_decision_says_what_was_thought(name: str) -> None:
    for turn, decision in zip(some_turns(), agent_of(name).choose(some_turns()), strict=True):
        thought = decision.thought
        assert (decision.resign, decision.forfeit, decision.termination) == (False, "", "normal")
        assert decision.seconds > 0
        assert decision.action == thought.action == thought.variation[0]
        assert SPEC.legal(turn.position)[0, decision.action]
        assert thought.simulations == thought.visits.sum()
        assert thought.simulations == 48 or (thought.proven and thought.simulations < 48)
        assert thought.policy.sum() == pytest.approx(1, abs=1e-5)
        assert -1 <= thought.value <= 1
        assert thought.win_rate == pytest.approx((thought.value + 1) / 2)
        assert thought.notes == ()
        line = turn.position.copy()
        for action in thought.variation:
            SPEC.play(line, np.array([action]))  # raises if the line is illegal


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("colour", [BLACK, WHITE])
def test_the_winning_capture_is_taken(name: str, colour: int) -> None:
    """Whoever is to move takes three stones, or loses three.

    ```
    . X O . .
    X O X O .
    X O X O .
    X O X O .
    . . . . .
    ```
    """
    position = SPEC.allocate(1)
    board = SPEC.board([1, 5, 7, 10, 12, 15, 17], [2, 6, 8, 11, 13, 16, 18])
    SPEC.set_up(position, board, colour)
    agent = SearchAgent(name, ScriptedEvaluator(counting), Limit(250), CONFIGS[name])
    decision = agent.choose([Turn(0, SPEC, position, (), 0)])[0]
    assert decision.action == (21 if colour == BLACK else 22)


def test_the_tree_is_kept_from_turn_to_turn() -> None:
    evaluator = ScriptedEvaluator(arbitrary)
    agent = SearchAgent("net", evaluator, Limit(64), parallel_leaves=1)
    first = agent.choose([turn_after([])])[0]
    assert sum(evaluator.batches) == 65
    line = first.thought.variation[:2]
    second = agent.choose([turn_after(line)])[0]
    assert 65 < sum(evaluator.batches) < 65 + 64, "part of the budget was there already"
    assert second.thought.simulations == 64
    assert SPEC.legal(after(SPEC, line))[0, second.action]


def test_a_broken_evaluation_forfeits_its_game_only() -> None:
    class Broken(ScriptedEvaluator):
        def evaluate(self, spec: GoSpec, positions: Positions) -> Evaluation:
            good = super().evaluate(spec, positions)
            bad = positions["komi_half_points"] == 9
            return replace(good, score=np.where(bad, np.nan, good.score).astype(np.float32))

    turns = some_turns(3)
    spoiled = turns[1].position.copy()
    spoiled["komi_half_points"] = 9
    turns[1] = replace(turns[1], position=spoiled)
    decisions = SearchAgent("net", Broken(arbitrary), Limit(20)).choose(turns)
    assert [bool(decision.forfeit) for decision in decisions] == [False, True, False]
    assert "finite score" in decisions[1].forfeit
    assert decisions[1].termination == "crash"
    assert decisions[2].thought.simulations == 20


def test_a_patient_search_ends_when_the_choice_is_stable() -> None:
    agent = SearchAgent("net", ScriptedEvaluator(arbitrary), Limit(4000, patience=60))
    thought = agent.choose([turn_after([])])[0].thought
    assert thought.simulations < 4000
    assert thought.simulations - thought.changes[-1].simulations >= 60


def test_gumbel_halves_anew_over_a_kept_tree() -> None:
    """At least a quarter of the budget is new, and the best of those visits is played."""
    evaluator = ScriptedEvaluator(arbitrary)
    agent = SearchAgent("net", evaluator, Limit(64), CONFIGS["gumbel"], 1)
    line = agent.choose([turn_after([])])[0].thought.variation[:2]
    asked = sum(evaluator.batches)
    kept = agent.choose([turn_after(line)])[0]
    assert 16 <= sum(evaluator.batches) - asked < 64
    assert kept.thought.simulations >= 64


@pytest.mark.parametrize("name", CONFIGS)
def test_a_whole_game_against_itself_is_legal_to_the_end(name: str) -> None:
    spec = GoSpec(4, 4, 0.5)
    agents = [
        SearchAgent(name, ScriptedEvaluator(arbitrary), Limit(12), CONFIGS[name]) for _ in range(2)
    ]
    position, actions = spec.allocate(1), []
    while not spec.finished(position)[0]:
        turn = Turn(3, spec, position.copy(), tuple(actions), 1)
        actions.append(agents[len(actions) % 2].choose([turn])[0].action)
        spec.play(position, np.array(actions[-1:]))
    assert len(actions) > 10


def test_a_turn_that_does_not_go_on_from_the_last_begins_afresh() -> None:
    """A take-back, another start position under the same number, a game begun again."""
    agent = agent_of("puct")
    agent.choose([turn_after([6, 7, 8])])
    taken_back = agent.choose([turn_after([6, 8])])[0]
    assert np.array_equal(
        taken_back.thought.visits,
        agent_of("puct").choose([turn_after([6, 8])])[0].thought.visits,
    )
    handicap = SPEC.allocate(1)
    SPEC.set_up(handicap, SPEC.board([6, 18]), WHITE)
    agent.choose([turn_after([6, 8])])
    decision = agent.choose([Turn(0, SPEC, handicap, (6, 8), 5)])[0]
    assert decision.thought.visits[[6, 18]].tolist() == [0, 0]


def test_ended_games_give_their_place_to_new_ones() -> None:
    agent = agent_of("puct")
    for game in range(6):
        kept = agent.choose([turn_after([game], game)])[0]
        fresh = agent_of("puct").choose([turn_after([game], game)])[0]
        assert np.array_equal(kept.thought.visits, fresh.thought.visits)
        agent.end_game(game)
    assert len(agent._tables[SPEC].search.roots) == 1
    agent.end_game(999)
    agent.close()


def test_more_games_than_before_keep_the_trees_of_the_old_ones() -> None:
    evaluator = ScriptedEvaluator(arbitrary)
    agent = SearchAgent("net", evaluator, Limit(64), parallel_leaves=1)
    line = agent.choose([turn_after([], 0)])[0].thought.variation[:2]
    before = sum(evaluator.batches)
    agent.choose([turn_after(line, 0), *(turn_after([3], game) for game in (1, 2, 3))])
    assert sum(evaluator.batches) - before < 64 + 3 * 65


def test_thinking_reports_and_stops_when_told() -> None:
    seen: list[SearchResult] = []

    def progress(result: SearchResult) -> bool:
        seen.append(result)
        return len(seen) < 3

    agent = agent_of("puct")
    decision = agent.think(turn_after([12]), Limit(time_limit_s=20.0), progress)
    assert len(seen) == 3
    assert [result.simulations for result in seen] == sorted(r.simulations for r in seen)
    assert decision.seconds < 10
    assert decision.thought.ownership is not None
    assert decision.thought.ownership.shape == (25,)
    assert decision.thought.simulations >= seen[-1].simulations


def test_time_ends_a_search_without_a_budget() -> None:
    agent = SearchAgent("net", ScriptedEvaluator(arbitrary), Limit(time_limit_s=0.3))
    decision = agent.choose([turn_after([])])[0]
    assert 0.3 <= decision.seconds < 5
    assert decision.thought.simulations > 0


@pytest.mark.parametrize("limit", [Limit(), Limit(time_limit_s=1.0)])
def test_gumbel_asks_for_the_budget_that_it_divides(limit: Limit) -> None:
    with pytest.raises(ConfigError, match="expected a number of simulations"):
        SearchAgent("net", ScriptedEvaluator(arbitrary), limit, CONFIGS["gumbel"]).choose(
            [turn_after([])]
        )
    with pytest.raises(ConfigError, match="expected a number of simulations"):
        agent_of("gumbel").think(turn_after([]), limit, lambda result: True)


def test_a_forced_pass_is_decided() -> None:
    """Black has only own eyes left: nothing sensible but the pass."""
    spec = GoSpec(2, 3, 0.5)
    position = spec.allocate(1)
    spec.set_up(position, spec.board([1, 2, 3, 4]))
    decision = SearchAgent("net", ScriptedEvaluator(arbitrary), Limit(20)).choose(
        [Turn(0, spec, position, (), 0)]
    )[0]
    assert decision.action == spec.pass_action


def test_rollouts_search_like_any_other_evaluator() -> None:
    evaluator: ScriptedEvaluator = ScriptedEvaluator(counting)
    decision = rollout_agent("mc", 40, evaluator).choose([turn_after([])])[0]
    assert decision.thought.simulations == 40
