"""The rule of docs/add-a-search-rule.md, from the page: it searches, plays, teaches, is cached."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Limit, Turn
from agents.search_agent import SearchAgent
from engine.games import ConnectFourSpec, GameSpec, make
from engine.search import Search, SearchConfig
from engine.search.rules import RULES
from engine.search.tree import DRAW, ROOT, UNPROVEN
from selfplay.play.worker import Group, SelfPlayConfig
from tests.support import slow_search
from tests.support.minimax import solver
from tests.support.pages import hashed_name, imported, page, python_blocks
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent
from tests.support.twins import compare

SOURCE = "\n\n".join(python_blocks("add-a-search-rule.md"))
HOME = Path(__file__).resolve().parents[2]
TIC_TAC_TOE = make("tic_tac_toe")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The class of settings that the registry gives once the rule is in it."""
    name = hashed_name("ucb", SOURCE)
    with (
        imported(name, SOURCE, tmp_path_factory.mktemp("page")) as module,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setitem(RULES, "ucb1", module.Ucb)
        kinds = (SearchConfig, module.Ucb.settings)
        yield dataclass(frozen=True)(type("WiderConfig", kinds, {}))


def begun(spec: GameSpec, positions: Any, config: Any, evaluator: Any) -> Search:
    count = len(positions)
    search = Search(spec, evaluator, count, config, 600, max_rows=8 * count)
    numbers = np.arange(count, dtype=np.uint64)
    search.begin(np.arange(count, dtype=np.int32), positions, numbers, numbers)
    return search


@pytest.mark.parametrize("c", [0.3, 1.5])
@pytest.mark.parametrize("spec", [TIC_TAC_TOE, ConnectFourSpec(4, 4)], ids=str)
def test_the_tree_is_the_one_that_plain_python_grows(config: Any, spec: GameSpec, c: float) -> None:
    def ucb(node: slow_search.Node, done: int) -> int:
        untried = [action for action in node.priors if not node.tries(action)]
        if untried:
            return max(untried, key=lambda action: node.priors[action])
        width = math.log(sum(node.tries(action) for action in node.priors))
        return max(
            node.open_actions(),
            key=lambda a: node.q_of(a) + c * math.sqrt(width / node.tries(a)),
        )

    positions = random_positions(spec, 5, 4, seed=3)
    search = begun(
        spec, positions, config("ucb1", c_ucb=c, threats=0), ScriptedEvaluator(arbitrary)
    )
    search.run(np.arange(5, dtype=np.int32), 200)
    for slot in range(5):
        root = slow_search.make_node(spec, arbitrary, positions[slot : slot + 1].copy())
        compare(search, slot, ROOT, slow_search.grow(spec, arbitrary, root, 200, ucb))


def test_forced_wins_are_found(config: Any) -> None:
    """By rules alone, with eight leaves in flight: wins are played, and what is proven is so."""
    positions = random_positions(TIC_TAC_TOE, 80, 6, seed=1)
    positions = positions[~TIC_TAC_TOE.finished(positions)]
    search = begun(TIC_TAC_TOE, positions, config("ucb1"), ScriptedEvaluator(indifferent))
    slots = np.arange(len(positions), dtype=np.int32)
    search.run(slots, 500, leaves=8)
    assert not search.tree.edges["in_flight"].any()
    roots, value = search.read(slots), solver(TIC_TAC_TOE)
    true = np.array([value(positions[slot : slot + 1]) for slot in slots])
    proven = roots.proven != UNPROVEN
    assert np.array_equal(np.where(roots.proven == DRAW, 0, roots.proven)[proven], true[proven])
    assert (true == 1).sum() >= 20 and (proven & (true == 0)).sum() >= 5
    TIC_TAC_TOE.play(positions, roots.action.astype(np.int64))
    for slot in np.flatnonzero(true == 1):
        assert value(positions[slot : slot + 1]) == -1


@pytest.mark.parametrize("limit", [Limit(200), Limit(time_limit_s=0.2)], ids=str)
def test_a_search_agent_plays_by_it(config: Any, limit: Limit) -> None:
    """In simulations, in seconds and when it is interrupted: it needs no budget beforehand."""
    position = TIC_TAC_TOE.allocate(1)
    actions = (0, 3, 1, 4)
    TIC_TAC_TOE.play_line(position, actions)
    turn = Turn(1, TIC_TAC_TOE, position, actions, seed=5)
    agent = SearchAgent("ucb", RolloutEvaluator(), limit, config("ucb1", c_ucb=1.5))
    assert agent.choose([turn])[0].action == 2
    rounds: list[int] = []

    def three_rounds() -> bool:
        rounds.append(1)
        return len(rounds) < 3

    start = Turn(2, TIC_TAC_TOE, TIC_TAC_TOE.allocate(1), (), seed=5)
    agent.think(start, Limit(10**6), lambda result: True, keep_going=three_rounds)
    assert len(rounds) == 3


def test_self_play_learns_from_it(config: Any) -> None:
    settings = SelfPlayConfig(slots=8, simulations=12, simulations_late=12, sampled_plies=4)
    group = Group(TIC_TAC_TOE, RolloutEvaluator(), config("ucb1"), settings, 1, 0, 1)
    finished = sum(len(group.step(12)[1]) for _ in range(12))
    assert finished >= 8


SCRIPT = """
import json, sys, tomllib
import numpy as np
from agents.evaluators.constant import ConstantEvaluator
from engine._kernel import CACHE_FOLDER
from engine.errors import ConfigError
from engine.games import make
from engine.search import Search
from miai.config import build, to_toml
from selfplay.run.config import RunConfig

text = "[search]\\nalgorithm = 'ucb1'\\nc_ucb = 2.5\\n"
config = build(RunConfig, tomllib.loads(text), ["search.c_ucb=0.75"])
config.check()
assert build(RunConfig, tomllib.loads(to_toml(config))) == config
try:
    build(RunConfig, {}, ["search.algorithm=ucb"])
except ConfigError as error:
    refused = str(error)
spec = make("tic_tac_toe")
search = Search(spec, ConstantEvaluator(), 1, config.search, 202)
slots, seeds = np.zeros(1, np.int32), np.zeros(1, np.uint64)
search.begin(slots, spec.allocate(1), seeds, seeds)
search.run(slots, 200)
visits = search.read(slots).visits[0].tolist()
files = {str(path): path.stat().st_mtime_ns for path in CACHE_FOLDER.rglob("*") if path.is_file()}
print(json.dumps([config.search.c_ucb, refused, visits, to_toml(config), files]))
"""


def with_diff(text: str, diff: str) -> str:
    """Apply a diff, hunk by hunk; a blank line parts them."""
    for hunk in diff.split("\n\n"):
        lines = hunk.splitlines()
        before = "\n".join(line[1:] for line in lines if line[0] in " -")
        after = "\n".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


@pytest.mark.slow
def test_one_module_and_one_line_are_all(tmp_path: Path) -> None:
    """In a copy of the program: settings are read, kernels of a second process come from files."""
    for room in ("engine", "agents", "selfplay", "miai"):
        unused = shutil.ignore_patterns("__pycache__", "*.safetensors")
        shutil.copytree(HOME / room, tmp_path / room, ignore=unused)
    rules = tmp_path / "engine" / "search" / "rules"
    (rules / "ucb.py").write_text(SOURCE, encoding="utf-8")
    (diff,) = re.findall(r"```diff\n(.*?)```", page("add-a-search-rule.md"), re.DOTALL)
    registry = rules / "__init__.py"
    registry.write_text(with_diff(registry.read_text("utf-8"), diff), encoding="utf-8")

    def run() -> tuple[float, str, list[int], str, dict[str, int]]:
        environment = {**os.environ, "MIAI_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found: tuple[float, str, list[int], str, dict[str, int]] = tuple(json.loads(done.stdout))
        return found

    c_ucb, refused, visits, text, files = run()
    assert c_ucb == 0.75
    assert "gumbel, puct, ucb1, got 'ucb' for search.algorithm" in refused
    assert "ucb1 needs no policy\nalgorithm" in text
    assert sum(visits) == 200 and min(visits[:9]) > 0
    assert any("rules_ucb_walk_rows" in path for path in files)
    assert run() == (c_ucb, refused, visits, text, files)
