"""The 8-bit evaluator: exact against NumPy, the same whatever surrounds it, close to float32."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
import torch
from llvmlite import ir

from agents.evaluators.int8 import Int8Evaluator
from agents.evaluators.int8_forms import (
    FORMS,
    Form,
    forms_of_this_cpu,
    from_signed,
    portable_dot,
)
from agents.evaluators.int8_tile import _build_tiles
from agents.evaluators.int8_weights import quantize
from agents.evaluators.outputs import softmax
from agents.network.calibration import calibrate, inputs_of, random_positions
from agents.network.checkpoint import (
    content_hash,
    load_network,
    load_stored,
    save_network,
    shipped_network_path,
)
from agents.network.config import NetworkConfig
from agents.network.folded import FoldedNetwork, fold, forward
from agents.network.model import PolicyValueNet
from engine.errors import NetworkFileError
from engine.games import GameSpec, GoSpec, make
from tests.support.lively import lively
from tests.support.slow_int8 import slow_forward

HERE = forms_of_this_cpu()


def folded(model: PolicyValueNet) -> FoldedNetwork:
    return fold(model.config, {k: v.numpy() for k, v in model.state_dict().items()})


def evaluated(evaluator: Any, spec: GameSpec, positions: Any) -> list[np.ndarray]:
    found = evaluator.evaluate(spec, positions)
    return [found.policy_logits, found.value, found.score, found.ownership]


def images(spec: GameSpec, positions: Any) -> tuple[np.ndarray, np.ndarray]:
    planes, globals_ = spec.features(positions)
    return planes.reshape(len(positions), spec.height, spec.width, -1), globals_


def test_the_portable_form_is_always_there() -> None:
    assert HERE[-1].name == "portable"
    assert [form.name for form in FORMS][:3] == ["avx512-vnni", "avx-vnni", "avx2"]


@pytest.mark.parametrize(
    ("features", "forms"),
    [
        ("", ["portable"]),
        ("+avx2,+fma", ["avx2", "portable"]),
        ("+avx2,-avxvnni,-avx512vnni", ["avx2", "portable"]),
        ("+avx512vnni,+avx512bw,+avx512vl", ["avx512-vnni", "avx-vnni", "portable"]),
    ],
)
def test_what_numba_may_not_compile_for_is_not_used(
    features: str, forms: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numba.config.CPU_FEATURES", features)
    assert [form.name for form in forms_of_this_cpu()] == forms


def assert_like_the_reference(form: Form, spec: GameSpec, name: str) -> None:
    network = folded(lively(spec, name))
    positions = random_positions(spec, 11)
    calibration = calibrate(network, inputs_of(network.config, spec))
    got = evaluated(Int8Evaluator(network, calibration, form=form), spec, positions)
    logits, value, score, ownership = slow_forward(network, calibration, *images(spec, positions))
    for ours, theirs in zip(got, [logits, softmax(value), score, np.tanh(ownership)], strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("form", HERE, ids=lambda form: form.name)
def test_every_form_computes_the_network_of_the_reference_on_every_width(form: Form) -> None:
    """Every width has its own tiles: in one piece, or in pieces with one end or with none."""
    for width in range(2, 26):
        assert_like_the_reference(form, GoSpec(2 + width % 3, width, ko="simple"), "b2c16")


@pytest.mark.parametrize("form", HERE, ids=lambda form: form.name)
@pytest.mark.parametrize("name", ["b4c32", "n3c128"])
def test_every_form_computes_every_kind_of_block(form: Form, name: str) -> None:
    assert_like_the_reference(form, GoSpec(9, 9), name)


def test_signed_dot_products_serve_where_there_is_nothing_better() -> None:
    """As ARM CPUs without ``i8mm`` compute it."""
    dot = from_signed(portable_dot(signed=True))
    form = replace(HERE[-1], name="signed", dot=dot, longest=2)
    assert_like_the_reference(form, GoSpec(3, 4), "b2c16")


@pytest.mark.parametrize(
    ("name", "instruction", "target"),
    [
        ("avx512-vnni", "vpdpbusd.*zmm", "x86_64"),
        ("avx-vnni", "vpdpbusd.*ymm", "x86_64"),
        ("avx2", "vpmaddwd.*ymm", "x86_64"),
        ("neon-i8mm", "usdot", "aarch64"),
        ("neon-dotprod", "sdot", "aarch64"),
        ("portable", "mul", "aarch64"),
    ],
)
def test_every_form_becomes_its_instruction(name: str, instruction: str, target: str) -> None:
    """Those of other CPUs too: compiled for them, though they cannot run here."""
    form = next(form for form in FORMS if form.name == name)
    module = ir.Module()
    module.triple = f"{target}-unknown-linux-gnu"
    whole, single = ir.IntType(64), ir.FloatType()
    kinds = [whole] * 11 + [single] + [whole] * 2
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "tile")
    builder = ir.IRBuilder(function.append_basic_block())
    _build_tiles(builder, replace(form, longest=3), *function.args)
    builder.ret_void()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(module.triple).create_target_machine(
        features=",".join(f"+{need}" for need in form.needs[0])
    )
    compiled = llvm.parse_assembly(str(module))
    compiled.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(compiled, passes)
    assert re.search(instruction, machine.emit_assembly(compiled))


@pytest.mark.parametrize("length", range(1, 11))
def test_all_forms_give_the_same_bits(length: int) -> None:
    spec = GoSpec(3, max(length, 2), ko="simple")
    network = folded(lively(spec))
    positions = random_positions(spec, 9)
    calibration = calibrate(network, inputs_of(network.config, spec))
    results = [
        evaluated(Int8Evaluator(network, calibration, form=form), spec, positions) for form in HERE
    ]
    assert len(results) >= 2
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert np.array_equal(ours, theirs)


def test_a_result_does_not_depend_on_its_batch_or_on_threads() -> None:
    spec = GoSpec(9, 9)
    network = folded(lively(spec, "b4c32"))
    positions = random_positions(spec, 60)
    calibration = calibrate(network, inputs_of(network.config, spec))
    whole = evaluated(Int8Evaluator(network, calibration), spec, positions)
    shared = Int8Evaluator(network, calibration, threads=3)
    order = np.random.default_rng(0).permutation(len(positions))
    for ours, theirs in zip(whole, evaluated(shared, spec, positions[order]), strict=True):
        assert np.array_equal(ours[order], theirs)
    for row in (0, 7, 31):
        alone = evaluated(shared, spec, positions[row : row + 1])
        for ours, theirs in zip(whole, alone, strict=True):
            assert np.array_equal(ours[row : row + 1], theirs)


def test_many_threads_and_sizes_may_ask_at_once() -> None:
    """Each thread has boards of its own, and boards of one size never see those of another."""
    specs = [GoSpec(5, 5), GoSpec(9, 9), GoSpec(4, 13)]
    network = folded(lively(specs[0]))
    evaluator = Int8Evaluator(network, calibrate(network, inputs_of(network.config, specs[1])))
    asked = [(spec, random_positions(spec, 20)) for spec in specs]
    expected = [evaluated(evaluator, spec, positions) for spec, positions in asked]
    wrong: list[int] = []

    def ask(number: int) -> None:
        for turn in range(30):
            k = (number + turn) % len(asked)
            for ours, theirs in zip(evaluated(evaluator, *asked[k]), expected[k], strict=True):
                if not np.array_equal(ours, theirs):
                    wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("spec", [make("go", 7), make("othello", 6), make("hex", 5)], ids=str)
def test_folded_weights_are_the_model(spec: GameSpec) -> None:
    model = lively(spec, "b4c32")
    positions = random_positions(spec, 12)
    planes, globals_ = images(spec, positions)
    found = forward(folded(model), planes, globals_)
    with torch.inference_mode():
        expected = model(
            torch.from_numpy(planes).permute(0, 3, 1, 2).float(), torch.from_numpy(globals_)
        )
    for ours, theirs in [
        (found.policy_logits, expected.policy_logits),
        (found.value_logits, expected.value_logits),
        (found.score, expected.score),
        (found.ownership_logits, expected.ownership_logits),
    ]:
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-3)


def test_eight_bits_cost_little() -> None:
    """The shipped network on positions that it was not calibrated on."""
    spec = GoSpec(9, 9)
    network = load_stored(shipped_network_path()).network
    evaluator = Int8Evaluator.from_file(shipped_network_path(), spec)
    positions = spec.allocate(200)
    random = np.random.default_rng(5)
    for ply in range(60):
        # Games by the network itself, with some noise: what a search will ask about.
        live = ~spec.finished(positions) & (np.arange(200) % 60 >= ply)
        logits = evaluator.evaluate(spec, positions).policy_logits
        noisy = np.where(spec.candidates(positions), logits + random.gumbel(size=logits.shape), -99)
        spec.play(positions, np.where(live, noisy.argmax(axis=1), -1))
    positions = positions[~spec.finished(positions)]
    got = evaluator.evaluate(spec, positions)
    exact = forward(network, *images(spec, positions))

    def policy(logits: np.ndarray) -> np.ndarray:
        masked = np.where(spec.legal(positions), logits, -np.inf).astype(np.float64)
        weights = np.exp(masked - masked.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    p, q = policy(exact.policy_logits), policy(got.policy_logits)
    divergence = (p * np.log(np.where(p > 0, p / np.where(q > 0, q, 1), 1))).sum(axis=1)
    assert divergence.mean() < 0.002
    value = np.exp(exact.value_logits - exact.value_logits.max(axis=1, keepdims=True))
    value /= value.sum(axis=1, keepdims=True)
    assert np.abs(got.q - (value[:, 0] - value[:, 2])).mean() < 0.0125
    assert (p.argmax(axis=1) == q.argmax(axis=1)).mean() > 0.93


def test_bias_takes_back_what_rounding_weights_shifts() -> None:
    """Without it the mean output of a channel would be off by much more."""
    spec = GoSpec(9, 9)
    network = folded(lively(spec, "b4c32"))
    calibration = calibrate(network, inputs_of(network.config, spec))
    packed = quantize(network, calibration, HERE[-1])
    stem = packed.layers[0]
    outputs = stem[3]
    bias = packed.floats[stem[1] + outputs : stem[1] + 2 * outputs]
    assert not np.allclose(bias, network.stem.bias, rtol=1e-4)
    exact = forward(network, *images(spec, random_positions(spec, 64))).value_logits
    slow = slow_forward(network, calibration, *images(spec, random_positions(spec, 64)))[1]
    assert np.abs(exact.mean(axis=0) - slow.mean(axis=0)).max() < 0.05 * np.abs(exact).max()


def test_new_weights_are_used_from_the_next_call_on() -> None:
    spec = GoSpec(5, 5)
    first, second = (lively(spec, seed=seed) for seed in (1, 5))
    inputs = inputs_of(first.config, spec)
    evaluator = Int8Evaluator.from_model(first, inputs)
    positions = random_positions(spec, 4)
    before = evaluated(evaluator, spec, positions)
    evaluator.update(second, inputs)
    fresh = evaluated(Int8Evaluator.from_model(second, inputs), spec, positions)
    after = evaluated(evaluator, spec, positions)
    assert not np.array_equal(before[0], after[0])
    for ours, theirs in zip(after, fresh, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_layer_that_is_always_zero_stays_zero() -> None:
    """Scales of dead layers must not divide by zero."""
    spec = GoSpec(5, 5)
    model = PolicyValueNet.initial(NetworkConfig.named("b2c16", spec), 1).eval()
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.zero_()
    network = folded(model)
    found = Int8Evaluator(network, calibrate(network, inputs_of(network.config, spec))).evaluate(
        spec, spec.allocate(3)
    )
    assert not found.policy_logits.any() and not found.score.any()
    assert np.allclose(found.value, 1 / 3)


def test_a_network_for_another_game_is_refused(tmp_path: Path) -> None:
    spec = GoSpec(9, 9)
    save_network(tmp_path / "net.safetensors", lively(spec), {})
    with pytest.raises(NetworkFileError, match="network for hex"):
        Int8Evaluator.from_file(tmp_path / "net.safetensors", make("hex", 5))
    evaluator = Int8Evaluator.from_file(tmp_path / "net.safetensors", spec)
    with pytest.raises(NetworkFileError, match="network for othello"):
        evaluator.evaluate(make("othello"), make("othello").allocate(1))


@pytest.mark.parametrize("damage", ["missing", "extra", "shape", "nan", "altered", "calibration"])
def test_the_same_files_are_refused_as_with_torch(tmp_path: Path, damage: str) -> None:
    import safetensors.numpy

    path = tmp_path / "net.safetensors"
    save_network(path, lively(GoSpec(5, 5)), {})
    tensors = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
    if damage == "missing":
        del tensors["stem.weight"]
    elif damage == "extra":
        tensors["more"] = np.zeros(2, np.float32)
    elif damage == "shape":
        tensors["value_head.value.bias"] = np.zeros(4, np.float32)
    elif damage == "nan":
        tensors["stem.weight"][0, 0, 0, 0] = np.nan
    elif damage == "calibration":
        tensors["calibration.largest"] = np.ones(1, np.float32)
    else:
        tensors["stem.bias"][3] += 1.0
    if damage != "altered":
        metadata["content"] = content_hash(tensors)
    path.write_bytes(safetensors.numpy.save(tensors, metadata))
    with pytest.raises(NetworkFileError, match="expected a miai network"):
        load_stored(path)
    with pytest.raises(NetworkFileError, match="expected a miai network"):
        load_network(path)
