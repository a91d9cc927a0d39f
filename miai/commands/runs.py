"""``miai runs``: the runs there are, how far they are, how strong, how large."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfplay.run.curves import RunData

SUMMARY = "list the training runs of a folder: progress, strength, size on the disk"
EXAMPLE = "miai runs"

_DEEP = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("runs"), help="where to look (default: runs)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")


def run(args: argparse.Namespace) -> int:
    from engine.errors import RunError
    from selfplay.run.curves import read_run

    if not args.folder.is_dir():
        raise RunError(
            f"expected a folder with runs, got {str(args.folder)!r}, and there is no such folder; "
            "`miai train` makes runs/"
        )
    found: list[RunData] = []
    unreadable: list[str] = []
    for path in find_runs(args.folder):
        try:
            found.append(read_run(path))
        except RunError as error:
            unreadable.append(str(error))
    facts: list[dict[str, Any]] = []
    for data in found:
        try:
            facts += [describe(task) for task in data.tasks]
        except Exception as error:  # one run that holds nonsense hides no other
            unreadable.append(f"expected a run in {str(data.path)!r}, got {error!r}")
            continue
        for line in data.folder.damaged_lines():
            print(f"passed over: {line}", file=sys.stderr)
    if args.json:
        print(json.dumps({"runs": facts, "unreadable": unreadable}, indent=2, allow_nan=False))
        return 0
    print(_as_text(facts) if facts else f"no runs in {args.folder}; `miai train` makes one")
    for message in unreadable:
        print(f"left out: {message}")
    return 0


def find_runs(folder: Path) -> list[Path]:
    """Folders with a run's settings, the folder itself included, in the order of their names."""
    found, level = [], [folder]
    for _ in range(_DEEP):
        deeper = []
        for path in level:
            if (path / "config.toml").is_file() and (path / "checkpoints").is_dir():
                found.append(path)
            else:
                deeper += [child for child in path.iterdir() if child.is_dir()]
        level = deeper
    return sorted(found)


def describe(run: RunData) -> dict[str, Any]:
    """What the list says of a run, in plain numbers."""
    from selfplay.report import wording
    from selfplay.run.keep import folder_bytes

    best = run.best_known
    strength = None
    if best is not None:
        strength = {"elo": best.elo, "low": best.low, "high": best.high, "anchor": run.anchor}
    return {
        "run": str(run.path),
        **({"task": run.task} if run.task else {}),
        "game": wording.game_name(run),
        "network": run.settings.get("network"),
        "progress": wording.progress(run),
        "running": is_running(run.path),
        "trained_s": wording.elapsed_s(run),
        "games": run.number("games") or 0,
        "age_s": _age_s(run),
        "strength": strength,
        "elo_95": None if best is None else wording.elo(best, run.anchor),
        "bytes": folder_bytes(run.path),
    }


def is_running(path: Path) -> bool:
    """Whether a process trains in the folder now; it holds the lock."""
    import filelock

    try:
        with filelock.FileLock(path / "lock", timeout=0):
            return False
    except filelock.Timeout:
        return True
    except OSError:
        return False


def _age_s(run: RunData) -> float | None:
    """Seconds since the run last wrote its metrics."""
    try:
        return max(time.time() - run.folder.metrics.stat().st_mtime, 0.0)
    except OSError:
        return None


def _as_text(facts: list[dict[str, Any]]) -> str:
    from selfplay.report import wording

    rows = [["run", "game", "network", "done", "trained", "games", "Elo (95 %)", "last", "disk"]]
    for fact in facts:
        age = fact["age_s"]
        if fact["running"]:
            last = "running"
        else:
            last = "never" if age is None else f"{wording.duration(age)} ago"
        rows.append(
            [
                " ".join([fact["run"], *([fact["task"]] if "task" in fact else [])]),
                fact["game"],
                str(fact["network"]),
                f"{fact['progress']:.0%}",
                wording.duration(fact["trained_s"]),
                f"{fact['games']:,.0f}",
                fact["elo_95"] or "not rated",
                last,
                wording.size(fact["bytes"]),
            ]
        )
    return columns(rows, left=3)


def columns(rows: list[list[str]], left: int) -> str:
    """Align a table; the first columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
