"""Is A stronger than B: sequential matches, as a function and as a command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Decision, Turn
from agents.random_agent import RandomAgent
from agents.search_agent import rollout_agent
from arena.books import make_plan
from arena.folder import TournamentFolder
from arena.play.match import is_stronger
from arena.stats.sprt import Hypotheses
from engine.errors import ConfigError
from engine.games.go import GoSpec
from miai.cli import main
from tests.support.scripted_agent import ScriptedAgent, passing

SPEC = GoSpec(5, 5, 7.0)


def test_a_stronger_agent_is_found_with_few_games() -> None:
    strong = rollout_agent("strong", 40, RolloutEvaluator())
    answer = is_stronger(SPEC, strong, RandomAgent(), Hypotheses(0, 100), games_at_once=8)
    assert answer.stronger is True
    assert answer.ratio >= Hypotheses(0, 100).bounds[1]
    assert len(answer.result.games) < 100 and answer.estimate.lower > 0
    assert sum(answer.result.pairs) * 2 == len(answer.result.games)


def test_equals_are_not_stronger_and_too_few_games_do_not_tell() -> None:
    test = Hypotheses(0, 300)
    same = [RandomAgent("a"), RandomAgent("b")]
    assert is_stronger(SPEC, *same, test, seed=2, games_at_once=16).stronger is False
    few = is_stronger(SPEC, *same, Hypotheses(0, 5), most_games=8)
    assert few.stronger is None and len(few.result.games) == 8
    with pytest.raises(ConfigError, match="even number"):
        is_stronger(SPEC, *same, test, most_games=3)


def test_a_short_book_says_no_more_for_being_played_again(tmp_path: Path) -> None:
    """These two repeat themselves: 3 openings are 3 pairs, too few to tell."""
    moves = tmp_path / "book.txt"
    moves.write_text("C3\nB2 D4\nD3\n")

    def last_sensible(turn: Turn) -> Decision:
        return Decision(int(np.flatnonzero(turn.spec.candidates(turn.position)[0])[-2:][0]))

    agents = [ScriptedAgent("a", last_sensible), ScriptedAgent("b", passing)]
    plan = make_plan(str(moves), SPEC)
    answer = is_stronger(SPEC, *agents, Hypotheses(0, 100), openings=plan, games_at_once=4)
    assert answer.stronger is None
    assert sum(answer.result.pairs) == 3 and len(answer.result.games) == 6
    assert len(agents[0].ended) < 60, "and it soon stops"


def test_the_answer_does_not_depend_on_how_many_games_are_in_play() -> None:
    strong = rollout_agent("strong", 16, RolloutEvaluator())
    answers = [
        is_stronger(SPEC, strong, RandomAgent(), Hypotheses(0, 150), seed=3, games_at_once=n)
        for n in (3, 32)
    ]
    assert answers[0].result.pairs == answers[1].result.pairs
    assert answers[0].estimate == answers[1].estimate


def test_the_command_stops_when_it_knows_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["arena", "strong=rollouts:40", "random", "--size", "5", "--gate", "0,100"]
    options = ["--games-at-once", "8", "--out", str(tmp_path / "t")]
    assert main([*command, *options]) == 0
    text = capsys.readouterr().out
    assert "yes, strong is stronger than random" in text
    assert "median-unbiased" in text
    games = len(TournamentFolder(tmp_path / "t").games())
    assert games < 120
    assert main(["arena", "--out", str(tmp_path / "t"), "--json"]) == 0
    test = json.loads(capsys.readouterr().out)["test"]
    assert test["accepted"] == "elo1" and test["llr"] >= test["bounds"][1]
    assert len(TournamentFolder(tmp_path / "t").games()) == games, "decided once and for all"


@pytest.mark.parametrize("gate", ["50", "50,0", "0,50,0.7", "a,b", "0,1,2,3,4"])
def test_bounds_that_make_no_sense_are_told(
    gate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "t")]
    assert main(["arena", "random", "a=random", "--gate", gate, *out]) == 2
    assert "--gate" in capsys.readouterr().err
    assert main(["arena", "random", "a=random", "b=random", "--gate", "0,50", *out]) == 2
    assert "two agents for a sequential test" in capsys.readouterr().err
