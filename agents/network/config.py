"""Shape and inputs of a network; stored with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.errors import ConfigError, NetworkFileError
from engine.games.spec import GameSpec


@dataclass(frozen=True)
class NetworkConfig:
    """A residual trunk with global pooling and four heads."""

    blocks: int
    """Residual blocks of two 3x3 convolutions."""
    channels: int
    plane_names: tuple[str, ...]
    """Binary input planes, in order; ``on_board`` is among them."""
    global_names: tuple[str, ...]
    """Inputs that belong to no point, in order."""
    head_channels: int = 32
    value_hidden: int = 64
    pooled_every: int = 2
    """Every so many blocks, one sees the whole board through global pooling."""

    @classmethod
    def named(
        cls, name: str, plane_names: tuple[str, ...], global_names: tuple[str, ...]
    ) -> NetworkConfig:
        """Return a named size, such as ``b4c32``: 4 blocks of 32 channels.

        Raises:
            ConfigError: if there is no such size.
        """
        if name not in SIZES:
            raise ConfigError(f"expected a network size from {', '.join(SIZES)}, got {name!r}")
        blocks, channels, head_channels = SIZES[name]
        return cls(blocks, channels, plane_names, global_names, head_channels)

    def require(self, spec: GameSpec) -> None:
        """Refuse a game that has other inputs than the network was made for.

        Raises:
            NetworkFileError: then.
        """
        if (spec.plane_names, spec.global_names) != (self.plane_names, self.global_names):
            raise NetworkFileError(
                f"expected a network with the inputs of {spec.name}, got one with "
                f"{self.plane_names!r} and {self.global_names!r}"
            )

    @property
    def short_name(self) -> str:
        """Such as ``b4c32``."""
        return f"b{self.blocks}c{self.channels}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """Read :meth:`as_dict` back.

        Raises:
            NetworkFileError: on missing, unknown or absurd values: they come from a file.
        """
        try:
            config = cls(
                **{
                    **values,
                    "plane_names": tuple(values["plane_names"]),
                    "global_names": tuple(values["global_names"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise NetworkFileError(f"expected a network configuration, got {error}") from error
        limits = {
            "blocks": 200,
            "channels": 4096,
            "head_channels": 4096,
            "value_hidden": 4096,
            "pooled_every": 200,
        }
        for name, largest in limits.items():
            value = getattr(config, name)
            if not isinstance(value, int) or not 1 <= value <= largest:
                raise NetworkFileError(f"expected {name} from 1 to {largest}, got {value!r}")
        if "on_board" not in config.plane_names:
            raise NetworkFileError(f"expected a plane 'on_board' in {config.plane_names!r}")
        return config


SIZES: Final[dict[str, tuple[int, int, int]]] = {
    "b2c16": (2, 16, 16),
    "b4c32": (4, 32, 32),
    "b4c48": (4, 48, 32),
    "b6c64": (6, 64, 32),
    "b10c128": (10, 128, 48),
}
"""Name to (blocks, channels, head channels)."""
