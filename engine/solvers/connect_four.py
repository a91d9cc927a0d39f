"""Connect Four solved exactly: alpha-beta over bitboards.

A board of ``height`` rows is ``height + 1`` bits a column, bottom first; the extra bit on top keeps
lines from running over into the next column. ``own`` holds the mover's discs, ``taken`` all discs,
and ``own + taken`` plus the bottom row is a key that no other position has (Tromp). The search
looks only at moves that do not lose at once, tries those that make the most threats first, and
remembers a bound for each position it has read (as in Pons, "Solving Connect 4: how to build a
perfect AI", 2015; written anew).

A *score* is that of Pons's test files: 0 for a draw, else the number of discs the winner still has
left when the game ends, counting the last one, positive if the side to move wins. Faster wins score
higher, later losses too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.errors import SpecError
from engine.games.connect_four import ConnectFourSpec
from engine.games.spec import Positions

_ONE: Final = np.uint64(1)
_ZERO: Final = np.uint64(0)
_PAIRS: Final = np.uint64(0x3333333333333333)
_MOST_COLUMNS: Final = 9
_MOST_PLIES: Final = 64
_DEFAULT_BITS: Final = 22
EXACT_LIMIT: Final = 63
"""Most bits of a board that the solver can hold: ``width * (height + 1)``."""


@helper
def _popcount(bits):
    """Set bits, summed in ever wider fields; Numba has no instruction for it."""
    bits = bits - ((bits >> _ONE) & np.uint64(0x5555555555555555))
    bits = (bits & _PAIRS) + ((bits >> np.uint64(2)) & _PAIRS)
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))


@helper
def _column(height, column):
    """All playable bits of a column."""
    return ((_ONE << np.uint64(height)) - _ONE) << np.uint64(column * (height + 1))


@helper
def _bottom(height, width):
    bits = _ZERO
    for column in range(width):
        bits |= _ONE << np.uint64(column * (height + 1))
    return bits


@helper
def _threats(own, taken, height, board):
    """Empty points that would complete a line of four for ``own``; also those out of reach."""
    h1, h, h2 = np.uint64(height + 1), np.uint64(height), np.uint64(height + 2)
    two, three = np.uint64(2), np.uint64(3)
    found = (own << _ONE) & (own << two) & (own << three)
    for step in (h1, h, h2):
        pair = (own << step) & (own << (two * step))
        found |= pair & (own << (three * step))
        found |= pair & (own >> step)
        pair = (own >> step) & (own >> (two * step))
        found |= pair & (own << step)
        found |= pair & (own >> (three * step))
    return found & (board ^ taken)


@helper
def _sensible(own, taken, height, board, bottom):
    """Moves that do not lose at once, for a mover who cannot win at once."""
    possible = (taken + bottom) & board
    against = _threats(own ^ taken, taken, height, board)
    forced = possible & against
    if forced:
        if forced & (forced - _ONE):
            return _ZERO
        possible = forced
    return possible & ~(against >> _ONE)


@helper
def _order(own, taken, moves, n, height, width, board, out):
    """Write the moves to ``out[n]``, the most promising first; return how many."""
    count = 0
    weights = np.empty(_MOST_COLUMNS, np.int64)
    for i in range(width):
        # From the middle outwards: the column that is in the most lines comes first among equals.
        column = width // 2 + (1 - 2 * (i % 2)) * ((i + 1) // 2)
        move = moves & _column(height, column)
        if move:
            weight = _popcount(_threats(own | move, taken, height, board))
            at = count
            while at > 0 and weights[at - 1] < weight:
                weights[at] = weights[at - 1]
                out[n, at] = out[n, at - 1]
                at -= 1
            weights[at] = weight
            out[n, at] = move
            count += 1
    return count


@kernel
def search(own, taken, height, width, alpha, beta, keys, bounds, visited):
    """Fail-soft alpha-beta of a position in which the mover cannot win at once.

    ``keys`` uint64 and ``bounds`` int8 ``(size,)`` remember positions: a positive bound, less one,
    is an upper one offset by the smallest score. ``visited`` int64 ``(1,)`` counts nodes. Returns
    the score if it lies inside ``(alpha, beta)``, else a bound on that side.

    Written with a stack of its own: compiled recursion would not be found in the cache.
    """
    cells = height * width
    least = -(cells // 2) - 1
    played_before = _popcount(taken)
    bottom = _bottom(height, width)
    board = bottom * ((_ONE << np.uint64(height)) - _ONE)
    size = np.uint64(len(keys))
    owns, takens = np.empty(_MOST_PLIES, np.uint64), np.empty(_MOST_PLIES, np.uint64)
    alphas, betas = np.empty(_MOST_PLIES, np.int64), np.empty(_MOST_PLIES, np.int64)
    counts, nexts = np.empty(_MOST_PLIES, np.int64), np.empty(_MOST_PLIES, np.int64)
    moves = np.empty((_MOST_PLIES, _MOST_COLUMNS), np.uint64)
    n = 0
    owns[0], takens[0], alphas[0], betas[0] = own, taken, alpha, beta
    entering, value = True, 0
    while n >= 0:
        key = owns[n] + takens[n] + bottom
        at = key % size
        if entering:
            visited[0] += 1
            entering = False
            played = played_before + n
            candidates = _sensible(owns[n], takens[n], height, board, bottom)
            low, high = -((cells - 2 - played) // 2), (cells - 1 - played) // 2
            if keys[at] == key and bounds[at] != 0:
                if bounds[at] > 0:
                    high = min(high, bounds[at] - 1 + least)
                else:
                    low = max(low, -bounds[at] - 1 + least)
            if not candidates:
                value, n = -((cells - played) // 2), n - 1
                continue
            if played >= cells - 2:
                value, n = 0, n - 1
                continue
            alphas[n], betas[n] = max(alphas[n], low), min(betas[n], high)
            if alphas[n] >= betas[n]:
                value, n = (low if low >= betas[n] else high), n - 1
                continue
            counts[n] = _order(owns[n], takens[n], candidates, n, height, width, board, moves)
            nexts[n] = 0
        else:
            value = -value
            if value >= betas[n]:
                keys[at], bounds[at] = key, -(value - least + 1)
                n -= 1
                continue
            alphas[n] = max(alphas[n], value)
        if nexts[n] == counts[n]:
            keys[at], bounds[at] = key, alphas[n] - least + 1
            value, n = alphas[n], n - 1
            continue
        move = moves[n, nexts[n]]
        nexts[n] += 1
        owns[n + 1], takens[n + 1] = owns[n] ^ takens[n], takens[n] | move
        alphas[n + 1], betas[n + 1] = -betas[n], -alphas[n]
        n += 1
        entering = True
    return value


@kernel
def wins_at_once(own, taken, height, width):
    """Whether the mover can complete a line now."""
    bottom = _bottom(height, width)
    board = bottom * ((_ONE << np.uint64(height)) - _ONE)
    return (_threats(own, taken, height, board) & (taken + bottom) & board) != _ZERO


class ConnectFourSolver:
    """Exact scores of positions; what it has read helps with later ones.

    Not safe to call from several threads at once.
    """

    def __init__(self, spec: ConnectFourSpec, table_bits: int = _DEFAULT_BITS) -> None:
        """Reserve ``9 * 2**table_bits`` bytes.

        Raises:
            SpecError: if the board is too large for 64 bits, or another length than four wins.
        """
        if spec.length != 4 or spec.width * (spec.height + 1) > EXACT_LIMIT or spec.width > 9:
            raise SpecError(
                f"expected four in a row on at most {EXACT_LIMIT} bits, width times height plus "
                f"one, got {spec.length} in a row on {spec.width}x{spec.height}"
            )
        self._spec = spec
        # An odd size: then low and high bits of a key both choose its place.
        size = (1 << table_bits) - 1
        self._keys = np.zeros(size, np.uint64)
        self._bounds = np.zeros(size, np.int8)
        self._visited = np.zeros(1, np.int64)

    @property
    def visited(self) -> int:
        """Positions read so far."""
        return int(self._visited[0])

    def score(self, positions: Positions, *, sign_only: bool = False) -> int:
        """Score of the one position in ``positions`` ``(1,)`` for its side to move.

        ``sign_only`` asks for -1, 0 or 1, which is read several times sooner.
        """
        own, taken = self._bits(positions)
        value = self._score(own, taken, bool(self._spec.finished(positions)[0]), sign_only)
        return int(np.sign(value)) if sign_only else value

    def scores(self, positions: Positions, *, sign_only: bool = False) -> NDArray[np.int64]:
        """Score of each action ``(actions,)`` for the mover; the least int64 where illegal."""
        found = np.full(self._spec.actions, np.iinfo(np.int64).min)
        for action in np.flatnonzero(self._spec.legal(positions)[0]):
            after = positions.copy()
            self._spec.play(after, np.array([action]))
            found[action] = -self.score(after, sign_only=sign_only)
        return found

    def _score(self, own: int, taken: int, finished: bool, sign_only: bool) -> int:
        height, width = self._spec.height, self._spec.width
        cells, played = height * width, taken.bit_count()
        if finished:
            # The side that just moved made a line, or the board is full.
            has_line = self._lost(own, taken)
            return -((cells - played + 2) // 2) if has_line else 0
        if wins_at_once(np.uint64(own), np.uint64(taken), height, width):
            return (cells + 1 - played) // 2
        low, high = -((cells - played) // 2), (cells + 1 - played) // 2
        if sign_only:
            low, high = -1, 1
        while low < high:
            # Null windows, first near a draw, as Pons has it: they cut most.
            middle = low + (high - low) // 2
            if middle <= 0 and int(low / 2) < middle:
                middle = int(low / 2)
            elif middle >= 0 and int(high / 2) > middle:
                middle = int(high / 2)
            found = self._null_window(own, taken, middle)
            if found <= middle:
                high = found
            else:
                low = found
        return low

    def _null_window(self, own: int, taken: int, alpha: int) -> int:
        return int(
            search(
                np.uint64(own),
                np.uint64(taken),
                self._spec.height,
                self._spec.width,
                alpha,
                alpha + 1,
                self._keys,
                self._bounds,
                self._visited,
            )
        )

    def _lost(self, own: int, taken: int) -> bool:
        other, step_1 = own ^ taken, self._spec.height + 1
        for step in (1, step_1, step_1 - 1, step_1 + 1):
            pairs = other & (other >> step)
            if pairs & (pairs >> 2 * step):
                return True
        return False

    def _bits(self, positions: Positions) -> tuple[int, int]:
        """The mover's discs and all discs of a position as bitboards."""
        height, width = self._spec.height, self._spec.width
        stones = self._spec.stones(positions)[0].reshape(height, width)[::-1]
        mover = int(positions["to_move"][0])
        own = taken = 0
        for row in range(height):
            for column in range(width):
                if stones[row, column]:
                    bit = 1 << (column * (height + 1) + row)
                    taken |= bit
                    own |= bit if stones[row, column] == mover else 0
        return own, taken


def position_after(spec: ConnectFourSpec, columns: Sequence[int]) -> Positions:
    """The position ``(1,)`` after discs in the given columns, counted from 0."""
    positions: Any = spec.allocate(1)
    for column in columns:
        legal = np.flatnonzero(spec.legal(positions)[0])
        action = next(int(a) for a in legal if a % spec.width == column)
        spec.play(positions, np.array([action]))
    return positions
