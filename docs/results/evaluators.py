"""Measures what ``evaluators.md`` says, and draws its picture.

    python docs/results/evaluators.py rates OUT.json       # some minutes
    python docs/results/evaluators.py accuracy NET OUT.json
    python docs/results/evaluators.py match NET 50 50 400 OUT.json
    python docs/results/evaluators.py match NET 160 32 100 OUT.json
    python docs/results/evaluators.py plot RATES.json OUT.png
    python docs/results/evaluators.py tables RATES.json

Rates are positions per second of processor time in one thread, backends in turns: on a machine that
does other things beside, that is the rate of one core, and time spent waiting does not count.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import llvmlite.ir as ir
import numpy as np
import torch
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from agents.evaluators.int8 import Int8Evaluator
from agents.evaluators.int8_forms import I32, I64, Form, forms_of_this_cpu
from agents.evaluators.int8_tile import _alloca, _loop
from agents.evaluators.openvino_evaluator import OpenVinoEvaluator
from agents.evaluators.torch_evaluator import TorchEvaluator
from agents.network.calibration import calibrate, inputs_of, random_positions
from agents.network.checkpoint import load_stored
from agents.network.folded import FoldedNetwork, fold_model
from agents.protocol import Decision, Limit, Turn
from agents.search_agent import SearchAgent
from arena.play.match import play_match
from engine.games import GoSpec
from miai.measure.evaluator import EagerTorch, _lively, mean_kl, own_positions
from miai.measure.networks import find_network

ROUNDS, TURN_S = 5, 0.06
NETWORKS = ("b4c32", "b6c64", "b10c128")
BATCHES = (1, 4, 16, 64, 256)
SIZES = (5, 9, 13, 19)
FEW = ("int8 avx512-vnni", "int8 avx2", "torch float32", "openvino int8")


def makers(network: str, size: int) -> tuple[dict[str, Any], FoldedNetwork]:
    """What makes each backend's evaluator, in one thread."""
    spec = GoSpec(size, size, komi=7.0)
    model = _lively(find_network(network, GoSpec(9, 9, komi=7.0)))
    folded = fold_model(model)
    calibration = calibrate(folded, inputs_of(folded.config, spec))
    found: dict[str, Any] = {
        f"int8 {form.name}": lambda form=form: Int8Evaluator(folded, calibration, 1, form)
        for form in forms_of_this_cpu()
    }
    found["torch float32"] = lambda: TorchEvaluator(model, "float32")
    found["torch float32, eager"] = lambda: EagerTorch(model)
    found["torch bfloat16"] = lambda: TorchEvaluator(model, "bfloat16")
    for precision in ("float32", "bfloat16", "int8"):
        found[f"openvino {precision}"] = lambda kind=precision: OpenVinoEvaluator(folded, kind, 1)
    return found, folded


def rates() -> dict[str, Any]:
    """Every backend by network; some by batch and by board."""
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for network in NETWORKS:
        rows += race(network, 9, (64,), None)
        print(json.dumps(rows[-11:]), file=sys.stderr, flush=True)
    rows += race("b6c64", 9, BATCHES, FEW)
    rows += race("b4c32", 9, (1, 64), FEW[:1])
    for size in SIZES:
        rows += race("b6c64", size, (32,), FEW)
    return {"peak_gops": {form.name: peak(form) for form in forms_of_this_cpu()}, "rates": rows}


def race(
    network: str, size: int, batches: tuple[int, ...], names: tuple[str, ...] | None
) -> list[dict[str, Any]]:
    """Positions per second of each backend and batch, in turns, the median of all turns."""
    spec = GoSpec(size, size, komi=7.0)
    made, folded = makers(network, size)
    evaluators = {name: made[name]() for name in names or made if name in made}
    positions = {batch: random_positions(spec, 2 * batch + 64)[:batch] for batch in batches}
    turns: dict[tuple[str, int], list[float]] = {}
    for turn in range(ROUNDS + 1):
        for name, evaluator in evaluators.items():
            for batch in batches:
                rate = one_turn(evaluator, spec, positions[batch], TURN_S if turn else 0.0)
                if turn:
                    turns.setdefault((name, batch), []).append(rate)
    products = products_beside_none(folded, size)
    return [
        {
            "backend": name,
            "network": network,
            "size": size,
            "batch": batch,
            "positions_per_s": statistics.median(found),
            "gops": 2e-9 * products * statistics.median(found),
        }
        for (name, batch), found in turns.items()
    ]


def one_turn(evaluator: Any, spec: GoSpec, positions: Any, seconds: float) -> float:
    started, done = time.process_time(), 0
    while True:
        evaluator.evaluate(spec, positions)
        done += len(positions)
        elapsed = time.process_time() - started
        if elapsed >= seconds:
            return done / elapsed


def products_beside_none(network: FoldedNetwork, size: int) -> int:
    """Products of an evaluation, those with zeros beside the board left out."""
    total = network.multiply_adds(size * size)
    for affine in network.convolutions():
        if affine.weight.shape[2] == 3:
            beside = 9 * size * size - (3 * size - 2) ** 2
            total -= beside * affine.weight.shape[0] * affine.weight.shape[1]
    return total


def peak(form: Form) -> float:
    """Billion operations a second of the form's instructions on registers alone, one core."""
    chains = 10

    @intrinsic
    def run(typingctx, count):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
            vector = ir.VectorType(I32, form.lanes)
            start = [ir.Constant(vector, [k] * form.lanes) for k in range(chains)]
            slots = [_alloca(builder, vector, value) for value in start]
            with _loop(builder, values[0]) as k:
                low = builder.trunc(k, I32)
                left = builder.insert_element(ir.Constant(vector, [3] * form.lanes), low, I32(0))
                for number, slot in enumerate(slots):
                    # Weights that differ: a product that several sums share would be made once.
                    right = ir.Constant(vector, [0x01030507 * (number + 1)] * form.lanes)
                    builder.store(form.dot(builder, builder.load(slot), left, right), slot)
            total = builder.load(slots[0])
            for slot in slots[1:]:
                total = builder.xor(total, builder.load(slot))
            return builder.zext(builder.extract_element(total, I32(0)), I64)

        return types.int64(types.int64), codegen

    @njit
    def loop(count):  # type: ignore[no-untyped-def]
        return run(count)

    count = 2_000_000
    loop(count)
    best = 0.0
    for _ in range(10):
        started = time.process_time()
        loop(count)
        elapsed = time.process_time() - started
        best = max(best, 2e-9 * count * chains * form.lanes * form.group / elapsed)
    return best


def accuracy(path: Path) -> dict[str, Any]:
    """How far 8 bits are from float32 on positions of the network's own games."""
    spec = GoSpec(9, 9, komi=7.0)
    exact = TorchEvaluator.from_file(path, "float32")
    positions = own_positions(spec, exact, 4096, seed=5)
    reference = exact.evaluate(spec, positions)
    network = load_stored(path).network
    own = own_positions(spec, exact, 256, seed=77)
    games = calibrate(network, inputs_of(network.config, spec, own))
    found = {
        "int8, calibrated on random games or as stored": Int8Evaluator.from_file(path, spec),
        "int8, calibrated on own games": Int8Evaluator(network, games),
        "openvino int8": OpenVinoEvaluator.from_file(path, spec, "int8"),
        "openvino bfloat16": OpenVinoEvaluator.from_file(path, spec, "bfloat16"),
        "torch bfloat16": TorchEvaluator.from_file(path, "bfloat16"),
    }
    rows = []
    legal = spec.legal(positions)
    best = np.where(legal, reference.policy_logits, -np.inf).argmax(axis=1)
    for name, evaluator in found.items():
        got = evaluator.evaluate(spec, positions)
        same = np.where(legal, got.policy_logits, -np.inf).argmax(axis=1) == best
        rows.append(
            {
                "backend": name,
                "mean_kl": mean_kl(spec, positions, reference, got),
                "mean_change_of_q": float(np.abs(got.q - reference.q).mean()),
                "same_best_action": float(same.mean()),
            }
        )
    return {"positions": len(positions), "rows": rows}


class Timed(SearchAgent):
    """Knows how much processor time its thinking took."""

    seconds = 0.0

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        started = time.thread_time()
        found = super().choose(turns)
        self.seconds += time.thread_time() - started
        return found


def match(path: Path, ours: int, theirs: int, games: int) -> dict[str, Any]:
    """8 bits against torch in float32, the same network, in simulations a move."""
    spec = GoSpec(9, 9, komi=7.0)
    torch.set_num_threads(1)
    eight = Timed("int8", Int8Evaluator.from_file(path, spec), Limit(simulations=ours))
    exact = TorchEvaluator.from_file(path, "float32")
    whole = Timed("float32", exact, Limit(simulations=theirs))
    result = play_match(spec, eight, whole, games, 1, games_at_once=128)
    return {
        "simulations": (ours, theirs),
        "processor_seconds": (eight.seconds, whole.seconds),
        "games": games,
        "wins": result.wins,
        "draws": result.draws,
        "losses": result.losses,
        "pairs": result.pairs,
        "distinct": result.distinct,
        "elo": result.elo,
        "elo_low": result.elo_low,
        "elo_high": result.elo_high,
    }


def tables(source: Path) -> None:
    """Print what ``evaluators.md`` shows of the rates."""
    facts = json.loads(source.read_text())
    rows = facts["rates"]
    ours = FEW[0]

    def show(title: str, key: str, chosen: list[dict[str, Any]]) -> None:
        columns = list(dict.fromkeys(row[key] for row in chosen))
        rate = {(row["backend"], row[key]): row["positions_per_s"] for row in chosen}
        print(f"\n| {title} | {' | '.join(map(str, columns))} |")
        print("|---|" + "---|" * len(columns))
        for name in dict.fromkeys(row["backend"] for row in chosen):
            cells = []
            for column in columns:
                cell = f"{rate[name, column]:,.0f}"
                if name != ours:
                    cell += f" ({rate[ours, column] / rate[name, column]:.2f})"
                cells.append(cell)
            print(f"| {name} | {' | '.join(cells)} |")

    first: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        first.setdefault((row["backend"], row["network"], row["size"], row["batch"]), row)
    every = list(first.values())
    show("9x9, batch 64", "network", [r for r in every if (r["size"], r["batch"]) == (9, 64)])
    by_batch = [r for r in every if (r["network"], r["size"]) == ("b6c64", 9)]
    few = [r for r in by_batch if r["backend"] in FEW and r["batch"] != 32]
    few.sort(key=lambda row: row["batch"])
    show("b6c64, 9x9, by batch", "batch", few)
    show("b6c64, batch 32, by board", "size", [r for r in every if r["batch"] == 32])
    print("\n| form | peak, GOPS | " + " | ".join(NETWORKS) + " |")
    print("|---|---|" + "---|" * len(NETWORKS))
    for form, most in facts["peak_gops"].items():
        found = [first[f"int8 {form}", network, 9, 64]["gops"] for network in NETWORKS]
        cells = " | ".join(f"{gops:.0f} ({gops / most:.0%})" for gops in found)
        print(f"| {form} | {most:.0f} | {cells} |")


def plot(source: Path, target: Path) -> None:
    """Rates by network, batch and board."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    rows = json.loads(source.read_text())["rates"]
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(13, 4), layout="constrained")
    names = list(dict.fromkeys(row["backend"] for row in rows if row["batch"] == 64))
    for k, name in enumerate(names):
        found = [r for r in rows if r["backend"] == name and (r["size"], r["batch"]) == (9, 64)]
        by_network = {r["network"]: r["positions_per_s"] for r in found}
        at = [x + 0.8 * k / len(names) for x in range(len(NETWORKS))]
        values = [by_network[network] for network in NETWORKS]
        left.bar(at, values, 0.8 / len(names), label=name)
    left.set_xticks([x + 0.35 for x in range(len(NETWORKS))], NETWORKS)
    left.set(yscale="log", title="9x9, batch 64", ylabel="positions/s, one core")
    left.legend(fontsize=6)
    for name in FEW:
        mine = [r for r in rows if r["backend"] == name and r["network"] == "b6c64"]
        batch: dict[int, float] = {}
        for row in mine:
            if row["size"] == 9 and row["batch"] != 32:
                batch.setdefault(row["batch"], row["positions_per_s"])
        middle.plot(*zip(*sorted(batch.items()), strict=True), "o-", label=name)
        size = sorted((r["size"], r["positions_per_s"]) for r in mine if r["batch"] == 32)
        right.plot(*zip(*size, strict=True), "o-", label=name)
    middle.set(xscale="log", ylim=(0, None), title="b6c64, 9x9", xlabel="batch")
    right.set(yscale="log", title="b6c64, batch 32", xlabel="board's width")
    middle.legend(fontsize=7)
    figure.savefig(target, dpi=90)


def main(words: list[str]) -> None:
    if words[0] == "plot":
        plot(Path(words[1]), Path(words[2]))
        return
    if words[0] == "tables":
        tables(Path(words[1]))
        return
    if words[0] == "rates":
        found = rates()
    elif words[0] == "accuracy":
        found = accuracy(Path(words[1]))
    else:
        found = match(Path(words[1]), *map(int, words[2:5]))
    Path(words[-1]).write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
