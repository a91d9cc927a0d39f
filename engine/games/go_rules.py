"""The rule sets of Go, under the names that players use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    # Tromp and Taylor, "The Logical Rules of Go"
    "tromp-taylor": {"komi": 7.5, "ko": "positional", "suicide": True},
    # Chinese Weiqi Association 2002; handicap stones count, so White gets a point for each
    "chinese": {"komi": 7.5, "ko": "positional", "handicap_bonus": "stones"},
    # Nihon Kiin 1989: without the judgement of seki, triple ko and bent four, see GoSpec.scoring
    "japanese": {"komi": 6.5, "ko": "simple", "scoring": "territory"},
    "korean": {"komi": 6.5, "ko": "simple", "scoring": "territory"},
    # American Go Association: White gets a point for each handicap stone but the first
    "aga": {"komi": 7.5, "ko": "situational", "handicap_bonus": "stones-1"},
    # New Zealand Go Society
    "new-zealand": {"komi": 7.0, "ko": "situational", "suicide": True},
}
"""Maps a name to the fields of :class:`~engine.games.go.GoSpec` that it sets."""
