"""Self-play games of a network, many in lockstep; finished games become training rows.

A :class:`Group` is a set of slots that one thread plays ply by ply. Each game is a function of its
number and of the weights that were in force at each of its plies, never of the other games.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import BLACK, GameSpec, Positions
from engine.random import KOMI, MOVE, OPENING, bits, generator
from engine.search import Evaluation, Evaluator, Roots, Search, SearchConfig
from selfplay.data.shards import Rows
from selfplay.play.effort import Effort, EffortConfig, plan, uniform
from selfplay.play.league import opponent_colour
from selfplay.play.targets import GameBuffer
from selfplay.run.watch import WATCHED, LiveGame

_FIRST_OPENINGS = 0.75  # of the board's points


@dataclass(frozen=True)
class SelfPlayConfig:
    """Settings of self-play games."""

    slots: int = field(
        default=128,
        metadata={"min": 1, "unit": "games per thread", "why": "a batch that fills one core"},
    )
    threads: int = field(
        default=2, metadata={"min": 1, "max": 256, "why": "one per core; each plays its own slots"}
    )
    simulations: int = field(
        default=16,
        metadata={"min": 1, "unit": "per ply", "why": "the search learns from few"},
    )
    simulations_late: int = field(
        default=32,
        metadata={"min": 1, "unit": "per ply", "why": "the budget grows to this by the run's end"},
    )
    sampled_plies: int = field(
        default=16,
        metadata={"min": 0, "why": "number of first plies that are drawn from the improved policy"},
    )
    late_gumbel_scale: float = field(
        default=0.5, metadata={"min": 0.0, "why": "noise at the root after the sampled plies"}
    )
    opening_plies: int = field(
        default=3,
        metadata={
            "min": 0,
            "why": "most uniformly random first plies; games begin with 0 to this number",
        },
    )
    first_games: int = field(
        default=256,
        metadata={
            "min": 0,
            "why": "this number of games begin from random plies, up to most of a board: otherwise "
            "games of about the same length end together, and rows come in bursts",
        },
    )
    komi_spread: float = field(
        default=1.5,
        metadata={"min": 0.0, "unit": "points", "why": "komi varies by this much, if there is one"},
    )
    max_plies_share: float = field(
        default=1.6,
        metadata={
            "min": 0.1,
            "unit": "plies a point",
            "why": "then the board is scored as it stands; 130 plies on 9x9",
        },
    )
    stop_certain: bool = field(
        default=False,
        metadata={"why": "Go ends when every point has a certain owner, by Benson's theorem"},
    )
    surprise_share: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "of a row's chance to be drawn that goes by how much search changed its mind",
        },
    )
    league_share: float = field(
        default=0.0,
        metadata={"min": 0.0, "max": 1.0, "why": "of games, against an earlier checkpoint"},
    )
    effort: EffortConfig = field(default_factory=EffortConfig)


def longest_game(spec: GameSpec, config: SelfPlayConfig) -> int:
    """Return the plies after which a game is scored as it stands."""
    return min(round(config.max_plies_share * spec.points), spec.max_plies)


@dataclass(frozen=True)
class FinishedGame:
    """Actions and result of one finished game, for records."""

    number: int
    komi: float
    actions: tuple[int, ...]
    score: float
    """Black's points minus White's."""
    task: int = 0
    """Index of its task, or of its board, in the run."""


class _Counted:
    """An evaluator that counts the positions it evaluates. It is not thread-safe."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.positions = 0

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        self.positions += len(positions)
        return self.evaluator.evaluate(spec, positions)


class Group:
    """A set of slots whose games one thread plays ply by ply."""

    def __init__(
        self,
        spec: GameSpec,
        evaluator: Evaluator,
        search: SearchConfig,
        config: SelfPlayConfig,
        seed: int,
        first_number: int,
        stride: int,
    ) -> None:
        """Prepare games ``first_number + k * stride``; the groups of a run share ``stride``."""
        self._spec = spec
        self._config = config
        self._seed = seed
        self._stride = stride
        self._next_number = first_number
        nodes = max(config.simulations, config.simulations_late) + 2
        self._counted = _Counted(evaluator)
        self._search = Search(spec, self._counted, config.slots, search, nodes)
        self._slots = np.arange(config.slots, dtype=np.int32)
        self._seeds = np.full(config.slots, seed, np.uint64)
        self._numbers = np.zeros(config.slots, np.uint64)
        self._black_q = np.full(config.slots, np.nan)  # from the latest searches
        self._positions = spec.allocate(config.slots)
        # The ply at which play stops includes the random opening, so buffers need no more room.
        self._plies = longest_game(spec, config)
        self._komi_spread = config.komi_spread if "komi" in spec.rules else 0.0
        self._buffer = GameBuffer(spec, config.slots, self._plies, config.surprise_share)
        self.opponent: Evaluator | None = None
        """An earlier checkpoint, which plays its side of the league's games."""
        self._opponent_colour = np.zeros(config.slots, np.uint8)
        for slot in range(config.slots):
            self._start_game(slot)

    @property
    def positions(self) -> Positions:
        """Positions of the games in flight, a row per slot; not to be written to."""
        return self._positions

    @property
    def evaluator(self) -> Evaluator:
        """The evaluator of the searches from the next ply on; it may be set."""
        return self._counted.evaluator

    @evaluator.setter
    def evaluator(self, evaluator: Evaluator) -> None:
        self._counted.evaluator = evaluator

    @property
    def evaluations(self) -> int:
        """Number of positions that were evaluated so far."""
        return self._counted.positions

    def in_play(self) -> list[LiveGame]:
        """Return the games in flight of the first few slots, for the live view."""
        return [
            LiveGame(
                int(self._numbers[slot]),
                float(self._positions["komi_half_points"][slot]) / 2.0,
                self._buffer.actions(slot),
                None if np.isnan(self._black_q[slot]) else round(float(self._black_q[slot]), 3),
            )
            for slot in range(min(WATCHED, len(self._slots)))
        ]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the games in flight, for :meth:`restore`; no tree outlives its ply."""
        return {
            "positions": self._positions.view(np.uint8).reshape(len(self._slots), -1).copy(),
            "numbers": self._numbers.copy(),
            "next_number": np.array(self._next_number),
            **self._buffer.state(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Undo :meth:`state` in a group made with the same settings.

        Raises:
            KeyError, ValueError: if the state was made with other settings.
        """
        if "positions" not in state:  # games begin anew, from a number on
            self._next_number = int(state["next_number"])
            for slot in range(len(self._slots)):
                self._start_game(slot)
            return
        positions = state["positions"]
        if positions.shape != (len(self._slots), self._spec.dtype.itemsize):
            raise ValueError(f"games in flight of another form, {positions.shape}")
        self._positions[:] = np.ascontiguousarray(positions).view(self._spec.dtype)[:, 0]
        self._numbers[:] = state["numbers"]
        self._next_number = int(state["next_number"])
        self._opponent_colour[:] = [self._colour_of(int(number)) for number in self._numbers]
        self._buffer.restore(state)

    def _colour_of(self, number: int) -> int:
        return opponent_colour(self._seed, number, self._config.league_share)

    def _start_game(self, slot: int) -> None:
        number = self._next_number
        self._next_number += self._stride
        self._numbers[slot] = number
        self._opponent_colour[slot] = self._colour_of(number)
        self._black_q[slot] = np.nan
        position = self._spec.allocate(1)
        steps = int(2 * self._komi_spread)
        offset = bits(self._seed, number, 0, KOMI) % (2 * steps + 1) - steps
        position["komi_half_points"] += offset
        self._buffer.clear(slot)
        self._play_opening(slot, number, position)
        self._positions[slot] = position[0]

    def _play_opening(self, slot: int, number: int, position: Positions) -> None:
        """Play a few random plies, so that games differ."""
        start = position.copy()
        random = generator(self._seed, number, 0, OPENING)
        first = number < self._config.first_games
        most = round(_FIRST_OPENINGS * self._spec.points) if first else self._config.opening_plies
        for _ in range(int(random.integers(most + 1))):
            candidates = self._spec.candidates(position)[0]
            points = np.flatnonzero(candidates[:-1])
            action = random.choice(points) if len(points) else self._spec.pass_action
            self._spec.play(position, np.array([action]))
            self._buffer.note_action(slot, int(action))
            if self._spec.finished(position)[0]:
                position[:] = start
                self._buffer.clear(slot)

    def step(self, simulations: int) -> tuple[list[Rows], list[FinishedGame]]:
        """Play one ply in every slot; return what finished."""
        sampled = self._positions["plies"] < self._config.sampled_plies
        theirs = np.zeros(len(self._slots), np.bool_)
        if self.opponent is not None:
            theirs = self._opponent_colour == self._spec.to_move(self._positions)
        effort = self._effort(simulations)
        self._think(effort, theirs, np.where(sampled, 1.0, self._config.late_gumbel_scale))
        roots = self._search.read(self._slots)
        actions = roots.action.astype(np.int64)
        if sampled.any():
            actions = np.where(sampled, self._draw(roots), actions)
        self._buffer.note_ply(self._positions, roots, actions, effort.full & ~theirs)
        black = self._spec.to_move(self._positions) == BLACK
        self._black_q = np.where(black, roots.value, -roots.value)
        self._spec.play(self._positions, actions)
        over = self._spec.finished(self._positions) | (self._positions["plies"] >= self._plies)
        if self._config.stop_certain:
            over |= self._settled()
        return self._finish(np.flatnonzero(over))

    def _effort(self, simulations: int) -> Effort:
        config = self._config.effort
        led = np.zeros(len(self._slots), np.bool_)
        if config.decided_q < 1.0:
            led = self._buffer.led(config.decided_q, config.decided_plies)
        plies = self._positions["plies"]
        return plan(config, simulations, self._seed, self._numbers, plies, led)

    def _think(self, effort: Effort, theirs: NDArray[np.bool_], scale: NDArray[np.float64]) -> None:
        """Search every slot, with the opponent's network where it is to move."""
        players = [(self._counted.evaluator, ~theirs)]
        if self.opponent is not None:
            players.append((self.opponent, theirs))
        own = self._counted.evaluator
        for evaluator, playing in players:
            slots = self._slots[playing]
            if not len(slots):
                continue
            self._counted.evaluator = evaluator
            at = (self._positions[slots], self._seeds[slots], self._numbers[slots])
            try:
                self._search.begin(slots, *at, scale[slots])
                self._search.run(slots, effort.simulations[slots])
            finally:
                self._counted.evaluator = own

    def _settled(self) -> NDArray[np.bool_]:
        """Return which games have no open point left; a half-empty board always has one."""
        found = np.zeros(len(self._slots), np.bool_)
        late = np.flatnonzero(self._positions["plies"] > self._spec.points // 2)
        if self._spec.has_dead_stones and len(late):
            found[late] = (self._spec.certain(self._positions[late]) != 0).all(axis=1)
        return found

    def _draw(self, roots: Roots) -> NDArray[np.int64]:
        """Draw actions from the improved policies, addressed by (seed, game, ply)."""
        chance = uniform(self._seed, self._numbers, self._positions["plies"], MOVE)
        cumulative = roots.policy.astype(np.float64).cumsum(axis=1)
        drawn = (cumulative <= (chance * cumulative[:, -1])[:, None]).sum(axis=1)
        return np.minimum(drawn, self._spec.actions - 1)

    def _judge(self, ended: Positions) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Return Black's points and the owners; unconditionally dead stones are prisoners."""
        scores, ownership = self._spec.score(ended), self._spec.ownership(ended)
        if self._config.stop_certain and self._spec.has_dead_stones:
            certain = self._spec.certain(ended)
            settled = (certain != 0).all(axis=1)
            ownership[settled] = certain[settled]
            komi = ended["komi_half_points"][settled] / 2.0
            scores[settled] = certain[settled].sum(axis=1) - komi
        return scores, ownership

    def _finish(self, slots: NDArray[np.int64]) -> tuple[list[Rows], list[FinishedGame]]:
        if not len(slots):
            return [], []
        ended = self._positions[slots]
        scores, ownership = self._judge(ended)
        rows, games = [], []
        for i, slot in enumerate(slots):
            number = int(self._numbers[slot])
            rows.append(self._buffer.rows(int(slot), number, float(scores[i]), ownership[i]))
            games.append(
                FinishedGame(
                    number,
                    float(ended["komi_half_points"][i]) / 2.0,
                    self._buffer.actions(int(slot)),
                    float(scores[i]),
                )
            )
            self._start_game(int(slot))
        return [part for part in rows if len(part)], games
