"""Explains moves: their numbers, the line that the search expects, and what they lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.search_agent import PLAY_SEARCH
from arena.session.texts import say
from arena.session.tree import Probe
from engine.games.spec import BLACK, other_side
from engine.notation import move_name
from engine.search import SearchResult
from engine.search.tree import DRAW, LOSS, WIN

if TYPE_CHECKING:
    from arena.session.game import Game
    from arena.session.tree import Node

LEAST_VISITS = 3
"""Candidates with fewer visits are never shown, because their numbers are noise."""
_LEAST_SHARE = 0.01
"""Candidates with a smaller share of all visits are not shown either."""


@dataclass(frozen=True)
class Row:
    """A line of the tree inspector: the numbers of one child of the root."""

    action: int
    visits: int
    q: float
    prior: float
    exploration: float | None
    """The search's exploration bonus on ``q``; ``None`` if it selects in another way."""
    win_rate: float
    loss: float
    """Win rate that the move loses against the best candidate."""
    score: float | None
    """Expected points for the side to move."""
    proof: int
    trend: float
    """Change of its share of the visits since the search was half as deep."""


def shown_candidates(thought: SearchResult) -> list[int]:
    """Return the actions with enough visits, the best first."""
    least = max(LEAST_VISITS, int(thought.visits.sum() * _LEAST_SHARE))
    proof = thought.proof
    settled = np.zeros(len(thought.visits), np.bool_) if proof is None else proof != 0
    visited = np.flatnonzero((thought.visits >= least) | (settled & (thought.visits > 0)))
    order = sorted(visited, key=lambda a: (a != thought.action, -int(thought.visits[a])))
    return [int(action) for action in order]


def first_glance(thought: SearchResult) -> list[int]:
    """Return the actions to which the network gives a hundredth or more, the likeliest first."""
    order = np.argsort(-thought.prior, kind="stable")
    return [int(action) for action in order if thought.prior[action] >= _LEAST_SHARE]


def losses(thought: SearchResult) -> dict[int, float]:
    """Return the win rate that each shown candidate loses against the best of them."""
    shown = shown_candidates(thought)
    best = max((float(thought.q[action]) for action in shown), default=0.0)
    if shown and shown[0] == thought.action:
        best = min(best, float(thought.q[shown[0]]))
    return {action: max(best - float(thought.q[action]), 0.0) / 2.0 for action in shown}


def rows(thought: SearchResult, earlier: SearchResult | None = None) -> list[Row]:
    """Return the inspector's table: candidates, then actions that only the network prefers.

    ``earlier`` is an earlier result of the same search.
    """
    lost = losses(thought)
    total = max(int(thought.visits.sum()), 1)
    liked = [int(a) for a in np.argsort(-thought.prior, kind="stable")[:3] if thought.prior[a] > 0]
    actions = [*lost, *(action for action in liked if action not in lost)]
    explorations = PLAY_SEARCH.rule.exploration(PLAY_SEARCH, thought.prior, thought.visits)
    found = []
    for action in actions:
        visits = int(thought.visits[action])
        q = float(thought.q[action])
        points = thought.action_score
        found.append(
            Row(
                action=action,
                visits=visits,
                q=q,
                prior=float(thought.prior[action]),
                exploration=None if explorations is None else float(explorations[action]),
                win_rate=(q + 1.0) / 2.0,
                loss=lost.get(action, 0.0),
                score=None if points is None or visits == 0 else float(points[action]),
                proof=0 if thought.proof is None else int(thought.proof[action]),
                trend=visits / total - _share(earlier, action, visits / total),
            )
        )
    return found


def _share(thought: SearchResult | None, action: int, otherwise: float) -> float:
    total = 0 if thought is None else int(thought.visits.sum())
    return otherwise if thought is None or total == 0 else int(thought.visits[action]) / total


@dataclass(frozen=True)
class Candidate:
    """A move that the person is shown, with what is known of it, from the side that plays it."""

    action: int
    visits: int
    win_rate: float
    loss: float
    """Win rate that it loses against the best candidate of the search."""
    score: float | None
    points_lost: float | None
    """Expected points that it loses against that candidate; ``None`` in games without points."""
    prior: float
    proof: int = 0
    asked: bool = False
    """Whether it is known because a person asked, rather than from the search."""
    line: tuple[int, ...] = ()

    @property
    def severity(self) -> float:
        """The worse of both losses, as a win rate."""
        return severity(self.loss, self.points_lost)


def severity(loss: float, points: float | None) -> float:
    """Return the worse of two losses, as a win rate: 0.5, 1.5, 3 and 6 points are bounds of it.

    The bounds of points are those that KaTrain colours moves by.
    """
    if points is None:
        return loss
    return max(loss, float(np.interp(points, _POINT_BOUNDS, _RATE_BOUNDS)))


_POINT_BOUNDS = (0.0, 0.5, 1.5, 3.0, 6.0, 12.0)
_RATE_BOUNDS = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2)


def candidates(
    game: Game, node: Node, order: str = "visits", only: frozenset[int] = frozenset()
) -> list[Candidate]:
    """Return the moves to show in a position: those of the search and those asked about.

    Args:
        game: the game.
        node: the position.
        order: ``visits``, ``chance``, ``points`` or ``prior``, the largest first; by visits, the
            search's choice is the first.
        only: points that alone count; all if empty.
    """
    thought = node.thought
    if thought is None:
        return []
    lost = losses(thought)
    best = max((float(thought.q[a]) for a in lost), default=thought.value)
    best = min(best, float(thought.q[thought.action])) if thought.action in lost else best
    points = thought.action_score if game.spec.has_points else None
    top = None if points is None else float(points[thought.action])
    if top is not None and thought.visits[thought.action] == 0:
        top = thought.score
    found: dict[int, Candidate] = {}
    for action, loss in lost.items():
        score = None if points is None else float(points[action])
        found[action] = Candidate(
            action,
            int(thought.visits[action]),
            (float(thought.q[action]) + 1.0) / 2.0,
            loss,
            score,
            None if score is None or top is None else max(top - score, 0.0),
            float(thought.prior[action]),
            0 if thought.proof is None else int(thought.proof[action]),
            line=line_from(thought, action),
        )
    for action, probe in _asked(game, node).items():
        known = found.get(action)
        if known is not None and (known.visits >= probe.visits or known.proof):
            continue
        score = probe.score if game.spec.has_points else None
        found[action] = Candidate(
            action,
            probe.visits,
            probe.win_rate,
            max((best + 1.0) / 2.0 - probe.win_rate, 0.0),
            score,
            None if score is None or top is None else max(top - score, 0.0),
            float(thought.prior[action]),
            asked=True,
            line=probe.line,
        )
    keys: dict[str, Callable[[Candidate], float]] = {
        "visits": lambda c: c.visits if c.action != thought.action or only else float("inf"),
        "chance": lambda c: c.win_rate,
        "points": lambda c: -1e9 if c.score is None else c.score,
        "prior": lambda c: c.prior,
    }
    shown = [c for c in found.values() if not only or c.action in only]
    return sorted(shown, key=keys[order], reverse=True)


def _asked(game: Game, node: Node) -> dict[int, Probe]:
    """What is known of moves by searches of the positions after them."""
    asked = dict(node.probes)
    for child in node.children:
        thought = child.thought
        if child.action is None or thought is None:
            continue
        if child.action not in asked or asked[child.action].visits < thought.simulations:
            score = -thought.score if game.spec.has_points else None
            line = (child.action, *thought.variation)
            asked[child.action] = Probe(thought.simulations, 1.0 - thought.win_rate, score, line)
    return asked


def line_from(thought: SearchResult, action: int | None) -> tuple[int, ...]:
    """Return the line that the search expects from an action, as far as it searched."""
    if action is None:
        return ()
    lines = (thought.variation, *thought.variations)
    return next((line for line in lines if len(line) > 1 and line[0] == action), ())


def why(game: Game, action: int) -> list[str]:
    """Explain one move: search against policy, the strongest reply, the uncertainty."""
    thought = game.thought
    if thought is None:
        return []
    name = move_name(game.spec, action)
    visits, total = int(thought.visits[action]), max(int(thought.visits.sum()), 1)
    first = say(
        "{move}: the network's first glance gives it {prior:.0%}, the search {share:.0%} of its "
        "visits",
        move=name,
        prior=float(thought.prior[action]),
        share=visits / total,
    )
    sentences = [first]
    proof = 0 if thought.proof is None else int(thought.proof[action])
    if proof:
        proven = {WIN: say("a win"), LOSS: say("a loss"), DRAW: say("a draw")}[proof]
        sentences.append(say("The rules prove it: {outcome}", outcome=proven))
    line = line_from(thought, action)
    if len(line) > 1:
        reply = move_name(game.spec, line[1])
        who = say(game.look.player(other_side(game.to_move)))
        sentences.append(say("It expects {who} to answer {reply}", who=who, reply=reply))
    best = thought.action
    if action != best and action in losses(thought):
        sentences.append(
            say(
                "{loss:.1%} less to win than {best}",
                loss=losses(thought)[action],
                best=move_name(game.spec, best),
            )
        )
    return sentences


def ownership_change(game: Game) -> NDArray[np.float32] | None:
    """Return the change of expected ownership by the latest move, positive towards Black.

    It is ``None`` unless the network has evaluated both positions.
    """
    node = game.node
    if node.parent is None or node.thought is None or node.parent.thought is None:
        return None
    after, before = node.thought.ownership, node.parent.thought.ownership
    if after is None or before is None:
        return None
    sign = np.float32(1 if game.side(node) == BLACK else -1)
    return after * sign + before * sign  # the sides to move differ, so do the signs


def points_lost(game: Game, node: Node) -> float | None:
    """Return the expected points that the move to a position lost, ``None`` if unknown."""
    if node.parent is None:
        return None
    before, after = game.score_at(node.parent), game.score_at(node)
    if before is None or after is None:
        return None
    return before - after if game.side(node.parent) == BLACK else after - before


def cost_of(game: Game, node: Node) -> float | None:
    """Return the win rate that the move to a position lost, ``None`` if unknown.

    It is below 0 if the position is better than the search before the move found.
    """
    if node.parent is None:
        return None
    before, after = game.win_rate_at(node.parent), game.win_rate_at(node)
    if before is None or after is None:
        return None
    sign = 1.0 if game.side(node.parent) == BLACK else -1.0
    return sign * (before - after)
