"""Explains moves: their numbers, the line that the search expects, and what they lose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.search_agent import PLAY_SEARCH
from arena.session.texts import say
from engine.games.spec import BLACK, other_side
from engine.notation import action_to_text
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
    name = action_to_text(game.spec, action)
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
        reply = action_to_text(game.spec, line[1])
        who = say(game.look.player(other_side(game.to_move)))
        sentences.append(say("It expects {who} to answer {reply}", who=who, reply=reply))
    best = thought.action
    if action != best and action in losses(thought):
        sentences.append(
            say(
                "{loss:.1%} less to win than {best}",
                loss=losses(thought)[action],
                best=action_to_text(game.spec, best),
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
