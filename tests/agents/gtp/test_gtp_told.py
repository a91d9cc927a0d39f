"""The rules that a program is told, and what becomes of a game that it plays by others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.gtp.client import Watchdog
from agents.gtp.program import GtpAgent
from agents.parse import Spelling
from agents.random_agent import RandomAgent
from arena.folder import _differences
from arena.openings import OpeningPlan
from arena.play.game import PlayedGame, Terms, Void
from arena.play.game_runner import play_games
from arena.report import make_report
from arena.report_text import as_text
from arena.results import UNTOLD, AgentCard, conditions_as_json, conditions_of
from arena.schedule import Fixture
from arena.tournament import make_cards
from engine.errors import ProgramError
from engine.games.go import GoSpec
from engine.games.hex import HexSpec
from engine.games.spec import GameSpec
from engine.notation import text_to_action
from tests.support.turns import turn

MOCK = Path(__file__).resolve().parents[2] / "support" / "mock_engine.py"
SUICIDE = ("A2", "A1", "B2", "E5", "C1")
"""After these White's first free point, B1, takes the liberties of two stones of its own."""
Make = Callable[..., GtpAgent]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[GtpAgent] = []

    def begin(*options: str) -> GtpAgent:
        argv = [sys.executable, "-I", str(MOCK), "--log", str(tmp_path / "log"), *options]
        made.append(GtpAgent("mock", argv, 1, Watchdog(move_s=20.0, quit_s=0.5)))
        return made[-1]

    yield begin
    for agent in made:
        agent.close()


def asked(tmp_path: Path, word: str) -> list[str]:
    lines = (tmp_path / "log").read_text().splitlines()
    return [line for line in lines if line.startswith(word)]


@pytest.mark.parametrize(
    ("also", "spec", "line", "untold"),
    [
        (
            "kata-set-rules kata-set-rule kgs-rules",
            GoSpec(5, 5, 7.0, suicide=True),
            'kata-set-rules {"hasButton":false,"ko":"POSITIONAL","scoring":"AREA",'
            '"suicide":true,"tax":"NONE","whiteHandicapBonus":"0"}',
            "",
        ),
        ("kata-set-rule", GoSpec(5, 5, 7.0, ko="simple"), "kata-set-rule hasButton false", ""),
        ("kgs-rules", GoSpec(5, 5, 7.0), "kgs-rules chinese", ""),
        ("kgs-rules", GoSpec(5, 5, 7.0, ko="situational"), "kgs-rules aga", ""),
        ("kgs-rules", GoSpec(5, 5, 7.0, ko="simple"), "kgs-rules chinese", "ko"),
        ("kgs-rules", GoSpec(5, 5, 7.0, suicide=True), "kgs-rules new_zealand", "ko"),
        ("kgs-rules", GoSpec(5, 5, 6.5, "simple", scoring="territory"), "kgs-rules japanese", ""),
        ("go_rules go_param_rules", GoSpec(5, 5, 7.0), "go_rules chinese", ""),
        (
            "go_param_rules",
            GoSpec(5, 5, 7.0, "situational", suicide=True),
            "go_param_rules ko_rule superko",
            "",
        ),
        (
            "go_rules",
            GoSpec(5, 5, 6.5, "simple", scoring="territory"),
            "go_rules japanese",
            "ko, suicide",
        ),
        ("", GoSpec(5, 5, 7.0), "", "ko, suicide, scoring"),
        ("param_game", HexSpec(5, 5, swap=True), "param_game allow_swap 1", ""),
        ("", HexSpec(5, 5), "", ""),
    ],
)
def test_a_program_is_told_the_rules_in_words_that_it_knows(
    make: Make, tmp_path: Path, also: str, spec: GameSpec, line: str, untold: str
) -> None:
    agent = make("--also", also)
    assert agent.untold(spec) == untold
    first = also.split()[0] if also else "k"
    assert asked(tmp_path, first)[:1] == ([line] if line else [])


def test_fuego_is_told_each_rule_by_its_own_words(make: Make, tmp_path: Path) -> None:
    spec = GoSpec(5, 5, 6.5, "positional", scoring="territory", handicap_bonus="stones")
    assert make("--also", "go_rules go_param_rules").untold(spec) == ""
    assert asked(tmp_path, "go_") == [
        "go_rules japanese",
        "go_param_rules ko_rule pos_superko",
        "go_param_rules allow_suicide 0",
        "go_param_rules japanese_scoring 1",
        "go_param_rules extra_handicap_komi 1",
    ]


def test_the_rules_are_told_before_each_game(make: Make, tmp_path: Path) -> None:
    agent = make("--also", "kgs-rules")
    for game in (1, 2):
        agent.choose([turn(game, "C3", "D3")])
        agent.end_game(game)
    assert asked(tmp_path, "kgs-rules") == ["kgs-rules chinese"] * 2


@pytest.mark.parametrize("also", ["", "kgs-rules", "kata-set-rules"])
def test_an_illegal_move_is_void_where_the_program_could_not_know(make: Make, also: str) -> None:
    decision = make("--also", also).choose([turn(1, *SUICIDE)])[0]
    assert decision.void == (also == "") and "played B1" in decision.forfeit
    assert decision.termination == ("other rules" if decision.void else "illegal move")
    assert ("could not be told ko, suicide, scoring" in decision.forfeit) == decision.void


def test_a_move_on_a_stone_is_lost_by_any_rules(make: Make) -> None:
    decision = make("--fault", "illegal").choose([turn(1, "C3")])[0]
    assert decision.termination == "illegal move" and not decision.void


@pytest.mark.parametrize(("suicide", "void"), [(True, True), (False, False)])
def test_a_refusal_is_void_if_other_rules_forbid_the_move(
    make: Make, suicide: bool, void: bool
) -> None:
    spec = replace(GoSpec(5, 5, 7.0), suicide=suicide)
    moves = (*SUICIDE, "B1") if suicide else SUICIDE
    refused = "play w B1" if suicide else "play b C1"
    decision = make("--refuse", refused).choose([turn(1, *moves, spec=spec)])[0]
    assert decision.termination == ("other rules" if void else "nonsense")


def test_a_program_that_always_plays_by_other_rules_ends_the_tournament(make: Make) -> None:
    spec = GoSpec(5, 5, 7.0)
    opening = tuple(text_to_action(spec, move) for move in SUICIDE)
    played: list[PlayedGame] = []
    voids: list[Void] = []
    with pytest.raises(ProgramError, match="void 3 times: it played B1") as caught:
        play_games(
            spec,
            (RandomAgent(), make()),
            [Fixture(0, 0, 0, 1, opening)],
            Terms(1),
            on_game=played.append,
            on_void=voids.append,
        )
    assert "--rule" in str(caught.value) and not played
    assert len(voids) >= 3 and all(void.agent == 1 for void in voids[:3])


@pytest.mark.parametrize(("games", "ends"), [(2, False), (3, True)])
def test_a_game_that_is_void_again_and_again_is_left_out(
    make: Make, games: int, ends: bool
) -> None:
    spec = GoSpec(5, 5, 7.0)
    opening = tuple(text_to_action(spec, move) for move in SUICIDE)
    fixtures = [Fixture(number, 0, 0, 1, opening) for number in range(games)]
    voids: list[Void] = []
    played: list[PlayedGame] = []

    def play() -> None:
        play_games(
            spec,
            (RandomAgent(), make("--moves", "99")),
            fixtures,
            Terms(1),
            on_game=played.append,
            on_void=voids.append,
            leave_out=True,
        )

    if ends:
        with pytest.raises(ProgramError, match="void 3 times"):
            play()
    else:
        play()
    last = [void.fixture.game for void in voids if void.last]
    assert len(last) == games and not played


def test_the_table_says_what_a_program_could_not_be_told(make: Make) -> None:
    spec, agent = GoSpec(5, 5, 7.0), make()
    spellings = [Spelling("gtp:mock", "mock", "gtp"), Spelling("random", "random", "random")]
    cards = make_cards(spellings, [agent, RandomAgent()], spec)
    assert cards[0].details == {"program": "Mock", UNTOLD: "ko, suicide, scoring"}
    conditions = conditions_of(
        spec, agents=cards, kind="round-robin", openings=OpeningPlan("none"), move_limit=9, seed=1
    )
    text = as_text(make_report(conditions, []))
    assert "mock could not be told the rules (ko, suicide, scoring)" in text
    # A folder from before programs were asked goes on.
    old = AgentCard("mock", "gtp:mock", {"program": "Mock"})
    then = conditions_as_json(replace(conditions, agents=(old, cards[1])))
    assert not _differences(then, conditions_as_json(conditions))
