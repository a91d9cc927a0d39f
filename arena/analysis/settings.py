"""Settings of a search under the names that KataGo gives them, one at a time, checked.

GTP's ``kata-set-param`` and the analysis protocol's ``overrideSettings`` both read them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from agents.search_agent import PLAY_SEARCH
from engine.errors import ConfigError
from engine.search import SearchConfig

POINTS_OF_VIEW: Final = ("SIDETOMOVE", "BLACK", "WHITE")
_WIDE_NOISE: Final = 4.0
_SEARCH_FIELDS: Final[Mapping[str, str]] = {
    each.metadata["katago"]: each.name for each in fields(SearchConfig) if "katago" in each.metadata
}
"""Settings of a search that KataGo has too."""
_HARMLESS: Final = frozenset(
    (
        *("numSearchThreads", "numAnalysisThreads", "numSearchThreadsPerAnalysisThread"),
        *("nnMaxBatchSize", "nnCacheSizePowerOfTwo", "homeDataDir"),
        *("logAllRequests", "logAllResponses", "logSearchInfo", "logToStderr", "logFile", "logDir"),
    )
)
"""Settings of KataGo about threads, memory and logs, which change no result: taken and left."""


@dataclass(frozen=True)
class SearchSettings:
    """What a search of a protocol is limited and led by."""

    search: SearchConfig = PLAY_SEARCH
    max_visits: int | None = field(
        default=None, metadata={"name": "maxVisits", "min": 1, "max": 1_000_000_000}
    )
    max_time_s: float | None = field(
        default=None, metadata={"name": "maxTime", "min": 0.001, "max": 1e9}
    )
    wide_root_noise: float = field(
        default=0.0,
        metadata={
            "name": "wideRootNoise",
            "min": 0.0,
            "max": 5.0,
            "why": "flattens the root's policy as KataGo's does; adds no noise to values",
        },
    )
    point_of_view: str = field(default="SIDETOMOVE", metadata={"name": "reportAnalysisWinratesAs"})
    allow_resignation: bool = field(default=True, metadata={"name": "allowResignation"})
    resign_threshold: float = field(
        default=-0.95,
        metadata={"name": "resignThreshold", "min": -1.0, "max": 0.0, "why": "of q, as KataGo"},
    )
    resign_moves: int = field(
        default=3, metadata={"name": "resignConsecTurns", "min": 1, "max": 1000}
    )
    ponder: bool = field(default=False, metadata={"name": "ponderingEnabled"})

    @property
    def config(self) -> SearchConfig:
        """How to search, with the width that ``wideRootNoise`` asks for."""
        if self.wide_root_noise == 0.0:
            return self.search
        temperature = _SEARCH_FIELDS["rootPolicyTemperature"]
        flatter = getattr(self.search, temperature) * (1.0 + _WIDE_NOISE * self.wide_root_noise)
        return replace(self.search, **{temperature: min(flatter, 10.0)})


_OWN_FIELDS: Final = {f.metadata["name"]: f for f in fields(SearchSettings) if f.metadata}
_SYNONYMS: Final = {"analysisWideRootNoise": "wideRootNoise", "maxPlayouts": "maxVisits"}


def names() -> list[str]:
    """Every setting that there is."""
    return sorted([*_OWN_FIELDS, *_SEARCH_FIELDS, *_SYNONYMS])


def is_known(name: str) -> bool:
    """Whether a setting exists, here or in KataGo without a meaning here."""
    return name in names() or name in _HARMLESS


def setting(settings: SearchSettings, name: str) -> Any:
    """Return one setting.

    Raises:
        ConfigError: if there is none of that name.
    """
    name = _SYNONYMS.get(name, name)
    if name in _SEARCH_FIELDS:
        return getattr(settings.search, _SEARCH_FIELDS[name])
    if name in _OWN_FIELDS:
        return getattr(settings, _OWN_FIELDS[name].name)
    raise ConfigError(f"expected a parameter from {', '.join(names())}, got {name!r}")


def with_setting(settings: SearchSettings, name: str, value: Any) -> SearchSettings:
    """Return settings with one changed; ``value`` is a number, a flag, a word, or text of one.

    Settings of KataGo about threads, memory and logs change nothing.

    Raises:
        ConfigError: if there is none of that name, or the value cannot be its.
    """
    if name in _HARMLESS:
        return settings
    present = setting(settings, name)
    name = _SYNONYMS.get(name, name)
    if name in _SEARCH_FIELDS:
        here = {f.name: f for f in fields(SearchConfig)}[_SEARCH_FIELDS[name]]
        number = _number(name, value, here.metadata, type(present))
        return replace(settings, search=replace(settings.search, **{here.name: number}))
    own = _OWN_FIELDS[name]
    changed: Any
    if isinstance(present, bool):
        changed = _flag(name, value)
    elif isinstance(present, str):
        changed = _view(name, value)
    else:
        kind = int if name in ("maxVisits", "resignConsecTurns") else float
        changed = _number(name, value, own.metadata, kind)
    return replace(settings, **{own.name: changed})


def _number(name: str, value: Any, limits: Mapping[str, Any], kind: type) -> Any:
    least, most = limits.get("min", 0.0), limits.get("max", 1e9)
    what = "a whole number" if kind is int else "a number"
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value)
        fits = least <= number <= most and (kind is float or number == int(number))
    except (ValueError, TypeError, OverflowError):
        fits = False
    if not fits:
        raise ConfigError(f"expected {what} from {least:g} to {most:g} for {name}, got {value!r}")
    return kind(number)


def _flag(name: str, value: Any) -> bool:
    word = str(value).lower()
    if word not in ("true", "false"):
        raise ConfigError(f"expected true or false for {name}, got {value!r}")
    return word == "true"


def _view(name: str, value: Any) -> str:
    word = str(value).upper()
    if word not in POINTS_OF_VIEW:
        raise ConfigError(f"expected {name} from {', '.join(POINTS_OF_VIEW)}, got {value!r}")
    return word
