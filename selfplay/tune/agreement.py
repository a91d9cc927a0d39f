"""Measures how well a network predicts unseen games: moves, results and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from agents.network.model import PolicyValueNet
from engine.random import MOVE, generator
from selfplay.data.replay import make_batch
from selfplay.data.shards import Rows
from selfplay.learn.learner import tensors_of
from selfplay.learn.sharing import BatchThreads

_BATCH = 512
_RESAMPLES = 1000
_BINS = 10
_LOWEST_LOG = -50.0
PHASES: Final = {"opening": (0.0, 1 / 6), "middle": (1 / 6, 1 / 2), "end": (1 / 2, float("inf"))}
"""Parts of a game by plies a point: on 9x9 Go up to ply 13, up to ply 40, and after."""


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % interval, from resampling whole games."""

    mean: float
    low: float
    high: float

    def percent(self) -> str:
        """Such as ``42.1 % (40.0 to 44.2)``."""
        return f"{self.mean:.1%} ({self.low * 100:.1f} to {self.high * 100:.1f})"

    def plain(self) -> str:
        """Such as ``0.421 (0.400 to 0.442)``."""
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Agreement:
    """Accuracy and calibration of a network on a set of rows."""

    positions: int
    games: int
    top_1: Figure
    """Share of positions where the network's best action is the target's best action."""
    top_5: Figure
    log_likelihood: Figure
    """Mean log probability of the target's actions, nats."""
    brier: Figure
    """Mean squared error of win, draw, loss probabilities; 2/3 is pure guessing, 0 perfect."""
    value_loss: float
    """Mean negative log probability of the result, nats."""
    calibration_error: float
    """Mean gap between predicted and actual score rate over ten bins of the prediction."""
    reliability: tuple[tuple[float, float, int], ...] = ()
    """Per bin: predicted and actual score rate, and positions."""

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "positions": self.positions,
            "games": self.games,
            **{
                name: [figure.mean, figure.low, figure.high]
                for name, figure in (
                    ("top_1", self.top_1),
                    ("top_5", self.top_5),
                    ("log_likelihood", self.log_likelihood),
                    ("brier", self.brier),
                )
            },
            "value_loss": self.value_loss,
            "calibration_error": self.calibration_error,
        }


@dataclass(frozen=True)
class Prediction:
    """A network's outputs for ``n`` rows, in float32, without symmetries."""

    log_policy: NDArray[np.float32]
    """``(n, actions)``; illegal actions at minus infinity."""
    value: NDArray[np.float64]
    """``(n, 3)`` win, draw, loss."""


def measure_agreement(
    model: PolicyValueNet, rows: Rows, *, intervals: bool = True, threads: int = 1
) -> Agreement:
    """Compare the model's predictions with the rows' targets.

    Rows that teach no policy count for the value only, rows without a known result for the policy.
    Without ``intervals`` low and high are the mean.
    """
    return agreement_of(predict(model, rows, threads), rows, intervals=intervals)


def measure_phases(prediction: Prediction, rows: Rows) -> dict[str, Agreement]:
    """The agreement in each of :data:`PHASES` that occurs."""
    share = rows.ply / rows.layout.points
    found = {}
    for name, (start, end) in PHASES.items():
        at = np.flatnonzero((share >= start) & (share < end))
        if len(at):
            part = Prediction(prediction.log_policy[at], prediction.value[at])
            found[name] = agreement_of(part, rows.take(at))
    return found


def agreement_of(prediction: Prediction, rows: Rows, *, intervals: bool = True) -> Agreement:
    """Compare predictions with the targets of their rows; see :func:`measure_agreement`."""
    target = rows.policy.astype(np.float32)
    wanted = target.argmax(axis=1)
    log_policy = prediction.log_policy
    own = log_policy[np.arange(len(rows)), wanted][:, None]
    # Equal logits rank in the order of actions, as argmax takes them: no credit for indecision.
    earlier = np.arange(log_policy.shape[1]) < wanted[:, None]
    rank = ((log_policy > own) | ((log_policy == own) & earlier)).sum(axis=1)
    actual = np.eye(3)[rows.outcome]
    known = rows.root_value.astype(np.float32).sum(axis=1) > 0
    moves = _Resampler(rows.game, (rows.policy_weight > 0).astype(float), intervals)
    results = _Resampler(rows.game, known.astype(float), intervals)
    of_result = np.take_along_axis(prediction.value, rows.outcome[:, None].astype(int), axis=1)
    bins = reliability(_score_rate(prediction.value[known]), _score_rate(actual[known]))
    return Agreement(
        positions=len(rows),
        games=moves.games,
        top_1=moves.mean(rank < 1),
        top_5=moves.mean(rank < 5),
        log_likelihood=moves.mean((target * np.maximum(log_policy, _LOWEST_LOG)).sum(axis=1)),
        brier=results.mean(np.square(prediction.value - actual).sum(axis=1)),
        value_loss=results.mean(-np.log(np.maximum(of_result[:, 0], 1e-9))).mean,
        calibration_error=_gap(bins),
        reliability=bins,
    )


def predict(model: PolicyValueNet, rows: Rows, threads: int = 1) -> Prediction:
    """Ask the model about every row, in float32, on a number of threads."""
    frozen = model.frozen().float()
    sharing = BatchThreads(threads)
    legal_plane = rows.layout.plane_names.index("legal")
    logits, values = [], []
    for start in range(0, len(rows), _BATCH):
        part = rows.take(np.arange(start, min(start + _BATCH, len(rows))))
        batch = make_batch(part, None)
        with torch.no_grad():
            output = sharing.predict(lambda piece: frozen(*tensors_of(model.config, piece)), batch)
        planes = batch.planes
        legal = np.concatenate([planes[:, :, legal_plane], np.ones((len(part), 1))], axis=1)
        masked = np.where(legal > 0, output.policy_logits.double().numpy(), -np.inf)
        masked -= masked.max(axis=1, keepdims=True)
        masked -= np.log(np.exp(masked).sum(axis=1, keepdims=True))
        logits.append(masked.astype(np.float32))
        values.append(torch.softmax(output.value_logits.double(), dim=1).numpy())
    return Prediction(np.concatenate(logits), np.concatenate(values))


def largest_changes(
    before: Prediction, after: Prediction, rows: Rows, count: int
) -> NDArray[np.int64]:
    """Places of the positions whose policies differ most, at most one of each game.

    The difference is the total variation distance: half the sum of absolute differences.
    """
    moved = np.abs(np.exp(before.log_policy) - np.exp(after.log_policy)).sum(axis=1) / 2
    order = np.argsort(-moved, kind="stable")
    _, first = np.unique(rows.game[order], return_index=True)
    return order[np.sort(first)[:count]]


def _score_rate(value: NDArray[np.float64]) -> NDArray[np.float64]:
    rate: NDArray[np.float64] = value[:, 0] + value[:, 1] / 2
    return rate


def reliability(
    predicted: NDArray[np.float64], actual: NDArray[np.float64], bins: int = _BINS
) -> tuple[tuple[float, float, int], ...]:
    """Mean prediction, mean outcome and count in each of some equally wide bins that has any."""
    index = np.minimum((predicted * bins).astype(int), bins - 1)
    inside = [np.flatnonzero(index == k) for k in range(bins)]
    return tuple(
        (float(predicted[at].mean()), float(actual[at].mean()), len(at)) for at in inside if len(at)
    )


def calibration_error(
    predicted: NDArray[np.float64], actual: NDArray[np.float64], bins: int = _BINS
) -> float:
    """Expected calibration error (Guo et al., ICML 2017, section 2) over equally wide bins."""
    return _gap(reliability(predicted, actual, bins))


def _gap(bins: tuple[tuple[float, float, int], ...]) -> float:
    total = sum(count for _, _, count in bins)
    gaps = (abs(predicted - actual) * count for predicted, actual, count in bins)
    return sum(gaps) / max(total, 1)


class _Resampler:
    """Bootstrap over games: positions of one game are not independent."""

    def __init__(
        self, game: NDArray[np.int64], weight: NDArray[np.float64], intervals: bool
    ) -> None:
        _, self._index = np.unique(game, return_inverse=True)
        self.games = int(self._index.max()) + 1
        self._weight = weight
        self._sizes = np.bincount(self._index, weights=weight, minlength=self.games)
        self._times = None
        if intervals:
            random = generator(0, 0, 0, MOVE)
            draws = random.integers(self.games, size=(_RESAMPLES, self.games))
            self._times = np.stack([np.bincount(d, minlength=self.games) for d in draws])

    def mean(self, values: NDArray[np.generic]) -> Figure:
        weighted = values.astype(float) * self._weight
        sums = np.bincount(self._index, weights=weighted, minlength=self.games)
        mean = float(sums.sum() / max(self._sizes.sum(), 1e-9))
        if self._times is None:
            return Figure(mean, mean, mean)
        means = (self._times @ sums) / np.maximum(self._times @ self._sizes, 1e-9)
        low, high = np.quantile(means, [0.025, 0.975])
        return Figure(mean, float(low), float(high))
