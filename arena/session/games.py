"""What ends or changes a whole game: a new one, another one, a position set up, a variation gone.

All of it can be undone: what was on the board is set aside, and :func:`restore` brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arena.session.game import Game, Settings
from arena.session.session import Session, SetAside
from arena.session.texts import say
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
    """Where handicap stones stand; none in games without, or where the board has none."""
    return (fixed_handicap(spec, count) or []) if spec.has_handicap else []


def new_game(session: Session, settings: Settings) -> None:
    """Start over."""
    put_aside(session)
    session.begin(settings, start_position(settings))


def show(session: Session, start: Positions, record: GameRecord) -> None:
    """Look at another game from its start, without an AI playing; its line is ``record``'s."""
    put_aside(session)
    settings = replace(
        session.game.settings, spec=record.spec, people=(BLACK, WHITE), clock=None, handicap=0
    )
    session.begin(settings, start, record)
    node = session.game.node
    for action in record.actions:
        node = node.child(action)
    for earlier in session.game.node.line():
        earlier.chosen = 0


def has_begun(game: Game) -> bool:
    """Whether there is anything in a game that somebody would miss."""
    return bool(game.node.line()[1:]) or game.has_setup


def put_aside(session: Session) -> None:
    """Keep the game on the board for :func:`restore`, unless nothing has happened in it."""
    game = session.game
    if game.clock is not None:
        game.clock.stop()
    if has_begun(game):
        _keep(session, SetAside(game))


def _keep(session: Session, aside: SetAside) -> None:
    session.set_aside = [*session.set_aside[-_MOST_SET_ASIDE + 1 :], aside]


def restore(session: Session) -> bool:
    """Bring back what was ended or deleted last; what is on the board takes the last place."""
    if not session.set_aside:
        session.message = say("There is nothing to bring back")
        return False
    kept = session.set_aside.pop()
    if kept.game is not session.game:
        _exchange(session, kept.game)
    if kept.deleted is not None:
        parent = kept.deleted.parent
        assert parent is not None
        parent.children.append(kept.deleted)
        parent.chosen = len(parent.children) - 1
        session.go(kept.deleted)
    say_back(session)
    return True


def _exchange(session: Session, game: Game) -> None:
    """Put a kept game on the board; the one that is there comes back after all others."""
    others, session.set_aside = session.set_aside, []
    put_aside(session)
    session.set_aside += others
    session.put(game)


def say_back(session: Session) -> None:
    """Tell that an earlier game is on the board; its AI waits."""
    session.game.paused = session.game.ai_turn
    session.message = say("Back where you were")


def delete_variation(session: Session) -> bool:
    """Take the latest move and all that follows out of the tree."""
    game = session.game
    node, parent = game.node, game.node.parent
    if parent is None:
        session.message = say("The start cannot be deleted; a new game is begun with Ctrl+N")
        return False
    parent.children.remove(node)
    parent.chosen = max(len(parent.children) - 1, 0)
    # With its whole game: by the time it comes back another one may be on the board.
    _keep(session, SetAside(game, node))
    session.go(parent)
    game.paused = game.ai_turn
    session.message = say("Deleted; B brings it back")
    return True


def forget_thoughts(session: Session) -> None:
    """Forget what was thought of every position, also of the games that are set aside."""
    todo = [game.node.path()[0] for game in (session.game, *(k.game for k in session.set_aside))]
    todo += [kept.deleted for kept in session.set_aside if kept.deleted is not None]
    while todo:
        node = todo.pop()
        node.thought, node.samples = None, []
        todo += node.children


def take_over(session: Session, game: Game) -> None:
    """Put another game on the board; the one that is there can be brought back."""
    put_aside(session)
    game.seed = session.new_seed()
    session.put(game)


@dataclass
class SetUp:
    """A board that is being changed by hand; nothing is played meanwhile."""

    stones: NDArray[np.uint8]
    """``(points,)``"""
    to_move: int
    win_rate: float | None
    """Black's chance to win before the change, to compare with."""

    @classmethod
    def of(cls, session: Session) -> SetUp:
        """Begin with the board as it is."""
        game = session.game
        return cls(game.stones.copy(), game.to_move, game.win_rate_at(game.node))

    def click(self, point: int, other: bool = False) -> None:
        """Put a stone of the side to move, or of the other one, or lift what stands there."""
        if self.stones[point] != EMPTY:
            self.stones[point] = EMPTY
        else:
            self.stones[point] = BLACK + WHITE - self.to_move if other else self.to_move

    def turn(self) -> None:
        """Let the other side move."""
        self.to_move = BLACK + WHITE - self.to_move


def apply_set_up(session: Session, changed: SetUp) -> bool:
    """Go on from the board that was set up, as a game of its own; False if it cannot be."""
    settings = session.game.settings
    spec = settings.spec
    start = spec.allocate(1)
    try:
        spec.set_up(start, changed.stones, changed.to_move, strict=False)
    except IllegalActionError as error:
        reason = str(error).partition("got ")[2].partition(" in row")[0]
        session.message = say("This position cannot be: {reason}", reason=reason or error)
        return False
    put_aside(session)
    session.begin(replace(settings, clock=None, handicap=0), start)
    game = session.game
    game.paused = game.ai_turn
    session.message = say("A game from this position; B goes back to the one before")
    if changed.win_rate is not None:
        session.message = say(
            "Before the change {first} had {rate:.0%}; B goes back",
            first=say(game.look.players[0]),
            rate=changed.win_rate,
        )
    return True
