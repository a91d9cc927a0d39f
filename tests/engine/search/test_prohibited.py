"""Searches that are told what not to play."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import SearchError
from engine.games import BLACK, ConnectFourSpec, TicTacToeSpec
from engine.games.spec import GameSpec
from engine.search import Search, SearchConfig
from engine.search.rules import RULES
from engine.search.tree import LOSS, ROOT, WIN
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent

ONE = np.zeros(1, np.int32)
WORD = np.zeros(1, np.uint64)


def search_of(spec: GameSpec, actions: tuple[int, ...], algorithm: str = "puct") -> Search:
    config = SearchConfig(algorithm=algorithm)
    judge = arbitrary if algorithm == "gumbel" else indifferent
    search = Search(spec, ScriptedEvaluator(judge), 1, config, 3000)
    position = spec.allocate(1)
    for action in actions:
        spec.play(position, np.array([action]))
    search.begin(ONE, position, WORD, WORD)
    return search


def never(spec: GameSpec, colour: int, actions: list[int], depth: int = 1) -> np.ndarray:
    until = np.zeros((2, spec.actions), np.int16)
    until[colour - 1, actions] = depth
    return until


@pytest.mark.parametrize("algorithm", list(RULES))
def test_what_is_prohibited_at_the_root_is_not_searched(algorithm: str) -> None:
    spec = ConnectFourSpec()
    search = search_of(spec, (), algorithm)
    bottom = spec.points - spec.width
    search.prohibit(0, never(spec, BLACK, [bottom, bottom + 3]))
    search.run(ONE, 200)
    visited = np.flatnonzero(search.read(ONE).visits[0]) - bottom
    assert visited.tolist() == [1, 2, 4, 5, 6]


def test_a_prohibited_win_proves_nothing_about_the_position() -> None:
    """Black to move wins at 2 only; all else loses. Without 2 Black is not proven to have lost."""
    spec = TicTacToeSpec()
    opening = (0, 3, 1, 4)
    free = search_of(spec, opening)
    free.run(ONE, 400)
    assert free.read(ONE).action[0] == 2 and free.read(ONE).proven[0] == WIN
    bound = search_of(spec, opening)
    bound.prohibit(0, never(spec, BLACK, [2, 5]))
    bound.run(ONE, 400)
    roots = bound.read(ONE)
    assert (roots.proof[0][[6, 7, 8]] == LOSS).all() and roots.proven[0] == 0
    assert roots.visits[0][[2, 5]].sum() == 0


def children(search: Search, index: int) -> dict[int, int]:
    """Nodes below a node by the action that leads to them."""
    node = search.tree.nodes[0, index]
    edges = search.tree.edges[0, node["first_edge"] : node["first_edge"] + node["edges"]]
    return {int(edge["action"]): int(edge["child"]) for edge in edges if edge["child"] > 0}


@pytest.mark.parametrize(("depth", "met"), [(1, True), (3, False)])
def test_a_prohibition_reaches_as_deep_as_it_says(depth: int, met: bool) -> None:
    spec = TicTacToeSpec()
    search = search_of(spec, ())
    search.prohibit(0, never(spec, BLACK, [4], depth))
    search.run(ONE, 300)
    replies = children(search, ROOT)
    assert 4 not in replies
    second = [node for reply in replies.values() for node in children(search, reply).values()]
    assert any(4 in children(search, node) for node in second) == met


def test_nothing_left_to_play_is_refused() -> None:
    spec = TicTacToeSpec()
    search = search_of(spec, (0, 1))
    with pytest.raises(SearchError, match="left to search"):
        search.prohibit(0, never(spec, BLACK, list(range(9))))


def test_the_next_game_of_the_slot_is_free_again() -> None:
    spec = TicTacToeSpec()
    search = search_of(spec, ())
    search.prohibit(0, never(spec, BLACK, [4]))
    search.begin(ONE, spec.allocate(1), WORD, WORD)
    search.run(ONE, 100)
    assert search.read(ONE).visits[0][4] > 0
