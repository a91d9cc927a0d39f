"""A network's evaluator: from a file or a model, by the backend that is asked for or the fastest.

Some backends are known to be the fastest on a machine. Where none is, the first start measures all
installed backends. The answer is stored beside the compiled kernels, which belong to a machine too.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agents.evaluators.cached import CachedEvaluator
from agents.evaluators.known_rules import with_known_rules
from agents.evaluators.registry import (
    AUTO,
    BACKENDS,
    Backend,
    ModelEvaluator,
    NetworkEvaluator,
    backend_named,
)
from agents.network.checkpoint import read_metadata
from engine._kernel import CACHE_FOLDER
from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic
from engine.games.spec import GameSpec
from engine.search.evaluation import Evaluator

if TYPE_CHECKING:
    from agents.network.model import PolicyValueNet

_REMEMBERED: Final = "fastest-evaluator.json"
_MEASURED_S: Final = 0.4
_MEASURED_ROWS: Final = 16


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def network_evaluator(
    path: Path,
    spec: GameSpec,
    *,
    backend: str = AUTO,
    threads: int | None = None,
    cached: bool = True,
) -> Evaluator:
    """Return the evaluator of a network file for window, arena, self-play and analysis.

    It caches evaluations. It shows games of all rules to the network by the rules of its training.
    Turning the board is a setting of the search.

    Args:
        path: path of the checkpoint.
        spec: the game that it will mostly evaluate.
        backend: a name from the registry, or ``auto`` for the fastest on this machine.
        threads: number of threads that share one call; all cores by default. Torch chooses its own.
        cached: whether to cache evaluations, in up to 64 MiB. A cache does not help where thousands
            of short games run at once.

    Raises:
        NetworkFileError: if the file is not a usable network, or one for another game.
        ConfigError: if the backend is unknown, or is not installed.
    """
    evaluator: Evaluator = load_evaluator(path, spec, backend, threads)
    if cached:
        evaluator = CachedEvaluator(evaluator)
    return with_known_rules(evaluator, read_metadata(path))


def load_evaluator(
    path: Path, spec: GameSpec, backend: str = AUTO, threads: int | None = None
) -> NetworkEvaluator:
    """Load a network into a backend, without the wrappers of :func:`network_evaluator`."""
    chosen = _fastest(path, spec) if backend == AUTO else backend_named(backend)
    return chosen.load(path, spec, threads or cores())


def model_evaluator(
    model: PolicyValueNet, spec: GameSpec, backend: str = AUTO, threads: int = 1
) -> ModelEvaluator:
    """Return an evaluator with the present weights of a model in memory, for ``spec``.

    Where no backend is known to be the fastest, ``auto`` takes one that repeats exactly.

    Raises:
        ConfigError: if the backend is unknown, is not installed, or cannot follow a model.
    """
    return following_backend(backend).follow(model, spec, threads)


def following_backend(backend: str = AUTO) -> Backend:
    """Return the backend that plays while its network is trained.

    Raises:
        ConfigError: if the backend is unknown, is not installed, or is too slow to load a new
            network every few seconds.
    """
    if backend == AUTO:
        able = [each for each in _installed() if each.follows]
        sure = [each for each in able if each.is_fastest_here()]
        return (sure or [each for each in able if each.repeats])[0]
    chosen = backend_named(backend)
    chosen.require_following()
    return chosen


def _installed() -> list[Backend]:
    return [backend for backend in BACKENDS.values() if not backend.missing()]


def _fastest(path: Path, spec: GameSpec) -> Backend:
    """Return the backend that evaluates a network fastest on this machine."""
    installed = _installed()
    if len(installed) == 1:
        return installed[0]
    for backend in installed:
        if backend.is_fastest_here():
            return backend
    remembered = CACHE_FOLDER / _REMEMBERED
    try:
        known = json_of(read_file(remembered, LARGEST_SETTINGS))["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    for backend in installed:
        if backend.name == known:
            return backend
    rates = {each.name: _rate(each.load(path, spec, cores()), spec) for each in installed}
    best = max(installed, key=lambda backend: rates[backend.name])
    kept = {"backend": best.name, "positions_per_s": rates}
    with suppress(OSError):  # with a read-only home, the next start measures again
        write_atomic(remembered, json.dumps(kept).encode())
    return best


def _rate(evaluator: NetworkEvaluator, spec: GameSpec) -> float:
    """Measure positions per second on start positions."""
    positions = spec.allocate(_MEASURED_ROWS)
    evaluator.evaluate(spec, positions)
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < _MEASURED_S:
        evaluator.evaluate(spec, positions)
        calls += 1
    return calls * len(positions) / (time.perf_counter() - started)
