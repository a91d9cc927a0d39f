"""Positions per second through a network, inputs included, by backend, batch and board.

Every backend is asked for the same evaluations of the same positions, in turns within one run, and
says how far its policies are from those in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np
import torch

from agents.evaluators.auto import cores
from agents.evaluators.int8 import Int8Evaluator
from agents.evaluators.int8_forms import forms_of_this_cpu
from agents.evaluators.outputs import softmax
from agents.evaluators.registry import BACKENDS, NetworkEvaluator
from agents.evaluators.torch_evaluator import TorchEvaluator, fast_precision
from agents.network.calibration import calibrate, inputs_of, random_positions
from agents.network.folded import fold_model
from agents.network.inputs import widen
from agents.network.model import PolicyValueNet
from engine.games import GameSpec, GoSpec, Positions
from engine.games.inputs import InputLayout
from engine.search.evaluation import Evaluation
from miai.measure.networks import find_network
from miai.measure.rates import Contender, Rate

CASES = ((9, 1), (9, 16), (9, 64), (9, 256), (13, 64), (19, 64))
"""Boards and batches."""
_COMPARED = 256
"""Positions on which policies are compared, at most."""

Make = Callable[[], NetworkEvaluator]


class EagerTorch:
    """The model as it is written, without any trick: what one gets without thinking."""

    def __init__(self, model: PolicyValueNet) -> None:
        self.config = model.config
        self._model = model.eval()

    @property
    def description(self) -> str:
        return "torch (float32, eager)"

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        planes, globals_ = widen(self.config, InputLayout.of(spec), *spec.features(positions))
        images = planes.reshape(len(positions), spec.height, spec.width, -1).transpose(0, 3, 1, 2)
        with torch.inference_mode():
            out = self._model(
                torch.from_numpy(np.ascontiguousarray(images, np.float32)),
                torch.from_numpy(globals_),
            )
        value = torch.softmax(out.value_logits, dim=1).numpy()
        ownership = torch.tanh(out.ownership_logits).numpy()
        return Evaluation(out.policy_logits.numpy(), value, out.score.numpy(), ownership)


def backends(model: PolicyValueNet, spec: GoSpec) -> Iterator[tuple[dict[str, object], bool, Make]]:
    """Labels, whether it is another program's work, and what makes the evaluator."""
    network = fold_model(model)
    calibration = calibrate(network, inputs_of(network.config, spec))

    def labels(backend: str, precision: str, threads: int) -> dict[str, object]:
        return {"backend": backend, "precision": precision, "threads": threads}

    def int8(threads: int, form: int = 0) -> Make:
        forms = forms_of_this_cpu()
        return lambda: Int8Evaluator(network, calibration, threads, forms[form])

    for threads in sorted({cores(), 1}, reverse=True):
        yield labels("int8", "int8", threads), False, int8(threads)
    slower = [form.name for form in forms_of_this_cpu()]
    if "avx2" in slower[1:]:
        yield labels("int8-avx2", "int8", cores()), False, int8(cores(), slower.index("avx2"))
    for precision in dict.fromkeys(("float32", fast_precision("cpu"))):
        yield (
            labels("torch", precision, cores()),
            True,
            lambda precision=precision: TorchEvaluator(model, precision),  # type: ignore[misc]
        )
    yield labels("torch-eager", "float32", cores()), True, lambda: EagerTorch(model)
    if BACKENDS["openvino"].missing():
        return
    from agents.evaluators.openvino_evaluator import OpenVinoEvaluator, Precision

    precisions: tuple[Precision, ...] = ("float32", "bfloat16", "int8")
    for kind in precisions:
        if kind != "int8" or find_spec("nncf") is not None:
            yield (
                labels("openvino", kind, cores()),
                True,
                lambda kind=kind: OpenVinoEvaluator(network, kind),  # type: ignore[misc]
            )


def contenders(network: str, cases: tuple[tuple[int, int], ...] = CASES) -> list[Contender]:
    """All backends on all boards and batches; 8 bits and all cores come first."""
    model = _lively(find_network(network, GoSpec(9, 9, komi=7.0)))
    found: list[Contender] = []
    for size in dict.fromkeys(size for size, _ in cases):
        spec = GoSpec(size, size, komi=7.0)
        exact = TorchEvaluator(model, "float32")
        compared = own_positions(spec, exact, _COMPARED)
        reference = exact.evaluate(spec, compared)
        for labels, peer, make in backends(model, spec):
            evaluator = make()
            divergence = mean_kl(spec, compared, reference, evaluator.evaluate(spec, compared))
            for rows in (rows for side, rows in cases if side == size):
                positions = random_positions(spec, 2 * rows + 64)[:rows]
                found.append(
                    Contender(
                        _name(labels),
                        "positions/s",
                        _step(evaluator, spec, positions),
                        group=f"{size}x{size}, batch {rows:3}",
                        peer=peer,
                        facts=lambda divergence=divergence: {"mean KL": divergence},  # type: ignore[misc]
                        labels={
                            **labels,
                            "network": network,
                            "size": f"{size}x{size}",
                            "batch": rows,
                            "mean_kl": divergence,
                        },
                    )
                )
    order = {contender.group: i for i, contender in enumerate(reversed(found))}
    return sorted(found, key=lambda contender: -order[contender.group])


def own_positions(
    spec: GameSpec, evaluator: NetworkEvaluator, rows: int, seed: int = 1
) -> Positions:
    """Positions from games that a network plays by its bare policy, from all stages of them.

    ``rows`` at most: what happens to be finished is left out.
    """
    random = np.random.default_rng(seed)
    positions = spec.allocate(rows)
    lengths = random.integers(0, spec.points, size=rows)
    for ply in range(spec.points):
        going = ~spec.finished(positions) & (lengths > ply)
        logits = evaluator.evaluate(spec, positions).policy_logits
        drawn = logits + random.gumbel(size=logits.shape)
        drawn[~spec.candidates(positions)] = -np.inf
        spec.play(positions, np.where(going, drawn.argmax(axis=1), -1))
    kept: Positions = positions[~spec.finished(positions)]
    return kept


def _lively(model: PolicyValueNet) -> PolicyValueNet:
    """The same network; where a fresh one is silent (heads, residual branches), random numbers."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.1)
    return model


def _name(labels: dict[str, object]) -> str:
    threads = labels["threads"]
    precision = "" if labels["precision"] == "int8" == labels["backend"] else labels["precision"]
    return f"{labels['backend']} {precision}".strip() + f", {threads} thread{'s'[: threads != 1]}"


def _step(evaluator: NetworkEvaluator, spec: GoSpec, positions: Positions) -> Callable[[], int]:
    def step() -> int:
        evaluator.evaluate(spec, positions)
        return len(positions)

    return step


def mean_kl(spec: GoSpec, positions: Positions, exact: Evaluation, found: Evaluation) -> float:
    """Mean KL(exact || found), in nats, of the policies over legal actions."""
    legal = spec.legal(positions)
    p, q = (
        softmax(np.where(legal, logits.astype(np.float64), -np.inf))
        for logits in (exact.policy_logits, found.policy_logits)
    )
    ratio = np.log(np.maximum(p, 1e-30)) - np.log(np.maximum(q, 1e-30))
    return float((p * ratio).sum(axis=1).mean())


def as_row(rate: Rate) -> dict[str, object]:
    """Return what ``miai benchmark evaluator --json`` prints of a rate."""
    return {**rate.labels, "positions_per_s": rate.value}
