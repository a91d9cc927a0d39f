"""``miai finetune`` and ``miai export``: the files that they write, what they say and refuse."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.network.checkpoint import load_network, save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import make
from engine.games.go import GoSpec
from engine.records import write_sgf
from miai.cli import main
from selfplay.data.shards import write_shard
from selfplay.tune.mixing import run_rows
from tests.conformance import random_game
from tests.support.records import rule_record
from tests.support.small import small_network, some_rows


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    for seed in range(40):
        (folder / f"{seed}.sgf").write_bytes(write_sgf(rule_record(seed)))
    (folder / "broken.sgf").write_text("(;GM[7])")
    return folder


def test_the_command_writes_a_network_that_says_where_it_is_from(
    tmp_path: Path,
    games: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("miai.commands.finetune._QUIET_S", 0.0)
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    save_network(start, small_network(), {"games": 3})
    arguments = ["--network", str(start), "--games", str(games), "--out", str(out)]
    code = main(
        [
            "finetune",
            *arguments,
            "--size",
            "5",
            "--epochs",
            "2",
            "--holdout",
            "0.3",
            "--report",
            str(tmp_path / "report.html"),
            "--match",
            "4",
            "--simulations",
            "4",
        ]
    )
    printed = capsys.readouterr()
    assert code == 0, printed.err
    for words in (
        "top-1 agreement",
        "top-5 agreement",
        "calibration error",
        "1 unusable",
        "opening (",
        "% of epoch 2: loss ",
    ):
        assert words in printed.out
    assert "broken.sgf" in printed.err
    page = (tmp_path / "report.html").read_text()
    assert page.count("<figure>") == min(12, len({*_held_out_games(printed.out)}))
    assert page.count("<svg") == 2 * page.count("<figure>") + 1
    assert "http" not in page
    assert "<script" not in page
    _, metadata = load_network(out)
    assert metadata["provenance"]["made_by"] == "fine-tuning"
    assert metadata["provenance"]["finetune_settings"]["epochs"] == 2
    assert metadata["provenance"]["parent"] == load_network(start)[1]["hash"]


def test_adapters_are_shown_and_merged(
    tmp_path: Path, games: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    save_network(start, small_network(), {"games": 3})
    arguments = ["--network", str(start), "--games", str(games), "--out", str(out)]
    options = ["--parameters", "lora", "--rank", "2", "--epochs", "6", "--lr", "0.02"]
    assert main(["finetune", *arguments, *options, "--holdout", "0.3", "--min-moves", "12"]) == 0
    adapter = tmp_path / "out.adapter.safetensors"
    assert adapter.stat().st_size < out.stat().st_size
    assert main(["info", str(adapter)]) == 0
    assert "rank" in capsys.readouterr().out
    merged = tmp_path / "merged.safetensors"
    assert main(["export", str(start), "--adapter", str(adapter), "--out", str(merged)]) == 0
    one, two = (load_network(path)[0].state_dict() for path in (out, merged))
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)
    assert main(["export", str(out), "--adapter", str(adapter), "--out", str(merged)]) == 2
    assert "another network" in capsys.readouterr().err


def test_connect_four_from_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = make("connect_four")
    random = np.random.default_rng(1)
    lines = ["".join(str(a % 7 + 1) for a in random_game(spec, random, 30)) for _ in range(30)]
    (tmp_path / "games.txt").write_text("\n".join(lines))
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    network = PolicyValueNet.initial(NetworkConfig.named("b2c16", spec), 1)
    save_network(start, network, {})
    arguments = ["--network", str(start), "--games", str(tmp_path / "games.txt")]
    arguments += ["--out", str(out), "--epochs", "1", "--holdout", "0.3", "--winner-only"]
    assert main(["finetune", *arguments]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"results: .*won", printed)
    assert load_network(out)[1]["provenance"]["game"] == "connect_four"


def _held_out_games(printed: str) -> range:
    """As many as the command said."""
    match = re.search(r"held out (\d+) games", printed)
    assert match is not None
    return range(int(match.group(1)))


def test_self_play_rows_of_another_board_or_too_few_are_refused(
    tmp_path: Path, games: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, run = tmp_path / "start.safetensors", tmp_path / "run"
    save_network(start, small_network(), {})
    (run / "shards").mkdir(parents=True)
    arguments = ["--network", str(start), "--games", str(games), "--size", "5"]
    arguments += ["--mix", str(run), "--out", str(tmp_path / "out.safetensors")]
    for rows, words in (
        (some_rows(GoSpec(4, 4), 8), "got go 4x4"),
        (some_rows(GoSpec(5, 5), 4), "ten self-play games or more"),
    ):
        write_shard(run / "shards" / "000001.npz", rows)
        assert main(["finetune", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_self_play_rows_of_a_run_on_several_boards_are_its_own(tmp_path: Path) -> None:
    own = some_rows(GoSpec(5, 5), 40)
    (tmp_path / "shards").mkdir()
    write_shard(tmp_path / "shards" / "000001.npz", own)
    write_shard(tmp_path / "shards" / "000002.npz", some_rows(GoSpec(4, 4), 8))
    found = run_rows(tmp_path, GoSpec(5, 5), 100)
    np.testing.assert_array_equal(found.planes, own.planes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--games": "nowhere"}, "nowhere"),
        ({"--out": "no/such/folder/out.safetensors"}, "folder"),
        ({"--out": "."}, "the folder"),
        ({"--network": "nothing.safetensors"}, "nothing.safetensors"),
        ({"--size": "9"}, "games to train on"),
        ({"--holdout": "2"}, "--holdout"),
        ({"--rank": "5d"}, "--min-rank"),
        ({"--min-rank": "strong"}, "3k, 5d or 1p"),
        ({"--mix": "nowhere"}, "nowhere"),
        ({"--seed": "-1"}, "got -1 for seed"),
    ],
)
def test_bad_input_is_told_and_exits_with_2(
    tmp_path: Path,
    games: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    words: str,
) -> None:
    start = tmp_path / "start.safetensors"
    save_network(start, small_network(), {})
    arguments = {
        "--network": str(start),
        "--games": str(games),
        "--out": str(tmp_path / "out.safetensors"),
        "--size": "5",
    } | change
    code = main(["finetune", *(part for pair in arguments.items() for part in pair)])
    assert code == 2
    assert words in capsys.readouterr().err


def test_the_start_is_not_written_over(
    tmp_path: Path, games: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A match against the start would be the new network against itself."""
    start = tmp_path / "start.safetensors"
    save_network(start, small_network(), {})
    before = start.read_bytes()
    arguments = ["finetune", "--network", str(start), "--games", str(games), "--size", "5"]
    (tmp_path / "x").mkdir()
    assert main([*arguments, "--out", str(tmp_path / "x" / ".." / start.name)]) == 2
    assert "another file than the network it starts from" in capsys.readouterr().err
    assert main(["export", str(start), "--out", str(start)]) == 2
    assert start.read_bytes() == before
    assert not (tmp_path / "out.safetensors").exists()
