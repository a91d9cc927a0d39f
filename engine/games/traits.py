"""What the rest of the program asks about a game in place of its name; each has a default."""

from __future__ import annotations

from typing import ClassVar

from engine.look import Look


class Traits:
    """Facts of a game that hold for all its sizes and rules."""

    symmetries: ClassVar[tuple[int, ...]] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Which of :func:`engine.symmetry.permutations` turn a game into an equal one, the identity
    first; those beyond 3 exist on squares only."""
    letter_i: ClassVar[bool] = True
    """Whether the column after H is called I, as everywhere but in Go."""
    rows_from_top: ClassVar[bool] = False
    """Whether row 1 is the top one."""
    slant: ClassVar[bool] = False
    """Whether each row stands half a point right of the one above, as on a hexagonal board."""
    star_points: ClassVar[bool] = False
    """Whether a printed board of this game has star points."""
    may_pass: ClassVar[bool] = False
    """Whether a player may pass by choice: early passes then teach a network nothing."""
    stones_fall: ClassVar[bool] = False
    """Whether a column alone tells where a stone comes to rest."""
    has_points: ClassVar[bool] = False
    """Whether the score counts points, and points have owners; else only who won is known."""
    pass_name: ClassVar[str] = "pass"
    """What players call the last action."""
    omits_passes: ClassVar[bool] = False
    """Whether records leave out a pass that is the only action, so that one side moves twice."""
    has_komi: ClassVar[bool] = False
    """Whether ``komi`` is a rule: points that White gets for moving second."""
    has_handicap: ClassVar[bool] = False
    """Whether a stronger Black may begin with stones on the board: ``place_handicap``."""
    has_dead_stones: ClassVar[bool] = False
    """Whether stones that cannot live may be left on the board at the end: ``score`` and
    ``ownership`` are told which, and ``certain`` knows some that live."""
    takes_prisoners: ClassVar[bool] = False
    """Whether stones leave the board, and positions count them under ``prisoners`` ``(2,)``."""
    most_stones_win: ClassVar[bool] = False
    """Whether the score is the difference of stones on the board."""
    sgf_number: ClassVar[str] = ""
    """The game's number in SGF (``GM``); empty: it has none, and is written with a private name."""
    look: ClassVar[Look] = Look()
    """What its board is made of, and what its players are called."""
    quick_size: ClassVar[tuple[int, int] | tuple[()]] = ()
    """Height and width of a board on which a game is soon over; empty: the usual one is small."""
