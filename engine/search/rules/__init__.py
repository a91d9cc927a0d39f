"""The search rules, by name. To add one, see ``docs/add-a-search-rule.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.search.rule import Rule
from engine.search.rules import puct
from engine.search.rules.gumbel import Gumbel
from engine.search.rules.puct import Puct

RULES: Final[dict[str, type[Rule[Any]]]] = {rule.name: rule for rule in (Gumbel, Puct)}

LEARN: Final[Mapping[str, Any]] = {"algorithm": Gumbel.name}
"""Search settings of self-play, unless a run sets others."""
PLAY: Final[Mapping[str, Any]] = {"algorithm": Puct.name, "endgame": True}
"""Search settings of a network that plays to win."""
ROLLOUTS: Final[Mapping[str, Any]] = {**PLAY, **puct.ROLLOUTS, "threats": 0, "endgame": False}
"""Search settings for play to win with random games in place of a network: a fixed yardstick."""
