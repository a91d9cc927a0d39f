"""What stands in the columns of a game's features: names, so that networks can be shared."""

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
        """The layout of a game's features."""
        return cls(spec.name, spec.height, spec.width, spec.plane_names, spec.global_names)

    @property
    def points(self) -> int:
        """Points of the board."""
        return self.height * self.width
