"""The game being looked at, without a window: all behaviour, no drawing, no threads.

The model says whose turn it is and takes what people and the AI decide. A ``ticket`` names the
position that the AI was asked about; answers with an old ticket are dropped, so undoing, resigning
and starting anew need not wait for a search to end.

Every position that was on the board stays in a tree. Going back and forth only looks: the AI then
waits until somebody plays or asks it to go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Decision, Turn
from arena.window import wording
from arena.window.looks import look_of, opponent, usual_spec
from arena.window.tree import Node
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.records import GameRecord
from engine.search import SearchResult

RESIGN_BELOW: Final = 0.02
"""The AI resigns below this chance to win ..."""
RESIGN_TURNS: Final = 3
"""... in so many of its turns in a row ..."""
RESIGN_AFTER: Final = 0.5
"""... after so many plies a point of the board."""
_LOOK, _GAME = 2, 1
"""Numbers of the searches for the person and for the AI: each keeps a tree of its own."""


@dataclass(frozen=True)
class Settings:
    """What a new game asks for."""

    spec: GameSpec = field(default_factory=lambda: usual_spec("go"))
    people: tuple[int, ...] = (BLACK,)
    """The colours that people play; the AI plays the others."""
    simulations: int = 400
    """The AI's search per move."""


class GameModel:
    """One game of people and the AI, with its variations and what the AI thought."""

    def __init__(self, settings: Settings, ai_name: str = "Miai", seed: int | None = None) -> None:
        self.ai_name = ai_name
        self._seed = int(datetime.now().timestamp()) if seed is None else seed
        self._ticket = 0
        self.previous: GameModel | None = None
        self._start(settings)

    def _start(self, settings: Settings) -> None:
        self.settings = settings
        self.spec = settings.spec
        self.look = look_of(settings.spec)
        self.start = self.spec.allocate(1)
        self.record_of: GameRecord | None = None
        """The file that the game came from."""
        self.node = Node()
        self.paused = False
        """The AI waits, because somebody looks around."""
        self.message = ""
        self._hopeless = 0
        self._set_position()

    def _set_position(self) -> None:
        """Replay the actions; a new ticket makes running searches stale."""
        self.position = self.position_at(self.node)
        self._ticket += 1

    def position_at(self, node: Node) -> Positions:
        """A position of the tree, ``(1,)``."""
        position = self.start.copy()
        for action in node.actions():
            self.spec.play(position, np.array([action]))
        return position

    # What is so.

    @property
    def ticket(self) -> int:
        """Names the position; changes whenever the AI's work on it is void."""
        return self._ticket

    @property
    def actions(self) -> list[int]:
        """All actions up to the position on the board."""
        return list(self.node.actions())

    @property
    def resigned(self) -> int | None:
        """Who gave up."""
        return self.node.resigned

    @property
    def to_move(self) -> int:
        """``BLACK`` or ``WHITE``."""
        return int(self.spec.to_move(self.position)[0])

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self.resigned is not None or bool(self.spec.finished(self.position)[0])

    @property
    def ai_turn(self) -> bool:
        """Whether it is the AI's turn, though it may have to wait."""
        return not self.over and self.to_move not in self.settings.people

    @property
    def ai_to_move(self) -> bool:
        """Whether the AI should be thinking about its move."""
        return self.ai_turn and not self.paused

    @property
    def stones(self) -> NDArray[np.uint8]:
        """``(points,)``"""
        return self.spec.stones(self.position)[0]

    @property
    def legal(self) -> NDArray[np.bool_]:
        """``(actions,)``"""
        return self.spec.legal(self.position)[0]

    @property
    def last_point(self) -> int | None:
        """Where the latest stone was placed, unless the latest action was a pass."""
        action = self.node.action
        return None if action == self.spec.pass_action else action

    @property
    def owners(self) -> NDArray[np.int8]:
        """Who owns each point as the board stands: 1 Black, -1 White, ``(points,)``."""
        return self.spec.ownership(self.position)[0]

    @property
    def thought(self) -> SearchResult | None:
        """What the AI thinks of the position on the board."""
        return self.node.thought

    @property
    def status(self) -> str:
        """One sentence: who moves, or how the game ended."""
        return wording.status(self)

    def name_of(self, colour: int) -> str:
        """Who plays a colour: You, the AI, or the colour's own name."""
        if colour not in self.settings.people:
            return self.ai_name
        return "You" if len(self.settings.people) == 1 else self.look.player(colour)

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return self.resigned is not None or self.node.parent is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a position to go forward to."""
        return self.node.next is not None

    def target(self, point: int) -> int:
        """The action that a click on a point means: in a game of falling stones, its column's."""
        if not self.spec.stones_fall:
            return point
        column = np.arange(point % self.spec.width, self.spec.points, self.spec.width)
        free = column[self.legal[column]]
        return int(free[0]) if len(free) else point

    # What a person does.

    def play(self, action: int) -> bool:
        """Play the person's action; if it cannot be, say why in ``message`` and return False."""
        if self.over:
            self.message = "The game is over: start a new one, or take a move back"
            return False
        if self.ai_to_move:
            self.message = f"It is {self.ai_name}'s turn"
            return False
        refusal = wording.why_illegal(self, action)
        if refusal:
            self.message = refusal
            return False
        self._play(action)
        return True

    def pass_turn(self) -> bool:
        """Pass."""
        return self.play(self.spec.pass_action)

    def resign(self) -> bool:
        """Give up the game; undo takes it back."""
        if self.over:
            self.message = "The game is over"
            return False
        people = self.settings.people
        self.node.resigned = people[0] if len(people) == 1 else self.to_move
        self._ticket += 1
        self.message = "Resigned; undo takes it back"
        return True

    def undo(self) -> bool:
        """Go back to before the person's latest move, or take back a resignation."""
        self.message = ""
        if self.node.resigned is not None:
            self.node.resigned = None
            self._hopeless = 0
            self._ticket += 1
            return True
        node = self.node.parent
        while node is not None and not self._is_persons(node):
            node = node.parent
        if node is None:
            self.message = "Nothing to take back"
            return False
        self._go(node)
        self.paused = False
        return True

    def redo(self) -> bool:
        """Play again what was taken back, up to the person's next turn."""
        node = self.node.next
        if node is None or self.over:
            self.message = "Nothing to play again"
            return False
        while node.next is not None and not self._is_persons(node):
            node = node.next
        self._go(node)
        self.paused = False
        return True

    def step(self, plies: int) -> bool:
        """Look at the position some plies later, or earlier if negative; the AI waits there."""
        node = self.node
        for _ in range(abs(plies)):
            further = node.next if plies > 0 else node.parent
            if further is None:
                break
            node = further
        return self.look_at(node)

    def turn_to_sibling(self, step: int) -> bool:
        """Look at the next variation of the latest move, or the previous one."""
        parent = self.node.parent
        if parent is None or len(parent.children) < 2:
            self.message = "There is no other variation here"
            return False
        index = (parent.children.index(self.node) + step) % len(parent.children)
        parent.chosen = index
        return self.look_at(parent.children[index])

    def look_at(self, node: Node) -> bool:
        """Put another position of the tree on the board; the AI waits there."""
        if node is self.node:
            return False
        self._go(node)
        self.message = ""
        self.paused = self.ai_turn
        return True

    def go_on(self) -> bool:
        """Let the AI move again where it waits."""
        if not self.ai_turn or not self.paused:
            return False
        self.paused = False
        self.message = ""
        self._ticket += 1
        return True

    def swap_sides(self) -> bool:
        """The AI takes the person's colour and the person the AI's."""
        people = self.settings.people
        if len(people) != 1:
            self.message = "Only a game of a person against the AI has sides to swap"
            return False
        self.settings = replace(self.settings, people=(opponent(people[0]),))
        self.paused = False
        self._ticket += 1
        self.message = f"You play {self.look.player(self.settings.people[0])} now"
        return True

    def new_game(self, settings: Settings) -> None:
        """Start over; :meth:`restore` brings the old game back."""
        self._put_aside()
        self._start(settings)
        self._seed += 1

    def _put_aside(self) -> None:
        old = GameModel.__new__(GameModel)
        old.__dict__.update(self.__dict__)
        old.previous = None
        self.previous = old if old.node.line()[1:] else None

    def restore(self) -> bool:
        """Bring back the game that the last new game ended."""
        if self.previous is None:
            self.message = "There is no earlier game to go back to"
            return False
        ticket = self._ticket
        self.__dict__.update(self.previous.__dict__)
        self.previous = None
        self._ticket = ticket + 1
        self.message = "Back in the earlier game"
        return True

    def show(self, spec: GameSpec, start: Positions, record: GameRecord) -> None:
        """Look at another game from its start, without the AI playing; restore undoes it."""
        self._put_aside()
        self._start(Settings(spec, (BLACK, WHITE), self.settings.simulations))
        self.start, self.record_of = start, record
        node = self.node
        for action in record.actions:
            node = node.child(action)
        self._set_position()

    def take_over(self, other: GameModel, node: Node) -> None:
        """Become another model's game, at one of its positions."""
        ticket, name = self._ticket, self.ai_name
        self.__dict__.update(other.__dict__)
        self.ai_name = name
        self._ticket = ticket
        self._go(node)

    # What the AI does.

    def turn(self) -> Turn:
        """The position as a question to the AI."""
        game = _GAME if self.ai_to_move else _LOOK
        return self._turn_at(self.node, self.position, game)

    def turn_at(self, node: Node) -> Turn:
        """Another position of the tree as a question."""
        return self._turn_at(node, self.position_at(node), _LOOK)

    def _turn_at(self, node: Node, position: Positions, game: int) -> Turn:
        return Turn(game, self.spec, position.copy(), node.actions(), self._seed)

    def ai_thinks(self, ticket: int, thought: SearchResult) -> bool:
        """Take news of a search, also of one that only looks; return False if it is stale."""
        if ticket != self._ticket or self.over:
            return False
        self.node.thought = thought
        return True

    def ai_decides(self, ticket: int, decision: Decision) -> bool:
        """Play what the AI chose; return False if it is stale or the AI is not to move."""
        if ticket != self._ticket or self.over:
            return False
        if decision.thought is not None:
            self.node.thought = decision.thought
        if not self.ai_to_move:
            return False
        if decision.thought is not None:
            hopeless = decision.thought.win_rate < RESIGN_BELOW
            self._hopeless = self._hopeless + 1 if hopeless else 0
        late = self.node.ply >= RESIGN_AFTER * self.spec.points and self.spec.has_points
        if decision.resign or (self._hopeless >= RESIGN_TURNS and late):
            self.node.resigned = self.to_move
            self._ticket += 1
            return True
        self._play(decision.action)
        if decision.action == self.spec.pass_action and not self.over:
            end = ": pass too to end the game" if self.spec.may_pass else ""
            self.message = f"{self.ai_name} plays {self.spec.pass_name}{end}"
        return True

    @property
    def win_rate(self) -> float | None:
        """The latest judgement of Black's chance to win."""
        for node in reversed(self.node.path()):
            rate = self.win_rate_at(node)
            if rate is not None:
                return rate
        return None

    def win_rate_at(self, node: Node) -> float | None:
        """Black's chance to win as the AI judged a position."""
        if node.thought is None:
            return None
        rate = node.thought.win_rate
        return rate if self.side(node) == BLACK else 1.0 - rate

    def side(self, node: Node) -> int:
        """Who is to move at a node: sides take turns, forced passes included."""
        first = int(self.spec.to_move(self.start)[0])
        return first if node.ply % 2 == 0 else opponent(first)

    def _is_persons(self, node: Node) -> bool:
        return self.side(node) in self.settings.people

    def _go(self, node: Node) -> None:
        self.node = node
        self._hopeless = 0
        self._set_position()

    def _play(self, action: int) -> None:
        self.spec.play(self.position, np.array([action]))
        self.node = self.node.child(action)
        self._ticket += 1
        self.paused = False
        self.message = ""
        if self._must_pass():
            who = self.look.player(self.to_move)
            self._play(self.spec.pass_action)
            self.message = f"{who} cannot move and passes"

    def _must_pass(self) -> bool:
        """Whether the rules leave no choice but to pass, as in Othello."""
        legal = self.legal
        return (
            not self.spec.may_pass
            and not self.over
            and bool(legal[self.spec.pass_action])
            and not legal[:-1].any()
        )
