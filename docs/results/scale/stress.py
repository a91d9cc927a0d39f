"""Stress runs on Ray: ``python docs/results/scale/stress.py kills|node FOLDER [SECONDS]``.

``kills`` kills a worker every ten seconds, and once the command itself, which is started again; at
the end all rows are compared by game and ply. ``node`` starts a second node in a network namespace
of its own, cuts it off for thirty seconds and lets it back; it needs the rights of root.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil

SETTINGS = ["selfplay.threads=4", "selfplay.slots=16", "schedule.rows_before_training=500"]
SETTINGS += ["keep.shards=all", "schedule.checkpoint_minutes=60"]
SPACE = "miai-node"


def command(run: Path, seconds: float, address: str, workers: int = 2) -> list[str]:
    words = [sys.executable, "-P", "-m", "miai", "train", "--preset", "go9-quick", "--seed", "7"]
    words += ["--run", str(run), "--minutes", str(seconds / 60), "--no-benchmark"]
    words += ["--ray", address, "--workers", str(workers)]
    for setting in SETTINGS:
        words += ["--set", setting]
    return words


def family(process: psutil.Process) -> dict[str, list[psutil.Process]]:
    """The command's processes by kind."""
    found: dict[str, list[psutil.Process]] = {"command": [process], "workers": [], "Ray": []}
    for child in process.children(recursive=True):
        try:
            name = (child.cmdline() or [""])[0]
        except psutil.Error:
            continue
        found["workers" if name.startswith("ray::PlayWorker") else "Ray"].append(child)
    return found


def megabytes(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            memory = process.memory_info()
            total += (memory.rss - memory.shared) / 2**20
        except psutil.Error:
            continue
    return round(total, 1)


def store_mb(process: psutil.Process) -> float:
    """Shared memory of Ray's object store in use."""
    for child in family(process)["Ray"]:
        try:
            if child.name() == "raylet":
                return round(child.memory_info().shared / 2**20, 1)
        except psutil.Error:
            continue
    return 0.0


def duplicates(run: Path) -> tuple[int, int]:
    """Rows in all shards, and how many of them came twice."""
    seen: Counter[tuple[int, int]] = Counter()
    for path in sorted((run / "shards").glob("*.npz")):
        with np.load(path) as rows:
            seen.update(zip(rows["game"].tolist(), rows["ply"].tolist(), strict=True))
    return sum(seen.values()), sum(count - 1 for count in seen.values())


def kills(folder: Path, seconds: float) -> None:
    run, chance = folder / "kills", random.Random(3)
    words = command(run, seconds, "auto")
    began = time.monotonic()
    killed = deaths = 0
    while True:
        started = subprocess.Popen(words, stdout=(folder / "kills.log").open("ab"))
        process = psutil.Process(started.pid)
        looked = time.monotonic()
        while started.poll() is None:
            time.sleep(1.0)
            at = time.monotonic() - began
            if int(at) % 15 == 0:
                kinds = family(process)
                memory = {kind: megabytes(each) for kind, each in kinds.items()}
                print(
                    json.dumps({"s": round(at), **memory, "store": store_mb(process)}), flush=True
                )
            if time.monotonic() - looked >= 10.0:
                looked = time.monotonic()
                workers = family(process)["workers"]
                if workers:
                    chance.choice(workers).kill()
                    killed += 1
            if deaths == 0 and at > seconds / 2:
                deaths = 1
                process.kill()
                print(json.dumps({"s": round(at), "command": "killed"}), flush=True)
        code = started.wait()
        if code != -signal.SIGKILL:
            break
        time.sleep(3.0)
        left = [p.name() for p in psutil.process_iter() if "raylet" in p.name()]
        print(json.dumps({"left of the cluster 3 s after": left}), flush=True)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    rows, twice = duplicates(run)
    print(
        json.dumps(
            {
                "exit status": code,
                "workers killed": killed,
                "cycles": len(lines),
                "games": lines[-1]["games"],
                "rows counted": lines[-1]["rows"],
                "rows in shards": rows,
                "rows twice": twice,
                "lost pieces in the last session": lines[-1]["lots_lost"],
                "workers lost in it": lines[-1]["workers_lost"],
            }
        )
    )


def shell(text: str) -> None:
    subprocess.run(text, shell=True, check=True)


def node(folder: Path, seconds: float) -> None:
    shell(f"ip netns add {SPACE} && ip link add miai0 type veth peer name miai1")
    try:
        shell(f"ip link set miai1 netns {SPACE} && ip addr add 10.77.0.1/24 dev miai0")
        shell("ip link set miai0 up")
        inside = f"ip netns exec {SPACE} "
        shell(f"{inside}ip addr add 10.77.0.2/24 dev miai1 && {inside}ip link set miai1 up")
        shell(f"{inside}ip link set lo up")
        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
        ray = f"{sys.executable} -m ray.scripts.scripts start --include-dashboard=false"
        ray = ray.replace(" --include-dashboard=false", "")
        shell(
            f"{ray} --head --node-ip-address=10.77.0.1 --port=6399 --num-cpus=1 "
            f"--include-dashboard=false --temp-dir={folder}/h > {folder}/head.log 2>&1"
        )
        shell(
            f"{inside}{ray} --address=10.77.0.1:6399 --node-ip-address=10.77.0.2 --num-cpus=1 "
            f"> {folder}/node.log 2>&1"
        )
        run = folder / "node"
        started = subprocess.Popen(command(run, seconds, "10.77.0.1:6399"))
        began = time.monotonic()
        done = set()
        while started.poll() is None:
            time.sleep(1.0)
            at = time.monotonic() - began
            for name, when, text in (
                ("cut off", seconds / 3, "ip link set miai0 down"),
                ("back", seconds / 3 + 30, "ip link set miai0 up"),
            ):
                if at > when and name not in done:
                    done.add(name)
                    shell(text)
                    print(json.dumps({"s": round(at), "node": name}), flush=True)
        print(json.dumps({"exit status": started.wait()}))
        for line in (run / "metrics.jsonl").read_text().splitlines():
            cycle = json.loads(line)
            shown = (
                "cycle",
                "elapsed_s",
                "workers",
                "workers_lost",
                "lots_lost",
                "play_s",
                "notes",
            )
            print(json.dumps({key: cycle.get(key) for key in shown}))
        print(json.dumps(dict(zip(("rows", "twice"), duplicates(run), strict=True))))
    finally:
        subprocess.run(f"pkill -9 -f {folder}/h/", shell=True, check=False)
        subprocess.run(f"ip netns pids {SPACE} | xargs -r kill -9", shell=True, check=False)
        subprocess.run(f"ip netns delete {SPACE}; ip link delete miai0", shell=True, check=False)


def main() -> None:
    """Run one of the tests."""
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 300.0
    {"kills": kills, "node": node}[sys.argv[1]](folder, seconds)


if __name__ == "__main__":
    main()
