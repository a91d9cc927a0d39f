"""Matches: results, batching, forfeits, repeatability."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.gtp.client import Watchdog
from agents.gtp.program import GtpAgent
from agents.protocol import Decision, Limit, Turn
from agents.random_agent import RandomAgent
from agents.search_agent import SearchAgent, rollout_agent
from arena.openings import make_openings
from arena.play.game import PlayedGame, Terms
from arena.play.game_runner import play_games
from arena.play.match import play_match
from arena.play.verdict import verdict_after_passes
from arena.schedule import make_schedule
from engine.errors import ConfigError, ProgramError
from engine.games import GAMES, make
from engine.games.go import GoSpec
from engine.games.spec import BLACK
from engine.notation import text_to_action
from tests.support.scripted_agent import ScriptedAgent, first_sensible, passing

SPEC = GoSpec(5, 5, 7.0)
MOCK = Path(__file__).resolve().parents[2] / "support" / "mock_engine.py"


def mock(*options: str, processes: int = 2, move_s: float = 20.0) -> GtpAgent:
    watchdog = Watchdog(move_s=move_s, quit_s=0.5)
    return GtpAgent("mock", [sys.executable, "-I", str(MOCK), *options], processes, watchdog)


def test_a_match_is_balanced_and_counted() -> None:
    result = play_match(SPEC, RandomAgent("a"), RandomAgent("b"), games=20, seed=3)
    assert result.wins + result.draws + result.losses == 20 == len(result.games)
    assert sum(result.pairs) == 10
    assert sum(i * count for i, count in enumerate(result.pairs)) == 2 * result.wins + result.draws
    blacks = [game.fixture.black for game in result.games]
    assert blacks.count(0) == blacks.count(1) == 10
    for one, other in zip(result.games[::2], result.games[1::2], strict=True):
        assert one.fixture.opening == other.fixture.opening
        plies = len(one.fixture.opening)
        assert one.actions[:plies] == other.actions[:plies] == one.fixture.opening
    assert result.distinct == 20
    assert result.elo_low < result.elo < result.elo_high


def test_results_are_what_the_rules_say_of_the_actions() -> None:
    for game in play_match(SPEC, RandomAgent("a"), RandomAgent("b"), games=10, seed=5).games:
        position = SPEC.allocate(1)
        for action in game.actions:
            SPEC.play(position, np.array([action]))
        assert game.verdict.score == SPEC.score(position)[0]
        assert game.verdict.winner == np.sign(game.verdict.score)
        assert game.verdict.termination in ("two passes", "move limit")


def test_the_stronger_wins() -> None:
    strong = rollout_agent("rollouts", 60, RolloutEvaluator())
    result = play_match(SPEC, strong, RandomAgent("random"), games=20, seed=1)
    assert result.wins >= 17
    assert result.elo_low > 100


@pytest.mark.parametrize("games_at_once", [1, 5, 32])
def test_the_same_seed_gives_the_same_games_however_many_at_once(games_at_once: int) -> None:
    def play(at_once: int) -> list[tuple[int, ...]]:
        strong, weak = (rollout_agent(str(n), n, RolloutEvaluator()) for n in (128, 32))
        result = play_match(SPEC, strong, weak, games=12, seed=7, games_at_once=at_once)
        return [game.actions for game in result.games]

    assert play(games_at_once) == play(12)


def test_all_games_of_an_agent_are_asked_about_in_one_batch() -> None:
    agents = [ScriptedAgent("a", first_sensible), ScriptedAgent("b", first_sensible)]
    play_match(SPEC, *agents, games=16, seed=1, opening_plies=(2, 2), games_at_once=16)
    assert agents[0].batches[0] == agents[1].batches[0] == 8
    assert sorted(agents[0].ended) == list(range(16))


def test_with_seconds_a_move_an_agent_is_asked_about_one_game_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asked about all of them, it would not be heard of for as many times its seconds."""
    asked: list[int] = []
    choose = SearchAgent.choose

    def watched(agent: SearchAgent, turns: Sequence[Turn]) -> list[Decision]:
        asked.append(len(turns))
        return choose(agent, turns)

    monkeypatch.setattr(SearchAgent, "choose", watched)
    timed = SearchAgent("timed", RolloutEvaluator(), Limit(4, time_limit_s=600.0))
    other = ScriptedAgent("b", first_sensible)
    play_match(SPEC, timed, other, games=6, seed=1, move_limit=8)
    assert set(asked) == {1} and max(other.batches) > 1


def test_no_more_games_at_once_than_asked_for() -> None:
    agents = [ScriptedAgent("a", first_sensible), ScriptedAgent("b", first_sensible)]
    play_match(SPEC, *agents, games=16, seed=1, games_at_once=3)
    assert max(agents[0].batches) <= 3


def test_deterministic_agents_are_told_apart_by_openings_only() -> None:
    def play(plies: tuple[int, int]) -> int:
        agents = [ScriptedAgent(name, first_sensible) for name in "ab"]
        return play_match(SPEC, *agents, games=12, seed=1, opening_plies=plies).distinct

    assert play((0, 0)) == 1
    assert play((2, 4)) > 4


def test_the_move_limit_scores_the_board_as_it_stands() -> None:
    agents = [ScriptedAgent("a", first_sensible), ScriptedAgent("b", first_sensible)]
    result = play_match(SPEC, *agents, games=2, seed=1, move_limit=7)
    for game in result.games:
        assert len(game.actions) == 7
        assert game.verdict.termination == "move limit"


def test_resignation_and_thinking_time_are_recorded() -> None:
    def resign(turn: Turn) -> Decision:
        if len(turn.actions) >= 6:
            return Decision(-1, resign=True, seconds=1.0)
        return first_sensible(turn)

    quitter, other = ScriptedAgent("a", resign), ScriptedAgent("b", first_sensible)
    result = play_match(SPEC, quitter, other, games=2, seed=1, opening_plies=(2, 2))
    assert (result.wins, result.losses) == (0, 2)
    game = result.games[0]
    assert game.fixture.black == 0 and game.verdict.result == "W+R"
    assert game.decisions == (3, 2)
    assert game.seconds == (pytest.approx(1.5), pytest.approx(0.5))


def test_an_illegal_action_loses_that_game_only() -> None:
    def cheat(turn: Turn) -> Decision:
        return Decision(turn.actions[0]) if turn.game == 0 else first_sensible(turn)

    result = play_match(
        SPEC, ScriptedAgent("a", cheat), ScriptedAgent("b", first_sensible), games=4, seed=1
    )
    kinds = [game.verdict.termination for game in result.games]
    assert kinds[0] == "illegal move" and kinds.count("illegal move") == 1
    assert result.games[0].verdict.winner == (-1 if result.games[0].fixture.black == 0 else 1)
    assert result.games[0].verdict.result.endswith("+F")


def test_an_odd_number_of_games_is_refused() -> None:
    for games in (0, 3, -2):
        with pytest.raises(ConfigError, match="even number"):
            play_match(SPEC, RandomAgent("a"), RandomAgent("b"), games=games, seed=1)


def test_a_bug_in_an_agent_is_not_taken_for_a_loss() -> None:
    def broken(turn: Turn) -> Decision:
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        play_match(SPEC, ScriptedAgent("a", broken), RandomAgent("b"), games=2, seed=1)


@pytest.mark.parametrize(
    ("fault", "termination"),
    [("crash", "crash"), ("hang", "stall"), ("garbage", "nonsense"), ("illegal", "illegal move")],
)
def test_a_failing_program_loses_those_games_and_the_match_goes_on(
    fault: str, termination: str
) -> None:
    program = mock("--fault", fault, "--at", "2", "--moves", "3", move_s=0.5)
    result = play_match(SPEC, RandomAgent("random"), program, games=6, seed=1)
    program.close()
    kinds = [game.verdict.termination for game in result.games]
    assert kinds.count(termination) >= 2
    for game in result.games:
        if game.verdict.termination == termination:
            assert game.verdict.winner == (1 if game.fixture.black == 0 else -1)
            assert "mock" in game.verdict.note


def test_a_program_that_never_starts_ends_the_match() -> None:
    program = mock("--fault", "crash-at-start")
    with pytest.raises(ProgramError, match="no such network"):
        play_match(SPEC, RandomAgent("random"), program, games=10, seed=1)
    program.close()


def test_programs_and_built_in_agents_play_at_the_same_time() -> None:
    program = mock("--moves", "4")
    agents = [RandomAgent("a"), program, RandomAgent("b")]
    fixtures = make_schedule([(0, 1), (0, 2), (1, 2)], make_openings(SPEC, 3, (2, 3), seed=1))
    played: list[PlayedGame] = []
    play_games(SPEC, agents, fixtures, Terms(1), on_game=played.append, games_at_once=4)
    program.close()
    assert sorted(game.fixture.game for game in played) == list(range(18))


def last_turn(*moves: str) -> Turn:
    position = SPEC.allocate(1)
    actions = tuple(text_to_action(SPEC, move) for move in moves)
    for action in actions:
        SPEC.play(position, np.array([action]))
    return Turn(1, SPEC, position, actions, 0)


def test_dead_stones_are_taken_off_and_a_turned_result_is_disputed() -> None:
    turn = last_turn("C3", "A1", "pass", "pass")
    program = mock()
    plain = verdict_after_passes(turn, [program])
    program.close()
    assert (plain.score, plain.disputed) == (-7.0, False)
    assert verdict_after_passes(turn, []).score == plain.score

    class Claimer(GtpAgent):
        """Says which points are dead."""

        def __init__(self, *dead: str) -> None:
            super().__init__("claimer", ["unused"])
            self._dead = dead

        def dead_stones(self, turn: Turn) -> np.ndarray:
            marks = np.zeros(turn.spec.points, np.bool_)
            marks[[text_to_action(turn.spec, point) for point in self._dead]] = True
            return marks

    turned = verdict_after_passes(turn, [Claimer("A1")])
    assert (turned.score, turned.area_score, turned.winner) == (18.0, -7.0, 1)
    assert turned.disputed and turned.result == "B+18"
    split = verdict_after_passes(turn, [Claimer("A1"), Claimer("C3")])
    assert split.score == -7.0 and split.disputed and "disagreed" in split.note


def test_a_match_of_20_games_against_gnu_go(gnugo: str) -> None:
    program = GtpAgent("gnugo", [gnugo, "--mode", "gtp", "--chinese-rules", "--level", "1"])
    result = play_match(GoSpec(5, 5, 7.0), program, RandomAgent("random"), games=20, seed=1)
    program.close()
    assert result.wins >= 18 and len(result.games) == 20
    assert {game.verdict.termination for game in result.games} <= {"two passes", "resignation"}


def test_passing_at_once_is_a_win_for_komi() -> None:
    agents = [ScriptedAgent("a", passing), ScriptedAgent("b", passing)]
    result = play_match(SPEC, *agents, games=2, seed=1, opening_plies=(0, 0))
    assert [game.verdict.result for game in result.games] == ["W+7", "W+7"]
    assert (result.wins, result.losses, result.pairs) == (1, 1, (0, 0, 1, 0, 0))
    assert result.games[0].fixture.black == 0 and BLACK == 1


@pytest.mark.parametrize("name", sorted(set(GAMES) - {"go"}))
def test_every_game_is_played_to_its_end(name: str) -> None:
    """More playouts win, and the games end by their own rules."""
    spec = make(name, 5) if name == "hex" else make(name)
    strong = rollout_agent("rollouts", 40, RolloutEvaluator())
    result = play_match(spec, strong, RandomAgent("random"), games=10, seed=1)
    assert {game.verdict.termination for game in result.games} == {"end of the game"}
    assert result.wins + result.draws / 2 >= 7.5
