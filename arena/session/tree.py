"""A game with its variations: every position that was on the board stays in the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.search import SearchResult


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
    counted: bool = False
    """Whether the person's standing has taken this end of a game into account."""
    samples: list[SearchResult] = field(default_factory=list)
    """The same look when it was shallower, each about twice as deep as the one before."""
    ply: int = 0

    def look(self, thought: SearchResult) -> None:
        """Keep what a search says, unless a deeper one is known."""
        if self.thought is not None and thought.simulations < self.thought.simulations:
            return
        self.thought = thought
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

    def child(self, action: int) -> Node:
        """Return the position after an action, a new one if need be; forward leads there now."""
        for index, node in enumerate(self.children):
            if node.action == action:
                self.chosen = index
                return node
        self.children.append(Node(action, self, ply=self.ply + 1))
        self.chosen = len(self.children) - 1
        return self.children[-1]

    @property
    def next(self) -> Node | None:
        """Where forward leads."""
        return self.children[self.chosen] if self.children else None

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
