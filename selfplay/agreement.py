"""How well a network predicts games it has not seen: moves, results, and how sure it may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from agents.network.model import PolicyValueNet
from engine.random import MOVE, generator
from selfplay.learner import tensors_of
from selfplay.replay import make_batch
from selfplay.shards import Rows

_BATCH = 512
_RESAMPLES = 1000
_BINS = 10


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
    """What a network gets right on a set of rows."""

    positions: int
    games: int
    top_1: Figure
    """Share of positions whose target's best action the network likes best."""
    top_5: Figure
    log_likelihood: Figure
    """Mean log probability of the target's actions, nats."""
    brier: Figure
    """Mean squared error of win, draw, loss probabilities; 2/3 is pure guessing, 0 perfect."""
    calibration_error: float
    """Mean gap between predicted and actual score rate over ten bins of the prediction."""

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
            "calibration_error": self.calibration_error,
        }


def measure_agreement(model: PolicyValueNet, rows: Rows) -> Agreement:
    """Compare the model's predictions with the rows' targets, in float32, without symmetries."""
    logits, value = _predict(model, rows)
    target = rows.policy.astype(np.float32)
    wanted = target.argmax(axis=1)
    own = logits[np.arange(len(rows)), wanted][:, None]
    # Equal logits rank in the order of actions, as argmax takes them: no credit for indecision.
    earlier = np.arange(logits.shape[1]) < wanted[:, None]
    rank = ((logits > own) | ((logits == own) & earlier)).sum(axis=1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_policy = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    actual = np.eye(3)[rows.outcome]
    by_game = _Resampler(rows.game)
    return Agreement(
        positions=len(rows),
        games=by_game.games,
        top_1=by_game.mean(rank < 1),
        top_5=by_game.mean(rank < 5),
        log_likelihood=by_game.mean((target * np.maximum(log_policy, -50.0)).sum(axis=1)),
        brier=by_game.mean(np.square(value - actual).sum(axis=1)),
        calibration_error=calibration_error(
            value[:, 0] + value[:, 1] / 2, actual[:, 0] + actual[:, 1] / 2
        ),
    )


def _predict(model: PolicyValueNet, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Policy logits, illegal actions at minus infinity, and win, draw, loss probabilities."""
    frozen = model.frozen().float()
    legal_plane = rows.layout.plane_names.index("legal")
    logits, values = [], []
    for start in range(0, len(rows), _BATCH):
        part = rows.take(np.arange(start, min(start + _BATCH, len(rows))))
        batch = make_batch(part, None)
        with torch.inference_mode():
            output = frozen(*tensors_of(model.config, batch))
        planes = batch.planes
        legal = np.concatenate([planes[:, :, legal_plane], np.ones((len(part), 1))], axis=1)
        logits.append(np.where(legal > 0, output.policy_logits.double().numpy(), -np.inf))
        values.append(torch.softmax(output.value_logits.double(), dim=1).numpy())
    return np.concatenate(logits), np.concatenate(values)


def calibration_error(
    predicted: NDArray[np.float64], actual: NDArray[np.float64], bins: int = _BINS
) -> float:
    """Expected calibration error (Guo et al., ICML 2017, section 2) over equally wide bins."""
    index = np.minimum((predicted * bins).astype(int), bins - 1)
    gap = 0.0
    for k in range(bins):
        inside = index == k
        if inside.any():
            gap += inside.mean() * abs(predicted[inside].mean() - actual[inside].mean())
    return float(gap)


class _Resampler:
    """Bootstrap over games: positions of one game are not independent."""

    def __init__(self, game: NDArray[np.int64]) -> None:
        _, self._index = np.unique(game, return_inverse=True)
        self.games = int(self._index.max()) + 1
        random = generator(0, 0, 0, MOVE)
        draws = random.integers(self.games, size=(_RESAMPLES, self.games))
        self._times = np.stack([np.bincount(d, minlength=self.games) for d in draws])
        self._sizes = np.bincount(self._index, minlength=self.games)

    def mean(self, values: NDArray[np.generic]) -> Figure:
        sums = np.bincount(self._index, weights=values.astype(float), minlength=self.games)
        means = (self._times @ sums) / (self._times @ self._sizes)
        low, high = np.quantile(means, [0.025, 0.975])
        return Figure(float(sums.sum() / self._sizes.sum()), float(low), float(high))
