"""Bad input and ends of a search: a clear error names the slot, and the other slots go on."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import SearchError
from engine.games import GameSpec, GomokuSpec, GoSpec
from engine.games.spec import Positions
from engine.search import Evaluation, Search, SearchConfig
from engine.search.rules import RULES
from engine.search.tree import MAX_DEPTH, ROOT
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, first_action
from tests.support.tree_checks import check_invariants

SPEC = GoSpec(5, 5, 0.5)
EVERY_RULE = pytest.mark.parametrize("algorithm", list(RULES))


def begun(
    algorithm: str,
    positions: Positions,
    evaluator: Any = None,
    spec: GameSpec = SPEC,
    nodes: int = 400,
    considered: int = 16,
) -> tuple[Search, Any]:
    count = len(positions)
    config = SearchConfig(algorithm=algorithm, considered=considered)
    evaluator = evaluator or ScriptedEvaluator(arbitrary)
    search = Search(spec, evaluator, count, config, nodes, max_rows=4 * count)
    slots, numbers = (np.arange(count, dtype=kind) for kind in (np.int32, np.uint64))
    search.begin(slots, positions, numbers, numbers)
    return search, slots


@EVERY_RULE
def test_what_cannot_be_searched_is_named_and_the_rest_is_searched(algorithm: str) -> None:
    positions = random_positions(SPEC, 4, 6, seed=1)
    for _ in range(2):
        SPEC.play(positions, np.array([-1, SPEC.pass_action, -1, -1]))
    search, slots = begun(algorithm, positions)
    with pytest.raises(SearchError, match=r"slot 1: expected a game that is not over.*") as caught:
        search.run(slots, np.array([30, 30, 0, 40]))
    assert set(caught.value.reasons) == {1, 2}
    assert "slot 2: expected a budget of at least 1 simulation, got 0" in str(caught.value)
    assert search.read(slots).simulations.tolist() == [30, 0, 0, 40]
    assert search.read(slots).action[1] == -1


class Spoiled:
    """A good evaluator whose answer about certain positions is spoiled."""

    def __init__(self, what: str, value: float) -> None:
        self.what, self.value = what, value

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        good = ScriptedEvaluator(arbitrary).evaluate(spec, positions)
        bad = (positions["plies"] >= 3) & (positions["komi_half_points"] == 3)
        spoiled = getattr(good, self.what).copy()
        spoiled[bad] = self.value
        return replace(good, **{self.what: spoiled})


@EVERY_RULE
@pytest.mark.parametrize("leaves", [1, 4])
@pytest.mark.parametrize(
    "what, value, message",
    [
        ("policy_logits", np.nan, "finite policy logits"),
        ("policy_logits", np.inf, "finite policy logits"),
        ("value", np.nan, "a value from -1 to 1"),
        ("score", -np.inf, "a finite score"),
    ],
)
def test_an_answer_that_is_no_number_ends_its_slot(
    algorithm: str, leaves: int, what: str, value: float, message: str
) -> None:
    positions = random_positions(SPEC, 3, 3, seed=2)
    positions["komi_half_points"][1] = 3
    search, slots = begun(algorithm, positions, Spoiled(what, value))
    with pytest.raises(SearchError, match=f"slot 1: expected {message}.* plies into") as caught:
        search.run(slots, 60, leaves=leaves)
    assert set(caught.value.reasons) == {1}
    assert "slot 0" not in str(caught.value)
    simulations = search.read(slots).simulations
    assert simulations[[0, 2]].tolist() == [60, 60]
    assert simulations[1] < 60
    for slot in slots:
        check_invariants(search, slot, leaves)


def test_a_value_beyond_winning_is_refused() -> None:
    """One spoiled column of probabilities: a q of 3."""

    class Sure(ScriptedEvaluator):
        def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
            good = super().evaluate(spec, positions)
            return replace(good, value=good.value + np.array([3, 0, 0], np.float32))

    search, slots = begun("puct", SPEC.allocate(1), Sure(arbitrary))
    with pytest.raises(SearchError, match="a value from -1 to 1 from the evaluator, got"):
        search.run(slots, 5)


def test_a_mask_of_minus_infinity_on_illegal_actions_is_welcome() -> None:
    class Masked(ScriptedEvaluator):
        def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
            good = super().evaluate(spec, positions)
            masked = np.where(spec.legal(positions), good.policy_logits, -np.inf)
            return replace(good, policy_logits=masked.astype(np.float32))

    positions = random_positions(SPEC, 2, 8, seed=3)
    masked, slots = begun("puct", positions, Masked(arbitrary))
    plain, _ = begun("puct", positions)
    for search in (masked, plain):
        search.run(slots, 60)
    assert np.array_equal(masked.read(slots).visits, plain.read(slots).visits)


class Misshapen:
    """Leaves something out of every answer, once it is told to."""

    def __init__(self, what: str) -> None:
        self.what, self.on = what, False

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        good = ScriptedEvaluator(arbitrary).evaluate(spec, positions)
        if not self.on:
            return good
        if self.what == "raise":
            raise ValueError("the network is gone")
        return replace(good, **{self.what: getattr(good, self.what)[..., :-1]})


@EVERY_RULE
@pytest.mark.parametrize("what", ["policy_logits", "value", "score", "raise"])
def test_trees_stay_usable_when_the_evaluator_fails(algorithm: str, what: str) -> None:
    positions = random_positions(SPEC, 2, 6, seed=4)
    evaluator = Misshapen(what)
    search, slots = begun(algorithm, positions, evaluator)
    search.run(slots, 40, leaves=2)
    before = search.read(slots).visits
    evaluator.on = True
    expected = "the network is gone" if what == "raise" else f"expected {what} of shape"
    with pytest.raises((SearchError, ValueError), match=expected):
        search.run(slots, 10, leaves=2)
    assert np.array_equal(search.read(slots).visits, before)
    assert not search.tree.edges["in_flight"].any()
    evaluator.on = False
    search.run(slots, 10, leaves=2)
    for slot in slots:
        check_invariants(search, slot, 2)


@dataclass(frozen=True)
class Stuck(GoSpec):
    """Go with a bug: after two stones nobody may do anything, yet the game is not over."""

    def candidates(self, positions: Positions) -> NDArray[np.bool_]:
        found = super().candidates(positions)
        found[(positions["plies"] == 2) & (positions["komi_half_points"] == 3)] = False
        return found


@EVERY_RULE
def test_a_position_without_a_legal_action_is_refused(algorithm: str) -> None:
    spec = Stuck(4, 4, 0.5)
    positions = spec.allocate(2)
    positions["komi_half_points"][1] = 3
    search, slots = begun(algorithm, positions, spec=spec)
    with pytest.raises(SearchError, match="slot 1: expected a legal action in a game that is not"):
        search.run(slots, 50)
    assert search.read(slots).simulations[0] == 50


def test_each_slot_has_its_own_time() -> None:
    search, slots = begun("puct", random_positions(SPEC, 3, 4, seed=5))
    now = time.perf_counter()
    search.run(slots, 80, deadline_s=np.array([0.0, now + 1e6, 0.0]))
    assert search.read(slots).simulations.tolist() == [1, 80, 1]


def test_a_choice_that_does_not_change_ends_the_search() -> None:
    """The likely action is soon found to be bad; then nothing changes any more."""
    values, logits = np.zeros(SPEC.actions), np.zeros(SPEC.actions)
    values[[3, 7]], logits[[3, 7]] = (-0.6, 0.9), (4.0, 1.0)
    search, slots = begun("puct", SPEC.allocate(1), ScriptedEvaluator(first_action(values, logits)))
    search.run(slots, 300, patience=100)
    changes = search.results(slots)[0].changes
    assert changes[0].action == 3
    assert changes[-1].action == 7 == search.read(slots).action[0]
    assert [c.simulations for c in changes] == sorted(c.simulations for c in changes)
    done = int(search.read(slots).simulations[0])
    assert 100 <= done - changes[-1].simulations <= 116
    search.run(slots, 50)
    assert search.read(slots).simulations[0] == done + 50, "without patience nothing ends early"


def test_each_slot_has_its_own_patience() -> None:
    evaluator = ScriptedEvaluator(first_action(np.linspace(0.9, -0.9, SPEC.actions), np.zeros(26)))
    search, slots = begun("puct", SPEC.allocate(3), evaluator)
    search.run(slots, 300, patience=np.array([1000, 40, 100]))
    simulations = search.read(slots).simulations
    assert simulations[0] == 300
    assert 40 <= simulations[1] < simulations[2] < 300


@pytest.mark.parametrize("algorithm", ["puct", "gumbel"])
def test_a_line_deeper_than_paths_reach_goes_on_at_its_end(algorithm: str) -> None:
    """A policy so sure of itself that each simulation goes one ply deeper: 15x15 has 225."""

    def narrow(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
        logits = np.zeros(spec.actions)
        logits[int(np.flatnonzero(spec.legal(position)[0])[-1])] = 200.0
        return logits, 0.0

    spec = GomokuSpec(15, 15, 15)
    search, slots = begun(
        algorithm, spec.allocate(1), ScriptedEvaluator(narrow), spec, nodes=900, considered=1
    )
    search.run(slots, 300)
    assert search.read(slots).simulations[0] == 300
    assert search._batches.of(1).lengths.max() == MAX_DEPTH
    assert search.tree.nodes[0, ROOT]["visits"] == 301
    assert not search.tree.edges["in_flight"].any()
    below = search.tree.slots["nodes"][0]
    assert MAX_DEPTH < below < 300
