"""A program that speaks GTP and fails on request.

    python mock_engine.py [--fault KIND] [--at N] [--moves N] [--log FILE] [--also COMMANDS]

Plays free points from A1 on for ``--moves`` moves, then passes. ``--also`` are commands that it
accepts besides; ``--refuse`` is a line that it does not. The fault happens at the
``--at``-th genmove of the process, or at its start for kinds that say so. Knows no rules and needs
no packages.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
COMMANDS = (
    "protocol_version name version list_commands known_command boardsize clear_board komi play "
    "genmove final_status_list time_settings time_left quit"
)
FAULTS = (
    "crash-at-start",
    "hang-at-start",
    "crash-at-boardsize",
    "refuse-boardsize",
    "late-always",
    "deaf-to-quit",
    "child",
    "crash",
    "chatty-crash",
    "hang",
    "half-line",
    "late",
    "garbage",
    "nonsense",
    "refuse",
    "illegal",
    "endless-line",
    "endless-answer",
    "flood-stderr",
    "resign",
    "dead-all",
)


class Mock:
    """The program's state."""

    def __init__(self, fault: str, at: int, moves: int, also: str = "", refuse: str = "") -> None:
        self.fault, self.at, self.moves = fault, at, moves
        self.commands = f"{COMMANDS} {also}".split()
        self.refused = refuse.split()
        self.size = 9
        self.taken: dict[str, str] = {}
        self.asked = 0
        self.boards = 0

    def answer(self, words: list[str]) -> str:
        """Text of the answer, with its status."""
        name = words[0]
        if words == self.refused:
            return "? illegal move"
        if name == "list_commands":
            return "= " + "\n".join(self.commands)
        if name == "known_command":
            return "= " + str(words[1] in self.commands).lower()
        if name == "name":
            return "= Mock"
        if name == "boardsize":
            self.boards += 1
            if self.fault == "refuse-boardsize":
                return "? unacceptable size"
            if self.fault == "crash-at-boardsize" and self.boards == self.at:
                os._exit(4)
            self.size = int(words[1])
        if name in ("boardsize", "clear_board"):
            self.taken = {}
        if name == "play":
            self.taken[words[2].upper()] = words[1]
        if name == "genmove":
            return self.genmove(words[1])
        if name == "final_status_list":
            return "= " + (" ".join(self.stones()) if self.fault == "dead-all" else "")
        return "= "

    def stones(self) -> list[str]:
        """Every point that was played."""
        return [point for point in self.taken if point != "PASS"]

    def genmove(self, colour: str) -> str:
        """Answer genmove, or fail."""
        self.asked += 1
        if self.fault == "late-always":
            time.sleep(0.4)
        if self.asked == self.at and self.fault:
            failing = fail(self.fault, self)
            if failing is not None:
                return failing
        points = [f"{LETTERS[c]}{r + 1}" for r in range(self.size) for c in range(self.size)]
        free = [point for point in points if point not in self.taken]
        if self.asked > self.moves or not free:
            return "= pass"
        self.taken[free[0]] = colour
        return f"= {free[0]}"


def fail(fault: str, mock: Mock) -> "str | None":
    """Misbehave; return an answer, or ``None`` to go on as if nothing was."""
    out = sys.stdout.buffer
    if fault in ("crash", "chatty-crash"):
        if fault == "chatty-crash":
            print("out of memory in layer 7", file=sys.stderr, flush=True)
        os._exit(3)
    if fault == "hang":
        time.sleep(3600)
    if fault == "half-line":
        out.write(b"= D")
        out.flush()
        time.sleep(3600)
    if fault == "garbage":
        out.write(bytes(range(256)) * 8 + b"\n\n")
        out.flush()
        time.sleep(3600)
    if fault == "endless-line":
        while True:
            out.write(b"x" * 4096)
    if fault == "endless-answer":
        out.write(b"= ")
        while True:
            out.write(b"y" * 100 + b"\n")
    if fault == "flood-stderr":
        for _ in range(200):
            sys.stderr.write("noise " * 4096 + "\n")
    if fault == "late":
        time.sleep(0.4)
    answers = {
        "nonsense": "= my best move",
        "refuse": "? I will not",
        "resign": "= resign",
        "illegal": "= " + next(iter(mock.stones()), "A1"),
    }
    return answers.get(fault)


def main() -> None:
    """Read commands until told to quit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=FAULTS, default="")
    parser.add_argument("--at", type=int, default=1)
    parser.add_argument("--moves", type=int, default=8)
    parser.add_argument("--log", default="")
    parser.add_argument("--also", default="")
    parser.add_argument("--refuse", default="")
    args = parser.parse_args()
    if args.fault == "crash-at-start":
        print("no such network", file=sys.stderr, flush=True)
        sys.exit(1)
    if args.fault == "hang-at-start":
        time.sleep(3600)
    if args.fault == "deaf-to-quit":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if args.fault == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        print(f"child {child.pid}", file=sys.stderr, flush=True)
    mock = Mock(args.fault, args.at, args.moves, args.also, args.refuse)
    for line in sys.stdin:
        if args.log:
            with open(args.log, "a") as log:  # noqa: PTH123
                log.write(line)
        if line.strip() == "quit" and args.fault != "deaf-to-quit":
            print("= \n", flush=True)
            return
        print(mock.answer(line.split()) + "\n", flush=True)
    while args.fault == "deaf-to-quit":
        time.sleep(3600)


if __name__ == "__main__":
    main()
