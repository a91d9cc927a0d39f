"""Fine-tuning: it learns the expert's moves, keeps what it should, repeats, and judges by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.network.adapters import load_adapter, save_adapter
from engine.errors import RunError
from engine.games.go import GoSpec
from selfplay.data.shards import Rows
from selfplay.tune.agreement import calibration_error, measure_agreement
from selfplay.tune.expert import all_rows
from selfplay.tune.finetune import Epoch, FinetuneConfig, Outcome, Parameters, Step, finetune
from selfplay.tune.mixing import hold_out, play_rows
from selfplay.tune.relabel import relabel
from tests.support.records import random_record, rule_record
from tests.support.small import small_network


def tune(**settings: object) -> tuple[Outcome, list[Epoch]]:
    expert = all_rows([rule_record(seed) for seed in range(40)])
    held = all_rows([rule_record(seed) for seed in range(100, 108)])
    epochs: list[Epoch] = []
    values = {"epochs": 4, "batch": 64, "learning_rate": 3e-3, "kl_weight": 0.0} | settings
    config = FinetuneConfig(**values)  # type: ignore[arg-type]
    return finetune(small_network(), expert, held, config, epochs.append), epochs


def test_it_learns_the_experts_moves() -> None:
    outcome, epochs = tune(epochs=12, learning_rate=1e-2)
    assert outcome.after.top_1.mean > outcome.before.top_1.mean + 0.3
    assert outcome.after.log_likelihood.mean > outcome.before.log_likelihood.mean
    assert outcome.epoch == min(epochs, key=lambda epoch: epoch.held_out_loss).number


def test_a_strong_pull_keeps_the_policy() -> None:
    free, _ = tune(patience=9)
    held, _ = tune(kl_weight=200.0, patience=9)
    assert abs(held.after.log_likelihood.mean - held.before.log_likelihood.mean) < 0.3 * abs(
        free.after.log_likelihood.mean - free.before.log_likelihood.mean
    )


def test_the_same_seed_gives_the_same_network() -> None:
    first, again, other = tune(epochs=2)[0], tune(epochs=2)[0], tune(epochs=2, seed=5)[0]
    one, two = first.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[n], t) for n, t in other.model.state_dict().items())


@pytest.mark.parametrize("parameters", ["full", "lora"])
def test_threads_share_the_work_and_learn_the_same(parameters: Parameters) -> None:
    one, two, again = (
        tune(parameters=parameters, epochs=2, threads=threads)[0] for threads in (1, 2, 2)
    )
    assert two.after == again.after
    assert two.epoch == one.epoch > 0
    gain = one.after.log_likelihood.mean - one.before.log_likelihood.mean
    assert two.after.log_likelihood.mean == pytest.approx(
        one.after.log_likelihood.mean, abs=0.05 * gain
    )


def test_worse_epochs_are_not_kept() -> None:
    outcome, epochs = tune(learning_rate=1.0, epochs=3)
    if outcome.epoch == 0:
        assert outcome.after == outcome.before
    assert epochs[0].number == 0
    assert epochs[0].best


def test_few_rows_are_learned_from_too() -> None:
    """Fewer than a quarter of a batch: once they were all left out, silently."""
    expert = all_rows([rule_record(1)])
    before = small_network()
    epochs: list[Epoch] = []
    config = FinetuneConfig(epochs=1, batch=256, kl_weight=0.0)
    finetune(before, expert, expert, config, epochs.append)
    assert len(expert) < 256 // 4
    assert epochs[1].training_loss > 0.0
    assert epochs[1].held_out_loss != epochs[0].held_out_loss


def test_every_step_is_told() -> None:
    expert = all_rows([rule_record(seed) for seed in range(12)])
    steps: list[Step] = []
    epochs: list[Epoch] = []
    config = FinetuneConfig(epochs=2, batch=48, kl_weight=0.0)
    finetune(small_network(), expert, expert, config, epochs.append, on_step=steps.append)
    assert len(expert) % 48 >= 48 // 4, "the last batch of an epoch is a step too"
    per_epoch = -(-len(expert) // 48)
    assert [step.epoch for step in steps] == [1] * per_epoch + [2] * per_epoch
    shares = [step.share for step in steps[:per_epoch]]
    assert shares == [min(48 * (i + 1) / len(expert), 1.0) for i in range(per_epoch)]
    assert steps[per_epoch - 1].loss == epochs[1].training_loss
    assert all(step.rows_per_s > 0.0 and step.seconds_left > 0.0 for step in steps[:-1])
    assert steps[-1].seconds_left == 0.0


def test_rows_of_another_game_are_refused() -> None:
    rows = all_rows([rule_record(1)])
    other = Rows(replace(rows.layout, game="hex"), **rows.columns)
    with pytest.raises(RunError, match="rows of hex"):
        finetune(small_network(), rows, rows, FinetuneConfig(), lambda epoch: None, mix=other)


def test_agreement_by_hand() -> None:
    """A network forced to a known policy, on rows whose ranks can be counted."""
    rows = all_rows([random_record(seed) for seed in range(6)])
    network = small_network()
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():  # an untrained network likes all points alike
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random), alpha=0.1)
    agreement = measure_agreement(network, rows)
    spec = random_record(0).spec
    planes = rows.unpacked_planes()
    legal = planes[:, :, rows.layout.plane_names.index("legal")].astype(bool)
    tensor = torch.from_numpy(planes.transpose(0, 2, 1).reshape(len(rows), -1, 5, 5).copy())
    with torch.no_grad():
        output = network.eval()(tensor.float(), torch.from_numpy(rows.globals))
    top_1 = top_5 = 0
    for i, action in enumerate(rows.policy.argmax(axis=1)):
        choices = [
            (float(output.policy_logits[i, a]), a)
            for a in range(spec.actions)
            if a == spec.pass_action or legal[i, a]
        ]
        better = sum(logit > float(output.policy_logits[i, action]) for logit, _ in choices)
        top_1 += better < 1
        top_5 += better < 5
    assert agreement.top_1.mean == pytest.approx(top_1 / len(rows), abs=0.02)
    assert agreement.top_5.mean == pytest.approx(top_5 / len(rows), abs=0.02)
    assert agreement.games == 6
    assert agreement.top_1.low <= agreement.top_1.mean <= agreement.top_1.high


def test_an_undecided_network_gets_no_credit() -> None:
    rows = all_rows([random_record(seed) for seed in range(6)])
    network = small_network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    agreement = measure_agreement(network, rows)
    legal = rows.unpacked_planes()[:, :, rows.layout.plane_names.index("legal")].astype(bool)
    first = legal.argmax(axis=1) == rows.policy.argmax(axis=1)
    assert agreement.top_1.mean == pytest.approx(first.mean())


def test_calibration_error_by_hand() -> None:
    predicted = np.array([0.05, 0.05, 0.95, 0.95])
    assert calibration_error(predicted, np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(0.05)
    assert calibration_error(predicted, np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.95)
    half = np.full(4, 0.5)
    assert calibration_error(half, np.array([1.0, 0.0, 1.0, 0.0])) == pytest.approx(0.0)


@pytest.mark.parametrize("parameters", ["lora", "heads"])
def test_only_the_wanted_parameters_are_trained(parameters: str) -> None:
    outcome, _ = tune(parameters=parameters, rank=2, epochs=8, patience=9, learning_rate=2e-2)
    before, after = small_network().state_dict(), outcome.model.state_dict()
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert outcome.trained_parameters < small_network().parameter_count
    if parameters == "heads":
        assert changed
        assert all(name.startswith(("policy_head.", "value_head.")) for name in changed)
    else:
        assert all(name.endswith("weight") for name in changed)
        assert "stem.weight" in changed  # an untrained network lets nothing through its blocks


def test_a_saved_adapter_over_its_base_is_the_tuned_network(tmp_path: Path) -> None:
    outcome, _ = tune(parameters="lora", rank=2, epochs=2, learning_rate=1e-2)
    assert outcome.adapted is not None
    save_adapter(tmp_path / "a.safetensors", outcome.adapted, {})
    again = small_network()
    load_adapter(tmp_path / "a.safetensors", again)
    merged, tuned = again.merged().state_dict(), outcome.model.state_dict()
    assert all(torch.allclose(merged[name], tensor, atol=1e-6) for name, tensor in tuned.items())


def test_mixed_rows_keep_what_they_teach() -> None:
    """Self-play rows, trained on beside the expert's, are forgotten less than without."""
    expert = all_rows([rule_record(seed) for seed in range(40)])
    other = all_rows([rule_record(seed, 0) for seed in range(200, 240)])
    settings = {"epochs": 4, "batch": 64, "learning_rate": 1e-2, "kl_weight": 0.0, "patience": 9}
    config = FinetuneConfig(**settings)  # type: ignore[arg-type]
    quiet = lambda epoch: None  # noqa: E731
    alone = finetune(small_network(), expert, expert, config, quiet, mix_held_out=other)
    mixed = finetune(small_network(), expert, expert, config, quiet, mix=other, mix_held_out=other)
    assert alone.kept_after is not None and mixed.kept_after is not None
    assert mixed.kept_after.log_likelihood.mean > alone.kept_after.log_likelihood.mean


def test_moves_and_results_that_are_not_known_teach_nothing() -> None:
    """With all policy weights 0 and no results, expert rows change nothing but by the pull."""
    rows = all_rows([rule_record(seed) for seed in range(8)])
    silent = rows.changed(
        policy_weight=np.zeros_like(rows.policy_weight),
        root_value=np.zeros_like(rows.root_value),
        score=np.full_like(rows.score, np.nan),
    )
    epochs: list[Epoch] = []
    config = FinetuneConfig(epochs=1, batch=32, kl_weight=0.0)
    finetune(small_network(), silent, rows, config, epochs.append)
    assert epochs[1].training_loss == pytest.approx(0.0, abs=1e-6)


def test_relabelled_targets_are_part_search_part_expert() -> None:
    from agents.evaluators.constant import ConstantEvaluator

    records = [rule_record(seed) for seed in range(3)]
    rows = all_rows(records)
    found = relabel(records, rows, ConstantEvaluator(), 8, share=0.25)
    chosen = rows.policy.argmax(axis=1)
    at = np.arange(len(rows))
    policy = found.policy.astype(float)
    np.testing.assert_allclose(policy.sum(axis=1), 1.0, atol=1e-2)
    assert (policy[at, chosen] >= 0.749).all()
    assert (policy[at, chosen] < 1.0).any()
    legal = rows.unpacked_planes()[:, :, rows.layout.plane_names.index("legal")] > 0
    assert (policy[:, :-1][~legal] == 0.0).all()


def test_relabelling_teaches_no_value_of_games_without_a_result() -> None:
    """It once made them draws."""
    from agents.evaluators.constant import ConstantEvaluator

    known, unknown = rule_record(1), replace(rule_record(2), result="")
    assert known.winner is not None and unknown.winner is None
    rows = all_rows([known, unknown])
    found = relabel([known, unknown], rows, ConstantEvaluator(), 8)
    says = found.root_value.sum(axis=1) > 0
    assert says[rows.game == 0].all() and not says[rows.game == 1].any()


def test_the_network_plays_itself_for_rows() -> None:
    spec = GoSpec(5, 5, 0.5)
    rows = play_rows(small_network(), spec, 200, seed=1, simulations=4)
    assert len(rows) >= 200
    assert rows.layout.width == 5
    kept, held = hold_out(rows, 50, seed=1)
    assert len(held) <= 50
    assert not set(kept.game.tolist()) & set(held.game.tolist())
