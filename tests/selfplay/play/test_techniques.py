"""Techniques of self-play, each with a test that fails without it."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from engine.errors import ConfigError, RunError, SpecError
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.search import Evaluation, SearchConfig
from miai.config import to_toml
from selfplay.data.columns import LARGEST_WEIGHT
from selfplay.data.replay import ReplayConfig, ReplayWindow
from selfplay.data.shards import Rows, read_shard
from selfplay.data.windows import Windows
from selfplay.play.effort import EffortConfig, plan
from selfplay.play.league import choose_opponent, opponent_colour
from selfplay.play.targets import surprise, surprise_weights
from selfplay.play.worker import FinishedGame, Group, SelfPlayConfig
from selfplay.run import Run
from tests.support.small import small_run, some_rows

SPEC = GoSpec(5, 5, 0.5)


class Counting:
    """Rollouts that note who was asked about which side to move."""

    def __init__(self) -> None:
        self.asked = 0

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        self.asked += len(positions)
        return RolloutEvaluator().evaluate(spec, positions)


def group_of(slots: int = 8, **settings: object) -> tuple[Group, Counting]:
    config = SelfPlayConfig(slots=slots, sampled_plies=6, first_games=0)
    evaluator = Counting()
    config = dataclasses.replace(config, **settings)  # type: ignore[arg-type]
    search = SearchConfig(no_pass_before=8)
    return Group(SPEC, evaluator, search, config, 11, 0, 1), evaluator


def play(group: Group, steps: int, simulations: int = 4) -> tuple[Rows, list[FinishedGame]]:
    parts: list[Rows] = []
    games: list[FinishedGame] = []
    for _ in range(steps):
        rows, finished = group.step(simulations)
        parts += rows
        games += finished
    return Rows.concatenate(parts), games


def test_a_share_of_the_plies_is_searched_in_full_and_the_rest_fast() -> None:
    config = EffortConfig(full_share=0.25, fast_simulations=3)
    games = np.arange(400, dtype=np.uint64)
    plies = np.arange(400, dtype=np.int32) % 7
    nobody = np.zeros(400, np.bool_)
    found = plan(config, 20, 5, games, plies, nobody)
    assert 0.17 < found.full.mean() < 0.33
    assert set(found.simulations[found.full]) == {20}
    assert set(found.simulations[~found.full]) == {3}
    alone = [plan(config, 20, 5, games[i : i + 1], plies[i : i + 1], nobody[:1]) for i in (7, 80)]
    assert [bool(each.full[0]) for each in alone] == [bool(found.full[i]) for i in (7, 80)]
    other_ply = plan(config, 20, 5, games, plies + 1, nobody)
    assert (other_ply.full != found.full).any()


def test_fast_searches_teach_value_but_no_policy() -> None:
    saving, asked = group_of(effort=EffortConfig(full_share=0.3, fast_simulations=2))
    rows, _ = play(saving, 60, simulations=12)
    taught = rows.policy_weight.mean()
    assert 0.15 < taught < 0.45
    assert set(rows.policy_weight) == {0.0, 1.0}
    _, spending_asked = spending = group_of()
    play(spending[0], 60, simulations=12)
    assert asked.asked < 0.7 * spending_asked.asked


def test_decided_games_are_searched_fast() -> None:
    won = plan(
        EffortConfig(decided_q=0.9, fast_simulations=2),
        16,
        1,
        np.arange(4, dtype=np.uint64),
        np.zeros(4, np.int32),
        np.array([True, False, True, False]),
    )
    assert won.simulations.tolist() == [2, 16, 2, 16]
    group, _ = group_of(effort=EffortConfig(decided_q=0.6, decided_plies=4))
    rows, games = play(group, 60, simulations=8)
    for game in games:
        of_game = rows.take(np.flatnonzero(rows.game == game.number))
        q = of_game.root_value[:, 0].astype(np.float32) - of_game.root_value[:, 2]
        black_q = q * np.where(of_game.ply % 2 == 0, 1, -1)
        for at in range(len(of_game)):
            past = black_q[max(at - 4, 0) : at]
            led = len(past) == 4 and ((past >= 0.6).all() or (past <= -0.6).all())
            if abs(np.abs(past) - 0.6).min(initial=1.0) > 0.01:  # q is stored in half precision
                assert of_game.policy_weight[at] == (0.0 if led else 1.0)
    assert 0.0 < rows.policy_weight.mean() < 1.0


def test_games_of_go_end_when_every_point_is_somebodys() -> None:
    """The same games, ended earlier; who owns what is what Benson says, dead stones included."""
    whole, early = group_of()[0], group_of(stop_certain=True)[0]
    rows, games = play(early, 90, simulations=16)
    _, longer = play(whole, 90, simulations=16)
    by_number = {game.number: game for game in longer}
    shorter = 0
    for game in games:
        spec = GoSpec(5, 5, game.komi)
        position = spec.allocate(1)
        for action in game.actions:
            assert not (spec.certain(position) != 0).all()
            spec.play(position, np.array([action]))
        certain = spec.certain(position)[0]
        if (certain != 0).all():
            assert game.score == certain.sum() - game.komi
            owned = rows.take(np.flatnonzero(rows.game == game.number)).ownership[-1]
            np.testing.assert_array_equal(np.abs(owned), 1)
        known = by_number.get(game.number)
        if known is not None and known.actions != game.actions:
            assert known.actions[: len(game.actions)] == game.actions
            shorter += 1
    assert shorter > 0


def test_surprise_is_the_divergence_and_weights_keep_the_mean() -> None:
    policy = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]], np.float32)
    prior = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]], np.float32)
    np.testing.assert_allclose(surprise(policy, prior), [0.0, 0.25 * np.log(2)], atol=1e-6)
    kl = np.array([0.1, 0.3, 0.0, 0.8], np.float32)
    teaches = np.array([1.0, 1.0, 0.0, 1.0], np.float32)
    np.testing.assert_allclose(
        surprise_weights(kl, teaches, 0.5), [0.625, 0.875, 1.0, 1.5], rtol=1e-6
    )
    assert (surprise_weights(kl, teaches, 0.0) == 1.0).all()
    rare = np.array([1.0] + [0.0] * 40, np.float32)
    assert surprise_weights(rare, np.ones_like(rare), 1.0)[0] == LARGEST_WEIGHT


def test_heavy_rows_are_drawn_in_proportion() -> None:
    window = ReplayWindow(SPEC, ReplayConfig(first_rows=100), by_weight=True)
    rows = some_rows(SPEC, 4)
    rows.score[:], rows.weight[:] = range(4), [0.0, 1.0, 2.0, 5.0]
    window.add(rows)
    batch = window.sample(np.random.default_rng(1), 4000)
    counts = np.bincount(batch.score.astype(int), minlength=4) / 4000
    np.testing.assert_allclose(counts, [0.0, 0.125, 0.25, 0.625], atol=0.03)
    assert (batch.weight == 1.0).all()


def test_surprise_reaches_the_rows() -> None:
    group, _ = group_of(surprise_share=0.5)
    rows, games = play(group, 60)
    assert rows.weight.std() > 0.1
    for game in games:
        weights = rows.weight[rows.game == game.number]
        assert len(weights) == 0 or abs(weights.mean() - 1.0) < 0.1


def test_the_league_plays_its_share_with_both_colours() -> None:
    colours = [opponent_colour(3, game, 0.25) for game in range(2000)]
    assert 0.2 < np.mean(np.array(colours) != 0) < 0.3
    assert 0.4 < np.mean(np.array(colours)[np.array(colours) != 0] == BLACK) < 0.6
    assert {opponent_colour(3, game, 1.0) for game in range(50)} == {BLACK, WHITE}
    assert {opponent_colour(3, game, 0.0) for game in range(50)} == {0}


def test_opponents_are_drawn_from_the_past_alone() -> None:
    paths = [Path(f"{cycle:06d}.safetensors") for cycle in (10, 20, 30, 40)]
    drawn = {choose_opponent(1, cycle, paths) for cycle in range(30, 35)}
    drawn |= {choose_opponent(seed, 30, paths) for seed in range(30)}
    assert drawn == set(paths[:3])
    assert choose_opponent(1, 9, paths) is None


def test_an_opponent_plays_its_side_only_and_teaches_no_policy() -> None:
    group, own = group_of(league_share=1.0)
    opponent = Counting()
    group.opponent = opponent
    rows, games = play(group, 60)
    assert opponent.asked > 0.3 * own.asked > 0
    for game in games:
        of_game = rows.take(np.flatnonzero(rows.game == game.number))
        theirs = opponent_colour(11, game.number, 1.0)
        to_move = np.where(of_game.ply % 2 == 0, BLACK, WHITE)
        np.testing.assert_array_equal(of_game.policy_weight == 0.0, to_move == theirs)


@pytest.mark.parametrize("cycles", [4])
def test_all_of_it_together_repeats_after_a_stop(tmp_path: Path, cycles: int) -> None:
    base = small_run(cycles=cycles)
    play_config = dataclasses.replace(
        base.selfplay,
        league_share=0.5,
        surprise_share=0.5,
        stop_certain=True,
        effort=EffortConfig(full_share=0.5, fast_simulations=2, decided_q=0.7, decided_plies=3),
    )
    config = dataclasses.replace(base, selfplay=play_config)
    text = to_toml(config)

    class StopError(Exception):
        pass

    def stop(metrics: dict[str, object]) -> None:
        if metrics["cycle"] == 3:
            raise StopError

    whole, pieces = tmp_path / "whole" / "run", tmp_path / "pieces" / "run"
    with Run(whole, config, text) as run:
        run.train(lambda metrics: None)
    with Run(pieces, config, text) as run, pytest.raises(StopError):
        run.train(stop)
    with Run(pieces, config, text) as run:
        run.train(lambda metrics: None)
    assert run._opponent is not None
    names = [path.name for path in sorted((whole / "checkpoints").iterdir())]
    assert len(names) >= 3
    for name in names:
        assert (pieces / "checkpoints" / name).read_bytes() == (
            whole / "checkpoints" / name
        ).read_bytes()


def test_games_on_several_boards_share_a_run(tmp_path: Path) -> None:
    """Rows of each board reach the learner, in their share; a stopped run repeats."""
    base = small_run(cycles=5)
    game = dataclasses.replace(base.game, other_sizes=(4, 6), other_share=0.5)
    play_config = dataclasses.replace(base.selfplay, slots=12)
    config = dataclasses.replace(base, game=game, selfplay=play_config)
    text = to_toml(config)

    class StopError(Exception):
        pass

    def stop(metrics: dict[str, object]) -> None:
        if metrics["cycle"] == 3:
            raise StopError

    whole, pieces = tmp_path / "whole" / "run", tmp_path / "pieces" / "run"
    with Run(whole, config, text) as run:
        run.train(lambda metrics: None)
    with Run(pieces, config, text) as run, pytest.raises(StopError):
        run.train(stop)
    with Run(pieces, config, text) as run:
        run.train(lambda metrics: None)
    totals = np.array(run.state.window_totals)
    assert totals.sum() == run.state.rows
    np.testing.assert_allclose(totals / totals.sum(), [0.5, 0.25, 0.25], atol=0.12)
    shards = [read_shard(path) for path in run.folder.shards()]
    assert {rows.layout.height for rows in shards} == {4, 5, 6}
    numbers = [number for rows in shards for number in set(rows.game.tolist())]
    assert len(numbers) == len(set(numbers)), "a game was played twice"
    for part in ("checkpoints", "shards", "games"):
        for path in sorted((whole / part).iterdir()):
            assert path.read_bytes() == (pieces / part / path.name).read_bytes(), path.name


def test_batches_are_of_one_board_each_in_proportion() -> None:
    specs = [GoSpec(5, 5), GoSpec(6, 6)]
    windows = Windows(specs, [0.75, 0.25], ReplayConfig(first_rows=400), (False, False))
    windows.add(some_rows(specs[0], 300))
    windows.add(some_rows(specs[1], 100))
    random = np.random.default_rng(2)
    heights = [windows.sample(random, 4).layout.height for _ in range(400)]
    assert 0.15 < np.mean(np.array(heights) == 6) < 0.35
    assert (windows.size, windows.totals) == (400, [300, 100])
    with pytest.raises(RunError, match="expected rows of"):
        windows.add(some_rows(GoSpec(4, 4), 3))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((5, 7), "different boards"), ((7, 7), "different boards"), ((1,), "board of go")],
)
def test_boards_that_cannot_be_are_refused(sizes: tuple[int, ...], message: str) -> None:
    base = small_run()
    game = dataclasses.replace(base.game, other_sizes=sizes)
    with pytest.raises((ConfigError, SpecError), match=message):
        dataclasses.replace(base, game=game).check()


def test_the_window_takes_no_more_memory_once_it_is_full() -> None:
    """A million rows through a window of twenty thousand: what is allocated stays as it is."""
    window = ReplayWindow(SPEC, ReplayConfig(first_rows=1000, capacity=20_000))
    rows = some_rows(SPEC, 10_000)
    window.add(rows)
    tracemalloc.start()
    for _ in range(99):
        window.add(rows)
    grown, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (window.total_rows, window.size) == (1_000_000, 20_000)
    assert grown < 200_000
    assert peak < 4 * sum(array.nbytes for array in rows.columns.values())
