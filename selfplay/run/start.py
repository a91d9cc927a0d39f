"""The network that a run begins with: random weights, or those of another network.

A given network is copied as checkpoint 000000, so the folder no longer depends on its origin.
Ratings, the league and the report then treat it like any other checkpoint.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.network.checkpoint import load_network, read_bytes, read_metadata
from agents.network.config import SIZES, NetworkConfig
from agents.network.model import PolicyValueNet
from agents.parse import network_path
from engine.errors import ConfigError
from engine.files import write_atomic
from selfplay.run.config import RunConfig
from selfplay.run.folder import RunFolder


def first_network(folder: RunFolder, config: RunConfig) -> PolicyValueNet:
    """Return the network before its first training step.

    Raises:
        ConfigError: if ``config.start`` names no network, or one of another game or shape.
        NetworkFileError: if its file is damaged or of another version.
    """
    if not config.start:
        return PolicyValueNet.initial(config.network_config(), config.seed)
    model = load_network(_source(folder, config))[0].train()
    fitting = fit(config, model.config)
    for name in ("network", "future_head", "heads"):
        wanted, got = getattr(fitting, name), getattr(config, name)
        if wanted != got:
            raise ConfigError(
                f"expected {name}={wanted} as {config.start!r} has it, got {got!r}; "
                "leave the setting away, or start from another network"
            )
    return model


def keep_start(folder: RunFolder, config: RunConfig) -> None:
    """Copy the given network into the folder, unless it is there already.

    Raises:
        OSError: if the disk is full.
    """
    kept = folder.checkpoint(0)
    if config.start and not kept.exists():
        write_atomic(kept, read_bytes(_source(folder, config)))


def fit_start(folder: RunFolder, config: RunConfig) -> RunConfig:
    """Return the settings with the shape of their starting network.

    Raises:
        ConfigError, NetworkFileError: under the conditions of :func:`first_network`.
    """
    found: NetworkConfig = read_metadata(_source(folder, config))["network"]
    return fit(config, found)


def fit(config: RunConfig, found: NetworkConfig) -> RunConfig:
    """Return the settings with the shape of ``found``.

    Raises:
        ConfigError: if it is a network of another game, or of a shape without a name.
    """
    wanted = list(dict.fromkeys(task.spec.name for task in config.all_tasks()))
    if not set(wanted) <= set(found.games):
        games = ", ".join(found.games)
        raise ConfigError(
            f"expected a network of {' and '.join(wanted)} to start from, got {config.start!r}, "
            f"which is of {games}; train that with --game {found.games[0]}, or start from "
            "another network"
        )
    for name in SIZES:
        named = NetworkConfig.named(name, config.spec(), future=found.future, heads=found.heads)
        inputs = {key: getattr(found, key) for key in ("plane_names", "global_names", "games")}
        if replace(named, **inputs) == found:
            return replace(config, network=name, future_head=found.future, heads=found.heads)
    raise ConfigError(
        f"expected a network of a named size ({', '.join(SIZES)}) to start from, got "
        f"{config.start!r}, a {found.short_name} of another shape"
    )


def _source(folder: RunFolder, config: RunConfig) -> Path:
    kept = folder.checkpoint(0)
    return kept if kept.exists() else network_path(config.start, config.spec())
