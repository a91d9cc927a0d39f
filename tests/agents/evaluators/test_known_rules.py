"""What a network was not trained by is not shown to it."""

from __future__ import annotations

import numpy as np
import pytest

from agents.evaluators.known_rules import VARIED, with_known_rules
from engine.games import GoSpec, OthelloSpec
from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation
from engine.search.symmetric import AllSymmetries
from tests.support.positions import random_positions


class Watcher:
    """Remembers the inputs that it was shown."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []
        self.planes: list[np.ndarray] = []

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        planes, globals_ = spec.features(positions)
        self.planes.append(planes)
        self.seen.append(globals_)
        rows = len(positions)
        return Evaluation(
            np.zeros((rows, spec.actions), np.float32),
            np.tile(np.array([0.0, 1.0, 0.0], np.float32), (rows, 1)),
            np.zeros(rows, np.float32),
            np.zeros((rows, spec.points), np.float32),
        )


@pytest.mark.parametrize("ko", ["simple", "situational", "positional"])
@pytest.mark.parametrize("suicide", [False, True])
def test_inputs_are_those_of_the_trained_rules(ko: str, suicide: bool) -> None:
    spec = GoSpec(7, 7, 6.5, ko=ko, suicide=suicide)
    positions = random_positions(spec, 8, 20, seed=1)
    before = positions.copy()
    plain, watcher = Watcher(), Watcher()
    plain.evaluate(GoSpec(7, 7, 6.5), random_positions(GoSpec(7, 7, 6.5), 8, 20, seed=1))
    with_known_rules(watcher, {}).evaluate(spec, positions)
    assert np.array_equal(watcher.seen[0][:, 2:], plain.seen[0][:, 2:])
    assert np.array_equal(positions, before)


def test_a_turned_board_stays_turned() -> None:
    """It was shown as it stands, and the answer turned back none the less."""
    spec = GoSpec(5, 5, 0.5, ko="simple")
    position = spec.allocate(1)
    spec.play(position, np.array([1]))
    shown, expected = Watcher(), Watcher()
    AllSymmetries(with_known_rules(shown, {})).evaluate(spec, position)
    usual = GoSpec(5, 5, 0.5)
    same = usual.allocate(1)
    usual.play(same, np.array([1]))
    AllSymmetries(expected).evaluate(usual, same)
    assert len({planes.tobytes() for planes in shown.planes}) == 8
    assert np.array_equal(shown.planes, expected.planes)


def test_who_was_trained_by_many_rules_sees_them_and_so_do_other_games() -> None:
    watcher = Watcher()
    spec = GoSpec(7, 7, 6.5, ko="simple", suicide=True)
    with_known_rules(watcher, {"provenance": {"rules": VARIED}}).evaluate(spec, spec.allocate(1))
    assert watcher.seen[0][0, 3] == 1.0
    with_known_rules(watcher, {"provenance": {}}).evaluate(OthelloSpec(), OthelloSpec().allocate(1))
    assert len(watcher.seen) == 2
