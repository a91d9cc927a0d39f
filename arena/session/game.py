"""A game: its settings, its tree of positions, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arena.session import wording
from arena.session.clock import ClockRule, GameClock
from arena.session.counting import Count
from arena.session.opponents import Opponent, short_name
from arena.session.texts import say
from arena.session.tree import Node
from engine.games import quick
from engine.games.spec import BLACK, WHITE, GameSpec, Positions, other_side
from engine.look import Look, look_of
from engine.records import GameRecord
from engine.records.replay import reopen
from engine.search import SearchResult


@dataclass(frozen=True)
class Settings:
    """Settings of a new game: the rules, the players and the time."""

    spec: GameSpec = field(default_factory=lambda: quick("go"))
    people: tuple[int, ...] = (BLACK,)
    """The colours that people play; AIs play the others."""
    opponent: Opponent = field(default_factory=Opponent)
    second: Opponent | None = None
    """White's AI, where two different AIs play; ``None`` for the same as Black's."""
    clock: ClockRule | None = None
    handicap: int = 0
    """Number of Black's handicap stones in Go."""

    def opponent_of(self, colour: int) -> Opponent:
        """The AI that plays a colour, if no person does."""
        both = not self.people and colour == WHITE
        return self.second if both and self.second is not None else self.opponent


@dataclass(eq=False)
class Game:
    """One game: its variations, their search results, and the position on the board.

    Only the fields of this class are kept when the game is set aside.
    """

    settings: Settings
    start: Positions
    """The starting position, ``(1,)``."""
    record_of: GameRecord | None = None
    """The record that the game was opened from, if any."""
    seed: int = 0
    """Seed of the AIs' random numbers."""
    node: Node = field(default_factory=Node)
    """Node of the position on the board."""
    paused: bool = False
    """Whether the AI waits because a person is looking at other positions."""
    counting: bool = False
    """Whether the person is marking dead stones."""
    trouble: str = ""
    """Why an AI cannot go on."""
    hopeless: int = 0
    """Consecutive turns in which the AI to move had almost no chance to win."""
    position: Positions = field(init=False)
    """Position of :attr:`node`, ``(1,)``."""
    clock: GameClock | None = field(init=False)

    def __post_init__(self) -> None:
        self.position = self.position_at(self.node)
        rule = self.settings.clock
        self.clock = None if rule is None else GameClock(rule)

    @property
    def spec(self) -> GameSpec:
        """The rules and board size of the game."""
        return self.settings.spec

    @property
    def look(self) -> Look:
        """The shapes and colours in which the game is drawn."""
        return look_of(self.settings.spec)

    def position_at(self, node: Node) -> Positions:
        """Return the position of a node of the tree, ``(1,)``."""
        position = self.start.copy()
        for action in node.actions():
            reopen(self.spec, position)
            self.spec.play(position, np.array([action]))
        return position

    # State.

    @property
    def actions(self) -> list[int]:
        """Actions from the start to the position on the board."""
        return list(self.node.actions())

    @property
    def has_setup(self) -> bool:
        """Whether the game starts from a position that was set up."""
        return bool(self.spec.stones(self.start).any() or self.spec.to_move(self.start)[0] != BLACK)

    @property
    def resigned(self) -> int | None:
        """The colour that resigned, if any."""
        return self.node.resigned

    @property
    def to_move(self) -> int:
        """The side to move, ``BLACK`` or ``WHITE``."""
        return int(self.spec.to_move(self.position)[0])

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        early = self.node.resigned is not None or self.node.timed_out is not None
        return early or self.played_out

    @property
    def played_out(self) -> bool:
        """Whether the rules ended the game."""
        return bool(self.spec.finished(self.position)[0])

    @property
    def to_agree(self) -> bool:
        """Whether the board is being counted: a person has not agreed to the dead stones yet."""
        node, people = self.node, self.settings.people
        if self.record_of is not None or not people or not self.spec.has_dead_stones:
            return False
        given_up = node.resigned is not None or node.timed_out is not None
        return self.played_out and not given_up and not node.agreed

    @property
    def ai_turn(self) -> bool:
        """Whether an AI is to move, even while it must wait."""
        return not self.over and self.to_move not in self.settings.people

    @property
    def ai_to_move(self) -> bool:
        """Whether an AI should be thinking about its move."""
        return self.ai_turn and not self.paused and not self.counting

    @property
    def mover(self) -> Opponent:
        """The AI that plays the side to move."""
        return self.settings.opponent_of(self.to_move)

    @property
    def stones(self) -> NDArray[np.uint8]:
        """Stones on the board, ``(points,)``."""
        return self.spec.stones(self.position)[0]

    @property
    def legal(self) -> NDArray[np.bool_]:
        """Which actions are legal, ``(actions,)``."""
        return self.spec.legal(self.position)[0]

    @property
    def last_point(self) -> int | None:
        """The point of the latest stone; ``None`` if the latest action was a pass."""
        action = self.node.action
        return None if action == self.spec.pass_action else action

    @property
    def count(self) -> Count | None:
        """The board with dead stones marked, in games that have them."""
        if not self.spec.has_dead_stones:
            return None
        dead = np.zeros(self.spec.points, np.bool_)
        dead[list(self.node.dead)] = True
        return Count(self.spec, self.position, dead)

    @property
    def owners(self) -> NDArray[np.int8]:
        """Who owns each point as the board stands: 1 Black, -1 White, ``(points,)``."""
        count = self.count
        return self.spec.ownership(self.position)[0] if count is None else count.owners

    @property
    def score(self) -> float:
        """Black's points minus White's as the board stands, dead stones taken off."""
        count = self.count
        return float(self.spec.score(self.position)[0]) if count is None else count.score

    def points_of(self, colour: int) -> float:
        """Return a colour's points from a finished game: 1, 1/2 or 0."""
        for loser in (self.node.resigned, self.node.timed_out):
            if loser is not None:
                return 0.0 if loser == colour else 1.0
        score = self.score * (1 if colour == BLACK else -1)
        return 0.5 if score == 0 else float(score > 0)

    @property
    def thought(self) -> SearchResult | None:
        """The search result of the position on the board."""
        return self.node.thought

    @property
    def status(self) -> str:
        """Return one sentence about the side to move or the result."""
        return wording.status(self)

    def name_of(self, colour: int) -> str:
        """Return the name of a colour's player: You, the AI, or the colour's own name."""
        if colour not in self.settings.people:
            return short_name(self.settings.opponent_of(colour))
        return say("You") if len(self.settings.people) == 1 else say(self.look.player(colour))

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return self.node.resigned is not None or self.node.parent is not None

    def target(self, point: int) -> int:
        """Return the action of a click on a point; where stones fall, it is the column's."""
        if not self.spec.stones_fall:
            return point
        column = np.arange(point % self.spec.width, self.spec.points, self.spec.width)
        free = column[self.legal[column]]
        return int(free[0]) if len(free) else point

    @property
    def win_rate(self) -> float | None:
        """Black's points of a finished game, otherwise the latest estimate of Black's win rate."""
        if self.over:
            return self.points_of(BLACK)
        for node in reversed(self.node.path()):
            rate = self.win_rate_at(node)
            if rate is not None:
                return rate
        return None

    def win_rate_at(self, node: Node) -> float | None:
        """Return the AI's estimate of Black's win rate in a position, else the file's."""
        if node.thought is None:
            return node.read_rate
        rate = node.thought.win_rate
        return rate if self.side(node) == BLACK else 1.0 - rate

    def score_at(self, node: Node) -> float | None:
        """Return the AI's expected final score of a position, Black's points minus White's."""
        if node.thought is None or not self.spec.has_points:
            return None
        score = node.thought.score
        return score if self.side(node) == BLACK else -score

    def side(self, node: Node) -> int:
        """Return the side to move at a node; the sides alternate, forced passes included."""
        first = int(self.spec.to_move(self.start)[0])
        return first if node.ply % 2 == 0 else other_side(first)
