"""Draw a run's memory over the rows it made: ``python docs/results/plot_memory.py RUN OUT.png``.

Needs matplotlib, which nothing else here does: ``pip install matplotlib``.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def main(run: Path, out: Path) -> None:
    """Read ``metrics.jsonl`` and the window's capacity of ``run`` and write a picture."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    capacity = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))["replay"][
        "capacity"
    ]
    points = [(e["rows"] / 1e6, e["memory_mb"]) for e in entries if "memory_mb" in e]
    figure, axis = plt.subplots(figsize=(8, 3), constrained_layout=True)
    axis.plot(*zip(*points, strict=True), color="#2a6f97", linewidth=1.4)
    axis.axvline(capacity / 1e6, color="#888888", linewidth=1, linestyle="--")
    axis.annotate(
        "the window's memory is full",
        (capacity / 1e6, 40),
        (6, 0),
        textcoords="offset points",
        fontsize=9,
    )
    axis.set_ylim(0, 1.2 * max(memory for _, memory in points))
    axis.set_xlim(left=0)
    axis.set_xlabel("rows made, millions")
    axis.set_ylabel("memory, MB")
    axis.grid(alpha=0.3)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
