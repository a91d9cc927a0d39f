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

import copy
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.errors import SpecError
from engine.games.connect_four import ConnectFourSpec
from engine.games.spec import Positions
from engine.solvers.connect_four_book import HEIGHT, WIDTH, OpeningBook

_ONE: Final = np.uint64(1)
_ZERO: Final = np.uint64(0)
_BYTE: Final = np.uint64(8)
_BOUND: Final = np.uint64(0x7F)
_LOWER: Final = np.uint64(0x80)
_KEY_BITS: Final = 56  # of a key, in an entry of the table
_LOOK_AHEAD: Final = 14
_MOST_COLUMNS: Final = 9
_MOST_PLIES: Final = 64
_DEFAULT_BITS: Final = 22
EXACT_LIMIT: Final = 63
"""Most bits of a board that the solver can hold: ``width * (height + 1)``."""


@helper
def _popcount(bits):
    """Set bits; the compiler knows this loop and makes one instruction of it."""
    count = 0
    while bits:
        bits &= bits - _ONE
        count += 1
    return count


@helper
def _column(height, column):
    """Return a mask of all playable bits of a column."""
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


@helper
def _is_of(entry, key):
    """Whether a place of the table holds this position."""
    return entry >> _BYTE == (key << _BYTE) >> _BYTE and (entry & _BOUND) != _ZERO


@helper
def _bound(entry, least):
    return np.int64(entry & _BOUND) - 1 + least


@helper
def _refutation(own, taken, bottom, moves, count, table, least):
    """The best lower bound that positions already read give one of the moves, or -127."""
    size = np.uint64(len(table))
    best = -127
    for i in range(count):
        key = (own ^ taken) + (taken | moves[i]) + bottom
        entry = table[key % size]
        if _is_of(entry, key) and not entry & _LOWER:
            best = max(best, -_bound(entry, least))
    return best


@kernel
def search(own, taken, height, width, alpha, beta, table, visited):
    """Fail-soft alpha-beta of a position in which the mover cannot win at once.

    ``table`` uint64 ``(size,)``, of odd size, remembers a bound of one position in each place. The
    low byte holds it, counted from one below the smallest score, its top bit set if it is a lower
    one; the rest is the low part of the key, and place and rest together leave no doubt of it.
    ``visited`` int64 ``(1,)`` counts nodes. Returns the score if it lies inside ``(alpha, beta)``,
    else a bound on that side.

    Written with a stack of its own: compiled recursion would not be found in the cache.
    """
    cells = height * width
    least = -(cells // 2) - 1
    played_before = _popcount(taken)
    bottom = _bottom(height, width)
    board = bottom * ((_ONE << np.uint64(height)) - _ONE)
    size = np.uint64(len(table))
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
            entry = table[at]
            if _is_of(entry, key):
                if entry & _LOWER:
                    low = max(low, _bound(entry, least))
                else:
                    high = min(high, _bound(entry, least))
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
            # Far from the end, what is known of a move's position is worth a look at all of them.
            if played < cells - _LOOK_AHEAD:
                known = _refutation(owns[n], takens[n], bottom, moves[n], counts[n], table, least)
                if known >= betas[n]:
                    value, n = known, n - 1
                    continue
        else:
            value = -value
            if value >= betas[n]:
                table[at] = key << _BYTE | _LOWER | np.uint64(value - least + 1)
                n -= 1
                continue
            alphas[n] = max(alphas[n], value)
        if nexts[n] == counts[n]:
            table[at] = key << _BYTE | np.uint64(alphas[n] - least + 1)
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

    Not safe to call from several threads at once: give each a :meth:`twin`.
    """

    def __init__(
        self,
        spec: ConnectFourSpec,
        table_bits: int = _DEFAULT_BITS,
        book: OpeningBook | None = None,
    ) -> None:
        """Reserve ``8 * 2**table_bits`` bytes.

        Args:
            book: signs of positions that take long to read, asked for first.

        Raises:
            SpecError: if the board is too large for 64 bits or for so small a table, another length
                than four wins, or the book is of another board.
        """
        if spec.length != 4 or spec.width * (spec.height + 1) > EXACT_LIMIT or spec.width > 9:
            raise SpecError(
                f"expected four in a row on at most {EXACT_LIMIT} bits, width times height plus "
                f"one, got {spec.length} in a row on {spec.width}x{spec.height}"
            )
        if spec.width * (spec.height + 1) >= _KEY_BITS + table_bits:
            raise SpecError(f"expected a table of more than 2**{table_bits} places for {spec}")
        if book is not None and (spec.height, spec.width) != (HEIGHT, WIDTH):
            raise SpecError(f"expected a board of {WIDTH}x{HEIGHT}, as the book's, got {spec}")
        self._spec, self._book = spec, book
        # An odd size: then low and high bits of a key both choose its place.
        size = (1 << table_bits) - 1
        self._table = np.zeros(size, np.uint64)
        self._visited = np.zeros(1, np.int64)

    def twin(self) -> ConnectFourSolver:
        """A solver for another thread, with the same table.

        An entry is one word, written at once: two threads may overwrite each other's, but never
        mix them.
        """
        other = copy.copy(self)
        other._visited = np.zeros(1, np.int64)
        return other

    @property
    def visited(self) -> int:
        """Positions read so far."""
        return int(self._visited[0])

    def score(self, positions: Positions, *, sign_only: bool = False) -> int:
        """Score of the one position in ``positions`` ``(1,)`` for its side to move.

        ``sign_only`` asks for -1, 0 or 1, which is read several times sooner.
        """
        return self.score_bits(*self._bits(positions), sign_only=sign_only)

    def score_bits(self, own: int, taken: int, *, sign_only: bool = False) -> int:
        """Score of the position in which the mover has ``own`` of the discs ``taken``."""
        if sign_only and self._book is not None:
            known = self._book.get(own, taken)
            if known is not None:
                return known
        value = self._score(own, taken, sign_only)
        return int(np.sign(value)) if sign_only else value

    def scores(self, positions: Positions, *, sign_only: bool = False) -> NDArray[np.int64]:
        """Score of each action ``(actions,)`` for the mover; the least int64 where illegal."""
        found = np.full(self._spec.actions, np.iinfo(np.int64).min)
        for action in np.flatnonzero(self._spec.legal(positions)[0]):
            after = positions.copy()
            self._spec.play(after, np.array([action]))
            found[action] = -self.score(after, sign_only=sign_only)
        return found

    def keeps(self, positions: Positions, action: int) -> bool:
        """Whether an action gets the mover all that best play gets: a win, else a draw.

        Sooner found than its sign, for what less it gets need not be known.
        """
        value = self.score(positions, sign_only=True)
        if value < 0:
            return True
        after = positions.copy()
        self._spec.play(after, np.array([action]))
        return self._at_most(*self._bits(after), -value)

    def _at_most(self, own: int, taken: int, value: int) -> bool:
        """Whether the score of a position is no more than ``value``, 0 or -1."""
        known = self._book.get(own, taken) if self._book is not None else None
        if known is not None:
            return known <= value
        if self._lost(own, taken):
            return True
        if taken.bit_count() == self._spec.points:
            return value == 0
        if wins_at_once(np.uint64(own), np.uint64(taken), self._spec.height, self._spec.width):
            return False
        return self._null_window(own, taken, value) <= value

    def _score(self, own: int, taken: int, sign_only: bool) -> int:
        height, width = self._spec.height, self._spec.width
        cells, played = height * width, taken.bit_count()
        if self._lost(own, taken):
            return -((cells - played + 2) // 2)
        if played == cells:
            return 0
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
                self._table,
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
