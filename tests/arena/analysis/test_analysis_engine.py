"""The JSON analysis protocol: what KaTrain sends, what goes wrong, urgency and cancellation."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from agents.evaluators.by_game import GamesEvaluator
from arena.analysis.engine import AnalysisEngine
from arena.analysis.settings import SearchSettings
from engine.errors import ConfigError
from engine.games import GAMES, GoSpec, make
from engine.games.spec import GameSpec
from tests.support.scripted import ScriptedEvaluator, arbitrary

KATRAIN = {
    "id": "QUERY:1",
    "rules": "japanese",
    "priority": 0,
    "analyzeTurns": [3],
    "maxVisits": 25,
    "komi": 6.5,
    "boardXSize": 5,
    "boardYSize": 5,
    "includeOwnership": True,
    "includeMovesOwnership": True,
    "includePolicy": True,
    "initialStones": [["B", "B2"]],
    "initialPlayer": "B",
    "moves": [["B", "C3"], ["W", "D4"], ["B", "pass"]],
    "overrideSettings": {
        "maxTime": 100.0,
        "wideRootNoise": 0.04,
        "reportAnalysisWinratesAs": "BLACK",
    },
    "reportDuringSearchEvery": 100,
}


def engine(spec: GameSpec | None = None, at_once: int = 4) -> AnalysisEngine:
    settings = SearchSettings(max_visits=30, point_of_view="BLACK")
    evaluator = ScriptedEvaluator(arbitrary)
    return AnalysisEngine(evaluator, spec or GoSpec(5, 5, 6.5), settings, "0.0", at_once, ("net",))


def talk(*lines: Any, spec: GameSpec | None = None, at_once: int = 4) -> list[dict[str, Any]]:
    """Send lines and read all answers."""
    sent = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    answers = io.BytesIO()
    engine(spec, at_once).serve(io.BytesIO(b"\n".join([*sent, b""])), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def query(name: str = "q", **fields: Any) -> dict[str, Any]:
    return {"id": name, "moves": [], "boardXSize": 5, "boardYSize": 5, **fields}


def test_what_katrain_sends_and_reads() -> None:
    version, answer = talk({"id": "v", "action": "query_version"}, KATRAIN)
    assert version == {
        "id": "v",
        "action": "query_version",
        "version": "0.0",
        "git_hash": "<omitted>",
    }
    assert answer["id"] == "QUERY:1" and answer["turnNumber"] == 3
    assert answer["isDuringSearch"] is False
    assert len(answer["ownership"]) == 25 and len(answer["policy"]) == 26
    assert [answer["policy"][at] for at in (3 * 5 + 1, 12, 8)] == [-1.0] * 3
    assert sum(p for p in answer["policy"] if p > 0) == pytest.approx(1.0, abs=1e-4)
    root = answer["rootInfo"]
    assert root["visits"] == 25 and root["currentPlayer"] == "W"
    assert {"winrate", "scoreLead", "utility", "thisHash", "symHash"} <= set(root)
    assert [info["order"] for info in answer["moveInfos"]] == list(range(len(answer["moveInfos"])))
    assert sum(info["visits"] for info in answer["moveInfos"]) == 25
    for info in answer["moveInfos"]:
        assert info["pv"][0] == info["move"] and len(info["ownership"]) == 25
        assert info["utility"] == pytest.approx(2 * info["winrate"] - 1, abs=1e-5)


def test_each_turn_is_answered_once_whatever_shares_its_batch() -> None:
    moves = [["B", "C3"], ["W", "D4"], ["B", "B2"], ["W", "B4"]]
    together = talk(query(moves=moves, analyzeTurns=[0, 1, 2, 3, 4], rules="tromp-taylor"))
    assert sorted(answer["turnNumber"] for answer in together) == [0, 1, 2, 3, 4]
    for answer in together:
        turn = answer["turnNumber"]
        alone = talk(query(moves=moves, analyzeTurns=[turn], rules="tromp-taylor"), at_once=1)
        assert alone == [answer]


def test_points_of_view_are_each_others_opposite() -> None:
    told = {}
    for view in ("BLACK", "WHITE", "SIDETOMOVE"):
        settings = {"reportAnalysisWinratesAs": view}
        moves = [["B", "C3"]]
        told[view] = talk(query(moves=moves, overrideSettings=settings, includeOwnership=True))[0]
    black, white = told["BLACK"], told["WHITE"]
    assert told["SIDETOMOVE"] == white
    assert black["rootInfo"]["winrate"] == pytest.approx(1 - white["rootInfo"]["winrate"])
    assert black["rootInfo"]["scoreLead"] == -white["rootInfo"]["scoreLead"]
    assert black["ownership"] == [-value + 0.0 for value in white["ownership"]]
    assert [m["move"] for m in black["moveInfos"]] == [m["move"] for m in white["moveInfos"]]


def test_urgent_queries_come_first() -> None:
    names = [
        answer["id"]
        for answer in talk(
            *(query(str(n), priority=n % 3, maxVisits=20) for n in range(6)), at_once=1
        )
    ]
    assert names == ["2", "5", "1", "4", "0", "3"]
    turns = [
        answer["turnNumber"]
        for answer in talk(
            query(
                moves=[["B", "C3"], ["W", "D4"]],
                analyzeTurns=[0, 1, 2],
                priorities=[1, 3, 2],
            ),
            at_once=1,
        )
    ]
    assert turns == [1, 2, 0]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"id": 5}, "id", "expected a string, got 5"),
        ({"moves": None}, "moves", "expected a list of at most"),
        ({"moves": [["B", "Z9"]]}, "moves", "expected a point from A1 to E5, got 'Z9'"),
        ({"moves": [["X", "A1"]]}, "moves", 'expected a player "B" or "W"'),
        ({"moves": [["B", "A1"], ["W", "A1"]]}, "moves", "Illegal move 2"),
        ({"moves": [["B", "(5,0)"]]}, "moves", "expected a point of go 5x5"),
        ({"boardXSize": 99}, "boardXSize", "expected a board of go from 2x2 to 25x25"),
        ({"boardXSize": "5"}, "boardXSize", "expected a whole number, got '5'"),
        ({"rules": "martian"}, "rules", "expected rules from tromp-taylor"),
        ({"rules": {"tax": "ALL"}}, "rules", "without a tax"),
        ({"rules": 3}, "rules", "expected a name or an object"),
        ({"komi": 6.3}, "komi", "multiple of 0.5"),
        ({"komi": float("nan")}, "komi", "expected a finite number, got NaN"),
        ({"analyzeTurns": [1]}, "analyzeTurns", "expected a list of turns from 0 to 0"),
        ({"analyzeTurns": 0}, "analyzeTurns", "expected a list of turns"),
        ({"maxVisits": 0}, "maxVisits", "expected a whole number from 1"),
        ({"maxVisits": True}, "maxVisits", "expected a whole number from 1"),
        ({"overrideSettings": {"maxTime": -1}}, "overrideSettings", "expected a number from"),
        ({"overrideSettings": []}, "overrideSettings", "expected an object"),
        ({"includePolicy": 1}, "includePolicy", "expected true or false, got 1"),
        ({"priority": 1.5}, "priority", "expected a whole number"),
        ({"priorities": [1, 2]}, "priorities", "expected 1 whole numbers, one per turn"),
        ({"avoidMoves": [{"player": "B"}]}, "avoidMoves", "player, moves and untilDepth"),
        ({"allowMoves": [{}, {}]}, "allowMoves", "a list of one object"),
        ({"initialStones": [["B", "pass"]]}, "initialStones", "expected a point"),
        ({"reportDuringSearchEvery": 0}, "reportDuringSearchEvery", "expected a number from"),
        ({"game": "chess"}, "game", "expected a game from"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(
    fields: dict[str, Any], field: str, words: str
) -> None:
    (answer,) = talk(query(**fields))
    assert answer["field"] == field and words in answer["error"], answer
    assert ("id" in answer) == (field != "id")


def test_lines_that_are_no_queries() -> None:
    answers = talk(b"nonsense", b"[1]", b"\xff\xfe", b"[" * 100_000, b"", b"  ", {"action": "x"})
    assert len(answers) == 5 and all("error" in answer for answer in answers)
    (bad, also) = talk(
        {"id": "a", "action": "dance"}, {"id": "b", "action": "terminate", "turnNumbers": [1]}
    )
    assert bad["field"] == "action" and also["field"] == "terminateId"


def test_what_means_nothing_here_is_a_warning_and_the_query_goes_on() -> None:
    first, second, answer = talk(query(humanTime=3, overrideSettings={"humanSLProfile": "x"}))
    assert (first["field"], second["field"]) == ("humanTime", "overrideSettings")
    assert "warning" in first and "warning" in second and answer["rootInfo"]["visits"] == 30


def test_moves_are_avoided_and_allowed() -> None:
    free = talk(query())[0]["moveInfos"]
    best = free[0]["move"]
    (answer,) = talk(query(avoidMoves=[{"player": "B", "moves": [best], "untilDepth": 1}]))
    assert best not in [info["move"] for info in answer["moveInfos"]]
    only = [info["move"] for info in free[1:3]]
    (answer,) = talk(query(allowMoves=[{"player": "B", "moves": only, "untilDepth": 1}]))
    assert {info["move"] for info in answer["moveInfos"]} == set(only)
    everything = [f"{c}{r}" for c in "ABCDE" for r in range(1, 6)] + ["pass"]
    (answer,) = talk(query(avoidMoves=[{"player": "B", "moves": everything, "untilDepth": 1}]))
    assert "left to search" in answer["error"] and answer["id"] == "q"


def test_a_query_is_stopped_and_the_rest_goes_on() -> None:
    ours, theirs = os.pipe(), os.pipe()
    lines, answers = os.fdopen(ours[0], "rb"), os.fdopen(theirs[1], "wb")
    say, hear = os.fdopen(ours[1], "wb", buffering=0), os.fdopen(theirs[0], "rb")
    thread = threading.Thread(target=engine(at_once=1).serve, args=(lines, answers), daemon=True)
    thread.start()

    def send(line: dict[str, Any]) -> None:
        say.write(json.dumps(line).encode() + b"\n")

    send(query("long", maxVisits=100_000, reportDuringSearchEvery=0.05))
    report = json.loads(hear.readline())
    assert report["isDuringSearch"] is True and report["rootInfo"]["visits"] > 0
    send(query("waiting", maxVisits=100_000))
    send({"id": "t", "action": "terminate", "terminateId": "waiting"})
    send({"id": "u", "action": "terminate_all"})
    heard: dict[str, dict[str, Any]] = {}
    while len(heard) < 4:
        answer = json.loads(hear.readline())
        if not answer.get("isDuringSearch"):
            heard[answer["id"]] = answer
    assert heard["waiting"] == {
        "id": "waiting",
        "turnNumber": 0,
        "isDuringSearch": False,
        "noResults": True,
    }
    assert 0 < heard["long"]["rootInfo"]["visits"] < 100_000
    assert {"t", "u"} <= set(heard)
    send(query("after", maxVisits=5))
    assert json.loads(hear.readline())["id"] == "after"
    say.close()
    thread.join(20)
    assert not thread.is_alive()
    for pipe in (lines, answers, hear):
        pipe.close()


def test_a_closed_input_finishes_or_leaves_what_waits() -> None:
    sent = b"\n".join(json.dumps(query(str(n), maxVisits=20)).encode() for n in range(3)) + b"\n"
    for finish in (True, False):
        answers = io.BytesIO()
        engine(at_once=1).serve(io.BytesIO(sent), answers, finish=finish)
        assert (len(answers.getvalue().splitlines()) == 3) == finish


def test_the_command_falls_back_to_random_games_and_says_so() -> None:
    lines = json.dumps({"id": "a", "moves": [["B", "B2"]], "maxVisits": 9}).encode() + b"\n"
    command = [sys.executable, "-m", "miai", "analysis", "--game", "tic_tac_toe"]
    run = subprocess.run(command, input=lines, capture_output=True, check=True, timeout=120)
    answer = json.loads(run.stdout)
    assert answer["rootInfo"]["currentPlayer"] == "W" and len(answer["moveInfos"]) > 1
    assert b"no network for tic_tac_toe" in run.stderr or b"ready for queries" in run.stderr


@pytest.mark.parametrize("name", sorted(GAMES))
def test_every_game_by_name(name: str) -> None:
    spec = make(name)
    first = {"id": "a", "game": name, "moves": [], "maxVisits": 10}
    (answer,) = talk(first, spec=spec)
    best = answer["moveInfos"][0]["move"]
    (answer,) = talk({**first, "moves": [["B", best]], "includePolicy": True}, spec=spec)
    assert answer["rootInfo"]["currentPlayer"] == "W"
    assert len(answer["policy"]) == spec.actions
    assert ("scoreLead" in answer["rootInfo"]) == spec.has_points


def test_turned_positions_share_one_hash() -> None:
    roots = [
        talk(query(moves=[["B", corner]]))[0]["rootInfo"] for corner in ("A1", "A5", "E5", "B1")
    ]
    assert len({root["thisHash"] for root in roots}) == 4
    assert len({root["symHash"] for root in roots[:3]}) == 1
    assert roots[3]["symHash"] != roots[0]["symHash"]


def test_a_game_that_is_over_says_who_won() -> None:
    moves = [["B", "A3"], ["W", "A2"], ["B", "B3"], ["W", "B2"], ["B", "C3"]]
    (answer,) = talk({"id": "t", "game": "tic_tac_toe", "moves": moves})
    assert answer["moveInfos"] == [] and answer["rootInfo"]["winrate"] == 1.0
    assert answer["rootInfo"]["visits"] == 0
    # Two passes do not end a game of Go for those who want to know more of it.
    (answer,) = talk(query(moves=[["B", "C3"], ["W", "pass"], ["B", "pass"]]))
    assert answer["rootInfo"]["visits"] == 30


WRONG = [
    ({"komi": float("nan")}, "komi", "NaN"),
    ({"deep": [{"x": float("inf")}]}, "deep", "Infinity"),
    ({"analyzeTurns": []}, "analyzeTurns", "got []"),
    ({"boardXSize": 0}, "boardXSize", "0x0"),
    ({"boardXSize": 5, "boardYSize": 99}, "boardYSize", "99x5"),
    ({"whiteHandicapBonus": 3}, "whiteHandicapBonus", "got 3"),
    ({"initialStones": [["B", "c3"], ["W", "C3"]]}, "initialStones", "C3 twice"),
    ({"initialStones": [["B", "A1"], ["W", "A2"], ["W", "B1"]]}, "initialStones", "liberty"),
    ({"moves": [["B", "C3"], ["W", "c3"]]}, "moves", "Illegal move 2: c3"),
    ({"moves": [["B", "Z9"]]}, "moves", "'Z9'"),
    ({"moves": [["B", "C3"], "D4"]}, "moves", "'D4'"),
    ({"moves": [[None, "C3"]]}, "moves", "null"),
    ({"moves": {"B": "C3"}}, "moves", "pairs"),
    ({"maxVisits": "10"}, "maxVisits", "'10'"),
    ({"allowMoves": [{"player": "B", "moves": [], "untilDepth": 1}]}, "allowMoves", "one move"),
    ({"initialPlayer": 1}, "initialPlayer", "got 1"),
]


@pytest.mark.parametrize(("fields", "field", "words"), WRONG)
def test_the_field_that_is_wrong_is_named(fields: dict[str, Any], field: str, words: str) -> None:
    (answer,) = talk(query("q", **fields))
    assert answer["id"] == "q" and answer["field"] == field and words in answer["error"]
    assert "slot" not in answer["error"]


def test_prohibitions_that_leave_nothing_are_refused_by_name() -> None:
    points = [f"{column}{row}" for column in "ABCDE" for row in range(1, 6)]
    barred = {"player": "B", "moves": [*points, "pass"], "untilDepth": 1}
    (answer,) = talk(query(avoidMoves=[barred]))
    assert answer["field"] == "avoidMoves" and "turn 0" in answer["error"]
    stone = {"player": "W", "moves": ["C3"], "untilDepth": 1}
    (answer,) = talk(query(moves=[["B", "C3"]], allowMoves=[stone]))
    assert answer["field"] == "allowMoves" and "C3" in answer["error"]


def test_a_turn_that_is_named_twice_is_answered_once() -> None:
    assert [answer["turnNumber"] for answer in talk(query(analyzeTurns=[0, 0]))] == [0]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    plain, odd = talk(query("q", boardXSize=5.0, maxVisits=3.0), query("r", boardXSize=5.5))
    told = {answer["id"]: answer for answer in (plain, odd)}
    assert told["q"]["rootInfo"]["visits"] == 3
    assert told["r"]["field"] == "boardXSize" and "5.5" in told["r"]["error"]


def test_points_and_passes_as_people_write_them() -> None:
    spellings = [["B", "c3"], ["W", "(1, 4)"], ["B", "PASS"], ["W", " d4 "], ["B", "--"]]
    (told,) = talk(query(moves=spellings))
    plain = [["B", "C3"], ["W", "B1"], ["B", "pass"], ["W", "D4"], ["B", "pass"]]
    assert talk(query(moves=plain)) == [told]
    columns = [["B", "4"], ["W", "4"]]
    (told,) = talk({"id": "c", "game": "connect_four", "moves": columns, "maxVisits": 2})
    assert told["rootInfo"]["visits"] == 2


def test_a_game_without_a_network_is_refused_by_name() -> None:
    def check(spec: GameSpec) -> None:
        if spec.name == "hex":
            raise ConfigError("expected a network")

    settings = SearchSettings(max_visits=2)
    one = AnalysisEngine(
        ScriptedEvaluator(arbitrary), GoSpec(5, 5), settings, "0", check_game=check
    )
    told: list[dict[str, Any]] = []
    one.take(json.dumps({"id": "h", "moves": [], "game": "hex"}).encode(), told.append)
    assert told == [{"error": "expected a network", "field": "game", "id": "h"}]
    assert not one.busy


def test_each_game_is_judged_by_its_own_evaluator() -> None:
    loaded: list[str] = []

    def load(spec: GameSpec) -> ScriptedEvaluator:
        loaded.append(spec.name)
        return ScriptedEvaluator(arbitrary)

    usual = ScriptedEvaluator(arbitrary)
    games = GamesEvaluator(usual, "go", load)
    for spec in (GoSpec(5, 5), make("hex"), make("othello"), make("hex")):
        games.evaluate(spec, spec.allocate(1))
    assert loaded == ["hex", "othello"]
    assert games.of(GoSpec(9, 9)) is usual


def test_a_reader_that_goes_away_ends_the_engine_quietly() -> None:
    line = json.dumps({"id": "a", "moves": [], "maxVisits": 2}) + "\n"
    run = subprocess.Popen(
        [sys.executable, "-m", "miai", "analysis", "--network", "rollouts", "--size", "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None and run.stdout is not None and run.stderr is not None
    run.stdin.write(line)
    run.stdin.flush()
    assert json.loads(run.stdout.readline())["id"] == "a"
    run.stdout.close()
    run.stdin.write(line)
    run.stdin.flush()
    assert run.wait(60) == 1  # while its input is still open
    assert "Traceback" not in (words := run.stderr.read()) and "Fatal" not in words
    run.stdin.close()
    run.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="needs a shell of Unix")
@pytest.mark.parametrize("command", ["gtp", "analysis"])
@pytest.mark.parametrize(("closed", "code"), [("<&-", 0), (">&-", 1)])
def test_closed_streams_end_quietly(command: str, closed: str, code: int) -> None:
    line = f"{sys.executable} -m miai {command} --size 5 {closed}"
    run = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=120)
    assert run.returncode == code and "Traceback" not in run.stderr
