"""The network that a run begins with: random weights, or those of another network.

A given network is kept as checkpoint 000000, so the folder no longer depends on its origin.
Ratings, the league and the report then treat it like any other checkpoint. A network of other games
gets the inputs of the run's games first.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.find_network import network_path
from agents.network.checkpoint import load_network, read_bytes, read_metadata, save_network
from agents.network.config import SIZES, NetworkConfig
from agents.network.extend import extended, extended_config, new_inputs
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError
from engine.files import write_atomic
from engine.games.spec import GameSpec
from selfplay.run.config import RunConfig
from selfplay.run.folder import RunFolder


def first_network(folder: RunFolder, config: RunConfig) -> PolicyValueNet:
    """Return the network before its first training step.

    Raises:
        ConfigError: if ``config.start`` names no network, or one of another shape.
        NetworkFileError: if its file is damaged or of another version.
    """
    if not config.start:
        return PolicyValueNet.initial(config.network_config(), config.seed)
    model = load_network(_source(folder, config))[0].train()
    if not _knows_all(model.config, config):
        model = extended(model, _specs(config))
    fitting = fit(config, model.config)
    for name in ("network", "future_head", "heads"):
        wanted, got = getattr(fitting, name), getattr(config, name)
        if wanted != got:
            raise ConfigError(
                f"expected {name}={wanted} as {config.start!r} has it, got {got!r}; "
                "leave the setting away, or start from another network"
            )
    return model


def keep_start(folder: RunFolder, config: RunConfig, first: PolicyValueNet) -> None:
    """Keep the given network in the folder as ``first`` is, unless it is there already.

    Raises:
        OSError: if the disk is full.
    """
    kept = folder.checkpoint(0)
    if not config.start or kept.exists():
        return
    given = _source(folder, config)
    found = read_metadata(given)
    if first.config == found["network"]:
        write_atomic(kept, read_bytes(given))
        return
    added = [game for game in first.config.games if game not in found["network"].games]
    extension = {"games": added, "of": found["hash"]}
    save_network(kept, first, {**found["provenance"], "extension": extension})


def fit_start(folder: RunFolder, config: RunConfig) -> RunConfig:
    """Return the settings with the shape of their starting network.

    Raises:
        ConfigError, NetworkFileError: under the conditions of :func:`first_network`.
    """
    found: NetworkConfig = read_metadata(_source(folder, config))["network"]
    return fit(config, found)


def fit(config: RunConfig, found: NetworkConfig) -> RunConfig:
    """Return the settings with the shape of ``found``, which may be of other games.

    Raises:
        ConfigError: if it has a shape without a name.
    """
    for name in SIZES:
        named = NetworkConfig.named(name, config.spec(), future=found.future, heads=found.heads)
        inputs = {key: getattr(found, key) for key in ("plane_names", "global_names", "games")}
        if replace(named, **inputs) == found:
            return replace(config, network=name, future_head=found.future, heads=found.heads)
    raise ConfigError(
        f"expected a network of a named size ({', '.join(SIZES)}) to start from, got "
        f"{config.start!r}, a {found.short_name} of another shape"
    )


def _knows_all(network: NetworkConfig, config: RunConfig) -> bool:
    """Whether ``network`` was made for all games of the run."""
    return all(spec.name in network.games for spec in _specs(config))


def extension(folder: RunFolder, config: RunConfig) -> str:
    """Say which inputs the given network gets for games that it does not know; empty if none.

    Raises:
        ConfigError, NetworkFileError: under the conditions of :func:`first_network`.
    """
    if not config.start or folder.checkpoint(0).exists():
        return ""
    found: NetworkConfig = read_metadata(_source(folder, config))["network"]
    wider = extended_config(found, _specs(config))
    if wider == found:
        return ""
    added = " and ".join(game for game in wider.games if game not in found.games)
    names = ", ".join(new_inputs(found, wider))
    return (
        f"{config.start} is a network of {', '.join(found.games)}; for {added} it gets the inputs "
        f"{names}, at zero"
    )


def _specs(config: RunConfig) -> list[GameSpec]:
    return [task.spec for task in config.all_tasks()]


def _source(folder: RunFolder, config: RunConfig) -> Path:
    kept = folder.checkpoint(0)
    return kept if kept.exists() else network_path(config.start, config.spec())
