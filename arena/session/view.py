"""What a person chose to see: a pane of the panel, and what lies over the stones. No engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from arena.session.texts import mark

if TYPE_CHECKING:
    from arena.session.games import SetUp


@dataclass(frozen=True)
class Pane:
    """A part of the panel that a command of its own name opens and closes.

    Its button, its keys and its line in the list of keys come from here; the function of that name
    in :mod:`arena.window.panes` paints it.
    """

    title: str
    """On its button."""
    words: str
    """What its command does, for the list of keys."""
    keys: tuple[str, ...]
    wants_search: Literal["", "position", "game"] = ""
    """What the network looks at while the pane is open, as deep as it goes."""


PANES: Final[dict[str, Pane]] = {
    "tree": Pane(mark("Tree"), mark("the moves as a tree, with comments"), ("j",)),
    "inspect": Pane(
        mark("Why"), mark("why: the numbers behind each move"), ("e",), wants_search="position"
    ),
    "review": Pane(
        mark("Mistakes"),
        mark("go through the game, list the costly moves"),
        ("m",),
        wants_search="game",
    ),
}
"""By name, in the order of their buttons."""
CANDIDATES: Final = "candidates"
"""The pane that is there while none of :data:`PANES` is open."""


@dataclass(frozen=True)
class Overlays:
    """What is shown on top of the stones."""

    candidates: bool = False
    heat_map: bool = False
    ownership: bool = False
    coordinates: bool = True
    numbers: bool = False
    legal: bool = True
    """Whether legal points are marked in games where they are few."""
    threats: bool = False
    """Whether points are marked where a side would complete a row."""
    branches: bool = True
    """Marks of SGF, and where variations go on."""

    @property
    def looking(self) -> bool:
        """Whether anything shown needs the AI's opinion."""
        return self.candidates or self.heat_map or self.ownership


ORDERS: Final = ("visits", "chance", "points", "prior")
"""What candidates can be sorted by."""


@dataclass
class View:
    """The present choice of all of it."""

    pane: str = CANDIDATES
    overlays: Overlays = field(default_factory=Overlays)
    set_up: SetUp | None = None
    """The board that is being set up by hand, in place of the game's."""

    pointed: int | None = None
    """The move that the mouse rests on, which is looked at though the search would not."""
    shortlist: frozenset[int] = frozenset()
    """Points that a person drew: only these are candidates, each looked at equally deep."""
    drawing: bool = False
    """Whether clicks change the shortlist."""
    equally: bool = False
    """Whether every legal move gets the same visits."""
    order: str = "visits"
    """What candidates are sorted by, one of :data:`ORDERS`."""
    scrolled: tuple[object, int, int] = (None, 0, 0)
    """The position that the tree was scrolled at, and how far, in pixels right and down."""

    def tree_offset(self, node: object) -> tuple[int, int]:
        """Return how far the tree is scrolled from a position on the board."""
        return self.scrolled[1:] if self.scrolled[0] is node else (0, 0)

    def scroll_tree(self, node: object, across: int, down: int) -> None:
        """Scroll the tree until another position is on the board."""
        before = self.tree_offset(node)
        self.scrolled = (node, before[0] + across, before[1] + down)

    def turn_pane(self, name: str) -> None:
        """Open a pane of :data:`PANES`, or close it."""
        self.pane = CANDIDATES if self.pane == name else name

    def toggle(self, overlay: str) -> None:
        """Show an overlay, or show it no longer."""
        shown = getattr(self.overlays, overlay)
        self.overlays = replace(self.overlays, **{overlay: not shown})

    def turn_order(self, has_points: bool) -> None:
        """Sort candidates by the next of :data:`ORDERS`."""
        orders = [order for order in ORDERS if has_points or order != "points"]
        at = orders.index(self.order) if self.order in orders else -1
        self.order = orders[(at + 1) % len(orders)]

    def change_shortlist(self, action: int) -> None:
        """Put a point on the shortlist, or take it off."""
        self.shortlist = self.shortlist ^ {action}

    @property
    def wants_position(self) -> bool:
        """Whether the network should look at the position on the board as deep as it goes."""
        return self.set_up is None and (self.overlays.candidates or self._wants("position"))

    @property
    def wants_game(self) -> bool:
        """Whether the network should go through the whole game."""
        return self._wants("game")

    @property
    def explains(self) -> bool:
        """Whether lines and numbers of the present search are shown."""
        return self.overlays.candidates or self._wants("position")

    def _wants(self, search: str) -> bool:
        return self.pane in PANES and PANES[self.pane].wants_search == search
