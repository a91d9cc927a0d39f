"""A network as an ONNX graph, for other programs and for measuring against them.

Made from the folded network, so torch is not needed; the package ``onnx`` is. Batch and board size
stay free. Outputs are logits and the score, as search uses them; the heads for training are left
out.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from agents.network.folded import TYPICAL_WIDTH, WIDTH_SCALE, Affine, FoldedNetwork
from agents.network.heads import SCORE_SCALE

OPSET: Final = 18
OUTPUTS: Final = ("policy_logits", "value_logits", "score", "ownership_logits")


class _Graph:
    """Collects nodes and constants under running names."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, array: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self._numpy.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or f"n{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(self, affine: Affine, x: str) -> str:
        reach = affine.weight.shape[2] // 2
        weight, bias = self.constant(affine.weight), self.constant(affine.bias)
        return self.node("Conv", x, weight, bias, pads=[reach] * 4)

    def linear(self, affine: Affine, x: str) -> str:
        weight, bias = self.constant(affine.weight), self.constant(affine.bias)
        return self.node("Gemm", x, weight, bias, transB=1)

    def per_point(self, affine: Affine, x: str, out: str = "") -> str:
        """One channel from all of a point's: ``(n, points)``."""
        as_conv = Affine(affine.weight[:, :, None, None], affine.bias)
        return self.node("Flatten", self.convolution(as_conv, x), out=out, axis=1)

    def as_planes(self, x: str) -> str:
        """``(n, c)`` as ``(n, c, 1, 1)``."""
        return self.node("Unsqueeze", x, self.constant(np.array([2, 3], np.int64)))

    def pool(self, x: str, factor: str) -> str:
        """Mean, mean times the width's factor, maximum: ``(n, 3 c)``."""
        axes = self.constant(np.array([2, 3], np.int64))
        mean = self.node("ReduceMean", x, axes, keepdims=0)
        largest = self.node("ReduceMax", x, axes, keepdims=0)
        return self.node("Concat", mean, self.node("Mul", mean, factor), largest, axis=1)

    def width_factor(self, planes: str) -> str:
        """``(sqrt(points) - 14) / 10`` of the board that comes."""
        sides = self.node("Shape", planes, start=2, end=4)
        points = self.node("ReduceProd", self.node("Cast", sides, to=1), keepdims=0)
        shifted = self.node(
            "Sub", self.node("Sqrt", points), self.constant(np.float32(TYPICAL_WIDTH))
        )
        return self.node("Div", shifted, self.constant(np.float32(WIDTH_SCALE)))


def to_onnx(network: FoldedNetwork) -> bytes:
    """Return the graph: float32 planes ``(n, planes, H, W)`` and globals ``(n, globals)`` in.

    Raises:
        ModuleNotFoundError: without the package ``onnx``.
    """
    import onnx
    from onnx import TensorProto, helper

    g = _Graph()
    factor = g.width_factor("planes")
    bias = g.as_planes(g.linear(network.globals_linear, "globals"))
    boards = {0: g.node("Relu", g.node("Add", g.convolution(network.stem, "planes"), bias))}
    for layer in network.trunk:
        x = boards[layer.source]
        y = g.convolution(layer.affine, x)
        if layer.pool is not None:
            y = g.node("Add", y, g.as_planes(g.linear(layer.pool, g.pool(x, factor))))
        if layer.residual is not None:
            y = g.node("Add", y, boards[layer.residual])
        boards[layer.target] = g.node("Relu", y)
    x = boards[network.end]
    context = g.pool(g.node("Relu", g.convolution(network.policy_context, x)), factor)
    bias = g.as_planes(g.linear(network.policy_context_linear, context))
    points = g.node("Relu", g.node("Add", g.convolution(network.policy_points, x), bias))
    logits = g.per_point(network.policy_logit, points)
    g.node("Concat", logits, g.linear(network.policy_pass, context), out=OUTPUTS[0], axis=1)
    points = g.node("Relu", g.convolution(network.value_points, x))
    hidden = g.node("Relu", g.linear(network.value_hidden, g.pool(points, factor)))
    g.node("Identity", g.linear(network.value_value, hidden), out=OUTPUTS[1])
    score = g.node("Flatten", g.linear(network.value_score, hidden), axis=0)
    scaled = g.node("Mul", score, g.constant(np.float32(SCORE_SCALE)))
    g.node("Squeeze", scaled, g.constant(np.array([0], np.int64)), out=OUTPUTS[2])
    g.per_point(network.value_ownership, points, out=OUTPUTS[3])

    def tensor(name: str, *shape: str | int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    planes, globals_ = len(network.stem.weight[0]), network.globals_linear.weight.shape[1]
    graph = helper.make_graph(
        g.nodes,
        "miai",
        [tensor("planes", "n", planes, "H", "W"), tensor("globals", "n", globals_)],
        [
            tensor(OUTPUTS[0], "n", "actions"),
            tensor(OUTPUTS[1], "n", 3),
            tensor(OUTPUTS[2], "n"),
            tensor(OUTPUTS[3], "n", "points"),
        ],
        g.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data
