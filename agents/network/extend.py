"""A network of some games gets the inputs of further ones.

The weights of new inputs begin at zero. So the network evaluates the games that it knows as before,
and a game that it has never seen by what its inputs share with theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from agents.network.config import GAME_PREFIX, NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games.spec import GameSpec

_BY_INPUT: Final = {"stem.weight": "plane_names", "globals_linear.weight": "global_names"}
"""Weights with one column an input, and the inputs that they belong to."""


def extended_config(config: NetworkConfig, specs: Iterable[GameSpec]) -> NetworkConfig:
    """Return the configuration with the inputs that ``specs`` need, the known ones first.

    A game that the network was made for changes nothing. A further game brings the planes and
    globals that it writes, a global that says which game it is, and the size of the board.
    """
    planes, globals_, games = [*config.plane_names], [*config.global_names], [*config.games]
    for spec in specs:
        if spec.name not in games:
            planes += spec.plane_names
            globals_ += [*spec.global_names, GAME_PREFIX + spec.name, "height", "width"]
            games.append(spec.name)
    return replace(
        config,
        plane_names=tuple(dict.fromkeys(planes)),
        global_names=tuple(dict.fromkeys(globals_)),
        games=tuple(games),
    )


def new_inputs(old: NetworkConfig, new: NetworkConfig) -> list[str]:
    """Names of the planes and globals that ``new`` has and ``old`` lacks."""
    return [
        *(name for name in new.plane_names if name not in old.plane_names),
        *(name for name in new.global_names if name not in old.global_names),
    ]


def extended(model: PolicyValueNet, specs: Iterable[GameSpec]) -> PolicyValueNet:
    """Return a copy of ``model`` that also takes the inputs of the games ``specs``.

    Adapters are merged. Evaluations of the games that it was made for stay the same.
    """
    config = extended_config(model.config, specs)
    state: dict[str, Tensor] = dict(model.merged_state())
    for name, inputs in _BY_INPUT.items():
        old, count = state[name], len(getattr(config, inputs))
        wide = torch.zeros((old.shape[0], count, *old.shape[2:]), dtype=old.dtype)
        wide[:, : old.shape[1]] = old
        state[name] = wide
    found = PolicyValueNet(config)
    found.load_state_dict(state)
    return found.train(model.training)
