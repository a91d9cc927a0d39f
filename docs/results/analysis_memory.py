"""Memory of ``miai analysis``: a thousand large queries at once, and queries and storms of cancels.

PYTHONPATH=. python docs/results/analysis_memory.py bulk [MB]
PYTHONPATH=. python docs/results/analysis_memory.py storms MINUTES
"""

from __future__ import annotations

import json
import queue
import random
import subprocess
import sys
import threading
import time
from typing import Any

import psutil

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


class Engine:
    """The command, what it answered, and how much memory it had."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "miai", "analysis", "--network", "rollouts", *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.most = 0
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()

    def send(self, **query: object) -> None:
        """Send one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(query).encode() + b"\n")
        self._process.stdin.flush()

    def memory(self) -> int:
        """Bytes in memory now."""
        return psutil.Process(self._process.pid).memory_info().rss

    def end(self) -> int:
        """Close the input and wait."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put(None)

    def _watch(self) -> None:
        while self._process.poll() is None:
            try:
                self.most = max(self.most, self.memory())
            except psutil.NoSuchProcess:
                return
            time.sleep(0.05)


def game(size: int, count: int, seed: int) -> list[list[str]]:
    """Moves on different points, so far apart that most are legal."""
    points = [f"{letter}{row + 1}" for row in range(size) for letter in _LETTERS[:size]]
    random.Random(seed).shuffle(points)
    return [["BW"[n % 2], point] for n, point in enumerate(points[:count])]


def bulk(*options: str) -> None:
    """A thousand queries of 25x25 at once; the last of ten positions each for a tenth of them."""
    engine = Engine(*options)
    engine.send(id="warm", moves=[], boardXSize=25, boardYSize=25, maxVisits=2)
    engine.answers.get()
    before, begun = engine.memory(), time.monotonic()
    wanted = 0
    for number in range(1000):
        turns = list(range(91, 101)) if number % 10 == 0 else [100]
        wanted += len(turns)
        engine.send(
            id=f"{number}", moves=game(25, 100, 0), analyzeTurns=turns, boardXSize=25,
            boardYSize=25, maxVisits=20, includeOwnership=True, includePolicy=True,
        )  # fmt: skip
    engine.end()
    found = list(iter(engine.answers.get, None))
    good = sum("rootInfo" in answer for answer in found)
    print(
        f"{' '.join(options) or 'default'}: 1,000 queries of {wanted} positions, {good} analysed, "
        f"{sum('error' in answer for answer in found)} refused, "
        f"{before >> 20} MB before, {engine.most >> 20} MB at most, "
        f"{time.monotonic() - begun:.0f} s"
    )


def storms(minutes: float) -> None:
    """Queries of many boards; each second some are cancelled one by one, or all of them."""
    engine, choice = Engine("--memory", "512"), random.Random(1)
    begun, number, told = time.monotonic(), 0, 0.0
    answered: dict[str, int] = {}
    print("| minute | queries | answers | memory, MB |\n|---|---|---|---|")
    while time.monotonic() - begun < 60 * minutes:
        names = []
        for _ in range(choice.randrange(1, 80)):
            number += 1
            names.append(f"{number}")
            size = choice.choice((5, 7, 9, 13, 19))
            moves = game(size, choice.randrange(size * size // 3), number)
            engine.send(
                id=names[-1], moves=moves, boardXSize=size, boardYSize=size,
                maxVisits=choice.choice((1, 5, 50, 300)), includeOwnership=choice.random() < 0.5,
                includePolicy=choice.random() < 0.5, komi=choice.choice((0, 6.5, 7)),
                analyzeTurns=list(range(len(moves) + 1))[-choice.randrange(1, 9) :],
                priority=choice.randrange(3), rules=choice.choice(("chinese", "japanese")),
            )  # fmt: skip
        time.sleep(choice.random())
        if choice.random() < 0.5:
            engine.send(id="all", action="terminate_all")
        else:
            for name in names:
                engine.send(id="t" + name, action="terminate", terminateId=name)
        while not engine.answers.empty():
            answer = engine.answers.get() or {}
            kind = "error" if "error" in answer else "action" if "action" in answer else "answer"
            answered[kind] = answered.get(kind, 0) + 1
        if (minute := (time.monotonic() - begun) / 60) >= told:
            print(f"| {minute:.1f} | {number} | {answered} | {engine.memory() >> 20} |", flush=True)
            told += minutes / 15
    code = engine.end()
    print(f"at most {engine.most >> 20} MB; exit code {code}")


if __name__ == "__main__":
    if sys.argv[1] == "bulk":
        bulk(*(("--memory", sys.argv[2]) if len(sys.argv) > 2 else ()))
    else:
        storms(float(sys.argv[2]))
