"""The game a person plays, without a window: all behaviour, no drawing, no threads.

The model says whose turn it is and takes what people and the AI decide. A ``ticket`` names the
position that the AI was asked about; answers with an old ticket are dropped, so undoing, resigning
and starting anew need not wait for a search to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Decision, Turn
from engine.errors import IllegalActionError
from engine.files import write_atomic
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import action_to_text
from engine.records import GameRecord, write_sgf
from engine.search import SearchResult

RESIGN_BELOW: Final = 0.02
"""The AI resigns below this chance to win ..."""
RESIGN_TURNS: Final = 3
"""... in so many of its turns in a row ..."""
RESIGN_AFTER: Final = 40
"""... after so many plies."""

COLOUR_NAMES: Final = {BLACK: "Black", WHITE: "White"}


@dataclass(frozen=True)
class Settings:
    """What a new game asks for."""

    size: int = 9
    komi: float = 7.0
    colour: int = BLACK
    """The person's colour."""
    simulations: int = 400
    """The AI's search per move."""

    def spec(self) -> GoSpec:
        """The rules."""
        return GoSpec(self.size, self.size, self.komi)


def opponent(colour: int) -> int:
    """The other colour."""
    return BLACK + WHITE - colour


class GameModel:
    """One game between a person and the AI, with undo, redo and what the AI thought."""

    def __init__(self, settings: Settings, ai_name: str = "Miai", seed: int | None = None) -> None:
        self.ai_name = ai_name
        self._seed = int(datetime.now().timestamp()) if seed is None else seed
        self._ticket = 0
        self.previous: GameModel | None = None
        self._start(settings)

    def _start(self, settings: Settings) -> None:
        self.settings = settings
        self.spec = settings.spec()
        self.actions: list[int] = []
        self._redo: list[int] = []
        self.win_rates: dict[int, float] = {}
        """Black's chance to win by ply, where the AI has judged it."""
        self.thought: SearchResult | None = None
        """What the AI thinks or last thought, from the side to move at ``thought_ply``."""
        self.thought_ply = 0
        self.resigned: int | None = None
        self.message = ""
        self._hopeless = 0
        self._set_position()

    def _set_position(self) -> None:
        """Replay the actions; a new ticket makes running searches stale."""
        self.position = self.spec.allocate(1)
        for action in self.actions:
            self.spec.play(self.position, np.array([action]))
        self._ticket += 1

    # What is so.

    @property
    def ticket(self) -> int:
        """Names the position; changes whenever the AI's work on it is void."""
        return self._ticket

    @property
    def to_move(self) -> int:
        """``BLACK`` or ``WHITE``."""
        return int(self.spec.to_move(self.position)[0])

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self.resigned is not None or bool(self.spec.finished(self.position)[0])

    @property
    def ai_to_move(self) -> bool:
        """Whether the AI should be thinking."""
        return not self.over and self.to_move != self.settings.colour

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
        if self.actions and self.actions[-1] != self.spec.pass_action:
            return self.actions[-1]
        return None

    @property
    def prisoners(self) -> tuple[int, int]:
        """Stones captured by Black, by White."""
        black, white = self.position["prisoners"][0]
        return int(black), int(white)

    @property
    def owners(self) -> NDArray[np.int8]:
        """Who owns each point as the board stands: 1 Black, -1 White, ``(points,)``."""
        return self.spec.ownership(self.position)[0]

    @property
    def result(self) -> str:
        """As in SGF; ``?`` while the game goes on."""
        if self.resigned is not None:
            return f"{COLOUR_NAMES[opponent(self.resigned)][0]}+R"
        if not self.over:
            return "?"
        score = float(self.spec.score(self.position)[0])
        return f"{'B' if score > 0 else 'W'}+{abs(score):g}" if score else "0"

    @property
    def status(self) -> str:
        """One sentence: who moves, or how the game ended."""
        if self.resigned is not None:
            who = "You" if self.resigned == self.settings.colour else self.ai_name
            winner = COLOUR_NAMES[opponent(self.resigned)]
            return f"{who} resigned: {winner} wins"
        if self.over:
            score = float(self.spec.score(self.position)[0])
            if score == 0:
                return "The game is a draw"
            colour = BLACK if score > 0 else WHITE
            who = "You win" if colour == self.settings.colour else f"{self.ai_name} wins"
            return f"{who}: {COLOUR_NAMES[colour]} by {abs(score):g}"
        colour_name = COLOUR_NAMES[self.to_move]
        if self.ai_to_move:
            return f"{self.ai_name} to move ({colour_name})"
        return f"Your move ({colour_name})"

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return self.resigned is not None or bool(self.actions)

    @property
    def can_redo(self) -> bool:
        """Whether anything that was taken back can be played again."""
        return bool(self._redo)

    # What a person does.

    def play(self, action: int) -> bool:
        """Play the person's action; if it cannot be, say why in ``message`` and return False."""
        if self.over:
            self.message = "The game is over: start a new one, or take a move back"
            return False
        if self.ai_to_move:
            self.message = f"It is {self.ai_name}'s turn"
            return False
        refusal = self._why_illegal(action)
        if refusal:
            self.message = refusal
            return False
        self._redo.clear()
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
        self.resigned = self.settings.colour
        self._ticket += 1
        self.message = "You resigned; undo takes it back"
        return True

    def undo(self) -> bool:
        """Take back the person's latest move and the AI's answer, or a resignation."""
        self.message = ""
        if self.resigned is not None:
            self.resigned = None
            self._hopeless = 0
            self._ticket += 1
            return True
        mine = [i for i in range(len(self.actions)) if self._colour_at(i) == self.settings.colour]
        if not mine:
            self.message = "Nothing to take back"
            return False
        keep = mine[-1]
        self._redo.extend(reversed(self.actions[keep:]))
        del self.actions[keep:]
        self._forget_after(keep)
        self._set_position()
        return True

    def redo(self) -> bool:
        """Play again what was taken back, up to the person's next turn."""
        if not self._redo or self.over:
            self.message = "Nothing to play again"
            return False
        self.message = ""
        while self._redo:
            self.actions.append(self._redo.pop())
            if self._colour_at(len(self.actions)) == self.settings.colour:
                break
        self._set_position()
        return True

    def new_game(self, settings: Settings) -> None:
        """Start over; :meth:`restore` brings the old game back."""
        old = GameModel.__new__(GameModel)
        old.__dict__.update(self.__dict__)
        old.previous = None
        self._start(settings)
        self.previous = old if old.actions else None
        self._seed += 1

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

    def record(self) -> GameRecord:
        """The game so far."""
        names = {self.settings.colour: "Player", opponent(self.settings.colour): self.ai_name}
        return GameRecord(
            spec=self.spec,
            actions=tuple(self.actions),
            black=names[BLACK],
            white=names[WHITE],
            result=self.result,
            extra={"DT": f"{datetime.now():%Y-%m-%d}"},
        )

    def save(self, path: Path | None = None) -> Path | None:
        """Write the game as SGF; say where, or why it failed, in ``message``."""
        if path is None:
            path = Path.cwd() / f"miai-{datetime.now():%Y%m%d-%H%M%S}.sgf"
        try:
            write_atomic(path, write_sgf(self.record()))
        except OSError as error:
            self.message = f"Could not save {path}: {error.strerror}"
            return None
        self.message = f"Saved {path}"
        return path

    # What the AI does.

    def turn(self) -> Turn:
        """The position as a question to the AI."""
        return Turn(1, self.spec, self.position.copy(), tuple(self.actions), self._seed)

    def ai_thinks(self, ticket: int, thought: SearchResult) -> bool:
        """Take news of a search, also of one that only looks; return False if it is stale."""
        if ticket != self._ticket or self.over:
            return False
        self._note_thought(thought)
        return True

    def ai_decides(self, ticket: int, decision: Decision) -> bool:
        """Play what the AI chose; return False if it is stale or the AI is not to move."""
        if ticket != self._ticket or self.over:
            return False
        if decision.thought is not None:
            self._note_thought(decision.thought)
        if not self.ai_to_move:
            return False
        if decision.thought is not None:
            hopeless = decision.thought.win_rate < RESIGN_BELOW
            self._hopeless = self._hopeless + 1 if hopeless else 0
        if decision.resign or (
            self._hopeless >= RESIGN_TURNS and len(self.actions) >= RESIGN_AFTER
        ):
            self.resigned = self.to_move
            self._ticket += 1
            return True
        self._redo.clear()
        self._play(decision.action)
        if decision.action == self.spec.pass_action and not self.over:
            self.message = f"{self.ai_name} passes: pass too to end the game"
        return True

    def _note_thought(self, thought: SearchResult) -> None:
        self.thought = thought
        self.thought_ply = len(self.actions)
        rate = thought.win_rate
        self.win_rates[len(self.actions)] = rate if self.to_move == BLACK else 1.0 - rate

    @property
    def win_rate(self) -> float | None:
        """The latest judgement of Black's chance to win."""
        known = [ply for ply in self.win_rates if ply <= len(self.actions)]
        return self.win_rates[max(known)] if known else None

    def _play(self, action: int) -> None:
        self.spec.play(self.position, np.array([action]))
        self.actions.append(action)
        self._ticket += 1
        self.message = ""

    def _forget_after(self, ply: int) -> None:
        self.win_rates = {p: rate for p, rate in self.win_rates.items() if p <= ply}
        if self.thought_ply > ply:
            self.thought = None
        self._hopeless = 0

    def _colour_at(self, ply: int) -> int:
        """Who plays the action number ``ply``, counted from 0."""
        return BLACK if ply % 2 == 0 else WHITE

    def _why_illegal(self, action: int) -> str:
        """A sentence for the person, empty if the action is legal."""
        if self.legal[action]:
            return ""
        point = action_to_text(self.spec, action)
        if self.stones[action] != EMPTY:
            return f"{point} is occupied"
        try:
            self.spec.play(self.position.copy(), np.array([action]))
        except IllegalActionError as error:
            if "suicide" in str(error):
                return f"{point} would be suicide: the stone would have no liberty"
        return f"{point} would repeat an earlier position: play elsewhere first (ko)"
