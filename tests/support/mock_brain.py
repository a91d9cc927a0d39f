"""A program that speaks Gomocup's protocol or NBoard's and fails on request.

    python mock_brain.py gomocup|nboard [--fault KIND] [--at N] [--log FILE]

Plays the first free point (Gomoku) or what ``--moves`` says (Othello). The fault happens at the
``--at``-th move. Knows no rules and needs no packages.
"""

import argparse
import os
import re
import sys
import time

FAULTS = (
    "crash", "hang", "nonsense", "error", "illegal", "talk", "flood", "refuse-start",
    "silent-about", "no-restart", "suggest",
)  # fmt: skip


def say(line: str) -> None:
    """Send one line."""
    print(line, flush=True)


class Brain:
    """State of either kind."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.fault, self.at = args.fault, args.at
        self.moves = args.moves.split()
        self.size, self.taken, self.asked = 0, set(), 0
        self.reading = False

    def gomocup(self, line: str) -> None:
        """Answer one line of Gomocup's protocol."""
        word, _, rest = line.partition(" ")
        if self.reading:
            if word == "DONE":
                self.reading = False
                self.move()
            else:
                self.taken.add(line.rpartition(",")[0])
        elif word == "ABOUT" and self.fault != "silent-about":
            say('name="Mock", version="1.2", author="nobody"')
        elif word in ("START", "RECTSTART"):
            self.size, self.taken = int(rest.split(",")[0]), set()
            say("ERROR no" if self.fault == "refuse-start" and self.size != 15 else "OK - ready")
        elif word == "RESTART":
            self.taken = set()
            say("UNKNOWN" if self.fault == "no-restart" else "OK")
        elif word == "BEGIN":
            self.move()
        elif word == "BOARD":
            self.reading, self.taken = True, set()
        elif word == "TURN":
            self.taken.add(rest)
            self.move()
        elif word == "PLAY":
            say(rest)

    def move(self) -> None:
        """Say a move, or fail."""
        self.asked += 1
        points = (f"{x},{y}" for y in range(self.size) for x in range(self.size))
        point = next(point for point in points if point not in self.taken)
        if self.asked == self.at:
            point = self.failing(point)
        self.taken.add(point)
        say(point)

    def nboard(self, line: str) -> None:
        """Answer one line of the NBoard protocol."""
        word, _, rest = line.partition(" ")
        if word == "nboard":
            say("set myname Mock 3")
        elif word == "ping":
            say(f"pong {rest}")
        elif word == "go":
            self.asked += 1
            say("status thinking")
            played = len(re.findall(r"\b[BW]\[", line))
            move = self.moves[self.asked - 1] if self.asked <= len(self.moves) else "A1"
            if self.asked == self.at:
                move = self.failing(move)
            say(f"=== {move}/{played}/0.1")

    def failing(self, move: str) -> str:
        """Misbehave, or return what to say."""
        if self.fault == "crash":
            print("out of memory", file=sys.stderr, flush=True)
            os._exit(3)
        if self.fault == "hang":
            time.sleep(3600)
        if self.fault == "talk":
            say("MESSAGE I think")
            say("debug and think")
        if self.fault == "flood":
            while True:
                say("MESSAGE and on")
        words = {"nonsense": "my best move", "error": "ERROR lost", "illegal": "0,0"}
        if self.fault == "suggest":
            return f"SUGGEST {move}"
        return words.get(self.fault, move)


def main() -> None:
    """Read lines until the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("gomocup", "nboard"))
    parser.add_argument("--fault", choices=FAULTS, default="")
    parser.add_argument("--at", type=int, default=1)
    parser.add_argument("--moves", default="")
    parser.add_argument("--log", default="")
    args = parser.parse_args()
    brain = Brain(args)
    for line in sys.stdin:
        if args.log:
            with open(args.log, "a") as log:  # noqa: PTH123
                log.write(line)
        if line.strip() in ("END", "quit"):
            return
        getattr(brain, args.kind)(line.strip())


if __name__ == "__main__":
    main()
