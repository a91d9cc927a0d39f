"""A person at a terminal as a player."""

from __future__ import annotations

import io
import os
import threading

from agents.human_agent import HumanAgent
from agents.protocol import Turn
from agents.random_agent import RandomAgent
from arena.play.match import play_match
from engine.games import make
from engine.games.go import GoSpec

SPEC = GoSpec(5, 5, 7.0)


def turn(spec=SPEC, *actions: int) -> Turn:  # type: ignore[no-untyped-def]
    position = spec.allocate(1)
    for action in actions:
        spec.play(position, [action])
    return Turn(0, spec, position, actions, 0)


def test_moves_are_read_until_one_is_allowed() -> None:
    out = io.StringIO()
    person = HumanAgent("me", io.StringIO("Z9\nC3\nhello\npass\nB2\n"), out)
    assert person.choose([turn(SPEC, 12)])[0].action == SPEC.pass_action
    said = out.getvalue()
    assert "C3 is not allowed" in said and "Z9" in said and "the other side played C3" in said
    assert "me (White)" in said and "A B C D E" in said
    assert person.choose([turn()])[0].action == 16


def test_the_end_of_input_is_a_resignation() -> None:
    for text in ("", "resign\n"):
        assert HumanAgent("me", io.StringIO(text), io.StringIO()).choose([turn()])[0].resign


def test_who_waits_for_a_person_is_freed_when_the_agent_is_closed() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as never, os.fdopen(writing, "w"):
        person = HumanAgent("me", never, io.StringIO())
        asked = threading.Thread(target=person.choose, args=([turn(), turn()],), daemon=True)
        asked.start()
        person.close()
        asked.join(timeout=30)
        freed = not asked.is_alive()
        os.write(writing, b"resign\nresign\n")
    assert freed


def test_a_forced_pass_is_not_asked_about() -> None:
    spec = make("othello", 4, 4)
    random = RandomAgent()
    person = HumanAgent("me", io.StringIO(""), io.StringIO())
    result = play_match(spec, person, random, 2, seed=1, opening_plies=(0, 0))
    assert {game.verdict.termination for game in result.games} == {"resignation"}
