"""Rating a run's checkpoints beside it: real games, the table, and no process left over."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import filelock
import pytest

from agents.network.checkpoint import load_network, save_network
from agents.parse import read_spelling
from agents.trust import allow
from engine.games import make
from miai import cli
from miai.config import to_toml
from miai.rating import TaskRating, read_meetings
from miai.rating_process import RatingProcess, finish, follow
from miai.ray_meetings import RayMeetings
from selfplay.ray.config import RayConfig
from selfplay.report.report import report_html
from selfplay.run import Run
from selfplay.run.benchmark import BenchmarkConfig
from selfplay.run.config import GameConfig
from selfplay.run.curves import read_run
from selfplay.run.folder import RunFolder
from tests.support.small import small_network, small_run

MOCK = Path(__file__).resolve().parents[1] / "support" / "mock_engine.py"
LADDER = BenchmarkConfig(games=16, simulations=4, ladder=("random", "rollouts:8"), anchor="random")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run on 5x5 with two checkpoints and no ratings."""
    path = tmp_path / "run"
    folder = RunFolder(path)
    folder.lock().release()
    folder.write_config(to_toml(dataclasses.replace(small_run(), benchmark=LADDER)), {})
    for cycle in (1, 2):
        network = small_network(make("go", 5, 5), seed=cycle)
        save_network(folder.checkpoint(cycle), network, {"game": "go", "height": 5, "width": 5})
        folder.append(folder.metrics, {"cycle": cycle, "elapsed_s": 60.0 * cycle})
    return path


def test_a_cluster_plays_the_same_meetings(cluster: Any, run: Path) -> None:
    cluster_of_run = RayMeetings(cluster.address, {})
    here, there = TaskRating(run), TaskRating(run, elsewhere=cluster_of_run)
    try:
        for pair in (("000002", "000001"), ("000001", "random"), ("rollouts:8", "000002")):
            ours, theirs = here._play(pair), there._play(pair)
            assert ours is not None and theirs is not None
            assert (theirs.first, theirs.second) == pair
            assert (theirs.points_as_black, theirs.points_as_white) == (
                ours.points_as_black,
                ours.points_as_white,
            )
        assert "scored" in (there.step() or "")
        assert len(read_meetings(RunFolder(run))) == 1
    finally:
        cluster_of_run.close()


def test_a_cluster_without_room_leaves_the_rating_here(
    cluster: Any, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miai.ray_meetings.RayConfig", lambda: RayConfig(start_s=0.0))
    follow(run, lambda: bool(read_meetings(RunFolder(run))), lambda: None, cluster.address)
    assert "rating on this machine: expected a worker within 0 s" in capsys.readouterr().err
    assert read_meetings(RunFolder(run))


def test_checkpoints_are_rated_until_they_have_their_games(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rating = TaskRating(run)
    steps = []
    while (step := rating.step()) is not None:
        steps.append(step)
        assert len(steps) < 20
    rating.close()
    meetings = read_meetings(RunFolder(run))
    assert len(meetings) == len(steps)
    for name in ("000001", "000002"):
        assert sum(m.games for m in meetings if name in (m.first, m.second)) >= LADDER.games
    assert {m.second for m in meetings if m.first == "000002"} & set(LADDER.ladder)
    stored = json.loads((run / "ratings.json").read_text())
    assert stored["games"] == sum(m.games for m in meetings)
    assert {player["name"] for player in stored["players"]} >= {"000001", "000002", "random"}

    assert cli.main(["ratings", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["1.0", "000001"]
    assert lines[2].split()[:2] == ["2.0", "000002"]
    assert any("random" in line and "anchor" in line for line in lines)
    assert cli.main(["ratings", str(run), "--json"]) == 0
    players = json.loads(capsys.readouterr().out)["players"]
    assert {player["name"]: player["minutes"] for player in players}["000002"] == 2.0
    played: list[str] = []
    finish(run, 60.0, played.append)
    assert played == []


def test_nobody_rates_a_run_that_another_process_rates(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both would play the same games, which then count twice."""
    with filelock.FileLock(run / "rating.lock"):
        assert cli.main(["ratings", str(run), "--play", "1"]) == 2
        assert "expected no other process that rates" in capsys.readouterr().err
        follow(run, lambda: True, lambda: None)
        assert cli.main(["ratings", str(run)]) == 0
    assert read_meetings(RunFolder(run)) == []
    finish(run, 60.0, lambda done: None)
    assert read_meetings(RunFolder(run))


def test_a_run_without_ratings_and_no_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ratings", str(run)]) == 0
    assert "no checkpoint has been rated yet" in capsys.readouterr().out
    assert cli.main(["ratings", str(run.parent)]) == 2
    assert "expected a run folder" in capsys.readouterr().err
    (run / "config.toml").write_text("[game\n")
    assert cli.main(["ratings", str(run)]) == 2
    assert "expected the settings of a run" in capsys.readouterr().err


def test_a_damaged_checkpoint_and_a_rung_that_is_not_there_are_left_out(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "checkpoints" / "000002.safetensors").write_bytes(b"nothing")
    text = (run / "config.toml").read_text()
    (run / "config.toml").write_text(text.replace('"rollouts:8"', '"runs/absent@8"'))
    rating = TaskRating(run)
    while (step := rating.step()) is not None:
        assert "000002" not in step and "absent" not in step
    said = capsys.readouterr().err
    assert "000002 is left out: " in said and "runs/absent@8 is left out: " in said
    assert {meeting.second for meeting in rating.played} == {"random"}


@pytest.mark.parametrize("fault", ["crash", "illegal", "refuse-boardsize"])
def test_a_rung_that_fails_scores_nothing_for_anybody(
    run: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """Its lost games once made checkpoints stronger than they are."""
    rung = f"gtp:{sys.executable} {MOCK} --fault {fault} --at 3"
    allow(read_spelling(rung))
    config = dataclasses.replace(LADDER, ladder=(rung, "random"))
    (run / "config.toml").write_text(to_toml(dataclasses.replace(small_run(), benchmark=config)))
    rating = TaskRating(run)
    while (step := rating.step()) is not None:
        assert "Mock" not in step and "gtp:" not in step
    rating.close()
    assert f"{rung} is left out: " in capsys.readouterr().err
    players = {name for meeting in rating.played for name in (meeting.first, meeting.second)}
    assert players == {"000001", "000002", "random"}


@pytest.mark.slow
def test_the_process_beside_rates_and_goes_when_the_training_does(run: Path) -> None:
    with RatingProcess(run) as beside:
        deadline = time.monotonic() + 120
        while not (run / "ratings.json").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
            assert beside.alive, (run / "benchmark.log").read_text()
    assert not beside.alive
    assert beside.last_words
    assert json.loads((run / "ratings.json").read_text())["games"] >= 8
    # Killed with -9, a parent closes nothing itself; the end of the pipe is enough.
    script = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from miai.rating_process import RatingProcess\n"
        f"beside = RatingProcess(Path({str(run)!r}))\n"
        "print(beside._process.pid, flush=True)\ntime.sleep(2)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    pid = int(done.stdout)
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if status == "Z":
            break
        time.sleep(0.1)
    else:
        assert not Path(f"/proc/{pid}").exists()


def test_where_the_truth_is_known_checkpoints_answer_for_it(tmp_path: Path) -> None:
    path = tmp_path / "run"
    folder = RunFolder(path)
    folder.lock().release()
    config = dataclasses.replace(
        small_run(), game=GameConfig(name="tic_tac_toe", height=3, width=3), benchmark=LADDER
    )
    folder.write_config(to_toml(config), {})
    save_network(folder.checkpoint(1), small_network(make("tic_tac_toe")), {})
    folder.append(folder.metrics, {"cycle": 1, "elapsed_s": 60.0})
    rating = TaskRating(path)
    said = rating.step()
    assert said is not None and "of 100 solved positions" in said
    (answer,) = read_run(path).answers
    assert answer.low is not None and answer.high is not None
    assert 0.0 <= answer.low <= answer.elo <= answer.high <= 1.0
    questions = (path / "quiz.json").read_bytes()
    again = TaskRating(path)
    assert "solved" not in (again.step() or ""), "it was asked already"
    assert (path / "quiz.json").read_bytes() == questions
    assert "Solved positions" in report_html(read_run(path))


@pytest.mark.slow
def test_rating_beside_changes_nothing_that_is_learned(tmp_path: Path) -> None:
    config = dataclasses.replace(
        small_run(cycles=8), benchmark=dataclasses.replace(LADDER, share=0.5)
    )
    weights = []
    for name in ("alone", "beside"):
        with ExitStack() as closing:
            run = closing.enter_context(Run(tmp_path / name, config, to_toml(config)))
            if name == "beside":
                closing.enter_context(RatingProcess(tmp_path / name))
            run.train(lambda _: None)
        made = [load_network(path)[0].state_dict() for path in run.folder.checkpoints()]
        weights.append([{k: v.numpy().tobytes() for k, v in state.items()} for state in made])
    assert len(weights[0]) > 2
    assert weights[0] == weights[1]
    finish(tmp_path / "beside", 5.0, lambda _: None)  # beside it there may have been no time
    assert read_meetings(RunFolder(tmp_path / "beside"))
