"""Questions about other positions than the one on the board: reviews, sweeps, and single moves.

They are asked while nothing more urgent is: the AI's move, then a first look at the position on the
board, then these in the order of :func:`next_errand`, then the deep look at the position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.protocol import Turn
from arena.session.game import Game
from arena.session.opponents import Opponent
from arena.session.review import SWEEP_SIMULATIONS, unjudged
from arena.session.session import Session
from arena.session.thinker import Decided, Question, Thinking
from arena.session.tree import Node, Probe
from arena.session.view import View
from engine.records.replay import reopen
from engine.search import SearchResult

HOVERED: Final = (100, 400, 1600)
"""Visits that the move under the mouse gets, one after the other."""
LISTED: Final = (64, 256, 1024, 4096)
"""Visits that each move of a shortlist gets, all of them before the next step."""
EQUALLY: Final = (16, 64, 256, 1024)
"""Visits that each legal move gets where all are looked at equally."""
DEEPEST_SWEEP: Final = 6400
_PROBE_GAME: Final = 4
"""Number of the search of single moves, beside those of the person and of the AIs."""


@dataclass(frozen=True)
class Errand:
    """A position to look at: a node of the tree, or what one of its moves leads to."""

    node: Node
    simulations: int
    action: int | None = None

    def take(self, thought: SearchResult) -> None:
        """Keep what a search of the position says."""
        if self.action is None:
            self.node.look(thought)
            return
        known = self.node.probes.get(self.action)
        if known is None or known.visits <= thought.simulations:
            self.node.probes[self.action] = probe_of(self.action, thought)


def probe_of(action: int, thought: SearchResult, has_points: bool = True) -> Probe:
    """Return what the search of the position after a move says of the move."""
    return Probe(
        visits=thought.simulations,
        win_rate=1.0 - thought.win_rate,
        score=-thought.score if has_points else None,
        line=(action, *thought.variation),
        thought=thought,
    )


class Errands:
    """Those that were asked and are not answered yet."""

    def __init__(self) -> None:
        self._open: dict[int, Errand] = {}
        self._tickets = -1
        self._over: set[tuple[Node, int]] = set()
        """Moves that end the game: nothing is left to search after them."""

    def new_ticket(self) -> int:
        """Return a ticket of no position on the board; -1 means no question."""
        self._tickets -= 1
        return self._tickets

    def forget(self) -> None:
        """Forget what was interrupted; it will be asked again."""
        self._open.clear()

    def question(self, session: Session, analyst: Opponent, errand: Errand) -> Question | None:
        """Return the question of an errand; ``None`` if it is asked already or has no answer."""
        if errand in self._open.values():
            return None
        turn = session.turn_at(errand.node)
        if errand.action is not None:
            position = turn.position
            reopen(turn.spec, position)
            turn.spec.play(position, np.array([errand.action]))
            if turn.spec.finished(position)[0]:
                self._over.add((errand.node, errand.action))
                return None
            actions = (*turn.actions, errand.action)
            turn = Turn(_PROBE_GAME, turn.spec, position, actions, turn.seed)
        self._open = {self.new_ticket(): errand}
        return Question(self._tickets, turn, analyst.limit, analyst)

    def hear(self, event: Thinking | Decided) -> bool:
        """Take the answer to one of them; return whether it was one."""
        errand = self._open.get(event.ticket)
        if errand is None:
            return False
        if isinstance(event, Decided):
            del self._open[event.ticket]
        thought = event.thought if isinstance(event, Thinking) else event.decision.thought
        if thought is not None:
            errand.take(thought)
        return True

    def next(self, game: Game, view: View, sweep: int) -> Errand | None:
        """Return what to look at next: moves that the person asks about, then the whole game."""
        errand = self._next_move(game, view)
        if errand is None and (view.wants_game or sweep):
            errand = next_of_sweep(game, max(sweep, SWEEP_SIMULATIONS))
        return errand

    def _next_move(self, game: Game, view: View) -> Errand | None:
        if game.over or not view.wants_position:
            return None
        if view.pointed is not None:
            found = self._shallowest(game, [view.pointed], HOVERED)
            if found is not None:
                return found
        if view.shortlist:
            return self._shallowest(game, sorted(view.shortlist), LISTED)
        if view.equally:
            return self._shallowest(game, np.flatnonzero(game.legal).tolist(), EQUALLY)
        return None

    def _shallowest(self, game: Game, actions: list[int], steps: tuple[int, ...]) -> Errand | None:
        """Return the move with the fewest visits, unless all have those of the last step."""
        node, legal = game.node, game.legal
        best: tuple[int, int] | None = None
        for action in actions:
            if not legal[action] or (node, action) in self._over:
                continue
            visits = asked_visits(node, action)
            if visits < steps[-1] and (best is None or visits < best[0]):
                best = visits, action
        if best is None:
            return None
        simulations = next(step for step in steps if step > best[0])
        return Errand(node, simulations, best[1])


def asked_visits(node: Node, action: int) -> int:
    """Return the visits that a move got because a person asked, or as a position of its own."""
    probe = node.probes.get(action)
    children = (c.thought.simulations for c in node.children if c.action == action and c.thought)
    return max(0 if probe is None else probe.visits, *children, 0)


def next_of_sweep(game: Game, simulations: int) -> Errand | None:
    """Return the next position of the line on the board to look at, all at 100 visits first."""
    level = SWEEP_SIMULATIONS
    while level <= simulations:
        node = unjudged(game, level)
        if node is not None:
            return Errand(node, level)
        level *= 4
    return None


def equal_progress(game: Game, view: View) -> tuple[int, int, int] | None:
    """Return visits, moves that have them, and all moves, where several are looked at equally."""
    steps = LISTED if view.shortlist else EQUALLY
    if not (view.shortlist or view.equally) or game.over:
        return None
    legal = np.flatnonzero(game.legal).tolist()
    actions = [a for a in legal if not view.shortlist or a in view.shortlist]
    if not actions:
        return None
    visits = [asked_visits(game.node, action) for action in actions]
    step = next((step for step in steps if min(visits) < step), steps[-1])
    return step, sum(count >= step for count in visits), len(actions)
