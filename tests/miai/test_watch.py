"""What there is to watch: a tournament's folder, a run's folder, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from miai.cli import main
from miai.watch import RunSource, source_of
from selfplay.run.watch import LiveGame, LiveGames


def test_a_tournament_is_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cup"
    words = ["arena", "random", "random", "--games", "2", "--size", "5", "--openings-plies", "1..2"]
    assert main([*words, "--out", str(out)]) == 0
    capsys.readouterr()
    seen = source_of(out).look()
    assert seen.headline == "Tournament of 2: game 2 of 2."
    assert len(seen.games) == 2
    assert seen.games[-1].spec.height == 5
    assert seen.games[-1].result != "?"


def test_a_run_is_watched_game_by_game(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[game]\nname = "go"\nheight = 5\nwidth = 5\nkomi = 7.0\n'
    )
    source = source_of(tmp_path)
    assert isinstance(source, RunSource)
    assert source.look().games == []
    live = LiveGames(tmp_path / "live.json")
    running = [LiveGame(4, 0.5, (12,)), LiveGame(5, 1.5, (7, 8))]
    live.write(1, 1.0, running, [])
    [game] = source.look().games
    assert (game.source, game.actions, game.result) == ("game 4", (12,), "?")
    assert game.spec.rules["komi"] == 0.5
    live.write(2, 1.0, [LiveGame(5, 1.5, (7, 8, 9))], [LiveGame(4, 0.5, (12, 13), score=2.5)])
    [game] = source.look().games
    assert (game.source, game.actions, game.result) == ("game 4", (12, 13), "B+2.5")
    live.write(3, 1.0, [LiveGame(5, 1.5, (7, 8, 9, 10))], [])
    [game] = source.look().games
    assert (game.source, len(game.actions)) == ("game 5", 4)


def test_another_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["play", "--watch", str(tmp_path)]) == 2
    assert "training run or a tournament" in capsys.readouterr().err
