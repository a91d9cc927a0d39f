"""Random games of Go to the end."""

from __future__ import annotations

import numpy as np

from engine._kernel import kernel
from engine.games.go_board import can_play, is_own_eye, place_stone
from engine.random import below, mix


@kernel
def playout_row(row, seed):
    """Play uniformly random actions to the end, by simple ko and without filling own eyes.

    A side passes when it has no other action. The history is not extended: a playout that enters a
    long cycle ends at the last ply.
    """
    state = seed
    limit = len(row["history"]) - 1
    while row["finished"] == 0:
        colour = row["to_move"]
        empties, empty_at = row["empties"], row["empty_at"]
        untried = row["empty_count"]
        chosen = 0
        while untried > 0:
            state = mix(state)
            k = np.int64(below(state, np.uint64(untried)))
            cell = empties[k]
            if not is_own_eye(row, cell, colour) and can_play(row, cell, colour, False):
                chosen = cell
                break
            # Trying the neighbour in the list instead would favour points after refused ones.
            untried -= 1
            other = empties[untried]
            empties[k], empty_at[other] = other, k
            empties[untried], empty_at[cell] = cell, untried
        if chosen > 0:
            row["passes"] = 0
            place_stone(row, chosen, colour)
        else:
            row["passes"] += 1
            row["ko"] = 0
            if row["passes"] >= 2:
                row["finished"] = 1
        row["plies"] += 1
        row["to_move"] = 3 - colour
        if row["plies"] >= limit:
            row["finished"] = 1
