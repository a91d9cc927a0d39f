"""``miai compare``: several runs over each other, as a page and a short table."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "compare several runs: a table here, the curves as one HTML file"
EXAMPLE = "miai compare runs/first runs/second --out compare.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders of the runs")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        default=Path("compare.html"),
        help="the page (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    from engine.errors import ConfigError
    from miai.commands.runs import columns
    from selfplay.report.compare import HEAD, MOST_RUNS, cautions, compare_html, rows_of
    from selfplay.report.page import write_page
    from selfplay.run.curves import read_run

    if not 2 <= len(args.runs) <= MOST_RUNS:
        raise ConfigError(f"expected two to {MOST_RUNS} runs, got {len(args.runs)}")
    runs = [task for path in args.runs for task in read_run(path).tasks]
    print(columns([list(HEAD), *rows_of(runs)], left=3))
    for text in cautions(runs):
        print(text)
    write_page(args.out, compare_html(runs))
    print(args.out)
    return 0
