"""Changes of a whole game: new games, opened games, set-up positions, deleted variations.

All of them can be undone: the game on the board is set aside, and :func:`restore` restores it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arena.session.game import Game, Settings
from arena.session.session import Session, SetAside
from arena.session.texts import say
from arena.session.tree import Node
from engine.errors import IllegalActionError
from engine.games.go_handicap import fixed_handicap
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions
from engine.records import GameRecord

_MOST_SET_ASIDE = 20


def start_position(settings: Settings) -> Positions:
    """Return the starting position, ``(1,)``; a handicap too large for the board is left out."""
    spec = settings.spec
    start = spec.allocate(1)
    stones = handicap_points(spec, settings.handicap)
    if stones:
        spec.set_up(start, spec.board(stones), WHITE, strict=False)
    return start


def handicap_points(spec: GameSpec, count: int) -> list[int]:
    """Return the points of handicap stones; empty if the game or board has no handicap."""
    return (fixed_handicap(spec, count) or []) if spec.has_handicap else []


def new_game(session: Session, settings: Settings) -> None:
    """Start a new game and set the present one aside."""
    put_aside(session)
    session.begin(settings, start_position(settings))


def show(session: Session, start: Positions, record: GameRecord, root: Node | None = None) -> None:
    """Show the game of ``record`` from its start, without an AI that plays.

    ``root`` is the start of its tree; without one, the tree is the record's line.
    """
    put_aside(session)
    settings = replace(
        session.game.settings, spec=record.spec, people=(BLACK, WHITE), clock=None, handicap=0
    )
    if root is None:
        root = node = Node()
        for action in record.actions:
            node = node.child(action)
    session.put(Game(settings, start, record, session.new_seed(), root))


def has_begun(game: Game) -> bool:
    """Whether a game has content that is worth keeping."""
    return bool(game.node.line()[1:]) or game.has_setup


def put_aside(session: Session) -> None:
    """Keep the game on the board for :func:`restore`, unless it is empty."""
    game = session.game
    if game.clock is not None:
        game.clock.stop()
    if has_begun(game):
        _keep(session, SetAside(game))


def _keep(session: Session, aside: SetAside) -> None:
    session.set_aside = [*session.set_aside[-_MOST_SET_ASIDE + 1 :], aside]


def restore(session: Session) -> bool:
    """Restore what was ended or deleted last; the game on the board becomes the last in line."""
    if not session.set_aside:
        session.message = say("There is nothing to bring back")
        return False
    kept = session.set_aside.pop()
    if kept.game is not session.game:
        _exchange(session, kept.game)
    if kept.deleted is not None:
        kept.deleted.put_back()
        session.go(kept.deleted)
    say_back(session)
    return True


def _exchange(session: Session, game: Game) -> None:
    """Put a kept game on the board; the present one will be restored after all others."""
    others, session.set_aside = session.set_aside, []
    put_aside(session)
    session.set_aside += others
    session.put(game)


def say_back(session: Session) -> None:
    """Report that an earlier game is on the board and that its AI waits."""
    session.game.paused = session.game.ai_turn
    session.message = say("Back where you were")


def delete_variation(session: Session) -> bool:
    """Remove the latest move and all its continuations from the tree."""
    game = session.game
    node, parent = game.node, game.node.parent
    if parent is None:
        session.message = say("The start cannot be deleted; a new game is begun with Ctrl+N")
        return False
    node.take_away()
    # Keep its whole game too: another one may be on the board when it is restored.
    _keep(session, SetAside(game, node))
    session.go(parent)
    game.paused = game.ai_turn
    session.message = say("Deleted; B brings it back")
    return True


def promote_variation(session: Session) -> bool:
    """Make the line to the position on the board the main line."""
    moved = session.game.node.promote()
    session.message = say("This is the main line now") if moved else say("This is the main line")
    return moved


def forget_thoughts(session: Session) -> None:
    """Delete the search results of every position, also in games that are set aside."""
    todo = [game.node.path()[0] for game in (session.game, *(k.game for k in session.set_aside))]
    todo += [kept.deleted for kept in session.set_aside if kept.deleted is not None]
    while todo:
        node = todo.pop()
        node.thought, node.samples, node.probes = None, [], {}
        todo += node.children


def take_over(session: Session, game: Game) -> None:
    """Put another game on the board; the present one can be restored."""
    put_aside(session)
    game.seed = session.new_seed()
    session.put(game)


@dataclass
class SetUp:
    """A board that a person is setting up; no moves are played meanwhile."""

    stones: NDArray[np.uint8]
    """Stones that stand on the board, ``(points,)``."""
    to_move: int
    win_rate: float | None
    """Black's win rate before the change, for comparison."""

    @classmethod
    def of(cls, session: Session) -> SetUp:
        """Begin with the board as it is."""
        game = session.game
        return cls(game.stones.copy(), game.to_move, game.win_rate_at(game.node))

    def click(self, point: int, other: bool = False) -> None:
        """Place a stone of the side to move or of the other side, or remove the stone there."""
        if self.stones[point] != EMPTY:
            self.stones[point] = EMPTY
        else:
            self.stones[point] = BLACK + WHITE - self.to_move if other else self.to_move

    def turn(self) -> None:
        """Change the side to move."""
        self.to_move = BLACK + WHITE - self.to_move


def apply_set_up(session: Session, changed: SetUp) -> bool:
    """Start a new game from the board that was set up; return False if it is not allowed."""
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
