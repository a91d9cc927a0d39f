"""Measuring: the race is fair and counts right, and the search's signature is what it was."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from engine.games import GAMES, GoSpec
from engine.search import SearchConfig
from engine.search.rules import RULES
from engine.search.tree import EDGE, NODE
from miai import cli
from miai.config import build
from miai.measure import evaluator
from miai.measure.rates import Contender, Rate, race
from miai.measure.rules import RandomGames
from miai.measure.search import EmptyBoardSearch, as_row
from miai.measure.search import contenders as search_contenders
from miai.measure.selfplay import Plies
from miai.measure.signature import signature
from selfplay.run import RunConfig

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "signature.txt"


def test_signature_is_the_known_one() -> None:
    assert signature() == GOLDEN.read_text(encoding="utf-8").strip()


def test_race_compares_within_groups() -> None:
    def worker(units: int) -> Contender:
        return Contender(f"{units}", "things/s", lambda: units, group="ab"[units > 5])

    slow, fast, other = race([worker(1), worker(4), worker(8)], seconds=0.2)
    assert slow.ratio == 1.0
    assert other.ratio == 1.0
    assert math.isclose(fast.ratio, slow.value / fast.value)
    assert fast.value > 2.0 * slow.value


def test_every_contender_is_warmed_up_once_before_the_clock() -> None:
    calls: list[str] = []

    def step(name: str) -> int:
        calls.append(name)
        return 1

    race([Contender(n, "x/s", lambda n=n: step(n)) for n in "ab"], seconds=1e-9)
    assert calls == list("ab" * 6)


def test_random_games_have_the_length_that_others_find() -> None:
    """Two independent programs give 110.8 plies for 9x9 with own eyes kept."""
    games = RandomGames(GoSpec(9, 9, komi=7.0), threads=2, rows=1024)
    assert games.step() == 2048 * 12
    facts = games.tally.facts()
    assert facts["mean_plies"] == pytest.approx(110.8, abs=1.5)
    assert 0.35 < facts["black_wins"] < 0.50


def test_rules_report_every_game_as_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["benchmark", "rules", "--json", "--seconds", "0.01"]) == 0
    rows = json.loads(capsys.readouterr().out)
    own = [row for row in rows if row["program"] == "miai"]
    assert {row["game"] for row in own} == set(GAMES)
    assert {row["threads"] for row in own} == {1, 2}
    for row in rows:
        assert row["games_per_s"] > 0 and row["mean_plies"] > 4
        assert row["plies_per_s"] == pytest.approx(row["games_per_s"] * row["mean_plies"])
    assert {"size", "game", "threads"} <= set(rows[0])


def test_search_counts_its_simulations() -> None:
    search = EmptyBoardSearch(GoSpec(9, 9), SearchConfig(algorithm="puct"), 3, 2, simulations=20)
    assert search.step() == 60
    nodes, edges = NODE.itemsize, EDGE.itemsize
    # An empty 9x9 board has 82 actions and each later position of a short tree about as many.
    assert nodes + 78 * edges < search.facts()["bytes_per_node"] < nodes + 82 * edges


def test_search_rows_say_what_was_measured() -> None:
    labels = {"game": "go", "size": "9x9", "slots": 64, "simulations": 800, "rule": "puct"}
    rate = Rate("puct", "", 3e5, "simulations/s", False, 1.0, {"bytes_per_node": 1400.0}, labels)
    assert as_row(rate) == {**labels, "simulations_per_s": 3e5, "bytes_per_node": 1400.0}


def test_search_measures_every_game_and_trees_of_every_kind() -> None:
    rows = [contender.labels for contender in search_contenders()]
    assert {row["game"] for row in rows} == set(GAMES)
    go = [row for row in rows if row["game"] == "go" and row["size"] == "9x9"]
    assert {(row["slots"], row["leaves"], row["simulations"]) for row in go} >= {
        (64, 1, 800),
        (1, 8, 800),
        (1, 8, 1000),
    }
    assert {row["rule"] for row in go} == set(RULES)
    assert "19x19" in {row["size"] for row in rows}


def test_evaluators_race_by_batch() -> None:
    contenders = evaluator.contenders("b2c16", cases=((5, 1), (5, 3), (7, 2)))
    groups = [contender.group for contender in contenders]
    assert list(dict.fromkeys(groups)) == ["5x5, batch   1", "5x5, batch   3", "7x7, batch   2"]
    assert groups == sorted(groups), "a group's contenders take turns side by side"
    first = [contenders[groups.index(group)] for group in dict.fromkeys(groups)]
    assert [contender.step() for contender in first] == [1, 3, 2]
    assert not any(contender.peer for contender in first)
    assert sum(contender.peer for contender in contenders) >= 6
    row = evaluator.as_row(Rate("int8", "", 5e4, "positions/s", False, 1.0, {}, first[0].labels))
    assert row["positions_per_s"] == 5e4 and row["size"] == "5x5" and row["batch"] == 1
    assert {"backend", "precision", "network", "threads", "mean_kl"} <= set(row)
    for contender in contenders:
        kl = contender.labels["mean_kl"]
        assert isinstance(kl, float)
        assert abs(kl) < (1e-5 if contender.labels["precision"] == "float32" else 0.05)


def test_unknown_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["benchmark", "evaluator", "--network", "b3c3"]) == 2
    assert "got 'b3c3'" in capsys.readouterr().err


def test_self_play_counts_its_evaluations() -> None:
    settings = {"network": "b2c16", "selfplay": {"slots": 3, "threads": 2, "simulations": 4}}
    plies = Plies(build(RunConfig, settings), "b2c16")
    assert plies.step() == 3 * 2 * (4 + 1)
    assert plies.plies_per_s > 0.0
    assert plies.bare() == 6
    assert 0.0 < plies.evaluator_share < 1.0


def test_self_play_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["selfplay", "--network", "b2c16", "--preset", "tic_tac_toe", "--json"]
    assert cli.main(["benchmark", *arguments, "--seconds", "0.1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["numba"]
    assert found["bare_evaluations_per_s"] > found["plies_per_s"] > 0
    assert 0.0 < found["evaluator_share"] < 1.0
    # Played once and learned twice, in turns.
    seconds = 1 / found["plies_per_s"] + found["passes"] / found["learner_rows_per_s"]
    assert found["rows_per_s"] == pytest.approx(1 / seconds)
    assert found["passes"] == 2.0


def test_table_sets_peers_beside(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyspiel")
    assert cli.main(["benchmark", "rules", "--seconds", "0.1"]) == 0
    assert "miai does" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_no_time_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["benchmark", "rules", "--seconds", seconds]) == 2
    assert "--seconds above 0" in capsys.readouterr().err
