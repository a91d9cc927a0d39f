"""What a run says about workers that fail, and whom it asks next."""

from __future__ import annotations

import errno

from engine.errors import NetworkFileError, RunError
from selfplay.ray.pool import RemoteWorker, failure, least_loaded, reason_of


def worker(number: int, load: int = 0) -> RemoteWorker:
    return RemoteWorker(number, None, 0.0, host=f"node{number}", load=load)


def test_a_full_disk_is_named_with_its_host() -> None:
    error = failure(worker(3), OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(error, RunError)
    assert "worker 3 on node3" in str(error) and "No space left" in str(error)
    assert "make room on that host" in str(error)


def test_an_error_of_the_program_keeps_its_words_and_a_bug_stays_a_bug() -> None:
    told = failure(worker(1), NetworkFileError("expected a network"))
    assert isinstance(told, RunError) and str(told) == "worker 1 on node1: expected a network"
    bug = ZeroDivisionError("a bug")
    assert failure(worker(1), bug) is bug


def test_the_reason_is_one_short_line() -> None:
    told = RuntimeError(
        "The actor died.\n\tclass_name: X\nModuleNotFoundError: No module named 'x'"
    )
    assert "install miai" in reason_of(told)
    assert reason_of(RuntimeError("first line\nsecond")) == "first line"
    assert len(reason_of(RuntimeError("it died " * 500))) <= 300


def test_the_home_of_a_thread_is_asked_unless_others_have_less_to_do() -> None:
    few, home, many = worker(0, 1), worker(1, 1), worker(2, 2)
    assert least_loaded([few, home, many], home) is home
    assert least_loaded([few, home, many], many) is few
    assert least_loaded([few, many], home) is few, "a home that is gone is not asked"
