"""Contenders, the race, and the conditions it was run under, without games."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from agents.evaluators.auto import cores

_ROUNDS = 5
_PACKAGES = ("numpy", "numba", "torch", "open-spiel", "openvino")


@dataclass(frozen=True)
class Contender:
    """A program that does pieces of work that can be counted."""

    name: str
    unit: str
    """What is counted, such as ``games/s``."""
    step: Callable[[], int]
    """Does one piece of work and returns how many units it was."""
    group: str = ""
    """Contenders of one group do the same work; its first is what the others are set against."""
    peer: bool = False
    """Whether it is another program's code."""
    facts: Callable[[], dict[str, float]] = field(default=dict)
    """What else is known after the work, such as the mean length of the games."""
    labels: Mapping[str, object] = field(default_factory=dict)
    """What is measured, for programs that read the result: game, size, threads, ..."""


@dataclass(frozen=True)
class Rate:
    """What a contender reached."""

    name: str
    group: str
    value: float
    """Median over the rounds."""
    unit: str
    peer: bool
    ratio: float
    """The group's first contender over this one: 1 for the first itself."""
    facts: dict[str, float]
    labels: Mapping[str, object]


def race(contenders: Sequence[Contender], seconds: float) -> list[Rate]:
    """Let the contenders work in turns, ``seconds`` each in all, and return their rates in order.

    Each does one uncounted step first (kernels compile, caches fill). Turns are interleaved:
    absolute rates of a shared machine drift by 20 % and more, ratios within one race much less.
    """
    for contender in contenders:
        contender.step()
    turns: list[list[float]] = [[] for _ in contenders]
    for _ in range(_ROUNDS):
        for contender, rates in zip(contenders, turns, strict=True):
            rates.append(_rate(contender.step, seconds / _ROUNDS))
    medians = [statistics.median(rates) for rates in turns]
    first: dict[str, float] = {}
    for contender, median in zip(contenders, medians, strict=True):
        first.setdefault(contender.group, median)
    return [
        Rate(
            contender.name,
            contender.group,
            median,
            contender.unit,
            contender.peer,
            first[contender.group] / median,
            contender.facts(),
            contender.labels,
        )
        for contender, median in zip(contenders, medians, strict=True)
    ]


def _rate(step: Callable[[], int], seconds: float) -> float:
    started = time.perf_counter()
    done = 0
    while True:
        done += step()
        elapsed = time.perf_counter() - started
        if elapsed >= seconds:
            return done / elapsed


def conditions() -> dict[str, str]:
    """Return what the rates depend on: processor, cores, load, versions."""
    found = {
        "cpu": _cpu_name(),
        "cores": str(cores()),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        found["load before"] = f"{os.getloadavg()[0]:.1f}"
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cpu_name() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
