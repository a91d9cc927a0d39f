"""What leaves are worth: by the evaluator, or by the rules where the game is over; checked."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.errors import SearchError
from engine.games.spec import BLACK, GameSpec, Positions
from engine.search.evaluation import Evaluation, Evaluator

FAULTS: Final = (
    "nothing wrong",
    "expected a legal action in a game that is not over, got none",
    "expected finite policy logits of legal actions from the evaluator, got {logits!r}",
    "expected a value from -1 to 1 from the evaluator, got {q!r}",
    "expected a finite score from the evaluator, got {score!r}",
)
_Q_SLACK: Final = 1e-3  # probabilities of a network need not sum to 1 exactly


class Judged(NamedTuple):
    """Leaves that have been judged, each from its own side to move."""

    logits: NDArray[np.float32]
    """``(rows, actions)``."""
    q: NDArray[np.float32]
    """``(rows,)``."""
    score: NDArray[np.float32]
    """``(rows,)``."""
    faults: NDArray[np.uint8] | None
    """``(rows,)`` of :data:`FAULTS`; ``None`` if there is none."""

    def why(self, row: int) -> str:
        """What is wrong with a row."""
        wrong = self.logits[row][~np.isfinite(self.logits[row])]
        faults = self.faults
        assert faults is not None
        return FAULTS[faults[row]].format(
            logits=wrong[0] if len(wrong) else None, q=self.q[row], score=self.score[row]
        )


@kernel
def _fault_rows(finished, candidates, logits, q, score, faults):
    """Write what is wrong with each row to uint8 ``faults``; return how many are faulty."""
    found = 0
    for i in range(len(q)):
        faults[i] = 0
        actions = 0
        for action in range(candidates.shape[1]):
            if candidates[i, action]:
                actions += 1
                if not np.isfinite(logits[i, action]):
                    faults[i] = 2
        if not np.isfinite(score[i]):
            faults[i] = 4
        if not abs(q[i]) <= 1.0 + _Q_SLACK:
            faults[i] = 3
        if actions == 0 and not finished[i]:
            faults[i] = 1
        if faults[i] != 0:
            found += 1
    return found


def judge(
    spec: GameSpec, evaluator: Evaluator, positions: Positions, candidates: NDArray[np.bool_]
) -> Judged:
    """Judge positions ``(rows,)`` with the actions ``(rows, actions)`` that a tree will hold.

    Raises:
        SearchError: if the evaluator's arrays have other shapes than they must.
    """
    finished = spec.finished(positions)
    if not finished.any():
        logits, q, score = _ask(spec, evaluator, positions)
    else:
        over, live = np.flatnonzero(finished), np.flatnonzero(~finished)
        logits = np.zeros((len(positions), spec.actions), np.float32)
        q = np.zeros(len(positions), np.float32)
        score = np.zeros(len(positions), np.float32)
        if len(live):
            logits[live], q[live], score[live] = _ask(spec, evaluator, positions[live])
        ended = positions[over]
        side = np.where(spec.to_move(ended) == BLACK, 1, -1)
        q[over] = spec.outcome(ended) * side
        score[over] = spec.score(ended) * side
    faults = np.empty(len(positions), np.uint8)
    wrong = _fault_rows(finished, candidates, logits, q, score, faults)
    return Judged(logits, q, score, faults if wrong else None)


def _ask(
    spec: GameSpec, evaluator: Evaluator, positions: Positions
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    evaluation = evaluator.evaluate(spec, positions)
    check_shapes(spec, evaluation, len(positions))
    return (
        np.ascontiguousarray(evaluation.policy_logits, np.float32),
        np.ascontiguousarray(evaluation.q, np.float32),
        np.ascontiguousarray(evaluation.score, np.float32),
    )


def check_shapes(spec: GameSpec, evaluation: Evaluation, rows: int) -> None:
    """Check what the search reads of an evaluation.

    Raises:
        SearchError: on another shape than it must have.
    """
    expected = {"policy_logits": (rows, spec.actions), "value": (rows, 3), "score": (rows,)}
    for name, shape in expected.items():
        found = np.shape(getattr(evaluation, name))
        if found != shape:
            raise SearchError(
                f"expected {name} of shape {shape} from the evaluator of {spec}, got {found}"
            )
