"""Many searches at once on one evaluator, each with its own limit, prohibitions and priority.

Knows no protocol, file or window. A job is one position to be searched. Jobs of the same game, size
and settings share a :class:`~engine.search.Search`, a slot each, so that their leaves are evaluated
together; what shares the batch does not change what a job finds. Used from one thread, which calls
:meth:`Analyst.work` again and again.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Limit
from agents.search_agent import PLAY_SEARCH
from arena.analysis.thought import Outlook, moves_ownership, raw_outlook
from engine.errors import ConfigError, MiaiError, SearchError
from engine.games.spec import BLACK, GameSpec, Positions
from engine.search import Evaluator, Search, SearchConfig, SearchResult
from engine.search.rules import RULES
from engine.search.tree import EDGE, NODE

LARGEST_BUDGET: Final = 200_000
"""Simulations of one job; its tree is allocated for them."""
_UNLIMITED: Final = 100_000  # simulations of a job that is limited by time alone
_STRETCH_S: Final = 0.05
_LEAVES: Final = 8
_JOB_BYTES: Final = 2048
DEFAULT_MEMORY: Final = 4 << 30
LEAST_MEMORY: Final = 64 << 20
"""Bytes; a job of 25x25 Go still has a thousand nodes."""
_TABLES: Final = 3
_CAPACITY_CLASSES: Final = (256, 1024, 4096, 16384, 65536, LARGEST_BUDGET + 2 * _LEAVES + 2)


@dataclass(frozen=True)
class Job:
    """One position to be searched."""

    key: Any
    """Name that the caller gave to the job."""
    spec: GameSpec
    position: Positions
    """Position as one row, which must not be changed."""
    limit: Limit
    seed: int = 0
    config: SearchConfig = PLAY_SEARCH
    prohibited: NDArray[np.int16] | None = None
    """As :meth:`Search.prohibit` takes it."""
    priority: int = 0
    """Higher ones are begun first; among equals the earlier."""
    report_every_s: float | None = None
    """Tell how it goes so often."""
    moves_ownership: bool = False
    """Say also who would own the points after each action that was visited."""

    @property
    def nbytes(self) -> int:
        """Memory of the job while it waits, roughly."""
        return _JOB_BYTES + self.position.nbytes


@dataclass(frozen=True)
class Finding:
    """What is known of a job, now or at its end."""

    job: Job
    done: bool
    """Nothing more follows."""
    result: SearchResult | None = None
    """``None`` if the job was taken back before anything was known, if the game was over, or if
    it failed. It carries the network's ownership."""
    outlook: Outlook | None = None
    """What the evaluator says of the position without search; with ``result``."""
    owners_after: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    """Ownership ``(points,)`` after an action, for the side to move now; if asked for."""
    error: str = ""
    """Not empty: why the job failed."""


@dataclass
class _Seated:
    """A job that is being searched."""

    job: Job
    slot: int
    outlook: Outlook
    deadline_s: float
    next_report_s: float
    budget: int
    stopped: bool = False


class _Table:
    """A search and the jobs in its rows."""

    def __init__(self, search: Search, leaves: int) -> None:
        self.search, self.leaves = search, leaves
        self.seated: list[_Seated] = []
        self.free = list(range(len(search.roots)))

    def visits(self) -> NDArray[np.int32]:
        """Simulations of each seated job so far, int32 ``(seated,)``."""
        slots = [seat.slot for seat in self.seated]
        tree = self.search.tree
        return np.where(tree.slots["nodes"][slots] > 0, tree.nodes["visits"][slots, 0] - 1, 0)


class Analyst:
    """Owns the searches; see the module's docstring."""

    def __init__(
        self, evaluator: Evaluator, at_once: int = 8, memory: int = DEFAULT_MEMORY
    ) -> None:
        """Search ``at_once`` jobs together.

        Args:
            evaluator: of all positions.
            at_once: jobs that are searched together.
            memory: bytes for trees and for jobs that wait, beside the evaluator. A quarter goes to
                each of three groups of trees, and a quarter to waiting jobs. A tree that fills its
                part ends its job.

        Raises:
            ConfigError: if fewer than one job is searched, or the memory is less than 64 MB.
        """
        if at_once < 1:
            raise ConfigError(f"expected at least 1 search at once, got {at_once!r}")
        if memory < LEAST_MEMORY:
            least = LEAST_MEMORY >> 20
            raise ConfigError(f"expected at least {least} MB of memory, got {memory >> 20}")
        self.evaluator = evaluator
        self._at_once = at_once
        self._part = memory // (_TABLES + 1)
        self._waiting_bytes = 0
        self._waiting: list[tuple[int, int, Job]] = []  # a heap: urgency, turn, job
        self._submitted = 0
        self._tables: dict[tuple[GameSpec, SearchConfig, int, int], _Table] = {}
        self._findings: list[Finding] = []

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything to do."""
        return bool(self._waiting or self._findings or self._seated())

    def submit(self, job: Job) -> None:
        """Take a job on; its last finding will be ``done``, whatever happens.

        Raises:
            ConfigError: if its rule divides a budget beforehand and so cannot be interrupted.
        """
        if job.config.rule.needs_budget:
            able = [name for name, rule in RULES.items() if not rule.needs_budget]
            raise ConfigError(
                f"expected a search that can be interrupted for an analysis, by "
                f"{' or '.join(able)}, got {job.config.algorithm!r}"
            )
        self._submitted += 1
        self._waiting_bytes += job.nbytes
        heapq.heappush(self._waiting, (-job.priority, self._submitted, job))

    def has_room(self, jobs: Sequence[Job]) -> bool:
        """Whether some more jobs may wait within the memory."""
        return self._waiting_bytes + sum(job.nbytes for job in jobs) <= self._part

    def stop(self, wanted: Callable[[Job], bool]) -> None:
        """End all jobs that ``wanted`` names, with what they know by now."""
        ended = sorted(entry for entry in self._waiting if wanted(entry[2]))
        if ended:
            numbers = {number for _, number, _ in ended}
            self._waiting = [entry for entry in self._waiting if entry[1] not in numbers]
            heapq.heapify(self._waiting)
            self._waiting_bytes -= sum(job.nbytes for _, _, job in ended)
            self._findings += [Finding(job, done=True) for _, _, job in ended]
        for seat in self._seated():
            seat.stopped |= wanted(seat.job)

    def work(self, interrupted: Callable[[], bool] = lambda: False) -> list[Finding]:
        """Search for a moment; return what is to be told.

        Args:
            interrupted: asked after every batch; True ends this stretch early.
        """
        self._fill_seats()
        for table in list(self._tables.values()):
            if table.seated:
                self._stretch(table, interrupted)
        findings, self._findings = self._findings, []
        return findings

    def run(self, jobs: list[Job], on_finding: Callable[[Finding], None]) -> None:
        """Search jobs to their ends, reporting each finding."""
        for job in jobs:
            self.submit(job)
        while self.busy:
            for finding in self.work():
                on_finding(finding)

    def forget(self) -> None:
        """Give back the memory of searches that are not used."""
        self._tables = {key: table for key, table in self._tables.items() if table.seated}

    def _seated(self) -> list[_Seated]:
        return [seat for table in self._tables.values() for seat in table.seated]

    def _fill_seats(self) -> None:
        """Begin waiting jobs, the most urgent first, while there is room."""
        while self._waiting and len(self._seated()) < self._at_once:
            job = self._waiting[0][2]
            table = self._table(job)
            if table is None or not table.free:
                return
            heapq.heappop(self._waiting)
            self._waiting_bytes -= job.nbytes
            try:
                self._seat(table, job)
            except MiaiError as error:
                self._findings.append(Finding(job, done=True, error=str(error)))

    def _table(self, job: Job) -> _Table | None:
        """Return the searches that the job belongs to, made if need be; ``None`` if none may be."""
        budget = min(job.limit.simulations or _UNLIMITED, LARGEST_BUDGET)
        nodes = next(size for size in _CAPACITY_CLASSES if size >= budget + 2 * _LEAVES + 2)
        per_node = job.spec.actions * EDGE.itemsize + NODE.itemsize
        nodes = min(nodes, self._part // per_node)
        # As SearchAgent: many leaves in flight would blunt a short search.
        leaves = min(max(budget // 32, 1), _LEAVES)
        key = (job.spec, job.config, nodes, leaves)
        if key not in self._tables:
            if len(self._tables) >= _TABLES:
                idle = next((k for k, table in self._tables.items() if not table.seated), None)
                if idle is None:
                    return None
                del self._tables[idle]
            slots = max(1, min(self._at_once, self._part // (nodes * per_node)))
            search = Search(
                job.spec, self.evaluator, slots, job.config, nodes, max_rows=slots * leaves
            )
            self._tables[key] = _Table(search, leaves)
        return self._tables[key]

    def _seat(self, table: _Table, job: Job) -> None:
        """Begin a job; raises what the evaluator or the search has against it."""
        if job.spec.finished(job.position)[0]:
            self._findings.append(Finding(job, done=True))
            return
        slot = table.free[-1]
        table.search.begin(
            np.array([slot], np.int32),
            job.position,
            np.array([job.seed], np.uint64),
            np.zeros(1, np.uint64),
        )
        if job.prohibited is not None:
            table.search.prohibit(slot, job.prohibited)
        outlook = raw_outlook(self.evaluator, job.spec, job.position)
        now = time.perf_counter()
        table.free.pop()
        table.seated.append(
            _Seated(
                job,
                slot,
                outlook,
                now + (job.limit.time_limit_s or np.inf),
                now + (job.report_every_s or np.inf),
                min(job.limit.simulations or _UNLIMITED, LARGEST_BUDGET),
            )
        )

    def _stretch(self, table: _Table, interrupted: Callable[[], bool]) -> None:
        """Search a table's jobs for a moment, then say what is to be said."""
        ends = time.perf_counter() + _STRETCH_S
        running = [seat for seat in table.seated if not seat.stopped]
        slots = np.array([seat.slot for seat in running], np.int32)
        done = {seat.slot: int(n) for seat, n in zip(table.seated, table.visits(), strict=True)}
        left = np.array([max(seat.budget - done[seat.slot], 1) for seat in running], np.int64)
        stop_at = left + np.array([done[seat.slot] for seat in running], np.int64)
        deadlines = np.array([min(seat.deadline_s, ends) for seat in running])
        nodes = table.search.tree.nodes

        def go_on() -> bool:
            if interrupted():
                return False
            return not (self._waiting and (nodes["visits"][slots, 0] > stop_at).any())

        if running:
            failed: dict[int, str] = {}
            try:
                table.search.run(
                    slots, left, leaves=table.leaves, deadline_s=deadlines, on_round=go_on
                )
            except MiaiError as error:
                of_slots = error.reasons if isinstance(error, SearchError) else {}
                failed = of_slots or dict.fromkeys(slots.tolist(), str(error))
            for seat in running:
                if seat.slot in failed:
                    self._leave(table, seat, Finding(seat.job, True, error=failed[seat.slot]))
        self._tell(table)

    def _tell(self, table: _Table) -> None:
        """Note the findings of jobs that are done or due for a report."""
        now = time.perf_counter()
        state = table.search.tree
        for seat, visits in zip(list(table.seated), table.visits().tolist(), strict=True):
            done = (
                seat.stopped
                or visits >= seat.budget
                or now >= seat.deadline_s
                or bool(state.slots["full"][seat.slot])
                or bool(state.nodes["proof"][seat.slot, 0])
            )
            if not done and now < seat.next_report_s:
                continue
            seat.next_report_s = now + (seat.job.report_every_s or np.inf)
            if visits == 0 and seat.stopped:
                self._leave(table, seat, Finding(seat.job, done=True))
                continue
            finding = self._finding(table, seat, done)
            if done:
                self._leave(table, seat, finding)
            else:
                self._findings.append(finding)

    def _finding(self, table: _Table, seat: _Seated, done: bool) -> Finding:
        where = np.array([seat.slot], np.int32)
        result = table.search.results(where)[0]
        result = replace(result, ownership=seat.outlook.ownership)
        after = {}
        if seat.job.moves_ownership:
            visited = np.flatnonzero(result.visits)
            after = moves_ownership(self.evaluator, seat.job.spec, seat.job.position, visited)
        return Finding(seat.job, done, result, seat.outlook, after)

    def _leave(self, table: _Table, seat: _Seated, finding: Finding) -> None:
        table.search.prohibit(seat.slot, None)
        table.seated.remove(seat)
        table.free.append(seat.slot)
        self._findings.append(finding)


def side_sign(spec: GameSpec, position: Positions) -> float:
    """1 if Black is to move, else -1: turns what the mover thinks into Black's view."""
    return 1.0 if int(spec.to_move(position)[0]) == BLACK else -1.0
