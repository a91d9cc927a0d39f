"""What threats decide in a position: a proven win, or the few answers that do not lose at once."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Forced(NamedTuple):
    """Proofs in ``(rows,)`` positions, for their sides to move."""

    actions: NDArray[np.int16]
    """``(rows,)`` the first action of a win that the opponent cannot avert; -1 if none is known."""
    plies: NDArray[np.int16]
    """``(rows,)`` plies to the end of that win; 0 if none is known."""
    answers: NDArray[np.bool_]
    """``(rows, actions)`` False where an action, legal or not, loses to the opponent's next ply.
    If all actions lose, those that the opponent must still refute stay."""

    @classmethod
    def unknown(cls, count: int, actions: int) -> Self:
        """Return that nothing is known of ``count`` positions, to be filled in."""
        return cls(
            np.full(count, -1, np.int16),
            np.zeros(count, np.int16),
            np.ones((count, actions), np.bool_),
        )
