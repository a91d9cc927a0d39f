"""Shape and inputs of a network; stored with its weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from agents.network.heads import TEACHING
from engine.errors import ConfigError, NetworkFileError
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec

GAME_PREFIX: Final = "game:"
"""Before a game's name: the global that is 1 in this game, in a network of several."""


def input_names(layouts: Iterable[InputLayout]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names of planes and globals that serve all layouts.

    With several games or sizes, among the globals are which game it is and how large the board.
    """
    layouts = list(layouts)
    planes = tuple(dict.fromkeys(name for layout in layouts for name in layout.plane_names))
    globals_ = list(dict.fromkeys(name for layout in layouts for name in layout.global_names))
    games = dict.fromkeys(layout.game for layout in layouts)
    if len(games) > 1:
        globals_ += [GAME_PREFIX + game for game in games]
    if len({(layout.height, layout.width) for layout in layouts}) > 1:
        globals_ += ["height", "width"]
    return planes, tuple(globals_)


@dataclass(frozen=True)
class NetworkConfig:
    """A residual trunk with global pooling and its heads."""

    blocks: int
    channels: int
    plane_names: tuple[str, ...]
    """Binary input planes, in order; ``on_board`` is among them."""
    global_names: tuple[str, ...]
    """Inputs that belong to no point, in order."""
    games: tuple[str, ...]
    """Names of the games that it was made for."""
    head_channels: int = 32
    value_hidden: int = 64
    pooled_every: int = 2
    """One block in this number of blocks sees the whole board through global pooling."""
    bottleneck: int = 0
    """Channels inside a block; 0: a block is two 3x3 convolutions of all channels."""
    inner_blocks: int = 2
    """Pairs of 3x3 convolutions inside a block with a bottleneck."""
    future: bool = False
    """Whether a head predicts the board some plies later (training only)."""
    heads: tuple[str, ...] = ()
    """Further heads that only teach, by name; see :data:`agents.network.heads.TEACHING`."""

    @classmethod
    def named(
        cls, name: str, *specs: GameSpec, future: bool = False, heads: tuple[str, ...] = ()
    ) -> NetworkConfig:
        """Return a named size for some games: ``b4c32`` is 4 blocks of 32 channels.

        Raises:
            ConfigError: if there is no such size.
        """
        if name not in SIZES:
            raise ConfigError(f"expected a network size from {', '.join(SIZES)}, got {name!r}")
        planes, globals_ = input_names(map(InputLayout.of, specs))
        games = tuple(dict.fromkeys(spec.name for spec in specs))
        return cls(
            plane_names=planes,
            global_names=globals_,
            games=games,
            future=future,
            heads=heads,
            **SIZES[name],
        )

    def require(self, game: str) -> None:
        """Check that the network was made for a game.

        Raises:
            NetworkFileError: if it was not.
        """
        if game not in self.games:
            raise NetworkFileError(
                f"expected a network for {game}, got one for {', '.join(self.games)}"
            )

    @property
    def short_name(self) -> str:
        """The size's name, such as ``b4c32``, or ``n3c128`` with bottlenecks."""
        return f"{'n' if self.bottleneck else 'b'}{self.blocks}c{self.channels}"

    @property
    def teaching(self) -> tuple[str, ...]:
        """Names of the heads that only teach and that this version of the program knows."""
        wanted = {"short", *self.heads, *(["future"] if self.future else [])}
        return tuple(name for name in TEACHING if name in wanted)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; ``heads`` is there only if there are some."""
        values = asdict(self)
        if not self.heads:
            del values["heads"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """Read :meth:`as_dict` back.

        Raises:
            NetworkFileError: on missing, unknown or absurd values: they come from a file.
        """
        try:
            names = {key: _names(key, values[key]) for key in _NAME_LISTS}
            names["heads"] = _names("heads", values.get("heads", ()))
            config = cls(**{**values, **names})
        except (KeyError, TypeError) as error:
            raise NetworkFileError(f"expected a network configuration, got {error}") from error
        for name, (smallest, largest) in _LIMITS.items():
            value = getattr(config, name)
            if type(value) is not int or not smallest <= value <= largest:
                raise NetworkFileError(
                    f"expected {name} from {smallest} to {largest}, got {value!r}"
                )
        if not isinstance(config.future, bool):
            raise NetworkFileError(f"expected future as true or false, got {config.future!r}")
        if "on_board" not in config.plane_names:
            raise NetworkFileError(f"expected a plane 'on_board' in {config.plane_names!r}")
        return config


_NAME_LISTS: Final = ("plane_names", "global_names", "games")
_MOST_NAMES: Final = 256
_LIMITS: Final = {
    "blocks": (1, 200),
    "channels": (1, 4096),
    "head_channels": (1, 4096),
    "value_hidden": (1, 4096),
    "pooled_every": (1, 200),
    "bottleneck": (0, 4096),
    "inner_blocks": (1, 16),
}


def _names(key: str, value: Any) -> tuple[str, ...]:
    """A list of distinct names from a file."""
    if not isinstance(value, list | tuple) or len(value) > _MOST_NAMES:
        raise NetworkFileError(f"expected {key} as a list of names, got {str(value)[:80]!r}")
    if not all(isinstance(name, str) for name in value) or len(set(value)) != len(value):
        raise NetworkFileError(f"expected distinct names in {key}, got {str(value)[:80]!r}")
    return tuple(value)


SIZES: Final[dict[str, dict[str, int]]] = {
    "b2c16": {"blocks": 2, "channels": 16, "head_channels": 16},
    "b4c32": {"blocks": 4, "channels": 32},
    "b6c64": {"blocks": 6, "channels": 64},
    "n3c128": {"blocks": 3, "channels": 128, "bottleneck": 64},
    "b10c128": {"blocks": 10, "channels": 128, "head_channels": 64},
    "n6c256": {"blocks": 6, "channels": 256, "bottleneck": 128, "head_channels": 64},
}
"""Named sizes, from forty thousand to some millions of parameters."""
