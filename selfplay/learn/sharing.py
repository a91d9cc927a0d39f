"""Threads that share a batch: each runs the forward and backward pass for a part of the rows.

The threads inside torch's operations spin and wait for each other at every operation. Beside
another busy program two of them take many times as long as one (docs/results/training.md). Here
each thread runs alone from its input to its output, and again from the outputs' gradients to the
weights'. The losses are computed once for the whole batch. The gradients therefore equal those of
one thread, except for the order in which they are added.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

from agents.network.model import NetworkOutput
from agents.torch_threads import limit_threads
from selfplay.data.replay import Batch

Predict = Callable[[Batch], NetworkOutput]


class BatchThreads:
    """Threads that share batches; each has torch to itself."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = None
        if threads > 1:
            self._pool = ThreadPoolExecutor(threads, "learner", limit_threads, (1,))

    def predict(
        self, predict: Predict, batch: Batch, trained: Sequence[nn.Parameter] = ()
    ) -> NetworkOutput:
        """What ``predict`` says of a batch, found part by part.

        Args:
            predict: runs a network; called from all threads at once.
            batch: ``b`` rows, cut into as many parts as there are threads and rows.
            trained: parameters of that network; a backward pass finds their gradients.
        """
        if self._pool is None:
            return predict(batch)
        pieces = batch.split(self.threads)
        if torch.is_grad_enabled():
            names: list[str] = []
            found = _Shared.apply(self._pool, predict, pieces, names, *trained)
        else:
            outputs = list(self._pool.map(torch.no_grad()(predict), pieces))
            names, found = [*outputs[0].teaching], _joined([each.tensors() for each in outputs])
        policy, value, score, ownership, *taught = found
        teaching = dict(zip(names, taught, strict=True))
        return NetworkOutput(policy, value, score, ownership, teaching)


def _joined(outputs: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(parts) for parts in zip(*outputs, strict=True))


class _Shared(torch.autograd.Function):
    """One operation to the graph of the losses, that has a graph of its own for each part."""

    @staticmethod
    def forward(
        ctx: Any,
        pool: ThreadPoolExecutor,
        predict: Predict,
        pieces: list[Batch],
        names: list[str],
        *trained: nn.Parameter,
    ) -> tuple[Tensor, ...]:
        # Threads of a pool track gradients, whatever the thread that waits for them does.
        outputs = list(pool.map(predict, pieces))
        names += outputs[0].teaching
        ctx.pool, ctx.trained, ctx.outputs = pool, trained, [each.tensors() for each in outputs]
        ctx.sizes = [len(piece.weight) for piece in pieces]
        ctx.set_materialize_grads(False)  # a head that no loss looks at costs nothing
        return _joined(ctx.outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        used = [at for at, gradient in enumerate(gradients) if gradient is not None]
        parts = zip(*(gradients[at].split(ctx.sizes) for at in used), strict=True)  # type: ignore[union-attr]

        def descend(
            output: tuple[Tensor, ...], wanted: tuple[Tensor, ...]
        ) -> tuple[Tensor | None, ...]:
            ends = [output[at] for at in used]
            return torch.autograd.grad(ends, ctx.trained, wanted, allow_unused=True)

        found = list(ctx.pool.map(descend, ctx.outputs, parts))
        ctx.outputs = None  # the parts' graphs are used up
        return None, None, None, None, *(_sum(each) for each in zip(*found, strict=True))


def _sum(gradients: tuple[Tensor | None, ...]) -> Tensor | None:
    """Sum of the gradients of a batch's parts, in their order."""
    known = [gradient for gradient in gradients if gradient is not None]
    return functools.reduce(torch.add, known) if known else None
