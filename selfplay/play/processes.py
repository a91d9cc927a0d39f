"""Games played by worker processes on this machine.

Each worker plays the groups of some of the run's threads. It sends its games in flight with each
lot. If it dies, another worker starts from them and repeats the unfinished plies. The games do not
change, because they are a function of the run's settings, their numbers and the networks.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Final

from engine.errors import ConfigError, RunError
from engine.games.inputs import InputLayout
from selfplay.play.channel import receive, send
from selfplay.play.serve import read_lot
from selfplay.play.source import Lot, Published
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays
from selfplay.run.watch import LiveGame

_MOST_DEATHS: Final = 3
"""Deaths of one worker within one call that are tolerated; more indicate a lasting fault."""
_LAST_WORDS: Final = 400
_ENDING_S: Final = 5.0


class ProcessSource:
    """A source that divides a run's games among worker processes."""

    def __init__(
        self,
        config: RunConfig,
        network: Published,
        text: str,
        workers: int,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the workers.

        Args:
            config: settings of the run.
            network: the network that plays first.
            text: the settings as TOML, which each worker receives.
            workers: number of workers, at most ``config.selfplay.threads``.
            command: command of a process that calls :func:`selfplay.play.serve.serve`.
            environment: environment of the workers; by default that of this process.

        Raises:
            ConfigError: if there are more workers than threads to share out.
            RunError: if a worker cannot be started.
        """
        threads = config.selfplay.threads
        if not 1 <= workers <= threads:
            raise ConfigError(
                f"expected 1 to {threads} workers, because selfplay.threads is {threads}, "
                f"got {workers!r}; a new run can have more threads: "
                f"--set selfplay.threads={workers}"
            )
        boards = [InputLayout.of(task.spec) for task in config.all_tasks()]
        self._workers = [
            _Worker(
                number,
                text,
                network,
                range(threads)[number::workers],
                boards,
                command,
                environment,
            )
            for number in range(workers)
        ]
        self._calls = ThreadPoolExecutor(workers, "workers")

    def publish(self, network: Published) -> None:
        for worker in self._workers:
            worker.publish(network)

    def invite(self, opponent: Path) -> None:
        for worker in self._workers:
            worker.invite(opponent)

    def play(self, plies: Sequence[int], simulations: Sequence[int]) -> list[Lot]:
        def play(worker: _Worker) -> list[Lot]:
            return worker.play(plies, simulations)

        lots = [lot for found in self._calls.map(play, self._workers) for lot in found]
        return sorted(lots, key=lambda lot: lot.group)

    def in_play(self) -> list[LiveGame]:
        return self._workers[0].in_play

    def arrays(self) -> Arrays:
        return {name: array for worker in self._workers for name, array in worker.flight.items()}

    def restore(self, arrays: Arrays) -> None:
        for worker in self._workers:
            worker.restore(arrays)

    def notes(self) -> list[str]:
        return [note for worker in self._workers for note in worker.take_notes()]

    def measures(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        self._calls.shutdown()
        for worker in self._workers:
            worker.end()


class _Worker:
    """A worker process, with the state that a replacement would need."""

    def __init__(
        self,
        number: int,
        text: str,
        network: Published,
        threads: Sequence[int],
        boards: Sequence[InputLayout],
        command: Sequence[str],
        environment: Mapping[str, str] | None,
    ) -> None:
        self._number = number
        self._text = text
        self._network = network
        self._threads = list(threads)
        self._boards = boards
        self._command = list(command)
        self._environment = environment
        self._opponent: Path | None = None
        self._notes: list[str] = []
        self.flight: Arrays = {}
        """The games in flight after the latest call; empty before the first."""
        self.in_play: list[LiveGame] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the worker)

    def publish(self, network: Published) -> None:
        self._network = network
        self._repeated({"do": "publish", **self._named()})

    def invite(self, opponent: Path) -> None:
        self._opponent = opponent
        self._repeated({"do": "invite", "path": str(opponent)})

    def restore(self, arrays: Arrays) -> None:
        self._require_fit(*self._repeated({"do": "restore"}, self._own(arrays)))

    def _own(self, arrays: Arrays) -> Arrays:
        """Return the arrays that belong to this worker's groups."""
        boards = len(self._boards)
        prefixes = tuple(
            f"group.{thread * boards + board}."
            for thread in self._threads
            for board in range(boards)
        )
        return {name: array for name, array in arrays.items() if name.startswith(prefixes)}

    def _require_fit(self, told: dict[str, Any], flight: Arrays) -> None:
        if "misfit" in told:
            raise ValueError(told["misfit"])
        self.flight = flight

    def play(self, plies: Sequence[int], simulations: Sequence[int]) -> list[Lot]:
        call = {"do": "play", "plies": [*plies], "simulations": [*simulations]}
        told, arrays = self._repeated(call)
        self.flight = self._own(arrays)
        self.in_play = [
            LiveGame(**{**game, "actions": tuple(game["actions"])}) for game in told["in_play"]
        ]
        boards = self._boards
        return [read_lot(lot, arrays, boards[lot["group"] % len(boards)]) for lot in told["lots"]]

    def take_notes(self) -> list[str]:
        notes, self._notes = self._notes, []
        return notes

    def _named(self) -> dict[str, str]:
        return {"path": str(self._network.path), "hash": self._network.hash}

    def _repeated(
        self, call: dict[str, Any], arrays: Arrays | None = None
    ) -> tuple[dict[str, Any], Arrays]:
        """Send a request until an answer comes, with a new process after each death."""
        for _ in range(_MOST_DEATHS):
            try:
                if self._process is None:
                    self._start()
                return self._ask(call, arrays)
            except (EOFError, OSError):
                self._note_death()
        raise RunError(
            f"expected worker {self._number} to play, got {_MOST_DEATHS} deaths in a row; the last "
            f"state is intact. Its last words: {self._last_words() or 'none'}"
        )

    def _start(self) -> None:
        """Start a process and restore the games and networks of the one before."""
        self._errors.seek(0)
        self._errors.truncate()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._environment,
        )
        self._ask({"config": self._text, "threads": self._threads, **self._named()})
        if self._opponent is not None:
            self._ask({"do": "invite", "path": str(self._opponent)})
        if self.flight:
            self._require_fit(*self._ask({"do": "restore"}, self.flight))

    def _ask(
        self, call: dict[str, Any], arrays: Arrays | None = None
    ) -> tuple[dict[str, Any], Arrays]:
        assert self._process is not None
        assert self._process.stdin is not None and self._process.stdout is not None
        send(self._process.stdin, call, arrays)
        told, given = receive(self._process.stdout)
        if "error" in told:
            raise RunError(f"worker {self._number}: {told['error']}")
        return told, given

    def _note_death(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _close(process)
        self._notes.append(
            f"worker {self._number} ended with exit status {process.returncode}; another one plays "
            "its games again, from the last cycle on"
        )

    def _last_words(self) -> str:
        self._errors.seek(0)
        words = self._errors.read()[-_LAST_WORDS:].decode(errors="replace").strip()
        return words.replace("\n", " | ")

    def end(self) -> None:
        """End the process and drop the reference to it."""
        if self._process is not None:
            _close(self._process)
        self._errors.close()
        self._process = None


def _close(process: subprocess.Popen[bytes]) -> None:
    """Let a worker end, which it does when its input ends; kill one that does not."""
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()
    try:
        process.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
