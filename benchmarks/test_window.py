"""How long the window takes from an event to the picture while the AI thinks beside it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games.spec import GameSpec


@pytest.fixture
def thinking_app(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    from agents.evaluators.auto import model_evaluator
    from agents.protocol import Limit
    from agents.search_agent import SearchAgent
    from arena.window.app import App
    from arena.window.model import GameModel, Settings
    from arena.window.screen import close_screen, open_screen
    from arena.window.thinker import Thinker

    def load(spec: GameSpec) -> tuple[SearchAgent, str]:
        config = NetworkConfig.named("b4c32", spec)
        evaluator = model_evaluator(PolicyValueNet.initial(config, 1), spec)
        return SearchAgent("Miai", evaluator, Limit(), parallel_leaves=8), ""

    app = App(open_screen(), GameModel(Settings(simulations=50_000)), Thinker(load))
    app.model.play(40)
    deadline = time.monotonic() + 120
    while app.model.thought is None and time.monotonic() < deadline:
        app.update()
        time.sleep(0.01)
    assert app.model.thought is not None
    yield app
    app.thinker.close()
    close_screen()


def test_event_to_picture_while_thinking(benchmark: Any, thinking_app: Any) -> None:
    import pygame

    app = thinking_app

    def frame() -> None:
        app.handle(pygame.event.Event(pygame.MOUSEMOTION, pos=(300, 300), rel=(1, 1), buttons=()))
        app.update()
        app.draw()
        pygame.display.flip()

    benchmark.pedantic(frame, rounds=400, iterations=1, warmup_rounds=20)
    assert app.model.ai_to_move, "the search ended before the measurement did"
    times = np.array(benchmark.stats.stats.data) * 1000
    benchmark.extra_info["p50_ms"] = float(np.quantile(times, 0.5))
    benchmark.extra_info["p99_ms"] = float(np.quantile(times, 0.99))
    print(
        f"event to picture: p50 {np.quantile(times, 0.5):.1f} ms, "
        f"p99 {np.quantile(times, 0.99):.1f} ms"
    )
