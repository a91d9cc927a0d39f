"""Settings of a run whose games are played on a Ray cluster. They may change at each resume."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class RayConfig:
    """How closely workers and learner keep together, and what they may use."""

    strict: bool = field(
        default=False,
        metadata={
            "why": "every cycle takes one lot of each thread, played by the newest network, in the "
            "order of their numbers: a run under a count then repeats byte for byte"
        },
    )
    ahead: int = field(
        default=1,
        metadata={"min": 1, "max": 64, "unit": "lots per thread", "why": "played while it learns"},
    )
    lag: int = field(
        default=2,
        metadata={
            "min": 1,
            "unit": "versions",
            "why": "a row's network is at most this much older than the newest; workers wait else",
        },
    )
    store_mb: int = field(
        default=512,
        metadata={
            "min": 80,
            "unit": "MB",
            "why": "of lots that wait or are on their way, and the object store of a local cluster",
        },
    )
    silence_s: float = field(
        default=600.0,
        metadata={
            "min": 1.0,
            "unit": "s",
            "why": "a worker whose lot takes longer than this is given up",
        },
    )
    start_s: float = field(
        default=300.0,
        metadata={"min": 1.0, "unit": "s", "why": "the first worker must be there by then"},
    )
    evaluators: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 1024,
            "why": "actors that evaluate for all workers, one for each device; with 0 each worker "
            "evaluates by itself",
        },
    )
    device: Literal["cpu", "cuda"] = field(
        default="cpu", metadata={"why": "of these actors; cuda: a GPU each, by torch"}
    )
    dashboard: bool = field(
        default=False, metadata={"why": "a local cluster with Ray's dashboard (miai[ray] has it)"}
    )
