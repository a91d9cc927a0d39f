"""One budget of one game from one start, as a run of its own, and what came out as a small file."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock

from agents.network.checkpoint import read_metadata, save_network
from engine.errors import ConfigError
from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic
from miai import __version__
from miai.config import to_toml
from miai.measure.rates import conditions
from miai.transfer.plan import MANY, NONE, TransferPlan
from selfplay.learn.parameters import Parameters
from selfplay.run import Run, RunConfig
from selfplay.run.folder import RunFolder
from selfplay.run.start import first_network, fit_start

Say = Callable[[str], None]
_SAID_EVERY_S = 60.0


@dataclass(frozen=True)
class Cell:
    """One budget: which game, what it starts from, what is trained, on how many games."""

    held_out: str
    start: str
    parameters: Parameters
    games: int
    seed: int

    @property
    def name(self) -> str:
        """Its name among those of the same held-out task, also as a file name and a player."""
        trained = "" if self.parameters == "full" else f"-{self.parameters}"
        return f"{self.start}{trained}-{self.games}-seed{self.seed}"


@dataclass(frozen=True)
class CellResult:
    """What a cell's run says of itself."""

    cell: Cell
    played: int
    """Games that ended; a cycle ends some more than the budget."""
    rows: int
    cpu_s: float
    """Processor seconds of the cell alone, without those of its start."""
    start_s: float
    """Seconds that the run lasted which made its start; 0 from nothing."""
    loss_policy: float | None
    loss_value: float | None
    network: str
    """Hash of the network."""
    start: str
    """Hash of the network that it started from; empty from nothing."""
    settings: str
    """Hash of the settings of the cell's run, without the path of its start."""
    version: str
    cpu: str


class Folders:
    """Where an experiment keeps its results, which are small, and its networks, which are not."""

    def __init__(self, results: Path, work: Path) -> None:
        self.results, self.work = results, work

    def result(self, cell: Cell) -> Path:
        return self.results / cell.held_out / f"{cell.name}.json"

    def meetings(self, held_out: str) -> Path:
        """JSON lines, one a match of two players."""
        return self.results / held_out / "meetings.jsonl"

    def network(self, cell: Cell) -> Path:
        return self.work / "networks" / cell.held_out / f"{cell.name}.safetensors"

    def run(self, cell: Cell) -> Path:
        return self.work / "cells" / cell.held_out / cell.name

    def pretraining(self, held_out: str, start: str) -> Path:
        """The run that made a start; those from a single game serve all held-out tasks."""
        return self.work / (f"without-{held_out}" if start == MANY else f"only-{start}")

    def lock(self, name: str) -> filelock.FileLock:
        """A lock that several processes of one experiment share; it belongs to the work folder."""
        folder = self.work / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(folder / f"{name}.lock")


def cells_of(plan: TransferPlan, held_out: str) -> Iterator[Cell]:
    """All cells of a held-out task: those that the bars compare first, more seeds last."""
    for seed in range(1, plan.seeds + 1):
        for games in sorted(plan.games):
            if seed > 1 and games not in plan.repeated:
                continue
            for start in plan.starts_of(held_out):
                for parameters in plan.parameters:
                    if parameters == "full" or (start != NONE and games):
                        yield Cell(held_out, start, parameters, games, seed)


def read_result(folders: Folders, cell: Cell) -> CellResult | None:
    """Return what a cell's file says; ``None`` if it was not run yet.

    Raises:
        ConfigError: if the file is damaged.
    """
    path = folders.result(cell)
    if not path.exists():
        return None
    try:
        values: Any = json_of(read_file(path, LARGEST_SETTINGS))
        return CellResult(**{**values, "cell": Cell(**values["cell"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"expected the result of a cell in {str(path)!r}, got {error}; delete the file, and "
            "the cell is run again"
        ) from error


def pretrain(plan: TransferPlan, folders: Folders, held_out: str, start: str, say: Say) -> Path:
    """Return the network of other games, after training it where it is not there yet.

    Raises:
        RunError: if the run's folder belongs to other settings.
    """
    folder = folders.pretraining(held_out, start)
    config = plan.pretraining_of(held_out, start)
    games = ", ".join(task.name for task in config.tasks)
    with folders.lock(folder.name), Run(folder, config, to_toml(config)) as run:
        if run.progress < 1.0:
            say(f"{folder.name}: learning {games}")
            run.train(_progress(folder.name, say))
    return RunFolder(folder).checkpoints()[-1]


@dataclass(frozen=True)
class Start:
    """The network that a cell starts from."""

    network: Path
    seconds: float
    """How long the run lasted that made it."""


def start_of(plan: TransferPlan, folders: Folders, cell: Cell, say: Say) -> Start | None:
    """Return what a cell starts from, trained where it is not there yet; ``None`` from nothing.

    Raises:
        RunError: if the run's folder belongs to other settings.
    """
    if cell.start == NONE:
        return None
    network = pretrain(plan, folders, cell.held_out, cell.start, say)
    return Start(network, _spent(folders.pretraining(cell.held_out, cell.start)))


def run_cell(plan: TransferPlan, folders: Folders, cell: Cell, say: Say) -> CellResult:
    """Run a cell to its end, going on where it was; keep its network and write its result.

    Raises:
        RunError: if its folder belongs to other settings.
    """
    result = run_from(plan, folders, cell, start_of(plan, folders, cell, say), say)
    write_result(folders, result)
    return result


def run_from(
    plan: TransferPlan, folders: Folders, cell: Cell, start: Start | None, say: Say
) -> CellResult:
    """Run a cell from a start that is there, and keep its network.

    Raises:
        RunError: if its folder belongs to other settings.
    """
    folder = RunFolder(folders.run(cell))
    path = "" if start is None else str(start.network)
    config = plan.cell_config(cell.held_out, path, cell.parameters, cell.games, cell.seed)
    if start is not None:
        config = fit_start(folder, config)
    began, last = time.process_time(), _Last(_progress(f"{cell.held_out} {cell.name}", say))
    network = folders.network(cell)
    network.parent.mkdir(parents=True, exist_ok=True)
    if cell.games:
        with Run(folder.path, config, to_toml(config)) as run:
            run.train(last)
            state = run.state
        write_atomic(network, folder.checkpoints()[-1].read_bytes())
        played, rows = state.games, state.rows
    else:
        save_network(network, first_network(folder, config), {"made_by": "miai transfer"})
        played = rows = 0
    result = CellResult(
        cell,
        played,
        rows,
        round(time.process_time() - began, 1),
        0.0 if start is None else start.seconds,
        last.number("loss_policy"),
        last.number("loss_value"),
        read_metadata(network)["hash"],
        "" if start is None else read_metadata(start.network)["hash"],
        _settings_hash(config),
        __version__,
        conditions()["cpu"],
    )
    shutil.rmtree(folder.path, ignore_errors=True)
    return result


def write_result(folders: Folders, result: CellResult) -> None:
    """Write the small file that says that a cell is done."""
    path = folders.result(result.cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (json.dumps(asdict(result), indent=1) + "\n").encode())


class _Last:
    """Keeps the latest losses of a run, and hands its metrics on."""

    def __init__(self, report: Callable[[dict[str, object]], None]) -> None:
        self._report = report
        self._metrics: dict[str, object] = {}

    def __call__(self, metrics: dict[str, object]) -> None:
        if metrics.get("steps"):
            self._metrics = metrics
        self._report(metrics)

    def number(self, name: str) -> float | None:
        value = self._metrics.get(name)
        return round(float(value), 4) if isinstance(value, int | float) else None


def _progress(name: str, say: Say) -> Callable[[dict[str, object]], None]:
    """Say once a minute how far a run is."""
    said = time.monotonic()

    def report(metrics: dict[str, object]) -> None:
        nonlocal said
        if time.monotonic() - said > _SAID_EVERY_S:
            said = time.monotonic()
            say(f"{name}: {metrics['progress']:.0%}, {metrics['games']:,} games")

    return report


def _spent(pretraining: Path) -> float:
    """Return the seconds that a finished run lasted, by its metrics; 0 where they are lost."""
    folder = RunFolder(pretraining)
    seconds = [line.get("elapsed_s") for line in folder.read_lines(folder.metrics)[-1:]]
    return round(sum(s for s in seconds if isinstance(s, int | float)), 1)


def _settings_hash(config: RunConfig) -> str:
    lines = [line for line in to_toml(config).splitlines() if not line.startswith("start =")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
