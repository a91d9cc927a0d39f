"""Changes to root priors: temperature and noise for self-play, or replacement by a new policy.

Dirichlet noise: Silver et al., Nature 2017, Methods. Its shaping and the root policy temperature:
KataGo (KataGoMethods.md, "Shaped Dirichlet Noise", "Root Policy Softmax Temperature").
"""

from __future__ import annotations

import numpy as np

from engine._kernel import helper, kernel
from engine.random import address_bits, mix, unit_float
from engine.search.tree import ROOT, line_up


@kernel
def _gamma(shape, state):
    """Draw one Gamma(shape, 1) sample.

    Marsaglia and Tsang, "A simple method for generating gamma variables", 2000, section 6. Shapes
    below 1 use their boost ``Gamma(shape + 1) * U ** (1 / shape)``, which tends to 0 with it.
    """
    if shape <= 0.0:
        return 0.0
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
    return d * v * max(unit_float(state), 1e-300) ** (1.0 / shape)


@kernel
def _temper(node, edges, temperature):
    """Raise the priors to the power ``1 / temperature``; a temperature above 1 flattens them."""
    first = node["first_edge"]
    total = 0.0
    for e in range(first, first + node["edges"]):
        edges[e]["prior"] = max(edges[e]["prior"], 1e-12) ** (1.0 / temperature)
        total += edges[e]["prior"]
    for e in range(first, first + node["edges"]):
        edges[e]["prior"] /= total


@kernel
def concentrations(priors, total, shaped, out):
    """Write the parameters of the Dirichlet distribution, float64 ``out`` as long as ``priors``.

    They sum to ``total``. A share of ``1 - shaped`` is spread evenly. The rest is proportional to
    the excess of the logarithm of the prior, capped at 0.01, over the mean of these logarithms.
    """
    count = len(priors)
    mean = 0.0
    for k in range(count):
        out[k] = np.log(min(priors[k], 0.01) + 1e-20)
        mean += out[k] / count
    excess = 0.0
    for k in range(count):
        out[k] = max(out[k] - mean, 0.0)
        excess += out[k]
    if excess <= 1e-9:  # all alike, up to rounding
        shaped = 0.0
        excess = 1.0
    for k in range(count):
        out[k] = total * (shaped * out[k] / excess + (1.0 - shaped) / count)


@kernel
def _add_noise(node, edges, address, total, shaped, fraction):
    """Mix a Dirichlet sample into the priors; the address determines the sample."""
    first = node["first_edge"]
    count = node["edges"]
    priors = np.empty(count, np.float64)
    for k in range(count):
        priors[k] = edges[first + k]["prior"]
    noise = np.empty(count, np.float64)
    concentrations(priors, total, shaped, noise)
    noise_sum = 1e-300
    for k in range(count):
        state = mix(np.uint64(address ^ np.uint64(edges[first + k]["action"])))
        noise[k] = _gamma(noise[k], state)
        noise_sum += noise[k]
    for k in range(count):
        edges[first + k]["prior"] = (1.0 - fraction) * priors[k] + fraction * noise[k] / noise_sum


@helper
def _line_up_again(root, edges):
    """Restore the order of the edges that selection relies on, after a change of priors."""
    root["seen_prior"] = 0.0
    for e in range(root["first_edge"], root["first_edge"] + root["seen"]):
        root["seen_prior"] += edges[e]["prior"]
    line_up(root, edges)


@kernel
def set_prior_rows(nodes, edges, row_slot, policy):
    """Give the root edges the priors in float32 ``policy`` ``(rows, actions)``, scaled to sum 1."""
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        first = root["first_edge"]
        last = first + root["edges"]
        total = 0.0
        for e in range(first, last):
            total += policy[i, edges[s, e]["action"]]
        if not total > 0.0:
            continue
        for e in range(first, last):
            edges[s, e]["prior"] = policy[i, edges[s, e]["action"]] / total
        _line_up_again(root, edges[s])


@kernel
def prepare_root_rows(
    nodes, edges, row_slot, seeds, games, plies, purpose, total, shaped, fraction, temperature
):
    """Temper the root priors, then mix noise in, addressed by (seed, game, ply).

    Args:
        row_slot: int32 ``(rows,)``; slots whose root is expanded.
        seeds, games, plies: uint64 ``(rows,)``; purpose: uint64.
        total: sum of the concentration parameters; about 10 suits Go.
        shaped: share of them that follows the priors, see :func:`concentrations`.
        fraction: share of noise in the new prior; 0 for none.
        temperature: 1 leaves the priors as they are.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        if root["edges"] == 0:
            continue
        if temperature != 1.0:
            _temper(root, edges[s], temperature)
        if fraction > 0.0:
            address = address_bits(seeds[i], games[i], plies[i], purpose)
            _add_noise(root, edges[s], address, total, shaped, fraction)
        _line_up_again(root, edges[s])
