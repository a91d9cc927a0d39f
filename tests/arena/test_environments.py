"""The environments of PettingZoo and Gymnasium: their own tests, copies, pictures, opponents."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from engine.errors import IllegalActionError
from engine.games import GAMES, ConnectFourSpec, GoSpec, TicTacToeSpec, make
from engine.games.spec import WHITE, GameSpec
from tests.support.scripted_agent import ScriptedAgent, first_sensible

pettingzoo_test = pytest.importorskip("pettingzoo.test", reason="needs pettingzoo")

from arena.gymnasium_env import AgainstAgent  # noqa: E402
from arena.pettingzoo_env import BoardEnv, env  # noqa: E402

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
SIZES = {"go": (5, 4), "othello": (4, 4), "gomoku": (6, 6), "hex": (4, 4)}


def small(name: str) -> tuple[int, ...]:
    return SIZES.get(name, ())


@pytest.mark.parametrize("name", sorted(GAMES))
@pytest.mark.filterwarnings("ignore")
def test_pettingzoos_own_tests(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pettingzoo_test.api_test(env(name, *small(name)), num_cycles=200)
    pettingzoo_test.seed_test(lambda: env(name, *small(name)), num_cycles=60)
    assert "Passed" in capsys.readouterr().out


def finish(game: Any, seed: int) -> list[Any]:
    """Play on at random; return everything that was seen."""
    random = np.random.Generator(np.random.PCG64(seed))
    seen: list[Any] = []
    for agent in game.agent_iter():
        observation, reward, terminated, truncated, _ = game.last()
        seen.append((agent, reward, terminated, truncated, observation["observation"].tobytes()))
        legal = np.flatnonzero(observation["action_mask"])
        game.step(None if terminated or truncated else int(random.choice(legal)))
    return seen


@pytest.mark.parametrize("name", sorted(GAMES))
def test_copies_and_pickles_go_on_as_the_original(name: str) -> None:
    game = env(name, *small(name), render_mode="rgb_array")
    game.reset(seed=3)
    for _ in range(4):
        observation = game.last()[0]
        game.step(int(np.flatnonzero(observation["action_mask"])[0]))
        game.render()
    copied, thawed = copy.deepcopy(game), pickle.loads(pickle.dumps(game))
    untouched = copy.deepcopy(game)
    original = finish(game, 9)
    assert finish(copied, 9) == original and finish(thawed, 9) == original
    assert finish(untouched, 9) == original  # the games above did not share its board


@pytest.mark.parametrize("name", sorted(GAMES))
def test_rewards_are_those_of_the_rules(name: str) -> None:
    game = env(name, *small(name))
    for seed in range(3):
        game.reset(seed=seed)
        seen = finish(game, seed)
        ends = {agent: reward for agent, reward, terminated, _, _ in seen if terminated}
        board: BoardEnv = game.unwrapped
        black = float(board.spec.outcome(board.position)[0])
        assert ends == {"player_0": black, "player_1": -black}


def test_an_illegal_action_loses_in_the_wrapped_and_raises_in_the_raw_environment() -> None:
    game = env("tic_tac_toe")
    game.reset()
    game.step(4)
    game.step(4)
    assert game.rewards == {"player_0": 0, "player_1": -1}
    raw = BoardEnv(TicTacToeSpec())
    raw.reset()
    raw.step(4)
    before = raw.position.copy()
    with pytest.raises(IllegalActionError, match="occupied"):
        raw.step(4)
    assert np.array_equal(raw.position, before)


def test_a_game_may_begin_after_moves() -> None:
    raw = BoardEnv(GoSpec(5, 5), "ansi")
    raw.reset(options={"moves": ["C3", "D4"]})
    assert raw.agent_selection == "player_0"
    text = raw.render()
    assert isinstance(text, str) and "X" in text and "last D4" in text


@pytest.mark.parametrize("name", sorted(GAMES))
def test_pictures_show_every_stone(name: str) -> None:
    raw = BoardEnv(make(name, *small(name)), "rgb_array")
    raw.reset()
    before = raw.render()
    raw.step(int(np.flatnonzero(raw.observe("player_0")["action_mask"])[0]))
    after = raw.render()
    assert isinstance(before, np.ndarray) and isinstance(after, np.ndarray)
    assert after.shape == (480, 480, 3) and after.dtype == np.uint8
    changed = (before != after).any(axis=2).mean()
    assert 0.002 < changed < 0.3
    shown = BoardEnv(make(name, *small(name)), "human")
    shown.reset()
    shown.step(int(np.flatnonzero(shown.observe("player_0")["action_mask"])[0]))
    pickle.dumps(shown)
    shown.close()


@pytest.mark.filterwarnings("ignore")
def test_gymnasiums_own_test() -> None:
    from gymnasium.utils.env_checker import check_env

    check_env(AgainstAgent("connect_four", "random", render_mode="rgb_array"))


@pytest.mark.parametrize("side", ["black", "white"])
def test_a_game_against_an_agent(side: Any) -> None:
    spec: GameSpec = ConnectFourSpec()
    world = AgainstAgent(spec, ScriptedAgent("first", first_sensible), side=side, strict=True)
    observation, _ = world.reset(seed=1)
    assert observation["observation"].sum() == (0 if side == "black" else 2)
    over, reward = False, 0.0
    while not over:
        action = int(np.flatnonzero(observation["action_mask"])[-1])
        observation, reward, over, _, _ = world.step(action)
    position = world._board.position
    black = float(spec.outcome(position)[0])
    assert reward == (black if side == "black" else -black)
    with pytest.raises(IllegalActionError):
        world.step(0)


def test_sides_are_drawn_by_the_seed_and_illegal_actions_lose() -> None:
    world = AgainstAgent("tic_tac_toe", "random", side="random")
    drawn = []
    for seed in range(12):
        world.reset(seed=seed)
        drawn.append(world.colour)
    assert set(drawn) == {1, 2}
    for seed in range(12):
        observation, _ = world.reset(seed=seed)
        assert world.colour == drawn[seed]
        assert bool(observation["observation"].any()) == (world.colour == WHITE)
    bad = int(np.flatnonzero(observation["action_mask"] == 0)[0])
    _, reward, over, _, info = world.step(bad)
    assert (reward, over, info) == (-1.0, True, {"illegal": True})


def test_without_the_package_the_message_says_what_to_do() -> None:
    script = "import sys; sys.modules['pettingzoo'] = None; import arena.pettingzoo_env"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 1 and "pip install 'miai[pettingzoo]'" in run.stderr
