"""The window as pixels, without a display: what is drawn changes with what happens."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.protocol import Agent, Limit, Turn
from arena.session.opponents import Opponent
from arena.session.thinker import Thinker
from arena.window.app import App
from engine.games.go import GoSpec
from engine.games.hex import HexSpec
from engine.games.spec import BLACK, WHITE
from tests.support.go_game import go5, load_playouts
from tests.support.window_driver import click, picture, press, wait


def test_a_click_places_a_stone_where_it_was_and_the_ai_answers(app: App) -> None:
    before = picture(app)
    grid = app.layout().grid
    x, y = grid.centre(12)
    click(app, (x, y))
    assert app.game.actions == [12]
    after = picture(app)
    side = int(grid.step * 0.3)
    patch = (slice(int(x) - side, int(x) + side), slice(int(y) - side, int(y) + side))
    assert after[patch].mean() < before[patch].mean() - 60
    wait(app, lambda: len(app.game.actions) == 2)
    assert not np.array_equal(after, picture(app))
    assert app.control.note == "weak"


def test_every_point_is_found_under_its_own_pixel(app: App) -> None:
    from arena.window.frame import Frame

    for size in ((640, 480), (900, 700), (1600, 900)):
        for height, width in ((3, 3), (9, 9), (13, 7), (19, 19)):
            for spec in (GoSpec(height, width), HexSpec(height, width)):
                grid = Frame.of(size, spec).grid
                for point in range(height * width):
                    x, y = grid.centre(point)
                    assert grid.area.collidepoint(x, y)
                    assert grid.point_at((round(x), round(y))) == point


def test_switches_change_the_picture(app: App) -> None:
    import pygame

    wait(app, lambda: app.control.ready)
    plain = picture(app)
    press(app, pygame.K_c)
    assert not np.array_equal(plain, picture(app))
    press(app, pygame.K_c)
    np.testing.assert_array_equal(plain[:500], picture(app)[:500])
    press(app, pygame.K_h)
    wait(app, lambda: app.game.thought is not None)
    assert not np.array_equal(plain, picture(app))
    assert app.game.actions == [], "looking must not play"


def test_dialogs_open_act_and_close(app: App) -> None:
    import pygame

    plain = picture(app)
    press(app, pygame.K_SLASH, "?")
    assert app.dialog is not None
    assert not np.array_equal(plain, picture(app))
    press(app, pygame.K_ESCAPE)
    assert app.dialog is None
    app.actions.by_name["new"]()
    picture(app)
    click(app, app.dialog.more[1].rect.center)
    press(app, pygame.K_RETURN)
    assert app.dialog is None
    assert app.game.spec.height == 7
    press(app, pygame.K_r)
    press(app, pygame.K_ESCAPE)
    assert not app.game.over
    press(app, pygame.K_r)
    press(app, pygame.K_RETURN)
    assert app.game.over


def test_new_game_while_thinking_stops_the_search(app: App) -> None:
    wait(app, lambda: app.control.ready)
    app.control.new_game(go5((BLACK,), 10**6))
    app.session.play(12)
    app.update()
    time.sleep(0.3)
    started = time.monotonic()
    app.control.new_game(go5((WHITE,), 8))
    wait(app, lambda: len(app.game.actions) == 1)
    assert time.monotonic() - started < 30
    assert app.game.actions != [12]


def test_escape_lets_the_ai_move_at_once(app: App) -> None:
    import pygame

    wait(app, lambda: app.control.ready)
    app.control.new_game(go5((BLACK,), 200_000))
    app.session.play(12)
    wait(app, lambda: app.game.thought is not None)
    press(app, pygame.K_ESCAPE)
    wait(app, lambda: len(app.game.actions) == 2)
    assert app.game.node.parent.thought.simulations < 200_000


def test_buttons_do_what_they_say(app: App, tmp_path: Path) -> None:
    wait(app, lambda: app.control.ready)
    picture(app)
    click(app, app.buttons.by_name["pass"].rect.center)
    assert app.game.actions == [app.game.spec.pass_action]
    wait(app, lambda: len(app.game.actions) == 2)
    picture(app)
    click(app, app.buttons.by_name["undo"].rect.center)
    assert app.game.actions == []
    picture(app)
    click(app, app.buttons.by_name["save"].rect.center)
    assert list(tmp_path.glob("miai-*.sgf"))


def test_an_idle_window_is_not_painted_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import pygame

    wait(app, lambda: app.control.ready)
    painted: list[int] = []
    monkeypatch.setattr(app, "draw", lambda: painted.append(1))
    pygame.event.clear()
    pygame.time.set_timer(pygame.QUIT, 600, loops=1)
    app.run()
    assert 1 <= len(painted) <= 4


def test_the_dots_move_while_the_ai_thinks(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import pygame

    painted: list[int] = []
    app.session.play(12)
    monkeypatch.setattr(app, "draw", lambda: painted.append(1))
    monkeypatch.setattr(app, "update", lambda: False)
    pygame.event.clear()
    pygame.time.set_timer(pygame.QUIT, 1500, loops=1)
    app.run()
    assert len(painted) >= 3


def test_owned_points_are_shaded(app: App) -> None:
    app.session.play(12)
    grid = app.layout().grid
    x, y = (int(part) for part in grid.centre(24))
    patch = (slice(x - 12, x - 4), slice(y - 12, y - 4))
    before = picture(app)[patch].mean()
    while not app.game.over:
        app.session._play(app.game.spec.pass_action)
    assert picture(app)[patch].mean() < before - 20


def test_an_ai_that_breaks_down_says_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    crashes: list[object] = []
    monkeypatch.setattr(threading, "excepthook", crashes.append)

    class Broken:
        name, limit = "Broken", Limit()

        def think(self, turn: Turn, *_: object, **__: object) -> None:
            if turn.actions:  # not while it is loaded
                raise ZeroDivisionError("oh")

        def end_game(self, game: int) -> None: ...

    app.control.close()
    app.control._load = lambda *_: (Broken(), "")
    app.control._minds = {"home": Thinker(app.control._load)}
    app.control._loaded.clear()
    app.control.prepare()
    wait(app, lambda: app.control.ready)
    app.session.play(12)
    wait(app, lambda: app.control.failure)
    assert "ZeroDivisionError" in app.control.failure
    assert len(crashes) == 1, "the traceback has to reach the terminal"
    picture(app)
    app.session.undo()
    app.update()
    assert app.game.actions == []
    app.control._load = load_playouts
    app.session.play(12)
    app.control.restart()
    wait(app, lambda: len(app.game.actions) == 2)


def test_a_failed_load_is_told() -> None:
    from arena.session.thinker import Failed
    from engine.errors import NetworkFileError

    def fail(*_: object) -> tuple[Agent, str]:
        raise NetworkFileError("expected a network, got nothing")

    thinker = Thinker(fail)
    spec, opponent = GoSpec(5, 5), Opponent()
    thinker.prepare(opponent, spec)
    deadline = time.monotonic() + 10
    events: list[object] = []
    while not events and time.monotonic() < deadline:
        events = list(thinker.events())
        time.sleep(0.01)
    assert events == [Failed((opponent.key, spec), "expected a network, got nothing")]
    thinker.close()


@pytest.mark.parametrize("trouble", ["slow", "missing", "no fonts"])
def test_a_system_without_usable_fonts_is_no_trouble(
    app: App, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """pygame asks ``fc-list``, gives it a second, and warns."""
    import subprocess

    import pygame

    from arena.window import theme

    def run(*_: object, **__: object) -> object:
        if trouble == "slow":
            raise subprocess.TimeoutExpired("fc-list", 1)
        if trouble == "missing":
            raise FileNotFoundError("fc-list")
        return subprocess.CompletedProcess([], 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(pygame.sysfont, "Sysfonts", {})
    monkeypatch.setattr(pygame.sysfont, "Sysalias", {})
    theme.forget_fonts()
    assert picture(app).std() > 10
    theme.forget_fonts()


def test_a_misspelt_network_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from miai.cli import main

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert main(["play", "--network", "no-such-network"]) == 2
    assert "'no-such-network'" in capsys.readouterr().err


def test_no_words_overlap_in_the_smallest_window(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of the panel lie apart, also with a long name and a long komi."""
    from itertools import combinations

    import pygame

    from arena.window import theme
    from arena.window.screen import SMALLEST

    app.screen = pygame.display.set_mode(SMALLEST)
    app.control.new_game(go5((BLACK,), 16, -12.5))
    app.game.settings = replace(
        app.game.settings, opponent=Opponent("simulations", "x" * 20, simulations=16)
    )
    app.control._loaded[(app.game.settings.opponent.key, app.game.spec)] = ""
    app.session.play(12)
    written: list[tuple[str, pygame.Rect]] = []
    write = theme.text

    def note(target: pygame.Surface, words: str, *args: object, **named: object) -> pygame.Rect:
        rect = write(target, words, *args, **named)  # type: ignore[arg-type]
        if rect.x > app.layout().panel.x:
            written.append((words, rect))
        return rect

    monkeypatch.setattr(theme, "text", note)
    app.draw()
    assert len(written) > 15
    for (words, rect), (other, its) in combinations(written, 2):
        assert not rect.inflate(0, -6).colliderect(its.inflate(0, -6)), (words, other)
    for words, rect in written:
        assert app.layout().panel.contains(rect), words


def test_options_are_tried_kept_and_given_up(app: App, tmp_path: Path) -> None:
    import pygame

    from arena.session import preferences

    app._kept_preferences = tmp_path / "window.json"
    dark = picture(app)
    app.actions.by_name["options"]()
    picture(app)
    click(app, app.dialog.more[2].rect.center)
    assert app.preferences.light
    click(app, app.dialog._cancel.rect.center)
    assert app.dialog is None
    assert not app.preferences.light
    np.testing.assert_array_equal(dark[:500], picture(app)[:500])
    app.actions.by_name["options"]()
    picture(app)
    click(app, app.dialog.more[2].rect.center)
    press(app, pygame.K_RETURN)
    assert preferences.load(tmp_path / "window.json")[0].light
    assert picture(app).mean() > dark.mean()


def test_every_command_can_be_given_at_any_time(app: App) -> None:
    """In a fresh game, in the middle, with the board being set up, and after the end."""
    wait(app, lambda: app.control.ready)

    def all_commands() -> None:
        for name in app.actions.by_name:
            app.actions.by_name[name]()
            app.update()
            app.draw()
            app.dialogs.clear()
            app.running = True

    all_commands()
    app.view.set_up = None
    app.control.new_game(go5((BLACK,), 8))
    app.session.play(12)
    wait(app, lambda: len(app.game.actions) == 2)
    all_commands()
    app.view.set_up = None
    app.control.new_game(go5((BLACK, WHITE), 8))
    app.session.resign()
    all_commands()


def test_a_dropped_file_is_a_game_or_a_network_or_a_sentence(app: App, tmp_path: Path) -> None:
    import pygame

    def drop(name: str, content: bytes) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        app.handle(pygame.event.Event(pygame.DROPFILE, file=str(path)))

    drop("game.sgf", b"(;GM[1]SZ[9];B[ee];W[cc])")
    assert app.game.spec.height == 9
    assert not app.game.ai_turn
    drop("note.txt", b"hello")
    assert "note.txt" in app.session.message
    drop("bad.safetensors", b"hello")
    app.game.settings = replace(app.game.settings, people=(BLACK,))
    assert app.control.network.endswith("bad.safetensors")
    picture(app)


def test_a_player_is_clicked_to_say_who_moves(app: App) -> None:
    picture(app)
    click(app, app._places.players[BLACK].center)
    assert app.game.settings.people == ()
    click(app, app._places.players[WHITE].center)
    click(app, app._places.players[BLACK].center)
    assert app.game.settings.people == (BLACK, WHITE)
    assert app.game.actions == []


def test_a_network_file_is_typed_for_the_opponent(app: App) -> None:
    import pygame

    app.actions.by_name["new"]()
    rows = app.dialog
    picture(app)
    click(app, rows.words[7].rect.center)
    assert app.dialog is not rows
    for letter in "800":
        press(app, ord(letter), letter)
    press(app, pygame.K_RETURN)
    assert app.dialog is rows
    assert rows.value.opponent.simulations == 800
    press(app, pygame.K_ESCAPE)
    assert app.dialog is None


def test_without_audio_there_is_silence_and_a_reason(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pygame

    from arena.window.sounds import Sounds, click

    samples = click(900.0, 0.07, 0.3)
    assert samples.shape == (3087, 2)
    assert abs(samples).max() > 30_000
    assert abs(samples[-200:]).max() < 1500, "it ends without a crack"

    def fail(*_: object) -> None:
        raise pygame.error("no device")

    monkeypatch.setattr(pygame.mixer, "init", fail)
    silent = Sounds()
    silent.play("stone")
    app.sounds = silent
    app.actions.by_name["options"]()
    assert "no device" in app.session.message
