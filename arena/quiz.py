"""Positions whose truth is known: how often an agent keeps what a position is worth.

A game between two agents says who is stronger; here perfect play is the judge. Connect Four is
solved by alpha-beta (:mod:`engine.solvers`), boards of at most nine points by reading everything;
other games have no such quiz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Agent, Turn
from engine.games.connect_four import ConnectFourSpec
from engine.games.spec import BLACK, GameSpec, Positions
from engine.random import OPENING, generator
from engine.solvers.connect_four import EXACT_LIMIT, ConnectFourSolver

_READ_WHOLE: Final = 9
"""Points of the largest board that is read to the end of every game."""
_ATTEMPTS: Final = 60
"""Random games per question, before there are no more questions."""

Values = Callable[[Positions], NDArray[np.int64]]
"""Gives each action's value ``(actions,)`` in a position ``(1,)``: 1, 0, -1; -2 if illegal."""


@dataclass(frozen=True)
class Question:
    """A position in which some actions keep its value and some do not."""

    actions: tuple[int, ...]
    """From the start position."""
    keeping: frozenset[int]
    """Actions that keep the value."""


def values_of(spec: GameSpec) -> Values | None:
    """Return what knows the truth about this game, ``None`` if nothing here does."""
    if isinstance(spec, ConnectFourSpec):
        fits = spec.width * (spec.height + 1) <= EXACT_LIMIT and spec.width <= 9
        return _connect_four(spec) if spec.length == 4 and fits else None
    return _whole_game(spec) if spec.points <= _READ_WHOLE and not spec.may_pass else None


def make_quiz(spec: GameSpec, count: int, seed: int) -> list[Question]:
    """Return up to ``count`` different questions; none for a game without known truth.

    Positions come from random games, from a quarter of the board on where the whole game is too
    long to solve, and none can be won at once.
    """
    values = values_of(spec)
    if values is None:
        return []
    earliest = 0 if spec.points <= _READ_WHOLE else spec.points // 4
    found: dict[int, Question] = {}
    for attempt in range(_ATTEMPTS * count):
        if len(found) >= count:
            break
        random = generator(seed, attempt, 0, OPENING)
        plies = int(random.integers(earliest, max(spec.points * 3 // 4, earliest + 1)))
        actions, position = _random_game(spec, plies, random)
        key = int(spec.keys(position)[0])
        if spec.finished(position)[0] or key in found or _wins_at_once(spec, position):
            continue
        of = values(position)
        keeping = np.flatnonzero(of == of.max())
        if len(keeping) < (of > -2).sum():
            found[key] = Question(tuple(actions), frozenset(keeping.tolist()))
    return list(found.values())


def ask(spec: GameSpec, agent: Agent, quiz: Sequence[Question], seed: int) -> int:
    """Return in how many questions the agent chose an action that keeps the value."""
    turns = [
        Turn(number, spec, _after(spec, question.actions), question.actions, seed)
        for number, question in enumerate(quiz)
    ]
    decisions = agent.choose(turns)
    for turn in turns:
        agent.end_game(turn.game)
    return sum(
        decision.action in question.keeping
        for decision, question in zip(decisions, quiz, strict=True)
    )


def as_json(quiz: Sequence[Question]) -> list[dict[str, list[int]]]:
    """Plain lists and objects."""
    return [{"actions": list(q.actions), "keeping": sorted(q.keeping)} for q in quiz]


def from_json(entries: Sequence[Mapping[str, Sequence[int]]]) -> list[Question]:
    """Undo :func:`as_json`; raises KeyError, TypeError or ValueError if it is something else."""
    return [
        Question(tuple(map(int, e["actions"])), frozenset(map(int, e["keeping"]))) for e in entries
    ]


def _after(spec: GameSpec, actions: Sequence[int]) -> Positions:
    position = spec.allocate(1)
    for action in actions:
        spec.play(position, np.array([action]))
    return position


def _random_game(
    spec: GameSpec, plies: int, random: np.random.Generator
) -> tuple[list[int], Positions]:
    actions: list[int] = []
    position = spec.allocate(1)
    while len(actions) < plies and not spec.finished(position)[0]:
        actions.append(int(random.choice(np.flatnonzero(spec.legal(position)[0]))))
        spec.play(position, np.array(actions[-1:]))
    return actions, position


def _wins_at_once(spec: GameSpec, position: Positions) -> bool:
    legal = np.flatnonzero(spec.legal(position)[0])
    after = np.repeat(position, len(legal))
    spec.play(after, legal)
    mover = 1 if spec.to_move(position)[0] == BLACK else -1
    return bool((spec.finished(after) & (spec.outcome(after) == mover)).any())


def _connect_four(spec: ConnectFourSpec) -> Values:
    solver = ConnectFourSolver(spec)

    def values(position: Positions) -> NDArray[np.int64]:
        return np.maximum(solver.scores(position, sign_only=True), -2)

    return values


def _whole_game(spec: GameSpec) -> Values:
    """Read everything, remembering values by the positions' keys."""
    known: dict[int, int] = {}

    def values(position: Positions) -> NDArray[np.int64]:
        found = np.full(spec.actions, -2)
        for action in np.flatnonzero(spec.legal(position)[0]):
            after = position.copy()
            spec.play(after, np.array([action]))
            found[action] = -value(after)
        return found

    def value(position: Positions) -> int:
        key = int(spec.keys(position)[0])
        if key not in known:
            if spec.finished(position)[0]:
                mover = 1 if spec.to_move(position)[0] == BLACK else -1
                known[key] = int(spec.outcome(position)[0]) * mover
            else:
                known[key] = int(values(position).max())
        return known[key]

    return values
