"""Many searches at once: each finds what it would find alone; urgency, reports and endings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.protocol import Limit
from agents.search_agent import PLAY_SEARCH
from arena.analysis.analyst import Analyst, Finding, Job
from engine.errors import ConfigError
from engine.games import BLACK, GoSpec, TicTacToeSpec
from engine.search import SearchConfig
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent

SPEC = GoSpec(5, 5, 0.5)


def analyst(at_once: int = 4) -> Analyst:
    return Analyst(ScriptedEvaluator(arbitrary), at_once)


def jobs(count: int, simulations: int = 60) -> list[Job]:
    positions = random_positions(SPEC, count, 12, seed=3)
    return [Job(k, SPEC, positions[k : k + 1], Limit(simulations)) for k in range(count)]


def findings_of(analyst: Analyst, jobs: list[Job]) -> list[Finding]:
    found: list[Finding] = []
    analyst.run(jobs, found.append)
    return found


def test_each_job_finds_what_it_finds_alone() -> None:
    mixed = [*jobs(6), replace(jobs(1, 500)[0], key=6)]
    together = {found.job.key: found.result for found in findings_of(analyst(), mixed)}
    assert len(together) == 7
    for job in mixed:
        alone = findings_of(analyst(1), [job])[0].result
        other = together[job.key]
        assert alone is not None and other is not None
        assert np.array_equal(alone.visits, other.visits)
        assert alone.simulations == job.limit.simulations


def test_the_urgent_are_begun_first() -> None:
    ordered = [replace(job, priority=job.key % 3) for job in jobs(6)]
    keys = [found.job.key for found in findings_of(analyst(1), ordered)]
    assert keys == [2, 5, 1, 4, 0, 3]


def test_a_job_reports_until_it_is_done() -> None:
    job = replace(jobs(1)[0], limit=Limit(None, 0.5), report_every_s=0.1)
    found = findings_of(analyst(), [job])
    assert [finding.done for finding in found[-2:]] == [False, True] and len(found) >= 3
    counts = [finding.result.simulations for finding in found if finding.result]
    assert counts == sorted(counts) and counts[-1] > 0


def test_stopped_jobs_say_what_they_know() -> None:
    looking = analyst(2)
    for job in [replace(job, limit=Limit()) for job in jobs(3)]:
        looking.submit(job)
    looking.work()
    looking.stop(lambda job: job.key != 1)
    found = looking.work()
    assert {finding.job.key for finding in found if finding.done} == {0, 2}
    assert {finding.job.key: finding.result is None for finding in found} == {0: False, 2: True}
    assert looking.busy
    looking.stop(lambda job: True)
    assert [finding.job.key for finding in looking.work()] == [1]
    assert not looking.busy


def test_an_interruption_ends_the_stretch() -> None:
    looking = analyst()
    looking.submit(replace(jobs(1)[0], limit=Limit(100_000)))
    asked = []
    looking.work(lambda: asked.append(1) is None)
    assert len(asked) == 1


def test_a_game_that_is_over_is_not_searched() -> None:
    spec = TicTacToeSpec()
    over = spec.allocate(1)
    for action in (0, 3, 1, 4, 2):
        spec.play(over, np.array([action]))
    found = findings_of(analyst(), [Job("over", spec, over, Limit(10))])
    assert [(finding.done, finding.result, finding.error) for finding in found] == [
        (True, None, "")
    ]


def test_prohibitions_ownership_and_visits_along_lines() -> None:
    spec = TicTacToeSpec()
    until = np.zeros((2, spec.actions), np.int16)
    until[BLACK - 1, 4] = 1
    job = Job(0, spec, spec.allocate(1), Limit(300), prohibited=until, moves_ownership=True)
    looking = Analyst(ScriptedEvaluator(indifferent))
    looking.submit(job)
    while not (found := looking.work()):
        pass
    result = found[0].result
    assert result is not None and result.visits[4] == 0
    assert set(found[0].owners_after) == set(np.flatnonzero(result.visits).tolist())
    for line, along in zip(result.variations, result.variation_visits, strict=True):
        assert along[0] == result.visits[line[0]] and list(along) == sorted(along, reverse=True)


def test_nothing_to_play_fails_that_job_alone() -> None:
    bad = replace(jobs(1)[0], prohibited=np.ones((2, SPEC.actions), np.int16))
    found = findings_of(analyst(), [bad, replace(jobs(2)[1], key="good")])
    assert {finding.job.key: bool(finding.error) for finding in found} == {0: True, "good": False}


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        Analyst(ScriptedEvaluator(arbitrary), 0)
    with pytest.raises(ConfigError, match="puct"):
        analyst().submit(replace(jobs(1)[0], config=SearchConfig(algorithm="gumbel")))
    assert PLAY_SEARCH.algorithm == "puct"
