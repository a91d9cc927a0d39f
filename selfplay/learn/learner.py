"""From batches to weights: one optimiser step at a time, with averaged weights beside."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.evaluators.torch_evaluator import as_channels_last, fast_precision
from agents.network.config import NetworkConfig
from agents.network.inputs import widen
from agents.network.model import NetworkOutput, PolicyValueNet
from agents.network.rounding import set_rounding
from engine.errors import RunError
from selfplay.data.replay import Batch
from selfplay.learn import losses
from selfplay.learn.by_size import by_size
from selfplay.learn.heads import HEADS, Targets, losses_of
from selfplay.learn.optimizer import make_optimizers
from selfplay.learn.parameters import Parameters
from selfplay.learn.sharing import BatchThreads


def _weight(head: str) -> float:
    """A setting: the weight of a head's loss, as :data:`HEADS` has it."""
    why = {"why": HEADS[head].why} if HEADS[head].why else {}
    return field(default=HEADS[head].weight, metadata={"min": 0.0, **why})


@dataclass(frozen=True)
class LearnerConfig:
    """Settings of the learner."""

    batch: int = field(default=256, metadata={"min": 1, "unit": "rows"})
    weight_decay: float = field(
        default=0.05,
        metadata={"min": 0.0, "why": "without, weights grew until a run on Connect Four blew up"},
    )
    clip: float = field(
        default=5.0, metadata={"min": 0.0, "why": "gradient norm; spikes come with new openings"}
    )
    averaging: float = field(
        default=0.995,
        metadata={"min": 0.0, "max": 1.0, "why": "the network that plays averages ~200 steps"},
    )
    root_share: float = field(
        default=0.2,
        metadata={"min": 0.0, "max": 1.0, "why": "of the search's value in the value target"},
    )
    value_weight: float = _weight("value")
    ownership_weight: float = _weight("ownership")
    score_weight: float = _weight("score")
    reply_weight: float = _weight("reply")
    short_weight: float = _weight("short")
    score_error_weight: float = _weight("score_error")
    future_weight: float = _weight("future")
    adam_share: float = field(
        default=0.25,
        metadata={"min": 0.0, "max": 1.0, "why": "of the learning rate, where Muon has the rest"},
    )
    muon: bool = field(
        default=True, metadata={"why": "learns twice as much from a row as AdamW alone"}
    )
    parameters: Parameters = field(
        default="full", metadata={"why": "lora: adapters beside frozen weights; heads: they alone"}
    )
    rank: int = field(default=8, metadata={"min": 1, "max": 1024, "why": "of the adapters"})


class Learner:
    """Owns the trained model, its averaged twin and the optimiser."""

    def __init__(self, model: PolicyValueNet, config: LearnerConfig, threads: int = 1) -> None:
        """Train ``model``; with more than one of ``threads``, they share every batch.

        The number of threads changes how sums are rounded, so the weights depend on it. They do
        not depend on the speed of the threads.
        """
        self.threads = BatchThreads(threads)
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.config = config
        self._on_board = model.config.plane_names.index("on_board")
        self._average = copy.deepcopy(model).eval().requires_grad_(False)
        self._autocast = fast_precision("cpu") == "bfloat16"
        self._optimizers = make_optimizers(
            model, config.weight_decay, config.muon, config.adam_share
        )
        self._trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.steps = 0

    def predict(self, batch: Batch) -> NetworkOutput:
        """Run the model on a batch, in float32 outputs."""
        return self.threads.predict(self._predict, batch, self._trained)

    def _predict(self, batch: Batch) -> NetworkOutput:
        planes, globals_ = tensors_of(self.model.config, batch)
        # Without its cache, which threads would share; no weight is used twice.
        with torch.autocast("cpu", torch.bfloat16, self._autocast, cache_enabled=False):
            output = by_size(self.model, planes, globals_, self._on_board)
        return in_float32(output)

    def losses(self, batch: Batch, output: NetworkOutput) -> dict[str, Tensor]:
        """Each loss by name, unweighted; ``total`` is their weighted sum."""
        parts = losses_of(output, Targets(batch, self.config.root_share))
        parts["total"] = parts["policy"] + sum(
            getattr(self.config, f"{name}_weight", HEADS[name].weight) * part
            for name, part in parts.items()
            if name != "policy"
        )
        return parts

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, float]:
        """Return each loss on a batch by name, and the ``excess``, without learning from it.

        The excess is the policy's divergence and the value's loss: how far they are from their
        targets. Targets that grow sharper do not lower it.
        """
        parts = self.losses(batch, self.predict(batch))
        policy = torch.from_numpy(batch.policy)
        weight = torch.from_numpy(batch.weight * batch.policy_weight)
        entropy = losses.weighted_mean(-torch.xlogy(policy, policy).sum(dim=1), weight)
        parts["excess"] = parts["policy"] - entropy + parts["value"]
        return {name: float(loss) for name, loss in parts.items()}

    def excess(self, batch: Batch) -> float:
        """Return the excess of :meth:`measure` alone."""
        return self.measure(batch)["excess"]

    def train_step(self, batch: Batch, learning_rate: float) -> dict[str, float]:
        """Take one step; return the losses before it.

        Raises:
            RunError: if the loss is not finite; the weights are as before the step.
        """
        self.model.train()
        return self.step(self.losses(batch, self.predict(batch)), learning_rate)

    def step(self, parts: dict[str, Tensor], learning_rate: float) -> dict[str, float]:
        """Descend from ``parts["total"]``; for callers with losses of their own.

        Raises:
            RunError: as :meth:`train_step`.
        """
        values = {name: float(value.detach()) for name, value in parts.items()}
        if not math.isfinite(values["total"]):
            raise RunError(
                f"expected a finite loss, got {values!r} at step {self.steps}; "
                "lower schedule.learning_rate and go on from the last checkpoint"
            )
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        parts["total"].backward()
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip))
        if not math.isfinite(norm):
            raise RunError(
                f"expected a finite gradient, got norm {norm!r} at step {self.steps}; "
                "lower schedule.learning_rate and go on from the last checkpoint"
            )
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * group["share"]
            optimizer.step()
        self.steps += 1
        self._follow()
        return values

    def set_rounding(self, on: bool) -> None:
        """Train with weights and activations rounded to 8 bits, or no longer."""
        set_rounding(self.model, on)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average; it is warmed up so that early steps are not forgotten slowly."""
        keep = min(self.config.averaging, (1.0 + self.steps) / (10.0 + self.steps))
        mine, theirs = self._average.state_dict(), self.model.state_dict()
        floats = [name for name, value in mine.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [mine[name] for name in floats], [theirs[name] for name in floats], 1.0 - keep
        )

    def averaged_model(self) -> PolicyValueNet:
        """The network that plays. It goes on changing: copy or fold it to keep it."""
        return self._average

    def state_tensors(self) -> dict[str, Tensor]:
        """Everything that :meth:`load_state_tensors` needs to go on bit for bit."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self._average.state_dict().items()}
        for index, (parameter, optimizer) in enumerate(self._parameters()):
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{index}.{key}"] = torch.as_tensor(value)
        tensors["steps"] = torch.tensor(self.steps)
        return {name: value.detach().clone().contiguous() for name, value in tensors.items()}

    def load_state_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Undo :meth:`state_tensors`.

        Raises:
            KeyError, ValueError: if tensors are missing or belong to another network.
        """

        def part(prefix: str) -> dict[str, Tensor]:
            length = len(prefix)
            return {k[length:]: v for k, v in tensors.items() if k.startswith(prefix)}

        try:
            self.model.load_state_dict(part("model."))
            self._average.load_state_dict(part("average."))
        except RuntimeError as error:
            raise ValueError(f"the state is of another network: {error}") from error
        for index, (parameter, optimizer) in enumerate(self._parameters()):
            state = part(f"optimizer.{index}.")
            optimizer.state.pop(parameter, None)
            if state:
                optimizer.state[parameter] = {
                    key: value.clone(memory_format=torch.preserve_format)
                    if value.dim() == 0
                    else torch.empty_like(parameter).copy_(value)
                    for key, value in state.items()
                }
        self.steps = int(tensors["steps"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The same as :meth:`state_tensors`, as NumPy arrays."""
        return {name: tensor.numpy() for name, tensor in self.state_tensors().items()}

    def load_arrays(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Undo :meth:`arrays`; raises as :meth:`load_state_tensors`."""
        self.load_state_tensors({name: torch.from_numpy(a) for name, a in arrays.items()})

    def _parameters(self) -> list[tuple[nn.Parameter, torch.optim.Optimizer]]:
        return [
            (parameter, optimizer)
            for optimizer in self._optimizers
            for group in optimizer.param_groups
            for parameter in group["params"]
        ]


def in_float32(output: NetworkOutput) -> NetworkOutput:
    """Return the predictions in float32, as the losses need them."""
    return NetworkOutput(
        output.policy_logits.float(),
        output.value_logits.float(),
        output.score.float(),
        output.ownership_logits.float(),
        {name: part.float() for name, part in output.teaching.items()},
    )


def tensors_of(config: NetworkConfig, batch: Batch) -> tuple[Tensor, Tensor]:
    """A batch's planes ``(b, planes, H, W)`` and globals, in the order of a network's inputs."""
    layout = batch.layout
    planes, globals_ = widen(config, layout, batch.planes, batch.globals)
    images = as_channels_last(planes, layout.height, layout.width).float()
    return images, torch.from_numpy(globals_)
