"""Measure runs on a local Ray cluster: ``python docs/results/scale/measure.py OUT.json [FOLDER]``.

Each case is one ``miai train`` with the same games. Wall times depend on what else the machine
does; processor times hardly do. The file is what model.py reads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import psutil

THREADS, CYCLES = 4, 10
SETTINGS = [
    f"selfplay.threads={THREADS}",
    "selfplay.slots=16",
    "game.height=7",
    "game.width=7",
    "schedule.rows_before_training=200",
    "schedule.checkpoint_minutes=10",
]
CASES: dict[str, list[str]] = {
    "threads": [],
    "2 processes": ["--workers", "2"],
    "Ray, 1 worker": ["--ray", "auto", "--workers", "1"],
    "Ray, 2 workers": ["--ray", "auto", "--workers", "2"],
    "Ray, 4 workers": ["--ray", "auto", "--workers", "4"],
    "Ray, 2 workers, strict": ["--ray", "auto", "--workers", "2", "--strict"],
}


def kind_of(process: psutil.Process, driver: int) -> str:
    """What a process of the run is for."""
    if process.pid == driver:
        return "command"
    words = process.cmdline()
    name = " ".join(words[:4])
    if name.startswith("ray::PlayWorker") or "miai.worker" in words:
        return "workers"
    return "Ray itself"


def watched(command: list[str]) -> dict[str, dict[str, float]]:
    """Run a command; return processor seconds and highest memory in MB of its kinds of process."""
    cpu: dict[int, tuple[str, float]] = {}
    most: dict[str, float] = defaultdict(float)
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    driver = psutil.Process(started.pid)
    while started.poll() is None:
        memory: dict[str, float] = defaultdict(float)
        try:
            family = [driver, *driver.children(recursive=True)]
        except psutil.Error:
            break
        for process in family:
            try:
                kind = kind_of(process, driver.pid)
                times = process.cpu_times()
                memory[kind] += (process.memory_info().rss - process.memory_info().shared) / 2**20
                cpu[process.pid] = kind, times.user + times.system
            except psutil.Error:
                continue
        for kind, value in memory.items():
            most[kind] = max(most[kind], value)
        time.sleep(0.5)
    if started.wait():
        raise SystemExit(f"expected a run, got exit status {started.returncode}: {command}")
    spent: dict[str, float] = defaultdict(float)
    for kind, seconds in cpu.values():
        spent[kind] += seconds
    return {"cpu_s": dict(spent), "memory_mb": dict(most)}


def measure(name: str, options: list[str], folder: Path) -> dict[str, Any]:
    """One case."""
    run = folder / name.replace(" ", "-").replace(",", "")
    command = [sys.executable, "-P", "-m", "miai", "train", "--preset", "go9-quick"]
    command += ["--run", str(run), "--cycles", str(CYCLES), "--no-benchmark", "--seed", "7"]
    for setting in SETTINGS:
        command += ["--set", setting]
    used = watched([*command, *options])
    cycles = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    # Games end from the fourth cycle or so on, and the last ones have all that is in it.
    seen = cycles[CYCLES // 3 :]
    state = max((run / "states").iterdir())
    took = sum(c["play_s"] + c["learn_s"] for c in seen)
    learned = [c for c in seen if c["steps"]]
    games = cycles[-1]["games"] - cycles[CYCLES // 3 - 1]["games"]
    found = {
        "name": name,
        "load": os.getloadavg()[0],
        "games": cycles[-1]["games"],
        "rows": cycles[-1]["rows"],
        "games_s": games / took,
        "evaluations_s": sum(
            c["evaluations_per_s"] * (c["play_s"] if "lag" not in c else c["play_s"] + c["learn_s"])
            for c in seen
        )
        / took,
        "play_s": fmean(c["play_s"] for c in seen),
        "learn_s": fmean(c["learn_s"] for c in learned) if learned else 0.0,
        "rows_learned_s": sum(c["steps"] * 256 for c in learned)
        / max(sum(c["learn_s"] for c in learned), 1e-9),
        "state_mb": state.stat().st_size / 2**20,
        "network_mb": (run / "playing.safetensors").stat().st_size / 2**20,
        **used,
    }
    if "lag" in seen[0]:
        for key in ("workers_idle", "lag", "lot_mb", "publish_s", "worker_cpu_s", "piece_s"):
            found[key] = fmean(c[key] for c in seen)
        found["piece_spread"] = pstdev([c["piece_s"] for c in seen]) / found["piece_s"]
        found["pieces"] = sum(c["pieces"] for c in seen)
        found["took_s"] = took
    return found


def case_of(found: dict[str, Any], workers: int, strict: bool) -> dict[str, Any]:
    """The entry of model.py for a measured case, with its own times."""
    per_piece = found["pieces"] / (CYCLES - CYCLES // 3) / THREADS
    return {
        "name": found["name"],
        "case": {"workers": workers, "threads": THREADS, "strict": strict},
        "costs": {
            "piece_s": found["piece_s"],
            "spread": min(found["piece_spread"], 0.3),
            "learn_s": found["learn_s"] / THREADS,
            "cycle_s": 0.0,
            "save_s": 0.0,
            "receive_s": 0.005,
            "piece_mb": found["lot_mb"],
            "network_mb": found["network_mb"],
            "link_mb_s": 1000.0,
            "games": found["games_s"] * found["took_s"] / found["pieces"] * per_piece,
            "evaluations": found["evaluations_s"] * found["took_s"] / found["pieces"],
        },
        "seen": {
            "games_s": found["games_s"],
            "idle": found["workers_idle"],
            "lag": found["lag"],
        },
    }


def main() -> None:
    """Measure all cases and write the file."""
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    found = []
    for name, options in CASES.items():
        found.append(measure(name, options, folder))
        print(json.dumps(found[-1]), flush=True)
    on_ray = {
        "Ray, 1 worker": (1, False),
        "Ray, 2 workers": (2, False),
        "Ray, 4 workers": (4, False),
        "Ray, 2 workers, strict": (2, True),
    }
    cases = [case_of(each, *on_ray[each["name"]]) for each in found if each["name"] in on_ray]
    Path(sys.argv[1]).write_text(json.dumps({"measured": found, "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
