"""Fine-tuning of a self-play network on expert games."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from agents.evaluators.auto import cores
from agents.network.model import NetworkOutput, PolicyValueNet
from agents.torch_threads import threads_limited
from engine.errors import RunError
from engine.random import CyclePart, cycle_generator
from selfplay.data.replay import Batch, make_batch
from selfplay.data.shards import Rows
from selfplay.learn import losses
from selfplay.learn.learner import Learner, LearnerConfig, tensors_of
from selfplay.learn.parameters import Parameters, trainable
from selfplay.tune.agreement import (
    Agreement,
    Prediction,
    agreement_of,
    measure_agreement,
    measure_phases,
    predict,
)
from selfplay.tune.repeats import symmetries_of

_USUAL_RATE: Final = {"full": 2e-3, "lora": 1e-2, "heads": 4e-3}


@dataclass(frozen=True)
class FinetuneConfig:
    """Settings of fine-tuning: its length, its step sizes and its penalties."""

    parameters: Parameters = field(
        default="full",
        metadata={"why": "lora: adapters beside frozen weights; few games, few data"},
    )
    rank: int = field(default=8, metadata={"min": 1, "max": 1024, "why": "of the adapters"})
    epochs: int = field(
        default=6, metadata={"min": 1, "why": "at most; more agrees better and plays worse"}
    )
    patience: int = field(
        default=3, metadata={"min": 1, "unit": "epochs", "why": "without a better held-out loss"}
    )
    learning_rate: float = field(
        default=0.0, metadata={"min": 0.0, "why": "0: the usual one of what is trained"}
    )
    kl_weight: float = field(
        default=0.3,
        metadata={"min": 0.0, "why": "pull towards the starting policy and value"},
    )
    value_weight: float = field(
        default=0.25,
        metadata={"min": 0.0, "why": "of the experts' results: a game is one bit for all its rows"},
    )
    mix_share: float = field(
        default=0.5,
        metadata={"min": 0.0, "max": 0.9, "why": "self-play rows per batch, if there are any"},
    )
    batch: int = field(default=256, metadata={"min": 1, "unit": "rows"})
    threads: int = field(
        default_factory=cores,
        metadata={"min": 1, "max": 256, "why": "one per core; how many is how sums are rounded"},
    )
    seed: int = field(default=1, metadata={"min": 0, "max": 2**63 - 1})

    @property
    def rate(self) -> float:
        """The learning rate at the start; it falls to a tenth over the epochs."""
        return self.learning_rate or _USUAL_RATE[self.parameters]


@dataclass(frozen=True)
class Epoch:
    """Progress after one pass over the expert rows; epoch 0 is the starting network."""

    number: int
    training_loss: float
    held_out_loss: float
    best: bool
    rows_per_s: float
    seconds_left: float


@dataclass(frozen=True)
class Step:
    """Progress within an epoch."""

    epoch: int
    share: float
    """Share of the epoch's expert rows that have been trained on, in (0, 1]."""
    loss: float
    """Mean of the epoch so far."""
    rows_per_s: float
    """Expert rows, of all epochs so far."""
    seconds_left: float
    """At most: of all epochs, or until the time is up; the judging of held-out rows not counted."""


@dataclass(frozen=True)
class Outcome:
    """The fine-tuned network, and what changed on games it has not seen."""

    model: PolicyValueNet
    """The network with its adapters merged into the weights."""
    adapted: PolicyValueNet | None
    """The network with separate adapters, if adapters were trained."""
    epoch: int
    """The epoch whose weights were kept; 0 if no epoch was better than the start."""
    trained_parameters: int
    before: Agreement
    after: Agreement
    phases: dict[str, tuple[Agreement, Agreement]]
    """Before and after, by phase of the game."""
    predictions: tuple[Prediction, Prediction]
    """Before and after, of every held-out row."""
    kept_before: Agreement | None
    """The same on self-play rows, to see what was forgotten; ``None`` without any."""
    kept_after: Agreement | None


@threads_limited(1)  # beside those of the batch
def finetune(
    model: PolicyValueNet,
    expert: Rows,
    held_out: Rows,
    config: FinetuneConfig,
    on_epoch: Callable[[Epoch], None],
    *,
    on_step: Callable[[Step], None] = lambda step: None,
    mix: Rows | None = None,
    mix_held_out: Rows | None = None,
    deadline_s: float | None = None,
) -> Outcome:
    """Train a copy of ``model`` on expert rows and keep the best weights by held-out loss.

    With self-play rows, the held-out loss is that of both kinds in the proportion of the batches:
    an epoch that learns the expert and forgets the rest is not better.

    Args:
        model: the starting network; not changed.
        expert: rows to learn from.
        held_out: rows of other games, that decide when to stop.
        config: see its fields.
        on_epoch: called with the progress after every epoch.
        on_step: called with the progress after every step.
        mix: self-play rows to mix in against forgetting.
        mix_held_out: self-play rows on which forgetting is measured.
        deadline_s: ``time.perf_counter()`` after which training stops, its epoch unfinished.

    Raises:
        RunError: if the network has other inputs than the rows, or the loss is no longer finite.
    """
    for rows in (expert, held_out, mix, mix_held_out):
        if rows is not None:
            _require_inputs(model, rows)
    tuner = _Tuner(model, expert, mix, config, deadline_s)
    judged = [(1.0, held_out)]
    if mix_held_out is not None and mix is not None:
        judged = [(1.0 - config.mix_share, held_out), (config.mix_share, mix_held_out)]
    best, best_epoch = tuner.snapshot(), 0
    best_loss = tuner.held_out_loss(judged)
    on_epoch(Epoch(0, float("nan"), best_loss, True, 0.0, float("nan")))
    began = time.perf_counter()
    for epoch in range(1, config.epochs + 1):
        loss, rows_seen = tuner.train_epoch(epoch, on_step)
        held = tuner.held_out_loss(judged)
        if held < best_loss:
            best_loss, best_epoch, best = held, epoch, tuner.snapshot()
        now = time.perf_counter()
        left = (now - began) / epoch * (config.epochs - epoch)
        rate = rows_seen / (now - began)
        on_epoch(Epoch(epoch, loss, held, best_epoch == epoch, rate, left))
        if epoch - best_epoch >= config.patience or tuner.out_of_time:
            break
    adapted = tuner.restored(best)
    tuned = adapted.merged().eval()
    started, ended = (predict(each, held_out, config.threads) for each in (model, tuned))
    phases = measure_phases(started, held_out), measure_phases(ended, held_out)
    return Outcome(
        model=tuned,
        adapted=adapted if config.parameters == "lora" else None,
        epoch=best_epoch,
        trained_parameters=tuner.trained_parameters,
        before=agreement_of(started, held_out),
        after=agreement_of(ended, held_out),
        phases={name: (phases[0][name], phases[1][name]) for name in phases[0]},
        predictions=(started, ended),
        kept_before=None if mix_held_out is None else measure_agreement(model, mix_held_out),
        kept_after=None if mix_held_out is None else measure_agreement(tuned, mix_held_out),
    )


def _require_inputs(model: PolicyValueNet, rows: Rows) -> None:
    if rows.layout.game not in model.config.games:
        raise RunError(
            f"expected rows of {', '.join(model.config.games)}, which the network was made for, "
            f"got rows of {rows.layout.game}"
        )


class _Tuner:
    """The learner, its rows, and the starting network that bounds its changes."""

    def __init__(
        self,
        model: PolicyValueNet,
        expert: Rows,
        mix: Rows | None,
        config: FinetuneConfig,
        deadline_s: float | None,
    ) -> None:
        self._config = config
        self._deadline_s, self._began_s = deadline_s, time.perf_counter()
        self._symmetries = symmetries_of(expert)
        self._experts = len(expert)
        self._rows = expert if mix is None else Rows.concatenate([expert, mix])
        self._from_mix = 0 if mix is None else round(config.batch * config.mix_share)
        self._reference = model.frozen().float()
        start = model.merged()
        self.trained_parameters = trainable(start, config.parameters, config.rank, config.seed)
        # The value's loss is this module's own: rows differ in how much their result says.
        settings = replace(LearnerConfig(), batch=config.batch, value_weight=0.0, averaging=0.99)
        self._learner = Learner(start, settings, config.threads)
        self._steps_an_epoch = -(-self._experts // (config.batch - self._from_mix))
        self._rows_seen = 0

    @property
    def out_of_time(self) -> bool:
        return self._deadline_s is not None and time.perf_counter() > self._deadline_s

    def train_epoch(self, epoch: int, on_step: Callable[[Step], None]) -> tuple[float, int]:
        """Pass over the expert rows in random order; return the mean loss and rows seen so far."""
        config = self._config
        random = cycle_generator(config.seed, epoch, CyclePart.LEARNING)
        order = random.permutation(self._experts)
        from_expert = config.batch - self._from_mix
        total, steps = 0.0, 0
        for start in range(0, len(order), from_expert):
            at = order[start : start + from_expert]
            if steps and (len(at) < from_expert // 4 or self.out_of_time):
                break  # a remainder too small for a gradient worth a step
            others = (
                random.integers(len(self._rows) - self._experts, size=self._from_mix)
                if self._from_mix
                else at[:0]
            )
            chosen = np.concatenate([at, self._experts + others])
            batch = make_batch(self._rows, random, self._symmetries, at=chosen)
            total += self._step(batch, len(at), epoch - 1 + start / len(order))
            steps += 1
            self._rows_seen += len(at)
            on_step(self._told(epoch, min((start + from_expert) / len(order), 1.0), total / steps))
        return total / max(steps, 1), self._rows_seen

    def _told(self, epoch: int, share: float, loss: float) -> Step:
        now = time.perf_counter()
        rate = self._rows_seen / max(now - self._began_s, 1e-9)
        left = (self._config.epochs * self._experts - self._rows_seen) / rate
        if self._deadline_s is not None:
            left = min(left, self._deadline_s - now)
        return Step(epoch, share, loss, rate, max(left, 0.0))

    def _progress(self, epochs_done: float) -> float:
        """Share of the training that is over, by its epochs or by its time."""
        done = epochs_done / self._config.epochs
        if self._deadline_s is not None:
            left = self._deadline_s - time.perf_counter()
            done = max(done, 1.0 - left / max(self._deadline_s - self._began_s, 1e-9))
        return min(done, 1.0)

    def _step(self, batch: Batch, experts: int, epochs_done: float) -> float:
        self._learner.model.train()
        output = self._learner.predict(batch)
        parts = self._learner.losses(batch, output)
        parts["value"] = self._value_loss(batch, output, experts)
        parts["total"] = parts["total"] + parts["value"]
        if self._config.kl_weight:
            parts["kl"] = self._distance(batch, output)
            parts["total"] = parts["total"] + self._config.kl_weight * parts["kl"]
        rate = self._config.rate * (1.0 - 0.9 * self._progress(epochs_done))
        return self._learner.step(parts, rate)["total"]

    def _value_loss(self, batch: Batch, output: NetworkOutput, experts: int) -> Tensor:
        """Value loss of a batch whose first ``experts`` rows are from games without searches."""
        weight = batch.weight * (batch.root_value.sum(axis=1) > 0)
        weight[:experts] *= self._config.value_weight
        target = losses.value_target(
            torch.from_numpy(batch.outcome),
            torch.from_numpy(batch.root_value),
            self._learner.config.root_share,
        )
        mean = losses.value_loss(output.value_logits, target, torch.from_numpy(weight))
        return mean * float(weight.sum() / max(batch.weight.sum(), 1e-6))

    def _distance(self, batch: Batch, output: NetworkOutput) -> Tensor:
        """How far policy and value are from the starting network's."""
        with torch.no_grad():
            start = self._learner.threads.predict(self._start, batch)
        weight = torch.from_numpy(batch.weight)
        policy = losses.kl_loss(output.policy_logits, start.policy_logits, weight)
        value = losses.kl_loss(output.value_logits, start.value_logits, weight)
        return policy + value

    def _start(self, batch: Batch) -> NetworkOutput:
        return self._reference(*tensors_of(self._reference.config, batch))

    def held_out_loss(self, judged: list[tuple[float, Rows]]) -> float:
        """Policy and weighted value loss of the network that would be kept, on shares of rows."""
        model = self._learner.averaged_model()
        return sum(share * self._loss(model, rows) for share, rows in judged)

    def _loss(self, model: PolicyValueNet, rows: Rows) -> float:
        agreement = measure_agreement(model, rows, intervals=False, threads=self._config.threads)
        return self._config.value_weight * agreement.value_loss - agreement.log_likelihood.mean

    def snapshot(self) -> dict[str, Tensor]:
        """Return a copy of the averaged weights."""
        state = self._learner.averaged_model().state_dict()
        return {name: tensor.clone() for name, tensor in state.items()}

    def restored(self, state: dict[str, Tensor]) -> PolicyValueNet:
        """The network with the weights of a snapshot."""
        model = self._learner.averaged_model()
        model.load_state_dict(state)
        return model.eval()
