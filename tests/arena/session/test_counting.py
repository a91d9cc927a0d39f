"""The count of a finished game: its parts, the marks of a person, and agreeing to it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from arena.session.control import Control
from arena.session.counting import Count
from arena.session.files import Keeper, bring_back
from arena.session.session import Session
from arena.session.wording import count_words, estimate
from arena.terminal import Terminal
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import text_to_action
from tests.support.go_game import go5, load_playouts

ENDED = ("C3", "D2", "pass", "pass")


def ended(people: tuple[int, ...] = (BLACK, WHITE)) -> Session:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    for move in ENDED:
        assert session.play(text_to_action(session.game.spec, move)), session.message
    if people != (BLACK, WHITE):
        session.set_people(people)
    return session


@pytest.mark.parametrize("scoring", ["area", "territory"])
def test_the_parts_add_up_to_the_score(scoring: str) -> None:
    spec = GoSpec(7, 7, 6.5, scoring=scoring)
    positions = spec.allocate(40)
    rng = np.random.default_rng(3)
    for _ in range(45):
        legal = spec.candidates(positions)
        legal[legal[:, :-1].any(axis=1), -1] = False
        spec.play(positions, np.array([rng.choice(np.flatnonzero(row)) for row in legal]))
    assert not positions["finished"].any()
    assert positions["prisoners"].any()
    for k in range(40):
        position = positions[k : k + 1]
        stones = spec.stones(position)[0]
        dead = (rng.random(spec.points) < 0.2) & (stones != EMPTY)
        count = Count(spec, position, dead)
        black, white = count.points(BLACK), count.points(WHITE)
        assert black.total - white.total == count.score
        assert white.komi == 6.5 and black.komi == 0.0
        assert (black.prisoners > 0) <= (scoring == "territory")


def test_a_game_is_counted_until_a_person_agrees() -> None:
    session = ended()
    game = session.game
    assert game.over and game.to_agree
    assert game.status == "Count: Black 1, White 1.5"
    assert count_words(game) == ["Black: 1 stones = 1", "White: 1 stones + 0.5 komi = 1.5"]
    assert session.toggle_dead(text_to_action(game.spec, "D2"))
    assert game.status == "Count: Black 25, White 0.5"
    assert session.agree() and not game.to_agree
    assert game.status == "Black wins by 24.5"
    assert not session.agree()


@pytest.mark.parametrize("people", [(BLACK,), (WHITE,), (BLACK, WHITE)])
def test_who_plays_agrees_and_two_ais_need_not(people: tuple[int, ...]) -> None:
    session = ended()
    session.set_people(people)
    assert session.game.to_agree
    session.set_people(())
    assert not session.game.to_agree


def test_a_resigned_game_is_not_counted() -> None:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    session.play(12)
    session.resign()
    assert session.game.over and not session.game.to_agree


def test_a_kept_game_remembers_whether_it_was_agreed(tmp_path: Path) -> None:
    for agrees in (False, True):
        session = ended()
        if agrees:
            session.agree()
        Keeper(session, tmp_path / "game.json", True).keep()
        other = Session(go5((BLACK,), 16), seed=2)
        assert bring_back(other, tmp_path / "game.json")
        assert other.game.to_agree is not agrees


def test_an_estimate_says_that_the_game_goes_on() -> None:
    session = Session(go5((BLACK, WHITE), 16), seed=1)
    session.play(12)
    assert estimate(session.game) == "If it ended now: Black 25, White 0.5"


def test_the_result_against_the_adaptive_opponent_waits_for_the_count(tmp_path: Path) -> None:
    from dataclasses import replace

    from arena.session.opponents import Opponent, standing

    session = ended((BLACK,))
    game = session.game
    game.settings = replace(game.settings, opponent=Opponent("adaptive"))
    path = tmp_path / "standings.json"
    control = Control(session, load_playouts, standings=path)
    try:
        game.node.dead = frozenset({text_to_action(game.spec, "D2")})
        control.update()
        assert standing(game.spec, path).games == 0
        session.agree()
        control.update()
        assert standing(game.spec, path).games == 1
        assert standing(game.spec, path).won == 1.0
    finally:
        control.close()


def test_the_terminal_judges_counts_and_lets_agree() -> None:
    session, out = Session(go5((BLACK,), 16), seed=1), io.StringIO()
    session.set_people((BLACK, WHITE))
    lines = "C3\nD2\npass\npass\ndead D2\nagree\nquit\n"
    Terminal(session, load_playouts, io.StringIO(lines), out).run()
    printed = out.getvalue()
    assert "'agree' ends the game" in printed
    assert "stones" in printed and "0.5 komi" in printed
    assert not session.game.to_agree and " wins by " in printed
