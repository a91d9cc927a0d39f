"""What ends or changes a whole game: a new one, another one, a position set up, a variation gone.

All of it can be undone: what was on the board is set aside, and :func:`restore` brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arena.session.model import GameModel, Settings
from arena.session.texts import say
from arena.session.tree import Node
from engine.errors import IllegalActionError
from engine.games.go_handicap import fixed_handicap
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions
from engine.records import GameRecord

_MOST_SET_ASIDE = 20


def start_position(settings: Settings) -> Positions:
    """Where a new game begins, ``(1,)``; a handicap that the board has no room for is none."""
    spec = settings.spec
    start = spec.allocate(1)
    stones = handicap_points(spec, settings.handicap)
    if stones:
        spec.set_up(start, spec.board(stones), WHITE, strict=False)
    return start


def handicap_points(spec: GameSpec, count: int) -> list[int]:
    """Where handicap stones of Go stand; none in other games or where the board has none."""
    return (fixed_handicap(spec, count) or []) if spec.name == "go" else []


def new_game(model: GameModel, settings: Settings) -> None:
    """Start over."""
    put_aside(model)
    model.begin(settings, start_position(settings))


def show(model: GameModel, start: Positions, record: GameRecord) -> None:
    """Look at another game from its start, without an AI playing; its line is ``record``'s."""
    put_aside(model)
    settings = replace(
        model.settings, spec=record.spec, people=(BLACK, WHITE), clock=None, handicap=0
    )
    model.begin(settings, start, record)
    node = model.node
    for action in record.actions:
        node = node.child(action)
    for earlier in model.node.line():
        earlier.chosen = 0


def has_begun(model: GameModel) -> bool:
    """Whether there is anything in the game that somebody would miss."""
    return bool(model.node.line()[1:]) or model.has_setup


def put_aside(model: GameModel) -> None:
    """Keep the game on the board for :func:`restore`, unless nothing has happened in it."""
    if model.clock is not None:
        model.clock.stop()
    if has_begun(model):
        model.set_aside = [*model.set_aside[-_MOST_SET_ASIDE + 1 :], _as_it_is(model)]


def _as_it_is(model: GameModel) -> dict[str, Any]:
    return {name: value for name, value in vars(model).items() if name != "set_aside"}


def restore(model: GameModel) -> bool:
    """Bring back what was ended or deleted last; what is on the board takes the last place."""
    if not model.set_aside:
        model.message = say("There is nothing to bring back")
        return False
    kept = model.set_aside.pop()
    parent, node = kept.pop("deleted", (None, None))
    if parent is None or parent.path()[0] is not model.node.path()[0]:
        _exchange(model, kept)
    if parent is not None:
        parent.children.append(node)
        parent.chosen = len(parent.children) - 1
        model.go(node)
    say_back(model)
    return True


def _exchange(model: GameModel, kept: dict[str, Any]) -> None:
    """Put a kept game on the board; the one that is there comes back after all others."""
    others, model.set_aside = model.set_aside, []
    put_aside(model)
    model.set_aside += others
    ticket = model.ticket
    vars(model).update(kept)
    model.__dict__["_ticket"] = ticket
    model.renew()


def say_back(model: GameModel) -> None:
    """Tell that an earlier game is on the board; its AI waits."""
    model.paused = model.ai_turn
    model.message = say("Back where you were")


def delete_variation(model: GameModel) -> bool:
    """Take the latest move and all that follows out of the tree."""
    node, parent = model.node, model.node.parent
    if parent is None:
        model.message = say("The start cannot be deleted; a new game is begun with Ctrl+N")
        return False
    parent.children.remove(node)
    parent.chosen = max(len(parent.children) - 1, 0)
    # With its whole game: by the time it comes back another one may be on the board.
    kept = {**_as_it_is(model), "deleted": (parent, node)}
    model.set_aside = [*model.set_aside[-_MOST_SET_ASIDE + 1 :], kept]
    model.go(parent)
    model.paused = model.ai_turn
    model.message = say("Deleted; B brings it back")
    return True


def forget_thoughts(model: GameModel) -> None:
    """Forget what was thought of every position, also of the games that are set aside."""
    todo = [game["node"].path()[0] for game in (vars(model), *model.set_aside)]
    todo += [kept["deleted"][1] for kept in model.set_aside if "deleted" in kept]
    while todo:
        node = todo.pop()
        node.thought, node.samples = None, []
        todo += node.children


def take_over(model: GameModel, other: GameModel, node: Node) -> None:
    """Let a model become another one's game, at one of its positions."""
    put_aside(model)
    ticket, aside = model.ticket, model.set_aside
    vars(model).update(vars(other))
    model.__dict__["_ticket"], model.set_aside = ticket, aside
    model.go(node)


@dataclass
class SetUp:
    """A board that is being changed by hand; nothing is played meanwhile."""

    stones: NDArray[np.uint8]
    """``(points,)``"""
    to_move: int
    win_rate: float | None
    """Black's chance to win before the change, to compare with."""

    @classmethod
    def of(cls, model: GameModel) -> SetUp:
        """Begin with the board as it is."""
        return cls(model.stones.copy(), model.to_move, model.win_rate_at(model.node))

    def click(self, point: int, other: bool = False) -> None:
        """Put a stone of the side to move, or of the other one, or lift what stands there."""
        if self.stones[point] != EMPTY:
            self.stones[point] = EMPTY
        else:
            self.stones[point] = BLACK + WHITE - self.to_move if other else self.to_move

    def turn(self) -> None:
        """Let the other side move."""
        self.to_move = BLACK + WHITE - self.to_move


def apply_set_up(model: GameModel, changed: SetUp) -> bool:
    """Go on from the board that was set up, as a game of its own; False if it cannot be."""
    spec = model.spec
    start = spec.allocate(1)
    try:
        spec.set_up(start, changed.stones, changed.to_move, strict=False)
    except IllegalActionError as error:
        reason = str(error).partition("got ")[2].partition(" in row")[0]
        model.message = say("This position cannot be: {reason}", reason=reason or error)
        return False
    people = model.settings.people
    put_aside(model)
    model.begin(replace(model.settings, clock=None, handicap=0), start)
    model.settings = replace(model.settings, people=people)
    model.paused = model.ai_turn
    model.message = say("A game from this position; B goes back to the one before")
    if changed.win_rate is not None:
        model.message = say(
            "Before the change {first} had {rate:.0%}; B goes back",
            first=say(model.look.players[0]),
            rate=changed.win_rate,
        )
    return True
