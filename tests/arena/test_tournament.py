"""Tournaments: folders, resuming, tables computed from records alone."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.levels import network_hash
from agents.parse import make_agent, read_spelling
from agents.protocol import Limit
from agents.random_agent import RandomAgent
from agents.search_agent import SearchAgent
from arena.folder import TournamentFolder
from arena.openings import OpeningPlan
from arena.report import Report, as_json, make_report
from arena.report_text import as_text
from arena.results import Conditions, GameLine, conditions_of
from arena.stats.sprt import Hypotheses
from arena.tournament import TournamentEvents, make_cards, pair_counter, play_tournament
from engine.errors import ConfigError, RunError
from engine.games.go import GoSpec
from engine.records.sgf import read_sgf

SPEC = GoSpec(5, 5, 7.0)
AGENTS = ("random", "rollouts:4", "again=random")


def play(path: Path, games: int, seed: int = 1, texts: tuple[str, ...] = AGENTS) -> Report:
    spellings = [read_spelling(text) for text in texts]
    agents = [make_agent(spelling, SPEC) for spelling in spellings]
    conditions = conditions_of(
        SPEC,
        agents=make_cards(spellings, agents),
        kind="round-robin",
        openings=OpeningPlan("random", plies=(2, 4)),
        move_limit=60,
        seed=seed,
    )
    folder = TournamentFolder(path)
    counted: list[tuple[int, int]] = []
    with folder.opened():
        lines = play_tournament(
            folder,
            conditions,
            agents,
            games,
            TournamentEvents(on_start=lambda total, done: counted.append((total, done))),
        )
    assert len(lines) == counted[0][0]
    return make_report(conditions, lines)


def test_cards_tell_searches_with_other_settings_apart() -> None:
    spelling = read_spelling("rollouts:4")
    agent = make_agent(spelling, SPEC)
    assert isinstance(agent, SearchAgent)

    def card() -> str:
        return make_cards([spelling], [agent])[0].details["search"]

    before = card()
    assert before == card()
    agent.configure(replace(agent.config, c_puct_init=agent.config.c_puct_init + 1.0), agent.limit)
    assert card() != before


def stored(path: Path) -> Report:
    folder = TournamentFolder(path)
    return make_report(folder.conditions(), folder.games())


def results_of(path: Path) -> list[tuple[int, str, tuple[int, ...]]]:
    return [(line.game, line.result, line.actions) for line in TournamentFolder(path).games()]


def test_the_table_can_be_recomputed_from_the_folder(tmp_path: Path) -> None:
    report = play(tmp_path, games=4)
    again = stored(tmp_path)
    assert as_json(again) == as_json(report) and as_text(again) == as_text(report)
    assert report.games == 12
    assert sum(standing.games for standing in report.standings) == 24


def test_every_game_is_kept_as_sgf_that_reads_back(tmp_path: Path) -> None:
    play(tmp_path, games=2)
    lines = {line.game: line for line in TournamentFolder(tmp_path).games()}
    files = sorted((tmp_path / "sgf").iterdir())
    assert len(files) == len(lines) == 6
    for file in files:
        record = read_sgf(file.read_bytes(), file.name)[0]
        line = lines[int(file.stem)]
        assert record.actions == line.actions
        assert (record.black, record.white, record.result) == (line.black, line.white, line.result)
        assert record.spec.komi == 7.0  # type: ignore[attr-defined]
        assert line.termination in record.comment


def test_more_games_go_on_where_the_first_ended(tmp_path: Path) -> None:
    play(tmp_path / "grown", games=2)
    play(tmp_path / "grown", games=6)
    play(tmp_path / "whole", games=6)
    assert results_of(tmp_path / "grown") == results_of(tmp_path / "whole")
    assert TournamentFolder(tmp_path / "grown").games_per_pairing() == 6


def test_a_line_that_was_cut_short_is_played_again(tmp_path: Path) -> None:
    play(tmp_path, games=4)
    before = results_of(tmp_path)
    games = tmp_path / "games.jsonl"
    games.write_bytes(games.read_bytes()[:-20])
    assert len(results_of(tmp_path)) == 11
    play(tmp_path, games=4)
    assert results_of(tmp_path) == before
    assert len(games.read_text().splitlines()) == 12


def test_other_conditions_are_refused_and_told(tmp_path: Path) -> None:
    play(tmp_path, games=2)
    with pytest.raises(RunError, match="seed was 1, now 2"):
        play(tmp_path, games=2, seed=2)
    with pytest.raises(RunError, match="rollouts:5"):
        play(tmp_path, games=2, texts=("random", "rollouts:5", "again=random"))
    with pytest.raises(ConfigError, match="even"):
        play(tmp_path, games=3)


def test_damage_is_told_with_its_line(tmp_path: Path) -> None:
    play(tmp_path, games=2)
    games = tmp_path / "games.jsonl"
    lines = games.read_bytes().splitlines(keepends=True)
    for damage in (b"{}\n", b"garbage\n", lines[1].replace(b'"moves": "', b'"moves": "Z99 ')):
        games.write_bytes(lines[0] + damage + lines[2])
        with pytest.raises(RunError, match="line 2"):
            stored(tmp_path)
    conditions = tmp_path / "conditions.json"
    good = json.loads(conditions.read_text())
    for bad in (
        "[]",
        "{",
        json.dumps({**good, "format": 99}),
        json.dumps({**good, "game": "chess"}),
    ):
        conditions.write_text(bad)
        with pytest.raises(RunError, match=r"conditions\.json"):
            TournamentFolder(tmp_path).conditions()
    with pytest.raises(RunError, match=r"no conditions\.json"):
        TournamentFolder(tmp_path / "nowhere").conditions()


def test_a_game_is_claimed_once_and_free_again_when_its_process_is_gone(tmp_path: Path) -> None:
    first, second = TournamentFolder(tmp_path), TournamentFolder(tmp_path)
    with second.opened():
        with first.opened():
            assert first.claim(3) and first.claim(3)
            assert not second.claim(3) and second.claim(4)
        assert second.claim(3)
    play(tmp_path, games=2)
    with first.opened():
        assert not first.claim(0), "it has been played"


def test_what_fails_before_it_began_leaves_the_users_files_alone(tmp_path: Path) -> None:
    (tmp_path / "sgf").mkdir()
    (tmp_path / "sgf" / "mine.sgf").write_text("(;)")
    for path in (tmp_path, tmp_path / "new", tmp_path / "made for it"):
        made = path.name == "made for it"
        if made:
            path.mkdir()
        with (
            pytest.raises(RunError, match="too early"),
            TournamentFolder(path).opened(just_made=made),
        ):
            raise RunError("too early")
    assert [path.name for path in tmp_path.iterdir()] == ["sgf"]
    assert (tmp_path / "sgf" / "mine.sgf").read_text() == "(;)"


def test_a_process_that_gives_up_takes_no_folder_away_from_another(tmp_path: Path) -> None:
    first, second = TournamentFolder(tmp_path / "t"), TournamentFolder(tmp_path / "t")
    with ExitStack() as giving_up:
        giving_up.enter_context(first.opened())
        with second.opened():
            assert second.claim(1)
            giving_up.close()
            assert not TournamentFolder(tmp_path / "t").claim(1), "it is held"
    with ExitStack() as giving_up:
        giving_up.enter_context(first.opened())
        with second.opened():
            giving_up.close()
            second.begin(conditions("a", "b"), 2)
            second.append(line(0, "a", "b", 1), SPEC)
    assert len(second.games()) == 1


def test_games_of_another_process_decide_a_test_too(tmp_path: Path) -> None:
    test = Hypotheses(0, 200)
    spellings = [read_spelling(text) for text in ("rollouts:40", "random")]
    agents = [make_agent(spelling, SPEC) for spelling in spellings]
    plan = OpeningPlan("random", plies=(2, 4))
    tested = replace(
        conditions("a", "b"), agents=make_cards(spellings, agents), openings=plan, test=test
    )
    whole, shared = TournamentFolder(tmp_path / "whole"), TournamentFolder(tmp_path / "shared")
    with whole.opened():
        lines = play_tournament(whole, tested, agents, 60, games_at_once=1)
    assert pair_counter(tested, lines).decision and len(lines) < 40

    def others_play(_: GameLine) -> None:
        other = TournamentFolder(tmp_path / "shared")
        for line in lines[len(other.games()) :]:
            other.append(line, SPEC)

    with shared.opened():
        events = TournamentEvents(on_game=others_play)
        ended = play_tournament(shared, tested, agents, 60, events, games_at_once=1)
    assert [line.game for line in ended] == [line.game for line in lines]


def test_two_processes_share_a_folder_and_end_in_the_same_table(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "miai", "arena", "random", "rollouts:16", "--size", "7",
        "--games", "40", "--seed", "5", "--games-at-once", "4", "--json", "--out",
    ]  # fmt: skip
    whole = subprocess.run([*command, str(tmp_path / "whole")], capture_output=True, check=True)
    shared = [
        subprocess.Popen(
            [*command, str(tmp_path / "shared")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    tables = [json.loads(whole.stdout)]
    for process in shared:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        tables.append(json.loads(out))
    assert results_of(tmp_path / "shared") == results_of(tmp_path / "whole")
    lines = (tmp_path / "shared" / "games.jsonl").read_text().splitlines()
    assert len(lines) == 40, "no game was played twice"
    for table in tables:
        for agent in table["agents"]:
            del agent["seconds_per_move"]
    assert tables[0] == tables[1] == tables[2]
    assert not list((tmp_path / "shared" / "claims").iterdir())


def test_a_full_disk_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    folder = TournamentFolder(tmp_path)
    play(tmp_path, games=2)
    line = folder.games()[0]
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left"):
        folder.append(line, SPEC)


def test_killed_at_any_moment_and_resumed_it_ends_in_the_same_table(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "miai", "arena", "random", "rollouts:16", "--size", "7",
        "--games", "40", "--seed", "5", "--games-at-once", "2", "--json", "--out",
    ]  # fmt: skip
    whole = subprocess.run([*command, str(tmp_path / "whole")], capture_output=True, check=True)
    games = tmp_path / "broken" / "games.jsonl"
    for lines in (3, 11):
        process = subprocess.Popen(
            [*command, str(tmp_path / "broken")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            if games.exists() and games.read_bytes().count(b"\n") >= lines:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        assert process.wait() == -signal.SIGKILL
    resumed = subprocess.run([*command, str(tmp_path / "broken")], capture_output=True, check=True)
    assert b"played already" in resumed.stderr
    assert results_of(tmp_path / "broken") == results_of(tmp_path / "whole")
    tables = [json.loads(run.stdout) for run in (whole, resumed)]
    for table in tables:
        for agent in table["agents"]:
            del agent["seconds_per_move"]
    assert tables[0] == tables[1]


def line(game: int, black: str, white: str, winner: int, **changes: object) -> GameLine:
    plain = GameLine(
        game=game,
        pair=game // 2,
        black=black,
        white=white,
        result={1: "B+2", -1: "W+2", 0: "0"}[winner],
        winner=winner,
        score=2.0 * winner,
        area_score=2.0 * winner,
        termination="two passes",
        note="",
        disputed=False,
        agreed=0,
        opening_plies=1,
        seconds=(2.0, 1.0),
        decisions=(4, 4),
        actions=(game % 25, (game + 7) % 25),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def conditions(*names: str) -> Conditions:
    spellings = [read_spelling(f"{name}=random") for name in names]
    agents = [make_agent(spelling, SPEC) for spelling in spellings]
    return conditions_of(
        SPEC,
        agents=make_cards(spellings, agents),
        kind="round-robin",
        openings=OpeningPlan("random", plies=(1, 1)),
        move_limit=60,
        seed=1,
    )


def test_the_table_counts_what_happened() -> None:
    lines = [
        line(0, "a", "b", 1),
        line(1, "b", "a", 0),
        line(2, "a", "b", -1, termination="crash", note="a ended"),
        line(3, "b", "a", -1, termination="move limit"),
        line(4, "a", "b", 1, disputed=True),
        line(5, "b", "a", -1),
    ]
    report = make_report(conditions("a", "b"), lines)
    first, second = report.standings
    assert (first.name, first.wins, first.draws, first.losses) == ("a", 4, 1, 1)
    assert (second.name, second.wins, second.draws, second.losses) == ("b", 1, 1, 4)
    assert first.lost_by == {"crash": 1} and second.lost_by == {}
    assert first.seconds_per_move == pytest.approx((3 * 2.0 + 3 * 1.0) / 24)
    assert report.pairings[0].pairs == (0, 0, 1, 1, 1)
    assert (report.disputed, report.endings["move limit"], report.distinct) == (1, 1, 6)
    text = as_text(report)
    assert "a forfeited 1: crash 1" in text
    assert "75.0 %" in text and "4.5/6" in text
    assert "1 games whose winner depends" in text and "move limit 1" in text


def test_repeated_games_are_warned_about() -> None:
    lines = [
        line(game, *pair, 1, actions=(3, 4)) for game, pair in enumerate([("a", "b"), ("b", "a")])
    ]
    report = make_report(conditions("a", "b"), lines)
    assert report.distinct == 1
    assert "1 games repeat others" in as_text(report)


def test_pairs_that_repeat_others_do_not_count_in_a_test() -> None:
    tested = replace(conditions("a", "b"), test=Hypotheses(0, 100))
    lines = [
        line(game, *(("a", "b") if game % 2 == 0 else ("b", "a")), 1, actions=(game % 2, 7))
        for game in range(6)
    ]
    report = make_report(tested, lines)
    assert report.decided is not None and report.decided.pairs == (0, 0, 1, 0, 0)
    assert "2 more pairs repeat earlier ones move for move" in as_text(report)
    assert as_json(report)["test"]["pairs_repeated"] == 2


def test_a_level_is_what_its_card_says() -> None:
    """Another network, or another way to hold it back, is another player."""
    spec = GoSpec(9, 9, 7.0)
    spellings = [read_spelling(text, game=spec) for text in ("level:2", "level:8")]
    agents = [make_agent(spelling, spec) for spelling in spellings]
    weak, strong = (card.details for card in make_cards(spellings, agents))
    assert weak["sha256"] == strong["sha256"] == network_hash(spec)
    assert (weak["simulations"], strong["simulations"]) == ("0", "150")
    assert (weak["slips"], weak["temperature"], strong["slips"]) == ("0.5", "1.3", "0")
    assert len(strong["search"]) == 12


def test_thinking_by_the_clock_needs_a_clock(tmp_path: Path) -> None:
    clocked = SearchAgent("clocked", RolloutEvaluator(), Limit())
    folder = TournamentFolder(tmp_path / "t")
    with folder.opened(), pytest.raises(ConfigError, match="--time"):
        play_tournament(folder, conditions("clocked", "b"), [clocked, RandomAgent()], 2)
    assert not folder.exists


def test_a_clean_sweep_has_an_interval_with_one_end_and_no_nan_anywhere() -> None:
    lines = [
        line(game, *(("a", "b") if game % 2 == 0 else ("b", "a")), 1 - 2 * (game % 2))
        for game in range(20)
    ]
    report = make_report(conditions("a", "b"), lines, anchor="b")
    winner = report.standings[0]
    assert winner.name == "a" and winner.rating.upper == math.inf
    text = as_text(report)
    assert f"> {winner.rating.lower:+.0f}" in text
    assert "nan" not in text and "inf" not in text
    json.dumps(as_json(report), allow_nan=False)
    assert as_json(report)["agents"][0]["elo_95"][1] is None


def test_agents_that_never_met_are_not_compared() -> None:
    lines = [line(0, "a", "b", 1), line(2, "c", "d", 1)]
    text = as_text(make_report(conditions("a", "b", "c", "d"), lines))
    assert "never met" in text and "a, b | c, d" in text


def test_a_table_without_games_is_a_table() -> None:
    report = make_report(conditions("a", "b"), [])
    json.dumps(as_json(report), allow_nan=False)
    assert "unknown" in as_text(report)


def test_conditions_keep_the_rules(tmp_path: Path) -> None:
    spec = GoSpec(7, 5, 3.5, ko="simple")
    kept = replace(
        conditions("a", "b"),
        height=7,
        width=5,
        rules={"komi": 3.5, "ko": "simple", "suicide": False},
    )
    folder = TournamentFolder(tmp_path)
    with folder.opened():
        folder.begin(kept, 4)
    assert folder.conditions() == kept and folder.conditions().spec == spec
    assert np.array_equal(folder.conditions().spec.allocate(1), spec.allocate(1))
