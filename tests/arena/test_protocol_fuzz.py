"""Nonsense and half sense to all protocols: an answer each, in words, and they go on.

`docs/results/fuzz_protocols.py` sends a million lines.
"""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.analysis.engine import AnalysisEngine
from arena.analysis.settings import SearchSettings
from arena.gomocup.server import GomocupServer
from arena.gtp.commands import Session
from arena.nboard.server import NBoardServer
from engine.games import GomokuSpec, GoSpec, HexSpec, OthelloSpec
from engine.games.spec import GameSpec
from tests.support.fuzz import gomocup_lines, gtp_lines, json_lines, nboard_lines
from tests.support.scripted import ScriptedEvaluator, indifferent

SPEC = GoSpec(5, 5, 7.0)
EVALUATOR = ScriptedEvaluator(indifferent)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["id", "moves", "rules", "komi", "action", "boardXSize", "analyzeTurns"])


@pytest.mark.parametrize("spec", [SPEC, OthelloSpec(4, 4), HexSpec(5, 5)])
@pytest.mark.parametrize("seed", [1, 2])
def test_gtp_answers_every_line(spec: GameSpec, seed: int) -> None:
    server = Session(SearchAgent("net", EVALUATOR, Limit(3)), spec, "0").server()
    answered = 0
    for line in gtp_lines(seed, 700):
        reply = server.answer(line)
        if reply is not None:
            answered += 1
            assert "internal error" not in reply.text, (line, reply)
            assert reply.ok or reply.text, line
    assert answered > 500
    reply = server.answer("name")
    assert reply is not None and reply.ok


@pytest.mark.parametrize("seed", [1, 2])
def test_the_analysis_protocol_answers_every_line(seed: int) -> None:
    engine = AnalysisEngine(EVALUATOR, SPEC, SearchSettings(max_visits=2), "0")
    answers = io.BytesIO()
    lines = list(json_lines(seed, 400))
    engine.serve(io.BytesIO(b"".join(lines)), answers)
    told = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert not any("internal error" in answer.get("error", "") for answer in told)
    assert not engine.busy
    assert sum("warning" not in answer for answer in told) >= 0.9 * len(lines)
    assert sum("error" in answer for answer in told) > 100
    assert sum("turnNumber" in answer for answer in told) > 40


@pytest.mark.parametrize("seed", [1, 2])
def test_gomocup_answers_every_line(seed: int) -> None:
    server = GomocupServer(SearchAgent("net", EVALUATOR, Limit(3)), GomokuSpec(), "0")
    said = [text for line in gomocup_lines(seed, 700) for text in server.answer(line)]
    assert not any("internal error" in text for text in said)
    assert sum(text == "OK" for text in said) > 10 and sum("ERROR" in text for text in said) > 100
    assert sum(re.fullmatch(r"\d+,\d+", text) is not None for text in said) > 5
    server.answer("DONE")
    assert server.answer("START 9") == ["OK"]


@pytest.mark.parametrize("seed", [1, 2])
def test_nboard_goes_on_whatever_comes(seed: int) -> None:
    server = NBoardServer(SearchAgent("net", EVALUATOR, Limit(3)), OthelloSpec(), simulations=3)
    said: list[str] = []
    for line in nboard_lines(seed, 500):
        server.answer(line, said.append)
    assert not any("internal error" in text for text in said)
    assert sum(text.startswith("===") for text in said) > 10
    server.answer("ping 7", said.append)
    assert said[-1] == "pong 7"


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES | st.text(max_size=10), JSON, max_size=6))
def test_any_object_is_answered(query: dict[str, object]) -> None:
    engine = AnalysisEngine(EVALUATOR, SPEC, SearchSettings(max_visits=2), "0")
    told: list[dict[str, object]] = []
    engine.take(json.dumps(query).encode(), told.append)
    while engine.busy:
        engine.work(told.append)
    assert sum("warning" not in answer for answer in told) >= 1
    assert not any("internal error" in str(answer.get("error", "")) for answer in told)
