"""Othello 8x8 read to its end: exact disc differences, for positions with few empty squares.

Null-window alpha-beta on bitboards with a table of bounds; MTD(f) (Plaat et al., "Best-first
fixed-depth minimax algorithms", 1996) turns its bounds into an exact score. With many empty squares
left, moves that leave the opponent the fewest replies are read first ("fastest first"); with few,
moves into regions with an odd number of empty squares (parity).

As in tournaments, squares that stay empty count for the winner.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.errors import SpecError
from engine.games.othello import OthelloSpec
from engine.games.spec import BLACK, WHITE, Positions

SIDE: Final = 8
MOST_SCORE: Final = 64
ILLEGAL: Final = -MOST_SCORE - 1
_DEFAULT_BITS: Final = 20
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_BYTE = np.uint64(7)
_INNER = np.uint64(0x7E7E7E7E7E7E7E7E)  # all columns but the first and the last
_CORNERS = np.uint64(0x8100000000000081)
_QUADRANTS = (0x0F0F0F0F, 0xF0F0F0F0, 0x0F0F0F0F << 32, 0xF0F0F0F0 << 32)
_Q0, _Q1, _Q2, _Q3 = (np.uint64(quadrant) for quadrant in _QUADRANTS)
_SORTED_FROM = 6
"""With so many empty squares or more, moves are sorted and positions remembered."""
_MIXER = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(32)


@helper
def _popcount(bits):
    """Set bits; the compiler knows this loop and makes one instruction of it."""
    count = 0
    while bits:
        bits &= bits - _ONE
        count += 1
    return count


@helper
def _run(start, through, shift):
    """Return the discs of ``through`` in an unbroken row from ``start``, both ways by ``shift``."""
    up = (start << shift) & through
    down = (start >> shift) & through
    for _ in range(5):
        up |= (up << shift) & through
        down |= (down >> shift) & through
    return up, down


@helper
def moves_of(own, other):
    """Return the squares where the side with the discs ``own`` may play, as bits."""
    found = _ZERO
    inner = other & _INNER
    for shift, through in (
        (np.uint64(1), inner),
        (np.uint64(7), inner),
        (np.uint64(9), inner),
        (np.uint64(8), other),
    ):
        up, down = _run(own, through, shift)
        found |= (up << shift) | (down >> shift)
    return found & ~(own | other)


@helper
def turned_by(own, other, square):
    """Return the discs that a disc of ``own`` on ``square``, one bit, turns."""
    turned = _ZERO
    inner = other & _INNER
    for shift, through in (
        (np.uint64(1), inner),
        (np.uint64(7), inner),
        (np.uint64(9), inner),
        (np.uint64(8), other),
    ):
        up, down = _run(square, through, shift)
        if (up << shift) & own:
            turned |= up
        if (down >> shift) & own:
            turned |= down
    return turned


@helper
def _final(own, other):
    """Return the score at the end of the game; empty squares go to the winner."""
    lead = _popcount(own) - _popcount(other)
    empties = MOST_SCORE - _popcount(own | other)
    return lead + empties if lead > 0 else lead - empties if lead < 0 else 0


@helper
def _place(own, other, places):
    """Return the place of a position in the table."""
    mixed = (own * _MIXER) ^ ((other ^ (other >> _HIGH)) * _MIXER << _ONE)
    mixed ^= mixed >> _HIGH
    return np.int64((mixed * _MIXER) >> _HIGH) % places


@kernel
def null_window(own, other, alpha, keys, bounds, visited):
    """Return a lower bound of the score above ``alpha``, or an upper bound at most ``alpha``.

    Args:
        own, other: discs of the side to move and of its opponent, as bits.
        alpha: an odd number.
        keys: uint64 ``(places, 2)``; bounds: int8 ``(places, 2)``, lower and upper: the table.
        visited: int64 ``(1,)``, counts positions.
    """
    visited[0] += 1
    empty = ~(own | other)
    moves = moves_of(own, other)
    if not moves:
        if not moves_of(other, own):
            return _final(own, other)
        return -null_window(other, own, -alpha, keys, bounds, visited)
    left = _popcount(empty)
    if left == 1:
        turned = turned_by(own, other, moves)
        return _final(own | turned | moves, other & ~turned)
    if left < _SORTED_FROM:
        odd = _ZERO
        for quadrant in (_Q0, _Q1, _Q2, _Q3):
            if _popcount(empty & quadrant) & 1:
                odd |= quadrant
        best = -MOST_SCORE - 1
        for part in (moves & odd, moves & ~odd):
            rest = part
            while rest:
                square = rest & (~rest + _ONE)
                rest ^= square
                turned = turned_by(own, other, square)
                value = -null_window(
                    other & ~turned, own | turned | square, -alpha, keys, bounds, visited
                )
                if value > best:
                    best = value
                    if best > alpha:
                        return best
        return best
    place = _place(own, other, len(keys))
    known = keys[place, 0] == own and keys[place, 1] == other
    if known:
        if bounds[place, 0] > alpha:
            return np.int64(bounds[place, 0])
        if bounds[place, 1] <= alpha:
            return np.int64(bounds[place, 1])
    squares = np.empty(32, np.uint64)
    costs = np.empty(32, np.int64)
    count = 0
    while moves:
        square = moves & (~moves + _ONE)
        moves ^= square
        turned = turned_by(own, other, square)
        after, mine = other & ~turned, own | turned | square
        replies = moves_of(after, mine)
        cost = 4 * _popcount(replies) + 4 * _popcount(replies & _CORNERS)
        if square & _CORNERS:
            cost -= 12
        at = count
        while at > 0 and costs[at - 1] > cost:
            squares[at], costs[at] = squares[at - 1], costs[at - 1]
            at -= 1
        squares[at], costs[at] = square, cost
        count += 1
    best = -MOST_SCORE - 1
    for i in range(count):
        square = squares[i]
        turned = turned_by(own, other, square)
        value = -null_window(other & ~turned, own | turned | square, -alpha, keys, bounds, visited)
        if value > best:
            best = value
            if best > alpha:
                break
    if not (keys[place, 0] == own and keys[place, 1] == other):
        keys[place, 0], keys[place, 1] = own, other
        bounds[place, 0], bounds[place, 1] = -MOST_SCORE, MOST_SCORE
    if best > alpha:
        bounds[place, 0] = max(bounds[place, 0], best)
    else:
        bounds[place, 1] = min(bounds[place, 1], best)
    return best


@kernel
def exact(own, other, low, high, guess, keys, bounds, visited):
    """Return the score if it is between ``low`` and ``high``, both even, else a bound beyond."""
    value = guess
    while low < high:
        alpha = value - 1 if value > low else low + 1
        value = null_window(own, other, alpha, keys, bounds, visited)
        if value > alpha:
            low = value
        else:
            high = value
    return value


class OthelloSolver:
    """Exact scores of positions on 8x8; what it has read helps with later ones.

    Not safe to call from several threads at once.
    """

    def __init__(self, spec: OthelloSpec, table_bits: int = _DEFAULT_BITS) -> None:
        """Reserve ``18 * 2**table_bits`` bytes.

        Raises:
            SpecError: if the board is not 8x8.
        """
        if (spec.height, spec.width) != (SIDE, SIDE):
            raise SpecError(f"expected Othello on 8x8, got {spec}")
        self._spec = spec
        places = (1 << table_bits) - 1
        self._keys = np.zeros((places, 2), np.uint64)
        self._bounds = np.zeros((places, 2), np.int8)
        self._visited = np.zeros(1, np.int64)

    @property
    def visited(self) -> int:
        """Positions read so far."""
        return int(self._visited[0])

    def score(self, positions: Positions) -> int:
        """Return the disc difference of the one position ``(1,)`` for its side to move."""
        return self._score(*self._bits(positions), -MOST_SCORE, MOST_SCORE, 0)

    def scores(self, positions: Positions) -> NDArray[np.int64]:
        """Return each action's score ``(actions,)`` for the mover; ``ILLEGAL`` where illegal."""
        found = np.full(self._spec.actions, ILLEGAL)
        guess = 0
        for action in np.flatnonzero(self._spec.legal(positions)[0]).tolist():
            own, other = self._bits(self._after(positions, action))
            found[action] = -self._score(own, other, -MOST_SCORE, MOST_SCORE, -guess)
            guess = int(found.max())
        return found

    def best(self, positions: Positions, first: NDArray[np.float32]) -> tuple[int, int]:
        """Return an action with the best score, and that score.

        Args:
            positions: ``(1,)``, not finished.
            first: ``(actions,)``; actions with greater numbers are read first.
        """
        legal = np.flatnonzero(self._spec.legal(positions)[0])
        order = legal[np.argsort(-first[legal], kind="stable")].tolist()
        chosen, best = order[0], -MOST_SCORE
        for action in order:
            own, other = self._bits(self._after(positions, action))
            if action == order[0]:
                best = -self._score(own, other, -MOST_SCORE, MOST_SCORE, 0)
            elif self._beats(own, other, best):
                best = -self._score(own, other, -MOST_SCORE, -best - 2, -best - 2)
                chosen = action
        return chosen, best

    def _beats(self, own: int, other: int, best: int) -> bool:
        """Whether the opponent, to move with ``own``, must leave more than ``best``."""
        if best == MOST_SCORE:
            return False
        table = (self._keys, self._bounds, self._visited)
        return int(null_window(np.uint64(own), np.uint64(other), -best - 1, *table)) < -best

    def _score(self, own: int, other: int, low: int, high: int, guess: int) -> int:
        table = (self._keys, self._bounds, self._visited)
        return int(exact(np.uint64(own), np.uint64(other), low, high, guess, *table))

    def _after(self, positions: Positions, action: int) -> Positions:
        after = positions.copy()
        self._spec.play(after, [action])
        return after

    def _bits(self, positions: Positions) -> tuple[int, int]:
        stones = self._spec.stones(positions)[0].astype(np.uint8)
        mover = int(self._spec.to_move(positions)[0])
        other = BLACK + WHITE - mover
        bits = [np.packbits(stones == side, bitorder="little").tobytes() for side in (mover, other)]
        return int.from_bytes(bits[0], "little"), int.from_bytes(bits[1], "little")
