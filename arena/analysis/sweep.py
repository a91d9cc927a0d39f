"""A whole game looked through: what each position was worth and what each move cost.

Knows neither files nor windows: a record in, one :class:`Look` per position and one
:class:`MoveReview` per move out. Values are of the side that moves unless they are called Black's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agents.protocol import Limit
from agents.search_agent import PLAY_SEARCH
from arena.analysis.analyst import Analyst, Finding, Job, side_sign
from arena.analysis.life import judge_board, settled_score
from engine.errors import RecordError
from engine.games.spec import BLACK, GameSpec, Positions
from engine.records import GameRecord
from engine.records.replay import reopen
from engine.search import Evaluator, SearchConfig, SearchResult


@dataclass(frozen=True)
class Candidate:
    """An action that the search looked at."""

    action: int
    visits: int
    win_rate: float
    """Win rate in [0, 1] of the side to move."""
    score: float
    prior: float
    line: tuple[int, ...]
    """Expected play, the action first."""


@dataclass(frozen=True)
class Look:
    """One position of the game."""

    ply: int
    to_move: int
    black_win_rate: float
    black_score: float
    """Expected points for Black, komi included; without points 0."""
    simulations: int
    candidates: tuple[Candidate, ...] = ()
    """Best first; empty where the game is over."""
    proven: bool = False


@dataclass(frozen=True)
class MoveReview:
    """One move of the game."""

    ply: int
    """From 1."""
    colour: int
    action: int
    best: Candidate
    loss: float
    """Chance to win that this move cost, in [0, 1]; 0 for the search's own choice."""
    score_loss: float
    """Points that this move cost, at least 0."""
    rank: int | None
    """Place of the move among the candidates, from 1; ``None`` if the search never tried it."""
    prior: float


@dataclass(frozen=True)
class GameReview:
    """A record with the analysis of its positions."""

    record: GameRecord
    looks: tuple[Look, ...]
    """One per position, the first and the last included."""
    moves: tuple[MoveReview, ...]

    def accuracy(self, colour: int) -> float | None:
        """Share of a side's moves that cost less than 2 % of the chance to win."""
        mine = [move for move in self.moves if move.colour == colour]
        return sum(move.loss < 0.02 for move in mine) / len(mine) if mine else None

    def mistakes(self, least: float = 0.05) -> list[MoveReview]:
        """The moves that cost ``least`` or more of the chance to win, the worst first."""
        found = [move for move in self.moves if move.loss >= least]
        return sorted(found, key=lambda move: (-move.loss, move.ply))


def record_positions(record: GameRecord) -> Positions:
    """Return the positions of a record, ``(actions + 1,)``, the start first.

    Where play went on after two passes, the game is not over.

    Raises:
        IllegalActionError: if its actions or its set-up are not legal.
    """
    spec = record.spec
    positions = spec.allocate(len(record.actions) + 1)
    current = record.start()
    positions[0] = current[0]
    for ply, action in enumerate(record.actions, start=1):
        if reopen(spec, current):
            positions[ply - 1] = current[0]
        spec.play(current, np.array([action]))
        positions[ply] = current[0]
    return positions


def sweep(
    record: GameRecord,
    analyst: Analyst,
    limit: Limit,
    *,
    config: SearchConfig = PLAY_SEARCH,
    seed: int = 0,
    on_look: Callable[[int, int], None] = lambda done, total: None,
) -> GameReview:
    """Search every position of a game.

    Args:
        record: the game.
        analyst: searches several positions at once.
        limit: of each position.
        config: how to search.
        seed: of the search.
        on_look: told how many positions are done, of how many.

    Raises:
        RecordError: if the game has no moves, or a position cannot be searched.
    """
    if not record.actions:
        raise RecordError(f"expected a game with moves, got none: {record.source or 'a record'}")
    positions = record_positions(record)
    total = len(positions)
    looks: dict[int, Look] = {}

    def take(finding: Finding) -> None:
        if finding.error:
            raise RecordError(f"cannot analyse move {finding.job.key}: {finding.error}")
        ply = int(finding.job.key)
        if finding.result is None:
            looks[ply] = _end(record.spec, positions, analyst.evaluator)
        else:
            looks[ply] = _look(record.spec, ply, positions[ply : ply + 1], finding.result)
        on_look(len(looks), total)

    jobs = [
        Job(ply, record.spec, positions[ply : ply + 1], limit, seed, config, priority=-ply)
        for ply in range(total)
    ]
    analyst.run(jobs, take)
    ordered = tuple(looks[ply] for ply in range(total))
    return GameReview(record, ordered, tuple(_reviews(record, ordered)))


def candidates_of(result: SearchResult) -> tuple[Candidate, ...]:
    """Return what a search looked at: its choice first, then by visits."""
    visited = np.flatnonzero(result.visits)
    order = sorted(
        visited.tolist(),
        key=lambda action: (action != result.action, -int(result.visits[action]), action),
    )
    lines = {line[0]: line for line in result.variations if line}
    return tuple(
        Candidate(
            action=action,
            visits=int(result.visits[action]),
            win_rate=(float(result.q[action]) + 1.0) / 2.0,
            score=0.0 if result.action_score is None else float(result.action_score[action]),
            prior=float(result.prior[action]),
            line=lines.get(action, (action,)),
        )
        for action in order
    )


def _end(spec: GameSpec, positions: Positions, evaluator: Evaluator) -> Look:
    """The last position of a game that is over."""
    ply, last = len(positions) - 1, positions[-1:]
    if spec.has_dead_stones:
        score = settled_score(spec, last, judge_board(evaluator, spec, last))
    else:
        score = float(spec.score(last)[0])
    win_rate = (float(np.sign(score)) + 1.0) / 2.0
    points = score if spec.has_points else 0.0
    return Look(ply, int(spec.to_move(last)[0]), win_rate, points, 0, (), True)


def _look(spec: GameSpec, ply: int, position: Positions, result: SearchResult) -> Look:
    sign = side_sign(spec, position)
    return Look(
        ply=ply,
        to_move=int(spec.to_move(position)[0]),
        black_win_rate=(1.0 + sign * result.value) / 2.0,
        black_score=sign * result.score if spec.has_points else 0.0,
        simulations=result.simulations,
        candidates=candidates_of(result),
        proven=bool(result.proven),
    )


def _reviews(record: GameRecord, looks: tuple[Look, ...]) -> list[MoveReview]:
    reviews = []
    for ply, action in enumerate(record.actions, start=1):
        before, after = looks[ply - 1], looks[ply]
        sign = 1.0 if before.to_move == BLACK else -1.0
        best = before.candidates[0]
        ranks = [candidate.action for candidate in before.candidates]
        chosen = action == best.action
        rank = ranks.index(action) if action in ranks else None
        loss = max(0.0, sign * (before.black_win_rate - after.black_win_rate))
        score_loss = max(0.0, sign * (before.black_score - after.black_score))
        reviews.append(
            MoveReview(
                ply=ply,
                colour=before.to_move,
                action=action,
                best=best,
                loss=0.0 if chosen else loss,
                score_loss=0.0 if chosen else score_loss,
                rank=None if rank is None else rank + 1,
                prior=0.0 if rank is None else before.candidates[rank].prior,
            )
        )
    return reviews
