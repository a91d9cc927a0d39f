"""Every game as a PettingZoo environment: the classic ``reset / step / render`` loop.

```
from arena.pettingzoo_env import env
game = env("hex", 7, render_mode="ansi")
game.reset(seed=1)
for agent in game.agent_iter():
    observation, reward, terminated, truncated, info = game.last()
    action = None if terminated else game.action_space(agent).sample(observation["action_mask"])
    game.step(action)
```

An adapter over one row of positions: it holds arrays and numbers, so copies and pickles go on as
the original would. Needs the package ``pettingzoo``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.diagram import diagram
from engine.errors import IllegalActionError
from engine.games import make
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.notation import action_to_text, text_to_action

try:
    import gymnasium
    from gymnasium import logger, spaces
    from pettingzoo import AECEnv
    from pettingzoo.utils import wrappers
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"expected the package {error.name!r}, found none: pip install 'miai[pettingzoo]'",
        name=error.name,
    ) from error

PLAYERS = ("player_0", "player_1")
"""Black, who moves first, and White."""
RENDER_MODES = ("human", "rgb_array", "ansi")


def env(
    game: str,
    height: int | None = None,
    width: int | None = None,
    *,
    render_mode: str | None = None,
    **rules: Any,
) -> AECEnv[str, dict[str, NDArray[np.int8]], int]:
    """Return an environment whose illegal actions lose at once, as in PettingZoo's own games.

    Args:
        game: its name, such as ``go`` or ``connect_four``.
        height: of the board, its usual one without; alone, a square's side.
        width: of the board.
        render_mode: ``human``, ``rgb_array``, ``ansi`` or nothing.
        rules: of the game, as :func:`engine.games.make` takes them.

    Raises:
        SpecError: if there is no such game, size or rule.
    """
    raw: Any = BoardEnv(make(game, height, width, **rules), render_mode)
    raw = wrappers.TerminateIllegalWrapper(raw, illegal_reward=-1)
    raw = wrappers.AssertOutOfBoundsWrapper(raw)
    return wrappers.OrderEnforcingWrapper(raw)


class BoardEnv(AECEnv[str, dict[str, NDArray[np.int8]], int]):
    """One game without wrappers: an illegal action raises, and nothing has changed."""

    def __init__(self, spec: GameSpec, render_mode: str | None = None) -> None:
        super().__init__()
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(
                f"expected a render mode from {', '.join(RENDER_MODES)}, got {render_mode!r}"
            )
        self.spec = spec
        self.render_mode = render_mode
        self.metadata = {
            "render_modes": list(RENDER_MODES),
            "name": f"miai_{spec.name}_v0",
            "is_parallelizable": False,
            "render_fps": 4,
        }
        self.possible_agents = list(PLAYERS)
        self.agents: list[str] = []
        self.position: Positions = spec.allocate(1)
        """The position on the board, one row."""
        self.actions: list[int] = []
        """What was played since the start."""
        self._window: Any = None

    @functools.cached_property
    def observation_spaces(self) -> dict[str, spaces.Space[Any]]:
        """As :func:`observation_of` says, the same for both."""
        return {agent: observation_space(self.spec) for agent in self.possible_agents}

    @functools.cached_property
    def action_spaces(self) -> dict[str, spaces.Space[Any]]:
        """The points in rows from the top left, and the pass as the last action."""
        return {agent: spaces.Discrete(self.spec.actions) for agent in self.possible_agents}

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin anew. ``options`` may hold ``moves``, such as ``["D4", "E5"]``, to begin after.

        Nothing here is random: the seed is taken and changes nothing.

        Raises:
            MiaiError: if these moves cannot be played.
        """
        self.position = self.spec.allocate(1)
        self.actions = []
        for word in (options or {}).get("moves", ()):
            self._play(text_to_action(self.spec, word))
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.agent_selection = self._to_move()
        self._end_if_over()

    def observe(self, agent: str) -> dict[str, NDArray[np.int8]]:
        colour = BLACK if agent == PLAYERS[0] else WHITE
        moves = agent == self._to_move() and agent in self.agents
        return observation_of(self.spec, self.position, colour, self._last(), moves)

    def step(self, action: int | None) -> None:
        """Play for the selected player.

        Raises:
            IllegalActionError: if the rules refuse the action; the game stands as it was.
        """
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        self._play(-1 if action is None else int(action))
        self.agent_selection = self._to_move()
        if self.agent_selection == agent:
            self.agent_selection = PLAYERS[1 - PLAYERS.index(agent)]
        self._end_if_over()
        self._accumulate_rewards()
        if self.render_mode == "human":
            self.render()

    def render(self) -> str | NDArray[np.uint8] | None:
        """Return the board as text or image, or show it in a window."""
        if self.render_mode is None:
            logger.warn("render() without a render mode shows nothing")
            return None
        if self.render_mode == "ansi":
            return f"{diagram(self.spec, self.position)}\n{self._status()}\n"
        from arena.picture import board_picture

        picture = board_picture(self.spec, self.position, self._last())
        if self.render_mode == "rgb_array":
            return picture
        self._show(picture)
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            import pygame

            self._window = None
            pygame.display.quit()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_window": None}

    def __str__(self) -> str:
        return str(self.metadata["name"])

    def _to_move(self) -> str:
        return PLAYERS[0 if int(self.spec.to_move(self.position)[0]) == BLACK else 1]

    def _last(self) -> int | None:
        return self.actions[-1] if self.actions else None

    def _play(self, action: int) -> None:
        if action < 0:
            raise IllegalActionError(f"expected an action from 0 to {self.spec.points}, got none")
        self.spec.play(self.position, np.array([action]))
        self.actions.append(action)

    def _end_if_over(self) -> None:
        if self.spec.finished(self.position)[0]:
            black = float(self.spec.outcome(self.position)[0])
            self.rewards = {PLAYERS[0]: black, PLAYERS[1]: -black}
            self.terminations = dict.fromkeys(self.agents, True)

    def _status(self) -> str:
        if self.spec.finished(self.position)[0]:
            return f"over, score {float(self.spec.score(self.position)[0]):+g} for Black"
        last = "" if not self.actions else f", last {action_to_text(self.spec, self.actions[-1])}"
        side = "Black (X)" if self._to_move() == PLAYERS[0] else "White (O)"
        return f"{side} to move{last}"

    def _show(self, picture: NDArray[np.uint8]) -> None:
        import pygame

        if self._window is None:
            pygame.display.init()
            pygame.display.set_caption(str(self.spec))
            self._window = pygame.display.set_mode(picture.shape[1::-1])
        pygame.event.pump()
        self._window.blit(pygame.surfarray.make_surface(picture.swapaxes(0, 1)), (0, 0))
        pygame.display.flip()


def observation_space(spec: GameSpec) -> spaces.Dict:
    """What :func:`observation_of` gives."""
    return spaces.Dict(
        {
            "observation": spaces.Box(0, 1, (spec.height, spec.width, 3), np.int8),
            "action_mask": spaces.Box(0, 1, (spec.actions,), np.int8),
        }
    )


def observation_of(
    spec: GameSpec, position: Positions, colour: int, last: int | None, may_move: bool
) -> dict[str, NDArray[np.int8]]:
    """Return what a side sees.

    ``observation`` is int8 ``(height, width, 3)``: own stones, the opponent's, the latest action.
    ``action_mask`` is int8 ``(actions,)``: 1 where legal, all 0 for who may not move.
    """
    stones = spec.stones(position)[0].reshape(spec.height, spec.width)
    latest = np.zeros(spec.points, np.int8)
    if last is not None and last < spec.points:
        latest[last] = 1
    planes = [stones == colour, stones == BLACK + WHITE - colour, latest.reshape(stones.shape)]
    legal = spec.legal(position)[0] if may_move else np.zeros(spec.actions, np.bool_)
    return {
        "observation": np.stack(planes, axis=2).astype(np.int8),
        "action_mask": legal.astype(np.int8),
    }


__all__ = [
    "PLAYERS",
    "RENDER_MODES",
    "BoardEnv",
    "env",
    "gymnasium",
    "observation_of",
    "observation_space",
]
