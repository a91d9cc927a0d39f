"""A game with its variations: every position that was on the board stays in the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.search import SearchResult

Properties = dict[str, list[str]]
"""SGF properties: values by identifier, as they stand between the brackets, escapes included."""


@dataclass(frozen=True)
class Probe:
    """What a search says of one move because a person asked for it, from the side that plays it."""

    visits: int
    win_rate: float
    score: float | None = None
    """Expected points; ``None`` in games without points."""
    line: tuple[int, ...] = ()
    """The expected line, which begins with the move; empty if it is not known."""
    thought: SearchResult | None = None
    """The search of the position after the move, if there was one of its own."""


@dataclass(eq=False)
class Shape:
    """Of a whole tree: what tells whether a drawing of it is still right."""

    changes: int = 0
    """How many times a position was added, moved or taken away."""
    positions: int = 1
    """How many there have been; taken away ones are counted too."""
    edits: int = 0
    """How many times something was said about a position."""
    looks: int = 0
    """How many times a deeper search of a position was kept."""


@dataclass(eq=False)
class Node:
    """A position, by the action that led to it."""

    action: int | None = None
    """``None`` at the root."""
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    chosen: int = 0
    """Which child forward leads to: the one that was on the board last."""
    thought: SearchResult | None = None
    """The deepest look that the AI took at this position, from the side to move."""
    resigned: int | None = None
    """Who gave up here."""
    timed_out: int | None = None
    """Whose time was up here."""
    dead: frozenset[int] = frozenset()
    """Stones that count as captured, where a game of Go ended here."""
    agreed: bool = False
    """Whether the person agreed to the count of a game that ended here."""
    counted: bool = False
    """Whether the person's standing has taken this end of a game into account."""
    samples: list[SearchResult] = field(default_factory=list)
    """The same look when it was shallower, each about twice as deep as the one before."""
    ply: int = 0
    notes: Properties = field(default_factory=dict)
    """What is said here: comment, name, judgement and markup, and what else a file says."""
    edited: set[str] = field(default_factory=set)
    """The identifiers in :attr:`notes` that differ from the file's, or are not there any more."""
    probes: dict[int, Probe] = field(default_factory=dict)
    """Moves from here that a person asked about, by action."""
    read_thought: SearchResult | None = None
    """The search result that a file held, which is written back as it was."""
    read_rate: float | None = None
    """Black's chance to win as a file says it, without a search."""
    shape: Shape = field(default_factory=Shape)
    """One object for all positions of a tree."""

    def look(self, thought: SearchResult) -> None:
        """Keep what a search says, unless a deeper one is known."""
        if self.thought is not None and thought.simulations < self.thought.simulations:
            return
        self.thought = thought
        self.shape.looks += 1
        if not self.samples or thought.simulations >= 2 * self.samples[-1].simulations:
            self.samples = [*self.samples[-11:], thought]

    def known(self, simulations: int) -> bool:
        """Whether the AI has looked at it so deeply, or to the end."""
        thought = self.thought
        return thought is not None and (thought.simulations >= simulations or bool(thought.proven))

    @property
    def earlier(self) -> SearchResult | None:
        """The present look when it was about half as deep."""
        depth = 0 if self.thought is None else self.thought.simulations
        known = [sample for sample in self.samples if 0 < sample.simulations <= depth // 2]
        return known[-1] if known else None

    def child(self, action: int, first: bool = False) -> Node:
        """Return the position after an action, a new one if need be; forward leads there now.

        A new one comes after its siblings, or before them if it is to be ``first``.
        """
        for index, node in enumerate(self.children):
            if node.action == action:
                self.chosen = index
                return node
        node = Node(action, self, ply=self.ply + 1, shape=self.shape)
        self.chosen = 0 if first else len(self.children)
        self.children.insert(self.chosen, node)
        self.shape.changes += 1
        self.shape.positions += 1
        probe = self.probes.get(action)
        if probe is not None and probe.thought is not None:
            node.look(probe.thought)
        return node

    def note(self, name: str, values: list[str]) -> None:
        """Say something here; no values take it back."""
        if self.notes.get(name, []) == values:
            return
        self.notes.pop(name, None)
        if values:
            self.notes[name] = values
        self.edited.add(name)
        self.shape.edits += 1

    def promote(self) -> bool:
        """Make the line to here the main line; return whether it was not."""
        moved = False
        node = self
        while node.parent is not None:
            parent = node.parent
            if parent.children[0] is not node:
                parent.children.remove(node)
                parent.children.insert(0, node)
                moved = True
            parent.chosen = 0
            node = parent
        self.shape.changes += moved
        return moved

    def take_away(self) -> None:
        """Remove this position and all after it from the tree."""
        assert self.parent is not None
        siblings = self.parent.children
        at = siblings.index(self)
        siblings.remove(self)
        self.parent.chosen = max(min(at, len(siblings) - 1), 0)
        self.shape.changes += 1

    def put_back(self) -> None:
        """Undo :meth:`take_away`; forward leads here."""
        assert self.parent is not None
        self.parent.children.append(self)
        self.parent.chosen = len(self.parent.children) - 1
        self.shape.changes += 1

    def walk(self) -> Iterator[Node]:
        """Yield this position and all after it, parents first, first children first.

        Another thread may change the tree meanwhile.
        """
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(tuple(node.children)[::-1])

    @property
    def next(self) -> Node | None:
        """Where forward leads."""
        return self.children[self.chosen] if self.children else None

    @property
    def root(self) -> Node:
        """The start of the game."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    @property
    def fork(self) -> Node | None:
        """The latest position up to here that has siblings."""
        node: Node | None = self
        while node is not None and (node.parent is None or len(node.parent.children) < 2):
            node = node.parent
        return node

    def actions(self) -> tuple[int, ...]:
        """All actions from the root."""
        return tuple(node.action for node in self.path() if node.action is not None)

    def path(self) -> list[Node]:
        """The positions from the root to here."""
        nodes: list[Node] = []
        node: Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def onward(self) -> Iterator[Node]:
        """The positions after this one along forward."""
        node = self.next
        while node is not None:
            yield node
            node = node.next

    def line(self) -> list[Node]:
        """The whole line: from the root over this position to its end along forward."""
        return [*self.path(), *self.onward()]
