"""Other settings of fine-tuning, tried out and compared by games in the arena.

A few settings are drawn from a small grid, and each is trained. The half that predicts held-out
rows worse is dropped, but not the setting that was asked for. The others play the starting network.
The best of several noisy results is too high on average, so the winner plays once more from other
openings, and that result counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from agents.network.checkpoint import save_network
from engine.random import MOVE, generator
from miai.strength import Strength, measure_strength
from miai.tuning import FinetuneTask
from selfplay.tune.finetune import FinetuneConfig, Outcome, Step, finetune

KL_WEIGHTS: Final = (0.0, 0.1, 0.3, 1.0, 3.0)
RATE_FACTORS: Final = (0.3, 1.0, 3.0)
RANKS: Final = (1, 2, 4, 8, 16)
MIX_SHARES: Final = (0.25, 0.5, 0.75)
_ATTEMPTS: Final = 1000

Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """One setting, trained, and perhaps played."""

    config: FinetuneConfig
    outcome: Outcome
    loss: float
    """On held-out rows of experts and of self-play, both in full; smaller is better."""
    strength: Strength | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "settings": asdict(self.config),
            "epoch": self.outcome.epoch,
            "held_out_loss": self.loss,
            "top_1": self.outcome.after.top_1.mean,
            "strength": None if self.strength is None else self.strength.as_dict(),
        }


def proposals(base: FinetuneConfig, count: int, seed: int, mixed: bool) -> list[FinetuneConfig]:
    """Return ``count`` distinct settings, ``base`` first; fewer if the grid has no more.

    Rates are multiples of the base's; ranks vary if adapters are trained, mix shares if there are
    rows to mix in.
    """
    random = generator(seed, 0, 0, MOVE)
    found = [base]
    for _ in range(_ATTEMPTS):
        if len(found) >= count:
            break
        drawn = replace(
            base,
            kl_weight=float(random.choice(KL_WEIGHTS)),
            learning_rate=float(base.rate * random.choice(RATE_FACTORS)),
            rank=int(random.choice(RANKS)) if base.parameters == "lora" else base.rank,
            mix_share=float(random.choice(MIX_SHARES)) if mixed else base.mix_share,
        )
        # A rate of 0 is the usual one, so the base may be spelled in two ways.
        same = drawn.rate == base.rate and replace(drawn, learning_rate=base.learning_rate) == base
        if drawn not in found and not same:
            found.append(drawn)
    return found[:count]


def train(task: FinetuneTask, config: FinetuneConfig, on_step: Callable[[Step], None]) -> Trial:
    """Fine-tune with one setting."""
    outcome = finetune(
        task.model,
        task.expert,
        task.held_out,
        config,
        lambda epoch: None,
        on_step=on_step,
        mix=task.mix,
        mix_held_out=task.mix_held_out,
    )
    return Trial(config, outcome, comparable_loss(outcome))


def comparable_loss(outcome: Outcome) -> float:
    """A loss that does not depend on the settings it is compared by."""
    parts = [outcome.after] + ([] if outcome.kept_after is None else [outcome.kept_after])
    weight = FinetuneConfig().value_weight
    return sum(weight * part.value_loss - part.log_likelihood.mean for part in parts)


def finalists(trials: Sequence[Trial]) -> list[Trial]:
    """The better half by held-out loss, and the first: without it, who says that others are better?

    Of those that learned anything.
    """
    learned = sorted((t for t in trials if t.outcome.epoch), key=lambda trial: trial.loss)
    half = learned[: (len(trials) + 1) // 2]
    first = [t for t in trials[:1] if t.outcome.epoch and all(t is not other for other in half)]
    return half + first


def play(
    task: FinetuneTask, trial: Trial, folder: Path, games: int, simulations: int, seed: int
) -> Trial:
    """Let a trial's network play the one it began as."""
    path = folder / f"{trial.loss:.6f}-{seed}.safetensors"
    provenance = task.provenance(trial.config, trial.outcome)
    model = trial.outcome.model
    save_network(path, model, provenance, task.calibration(model))
    strength = measure_strength(
        task.spec, path, task.source, games=games, simulations=simulations, seed=seed
    )
    return replace(trial, strength=strength)


def adjust(
    task: FinetuneTask,
    configs: Sequence[FinetuneConfig],
    folder: Path,
    say: Say,
    *,
    games: int,
    simulations: int,
    seed: int,
    on_step: Callable[[Step], None] = lambda step: None,
    deadline_s: float | None = None,
) -> tuple[Trial | None, list[Trial]]:
    """Try all settings; return the one that the arena likes, confirmed, and all trials.

    Args:
        task: what is learned.
        configs: settings to try, in this order.
        folder: for networks that play; they may be deleted afterwards.
        say: takes a line as each trial ends.
        games: of each match, at most.
        simulations: a move.
        seed: of the matches; the confirming one uses another.
        on_step: is told of every step of training.
        deadline_s: ``time.perf_counter()`` after which nothing new is tried.

    Returns:
        ``None`` instead of a trial if none won more than half its points twice.
    """

    def late() -> bool:
        return deadline_s is not None and time.perf_counter() > deadline_s

    trials: list[Trial] = []
    for config in configs:
        if trials and late():
            say("out of time: no further settings are tried")
            break
        trials.append(train(task, config, on_step))
        say(f"{_named(config)}: held-out loss {trials[-1].loss:.4f}")
    played: list[Trial] = []
    for trial in finalists(trials):
        if played and late():
            say("out of time: no further matches")
            break
        played.append(play(task, trial, folder, games, simulations, seed))
        say(f"{_named(trial.config)}: {played[-1].strength}")
    rest = [trial for trial in trials if all(trial.outcome is not p.outcome for p in played)]
    best = max(played, key=_elo, default=None)
    if best is None or _elo(best) <= 0.0:
        return None, [*played, *rest]
    confirmed = play(task, best, folder, games, simulations, seed + 1)
    say(f"once more, from other openings: {confirmed.strength}")
    return (confirmed if _elo(confirmed) > 0.0 else None), [*played, *rest]


def _elo(trial: Trial) -> float:
    return -np.inf if trial.strength is None else trial.strength.elo


def _named(config: FinetuneConfig) -> str:
    rank = f", rank {config.rank}" if config.parameters == "lora" else ""
    return (
        f"{config.parameters}{rank}, KL {config.kl_weight:g}, rate {config.rate:.2g}, "
        f"mix {config.mix_share:g}"
    )
