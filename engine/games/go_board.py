"""Go's board: the record layout of a position, and the kernels that place and remove stones.

Scoring and network inputs are in modules of their own. The board is a one-dimensional array with a
border. Its stride is ``width + 1``, so that the cell right of the last column is the next row's
border.

A chain is a circular list of its stones with one of them as root. Liberties are counted per stone
and edge ("pseudo-liberties": one empty point may count several times). Merging and removing chains
then only adds and subtracts, and a chain is captured when its count reaches 0.

Invariants: ``root`` is 0 on empty and border cells; ``libs``, ``size`` and ``chain_hash`` are valid
at roots; ``hash`` is the XOR of the Zobrist numbers of all stones; ``history[:history_count]``
holds the hash of every position that a placed stone produced, the start position first (under
situational superko also of those that a pass produced, and each hash tells who is to move).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from engine._kernel import helper, kernel
from engine.games import rows
from engine.games.rows import begin, note
from engine.games.spec import BLACK, EMPTY, LARGEST_SIDE, WHITE
from engine.random import mix

BORDER: Final = 3
SIMPLE_KO: Final = 0
POSITIONAL_SUPERKO: Final = 1
SITUATIONAL_SUPERKO: Final = 2
SIZE_CLASSES: Final = (9, 13, 19, LARGEST_SIDE)
PLIES_PER_POINT: Final = 3
BLOOM_WORDS: Final = 32
_BLOOM_MASK = np.uint64(BLOOM_WORDS * 64 - 1)
_S6, _LOW6, _ONE, _ZERO = np.uint64(6), np.uint64(63), np.uint64(1), np.uint64(0)

_LARGEST_BOARD_CELLS = (SIZE_CLASSES[-1] + 2) * (SIZE_CLASSES[-1] + 1) + 1
ZOBRIST: Final = np.random.Generator(np.random.PCG64(0x6D696169)).integers(
    1, 1 << 63, size=(BORDER, _LARGEST_BOARD_CELLS), dtype=np.uint64
)
ZOBRIST.flags.writeable = False
_WHITE_TO_MOVE = np.uint64(0x5BD1E995A7C4F36B)


@cache
def layout(size_class: int) -> np.dtype[Any]:
    """Return the record layout of boards up to ``size_class`` a side, cached by size class."""
    cells = (size_class + 2) * (size_class + 1) + 1
    points = size_class * size_class
    return rows.layout(
        ("superko", np.uint8),  # SIMPLE_KO, POSITIONAL_SUPERKO or SITUATIONAL_SUPERKO
        ("suicide", np.uint8),  # 1: allowed
        ("territory", np.uint8),  # 1: territory and prisoners count, 0: area
        ("passes", np.uint8),  # passes in a row
        ("ko", np.int16),  # cell that simple ko forbids, 0 if none
        ("hash", np.uint64),
        ("prisoners", np.int16, 2),  # stones captured by Black, by White
        ("empty_count", np.int16),
        ("empties", np.int16, points),  # cells, the first empty_count of them valid
        ("empty_at", np.int16, cells),  # index of a cell in empties
        ("board", np.uint8, cells),  # EMPTY, BLACK, WHITE, BORDER
        ("root", np.int16, cells),
        ("next", np.int16, cells),  # next stone of the chain, circular
        ("libs", np.int16, cells),  # pseudo-liberties, at roots
        ("size", np.int16, cells),  # stones, at roots
        ("chain_hash", np.uint64, cells),  # XOR of the stones' Zobrist numbers, at roots
        ("bloom", np.uint64, BLOOM_WORDS),  # Bloom filter of the hashes in history
        ("history_count", np.int32),
        ("history", np.uint64, PLIES_PER_POINT * points + 1),
    )


@helper
def cell_of(row, action):
    """Return the cell of a point."""
    width = row["width"]
    return action + action // width + width + 2


@helper
def row_starts(row):
    """Return the first cell of each board row, so that loops over cells need no division."""
    stride = row["width"] + 1
    return range(stride + 1, stride * (row["height"] + 1) + 1, stride)


@helper
def action_of(row, cell):
    """Return the point of a cell on the board."""
    stride = row["width"] + 1
    return cell - (cell // stride - 1) - row["width"] - 2


@kernel
def reset_row(row):
    """Empty the board; height, width, komi and rules stay as they are."""
    height, width = row["height"], row["width"]
    row["hash"] = _ZERO
    row["prisoners"][:] = 0
    row["board"][:] = BORDER
    row["root"][:] = 0
    row["empty_count"] = height * width
    for action in range(height * width):
        cell = cell_of(row, action)
        row["board"][cell] = EMPTY
        row["empties"][action] = cell
        row["empty_at"][cell] = action
    begin_row(row, BLACK)


@kernel
def begin_row(row, to_move):
    """Begin the game with the stones that are on the board."""
    begin(row)
    row["to_move"] = to_move
    row["passes"] = 0
    row["ko"] = 0
    row["bloom"][:] = _ZERO
    row["history_count"] = 0
    remember(row)


@kernel
def set_up_row(row, stones, to_move, strict):
    """Begin from ``stones`` uint8 ``(points,)``; return 1 if a chain has no liberty, else 0."""
    reset_row(row)
    for point in range(row["height"] * row["width"]):
        if stones[point] != EMPTY:
            place_stone(row, cell_of(row, point), stones[point])
    if row["prisoners"][0] + row["prisoners"][1] > 0:
        # Fewer stones have more liberties, so only an invalid final board captures on the way.
        return 1
    begin_row(row, to_move)
    return 0


@helper
def situation(row, position_hash, to_move):
    """Return the hash that superko compares: stones and, if situational, the side to move."""
    if row["superko"] == SITUATIONAL_SUPERKO and to_move == WHITE:
        return position_hash ^ _WHITE_TO_MOVE
    return position_hash


@helper
def key_row(row):
    """Return a 64-bit hash of stones, turn, simple ko and a pass: see :meth:`GameSpec.keys`."""
    rest = np.uint64(row["to_move"] + 4 * row["passes"] + 16 * row["ko"])
    return mix(row["hash"] ^ mix(rest))


@helper
def remember(row):
    """Enter the present situation into the history."""
    count = row["history_count"]
    now = situation(row, row["hash"], row["to_move"])
    if count < len(row["history"]):
        row["history"][count] = now
        row["history_count"] = count + 1
    slot = now & _BLOOM_MASK
    row["bloom"][slot >> _S6] |= _ONE << (slot & _LOW6)


@helper
def seen(row, position_hash):
    """Return whether the history holds a position with this hash."""
    slot = position_hash & _BLOOM_MASK
    if (row["bloom"][slot >> _S6] >> (slot & _LOW6)) & _ONE == _ZERO:
        return False
    history = row["history"]
    for i in range(row["history_count"] - 1, -1, -1):  # noqa: SIM110
        if history[i] == position_hash:
            return True
    return False


@helper
def superko_bites(row):
    """Whether superko can forbid anything yet.

    Before the first capture the number of stones only grows, so that no stone repeats a position:
    it stands on a point that was empty in all of them. Suicide can repeat one by removing stones.
    """
    captures = row["prisoners"][0] + row["prisoners"][1]
    return row["superko"] != SIMPLE_KO and (captures > 0 or row["suicide"] != 0)


@helper
def _is_lonely(board, cell, stride):
    """Return whether a cell has an empty neighbour and no stone next to it."""
    north, west, east, south = (
        board[cell - stride],
        board[cell - 1],
        board[cell + 1],
        board[cell + stride],
    )
    stones = (north ^ north >> 1) | (west ^ west >> 1) | (east ^ east >> 1) | (south ^ south >> 1)
    return stones & 1 == 0 and north & west & east & south == 0


@helper
def can_play(row, cell, colour, superko):
    """Whether ``colour`` may place a stone on ``cell`` by the rules in ``row``.

    ``superko`` False checks simple ko only, whatever the rules: for playouts, and where
    :func:`superko_bites` says that this is enough.
    """
    board = row["board"]
    if board[cell] != EMPTY:
        return False
    stride = row["width"] + 1
    if superko:
        if _is_lonely(board, cell, stride):
            after = row["hash"] ^ ZOBRIST[colour, cell]
            return not seen(row, situation(row, after, 3 - colour))
    else:
        if cell == row["ko"]:
            return False
        for step in (-stride, -1, 1, stride):
            if board[cell + step] == EMPTY:
                return True
    return _can_play_among(row, cell, colour, superko)


@kernel
def _can_play_among(row, cell, colour, superko):
    """Check :func:`can_play` for an empty cell whose neighbours do not settle it at once."""
    board, root = row["board"], row["root"]
    stride = row["width"] + 1
    steps = (-stride, -1, 1, stride)
    breath = False
    after = row["hash"] ^ ZOBRIST[colour, cell]
    own_chains = _ZERO
    for k in range(4):
        neighbour = cell + steps[k]
        occupant = board[neighbour]
        if occupant == EMPTY:
            breath = True
            continue
        if occupant == BORDER:
            continue
        chain = root[neighbour]
        contacts = 0
        first = True
        for j in range(4):
            if root[cell + steps[j]] == chain:
                contacts += 1
                if j < k:
                    first = False
        if not first:
            continue
        if occupant == colour:
            if row["libs"][chain] > contacts:
                breath = True
            own_chains ^= row["chain_hash"][chain]
        elif row["libs"][chain] == contacts:
            breath = True
            after ^= row["chain_hash"][chain]
    if not breath:
        if row["suicide"] == 0:
            return False
        after = row["hash"] ^ own_chains
    if superko:
        return not seen(row, situation(row, after, 3 - colour))
    return True


@helper
def is_own_eye(row, cell, colour):
    """Whether filling ``cell`` would destroy what looks like an eye of ``colour``.

    All neighbours are own stones and at most one diagonal is an enemy stone (none at the edge).
    """
    board = row["board"]
    stride = row["width"] + 1
    for step in (-stride, -1, 1, stride):
        occupant = board[cell + step]
        if occupant != colour and occupant != BORDER:
            return False
    hostile = 0
    edge = 0
    for step in (-stride - 1, -stride + 1, stride - 1, stride + 1):
        occupant = board[cell + step]
        if occupant == BORDER:
            edge = 1
        elif occupant == 3 - colour:
            hostile += 1
    return hostile + edge < 2


@kernel
def remove_chain(row, chain):
    """Take a chain off the board; return its number of stones."""
    board, root, libs = row["board"], row["root"], row["libs"]
    stride = row["width"] + 1
    colour = board[chain]
    row["hash"] ^= row["chain_hash"][chain]
    count = row["empty_count"]
    cell = chain
    while True:
        board[cell] = EMPTY
        root[cell] = 0
        row["empties"][count] = cell
        row["empty_at"][cell] = count
        count += 1
        for step in (-stride, -1, 1, stride):
            neighbour = cell + step
            if board[neighbour] == 3 - colour:
                libs[root[neighbour]] += 1
        cell = row["next"][cell]
        if cell == chain:
            break
    removed = count - row["empty_count"]
    row["empty_count"] = count
    return removed


@kernel
def merge_chains(row, a, b):
    """Join two chains of one colour; return the root of the whole."""
    if row["size"][a] < row["size"][b]:
        a, b = b, a
    root, following = row["root"], row["next"]
    cell = b
    while True:
        root[cell] = a
        cell = following[cell]
        if cell == b:
            break
    following[a], following[b] = following[b], following[a]
    row["libs"][a] += row["libs"][b]
    row["size"][a] += row["size"][b]
    row["chain_hash"][a] ^= row["chain_hash"][b]
    return a


@kernel
def place_stone(row, cell, colour):
    """Put a stone on an empty cell, remove what it captures (or itself, by suicide), set the ko."""
    board, root, libs = row["board"], row["root"], row["libs"]
    stride = row["width"] + 1
    steps = (-stride, -1, 1, stride)

    last = row["empty_count"] - 1
    hole = row["empty_at"][cell]
    moved = row["empties"][last]
    row["empties"][hole] = moved
    row["empty_at"][moved] = hole
    row["empty_count"] = last

    board[cell] = colour
    root[cell] = cell
    row["next"][cell] = cell
    row["size"][cell] = 1
    row["chain_hash"][cell] = ZOBRIST[colour, cell]
    row["hash"] ^= ZOBRIST[colour, cell]
    own_libs = 0
    for step in steps:
        occupant = board[cell + step]
        if occupant == EMPTY:
            own_libs += 1
        elif occupant != BORDER:
            libs[root[cell + step]] -= 1
    libs[cell] = own_libs

    captured = 0
    captured_cell = 0
    for step in steps:
        neighbour = cell + step
        if board[neighbour] == 3 - colour and libs[root[neighbour]] == 0:
            captured_cell = neighbour
            captured += remove_chain(row, root[neighbour])
    row["prisoners"][colour - 1] += captured

    for step in steps:
        neighbour = cell + step
        if board[neighbour] == colour and root[neighbour] != root[cell]:
            merge_chains(row, root[neighbour], root[cell])

    chain = root[cell]
    row["ko"] = 0
    if libs[chain] == 0:
        row["prisoners"][2 - colour] += remove_chain(row, chain)
    elif captured == 1 and row["size"][chain] == 1 and libs[chain] == 1:
        row["ko"] = captured_cell


@helper
def is_safe(row, action):
    """Whether playing this would leave the row well formed: see :class:`~rows.RowKernels`."""
    return action == row["height"] * row["width"] or row["board"][cell_of(row, action)] == EMPTY


@helper
def is_legal(row, action):
    """Whether the rules in ``row`` allow the action in a game that is not over."""
    if action == row["height"] * row["width"]:
        return True
    return can_play(row, cell_of(row, action), row["to_move"], superko_bites(row))


@kernel
def play_row(row, action):
    """Play a legal action and note it; two passes, or the last ply of all, end the game."""
    is_pass = action == row["height"] * row["width"]
    if is_pass:
        row["passes"] += 1
        row["ko"] = 0
        if row["passes"] >= 2:
            row["finished"] = 1
    else:
        row["passes"] = 0
        place_stone(row, cell_of(row, action), row["to_move"])
    note(row, action)
    if not is_pass or row["superko"] == SITUATIONAL_SUPERKO:
        remember(row)
    if row["plies"] >= len(row["history"]) - 1:
        row["finished"] = 1
