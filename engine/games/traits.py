"""Traits of a game that the program reads instead of its name; each has a default."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.look import Look


class Traits:
    """Facts of a game that hold for all its sizes and rules, and what people are shown of it."""

    height: int
    width: int

    symmetries: ClassVar[tuple[int, ...]] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Indices of the :func:`engine.symmetry.permutations` that map a game to an equal one. The
    identity comes first; those beyond 3 exist on squares only."""
    letter_i: ClassVar[bool] = True
    """Whether the column after H is called I, as in all games except Go."""
    rows_from_top: ClassVar[bool] = False
    """Whether row 1 is the top one."""
    slant: ClassVar[bool] = False
    """Whether each row stands half a point right of the one above, as on a hexagonal board."""
    star_points: ClassVar[bool] = False
    """Whether a printed board of this game has star points."""
    may_pass: ClassVar[bool] = False
    """Whether a player may pass by choice: early passes then teach a network nothing."""
    stones_fall: ClassVar[bool] = False
    """Whether the column alone determines where a stone comes to rest."""
    has_points: ClassVar[bool] = False
    """Whether the score counts points, and points have owners; otherwise it gives the winner."""
    pass_name: ClassVar[str] = "pass"
    """What players call the last action."""
    omits_passes: ClassVar[bool] = False
    """Whether records leave out a pass that is the only action, so that one side moves twice."""
    has_komi: ClassVar[bool] = False
    """Whether ``komi`` is a rule: points that White gets for moving second."""
    has_handicap: ClassVar[bool] = False
    """Whether a stronger Black may begin with stones on the board: ``place_handicap``."""
    has_dead_stones: ClassVar[bool] = False
    """Whether stones that cannot live may be left on the board at the end. ``score`` and
    ``ownership`` take them as ``dead``; ``certain`` finds some stones that are alive."""
    takes_prisoners: ClassVar[bool] = False
    """Whether stones leave the board, and positions count them under ``prisoners`` ``(2,)``."""
    most_stones_win: ClassVar[bool] = False
    """Whether the score is the difference of stones on the board."""
    has_forced: ClassVar[bool] = False
    """Whether ``forced`` proves wins from the rules alone, without a search over all actions."""
    sgf_number: ClassVar[str] = ""
    """The game's number in SGF (``GM``); if empty, a private name is written instead."""
    look: ClassVar[Look] = Look()
    """The appearance of its board and the names of its players."""
    quick_size: ClassVar[tuple[int, int] | tuple[()]] = ()
    """Height and width of a board for short games; if empty, the usual board is small."""

    def winning_points(self, positions: NDArray[Any]) -> NDArray[np.bool_]:
        """Mark the stones that won a finished game, ``(rows, points)``; none by default."""
        return np.zeros((len(positions), self.height * self.width), np.bool_)

    def threats(self, positions: NDArray[Any]) -> NDArray[np.uint8]:
        """Say what a stone on each point would make of a row, uint8 ``(rows, points)``.

        The values are sums of those of :mod:`engine.games.connection`; 0 by default.
        """
        return np.zeros((len(positions), self.height * self.width), np.uint8)
