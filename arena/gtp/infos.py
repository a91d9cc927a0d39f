"""What a search thought as lines of text: the dialects of Leela Zero, KataGo and Sabaki."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from agents.gtp.vertex import vertex_of
from arena.analysis.sweep import Candidate, candidates_of
from engine.games.spec import GameSpec
from engine.notation import action_to_text
from engine.search import SearchResult

Dialect = Literal["lz", "kata", "sabaki"]
"""``lz``: whole numbers, 10,000 is all. ``kata``: numbers as short as they are. ``sabaki``: the
fields of KataGo, each number that may have a fraction with its point: Sabaki looks for that."""
_TEN_THOUSAND: Final = 10_000


@dataclass(frozen=True)
class Wishes:
    """What a controller wants to be told."""

    dialect: Dialect
    interval_s: float = 0.0
    """Between reports; 0 is as often as batches come."""
    min_moves: int = 0
    max_moves: int | None = None
    root_info: bool = False
    ownership: bool = False
    moves_ownership: bool = False
    pv_visits: bool = False


@dataclass(frozen=True)
class Info:
    """One action as all protocols want it, from the point of view that was asked for."""

    move: str
    visits: int
    win_rate: float
    score: float
    prior: float
    lcb: float
    """Lower confidence bound of the win rate; for the other side's view the upper one."""
    order: int
    line: tuple[str, ...]
    line_visits: tuple[int, ...]
    action: int

    @property
    def utility(self) -> float:
        """Wins minus losses, in [-1, 1]."""
        return 2.0 * self.win_rate - 1.0


def infos_of(
    spec: GameSpec,
    result: SearchResult,
    min_moves: int = 0,
    max_moves: int | None = None,
    sign: float = 1.0,
    write: Callable[[GameSpec, int], str] = action_to_text,
) -> list[Info]:
    """Return the actions of a search, best first.

    Args:
        spec: the game.
        result: the search.
        min_moves: least number of actions; the likeliest unvisited ones are added to reach it.
        max_moves: largest number of actions.
        sign: -1 to report from the point of view of the side that is not to move.
        write: returns an action's text.
    """
    candidates = list(candidates_of(result))
    if len(candidates) < min_moves:
        candidates += _unvisited(result, min_moves - len(candidates))
    along = dict(zip(result.variations, result.variation_visits, strict=True))
    infos = []
    for order, candidate in enumerate(candidates[:max_moves]):
        lcb = -1.0 if result.lcb is None else float(result.lcb[candidate.action])
        infos.append(
            Info(
                move=write(spec, candidate.action),
                visits=candidate.visits,
                win_rate=seen_from(sign, candidate.win_rate),
                score=sign * candidate.score,
                prior=candidate.prior,
                lcb=seen_from(sign, (lcb + 1.0) / 2.0),
                order=order,
                line=tuple(write(spec, action) for action in candidate.line),
                line_visits=along.get(candidate.line, (candidate.visits,)),
                action=candidate.action,
            )
        )
    return infos


def seen_from(sign: float, win_rate: float) -> float:
    """Return a win rate of the side to move, or with sign -1 that of the other side."""
    return win_rate if sign > 0 else 1.0 - win_rate


def info_line(
    spec: GameSpec,
    result: SearchResult,
    wishes: Wishes,
    sign: float = 1.0,
    owners_after: Callable[[Sequence[int]], dict[int, NDArray[np.float32]]] = lambda actions: {},
) -> str:
    """Return one report."""
    infos = infos_of(spec, result, wishes.min_moves, wishes.max_moves, sign, vertex_of)
    number = _points if wishes.dialect == "sabaki" else _short
    after = owners_after([info.action for info in infos]) if wishes.moves_ownership else {}
    words: list[str] = []
    for info in infos:
        words += _lz(info) if wishes.dialect == "lz" else _kata(spec, info, number)
        if wishes.pv_visits:
            words += ["pvVisits", *map(str, info.line_visits)]
        if info.action in after:
            words += ["movesOwnership", *_floats(sign * after[info.action], number)]
    if wishes.root_info:
        words += _root(spec, result, sign, number)
    if wishes.ownership and result.ownership is not None:
        words += ["ownership", *_floats(sign * result.ownership, number)]
    return " ".join(words)


def _unvisited(result: SearchResult, count: int) -> list[Candidate]:
    likely = np.argsort(-result.prior, kind="stable")
    actions = [int(a) for a in likely if result.prior[a] > 0 and not result.visits[a]][:count]
    rate = (result.value + 1.0) / 2.0
    return [
        Candidate(action, 0, rate, result.score, float(result.prior[action]), (action,))
        for action in actions
    ]


def _lz(info: Info) -> list[str]:
    rates = [round(_TEN_THOUSAND * rate) for rate in (info.win_rate, info.prior, info.lcb)]
    return [
        *("info", "move", info.move, "visits", str(info.visits)),
        *("winrate", str(rates[0]), "prior", str(rates[1]), "lcb", str(rates[2])),
        *("order", str(info.order), "pv", *info.line),
    ]


def _kata(spec: GameSpec, info: Info, number: Callable[[float], str]) -> list[str]:
    score = number(info.score)
    points = ("scoreMean", score, "scoreLead", score, "scoreSelfplay", score)
    return [
        *("info", "move", info.move, "visits", str(info.visits)),
        *("utility", number(info.utility), "winrate", number(info.win_rate)),
        *(points if spec.has_points else ()),
        *("prior", number(info.prior), "lcb", number(info.lcb)),
        *("utilityLcb", number(2.0 * info.lcb - 1.0), "weight", number(float(info.visits))),
        *("order", str(info.order), "pv", *info.line),
    ]


def _root(
    spec: GameSpec, result: SearchResult, sign: float, number: Callable[[float], str]
) -> list[str]:
    rate = seen_from(sign, result.win_rate)
    score = number(sign * result.score)
    points = ("scoreMean", score, "scoreLead", score, "scoreSelfplay", score)
    return [
        *("rootInfo", "visits", str(result.simulations), "utility", number(2.0 * rate - 1.0)),
        *("winrate", number(rate), *(points if spec.has_points else ())),
        *("weight", number(float(result.simulations))),
    ]


def _floats(values: NDArray[np.float32], number: Callable[[float], str]) -> list[str]:
    return [number(value) for value in np.round(values, 4).tolist()]


def _short(value: float) -> str:
    return f"{value + 0.0:.6g}"


def _points(value: float) -> str:
    return f"{value + 0.0:.6f}"
