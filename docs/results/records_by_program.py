"""How many records in the style of each program come out as they were meant.

``python docs/results/records_by_program.py --files 200``, from the root of the checkout.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.errors import MiaiError
from engine.records.sgf import read_one
from tests.support.source_programs import STYLES, Expected


def is_right(data: bytes, meant: Expected) -> bool:
    """Whether moves, names, result, handicap, komi and scoring are those that were written."""
    try:
        game = read_one(data, "x", meant.game + 1)
    except MiaiError:
        return False
    record = game.record
    rules = record.spec.rules
    return (
        not game.cut
        and record.actions == meant.actions
        and (record.black, record.result) == (meant.black, meant.result)
        and set(record.black_setup) == set(meant.handicap)
        and rules.get("komi", meant.komi) == meant.komi
        and rules.get("scoring", meant.scoring) == meant.scoring
    )


def main() -> None:
    """Print a row of a table for each style."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    count = parser.parse_args().files
    for style in STYLES:
        files = [style.make(np.random.default_rng(seed)) for seed in range(count)]
        right = sum(is_right(*file) for file in files)
        said = (style.make.__doc__ or "").partition(": ")[2].rstrip(".")
        print(f"| {style.name} | {said} | {count} | {right} |")


if __name__ == "__main__":
    main()
