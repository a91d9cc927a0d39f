"""The network through OpenVINO, an optional extra: the peer that the 8-bit evaluator is held to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from agents.evaluators.outputs import evaluation_of
from agents.network.calibration import inputs_of
from agents.network.checkpoint import load_stored
from agents.network.folded import FoldedNetwork
from agents.network.onnx_export import to_onnx
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation

Precision = Literal["float32", "bfloat16", "int8"]
_HINTS: Final = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


class OpenVinoEvaluator:
    """Evaluates with a network compiled by OpenVINO. Safe to call from several threads."""

    def __init__(
        self, network: FoldedNetwork, precision: Precision = "float32", threads: int = 0
    ) -> None:
        """``int8`` is quantized by NNCF, with its defaults; 0 threads are all cores."""
        self.config = network.config
        self.precision = precision
        self._network = network
        self._threads = threads
        self._compiled: dict[InputLayout, Any] = {}

    @property
    def description(self) -> str:
        """Such as ``openvino (int8)``."""
        return f"openvino ({self.precision})"

    @classmethod
    def from_file(
        cls, path: Path, spec: GameSpec, precision: Precision = "float32", threads: int = 0
    ) -> OpenVinoEvaluator:
        """Load a checkpoint.

        Raises:
            NetworkFileError: if the file is not a usable network, or one for another game.
            ModuleNotFoundError: without the packages of the extra ``openvino``.
        """
        network = load_stored(path).network
        network.config.require(spec.name)
        found = cls(network, precision, threads)
        found._for(spec)
        return found

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        """Evaluate rows; raises as :meth:`from_file`."""
        compiled = self._for(spec)
        planes, globals_ = spec.features(positions)
        images = planes.reshape(len(positions), spec.height, spec.width, -1).transpose(0, 3, 1, 2)
        request = compiled.create_infer_request()
        found = request.infer([np.ascontiguousarray(images, np.float32), globals_])
        logits, values, score, ownership = (np.array(found[i]) for i in range(4))
        return evaluation_of(logits, values, score, ownership)

    def _for(self, spec: GameSpec) -> Any:
        """The network, compiled for a game's inputs and size."""
        layout = InputLayout.of(spec)
        if layout not in self._compiled:
            self.config.require(spec.name)
            self._compiled[layout] = self._compile(spec, layout)
        return self._compiled[layout]

    def _compile(self, spec: GameSpec, layout: InputLayout) -> Any:
        import openvino

        core = openvino.Core()
        model = core.read_model(to_onnx(self._network.specialised(layout)))
        model.reshape(
            {
                "planes": [-1, len(layout.plane_names), spec.height, spec.width],
                "globals": [-1, len(layout.global_names)],
            }
        )
        if self.precision == "int8":
            model = _quantized(model, self._network, spec)
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": _HINTS[self.precision]}
        if self._threads:
            settings["INFERENCE_NUM_THREADS"] = self._threads
        return core.compile_model(model, "CPU", settings)


def _quantized(model: Any, network: FoldedNetwork, spec: GameSpec) -> Any:
    """Quantize by NNCF with its own settings, on random games."""
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    layout = InputLayout.of(spec)
    own = network.specialised(layout).config
    config = type(own)(
        **{**own.as_dict(), "plane_names": layout.plane_names, "global_names": layout.global_names}
    )
    planes, globals_ = inputs_of(config, spec)

    def examples() -> Iterator[list[Any]]:
        for start in range(0, len(planes), 16):
            images = planes[start : start + 16].transpose(0, 3, 1, 2).astype(np.float32)
            yield [images, globals_[start : start + 16]]

    return nncf.quantize(model, nncf.Dataset(list(examples())))


def load(path: Path, spec: GameSpec, threads: int) -> OpenVinoEvaluator:
    """Load a checkpoint, as :mod:`agents.evaluators.registry` asks."""
    return OpenVinoEvaluator.from_file(path, spec, threads=threads)
