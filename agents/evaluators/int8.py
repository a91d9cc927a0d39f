"""The network in 8 bits: the fastest evaluator on a CPU, and the only one that repeats exactly.

A result does not depend on the other rows of its batch, the number of threads or the machine's
instructions. It needs no torch. ``int8_tile`` has the arithmetic, ``int8_weights`` the scales.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.evaluators.int8_forms import Form, forms_of_this_cpu
from agents.evaluators.int8_kernels import CHUNK, build
from agents.evaluators.int8_tile import LINEAR_BLOCK
from agents.evaluators.int8_weights import (
    HEADS,
    INPUTS,
    OUTPUTS,
    PLANES,
    TARGET,
    Int8Network,
    padded,
    quantize,
)
from agents.evaluators.outputs import evaluation_of
from agents.network.calibration import Inputs, calibrate, inputs_of
from agents.network.checkpoint import load_stored
from agents.network.folded import Calibration, FoldedNetwork, fold_model, width_factor
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation

if TYPE_CHECKING:
    from agents.network.model import PolicyValueNet

_FEWEST_ROWS_PER_THREAD: Final = 2


class Int8Evaluator:
    """Evaluates with an 8-bit copy of a network. It is safe to call from several threads.

    Each calling thread works on its own rows; with ``threads`` above 1 a call is split. The network
    is packed once for each game and size.
    """

    def __init__(
        self,
        network: FoldedNetwork,
        calibration: Calibration,
        threads: int = 1,
        form: Form | None = None,
    ) -> None:
        """Quantize a network with the activation ranges from :func:`calibrate`."""
        self.config = network.config
        self.form = form or forms_of_this_cpu()[0]
        self._threads = threads
        self._forward = build(self.form)
        self._use(network, calibration)
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def _use(self, network: FoldedNetwork, calibration: Calibration) -> None:
        # The object is replaced as a whole, so a call in progress keeps using the old weights.
        self._weights = _Weights(network, calibration)

    @property
    def description(self) -> str:
        """The format and instructions in use, such as ``int8 (avx512-vnni)``."""
        return f"int8 ({self.form.name})"

    @classmethod
    def from_file(cls, path: Path, spec: GameSpec, threads: int = 1) -> Int8Evaluator:
        """Load a checkpoint; one without a calibration is calibrated on random games of ``spec``.

        Raises:
            NetworkFileError: if the file is not a usable network, or one for another game.
        """
        stored = load_stored(path)
        network = stored.network
        network.config.require(spec.name)
        calibration = stored.calibration or calibrate(network, inputs_of(network.config, spec))
        return cls(network, calibration, threads)

    @classmethod
    def from_model(cls, model: PolicyValueNet, inputs: Inputs, threads: int = 1) -> Int8Evaluator:
        """Return an evaluator with a torch model's present weights, calibrated on ``inputs``."""
        network = fold_model(model)
        return cls(network, calibrate(network, inputs), threads)

    def update(self, model: PolicyValueNet, *inputs: Inputs) -> None:
        """Evaluate with these weights, of the same shape, from the next call on."""
        network = fold_model(model)
        self._use(network, calibrate(network, *inputs))

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        """Evaluate rows.

        Raises:
            NetworkFileError: if the network was made for other games.
        """
        network = self._for(spec)
        planes, globals_ = spec.features(positions)
        rows = len(positions)
        out = (
            np.empty((rows, spec.actions), np.float32),
            np.empty((rows, 3), np.float32),
            np.empty(rows, np.float32),
            np.empty((rows, spec.points), np.float32),
        )
        parts = [] if self._pool is None else self._parts(rows)
        if self._pool is None or len(parts) == 1:
            self._run(network, spec, planes, globals_, out)
        else:
            calls = [
                self._pool.submit(
                    self._run,
                    network,
                    spec,
                    planes[part],
                    globals_[part],
                    tuple(array[part] for array in out),
                )
                for part in parts
            ]
            for call in calls:
                call.result()
        logits, values, scores, ownership = out
        return evaluation_of(logits, values, scores, ownership)

    def _for(self, spec: GameSpec) -> Int8Network:
        """Return the network, packed for the inputs of a game."""
        weights = self._weights
        last_spec, last = weights.last
        if last_spec is spec and last is not None:
            return last
        layout = InputLayout.of(spec)
        packed = weights.packed.get(layout)
        if packed is None:
            self.config.require(spec.name)
            packed = quantize(
                weights.network.specialised(layout),
                weights.calibration.specialised(self.config, layout),
                self.form,
            )
            weights.packed[layout] = packed
        weights.last = spec, packed
        return packed

    def _parts(self, rows: int) -> list[slice]:
        """Split the rows evenly, into whole chunks where there are enough of them."""
        workers = min(self._threads, max(1, rows // _FEWEST_ROWS_PER_THREAD))
        step = -(-rows // workers)
        if step > CHUNK:
            step = -(-step // CHUNK) * CHUNK
        return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]

    def _run(
        self,
        network: Int8Network,
        spec: GameSpec,
        planes: NDArray[np.uint8],
        globals_: NDArray[np.float32],
        out: Sequence[NDArray[np.float32]],
    ) -> None:
        height, width = spec.height, spec.width
        factor, boards, floats = self._scratch(network, height, width)
        self._forward(network, planes, globals_, height, width, factor, boards, floats, tuple(out))

    def _scratch(self, network: Int8Network, height: int, width: int) -> tuple[Any, Any, Any]:
        """Return the pool's factor, padded boards and small vectors, per thread and board size."""
        known = self._own.__dict__.setdefault("scratch", {})
        planes = int(network.layers[0, INPUTS])
        found: tuple[Any, Any, Any] | None = known.get((height, width, planes))
        if found is None:
            cells = (height + 2) * (width + 2)
            largest = int(network.layers[:, OUTPUTS].max())
            channels = [planes if board == PLANES else 0 for board in range(HEADS + 3)]
            for layer in network.layers:
                channels[layer[TARGET]] = int(layer[OUTPUTS])
            wide = cells * max(channels) if self.form.number_bytes == 2 else 0
            found = known[height, width, planes] = (
                width_factor(height, width),
                tuple(np.zeros((CHUNK, cells * each), np.uint8) for each in channels),
                (
                    np.zeros((CHUNK, largest), np.float32),
                    np.zeros(3 * largest, np.float32),
                    np.zeros(padded(self.config.value_hidden, LINEAR_BLOCK), np.float32),
                    np.zeros(largest, np.int32),
                    np.zeros(largest, np.int32),
                    np.zeros(LINEAR_BLOCK, np.float32),
                    np.zeros((CHUNK, wide), np.uint16),
                ),
            )
        return found


class _Weights:
    """A network and its packed forms by game and size."""

    def __init__(self, network: FoldedNetwork, calibration: Calibration) -> None:
        self.network, self.calibration = network, calibration
        self.packed: dict[InputLayout, Int8Network] = {}
        self.last: tuple[GameSpec | None, Int8Network | None] = (None, None)
        """The spec and network of the last call, because most calls are about the same game."""


def load(path: Path, spec: GameSpec, threads: int) -> Int8Evaluator:
    """Load a checkpoint, as :mod:`agents.evaluators.registry` asks."""
    return Int8Evaluator.from_file(path, spec, threads)


def follow(model: PolicyValueNet, spec: GameSpec, threads: int) -> Int8Evaluator:
    """Follow a model, calibrated on random games of ``spec`` until an update brings inputs."""
    return Int8Evaluator.from_model(model, inputs_of(model.config, spec), threads)
