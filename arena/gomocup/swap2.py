"""The opening of Swap2: three stones that neither side should want more, and who takes which.

The first player puts two black stones and a white one. The second stays White and moves, or takes
Black, or puts two more stones and lets the first choose; the last of these is never done here.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from arena.gtp.board import Line
from arena.gtp.player import Player
from engine.games.gomoku import GomokuSpec
from engine.games.spec import BLACK

_TRIALS: Final = 24
_REACH: Final = 3


def opening_stones(player: Player, spec: GomokuSpec, seed: int) -> tuple[int, int, int]:
    """Return black, white and black points, of some near the middle the most even."""
    random = np.random.default_rng(seed)
    reach = min(_REACH, (spec.height - 1) // 2, (spec.width - 1) // 2)
    rows = np.arange(spec.height // 2 - reach, spec.height // 2 + reach + 1)
    columns = np.arange(spec.width // 2 - reach, spec.width // 2 + reach + 1)
    rows, columns = rows[rows < spec.height], columns[columns < spec.width]
    near = (rows[:, None] * spec.width + columns[None, :]).ravel()
    trials = [tuple(random.choice(near, 3, replace=False).tolist()) for _ in range(_TRIALS)]
    best = min(trials, key=lambda points: abs(_value_for_black(player, Line(actions=points))))
    return best[0], best[1], best[2]


def swap2_choice(player: Player) -> Literal["swap", "stay"]:
    """Say whether to take Black, on a board where White is to move."""
    return "swap" if _value_for_black(player, player.board.line) > 0 else "stay"


def _value_for_black(player: Player, line: Line) -> float:
    """Win minus loss of Black, averaged over the symmetries of the board."""
    values = []
    for outlook, _, to_move in player.outlooks([line]):
        win, _, loss = (float(chance) for chance in outlook.value)
        values.append((win - loss) * (1.0 if to_move == BLACK else -1.0))
    return float(np.mean(values))
