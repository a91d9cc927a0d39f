"""Measures what docs/results/gtp.md tells: `python docs/results/measure_gtp.py SGF_ZIP [PART ...]`.

Parts: scores, batching, stopping. The zip holds 9x9 games of Go that ended with two passes.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.analysis.analyst import Analyst, Job
from arena.analysis.sweep import record_positions
from arena.gtp.board import Line
from arena.gtp.commands import Session
from engine.games.go import GoSpec
from engine.records import load_games
from miai.commands.evaluators import evaluator_of

SPEC = GoSpec(9, 9, 7.0)


def scores(zip_file: Path) -> None:
    """How often final_score is the score of the record, with dead stones judged and without."""
    records = [r for r in load_games([zip_file], size=(9, 9)).records if r.score is not None]
    records = [r for r in records if r.actions[-2:] == (81, 81)]
    count: Counter[str] = Counter()
    for network in ("shipped", "rollouts"):
        evaluator, _ = evaluator_of(network, SPEC)
        agent = SearchAgent(network, evaluator, Limit(1))
        for record in records:
            session = Session(agent, record.spec, "0")
            session.board.start_from(Line(actions=record.actions))
            answer = session.server().answer("final_score")
            assert answer is not None
            count[network] += _points(answer.text) == record.score
            count[f"{network}, the winner"] += np.sign(_points(answer.text)) == record.winner
    for record in records:
        plain = float(record.spec.score(record_positions(record)[-1:])[0])
        count["every stone alive"] += plain == record.score
        count["every stone alive, the winner"] += np.sign(plain) == record.winner
    for what, right in count.items():
        print(f"{what}: {right} of {len(records)} ({100 * right / len(records):.1f} %)")


def _points(text: str) -> float:
    return 0.0 if text == "0" else float(text[2:]) * (1 if text[0] == "B" else -1)


def batching(zip_file: Path) -> None:
    """Positions searched per second, by how many are searched at once."""
    record = load_games([zip_file], size=(9, 9)).records[3]
    positions = record_positions(record)[:48]
    evaluator, name = evaluator_of("shipped", SPEC)
    for at_once in (1, 8, 1, 8, 16, 16):
        evaluator.clear()  # type: ignore[attr-defined]
        analyst = Analyst(evaluator, at_once)
        jobs = [Job(k, SPEC, positions[k : k + 1], Limit(100)) for k in range(len(positions))]
        started = time.perf_counter()
        analyst.run(jobs, lambda finding: None)
        seconds = time.perf_counter() - started
        rate = 100 * len(jobs) / seconds
        print(
            f"{name}, {at_once} at once: {rate:.0f} visits/s, {len(jobs) / seconds:.1f} positions/s"
        )


def stopping(zip_file: Path) -> None:
    """Milliseconds from a new line to the answer while an analysis runs."""
    evaluator, _ = evaluator_of("shipped", SPEC)
    server = Session(SearchAgent("net", evaluator, Limit(400)), SPEC, "0").server()
    ours, theirs = os.pipe(), os.pipe()
    lines, answers = os.fdopen(ours[0], "rb"), os.fdopen(theirs[1], "wb")
    say, hear = os.fdopen(ours[1], "wb", buffering=0), os.fdopen(theirs[0], "rb")
    threading.Thread(target=server.serve, args=(lines, answers), daemon=True).start()
    waits = []
    for _ in range(40):
        say.write(b"kata-analyze b 5 ownership true\n")
        while not hear.readline().startswith(b"info"):
            pass
        time.sleep(0.1)
        started = time.perf_counter()
        say.write(b"7 name\n")
        while not hear.readline().startswith(b"=7"):
            pass
        waits.append(1000 * (time.perf_counter() - started))
        hear.readline()
    low, middle, high = np.percentile(waits, [5, 50, 95])
    print(f"stops after {middle:.1f} ms (5 to 95 %: {low:.1f} to {high:.1f})")


if __name__ == "__main__":
    parts = {"scores": scores, "batching": batching, "stopping": stopping}
    for part in sys.argv[2:] or parts:
        parts[part](Path(sys.argv[1]))
