"""The command ``miai arena`` as a user types it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path

import pytest

from agents.network.checkpoint import shipped_network_path
from agents.parse import parse_agent, read_spelling
from engine.errors import RunError
from engine.games import make
from miai.cli import main
from miai.commands.arena import _depth

MOCK = Path(__file__).resolve().parents[1] / "support" / "mock_engine.py"


def arena(*arguments: str) -> int:
    return main(["arena", *arguments])


def test_a_tournament_ends_in_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "t")
    assert arena("random", "random", "rollouts:4", "--size", "5", "--games", "3", "--out", out) == 0
    captured = capsys.readouterr()
    assert "4 games, so that colours are balanced" in captured.err
    for expected in ("random-2", "12 games, 12 of them distinct", "anchor", "seed 1", "komi 7"):
        assert expected in captured.out
    assert arena("--report", out) == 0
    assert capsys.readouterr().out == captured.out
    assert arena("--report", out, "--json", "--anchor", "random-2") == 0
    assert json.loads(capsys.readouterr().out)["anchor"] == "random-2"
    assert arena("--out", out, "--games", "6") == 0
    captured = capsys.readouterr()
    assert "18 games, 12 of them played already" in captured.err


def test_tournaments_of_the_same_second_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stopped:
            return cls(2026, 3, 4, 5, 6, 7, tzinfo=tz)

    monkeypatch.setattr("miai.commands.arena.datetime", Stopped)
    monkeypatch.chdir(tmp_path)
    for size in ("5", "6"):
        assert arena("random", "random", "--size", size, "--games", "2") == 0
    names = sorted(path.name for path in Path("runs").iterdir())
    assert names == ["arena-20260304-050607", "arena-20260304-050607-2"]
    assert arena("random", "--size", "5") == 2
    assert len([*Path("runs").iterdir()]) == 2


@pytest.mark.parametrize("link", [False, True])
def test_where_no_folder_can_be_made_nothing_hangs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    link: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    if link:
        Path("runs").symlink_to(tmp_path / "not mounted")
    else:
        Path("runs").write_text("")
    assert arena("random", "random", "--size", "5", "--games", "2") == 2
    assert "expected the folder 'runs' here" in capsys.readouterr().err


def test_a_gauntlet_plays_the_first_against_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agents = ("a=random", "b=random", "c=random")
    options = ("--size", "5", "--games", "2", "--json", "--out", str(tmp_path))
    assert arena(*agents, "--gauntlet", *options) == 0
    pairings = json.loads(capsys.readouterr().out)["pairings"]
    assert [(p["first"], p["second"]) for p in pairings] == [("a", "b"), ("a", "c")]


def test_a_failing_program_is_reported_and_the_tournament_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = f"mock=gtp:{sys.executable} -I {MOCK} --fault chatty-crash --at 2"
    options = ("--size", "5", "--games", "4", "--out", str(tmp_path))
    assert arena("random", program, *options) == 0
    captured = capsys.readouterr()
    assert "mock forfeited 4: crash 4" in captured.out
    assert "out of memory in layer 7" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["random"], "two agents"),
        (["random", "nonsense"], "'nonsense'"),
        (["random", "rollouts:x"], "'x'"),
        (["random", "gtp:/no/such/program"], "/no/such/program"),
        (["random", "gtp:"], "a program after"),
        (["random", "gtp:a 'b"], "quotation"),
        (["random", "a=random", "--anchor", "b"], "--anchor"),
        (["random", "a=random", "--size", "9x"], "--size"),
        (["random", "a=random", "--size", "99"], "99"),
        (["random", "a=random", "--openings-plies", "4-2"], "--openings-plies"),
        (["random", "a=random", "--games", "0"], "--games"),
        (["random", "a=random", "--move-limit", "0"], "--move-limit"),
        (["random", "a=random", "--seed", "-1"], "--seed"),
        (["random", "a=random", "--seed", str(1 << 64)], "--seed"),
        (["random", "a=random", "--resign", "0.9,inf"], "--resign"),
        (["random", "a=random", "--resign", "0.9,nan"], "--resign"),
        (["random", "a=random", "--time", "60+5x0"], "time control"),
        (["random", "shipped@clock"], "--time"),
        (["--report", "/no/such/folder"], "conditions.json"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if "--report" in arguments else ["--out", str(tmp_path / "t")]
    assert arena(*arguments, *out) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_swiss_rounds_are_as_many_as_leave_nobody_to_meet_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agents = [f"{name}=random" for name in "abcdef"]
    options = ("--format", "swiss", "--size", "5", "--games", "2", "--json", "--out")
    assert arena(*agents, *options, str(tmp_path / "usual")) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["games"] == 3 * 3 * 2 and len(table["pairings"]) == 9
    assert arena(*agents, "--rounds", "5", *options, str(tmp_path / "asked")) == 0
    captured = capsys.readouterr()
    assert "3 rounds, so that no two agents meet twice" in captured.err
    assert json.loads(captured.out)["games"] == table["games"]


def test_a_tournament_goes_on_with_the_checkpoint_that_it_began_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = tmp_path / "run", str(tmp_path / "t")
    network = shipped_network_path("go", 9)
    (run / "checkpoints").mkdir(parents=True)
    shutil.copy(network, run / "checkpoints" / "000003.safetensors")
    assert arena(f"policy:{run}", "random", "--games", "2", "--out", out) == 0
    (run / "checkpoints" / "000004.safetensors").write_bytes(b"more training")
    capsys.readouterr()
    assert arena("--out", out, "--games", "4", "--json") == 0
    assert json.loads(capsys.readouterr().out)["games"] == 4
    stated = tmp_path / "t" / "conditions.json"
    assert f"policy:{run}:000003" in stated.read_text()
    stated.write_text(stated.read_text().replace(f"policy:{run}:000003", f"policy:{run}"))
    (run / "checkpoints" / "000004.safetensors").unlink()
    assert arena("--out", out, "--games", "6") == 0, "as it was stored before"


def test_a_tournament_that_fails_says_where_its_games_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RunError("expected room")

    monkeypatch.setattr("arena.folder.TournamentFolder.append", full)
    out = tmp_path / "t"
    assert arena("random", "random", "--size", "5", "--games", "2", "--out", str(out)) == 2
    assert f"Go on with: miai arena --out {out}" in capsys.readouterr().err


def test_levels_play_as_many_games_at_once_as_their_simulations_allow() -> None:
    spec = make("go", 9, komi=7.0)
    text = "level:8"
    assert _depth(read_spelling(text, game=spec), parse_agent(text, spec)) == 150


def test_ctrl_c_ends_a_game_in_which_a_person_is_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "miai", "arena", "human", "random", "--size", "5"]
    process = subprocess.Popen(
        [*command, "--games", "2", "--out", str(tmp_path / "t")],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    said = b""
    while b"or 'resign' > " not in said and process.poll() is None:
        said += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_says_how_to_go_on_and_leaves_no_process_behind(
    tmp_path: Path, stop: signal.Signals
) -> None:
    log = tmp_path / "log"
    program = f"mock=gtp:{sys.executable} -I {MOCK} --fault hang --at 2 --log {log}"
    command = [sys.executable, "-m", "miai", "arena", "random", program, "--size", "5"]
    process = subprocess.Popen(
        [*command, "--games", "4", "--out", str(tmp_path / "t")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever started the tests in the background had it ignored, and children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while (
        not log.exists() or log.read_text().count("genmove") < 3
    ) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(stop)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"miai arena --out {tmp_path / 't'}" in errors and "Traceback" not in errors
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False)
    assert str(log) not in listing.stdout


@pytest.mark.parametrize("option", ["make-book", "make_book", "out"])
def test_outputs_of_an_options_file_replace_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    kept = tmp_path / "diary"
    target = kept / "page.txt"
    kept.mkdir()
    target.write_text("mine")
    path = kept if option == "out" else target
    options = tmp_path / "options.toml"
    options.write_text(f"agents = ['random']\ngames = 2\nsize = 5\n{option} = {str(path)!r}\n")
    assert arena("--config", str(options)) == 2
    assert "which exists" in capsys.readouterr().err
    assert [child.name for child in kept.iterdir()] == ["page.txt"]
    assert target.read_text() == "mine"
