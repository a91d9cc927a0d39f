"""The 8-bit network in NumPy: whole boards, the same integers and roundings, nothing packed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agents.evaluators.int8_tile import reference_tile
from agents.evaluators.int8_weights import units_of
from agents.network.folded import LARGEST_WEIGHT, Affine, Calibration, FoldedNetwork, width_factor


def slow_forward(
    network: FoldedNetwork, calibration: Calibration, planes: np.ndarray, globals_: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Policy logits, value logits, score and ownership logits of ``(n, height, width, planes)``."""
    units = units_of(calibration)
    patches = iter(calibration.patches)

    def layer(
        affine: Affine,
        x: np.ndarray,
        unit_in: float,
        unit_out: float,
        more: Adder | None = None,
        residual: np.ndarray | None = None,
        residual_unit: float = 0.0,
    ) -> np.ndarray:
        steps = np.abs(affine.weight).max(axis=(1, 2, 3)) / LARGEST_WEIGHT
        steps[steps == 0] = 1
        weights = np.rint(affine.weight / steps[:, None, None, None]).astype(np.int8)
        error = weights * steps[:, None, None, None] - affine.weight
        bias = (affine.bias - (error * next(patches)).sum(axis=(1, 2, 3))) / unit_out
        reach = affine.weight.shape[2] // 2
        padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        if residual is None:
            residual = np.zeros((*x.shape[:3], len(weights)), np.uint8)
        scale = (steps * (unit_in / unit_out)).astype(np.float32)
        whole = bias.astype(np.float32)
        if more is not None:
            whole = more(whole)
        ratio = np.float32(residual_unit / unit_out)
        return reference_tile(padded, weights, scale, whole, residual, ratio)

    more = in_order(network.globals_linear, globals_, 1.0, units[0])
    boards = {0: (layer(network.stem, planes, 1.0, units[0], more), units[0])}
    for step, unit in zip(network.trunk, units[1:-3], strict=True):
        x, before = boards[step.source]
        residual, residual_unit = (None, 0.0) if step.residual is None else boards[step.residual]
        start = None
        if step.pool is not None:
            start = in_order(step.pool, pool_bytes(x), before, unit)
        y = layer(step.affine, x, before, unit, start, residual, residual_unit)
        boards[step.target] = (y, unit)
    x, trunk = boards[network.end]
    context_unit, policy_unit, value_unit = units[-3:]
    context = pool_bytes(layer(network.policy_context, x, trunk, context_unit))
    more = in_order(network.policy_context_linear, context, context_unit, policy_unit)
    policy = layer(network.policy_points, x, trunk, policy_unit, more)
    value = layer(network.value_points, x, trunk, value_unit)
    nothing = np.zeros(1, np.float32)
    passes = in_order(network.policy_pass, context, context_unit, 1.0)(nothing)
    hidden = in_order(network.value_hidden, pool_bytes(value), value_unit, 1.0)(nothing)
    hidden = np.maximum(hidden, np.float32(0))
    return (
        np.concatenate([per_point(network.policy_logit, policy, policy_unit), passes], axis=1),
        in_order(network.value_value, hidden, 1.0, 1.0)(nothing),
        in_order(network.value_score, hidden, 1.0, 1.0)(nothing)[:, 0] * np.float32(20),
        per_point(network.value_ownership, value, value_unit),
    )


Adder = Callable[[np.ndarray], np.ndarray]


def in_order(affine: Affine, x: np.ndarray, unit_in: float, unit_out: float) -> Adder:
    """What adds a linear map to a start, input by input, every step rounded to float32."""
    matrix = affine.weight.T * np.float32(unit_in / unit_out)
    bias = (affine.bias / unit_out).astype(np.float32)

    def add(start: np.ndarray) -> np.ndarray:
        total = np.broadcast_to(start + bias, (len(x), len(bias))).astype(np.float32)
        for k in range(len(matrix)):
            total = total + x[:, k : k + 1].astype(np.float32) * matrix[k]
        return total

    return add


def pool_bytes(x: np.ndarray) -> np.ndarray:
    """Mean, mean times the width's factor, maximum: float32 ``(n, 3 channels)``."""
    height, width = x.shape[1:3]
    mean = x.sum(axis=(1, 2), dtype=np.int64).astype(np.float32) / np.float32(height * width)
    return np.concatenate(
        [mean, mean * width_factor(height, width), x.max(axis=(1, 2)).astype(np.float32)], axis=1
    )


def per_point(affine: Affine, x: np.ndarray, unit: float) -> np.ndarray:
    """One number per point from bytes, with weights of 16 bits."""
    step = float(np.abs(affine.weight.astype(np.float64)).max()) / 32767
    weights = np.rint(affine.weight[0].astype(np.float64) / step).astype(np.int64)
    total = (x.astype(np.int64) @ weights).astype(np.float32)
    found: np.ndarray = total * np.float32(step * unit) + affine.bias[0]
    return found.reshape(len(x), -1)
