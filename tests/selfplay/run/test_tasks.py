"""Several games for one network: settings, what a run leaves of each, and that it goes on."""

from __future__ import annotations

import io
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from agents.evaluators.auto import network_evaluator
from agents.network.checkpoint import read_metadata, save_network
from agents.network.model import PolicyValueNet
from agents.protocol import Agent
from engine.errors import ConfigError, RunError
from engine.games import GAMES, GameSpec, GoSpec, make
from engine.records import read_sgf
from miai.config import build, load_preset, to_toml
from miai.dashboard import RunView, plain_line
from miai.gate import make_gate
from miai.rating import RunRating
from miai.tracking import numbers
from selfplay.data.shards import read_shard
from selfplay.report.report import report_html
from selfplay.run import GameConfig, Run, RunConfig
from selfplay.run.adapt import AdaptConfig
from selfplay.run.curves import read_run
from selfplay.run.folder import RunFolder
from selfplay.run.tasks import TaskConfig, TaskSelfPlay
from selfplay.run.watch import LiveReader
from tests.support.small import small_run
from tests.support.stops import StopError, digest, stop_after

HEX = TaskConfig(
    "hex", "hex", 4, 4, share=0.5, ladder=("random", "rollouts:500"),
    selfplay=replace(TaskSelfPlay(), simulations=3, simulations_late=3),
)  # fmt: skip
GO = TaskConfig("go", "go", 5, 5, komi=0.5, share=1.0)
SPECS: dict[str, GameSpec] = {"go": GoSpec(5, 5, komi=0.5), "hex": make("hex", 4)}


def two_games(**schedule: float) -> RunConfig:
    config = small_run(**schedule)
    play = replace(config.selfplay, slots=12)
    return replace(config, game=GameConfig(), tasks=(GO, HEX), selfplay=play)


def train(path: Path, config: RunConfig) -> list[dict[str, object]]:
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        run.train(reports.append)
    return reports


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tasks") / "run"
    train(path, two_games())
    return path


def test_settings_come_back_from_toml() -> None:
    config = two_games()
    text = to_toml(config)
    assert "[[tasks]]" in text and "[tasks.selfplay]" in text and '"none"' not in text
    path = "search.root_fpu_reduction"
    again = build(RunConfig, tomllib.loads(text))
    assert again == config
    changed = build(RunConfig, tomllib.loads(text), [f"tasks.hex.{path}=0.25", "tasks.go.share=2"])
    go, hex_ = changed.all_tasks()
    assert hex_.search.root_fpu_reduction == 0.25 != go.search.root_fpu_reduction
    assert (go.play.slots, hex_.play.slots) == (10, 2)
    assert hex_.play.simulations == 3 and go.play.simulations == config.selfplay.simulations


def test_the_preset_trains_several_games() -> None:
    config = build(RunConfig, load_preset("many"))
    config.check()
    tasks = config.all_tasks()
    assert {task.spec.name for task in tasks} == {*GAMES} and config.adapt.shares
    assert min(task.play.slots for task in tasks) >= 4
    assert sum(task.play.slots for task in tasks) == config.selfplay.slots
    assert load_preset("four-games") == load_preset("many"), "as it was called before"
    network = config.network_config()
    assert {*network.games} == {*GAMES}
    assert {"game:go", "height", "width", "on_board"} <= {
        *network.global_names,
        *network.plane_names,
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("tasks.go.search.c_scales=1", "c_scale"),
        ("tasks.chess.height=8", "one of go, hex for NAME"),
        ("tasks.go=3", "tasks.NAME.SETTING=VALUE"),
        ("tasks.go.height=1", "2 to 25"),
        ("tasks.go.game=chess", "expected one of go"),
        ("tasks.hex.name=go", "a name of its own"),
        ("tasks.hex.name=../x", "names of tasks"),
        ("tasks.hex.share=0.01", "four games of each task"),
        ("game.name=hex", "a section game or tasks"),
        ('tasks.hex.ladder=["random"]', "anchor"),
    ],
)
def test_what_does_not_go_together_is_refused(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(RunConfig, tomllib.loads(to_toml(two_games())), [setting]).check()


def test_two_tasks_of_one_board_are_refused() -> None:
    with pytest.raises(ConfigError, match="another game or board for each task"):
        replace(two_games(), tasks=(GO, replace(GO, name="again", komi=3.5))).check()


def test_matches_of_a_gate_count_by_the_shares_of_their_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = two_games(gating=True)
    path = tmp_path / "000001.safetensors"
    save_network(path, PolicyValueNet.initial(config.network_config(), 1), {})
    winners: list[str] = []
    played: list[GameSpec] = []

    def match(spec: GameSpec, first: Agent, second: Agent, games: int, seed: int) -> object:
        played.append(spec)
        return SimpleNamespace(wins=games if spec.name in winners else 0, draws=0)

    monkeypatch.setattr("arena.play.match.play_match", match)
    gate = make_gate(config)
    for won, passes in (("go", True), ("hex", False)):
        winners[:] = [won]
        assert gate(path, path) is passes
    assert played == [*SPECS.values()] * 2


def test_a_run_of_several_tasks_can_be_gated(tmp_path: Path) -> None:
    config = two_games(gating=True)
    notes: list[str] = []
    with Run(tmp_path / "run", config, to_toml(config)) as run:
        run.train(
            lambda metrics: notes.extend(metrics.get("notes", ())),  # type: ignore[call-overload]
            lambda new, old: False,
        )
        first = run.folder.checkpoints()[0]
    assert run.state.playing == int(first.stem)
    assert any(f"does not beat {first.stem}, which plays on" in note for note in notes)


def test_each_task_has_its_numbers_games_rows_and_openings(run: Path) -> None:
    folder = RunFolder(run)
    latest = folder.read_lines(folder.metrics)[-1]
    tasks = latest["tasks"]
    assert isinstance(tasks, dict) and [*tasks] == ["go", "hex"]
    assert sum(task["rows"] for task in tasks.values()) == latest["rows"]
    assert sum(task["games"] for task in tasks.values()) == latest["games"]
    assert all(task["loss_policy"] > 0 and task["mean_plies"] > 0 for task in tasks.values())
    assert tasks["hex"]["simulations"] == 3 and tasks["go"]["simulations"] > 3
    assert "mean_plies" not in latest
    assert numbers(latest)["hex/mean_plies"] == tasks["hex"]["mean_plies"]
    games = {read_shard(path).layout.game for path in folder.shards()}
    assert games == {"go", "hex"}
    for name in SPECS:
        assert folder.of_task(name).openings.is_file()
    newest = sorted((run / "games").iterdir())[-1]
    assert {r.spec.name for r in read_sgf(newest.read_bytes(), "games")} == {"go", "hex"}


def test_the_network_plays_each_of_its_games(run: Path) -> None:
    path = RunFolder(run).checkpoints()[-1]
    assert read_metadata(path)["network"].games == ("go", "hex")
    for backend in ("int8", "torch"):
        values = {}
        for name, spec in SPECS.items():
            evaluator = network_evaluator(path, spec, backend=backend)
            found = evaluator.evaluate(spec, spec.allocate(2))
            assert found.policy_logits.shape == (2, spec.actions)
            values[name] = found.value[0]
        assert not np.array_equal(values["go"], values["hex"]), "it is told which game it plays"


def test_all_that_shows_a_run_names_its_tasks(run: Path) -> None:
    data = read_run(run)
    assert [task.task for task in data.tasks] == ["go", "hex"]
    go, hex_ = data.tasks
    assert (go.spec.name, hex_.spec.name) == ("go", "hex")
    assert {r.spec.name for records in hex_.games.values() for r in records} == {"hex"}
    assert hex_.number("mean_plies") != go.number("mean_plies")
    page = report_html(data)
    assert "go: Go 5×5" in page and "hex: Hex 4×4" in page
    line = plain_line(data.latest, None)
    assert "go: entropy" in line and "hex: entropy" in line
    view = RunView(run)
    for cycle in data.cycles:
        view.add(cycle)
    games = LiveReader(run).poll().in_play
    assert {game.task for game in games} == {"go", "hex"}
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(view.render(games))
    shown = console.export_text()
    assert "go 5x5, hex 4x4" in shown and "plies a game" in shown


def test_each_task_is_rated_by_its_own_ladder(run: Path) -> None:
    ratings = RunRating(run)
    done = []
    try:
        for _ in range(4):
            done.append(ratings.step() or "")
    finally:
        ratings.close()
    assert {text.partition(":")[0] for text in done} == {"go", "hex"}
    folder = RunFolder(run)
    for name in SPECS:
        assert folder.of_task(name).benchmarks.is_file()
    first = json.loads(folder.of_task("hex").benchmarks.read_text().splitlines()[0])
    assert first["second"] in HEX.ladder
    assert read_run(run).tasks[1].meetings


def test_a_run_that_goes_on_is_the_run_that_never_stopped(tmp_path: Path, run: Path) -> None:
    config = two_games()
    with Run(tmp_path / "run", config, to_toml(config)) as parted, pytest.raises(StopError):
        parted.train(stop_after(2))
    with pytest.raises(RunError, match=r"tasks\.hex\.search\.fpu_reduction"):
        changed = replace(HEX, search=replace(HEX.search, fpu_reduction=0.5))
        other = replace(config, tasks=(GO, changed))
        Run(tmp_path / "run", other, to_toml(other))
    train(tmp_path / "run", config)
    assert digest(tmp_path / "run") == digest(run)


def test_shares_that_follow_progress_repeat_and_are_shown(tmp_path: Path) -> None:
    config = two_games(cycles=14, plies_per_cycle=16)
    config = replace(config, adapt=replace(config.adapt, shares=True))
    metrics = train(tmp_path / "whole" / "run", config)
    with Run(tmp_path / "run", config, to_toml(config)) as parted, pytest.raises(StopError):
        parted.train(stop_after(12))
    train(tmp_path / "run", config)
    assert digest(tmp_path / "run") == digest(tmp_path / "whole" / "run")
    shares = [[own["share"] for own in entry["tasks"].values()] for entry in metrics]  # type: ignore[attr-defined]
    assert all(sum(each) == pytest.approx(1.0) for each in shares)
    assert shares[0] == pytest.approx([2 / 3, 1 / 3]) != pytest.approx(shares[-1])
    assert "progress_per_1000_rows" in metrics[-1]["tasks"]["go"]  # type: ignore[index]
    assert "Share of games and rows" in report_html(read_run(tmp_path / "run"))


def test_shares_of_a_single_task_are_refused() -> None:
    config = small_run()
    with pytest.raises(ConfigError, match=r"adapt\.shares=false with a single task"):
        replace(config, adapt=replace(config.adapt, shares=True)).check()


def test_one_task_is_the_run_of_that_game(tmp_path: Path) -> None:
    config = small_run(cycles=3)
    task = TaskConfig("only", "go", 5, 5, komi=0.5)
    train(tmp_path / "game" / "run", config)
    train(tmp_path / "task" / "run", replace(config, game=GameConfig(), tasks=(task,)))
    assert digest(tmp_path / "game" / "run") == digest(tmp_path / "task" / "run")
    assert not (tmp_path / "task" / "run" / "tasks").exists()


def test_each_of_several_tasks_has_a_level_and_a_window_of_its_own(tmp_path: Path) -> None:
    base = two_games(cycles=6)
    config = replace(base, adapt=AdaptConfig(simulations="entropy", window=True))
    text = to_toml(config)
    whole, pieces = tmp_path / "whole" / "run", tmp_path / "pieces" / "run"
    with Run(whole, config, text) as run:
        run.train(lambda metrics: None)
        found = run.state.adapted
        assert {f"{name} {task}" for name in ("level", "reach") for task in SPECS} <= set(found)
        assert found["reach go"] != found["reach hex"]
    with Run(pieces, config, text) as run, pytest.raises(StopError):
        run.train(stop_after(4))
    with Run(pieces, config, text) as run:
        run.train(lambda metrics: None)
    assert digest(whole) == digest(pieces)
