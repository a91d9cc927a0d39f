"""Dirichlet noise on root priors, for PUCT self-play (Silver et al., Nature 2017, Methods)."""

from __future__ import annotations

import numpy as np

from engine._kernel import kernel
from engine.random import address_bits, mix, unit_float
from engine.search.tree import ROOT


@kernel
def _gamma(shape, state):
    """One Gamma(shape, 1) sample and the next state.

    Marsaglia and Tsang, "A simple method for generating gamma variables", 2000, section 6; shapes
    below 1 by their boost ``Gamma(shape + 1) * U ** (1 / shape)``.
    """
    d = shape + 1.0 - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    while True:
        state = mix(state)
        radius = np.sqrt(-2.0 * np.log(max(unit_float(state), 1e-300)))
        state = mix(state)
        normal = radius * np.cos(2.0 * np.pi * unit_float(state))
        v = (1.0 + c * normal) ** 3
        state = mix(state)
        uniform = max(unit_float(state), 1e-300)
        if v > 0.0 and np.log(uniform) < 0.5 * normal * normal + d - d * v + d * np.log(v):
            break
    state = mix(state)
    return d * v * max(unit_float(state), 1e-300) ** (1.0 / shape), state


@kernel
def add_noise_rows(nodes, edges, row_slot, seeds, games, plies, purpose, total, fraction):
    """Mix Dirichlet(total / edges) noise into the root priors, addressed by (seed, game, ply).

    Args:
        row_slot: int32 ``(rows,)``; slots whose root is expanded.
        seeds, games, plies: uint64 ``(rows,)``; purpose: uint64.
        total: sum of the concentration parameters; about 10 suits Go.
        fraction: share of noise in the new prior.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        first = root["first_edge"]
        count = root["edges"]
        noise = np.empty(count, np.float64)
        state = address_bits(seeds[i], games[i], plies[i], purpose)
        noise_sum = 1e-300
        for k in range(count):
            noise[k], state = _gamma(total / count, state)
            noise_sum += noise[k]
        for k in range(count):
            prior = edges[s, first + k]["prior"]
            edges[s, first + k]["prior"] = (1.0 - fraction) * prior + fraction * noise[
                k
            ] / noise_sum
