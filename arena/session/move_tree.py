"""Lays a tree of positions out in columns and rows, as move trees are drawn. No engine, no pygame.

A position's column is its ply. A first child stands in its parent's row; every other branch goes
into the highest row below its parent in which it crosses nothing. Time is linear in the positions.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from arena.session.tree import Node

AT_ONCE: Final = 500
"""Positions up to which a layout is made at once; it takes a millisecond then."""


@dataclass(frozen=True)
class Layout:
    """Where the positions of a tree stand."""

    row_of: dict[Node, int] = field(default_factory=dict)
    columns: list[list[Node]] = field(default_factory=list)
    """By ply, from the top down."""
    rows: list[list[int]] = field(default_factory=list)
    """The rows of :attr:`columns`."""
    forks: list[list[tuple[Node, int]]] = field(default_factory=list)
    """By ply, the positions with several children, and the row of the last child."""
    height: int = 0
    """Number of rows."""

    def within(self, left: int, right: int, top: int, bottom: int) -> Iterator[tuple[Node, int]]:
        """Yield the positions in columns ``left`` to ``right`` and rows ``top`` to ``bottom``."""
        for column in range(max(left, 0), min(right + 1, len(self.columns))):
            rows = self.rows[column]
            for index in range(bisect_left(rows, top), len(rows)):
                if rows[index] > bottom:
                    break
                yield self.columns[column][index], rows[index]


def lay_out(root: Node) -> Layout:
    """Lay a tree out; another thread may add to it meanwhile."""
    row_of: dict[Node, int] = {}
    columns: list[list[tuple[int, Node]]] = []
    free: list[int] = []
    """By column, the first row below everything in it."""
    forks: list[list[tuple[Node, int]]] = []
    todo = [root]
    while todo:
        first = todo.pop()
        chain = [first]
        branches: list[Node] = []
        while chain[-1].children:
            here, *others = tuple(chain[-1].children)
            branches += reversed(others)
            chain.append(here)
        for _ in range(len(columns), first.ply + len(chain)):
            columns.append([])
            free.append(0)
            forks.append([])
        start = first.ply if first.parent is None else first.ply - 1
        row = max(free[start : first.ply + len(chain)])
        for node in chain:
            row_of[node] = row
            columns[node.ply].append((row, node))
            free[node.ply] = row + 1
        if first.parent is not None:
            free[start] = row
            known = forks[start]
            if known and known[-1][0] is first.parent:
                known.pop()
            known.append((first.parent, row))
        todo += branches  # those that leave the chain last come first, next to it
    order = [sorted(column, key=lambda entry: entry[0]) for column in columns]
    return Layout(
        row_of,
        [[node for _, node in column] for column in order],
        [[row for row, _ in column] for column in order],
        forks,
        max(free, default=0),
    )


class Layouts:
    """Keeps the layout of the tree on the board; large ones are made in a thread."""

    def __init__(self) -> None:
        self._shape: tuple[object, int] = (None, -1)
        self._layout = Layout()
        self._working: threading.Thread | None = None

    def of(self, root: Node) -> Layout:
        """Return the layout of a tree; of a large one that changes, one from shortly before."""
        shape = (root.shape, root.shape.changes)
        if shape == self._shape:
            return self._layout
        if root.shape is not self._shape[0]:
            self._layout = Layout()
        if root.shape.positions <= AT_ONCE:
            self._layout, self._shape = lay_out(root), shape
        elif self._working is None or not self._working.is_alive():
            self._working = threading.Thread(target=self._work, args=(root, shape), daemon=True)
            self._working.start()
        return self._layout

    @property
    def busy(self) -> bool:
        """Whether a layout is being made."""
        return self._working is not None and self._working.is_alive()

    def _work(self, root: Node, shape: tuple[object, int]) -> None:
        self._layout, self._shape = lay_out(root), shape
