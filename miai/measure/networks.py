"""A network to measure with: a named size with fresh weights, or a file."""

from __future__ import annotations

from pathlib import Path

from agents.network.checkpoint import load_network
from agents.network.config import SIZES, NetworkConfig
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError
from engine.games import GameSpec


def find_network(name_or_path: str, spec: GameSpec) -> PolicyValueNet:
    """Return the network in evaluation mode; what its weights are does not change its speed.

    Raises:
        ConfigError: if it is neither a size nor a file.
        NetworkFileError: if the file is not a usable network.
    """
    if name_or_path in SIZES:
        config = NetworkConfig.named(name_or_path, spec)
        return PolicyValueNet.initial(config, seed=1).eval()
    if not Path(name_or_path).exists():
        raise ConfigError(
            f"expected a network file or a size from {', '.join(SIZES)}, got {name_or_path!r}"
        )
    return load_network(Path(name_or_path))[0]
