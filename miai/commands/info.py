"""``miai info``: what a network file, an adapter or a run folder is."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agents.network.folded import FoldedNetwork

SUMMARY = "say what a network file, an adapter or a run folder is"
EXAMPLE = "miai info"

_BATCH = 64
_MEASURED_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        help="network file, adapter, run folder, or a network that comes with miai, such as "
        "'shipped:hex7' (default: 'shipped', the one of 9x9 Go)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")


def run(args: argparse.Namespace) -> int:
    from agents.find_network import SHIPPED, network_path

    path = args.path or Path(SHIPPED)
    if str(path).partition(":")[0] == SHIPPED and not path.exists():
        path = network_path(str(path))
    facts = describe_run(path) if path.is_dir() else describe_network(path)
    for line in facts.pop("passed over", ()):
        print(f"passed over: {line}", file=sys.stderr)
    if args.json:
        print(json.dumps(facts, indent=2))
    else:
        print("\n".join(_lines(facts)))
    return 0


def describe_network(path: Path) -> dict[str, Any]:
    """Return shape, inputs, provenance, hash and measured cost of a network file, or of an adapter.

    Raises:
        NetworkFileError: if it is neither.
    """
    from agents.network.adapter_file import is_adapter
    from agents.network.checkpoint import load_stored

    if is_adapter(path):
        return _describe_adapter(path)
    stored = load_stored(path)
    metadata, network = stored.metadata, stored.network.config
    return {
        "network": str(path),
        "shape": f"{network.short_name}: {network.blocks} blocks of {network.channels} channels",
        "parameters": metadata["parameters"],
        "games": list(network.games),
        "planes": list(network.plane_names),
        "globals": list(network.global_names),
        "provenance": metadata["provenance"],
        "sha256": metadata["hash"],
        "calibrated": stored.calibration is not None,
        "adapters": _adapters_beside(path, stored.tensors),
        "cost": _cost(path, stored.network, metadata["provenance"]),
    }


def _describe_adapter(path: Path) -> dict[str, Any]:
    from agents.network.adapter_file import read_adapter

    facts, tensors = read_adapter(path)
    return {
        "adapter": str(path),
        "rank": facts["rank"],
        "parameters": sum(tensor.size for tensor in tensors.values()),
        "base weights": facts["base"],
        "provenance": facts["provenance"],
        "use": "miai export BASE --adapter FILE --out NETWORK.safetensors merges it",
    }


def _adapters_beside(path: Path, tensors: Mapping[str, NDArray[Any]]) -> list[str]:
    """Names of the adapters of a network that lie in its folder."""
    from agents.network.adapter_file import is_adapter, read_adapter_metadata
    from agents.network.checkpoint import content_hash
    from engine.errors import NetworkFileError

    found, base = [], None
    for other in sorted(path.parent.glob("*.safetensors")):
        try:
            if other == path or not is_adapter(other):
                continue
            base = base or content_hash(tensors)
            if read_adapter_metadata(other)["base"] == base:
                found.append(other.name)
        except NetworkFileError:
            continue  # a damaged one is left out
    return found


def _cost(path: Path, network: FoldedNetwork, provenance: dict[str, Any]) -> dict[str, Any]:
    """Time one evaluation alone and in a batch, on start positions."""
    from agents.evaluators.auto import load_evaluator
    from engine.games import make

    spec = make(provenance.get("game", "go"), provenance.get("height"), provenance.get("width"))
    evaluator = load_evaluator(path, spec)

    def milliseconds(rows: int) -> float:
        positions = spec.allocate(rows)
        evaluator.evaluate(spec, positions)
        started, calls = time.perf_counter(), 0
        while time.perf_counter() - started < _MEASURED_S:
            evaluator.evaluate(spec, positions)
            calls += 1
        return round(1000.0 * (time.perf_counter() - started) / (calls * rows), 4)

    return {
        "board": f"{spec.height}x{spec.width}",
        "multiply-adds": network.multiply_adds(spec.points),
        "evaluator": evaluator.description,
        "ms alone": milliseconds(1),
        f"ms each of {_BATCH}": milliseconds(_BATCH),
    }


def describe_run(path: Path) -> dict[str, Any]:
    """Return settings and progress of a run folder.

    Raises:
        RunError: if the folder holds no run.
    """
    from engine.errors import RunError
    from miai.config import load_preset
    from selfplay.run.folder import RunFolder
    from selfplay.run.settings import task_names

    folder = RunFolder(path)
    if not folder.config.exists():
        raise RunError(
            f"expected a run folder with {folder.config.name}, got {str(path)!r}; "
            "`miai train --run` makes one"
        )
    settings = load_preset(folder.config)
    cycles = folder.read_lines(folder.metrics)
    checkpoints = folder.checkpoints()
    return {
        "run": str(path),
        **(
            {"tasks": tasks}
            if (tasks := settings.get("tasks"))
            else {"game": settings.get("game", {})}
        ),
        "network": settings.get("network"),
        "seed": settings.get("seed"),
        "latest cycle": cycles[-1] if cycles else {},
        "checkpoints": len(checkpoints),
        "latest checkpoint": str(checkpoints[-1]) if checkpoints else None,
        "passed over": folder.damaged_lines(),
        "rated games": sum(
            games
            for name in task_names(settings)
            for entry in folder.read_lines(folder.of_task(name).benchmarks)
            if isinstance(games := entry.get("games"), int)
        ),
    }


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """One ``name  value`` per line, nested facts indented below their name."""
    width = max((len(name) for name in facts), default=0)
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{indent}{name}")
            lines += [f"{indent}  {json.dumps(item)}" for item in value]
        else:
            text = str(value) if name == "seed" else _text(value)
            lines.append(f"{indent}{name:<{width}}  {text}")
    return lines


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "none" if value in (None, {}) else str(value)
