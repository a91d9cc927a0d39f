"""Read all beginnings of Connect Four on 7x6 to their end and write the engine's book of them.

    python docs/results/connect_four_book.py NOTES OUT --threads 2

``NOTES`` gets a line for each position as it is solved, and a second start goes on from there;
``OUT`` is written at the end. Threads share one table of positions.
"""

from __future__ import annotations

import argparse
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.games.connect_four import ConnectFourSpec
from engine.solvers.connect_four import ConnectFourSolver
from engine.solvers.connect_four_book import DISCS, SIGNS, Bits, beginnings

LETTERS = {value: letter for letter, value in SIGNS.items()}
HEADER = f"""\
# Connect Four, 7x6: the result for the side to move (+ wins, = draw, - loses) of every position of
# {DISCS} discs, in the order of engine.solvers.connect_four_book.beginnings. Made by
# docs/results/connect_four_book.py, which read each to its end.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table-bits", type=int, default=22, help="8 * 2**bits bytes")
    options = parser.parse_args()
    positions = beginnings(DISCS)
    known: dict[Bits, int] = {}
    if options.notes.exists():
        for line in options.notes.read_text("ascii").splitlines():
            own, taken, sign = map(int, line.split())
            known[own, taken] = sign
    first = ConnectFourSolver(ConnectFourSpec(), options.table_bits)
    solvers = [first, *(first.twin() for _ in range(options.threads - 1))]
    waiting = iter([bits for bits in positions if bits not in known])
    lock, started = threading.Lock(), time.perf_counter()

    def work(solver: ConnectFourSolver) -> None:
        while True:
            with lock:
                bits = next(waiting, None)
            if bits is None:
                return
            sign = solver.score_bits(*bits, sign_only=True)
            with lock, options.notes.open("a", encoding="ascii") as notes:
                known[bits] = sign
                notes.write(f"{bits[0]} {bits[1]} {sign}\n")

    with ThreadPoolExecutor(options.threads) as pool:
        list(pool.map(work, solvers))
    text = "".join(LETTERS[known[bits]] for bits in positions)
    lines = [text[at : at + 100] for at in range(0, len(text), 100)]
    options.out.write_text(HEADER + "\n".join(lines) + "\n", "ascii")
    nodes = sum(solver.visited for solver in solvers)
    print(f"{len(positions)} positions, {nodes:,} nodes, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
