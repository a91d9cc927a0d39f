"""The JSON analysis protocol: one object a line in, one a line out, in no order but urgency.

A thread reads lines; this one searches, and looks for new lines after every batch of positions.
Every turn of every query ends with exactly one answer that is not ``isDuringSearch``.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, Final

import numpy as np

from arena.analysis.analyst import DEFAULT_MEMORY, Analyst, Finding, Job
from arena.analysis.fields import QueryError, first_not_finite, shown
from arena.analysis.query import Query, Ticket, read_query
from arena.analysis.settings import SearchSettings
from arena.gtp.analyze_commands import view_sign
from arena.gtp.infos import infos_of, seen_from
from engine.errors import IllegalActionError, MiaiError
from engine.games.spec import BLACK, GameSpec, Positions
from engine.search import Evaluator
from engine.symmetry import permutations

LONGEST_LINE: Final = 4 << 20
_LINES_WAITING: Final = 1024
_LARGE_LINE: Final = 1 << 16
_LARGE_LINES_WAITING: Final = 8
_TURN_S: Final = 0.02
"""How long lines are read, and then searched, while more lines wait."""
_DIGITS: Final = 6
_EXACT: Final = 1 << 53

Answer = dict[str, Any]


class AnalysisEngine:
    """Serves the queries of one connection."""

    def __init__(
        self,
        evaluator: Evaluator,
        spec: GameSpec,
        settings: SearchSettings,
        version: str,
        at_once: int = 8,
        models: tuple[str, ...] = (),
        check_game: Callable[[GameSpec], object] = lambda spec: None,
        memory: int = DEFAULT_MEMORY,
    ) -> None:
        """Answer nothing yet.

        Args:
            evaluator: of all positions.
            spec: the game, size and rules of queries that do not say.
            settings: of searches whose query does not say.
            version: to be told.
            at_once: positions that are searched together.
            models: names of the networks, to be told.
            check_game: raises a MiaiError if the evaluator cannot judge a game.
            memory: bytes for trees and waiting positions, as :class:`Analyst` takes it.
        """
        self._analyst = Analyst(evaluator, at_once, memory)
        self._evaluator, self._spec, self._settings = evaluator, spec, settings
        self._version, self._models, self._check_game = version, models, check_game
        self._queries: dict[int, tuple[Query, int]] = {}  # and how many turns are to come
        self._count = 0

    def serve(self, lines: BinaryIO, answers: BinaryIO, finish: bool = True) -> None:
        """Answer until ``lines`` end; then ``finish`` what is not done, or leave it."""
        waiting: queue.Queue[bytes | None] = queue.Queue(_LINES_WAITING)
        room = threading.Semaphore(_LARGE_LINES_WAITING)
        threading.Thread(target=_read, args=(lines, waiting, room), daemon=True).start()

        def say(answer: Answer) -> None:
            answers.write(json.dumps(answer, allow_nan=False, sort_keys=True).encode() + b"\n")
            answers.flush()

        ended = False
        while not ended or (finish and self._analyst.busy):
            turn_ends = time.monotonic() + _TURN_S
            while not ended and (
                not self._analyst.busy or (not waiting.empty() and time.monotonic() < turn_ends)
            ):
                line = waiting.get()
                if line is None:
                    ended = True
                    continue
                if len(line) > _LARGE_LINE:
                    room.release()
                self.take(line, say)
            if self._analyst.busy and (finish or not ended):
                # Lines that come faster than they are read do not keep searches from going on.
                end = time.monotonic() + (0.0 if waiting.empty() else _TURN_S)
                self.work(say, partial(_turn_ended, waiting, end))

    def take(self, line: bytes, say: Callable[[Answer], None]) -> None:
        """Read one line; a query begins, anything else is answered at once."""
        if not line.strip():
            return
        data: Any = None
        try:
            if len(line) > LONGEST_LINE:
                raise QueryError(f"expected a line of at most {LONGEST_LINE} bytes", "")
            try:
                data = json.loads(line, parse_float=_number)
            except (ValueError, RecursionError):
                raise QueryError(f"expected one JSON object, got {line[:80]!r}", "") from None
            if not isinstance(data, dict):
                raise QueryError(f"expected a JSON object, got {line[:80]!r}", "")
            if (odd := first_not_finite(data)) is not None:
                raise QueryError(f"expected a finite number, got {shown(odd[1])}", odd[0])
            if "action" in data:
                self._act(data, say)
            else:
                self._begin(data, say)
        except MiaiError as error:
            say(_failure(str(error), getattr(error, "field", ""), data))
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            say(_failure(f"internal error: {type(error).__name__}", "", data))

    def work(
        self, say: Callable[[Answer], None], interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        """Search for a moment and say what is to be said."""
        for finding in self._analyst.work(interrupted):
            ticket: Ticket = finding.job.key
            query, turns = self._queries[ticket.number]
            if finding.error:
                say({"error": finding.error, "field": "moves", "id": ticket.query})
            else:
                say(_answer(query, ticket, finding))
            if finding.done:
                self._queries[ticket.number] = (query, turns - 1)
                if turns == 1:
                    del self._queries[ticket.number]

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything to do."""
        return self._analyst.busy

    def _begin(self, data: dict[str, Any], say: Callable[[Answer], None]) -> None:
        self._count += 1
        query = read_query(data, self._spec, self._settings, self._count)
        try:
            self._check_game(query.spec)
        except MiaiError as error:
            raise QueryError(str(error), "game") from None
        if not self._analyst.has_room(query.jobs):
            raise QueryError(
                "expected fewer positions to wait for a search than the memory has room for; send "
                "the query again after other answers, or start with more --memory",
                "analyzeTurns" if len(query.jobs) > 1 else "moves",
            )
        for field, text in query.warnings:
            say({"warning": text, "field": field, "id": query.id})
        if query.jobs:
            self._queries[self._count] = (query, len(query.jobs))
        for job in query.jobs:
            self._analyst.submit(job)

    def _act(self, data: dict[str, Any], say: Callable[[Answer], None]) -> None:
        if not isinstance(data.get("id"), str):
            raise QueryError(f"expected a string, got {data.get('id')!r}", "id")
        action = data["action"]
        if action == "query_version":
            say({**data, "version": self._version, "git_hash": "<omitted>"})
        elif action == "query_models":
            say({**data, "models": [{"name": name, "internalName": name} for name in self._models]})
        elif action == "clear_cache":
            clear = getattr(self._evaluator, "clear", None)
            if clear is not None:
                clear()
            self._analyst.forget()
            say(data)
        elif action in ("terminate", "terminate_all"):
            self._analyst.stop(_terminated(data))
            say(data)
        else:
            raise QueryError(
                "expected an action from query_version, query_models, clear_cache, terminate, "
                f"terminate_all, got {str(action)[:80]!r}",
                "action",
            )


def _number(text: str) -> float:
    """A number with a point; a whole one as such, because some programs write 19 as 19.0."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _turn_ended(waiting: queue.Queue[bytes | None], end: float) -> bool:
    return not waiting.empty() and time.monotonic() >= end


def _terminated(data: dict[str, Any]) -> Callable[[Job], bool]:
    """Return which jobs an action ends."""
    turns = data.get("turnNumbers")
    if turns is not None and not (
        isinstance(turns, list) and all(type(turn) is int for turn in turns)
    ):
        raise QueryError(f"expected a list of turns, got {str(turns)[:80]!r}", "turnNumbers")
    name = data.get("terminateId")
    if data["action"] == "terminate" and not isinstance(name, str):
        raise QueryError(f"expected a string, got {str(name)[:80]!r}", "terminateId")
    every = data["action"] == "terminate_all"

    def wanted(job: Job) -> bool:
        ticket: Ticket = job.key
        return (every or ticket.query == name) and (turns is None or ticket.turn in turns)

    return wanted


def _failure(text: str, field: str, data: Any) -> Answer:
    failure: Answer = {"error": text}
    if field:
        failure["field"] = field
    if isinstance(data, dict) and isinstance(data.get("id"), str):
        failure["id"] = data["id"]
    return failure


def _answer(query: Query, ticket: Ticket, finding: Finding) -> Answer:
    """What is known of one turn, from the point of view that was asked for."""
    job, result, outlook = finding.job, finding.result, finding.outlook
    answer: Answer = {"id": ticket.query, "turnNumber": ticket.turn, "isDuringSearch": False}
    if not finding.done:
        answer["isDuringSearch"] = True
    spec, position = job.spec, job.position
    colour = int(spec.to_move(position)[0])
    sign = view_sign(query.settings.point_of_view, colour)
    if result is None or outlook is None:
        if not spec.finished(position)[0]:
            return {**answer, "noResults": True}
        return {**answer, "moveInfos": [], "rootInfo": _ended(spec, position, sign, colour)}
    answer["moveInfos"] = _move_infos(query, finding, sign)
    raw = float(outlook.value[0] + outlook.value[1] / 2)
    answer["rootInfo"] = {
        "visits": result.simulations,
        "currentPlayer": "B" if colour == BLACK else "W",
        "rawWinrate": _rounded(seen_from(sign, raw)),
        **_values(spec, seen_from(sign, result.win_rate), sign * result.score),
        **({"rawLead": _rounded(sign * outlook.score)} if spec.has_points else {}),
        **_hashes(spec, position),
    }
    if query.wants("includeOwnership"):
        answer["ownership"] = _list(sign * outlook.ownership)
    if query.wants("includePolicy"):
        answer["policy"] = _list(outlook.policy)
    return answer


def _move_infos(query: Query, finding: Finding, sign: float) -> list[Answer]:
    spec, result = finding.job.spec, finding.result
    assert result is not None
    found = []
    for info in infos_of(spec, result, sign=sign):
        fields: Answer = {
            "move": info.move,
            "visits": info.visits,
            "prior": _rounded(info.prior),
            "lcb": _rounded(info.lcb),
            "utilityLcb": _rounded(2 * info.lcb - 1),
            "order": info.order,
            "pv": list(info.line),
            **_values(spec, info.win_rate, info.score),
        }
        if query.wants("includePVVisits"):
            fields["pvVisits"] = list(info.line_visits)
        if info.action in finding.owners_after:
            fields["ownership"] = _list(sign * finding.owners_after[info.action])
        found.append(fields)
    return found


def _values(spec: GameSpec, win_rate: float, score: float) -> Answer:
    values: Answer = {"winrate": _rounded(win_rate), "utility": _rounded(2 * win_rate - 1)}
    if spec.has_points:
        points = _rounded(score)
        values |= {"scoreLead": points, "scoreMean": points, "scoreSelfplay": points}
    return values


def _ended(spec: GameSpec, position: Positions, sign: float, colour: int) -> Answer:
    """The root of a game that is over: who has won, for certain."""
    black = float(spec.score(position)[0])
    mine = (1.0 if colour == BLACK else -1.0) * black * sign
    return {
        "visits": 0,
        "currentPlayer": "B" if colour == BLACK else "W",
        **_values(spec, (float(np.sign(mine)) + 1.0) / 2.0, mine),
        **_hashes(spec, position),
    }


def _hashes(spec: GameSpec, position: Positions) -> Answer:
    """What tells positions apart, with turned and mirrored ones apart and as one."""
    stones = spec.stones(position)[0]
    to_move = int(spec.to_move(position)[0])
    boards = stones[permutations(spec.height, spec.width, spec.symmetries)]
    turned = spec.allocate(len(boards))
    try:
        spec.set_up(turned, boards, to_move, strict=False)
        same = int(spec.keys(turned).min())
    except IllegalActionError:  # a finished position cannot be set up in every game
        same = int(spec.keys(position)[0])
    return {"thisHash": f"{int(spec.keys(position)[0]):016X}", "symHash": f"{same:016X}"}


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS) + 0.0


def _list(values: Any) -> list[float]:
    return [_rounded(value) for value in values.tolist()]


def _read(lines: BinaryIO, waiting: queue.Queue[bytes | None], room: threading.Semaphore) -> None:
    """Pass lines on; of one that is too long only its beginning."""
    while True:
        line = lines.readline(LONGEST_LINE + 1)
        piece = line
        while piece and len(piece) > LONGEST_LINE and not piece.endswith(b"\n"):
            piece = lines.readline(LONGEST_LINE + 1)
        if len(line) > _LARGE_LINE:
            room.acquire()
        waiting.put(line or None)
        if not line:
            return
