"""``miai train`` without a preset begins with the network of many games that comes along."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.network.checkpoint import read_metadata, shipped_networks
from engine.games import GAMES
from miai.cli import command_parser
from miai.commands import train
from miai.commands.options.run import meant_run
from selfplay.run import RunConfig


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def resolved(*words: str) -> RunConfig:
    return meant_run(command_parser("train", train).parse_args(words))[1]


def test_the_shipped_network_knows_all_games() -> None:
    assert set(read_metadata(shipped_networks()["many"])["network"].games) == set(GAMES)


@pytest.mark.parametrize("words", [("--game", "hex"), ("--game", "hex", "--size", "11")])
def test_a_game_begins_with_what_is_known(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    nothing, known = resolved(*words, "--from", "none"), resolved(*words)
    assert known.start == "shipped:many"
    assert known.schedule.learning_rate == nothing.schedule.learning_rate / 2
    assert known.game == nothing.game
    assert "--from none begins from nothing" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("--game", "hex", "--from", "none"),
        ("--preset", "hex7"),
        ("--preset", "many"),
        ("--game", "hex", "--set", "network=b6c64"),
        ("--game", "hex", "--set", "future_head=true"),
    ],
)
def test_what_is_said_otherwise_begins_from_nothing(words: tuple[str, ...]) -> None:
    assert not resolved(*words).start


def test_a_learning_rate_that_is_given_stays() -> None:
    config = resolved("--game", "hex", "--set", "schedule.learning_rate=0.001")
    assert config.start
    assert config.schedule.learning_rate == 0.001


def test_a_run_goes_on_as_it_began(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.toml").write_text(
        'version = 2\n\n[game]\nname = "hex"\nheight = 7\nwidth = 7\n'
    )
    assert not resolved("--game", "hex", "--size", "7", "--run", str(folder)).start
