"""A game against a chosen agent as a Gymnasium environment: the opponent is part of the world.

```
from arena.gymnasium_env import AgainstAgent
world = AgainstAgent("connect_four", opponent="rollouts:50")
observation, info = world.reset(seed=1)
```

Needs the package ``gymnasium``, which comes with ``pettingzoo``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from agents.parse import parse_agent
from agents.protocol import Agent, Turn
from arena.pettingzoo_env import (
    RENDER_MODES,
    BoardEnv,
    gymnasium,
    observation_of,
    observation_space,
)
from engine.errors import IllegalActionError, ProgramError
from engine.games import make
from engine.games.spec import BLACK, WHITE, GameSpec

Side = Literal["black", "white", "random"]


class AgainstAgent(gymnasium.Env[dict[str, NDArray[np.int8]], int]):
    """One side of a game.

    Observations are those of :func:`arena.pettingzoo_env.observation_of`, actions the points and
    the pass. The reward is 1 for a win, -1 for a loss, 0 else. An illegal action loses at once,
    unless ``strict``, when it raises.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": list(RENDER_MODES), "render_fps": 4}

    def __init__(
        self,
        game: str | GameSpec,
        opponent: str | Agent = "random",
        *,
        side: Side = "black",
        render_mode: str | None = None,
        strict: bool = False,
    ) -> None:
        """Seat the opponent.

        Args:
            game: the name of a game at its usual size, or its spec.
            opponent: an agent, or its spelling as ``miai arena`` takes it.
            side: who moves for you; ``random`` is drawn at each reset.
            render_mode: as :class:`BoardEnv` takes it.
            strict: whether illegal actions raise IllegalActionError.

        Raises:
            MiaiError: if there is no such game or agent.
        """
        if side not in ("black", "white", "random"):
            raise ValueError(f"expected a side from black, white, random, got {side!r}")
        self.game = make(game) if isinstance(game, str) else game
        self._board = BoardEnv(self.game, render_mode)
        self._owned = isinstance(opponent, str)
        self._opponent: Agent = (
            parse_agent(opponent, self.game, processes=1) if isinstance(opponent, str) else opponent
        )
        self.render_mode = render_mode
        self.observation_space = observation_space(self.game)
        self.action_space = gymnasium.spaces.Discrete(self.game.actions)
        self._side: Side = side
        self._strict = strict
        self.colour = BLACK
        """Side of the caller in this game."""
        self._game = 0
        self._seed = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.int8]], dict[str, Any]]:
        """Begin a game; the opponent has moved if it begins. ``options`` as of :class:`BoardEnv`.

        Raises:
            ProgramError: if the opponent cannot go on.
        """
        super().reset(seed=seed)
        self._opponent.end_game(self._game)
        self._game += 1
        self._seed = int(self.np_random.integers(1 << 32))
        sides = {"black": BLACK, "white": WHITE, "random": 1 + int(self.np_random.integers(2))}
        self.colour = sides[self._side]
        self._board.reset(options=options)
        self._answer()
        return self._observation(), {}

    def step(
        self, action: int
    ) -> tuple[dict[str, NDArray[np.int8]], float, bool, bool, dict[str, Any]]:
        """Play, and let the opponent answer.

        Raises:
            IllegalActionError: if the action is illegal and the environment strict.
            ProgramError: if the opponent cannot go on.
        """
        number = int(action)
        mine = int(self.game.to_move(self._board.position)[0]) == self.colour
        legal = 0 <= number < self.game.actions and bool(
            self.game.legal(self._board.position)[0, number]
        )
        if not (mine and legal) and not self._strict:
            return self._observation(), -1.0, True, False, {"illegal": True}
        if self.game.finished(self._board.position)[0]:
            raise IllegalActionError("expected a game that is not over: call reset() first")
        self._board.step(number)
        resigned = self._answer()
        over = bool(self.game.finished(self._board.position)[0])
        reward = 1.0 if resigned else self._reward() if over else 0.0
        return self._observation(), reward, over or resigned, False, {}

    def render(self) -> Any:
        """As :meth:`BoardEnv.render`."""
        return self._board.render()

    def close(self) -> None:
        """Close the window, and the opponent if it was made here."""
        self._board.close()
        if self._owned:
            self._opponent.close()

    def _answer(self) -> bool:
        """Let the opponent move while it is its turn; return whether it gave up."""
        board, spec = self._board, self.game
        while not spec.finished(board.position)[0]:
            if int(spec.to_move(board.position)[0]) == self.colour:
                return False
            turn = Turn(self._game, spec, board.position.copy(), tuple(board.actions), self._seed)
            decision = self._opponent.choose([turn])[0]
            if decision.forfeit:
                raise ProgramError(f"the opponent cannot go on: {decision.forfeit}")
            if decision.resign:
                return True
            board.step(decision.action)
        return False

    def _reward(self) -> float:
        black = float(self.game.outcome(self._board.position)[0])
        return black if self.colour == BLACK else -black

    def _observation(self) -> dict[str, NDArray[np.int8]]:
        board = self._board
        mine = int(self.game.to_move(board.position)[0]) == self.colour
        last = board.actions[-1] if board.actions else None
        return observation_of(self.game, board.position, self.colour, last, mine)
