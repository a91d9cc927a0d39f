"""Draw a training run's metrics: ``python docs/results/plot_run.py RUN OUT.png``.

Needs matplotlib, which nothing else here does: ``pip install matplotlib``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

PANELS = (
    ("loss_policy", "policy loss, nats"),
    ("target_entropy", "entropy of targets, nats"),
    ("loss_value", "value loss, nats"),
    ("loss_ownership", "ownership loss, nats per point"),
    ("mean_plies", "plies per game"),
    ("evaluations_per_s", "evaluations per second"),
)


def main(run: Path, out: Path) -> None:
    """Read ``metrics.jsonl`` of ``run`` and write a picture."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    figure, axes = plt.subplots(2, 3, figsize=(11, 5.5), constrained_layout=True)
    for axis, (name, title) in zip(axes.flat, PANELS, strict=True):
        points = [(e["elapsed_s"] / 60, e[name]) for e in entries if name in e]
        axis.plot(*zip(*points, strict=True), color="#2a6f97", linewidth=1.2)
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
        axis.set_xlabel("minutes", fontsize=8)
        axis.tick_params(labelsize=8)
    axes[1, 2].set_ylim(bottom=0)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
