"""``miai report``: build a run's page anew."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

SUMMARY = "make a run's report.html: strength, losses, openings, games to replay, one file"
EXAMPLE = "miai report runs/try"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="file to write (default: report.html in the folder)",
    )


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as miai.rating_process.ONE_THREAD
    from miai.rating import benchmark_config, rate_run, write_ratings
    from selfplay.report.page import write_page
    from selfplay.report.report import report_html
    from selfplay.run.curves import read_run

    data = read_run(args.run)
    for line in data.folder.damaged_lines():
        print(f"passed over: {line}", file=sys.stderr)
    for task in data.tasks:
        if task.meetings:
            config = benchmark_config(task.settings, task.task)
            write_ratings(task.folder, rate_run(task.folder, config))
    target = args.out or data.folder.report
    write_page(target, report_html(data))
    print(target)
    return 0
