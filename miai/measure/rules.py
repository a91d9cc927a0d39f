"""Random games per second: the rules alone, on one core."""

from __future__ import annotations

from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np

from engine.games import GameSpec, GoSpec
from miai.measure.rates import Contender

_ROWS = 1024
_PEER_GAMES = 20


class _Tally:
    """Sums over all games played so far."""

    def __init__(self) -> None:
        self.games = 0
        self.plies = 0
        self.black_wins = 0

    def facts(self) -> dict[str, float]:
        return {
            "mean plies": self.plies / max(self.games, 1),
            "Black wins, %": 100.0 * self.black_wins / max(self.games, 1),
        }


class RandomGames:
    """Batches of games in which both sides play at random, without filling own eyes."""

    def __init__(self, spec: GameSpec, rows: int = _ROWS, seed: int = 1) -> None:
        self._spec = spec
        self._positions = spec.allocate(rows)
        self._random = np.random.default_rng(seed)
        self.tally = _Tally()

    def step(self) -> int:
        """Play one batch to the end; return the number of games."""
        rows = len(self._positions)
        self._spec.reset(self._positions)
        self._spec.playout(self._positions, self._random.integers(0, 2**63, rows).astype(np.uint64))
        self.tally.games += rows
        self.tally.plies += int(self._positions["plies"].sum())
        self.tally.black_wins += int((self._spec.outcome(self._positions) > 0).sum())
        return rows


class OpenSpielGames:
    """The same through OpenSpiel's Python interface; any legal action, own eyes too."""

    def __init__(self, size: int = 9, komi: float = 7.0, seed: int = 1) -> None:
        import pyspiel

        self._game: Any = pyspiel.load_game(f"go(board_size={size},komi={komi})")
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
    """Go 9x9, komi 7."""
    own = RandomGames(GoSpec(9, 9, komi=7.0))
    found = [Contender("miai, own eyes kept", "games/s", own.step, facts=own.tally.facts)]
    if find_spec("pyspiel") is not None:
        peer = OpenSpielGames()
        found.append(
            Contender(
                "OpenSpiel, Python loop, any legal action",
                "games/s",
                peer.step,
                peer=True,
                facts=peer.tally.facts,
            )
        )
    return found
