"""Tree search over batches of slots, independent of any game and any network."""

from __future__ import annotations

from engine.search.budget import Change
from engine.search.conductor import Search
from engine.search.config import SearchConfig
from engine.search.evaluation import Evaluation, Evaluator
from engine.search.reading import Roots
from engine.search.result import SearchResult

__all__ = ["Change", "Evaluation", "Evaluator", "Roots", "Search", "SearchConfig", "SearchResult"]
