"""The process that rates a run's checkpoints beside its training.

``miai train`` starts it, and it ends when the training does. A crash of it costs the ratings that
were due, and nothing of the training.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import filelock

from agents.evaluators.auto import cores
from engine.errors import RunError
from miai.rating import RunRating
from selfplay.run.benchmark import Pace

if TYPE_CHECKING:
    from miai.ray_meetings import RayMeetings

_LOOK_S = 2.0
_NICENESS = 10
_LOG = "benchmark.log"

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy's threads spin while they wait: on two busy cores 44 players took 25 s to fit, not 0.8."""


class RatingProcess:
    """The rating process of a run, as its training sees it. Use as a context manager."""

    def __init__(self, path: Path, ray: str = "") -> None:
        """Start the process; what it prints goes to ``benchmark.log`` in the run's folder.

        Args:
            path: of the run.
            ray: address of a Ray cluster that plays the meetings; empty for the process itself.
        """
        self._path = path
        self._log = (path / _LOG).open("wb")
        # -P: a module in the folder that one happens to stand in is not the program's.
        command = [sys.executable, "-P", "-m", "miai", "ratings", str(path), "--beside", ray]
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": python_path()},
            start_new_session=True,  # Ctrl-C is for the training; the pipe's end tells this one
        )

    def __enter__(self) -> RatingProcess:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """The last line of its log, or that it gave no reason."""
        try:
            lines = self._path.joinpath(_LOG).read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "no reason given"

    def stop(self) -> None:
        """End the process now; a meeting that is being played is lost."""
        stdin: IO[bytes] | None = self._process.stdin
        if stdin is not None:
            with suppress(OSError):
                stdin.close()
        try:
            self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def python_path() -> str:
    """Where the other process finds this program, also in a checkout that is not installed."""
    here, known = str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH")
    return here if not known else f"{here}{os.pathsep}{known}"


def follow(
    path: Path, stopped: Callable[[], bool], rated: Callable[[], object], ray: str = ""
) -> None:
    """Rate a run's checkpoints as they come, within the run's share of processor time.

    Args:
        path: of the run.
        stopped: asked between meetings.
        rated: told after each.
        ray: see :class:`RatingProcess`.

    Raises:
        MiaiError: if the run, or a player, cannot be used.
    """
    lock = _lock(path)
    while not lock.is_locked:
        if stopped():
            return
        with suppress(filelock.Timeout):
            lock.acquire(timeout=_LOOK_S)
    cluster = _connect(ray) if ray else None
    rating = RunRating(path, cluster)
    pace = Pace(rating.config.share, cores())
    try:
        while not stopped():
            if rating.step() is None:
                time.sleep(_LOOK_S)
                continue
            rated()
            until = time.monotonic() + pace.rest_s()
            while not stopped() and time.monotonic() < until:
                time.sleep(min(_LOOK_S, max(until - time.monotonic(), 0.0)))
    finally:
        rating.close()
        if cluster is not None:
            cluster.close()
        lock.release()


def _connect(address: str) -> RayMeetings | None:
    """Connect to a Ray cluster; ``None``, with a word on stderr, if it has no room for a rating."""
    from miai.ray_meetings import RayMeetings

    try:
        return RayMeetings(address, {"PYTHONPATH": python_path()})
    except RunError as error:
        print(f"rating on this machine: {error}", file=sys.stderr, flush=True)
        return None


def _lock(path: Path) -> filelock.FileLock:
    """The lock of a rating process: two would play the same games and count them twice."""
    return filelock.FileLock(path / "rating.lock")


def serve(path: Path, rated: Callable[[], object], ray: str = "") -> None:
    """Rate at low priority until standard input ends, as the process that training starts.

    Raises:
        MiaiError: as :func:`follow`.
    """
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        os._exit(0)  # everything is written whole: nothing to tidy up, and no move to wait for

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    follow(path, lambda: False, rated, ray)


def finish(path: Path, seconds: float, rated: Callable[[str], None]) -> None:
    """Rate with the whole machine until all players have the games that are due, or time is up.

    Raises:
        MiaiError: as :func:`follow`, and if another process rates this run.
    """
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise RunError(
            f"expected no other process that rates {str(path)!r}, got one (a run "
            "rates itself while it trains); leave --play away to see what is known, or wait"
        ) from error
    rating = RunRating(path)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            done = rating.step()
            if done is None:
                return
            rated(done)
    finally:
        rating.close()
        lock.release()
