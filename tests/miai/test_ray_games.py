"""``miai arena --ray``: workers of a cluster play the games that one process plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.network.checkpoint import save_network
from engine.games import make
from miai.cli import main
from tests.support.small import small_network

MATCH = ["--game", "tic_tac_toe", "--games", "12", "--quiet", "--seed", "3"]


def games(folder: Path) -> dict[int, tuple[object, ...]]:
    """Players, moves and result of each game, without its times."""
    lines = map(json.loads, (folder / "games.jsonl").read_text().splitlines())
    return {line["game"]: (line["black"], line["moves"], line["result"]) for line in lines}


def test_a_cluster_plays_the_games_of_one_process(
    cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tmp_path / "network.safetensors"
    save_network(network, small_network(make("tic_tac_toe")), {})
    agents = [f"{network}@8", "rollouts:20", "random"]
    assert main(["arena", *agents, *MATCH, "--out", str(tmp_path / "here")]) == 0
    on_ray = ["--ray", cluster.address, "--workers", "2"]
    assert main(["arena", *agents, *MATCH, "--out", str(tmp_path / "ray"), *on_ray]) == 0
    assert len(games(tmp_path / "here")) == 36
    assert games(tmp_path / "ray") == games(tmp_path / "here")


def test_programs_stay_on_the_machine_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="needs the package ray: pip install 'miai[ray]'")
    words = ["arena", "random", "human", *MATCH, "--out", str(tmp_path / "o"), "--ray", "auto"]
    assert main(words) == 2
    assert "without --ray" in capsys.readouterr().err


def test_workers_need_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["arena", "random", "rollouts:2", *MATCH, "--out", str(tmp_path / "o")]
    assert main([*words, "--workers", "2"]) == 2
    assert "--ray" in capsys.readouterr().err
