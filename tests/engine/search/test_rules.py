"""What holds for every search rule, and for the sources around them: a rule is one module."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.games import GoSpec
from engine.search import Search, SearchConfig
from engine.search.rule import RuleSettings
from engine.search.rules import LEARN, PLAY, ROLLOUTS, RULES
from selfplay.run.config import RunConfig
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("engine", "agents", "selfplay", "arena", "miai")
HOME = ROOT / "engine" / "search" / "rules"
EXPECTED_ELSEWHERE = (
    "late_gumbel_scale",  # a key of the configuration of old runs
    "random.gumbel(",  # NumPy's distribution
)
EVERY_RULE = pytest.mark.parametrize("name", list(RULES))


def names_a_rule(source: str) -> list[str]:
    for expected in EXPECTED_ELSEWHERE:
        source = source.replace(expected, "")
    return re.findall("|".join(RULES), source, re.IGNORECASE)


def test_no_other_module_names_a_rule() -> None:
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    found = {path: names_a_rule(path.read_text("utf-8")) for path in sources}
    assert {path for path in found if found[path]} == {
        path for path in sources if HOME in path.parents
    }


def test_two_rules_do_not_share_a_setting() -> None:
    """The settings stand side by side in one record, so equal names would be one setting."""
    shared = {each.name for each in fields(RuleSettings)}
    owners = Counter(each.name for rule in RULES.values() for each in fields(rule.settings))
    assert {name for name, count in owners.items() if count > 1} == shared


def test_the_choices_of_the_registry_are_settings() -> None:
    for settings in (LEARN, PLAY, ROLLOUTS, *({"algorithm": name} for name in RULES)):
        assert SearchConfig(**settings).algorithm == settings["algorithm"]
    with pytest.raises(ConfigError, match=f"from {', '.join(RULES)}, got 'pukt'"):
        SearchConfig(algorithm="pukt")


@EVERY_RULE
def test_each_rule_says_who_it_is(name: str) -> None:
    rule = RULES[name]
    assert rule.name == name and rule.summary and rule.__doc__
    assert issubclass(rule.settings, RuleSettings)
    assert all(each.metadata.get("why") for each in fields(rule.settings)[1:])
    assert 0.0 <= rule.fresh_share <= 1.0
    for settings in rule.pinned:
        SearchConfig(algorithm=name, **settings)


@EVERY_RULE
def test_settings_that_must_act_are_refused_under_another_rule(name: str) -> None:
    settings = [each for each in fields(RULES[name].settings) if each.metadata.get("must_act")]
    for each in settings:
        changed = replace(SearchConfig(algorithm=name), **{each.name: each.default + 0.25})
        assert not changed.without_effect()
        for other in set(RULES) - {name}:
            idle = replace(changed, algorithm=other)
            assert idle.without_effect() == {name: {each.name: each.default + 0.25}}
            with pytest.raises(ConfigError, match=rf"search\.algorithm={name} .*{each.name}"):
                replace(RunConfig(), search=idle).check()


@EVERY_RULE
def test_a_searched_root_is_read_whole(name: str) -> None:
    """Every visit is counted, the policy is a distribution, the action was searched."""
    spec = GoSpec(5, 5, 0.5)
    slots, seeds = np.arange(6, dtype=np.int32), np.full(6, 3, np.uint64)
    config = SearchConfig(algorithm=name, exact_endings=False)
    search = Search(spec, ScriptedEvaluator(arbitrary), 6, config, 100)
    search.begin(slots, random_positions(spec, 6, 8, seed=2), seeds, seeds, noise_scale=1.0)
    search.run(slots, 50)
    roots = search.read(slots)
    assert roots.simulations.tolist() == [50] * 6
    assert roots.policy.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert not (roots.policy[~search.spec.candidates(search.roots)] > 0).any()
    assert (roots.visits[slots, roots.action] > 0).all()
    extra = RULES[name].exploration(config, roots.prior[0], roots.visits[0])
    assert extra is None or (extra.shape == (spec.actions,) and np.isfinite(extra).all())
