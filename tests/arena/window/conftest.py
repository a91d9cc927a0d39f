"""A window without a display, against quick playouts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Agent
from agents.search_agent import rollout_agent
from arena.window import texts
from arena.window.model import GameModel, Settings
from arena.window.opponents import Opponent
from engine.games.go import GoSpec
from engine.games.spec import BLACK, GameSpec


def load_playouts(opponent: Opponent, spec: GameSpec) -> tuple[Agent, str]:
    """An agent at once, whatever the opponent."""
    return rollout_agent("Playouts", 16, RolloutEvaluator()), "weak"


def go5(people: tuple[int, ...], simulations: int, komi: float = 0.5) -> Settings:
    """A small game of Go."""
    return Settings(GoSpec(5, 5, komi=komi), people, Opponent("simulations", simulations))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes what a person has."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    texts.use("en")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[object]:
    """A window of 900 by 700 with a game of 5x5 Go, the person Black."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)

    from arena.window.app import App
    from arena.window.control import Control
    from arena.window.screen import close_screen, open_screen

    screen = open_screen((900, 700))
    model = GameModel(go5((BLACK,), 16), seed=1)
    control = Control(model, load_playouts)
    yield App(screen, control)
    control.close()
    close_screen()
