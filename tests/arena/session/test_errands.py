"""Moves that a person asks about, sweeps of the whole game, and how losses are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from arena.session.control import Control
from arena.session.errands import (
    EQUALLY,
    Errand,
    Errands,
    asked_visits,
    equal_progress,
    next_of_sweep,
)
from arena.session.files import as_sgf
from arena.session.insight import candidates, losses, severity
from arena.session.markup import comment_of
from arena.session.remarks import write_remarks
from arena.session.review import mistakes, progress
from arena.session.session import Session
from arena.session.tree import Probe
from engine.games.spec import BLACK, WHITE
from engine.search import SearchResult
from tests.support.go_game import go5, load_playouts


@pytest.fixture
def control() -> Iterator[Control]:
    """A game of 5x5 Go of two people, with analysis on, against quick playouts."""
    made = Control(Session(go5((BLACK, WHITE), 16), seed=1), load_playouts)
    made.view.toggle("candidates")
    made.depth = 1 / 64
    yield made
    made.close()


def work(control: Control, until: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 120
    while not until():
        assert time.monotonic() < deadline
        control.update()
        time.sleep(0.005)


def test_the_move_pointed_at_gets_visits_though_the_search_would_not(control: Control) -> None:
    control.session.play(12)
    node = control.game.node
    control.view.pointed = 0
    work(control, lambda: asked_visits(node, 0) >= 100)
    probe = node.probes[0]
    assert probe.line[0] == 0
    assert 0.0 <= probe.win_rate <= 1.0
    shown = {c.action: c for c in candidates(control.game, node)}
    assert shown[0].asked
    assert shown[0].visits >= 100
    # It does not disturb the search itself, and comes along when it is played.
    assert node.thought is not None
    control.session.play(0)
    assert control.game.node.thought is not None
    assert control.game.node.thought.win_rate == pytest.approx(1.0 - node.probes[0].win_rate)


def test_all_moves_get_the_same_visits(control: Control) -> None:
    control.session.play(12)
    node = control.game.node
    control.view.equally = True
    moves = np.flatnonzero(control.game.legal).tolist()
    work(control, lambda: min(asked_visits(node, action) for action in moves) >= EQUALLY[0])
    counts = [asked_visits(node, action) for action in moves]
    assert max(counts) <= EQUALLY[1] + 8  # a batch of leaves beyond
    found = equal_progress(control.game, control.view)
    assert found is not None
    assert found[2] == len(moves) == len(candidates(control.game, node))


def test_a_shortlist_is_all_that_is_shown(control: Control) -> None:
    control.session.play(12)
    node = control.game.node
    control.view.shortlist = frozenset({0, 1, 12})  # a stone stands on the last
    work(control, lambda: min(asked_visits(node, action) for action in (0, 1)) >= 64)
    shown = candidates(control.game, node, only=control.view.shortlist)
    assert {candidate.action for candidate in shown} == {0, 1}
    assert set(node.probes) == {0, 1}


def test_a_move_that_ends_the_game_is_not_searched() -> None:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    session.pass_turn()
    errands = Errands()
    control = Control(session, load_playouts)
    errand = Errand(session.game.node, 16, session.game.spec.pass_action)
    assert errands.question(session, control.analyst, errand) is None
    control.view.toggle("candidates")
    control.view.pointed = session.game.spec.pass_action
    assert errands.next(session.game, control.view, 0) is None
    control.close()


def test_a_sweep_goes_through_the_game_at_100_visits_and_then_deeper(control: Control) -> None:
    control.view.toggle("candidates")  # nothing else is asked for
    for action in (12, 7, 6):
        control.session.play(action)
    control.sweep_deeper()
    levels: set[int] = set()

    def both() -> bool:
        errand = next_of_sweep(control.game, control.sweep)
        levels.add(0 if errand is None else errand.simulations)
        return errand is None

    work(control, both)
    assert {0, 400} <= levels
    assert progress(control.game, 400) == (4, 4)
    control.sweep_deeper()
    assert control.sweep == 1600
    control.hurry()
    assert control.sweep == 0


def thought_of(q: dict[int, float], points: dict[int, float], actions: int) -> SearchResult:
    visits, values, scores = (np.zeros(actions, kind) for kind in (np.int32, "f4", "f4"))
    for number, (action, value) in enumerate(q.items()):
        visits[action], values[action], scores[action] = 60 - 10 * number, value, points[action]
    best = next(iter(q))
    prior = np.full(actions, 1 / actions, np.float32)
    share = (visits / visits.sum()).astype(np.float32)
    return SearchResult(
        best, visits, values, prior, share, q[best], points[best], 100, (best,), action_score=scores
    )


def test_candidates_are_sorted_as_a_person_likes_and_tell_both_losses() -> None:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    game = session.game
    thought = thought_of({0: 0.5, 1: 0.6, 2: 0.1}, {0: 3.0, 1: 1.0, 2: 5.0}, game.spec.actions)
    game.node.look(thought)
    game.node.probes[9] = Probe(500, 0.4, -2.0)
    by_visits = candidates(game, game.node)
    assert [c.action for c in by_visits] == [0, 9, 1, 2]  # the search's choice is the first
    assert [c.action for c in candidates(game, game.node, "chance")] == [1, 0, 2, 9]
    assert [c.action for c in candidates(game, game.node, "points")] == [2, 0, 1, 9]
    assert len(candidates(game, game.node, "prior")) == 4
    told = {c.action: c for c in by_visits}
    assert {a: told[a].loss for a in (0, 1, 2)} == losses(thought)
    assert told[9].loss == pytest.approx(0.35)
    assert [told[a].points_lost for a in (0, 1, 2, 9)] == [0.0, 2.0, 0.0, 5.0]
    assert told[1].severity == pytest.approx(severity(0.0, 2.0)) == pytest.approx(0.03)


def test_a_loss_of_points_counts_as_a_mistake_where_the_game_is_decided() -> None:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    game = session.game
    for action, value, points in ((12, 0.98, 20.0), (7, -0.98, -14.0)):
        game.node.look(thought_of({action: value}, {action: points}, game.spec.actions))
        session.play(action)
    game.node.look(thought_of({6: 0.98}, {6: 14.0}, game.spec.actions))
    [black] = mistakes(game)
    assert (black.node.action, black.loss, black.points) == (12, pytest.approx(0.0), 6.0)
    assert severity(0.0, None) == 0.0
    assert severity(-0.1, -3.0) == 0.0


def test_what_a_move_costs_is_written_once_into_its_comment_and_the_file() -> None:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    game = session.game
    game.node.look(thought_of({6: 0.5, 12: 0.2}, {6: 5.0, 12: 1.0}, game.spec.actions))
    session.play(12)
    game.node.look(thought_of({7: 0.0}, {7: 1.0}, game.spec.actions))
    assert write_remarks(game) == 1
    assert comment_of(game.node) == "Miai: 25% less to win, 6.0 points; better was B4"
    assert write_remarks(game) == 0
    data = as_sgf(game)
    assert b";B[cc]BM[2]C[Miai: 25% less to win, 6.0 points; better was B4]KT[" in data
