"""Names for the columns of a game's features, so that games can share a network."""

from __future__ import annotations

from dataclasses import dataclass

from engine.games.spec import GameSpec


@dataclass(frozen=True)
class InputLayout:
    """Planes and globals as :meth:`GameSpec.features` writes them, by name."""

    game: str
    """The game's name, such as ``go``."""
    height: int
    width: int
    plane_names: tuple[str, ...]
    global_names: tuple[str, ...]

    @classmethod
    def of(cls, spec: GameSpec) -> InputLayout:
        """Return the layout of the features that ``spec`` writes."""
        return cls(spec.name, spec.height, spec.width, spec.plane_names, spec.global_names)

    @property
    def points(self) -> int:
        """Number of points of the board."""
        return self.height * self.width
