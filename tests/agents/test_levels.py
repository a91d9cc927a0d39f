"""Levels: held back as they say, the same for the same seed, and shown with Elo that is theirs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agents import levels
from agents.levels import LEVELS, Level, LevelAgent, held_back, level_of, level_ratings
from agents.parse import parse_agent, read_spelling
from agents.protocol import Decision, Limit, Turn
from engine.errors import ConfigError
from engine.games import make
from engine.games.spec import GameSpec
from engine.search import SearchResult

SPEC = make("go", 5)


def thought(visits: dict[int, int], action: int, proven: int = 0) -> SearchResult:
    none = np.zeros(SPEC.actions, np.float32)
    counts = none.astype(np.int32)
    for point, count in visits.items():
        counts[point] = count
    return SearchResult(
        action, counts, none, none, none, 0.0, 0.0, int(counts.sum()), proven=proven
    )


def turn(ply: int, seed: int = 1) -> Turn:
    return Turn(0, SPEC, SPEC.allocate(1), tuple(range(ply)), seed)


def chosen(level: Level, found: SearchResult, times: int = 400) -> np.ndarray:
    actions = [held_back(level, turn(0, seed), found) for seed in range(times)]
    return np.bincount(actions, minlength=SPEC.actions) / times


def test_without_warmth_and_slips_the_best_is_played() -> None:
    shares = chosen(Level(1, "", 1, 1, 0.0, 0.0), thought({3: 10, 4: 9}, 3))
    assert shares[3] == 1.0


def test_warmth_draws_in_proportion_to_visits() -> None:
    shares = chosen(Level(1, "", 1, 1, 1.0, 0.0), thought({3: 30, 4: 10}, 3))
    assert shares[3] + shares[4] == 1.0
    assert shares[3] == pytest.approx(0.75, abs=0.08)
    cooler = chosen(Level(1, "", 1, 1, 0.5, 0.0), thought({3: 30, 4: 10}, 3))
    assert cooler[3] == pytest.approx(0.9, abs=0.06)


def test_slips_are_any_sensible_move_and_never_a_pass() -> None:
    shares = chosen(Level(1, "", 1, 1, 0.0, 0.5), thought({3: 10}, 3))
    assert shares[3] == pytest.approx(0.5, abs=0.1)
    assert (shares > 0).sum() > 15
    assert shares[SPEC.pass_action] == 0


def test_a_pass_and_a_proven_move_are_never_held_back() -> None:
    wild = Level(1, "", 1, 1, 2.0, 1.0)
    assert chosen(wild, thought({3: 10}, SPEC.pass_action))[SPEC.pass_action] == 1.0
    assert chosen(wild, thought({3: 10, 4: 10}, 4, proven=1))[4] == 1.0


def test_a_game_is_a_function_of_its_seed() -> None:
    level, found = level_of(1), thought({3: 10, 4: 10}, 3)
    first = [held_back(level, turn(ply), found) for ply in range(20)]
    assert first == [held_back(level, turn(ply), found) for ply in range(20)]
    assert len(set(first)) > 3


def test_levels_rise_in_what_they_may_see() -> None:
    assert [level.number for level in LEVELS] == list(range(1, 11))
    budgets = [level.simulations for level in LEVELS]
    assert budgets == sorted(budgets)
    assert [k.slips for k in LEVELS] == sorted((k.slips for k in LEVELS), reverse=True)


def test_a_level_is_spelled_and_refused() -> None:
    assert read_spelling("level:3").name == "level-3"
    with pytest.raises(ConfigError, match="level from 1 to 10, got 11"):
        read_spelling("level:11")


@pytest.mark.parametrize("game", ["go", "tic_tac_toe"])
def test_a_level_plays_legal_moves_and_reports_what_it_thought(game: str) -> None:
    spec: GameSpec = make(game, 9) if game == "go" else make(game)
    agent = parse_agent("level:6", spec)
    assert isinstance(agent, LevelAgent)
    news: list[SearchResult] = []
    asked = Turn(0, spec, spec.allocate(1), (), 1)
    decision: Decision = agent.think(asked, Limit(), lambda found: news.append(found) or True)
    assert spec.legal(asked.position)[0, decision.action]
    assert decision.thought is not None
    assert decision.thought.simulations > 0
    agent.close()


def test_elo_of_another_network_or_board_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "go9.levels.json"
    monkeypatch.setattr(levels, "ratings_path", lambda _: path)
    assert level_ratings(SPEC) is None
    good = {
        "game": str(SPEC),
        "network": levels.network_hash(SPEC),
        "elo": [[k, k - 1, k + 1] for k in range(10)],
    }
    path.write_text(json.dumps(good))
    found = level_ratings(SPEC)
    assert found is not None
    assert found[3].elo == 3
    for change in (
        {"network": "x"},
        {"game": "go 7x7"},
        {"elo": good["elo"][:4]},
        {"elo": [["a"]]},
    ):
        path.write_text(json.dumps({**good, **change}))
        assert level_ratings(SPEC) is None
