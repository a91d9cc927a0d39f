"""A training run and its folder.

The names below are loaded on first use. Code that reads a run's folder then needs neither torch
nor the loop.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selfplay.run.config import GameConfig, RunConfig, ScheduleConfig
    from selfplay.run.loop import Gate, Progress, Run

__all__ = ["GameConfig", "Gate", "Progress", "Run", "RunConfig", "ScheduleConfig"]

_IN_LOOP = ("Gate", "Progress", "Run")


def __getattr__(name: str) -> object:
    """Import and return one of the package's names."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "loop" if name in _IN_LOOP else "config"
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
