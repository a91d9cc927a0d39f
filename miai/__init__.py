"""The command line, configuration files, and the few names that a notebook imports.

The names below import their package on first use, so ``miai --help`` imports neither Numba nor
torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.evaluators.rollout import RolloutEvaluator
    from agents.parse import parse_agent
    from agents.protocol import Agent, Decision, Limit, Turn
    from agents.search_agent import SearchAgent
    from engine.errors import MiaiError
    from engine.games import GoSpec, make
    from engine.search import SearchConfig, SearchResult

__version__ = "0.2.0"

_HOMES = {
    "Agent": "agents.protocol",
    "Decision": "agents.protocol",
    "GoSpec": "engine.games",
    "Limit": "agents.protocol",
    "MiaiError": "engine.errors",
    "RolloutEvaluator": "agents.evaluators.rollout",
    "SearchAgent": "agents.search_agent",
    "SearchConfig": "engine.search",
    "SearchResult": "engine.search",
    "Turn": "agents.protocol",
    "make": "engine.games",
    "parse_agent": "agents.parse",
}

__all__ = [
    "Agent",
    "Decision",
    "GoSpec",
    "Limit",
    "MiaiError",
    "RolloutEvaluator",
    "SearchAgent",
    "SearchConfig",
    "SearchResult",
    "Turn",
    "__version__",
    "make",
    "parse_agent",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'miai' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
