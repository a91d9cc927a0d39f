"""The torch evaluator against the bare model, and its promises about batches and threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from agents.evaluators.torch_cuda import BucketedModel, cut
from agents.evaluators.torch_evaluator import (
    SearchOutput,
    TorchEvaluator,
    as_channels_last,
    fast_precision,
    search_output,
)
from agents.network.config import NetworkConfig
from agents.network.folded import fold_model, forward
from agents.network.model import PolicyValueNet
from engine import games
from engine.errors import NetworkFileError
from engine.games.go import GoSpec
from engine.games.inputs import InputLayout
from tests.support.networks import make
from tests.support.positions import random_positions

SPEC = GoSpec(9, 9, 6.5)


def test_evaluation_is_the_model_seen_through_numpy() -> None:
    model = make("b4c32")
    positions = random_positions(SPEC, 6, 40)
    got = TorchEvaluator(model, "float32").evaluate(SPEC, positions)
    planes, globals_ = SPEC.features(positions)
    tensor = torch.from_numpy(planes.transpose(0, 2, 1).reshape(6, -1, 9, 9).copy()).float()
    with torch.no_grad():
        want = model(tensor, torch.from_numpy(globals_))
    np.testing.assert_allclose(got.policy_logits, want.policy_logits, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(got.value, torch.softmax(want.value_logits, 1), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(got.score, want.score, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(
        got.ownership, torch.tanh(want.ownership_logits), rtol=1e-3, atol=1e-4
    )
    assert {a.dtype for a in (got.policy_logits, got.value, got.score, got.ownership)} == {
        np.dtype(np.float32)
    }
    np.testing.assert_allclose(got.value.sum(axis=1), 1.0, rtol=1e-5)


def test_rows_do_not_depend_on_their_batch() -> None:
    positions = random_positions(SPEC, 33, 50)
    evaluator = TorchEvaluator(make(), "float32")
    together = evaluator.evaluate(SPEC, positions)
    order = np.random.default_rng(0).permutation(33)
    shuffled = evaluator.evaluate(SPEC, positions[order])
    alone = [evaluator.evaluate(SPEC, positions[i : i + 1]).policy_logits[0] for i in range(33)]
    np.testing.assert_allclose(
        shuffled.policy_logits, together.policy_logits[order], rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(np.stack(alone), together.policy_logits, rtol=1e-4, atol=1e-4)


def test_bfloat16_stays_close_to_float32() -> None:
    positions = random_positions(SPEC, 32, 50)
    exact = TorchEvaluator(make(), "float32").evaluate(SPEC, positions)
    fast = TorchEvaluator(make(), "bfloat16").evaluate(SPEC, positions)
    assert np.abs(fast.value - exact.value).max() < 0.05
    spread = np.std(exact.policy_logits)
    assert np.abs(fast.policy_logits - exact.policy_logits).mean() < 0.05 * max(spread, 1.0)


def test_threads_may_share_it() -> None:
    positions = random_positions(SPEC, 64, 50)
    evaluator = TorchEvaluator(make(), "float32")
    want = evaluator.evaluate(SPEC, positions).policy_logits
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: evaluator.evaluate(SPEC, positions).policy_logits, range(8)):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_update_changes_what_it_says_and_not_the_model() -> None:
    positions = random_positions(SPEC, 4, 30)
    evaluator = TorchEvaluator(make(seed=1), "float32")
    before = evaluator.evaluate(SPEC, positions).policy_logits
    other = make(seed=2)
    weights = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    evaluator.update(other)
    assert not np.allclose(before, evaluator.evaluate(SPEC, positions).policy_logits)
    assert all(torch.equal(weights[name], t) for name, t in other.state_dict().items())


def test_a_network_for_another_game_is_refused() -> None:
    evaluator = TorchEvaluator(make(), "float32")
    hex_ = games.make("hex", 9)
    with pytest.raises(NetworkFileError, match="network for hex"):
        evaluator.evaluate(hex_, hex_.allocate(1))


def test_inputs_find_their_columns_by_name() -> None:
    """A network of several games gives the same whatever a game's own order of planes is."""
    go, hex_ = GoSpec(5, 5), games.make("hex", 5)
    config = NetworkConfig.named("b2c16", hex_, go)
    assert set(config.plane_names) == {*go.plane_names, *hex_.plane_names}
    assert config.plane_names != go.plane_names and "game:go" in config.global_names
    model = PolicyValueNet.initial(config, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)
    positions = random_positions(go, 7, 12)
    planes, globals_ = go.features(positions)
    wide = np.zeros((7, 25, len(config.plane_names)), np.uint8)
    for k, name in enumerate(go.plane_names):
        wide[:, :, config.plane_names.index(name)] = planes[:, :, k]
    values = {name: globals_[:, k] for k, name in enumerate(go.global_names)}
    values["game:go"] = np.ones(7)
    whole = np.stack(
        [values.get(name, np.zeros(7)) for name in config.global_names], axis=1
    ).astype(np.float32)
    with torch.no_grad():
        expected = model(as_channels_last(wide, 5, 5).float(), torch.from_numpy(whole))
    got = TorchEvaluator(model, "float32").evaluate(go, positions)
    np.testing.assert_allclose(got.policy_logits, expected.policy_logits, rtol=1e-3, atol=1e-3)
    folded = fold_model(model)
    own = forward(folded.specialised(InputLayout.of(go)), planes.reshape(7, 5, 5, -1), globals_)
    np.testing.assert_allclose(own.policy_logits, expected.policy_logits, rtol=1e-3, atol=1e-3)


def test_batches_are_cut_to_sizes_that_are_compiled() -> None:
    assert cut(1) == [(0, 1, 1)] and cut(5) == [(0, 5, 16)] and cut(256) == [(0, 256, 256)]
    assert cut(2050) == [(0, 1024, 1024), (1024, 2048, 1024), (2048, 2050, 4)]
    for rows in range(1, 300):
        assert sum(end - start for start, end, _ in cut(rows)) == rows
        assert all(end - start <= size < 4 * (end - start) + 1 for start, end, size in cut(rows))


def test_what_fills_a_batch_up_is_not_seen() -> None:
    """The GPU's path, on the CPU."""
    model = make("b2c16").frozen()
    bucketed = BucketedModel(
        lambda planes, globals_, padded: search_output(model(planes.float(), globals_, padded)),
        torch.device("cpu"),
    )
    evaluator = TorchEvaluator(make("b2c16"), "float32")
    for rows in (30, 3, 30):
        positions = random_positions(SPEC, rows, 40, seed=rows)
        planes, globals_ = SPEC.features(positions)
        with torch.inference_mode():
            got = SearchOutput(*bucketed(planes.reshape(rows, 9, 9, -1), globals_, False))
        want = evaluator.evaluate(SPEC, positions)
        np.testing.assert_allclose(got.policy_logits, want.policy_logits, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(got.value, want.value, rtol=1e-4, atol=1e-5)


def test_planes_are_viewed_in_place() -> None:
    planes = np.arange(2 * 6 * 3, dtype=np.uint8).reshape(2, 6, 3)
    tensor = as_channels_last(planes, 2, 3)
    assert tensor.shape == (2, 3, 2, 3)
    assert tensor.data_ptr() == planes.ctypes.data
    assert int(tensor[1, 2, 1, 0]) == planes[1, 3, 2]
    assert fast_precision("cuda:0") == "float16"
