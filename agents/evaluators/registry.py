"""The backends that compute networks: each is one module, and one line of :data:`BACKENDS`.

A backend's module has ``load(path, spec, threads)``, which makes a :class:`NetworkEvaluator` of a
checkpoint or raises NetworkFileError. Where the backend can follow a network in training, the
module has ``follow(model, spec, threads)`` too, which makes a :class:`ModelEvaluator`.

``docs/add-a-backend.md`` adds one. This module imports no backend, so that a query stays cheap.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from agents.network.config import NetworkConfig
from engine._kernel import JIT_DISABLED
from engine.errors import ConfigError
from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation, Evaluator

if TYPE_CHECKING:
    from agents.network.calibration import Inputs
    from agents.network.model import PolicyValueNet

AUTO: Final = "auto"
"""The name that selects the fastest backend on this machine."""
_CUDA_DEVICES: Final = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg")


class NetworkEvaluator(Evaluator, Protocol):
    """An evaluator that computes a network."""

    @property
    def config(self) -> NetworkConfig:
        """Shape and inputs of the network that it computes."""
        ...

    @property
    def description(self) -> str:
        """Backend, number format and instructions, such as ``int8 (avx512-vnni)``."""
        ...

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation: ...


class ModelEvaluator(NetworkEvaluator, Protocol):
    """An evaluator that follows a model in training."""

    def update(self, model: PolicyValueNet, *inputs: Inputs) -> None:
        """Evaluate with the model's present weights from now on; ``inputs`` serve for calibration.

        Each of ``inputs`` holds positions of one game.
        """
        ...


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Backend:
    """A way to compute a network, with its requirements and abilities."""

    name: str
    """The word before the colon in ``int8:NET``, and the value of a run's setting ``evaluator``."""
    module: str
    packages: tuple[str, ...] = ()
    """Packages that it needs beyond those of every installation."""
    extra: str = ""
    """The extra of this program that installs them."""
    follows: bool = False
    """Whether it can follow a network in training."""
    repeats: bool = False
    """Whether a result depends on the position alone; training uses such a backend."""
    is_fastest_here: Callable[[], bool] = _never
    """Whether it is known to be the fastest here; the first such backend is used unmeasured."""

    def missing(self) -> str:
        """Return the names of packages that are not installed, or an empty string."""
        return " and ".join(name for name in self.packages if find_spec(name) is None)

    def require(self) -> None:
        """Check that the packages are installed.

        Raises:
            ConfigError: if one is missing; the message says how to install it.
        """
        if self.missing():
            raise ConfigError(
                f"expected {' and '.join(self.packages)} for the backend {self.name!r}, which is "
                f"not installed: pip install 'miai[{self.extra}]', or name no backend"
            )

    def require_following(self) -> None:
        """Refuse a backend that cannot be used while its network is trained.

        Raises:
            ConfigError: if the packages are not installed, or the backend cannot do that.
        """
        self.require()
        if not self.follows:
            raise ConfigError(f"expected {following()} to follow a network, got {self.name!r}")

    def load(self, path: Path, spec: GameSpec, threads: int) -> NetworkEvaluator:
        """Load a checkpoint; raises as :func:`agents.evaluators.auto.load_evaluator`."""
        self.require()
        found: NetworkEvaluator = self._functions().load(path, spec, threads)
        return found

    def follow(self, model: PolicyValueNet, spec: GameSpec, threads: int) -> ModelEvaluator:
        """Return an evaluator with a model's present weights.

        Raises:
            ConfigError: if the packages are not installed, or the backend cannot do that.
        """
        self.require_following()
        found: ModelEvaluator = self._functions().follow(model, spec, threads)
        return found

    def _functions(self) -> Any:
        return import_module(self.module)


def _torch_is_fastest() -> bool:
    return JIT_DISABLED or has_cuda()


def has_cuda() -> bool:
    """Return whether torch finds a CUDA device; torch stays unloaded where none is visible."""
    if not any(Path(device).exists() for device in _CUDA_DEVICES) and sys.platform != "win32":
        return False
    from agents.evaluators.torch_evaluator import best_device

    return best_device() == "cuda"


def _int8_is_fastest() -> bool:
    """Return whether the CPU multiplies bytes: int8 is then twice as fast as torch or faster.

    The measurement is in docs/results/evaluators.
    """
    return forms_here()[0] != "portable"


def forms_here() -> list[str]:
    """Names of the 8-bit forms that this CPU runs, best first."""
    from agents.evaluators.int8_forms import forms_of_this_cpu

    return [form.name for form in forms_of_this_cpu()]


_ALL: Final = (
    Backend(
        "torch",
        "agents.evaluators.torch_evaluator",
        packages=("torch",),
        extra="train",
        follows=True,
        is_fastest_here=_torch_is_fastest,
    ),
    Backend(
        "int8",
        "agents.evaluators.int8",
        follows=True,
        repeats=True,
        is_fastest_here=_int8_is_fastest,
    ),
    Backend(
        "openvino",
        "agents.evaluators.openvino_evaluator",
        packages=("openvino", "onnx"),
        extra="openvino",
    ),
)

BACKENDS: Final[dict[str, Backend]] = {backend.name: backend for backend in _ALL}
"""Backends by name; those that may be the fastest without a measurement come first."""


def backend_names() -> list[str]:
    """Return the names of all backends, after ``auto``."""
    return [AUTO, *BACKENDS]


def following() -> str:
    """Return the names of backends that follow a network in training, as words of a sentence."""
    *names, last = [AUTO, *(name for name, backend in BACKENDS.items() if backend.follows)]
    return f"{', '.join(names)} or {last}"


def backend_named(name: str) -> Backend:
    """Return a backend.

    Raises:
        ConfigError: if there is none of this name.
    """
    if name not in BACKENDS:
        raise ConfigError(f"expected a backend from {', '.join(backend_names())}, got {name!r}")
    return BACKENDS[name]
