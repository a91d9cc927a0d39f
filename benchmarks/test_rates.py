"""Rules, search, evaluator, self-play, with the installed peers beside. Run by ``make bench``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from miai.measure import evaluator, rules, search, selfplay
from miai.measure.rates import Contender

Contend = Callable[[Contender], None]
_CASES = ((9, 1), (9, 64), (19, 64))


def _named(contenders: list[Contender]) -> pytest.MarkDecorator:
    ids = [f"{c.group} {c.name}".strip() for c in contenders]
    return pytest.mark.parametrize("contender", contenders, ids=ids)


@_named(rules.contenders())
@pytest.mark.benchmark(group="rules")
def test_random_games(contend: Contend, contender: Contender) -> None:
    contend(contender)


@_named(search.contenders())
@pytest.mark.benchmark(group="search")
def test_search(contend: Contend, contender: Contender) -> None:
    contend(contender)


@_named(evaluator.contenders("b4c32", _CASES))
@pytest.mark.benchmark(group="evaluator")
def test_evaluator(contend: Contend, contender: Contender) -> None:
    contend(contender)


@_named(selfplay.contenders("go9-quick"))
@pytest.mark.benchmark(group="selfplay")
def test_selfplay(contend: Contend, contender: Contender) -> None:
    contend(contender)
