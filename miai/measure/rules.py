"""Random games per second: the rules alone, of every game."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from random import Random
from threading import Lock
from typing import Any, Final

import numpy as np

from engine.games import GameSpec, make
from miai.measure.rates import Contender, Rate

_BYTES_PER_BATCH = 1 << 20  # about what a core's own cache holds
_POINTS_PER_STEP = 1_000_000  # enough that threads are busy for long before they meet
_PEER_GAMES = 10
_THREADS = (1, 2)

_MEASURED: Final = (
    (make("go", 9), "go(board_size=9,komi=7.0)"),
    (make("go", 13), None),
    (make("go", 19), None),
    (make("othello"), "othello"),
    (make("gomoku"), "mnk(m=15,n=15,k=5)"),
    (make("tic_tac_toe"), "tic_tac_toe"),
    (make("connect_four"), "connect_four"),
    (make("hex", 11), "hex(board_size=11)"),
)
"""Specs, and the game of OpenSpiel that is the same."""


class _Tally:
    """Sums over all games played so far."""

    def __init__(self) -> None:
        self.games = 0
        self.plies = 0
        self.black_wins = 0

    def facts(self) -> dict[str, float]:
        games = max(self.games, 1)
        return {"mean_plies": self.plies / games, "black_wins": self.black_wins / games}


class RandomGames:
    """Batches of games in which both sides play at random; in Go own eyes are not filled."""

    def __init__(
        self, spec: GameSpec, threads: int = 1, rows: int | None = None, seed: int = 1
    ) -> None:
        self._spec = spec
        rows = rows or _BYTES_PER_BATCH // spec.dtype.itemsize
        self._batches = [spec.allocate(rows) for _ in range(threads)]
        self._repeats = max(1, _POINTS_PER_STEP // (rows * spec.points))
        self._random = np.random.default_rng(seed)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._counting = Lock()
        self.tally = _Tally()

    def step(self) -> int:
        """Let each thread play its batch to the end some times; return the number of games."""
        threads = len(self._batches)
        streams = [int(stream) for stream in self._random.integers(0, 2**62, threads)]
        if self._pool is None:
            self._play(self._batches[0], streams[0])
        else:
            list(self._pool.map(self._play, self._batches, streams))
        games = self._repeats * sum(len(positions) for positions in self._batches)
        self.tally.games += games
        return games

    def _play(self, positions: Any, stream: int) -> None:
        random = np.random.default_rng(stream)
        plies = black_wins = 0
        for _ in range(self._repeats):
            self._spec.reset(positions)
            seeds = random.integers(0, 2**63, len(positions)).astype(np.uint64)
            self._spec.playout(positions, seeds)
            plies += int(positions["plies"].sum())
            black_wins += int((self._spec.outcome(positions) > 0).sum())
        with self._counting:
            self.tally.plies += plies
            self.tally.black_wins += black_wins


class OpenSpielGames:
    """The same through OpenSpiel's Python interface; any legal action, in Go own eyes too."""

    def __init__(self, game: str, seed: int = 1) -> None:
        import pyspiel

        self._game: Any = pyspiel.load_game(game)
        self._random = Random(seed)
        self.tally = _Tally()

    def step(self) -> int:
        """Play a few games to the end; return their number."""
        for _ in range(_PEER_GAMES):
            state = self._game.new_initial_state()
            while not state.is_terminal():
                legal = state.legal_actions()
                state.apply_action(legal[int(self._random.random() * len(legal))])
                self.tally.plies += 1
            self.tally.games += 1
            self.tally.black_wins += state.returns()[0] > 0
        return _PEER_GAMES


def contenders() -> list[Contender]:
    """Every game by one thread and by two, and by OpenSpiel where it is installed."""
    has_peer = find_spec("pyspiel") is not None
    found = []
    for spec, theirs in _MEASURED:
        size = f"{spec.height}x{spec.width}"
        labels: dict[str, object] = {"game": spec.name, "size": size}
        for threads in _THREADS:
            own = RandomGames(spec, threads)
            found.append(
                Contender(
                    f"miai, {threads} thread{'s' * (threads > 1)}",
                    "games/s",
                    own.step,
                    group=str(spec),
                    facts=own.tally.facts,
                    labels={**labels, "program": "miai", "threads": threads},
                )
            )
        if has_peer and theirs is not None:
            peer = OpenSpielGames(theirs)
            found.append(
                Contender(
                    "OpenSpiel, Python loop",
                    "games/s",
                    peer.step,
                    group=str(spec),
                    peer=True,
                    facts=peer.tally.facts,
                    labels={**labels, "program": "openspiel", "threads": 1},
                )
            )
    return found


def as_row(rate: Rate) -> dict[str, object]:
    """Return one object of ``miai benchmark rules --json``."""
    plies_per_s = rate.value * rate.facts["mean_plies"]
    return {**rate.labels, "games_per_s": rate.value, "plies_per_s": plies_per_s, **rate.facts}
