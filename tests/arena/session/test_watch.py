"""Watching: games are shown ply by ply, continued as they grow, and a missing source is told."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from arena.session import games, watch
from arena.session.game import Settings
from arena.session.session import Session
from arena.session.watch import Seen, Watcher
from engine.errors import RunError
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE
from engine.records import GameRecord


class Folder:
    """A source that says what it is told to."""

    def __init__(self) -> None:
        self.seen: Seen | Exception = Seen("far", [])

    def look(self) -> Seen:
        if isinstance(self.seen, Exception):
            raise self.seen
        return self.seen


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(watch, "_ASK_EVERY_S", 0.0)
    monkeypatch.setattr(watch, "_PLY_EVERY_S", 0.0)
    monkeypatch.setattr(watch, "_REST_S", 0.0)
    folder, session = Folder(), Session(Settings(people=(BLACK, WHITE)), seed=1)
    watcher = Watcher(folder)

    def until(what, seconds: float = 120.0) -> None:  # type: ignore[no-untyped-def]
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, session.message
            watcher.update(session)
            time.sleep(0.005)

    return folder, session, until


def test_a_game_is_shown_continued_and_followed_by_the_next(show) -> None:  # type: ignore[no-untyped-def]
    folder, session, until = show
    until(lambda: "Waiting" in session.message)
    game = GameRecord(GoSpec(5, 5), (12, 7, 6), source="game 1")
    folder.seen = Seen("far", [game])
    until(lambda: session.game.actions == [12, 7, 6])
    assert session.message == "far"
    assert not session.game.ai_turn
    folder.seen = Seen("farther", [replace(game, actions=(12, 7, 6, 8), result="B+R")])
    until(lambda: session.game.actions == [12, 7, 6, 8])
    folder.seen = Seen("farther", [GameRecord(GoSpec(7, 7), (3, 4), source="game 2")])
    until(lambda: session.game.actions == [3, 4] and session.game.spec.height == 7)
    assert session.set_aside == []


def test_a_source_that_fails_says_why_and_comes_back(show) -> None:  # type: ignore[no-untyped-def]
    folder, session, until = show
    folder.seen = RunError("expected a run, got nothing")
    until(lambda: "got nothing" in session.message)
    folder.seen = Seen("far", [GameRecord(GoSpec(5, 5), (12,), source="game 1")])
    until(lambda: session.game.actions == [12])


def test_what_is_played_beside_a_watched_game_stays_out_of_it(show) -> None:  # type: ignore[no-untyped-def]
    folder, session, until = show
    game = GameRecord(GoSpec(5, 5), (12, 7), source="game 1")
    folder.seen = Seen("far", [game])
    until(lambda: session.game.actions == [12, 7])
    end = session.game.node
    session.play(8)
    folder.seen = Seen("farther", [replace(game, actions=(12, 7, 8, 6))])
    until(lambda: session.game.actions == [12, 7, 8, 6])
    session.undo()
    session.play(0)
    folder.seen = Seen("farthest", [replace(game, actions=(12, 7, 8, 6, 0, 24))])
    until(lambda: session.message == "farthest")
    assert session.game.actions == [12, 7, 8, 0]
    assert [node.action for node in end.line()] == [None, 12, 7, 8, 0]
    assert session.turn_to_sibling(-1)
    until(lambda: session.game.actions == [12, 7, 8, 6, 0, 24])


def test_a_game_that_the_person_opened_is_not_continued(show) -> None:  # type: ignore[no-untyped-def]
    folder, session, until = show
    game = GameRecord(GoSpec(5, 5), (12, 7), source="game 1")
    folder.seen = Seen("far", [game])
    until(lambda: session.game.actions == [12, 7])
    games.new_game(session, Settings(GoSpec(7, 7), (BLACK, WHITE)))
    session.play(24)
    session.step(-1)
    root = session.game.node
    folder.seen = Seen("farther", [replace(game, actions=(12, 7, 8, 6))])
    until(lambda: session.game.actions == [12, 7, 8, 6])
    assert session.game.spec.height == 5
    assert [node.action for node in root.line()] == [None, 24]
