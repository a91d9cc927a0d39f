"""``miai transfer``: how much of a new game is known from other games."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miai.ray_cells import RayCells
    from miai.transfer.cells import Cell, Folders
    from miai.transfer.plan import TransferPlan

SUMMARY = "measure what other games are worth to a new one, in games"
EXAMPLE = "miai transfer five-games --only hex"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "plan",
        nargs="?",
        default="five-games",
        help="a plan that comes with the program, or a TOML file; list shows them "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("transfer"),
        metavar="FOLDER",
        help="results: small files, a table, a page; what is there is not run again "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("runs/transfer"),
        metavar="FOLDER",
        help="runs and networks (default: %(default)s)",
    )
    parser.add_argument("--only", nargs="+", metavar="TASK", help="hold out these tasks alone")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="run N cells at once, a core each"
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="run the cells on a Ray cluster, HOST:PORT or auto; pretraining and matches stay on "
        "this machine (optional extra)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say which cells there are and which are done"
    )
    parser.add_argument("--cells-only", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    if args.plan == "list":
        return _list_plans()

    from engine.errors import ConfigError
    from miai.transfer.cells import Folders, cells_of, read_result
    from miai.transfer.meetings import require_enough_openings
    from miai.transfer.plan import read_plan

    plan = read_plan(args.plan)
    chosen = args.only or plan.held_out
    for name in chosen:
        if name not in plan.held_out:
            raise ConfigError(f"expected tasks among {', '.join(plan.held_out)}, got {name!r}")
    if args.jobs < 1:
        raise ConfigError(f"expected at least one job, got {args.jobs}")
    require_enough_openings(plan, chosen)
    folders = Folders(args.out, args.work)
    cells = {name: list(cells_of(plan, name)) for name in chosen}
    if args.dry_run:
        for name, each in cells.items():
            for cell in each:
                print(name, cell.name, "done" if read_result(folders, cell) else "to do")
        return 0
    helpers: list[subprocess.Popen[bytes]] = []
    cluster = None
    try:
        if args.ray is None:
            helpers = _start_helpers(args)
        else:
            cluster = _connect(args.ray, args.jobs)
        for name in chosen:
            if cluster is not None:
                cluster.run(plan, folders, cells[name], _say)
            _run_cells(plan, folders, cells[name], wait=not args.cells_only)
            if not args.cells_only:
                _play(plan, folders, name)
                _write(plan, folders, chosen)
    except KeyboardInterrupt:
        print(
            f"stopped; finished cells and matches are in {args.out}. "
            "The same command goes on where this one was",
            file=sys.stderr,
        )
        return 130
    finally:
        for helper in helpers:
            helper.terminate()
            helper.wait()
        if cluster is not None:
            cluster.close()
    if not args.cells_only:
        print(f"the table: {args.out / 'transfer.md'}\nthe page: {args.out / 'transfer.html'}")
    return 0


def _start_helpers(args: argparse.Namespace) -> list[subprocess.Popen[bytes]]:
    """Start further processes of the same command, which run cells and no matches."""
    command = [sys.executable, "-P", "-m", "miai", "transfer", args.plan, "--cells-only"]
    command += ["--out", str(args.out), "--work", str(args.work)]
    if args.only:
        command += ["--only", *args.only]
    return [subprocess.Popen(command) for _ in range(args.jobs - 1)]


def _connect(address: str, workers: int) -> RayCells:
    """Connect to a Ray cluster."""
    from miai.rating_process import python_path
    from selfplay.ray.cluster import import_ray

    import_ray()
    from miai.ray_cells import RayCells

    return RayCells(address, workers, {"PYTHONPATH": python_path()})


def _run_cells(plan: TransferPlan, folders: Folders, cells: Sequence[Cell], wait: bool) -> None:
    """Run the cells without a result, first those that no other process has taken."""
    import filelock

    from miai.transfer.cells import read_result, run_cell

    for blocking in (False, True) if wait else (False,):
        for number, cell in enumerate(cells, start=1):
            if read_result(folders, cell) is not None:
                continue
            lock = folders.lock(f"{cell.held_out}-{cell.name}")
            try:
                with lock.acquire(blocking=blocking):
                    if read_result(folders, cell) is None:
                        result = run_cell(plan, folders, cell, _say)
                        _say(
                            f"{cell.held_out} {number}/{len(cells)}: {cell.name}, "
                            f"{result.played} games, {result.rows} rows, {result.cpu_s:.0f} s"
                            f"{_left(folders, cells)}"
                        )
            except filelock.Timeout:
                continue


def _left(folders: Folders, cells: Sequence[Cell]) -> str:
    """Say how long the other cells of a task take, by the time a game took so far."""
    from miai.transfer.cells import read_result

    results = [read_result(folders, cell) for cell in cells]
    done = [result for result in results if result is not None]
    due = sum(cell.games for cell, result in zip(cells, results, strict=True) if result is None)
    played = sum(result.played for result in done)
    if not due or not played:
        return ""
    minutes = due * sum(result.cpu_s for result in done) / played / 60
    return f"; about {minutes:.0f} min of one core left" if minutes >= 1 else ""


def _play(plan: TransferPlan, folders: Folders, held_out: str) -> None:
    from miai.transfer.meetings import play_meetings

    with folders.lock(f"{held_out}-meetings"):
        play_meetings(plan, folders, held_out, _say)


def _write(plan: TransferPlan, folders: Folders, chosen: Sequence[str]) -> None:
    from engine.files import write_atomic
    from miai.transfer.page import transfer_html
    from miai.transfer.summary import summarise
    from miai.transfer.table import as_markdown

    summaries = [summary for name in plan.held_out if (summary := summarise(plan, folders, name))]
    write_atomic(folders.results / "transfer.md", as_markdown(plan, summaries).encode())
    write_atomic(folders.results / "transfer.html", transfer_html(plan, summaries).encode())


def _say(text: str) -> None:
    print(text, flush=True)


def _list_plans() -> int:
    from miai.config import preset_comment, preset_names

    for name in preset_names("plans"):
        print(f"{name:<14}{preset_comment(name, 'plans')}")
    return 0
