"""Damaged records in great number: legal games come out, or refusals, and never a traceback.

``python -m tests.fuzz.mutations --count 1000000 --seed 1`` prints how many files were tried and
what came of them. The suite runs a few.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from engine.errors import MiaiError
from engine.records.variations import read_first, write_variations
from tests.fuzz.records import CORPUS, check
from tests.support.source_programs import STYLES

_SOUP = b"()[];\\:\n\r\t \0BWCABAWAEPLSZKMRURECAHAGMFF0123456789abstABMiaiTB"
_WRITTEN_AGAIN = 8
"""Of this many files, one is also written with its variations, and read again."""


def seeds(random: np.random.Generator) -> list[bytes]:
    """Whole files: of every style, and the corpus."""
    styled = [style.make(random)[0] for style in STYLES for _ in range(4)]
    return [*styled, *(path.read_bytes() for path in CORPUS)]


def mutated(files: list[bytes], random: np.random.Generator) -> bytes:
    """One of some files with one to six changes."""
    data = bytearray(files[int(random.integers(len(files)))])
    for _ in range(int(random.integers(1, 7))):
        at = int(random.integers(len(data) + 1))
        length = int(random.integers(1, 1 + int(random.choice([1, 4, 16, 64]))))
        kind = int(random.integers(7))
        if kind == 0:
            del data[at : at + length]
        elif kind == 1:
            data[at:at] = data[at : at + length]
        elif kind == 2:
            data[at : at + length] = random.integers(0, 256, length, np.uint8).tobytes()
        elif kind == 3:
            data[at:at] = bytes(_SOUP[int(i)] for i in random.integers(len(_SOUP), size=length))
        elif kind == 4:
            other = files[int(random.integers(len(files)))]
            start = int(random.integers(len(other) + 1))
            data[at:at] = other[start : start + 4 * length]
        elif kind == 5:
            del data[at:]
        elif at < len(data):
            data[at] = _SOUP[int(random.integers(len(_SOUP)))]
    return bytes(data)


def try_one(data: bytes, again: bool) -> str:
    """Read a file as every reader does; return what came of it."""
    check(data)
    if not again:
        return "read"
    try:
        game, moves, _, _ = read_first(data, "fuzz")
    except MiaiError:
        return "refused"
    back = read_first(write_variations(game.record, moves), "again")
    assert back[0].record.actions == game.record.actions
    assert back[1] == moves
    return "written and read again"


def run(count: int, seed: int) -> Counter[str]:
    """Try a number of files; an error that is no MiaiError leaves, with the file in a note."""
    random = np.random.default_rng(seed)
    files = seeds(random)
    found: Counter[str] = Counter()
    for number in range(count):
        data = mutated(files, random)
        try:
            found[try_one(data, number % _WRITTEN_AGAIN == 0)] += 1
        except Exception as error:
            error.add_note(f"file {number} of seed {seed}: {data!r}")
            raise
    return found


def main() -> None:
    """Parse the command line and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    started = time.process_time()
    done = 0
    while done < args.count:
        some = min(10_000, args.count - done)
        found = run(some, args.seed + done)
        done += some
        spent_s = time.process_time() - started
        print(f"{done:,} files, {dict(found)}, {done / spent_s:.0f} a second of CPU", flush=True)


if __name__ == "__main__":
    main()
