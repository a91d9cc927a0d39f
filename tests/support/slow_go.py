"""Go in plain Python, written to be obviously right: the twin that the kernels are held against.

A board is a tuple of colours, point by point. Chains are found by flood fill each time, a ko by
comparing whole boards. Shares nothing with the engine but the numbers of the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

EMPTY, BLACK, WHITE = 0, 1, 2
Board = tuple[int, ...]


@dataclass
class SlowGo:
    """One game; ``action`` is ``row * width + column`` or ``height * width`` for the pass."""

    height: int
    width: int
    komi: float = 7.0
    ko: str = "positional"
    suicide: bool = False
    scoring: str = "area"
    to_move: int = BLACK
    passes: int = 0
    prisoners: list[int] = field(default_factory=lambda: [0, 0])
    """Stones captured by Black, by White; a suicide is the opponent's capture."""
    actions: list[int] = field(default_factory=list)
    boards: list[Board] = field(default_factory=list)
    """Board after each ply, the start first."""

    def __post_init__(self) -> None:
        if not self.boards:
            self.boards.append((EMPTY,) * (self.height * self.width))

    @property
    def board(self) -> Board:
        return self.boards[-1]

    @property
    def points(self) -> int:
        return self.height * self.width

    @property
    def finished(self) -> bool:
        return self.passes >= 2

    def neighbours(self, point: int) -> list[int]:
        row, column = divmod(point, self.width)
        around = [(row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)]
        return [
            r * self.width + c for r, c in around if 0 <= r < self.height and 0 <= c < self.width
        ]

    def chain(self, board: Sequence[int], point: int) -> set[int]:
        """All points connected to ``point`` that hold the same (a stone or nothing)."""
        chain = {point}
        frontier = [point]
        while frontier:
            for near in self.neighbours(frontier.pop()):
                if board[near] == board[point] and near not in chain:
                    chain.add(near)
                    frontier.append(near)
        return chain

    def liberties(self, board: Sequence[int], point: int) -> set[int]:
        """Empty points next to the chain of ``point``."""
        chain = self.chain(board, point)
        return {near for stone in chain for near in self.neighbours(stone) if board[near] == EMPTY}

    def place(self, point: int) -> tuple[Board, set[int], set[int]]:
        """The board after a stone on an empty point, what it captures, what it kills of its own."""
        colour = self.to_move
        after = list(self.board)
        after[point] = colour
        captured: set[int] = set()
        for near in self.neighbours(point):
            if after[near] == 3 - colour and not self.liberties(after, near):
                captured |= self.chain(after, near)
        for stone in captured:
            after[stone] = EMPTY
        lost: set[int] = set()
        if not self.liberties(after, point):
            lost = self.chain(after, point)
        for stone in lost:
            after[stone] = EMPTY
        return tuple(after), captured, lost

    def retakes(self, point: int) -> bool:
        """Whether a stone here takes back, at once, the one stone that just took one stone."""
        if not self.actions or self.actions[-1] == self.points:
            return False
        after, captured, _ = self.place(point)
        return captured == {self.actions[-1]} and after == self.boards[-2]

    def forbidden_by_ko(self, point: int) -> bool:
        """Whether the ko rule refuses a stone on an empty point, other rules aside."""
        if self.ko == "simple":
            return self.retakes(point)
        after = self.place(point)[0]
        if self.ko == "positional":
            return after in self.boards
        # The side that was to move alternates with every ply, passes included.
        return after in self.boards[(len(self.boards) % 2) :: 2]

    def is_legal(self, action: int) -> bool:
        if self.finished or not 0 <= action <= self.points:
            return False
        if action == self.points:
            return True
        if self.board[action] != EMPTY:
            return False
        if self.place(action)[2] and not self.suicide:
            return False
        return not self.forbidden_by_ko(action)

    def legal(self) -> list[bool]:
        return [self.is_legal(action) for action in range(self.points + 1)]

    def play(self, action: int) -> None:
        """Play a legal action."""
        if action == self.points:
            self.passes += 1
            self.boards.append(self.board)
        else:
            self.passes = 0
            after, captured, lost = self.place(action)
            self.prisoners[self.to_move - 1] += len(captured)
            self.prisoners[2 - self.to_move] += len(lost)
            self.boards.append(after)
        self.actions.append(action)
        self.to_move = 3 - self.to_move

    def ownership(self) -> list[int]:
        """Per point 1 for Black, -1 for White, 0 for neither: stones, and one-coloured regions."""
        owners = []
        for point in range(self.points):
            colours = {self.board[point]}
            if colours == {EMPTY}:
                region = self.chain(self.board, point)
                colours = {self.board[near] for at in region for near in self.neighbours(at)}
                colours -= {EMPTY}
            owners.append({BLACK: 1, WHITE: -1}[colours.pop()] if len(colours) == 1 else 0)
        return owners

    def score(self) -> float:
        """Black's points minus White's minus komi."""
        owners = self.ownership()
        if self.scoring == "area":
            return sum(owners) - self.komi
        vacant = [owner for owner, stone in zip(owners, self.board, strict=True) if stone == EMPTY]
        return sum(vacant) + self.prisoners[0] - self.prisoners[1] - self.komi
