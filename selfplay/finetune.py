"""Fine-tuning: from a network that taught itself to one that also knows expert games."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from agents.network.model import PolicyValueNet
from engine.errors import RunError
from engine.random import SYMMETRY, generator
from selfplay.agreement import Agreement, measure_agreement
from selfplay.learner import Learner, LearnerConfig, tensors_of
from selfplay.losses import kl_loss
from selfplay.replay import Batch, make_batch
from selfplay.shards import Rows


@dataclass(frozen=True)
class FinetuneConfig:
    """How far, and how carefully, weights follow the expert."""

    epochs: int = field(
        default=6, metadata={"min": 1, "why": "at most; more agrees better and plays worse"}
    )
    patience: int = field(
        default=3, metadata={"min": 1, "unit": "epochs", "why": "without a better held-out loss"}
    )
    learning_rate: float = field(
        default=2e-4, metadata={"min": 0.0, "why": "a tenth of what self-play starts with"}
    )
    kl_weight: float = field(
        default=1.0,
        metadata={"min": 0.0, "why": "pull towards the starting policy: few games, many weights"},
    )
    mix_share: float = field(
        default=0.6,
        metadata={"min": 0.0, "max": 0.9, "why": "self-play rows per batch, if there are any"},
    )
    batch: int = field(default=256, metadata={"min": 1, "unit": "rows"})
    seed: int = 1


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
class Outcome:
    """The fine-tuned network, and what changed on games it has not seen."""

    model: PolicyValueNet
    epoch: int
    """The epoch whose weights were kept; 0 if no epoch was better than the start."""
    before: Agreement
    after: Agreement
    kept_before: Agreement | None
    """The same on self-play rows, to see what was forgotten; ``None`` without any."""
    kept_after: Agreement | None


def finetune(
    model: PolicyValueNet,
    expert: Rows,
    held_out: Rows,
    config: FinetuneConfig,
    on_epoch: Callable[[Epoch], None],
    *,
    mix: Rows | None = None,
    mix_held_out: Rows | None = None,
    deadline_s: float | None = None,
) -> Outcome:
    """Train a copy of ``model`` on expert rows and keep the best weights by held-out loss.

    Args:
        model: the starting network; not changed.
        expert: rows to learn from.
        held_out: rows of other games, that decide when to stop.
        config: see its fields.
        on_epoch: is told how it goes.
        mix: self-play rows to mix in against forgetting.
        mix_held_out: self-play rows on which forgetting is measured.
        deadline_s: ``time.perf_counter()`` after which no epoch is begun.

    Raises:
        RunError: if the network has other inputs than the rows, or the loss is no longer finite.
    """
    for rows in (expert, held_out, mix, mix_held_out):
        if rows is not None:
            _require_inputs(model, rows)
    reference = model.frozen().float()
    start = PolicyValueNet(model.config)
    start.load_state_dict(model.state_dict())
    learner = Learner(start, _learner_config(config))
    best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    best_loss, best_epoch = _held_out_loss(model, held_out), 0
    on_epoch(Epoch(0, float("nan"), best_loss, True, 0.0, float("nan")))
    began = time.perf_counter()
    for epoch in range(1, config.epochs + 1):
        loss = _train_epoch(learner, reference, expert, mix, config, epoch)
        held = _held_out_loss(learner.averaged_model(), held_out)
        if held < best_loss:
            best_loss, best_epoch = held, epoch
            best = {n: t.clone() for n, t in learner.averaged_model().state_dict().items()}
        now = time.perf_counter()
        left = (now - began) / epoch * (config.epochs - epoch)
        rate = epoch * len(expert) / (now - began)
        on_epoch(Epoch(epoch, loss, held, best_epoch == epoch, rate, left))
        if epoch - best_epoch >= config.patience or (deadline_s is not None and now > deadline_s):
            break
    tuned = PolicyValueNet(model.config)
    tuned.load_state_dict(best)
    tuned.eval()
    return Outcome(
        model=tuned,
        epoch=best_epoch,
        before=measure_agreement(model, held_out),
        after=measure_agreement(tuned, held_out),
        kept_before=None if mix_held_out is None else measure_agreement(model, mix_held_out),
        kept_after=None if mix_held_out is None else measure_agreement(tuned, mix_held_out),
    )


def _require_inputs(model: PolicyValueNet, rows: Rows) -> None:
    if rows.layout.game not in model.config.games:
        raise RunError(
            f"expected rows of {', '.join(model.config.games)}, which the network was made for, "
            f"got rows of {rows.layout.game}"
        )


def _learner_config(config: FinetuneConfig) -> LearnerConfig:
    """The learner of self-play, with results alone as value targets: no search saw these games."""
    return replace(LearnerConfig(), batch=config.batch, root_share=0.0, averaging=0.99)


def _train_epoch(
    learner: Learner,
    reference: PolicyValueNet,
    expert: Rows,
    mix: Rows | None,
    config: FinetuneConfig,
    epoch: int,
) -> float:
    """One pass over the expert rows in random order; return the mean loss."""
    random = generator(config.seed, epoch, 0, SYMMETRY)
    order = random.permutation(len(expert))
    rows = expert if mix is None else Rows.concatenate([expert, mix])
    from_mix = 0 if mix is None else round(config.batch * config.mix_share)
    from_expert = config.batch - from_mix
    total, steps = 0.0, 0
    for start in range(0, len(order), from_expert):
        at = order[start : start + from_expert]
        if mix is not None and from_mix:
            at = np.concatenate([at, len(expert) + random.integers(len(mix), size=from_mix)])
        if steps and len(at) < config.batch // 4:
            continue  # a remainder too small for a gradient worth a step
        total += _train_step(learner, reference, make_batch(rows, random, at=at), config)
        steps += 1
    return total / max(steps, 1)


def _train_step(
    learner: Learner, reference: PolicyValueNet, batch: Batch, config: FinetuneConfig
) -> float:
    learner.model.train()
    output = learner.predict(batch)
    parts = learner.losses(batch, output)
    if config.kl_weight:
        with torch.inference_mode():
            anchor = reference(*tensors_of(reference.config, batch)).policy_logits
        weight = torch.from_numpy(batch.weight)
        parts["kl"] = kl_loss(output.policy_logits, anchor.clone(), weight)
        parts["total"] = parts["total"] + config.kl_weight * parts["kl"]
    return learner.step(parts, config.learning_rate)["total"]


def _held_out_loss(model: PolicyValueNet, rows: Rows) -> float:
    """Policy and value loss of the network that would be kept."""
    probe = Learner(model, LearnerConfig(root_share=0.0))
    probe.model.eval()
    losses = []
    weights = []
    with torch.inference_mode():
        for start in range(0, len(rows), 512):
            part = rows.take(np.arange(start, min(start + 512, len(rows))))
            batch = make_batch(part, None)
            parts = probe.losses(batch, probe.predict(batch))
            losses.append(float(parts["policy"] + parts["value"]))
            weights.append(len(part))
    return float(np.average(losses, weights=weights))
