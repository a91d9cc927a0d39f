"""The learner: it can learn, it goes on bit for bit, and it stops at nonsense."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from engine.errors import RunError
from selfplay.learn.learner import Learner, LearnerConfig
from tests.support.batches import batch_of
from tests.support.lively import enlivened
from tests.support.small import small_network


def test_going_back_to_before_the_first_step_forgets_the_momentum() -> None:
    """What a loss that blew up left in the optimiser would spoil the steps after it, too."""
    learner = Learner(small_network(), LearnerConfig())
    before = {name: tensor.clone() for name, tensor in learner.state_tensors().items()}
    learner.train_step(batch_of(16), 3e-3)
    learner.load_state_tensors(before)
    fresh = Learner(small_network(), LearnerConfig())
    for one in (learner, fresh):
        one.train_step(batch_of(16, seed=1), 3e-3)
    expected = fresh.state_tensors()
    for name, tensor in learner.state_tensors().items():
        torch.testing.assert_close(tensor, expected[name], rtol=0.0, atol=0.0, msg=name)


def test_it_can_overfit_one_batch() -> None:
    learner = Learner(small_network(), LearnerConfig(root_share=0.0, weight_decay=0.0))
    batch = batch_of(16)
    first = learner.train_step(batch, 3e-3)
    for _ in range(200):
        last = learner.train_step(batch, 3e-3)
    entropy = float(-(batch.policy * np.log(np.maximum(batch.policy, 1e-9))).sum(axis=1).mean())
    assert first["value"] > 0.9
    assert last["value"] < 0.25 * first["value"]
    assert last["policy"] - entropy < 0.4 * (first["policy"] - entropy)
    assert last["ownership"] < 0.8 * first["ownership"]
    assert last["score"] < 0.3 * first["score"]


def test_gradients_in_bfloat16_are_those_of_float32() -> None:
    gradients = []
    for half in (False, True):
        learner = Learner(enlivened(small_network(), 3), LearnerConfig())
        learner._autocast = half
        batch = batch_of(64)
        learner.losses(batch, learner.predict(batch))["total"].backward()
        gradients.append([p.grad for p in learner.model.parameters() if p.grad is not None])
    whole, halves = (torch.cat([g.flatten() for g in found]) for found in gradients)
    assert len(gradients[0]) == len(gradients[1]) > 20
    assert torch.cosine_similarity(whole, halves, dim=0) > 0.998
    assert float(halves.norm() / whole.norm()) == pytest.approx(1.0, abs=0.03)


def test_threads_share_a_batch_and_find_its_gradient() -> None:
    batch = batch_of(33)
    # Rows that weigh nothing in one part, much in the other: means are over all of them.
    weight = np.linspace(0.0, 3.0, 33, dtype=np.float32)
    batch = batch.changed(weight=weight, policy_weight=(weight > 1.0).astype(np.float32))
    found = []
    for threads in (1, 2, 2):
        learner = Learner(enlivened(small_network(), 3), LearnerConfig(clip=1e9), threads)
        learner._autocast = False
        values = learner.train_step(batch, 1e-3)
        gradients = [p.grad for p in learner.model.parameters() if p.grad is not None]
        weights = torch.cat([w.flatten() for w in learner.model.state_dict().values()])
        found.append((values["total"], torch.cat([g.flatten() for g in gradients]), weights))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-3, atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(found[1][1:], found[2][1:], strict=True))


def test_rounded_training_learns_and_ends() -> None:
    learner = Learner(small_network(), LearnerConfig(root_share=0.0))
    batch = batch_of(16)
    learner.set_rounding(True)
    first = learner.train_step(batch, 3e-3)
    for _ in range(100):
        last = learner.train_step(batch, 3e-3)
    assert last["value"] < 0.5 * first["value"]
    learner.set_rounding(False)
    assert all(getattr(m, "rounding", None) is None for m in learner.model.modules())
    assert all(getattr(m, "rounding", None) is None for m in learner.averaged_model().modules())


def test_the_average_follows_the_formula() -> None:
    learner = Learner(small_network(), LearnerConfig(averaging=0.9))
    name = "stem.weight"
    expected = learner.model.state_dict()[name].clone()
    for step in range(1, 30):
        learner.train_step(batch_of(8, seed=step), 1e-3)
        keep = min(0.9, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * learner.model.state_dict()[name]
        got = learner.averaged_model().state_dict()[name]
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    assert not torch.equal(expected, learner.model.state_dict()[name])


def test_a_resumed_learner_takes_the_same_next_step() -> None:
    learner = Learner(small_network(), LearnerConfig())
    for step in range(5):
        learner.train_step(batch_of(32, seed=step), 1e-3)
    saved = learner.state_tensors()
    resumed = Learner(small_network(seed=9), LearnerConfig())
    resumed.load_state_tensors(saved)
    for step in range(5, 8):
        batch = batch_of(32, seed=step)
        assert learner.train_step(batch, 1e-3) == resumed.train_step(batch, 1e-3)
    for name, tensor in learner.state_tensors().items():
        assert torch.equal(tensor, resumed.state_tensors()[name]), name


def test_a_state_of_another_network_is_refused() -> None:
    saved = Learner(small_network(), LearnerConfig()).state_tensors()
    saved["model.stem.weight"] = torch.zeros(3)
    with pytest.raises(ValueError, match="another network"):
        Learner(small_network(), LearnerConfig()).load_state_tensors(saved)


def test_a_loss_that_is_not_finite_stops_before_the_step() -> None:
    learner = Learner(small_network(), LearnerConfig())
    batch = batch_of(8)
    batch.globals[:] = np.nan
    before = copy.deepcopy(
        {name: p.detach().clone() for name, p in learner.model.named_parameters()}
    )
    with pytest.raises(RunError, match="finite loss"):
        learner.train_step(batch, 1e-3)
    assert all(torch.equal(before[n], p) for n, p in learner.model.named_parameters())


def test_unknown_scores_teach_neither_score_nor_ownership() -> None:
    learner = Learner(small_network(), LearnerConfig())
    batch = batch_of(8)
    batch.score[:] = np.nan
    losses = learner.losses(batch, learner.predict(batch))
    assert losses["score"].item() == 0.0
    assert losses["ownership"].item() == 0.0
    assert np.isfinite(losses["total"].item())
    losses["total"].backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in learner.model.parameters() if p.grad is not None]
    assert all(bool(torch.isfinite(g).all()) for g in gradients)


def test_a_gradient_that_is_not_finite_stops_before_the_step() -> None:
    """A finite loss may have an infinite slope, which would poison every weight at once."""
    learner = Learner(small_network(), LearnerConfig())
    weight = learner.model.stem.weight
    before = weight.detach().clone()
    zeros = (weight * 0.0).sum()
    with pytest.raises(RunError, match="finite gradient"):
        learner.step({"total": torch.sqrt(zeros)}, 1e-3)
    assert torch.equal(before, weight)
    assert learner.steps == 0


def test_excess_is_what_is_left_above_the_targets_own_entropy() -> None:
    """Learning a batch by heart brings the policy's part to nothing, whatever the targets."""
    learner = Learner(small_network(), LearnerConfig(root_share=0.0, weight_decay=0.0))
    batch = batch_of(16)
    before = learner.steps
    first = learner.excess(batch)
    assert learner.steps == before
    parts = learner.losses(batch, learner.predict(batch))
    entropy = float(-(batch.policy * np.log(np.maximum(batch.policy, 1e-9))).sum(axis=1).mean())
    assert first == pytest.approx(
        float((parts["policy"] + parts["value"]).detach()) - entropy, abs=1e-3
    )
    for _ in range(150):
        learner.train_step(batch, 3e-3)
    assert learner.excess(batch) < 0.4 * first
