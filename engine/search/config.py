"""How a search chooses: the settings of all rules, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from engine.errors import ConfigError
from engine.search.rule import Rule, RuleSettings
from engine.search.rules import LEARN, RULES

_SETTINGS = tuple(rule.settings for rule in RULES.values())


@dataclass(frozen=True)
class SearchConfig(*_SETTINGS, RuleSettings):  # type: ignore[misc]
    """How a search chooses. The budget is given with each search.

    It has the fields of all rules; each rule reads only its own.

    Raises:
        ConfigError: if there is no such rule.
    """

    algorithm: str = field(
        default=LEARN["algorithm"],
        metadata={
            "choices": tuple(RULES),
            "why": "; ".join(f"{rule.name} {rule.summary}" for rule in RULES.values()),
        },
    )

    def __post_init__(self) -> None:
        if self.algorithm not in RULES:
            raise ConfigError(
                f"expected a search algorithm from {', '.join(RULES)}, got {self.algorithm!r}"
            )

    @property
    def rule(self) -> type[Rule[Any]]:
        """The class of the rule that ``algorithm`` names."""
        return RULES[self.algorithm]

    def without_effect(self) -> dict[str, dict[str, Any]]:
        """Return, by rule, changed settings of other rules that this search must not ignore."""
        idle: dict[str, dict[str, Any]] = {}
        own = {each.name for each in fields(self.rule.settings)}
        for rule in RULES.values():
            for each in fields(rule.settings):
                value = getattr(self, each.name)
                if each.metadata.get("must_act") and each.name not in own and value != each.default:
                    idle.setdefault(rule.name, {})[each.name] = value
        return idle
