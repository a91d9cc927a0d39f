"""The memory of an analysis: trees and waiting positions stay within a setting."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from agents.protocol import Limit
from arena.analysis import engine as engine_module
from arena.analysis.analyst import LEAST_MEMORY, Analyst, Job
from arena.analysis.engine import AnalysisEngine
from arena.analysis.settings import SearchSettings
from engine.games import GoSpec
from miai.cli import main
from tests.support.scripted import ScriptedEvaluator, arbitrary

LARGE = GoSpec(25, 25, 7.0)


def job(spec: GoSpec, simulations: int, key: int = 0) -> Job:
    return Job(key, spec, spec.allocate(1), Limit(simulations))


def tree_bytes(analyst: Analyst) -> int:
    tables = [table.search.tree for table in analyst._tables.values()]
    return sum(tree.nodes.nbytes + tree.edges.nbytes for tree in tables)


def test_trees_of_every_kind_share_the_memory() -> None:
    analyst = Analyst(ScriptedEvaluator(arbitrary), 6, LEAST_MEMORY)
    mixed = [
        job(GoSpec(size, size, komi), simulations, key)
        for key, (size, komi, simulations) in enumerate(
            [(25, 7.0, 40), (9, 7.0, 3000), (5, 6.5, 40), (7, 6.5, 40), (9, 6.5, 40), (25, 7.0, 30)]
        )
    ]
    for one in mixed:
        analyst.submit(one)
    done, most = [], 0
    while analyst.busy:
        done += [found.job.key for found in analyst.work() if found.done]
        most = max(most, tree_bytes(analyst))
    assert sorted(done) == list(range(6))
    assert 0 < most <= LEAST_MEMORY


def test_a_tree_that_fills_its_part_ends_its_job() -> None:
    analyst = Analyst(ScriptedEvaluator(arbitrary), 1, LEAST_MEMORY)
    found: list[Any] = []
    analyst.run([job(LARGE, 5000)], found.append)
    assert found[-1].done
    assert 500 < found[-1].result.simulations < 5000
    assert "memory" in str(found[-1].result.notes)


def test_positions_that_wait_have_room_again_when_they_are_done() -> None:
    analyst = Analyst(ScriptedEvaluator(arbitrary), 2, LEAST_MEMORY)
    count = LEAST_MEMORY // 4 // LARGE.allocate(1).nbytes
    assert not analyst.has_room([job(LARGE, 1)] * (count + 1))
    for number in range(count // 2 + 10):
        analyst.submit(job(LARGE, 1, number))
    assert not analyst.has_room([job(LARGE, 1)] * (count // 2))
    analyst.stop(lambda job: job.key % 2 == 0)
    assert analyst.has_room([job(LARGE, 1)] * (count // 2))
    analyst.run([], lambda found: None)
    assert analyst.has_room([job(LARGE, 1)] * (count - count // 10))


def answers(*queries: dict[str, Any], memory: int) -> list[dict[str, Any]]:
    settings = SearchSettings(max_visits=2, point_of_view="BLACK")
    engine = AnalysisEngine(ScriptedEvaluator(arbitrary), LARGE, settings, "0", memory=memory)
    told = io.BytesIO()
    engine.serve(io.BytesIO(b"".join(json.dumps(q).encode() + b"\n" for q in queries)), told)
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_a_query_beyond_the_memory_is_refused_and_the_others_are_answered() -> None:
    points = [f"{letter}{row}" for row in range(1, 26) for letter in "ABCDEFGHJKLMNOPQRSTUVWXYZ"]
    moves = [["BW"[n % 2], point] for n, point in enumerate(points[:600])]
    whole = {"id": "all", "moves": moves, "analyzeTurns": list(range(600))}
    small = {"id": "one", "moves": moves[:3]}
    told = answers(whole, small, memory=LEAST_MEMORY)
    assert [(answer["id"], "error" in answer) for answer in told] == [("all", True), ("one", False)]
    assert told[0]["field"] == "analyzeTurns" and "--memory" in told[0]["error"]


class Flood(io.RawIOBase):
    """Queries without end, until one was answered; at most 20,000."""

    def __init__(self, told: io.BytesIO) -> None:
        self._told, self.sent = told, 0

    def readline(self, size: int | None = -1) -> bytes:
        if b"rootInfo" in self._told.getvalue()[-2000:] or self.sent == 20_000:
            return b""
        self.sent += 1
        return json.dumps({"id": f"{self.sent}", "moves": [["B", "C3"]]}).encode() + b"\n"


def test_queries_that_come_faster_than_they_are_read_are_searched_meanwhile() -> None:
    settings = SearchSettings(max_visits=1, point_of_view="BLACK")
    engine = AnalysisEngine(ScriptedEvaluator(arbitrary), GoSpec(5, 5, 7.0), settings, "0")
    told = io.BytesIO()
    flood = Flood(told)
    engine.serve(flood, told, finish=False)  # type: ignore[arg-type]
    assert flood.sent < 20_000


def test_long_lines_wait_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """More long lines than may wait are all answered, in their order."""
    monkeypatch.setattr(engine_module, "_LARGE_LINE", 100)
    queries = [{"id": f"{n}", "moves": [], "note": "x" * 200} for n in range(40)]
    told = answers(*queries, memory=LEAST_MEMORY)
    assert sorted(int(a["id"]) for a in told if "rootInfo" in a) == list(range(40))
    assert len({a["id"] for a in told if "warning" in a}) == 40


def test_too_little_memory_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analysis", "--network", "rollouts", "--memory", "10"]) == 2
    assert "at least 64 MB" in capsys.readouterr().err
