"""Adjusting: distinct settings, a common measure, and a winner that had to win twice."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.network.checkpoint import load_network, save_network
from engine.records import write_sgf
from miai.adjusting import KL_WEIGHTS, RATE_FACTORS, Trial, finalists, proposals
from miai.cli import main
from selfplay.tune.finetune import FinetuneConfig
from tests.support.records import rule_record
from tests.support.small import small_network


def test_proposals_are_distinct_and_vary_only_what_matters() -> None:
    base = FinetuneConfig(parameters="lora", rank=3)
    found = proposals(base, 8, seed=1, mixed=False)
    assert found[0] == base
    assert len({repr(config) for config in found}) == 8
    assert {config.mix_share for config in found} == {base.mix_share}
    assert len({config.rank for config in found}) > 2
    assert found == proposals(base, 8, seed=1, mixed=False)
    assert {config.rank for config in proposals(FinetuneConfig(), 8, 1, True)} == {8}


def test_proposals_leave_nothing_of_the_grid_out() -> None:
    """Two settings that differ from the base in their rate alone were once never tried."""
    base = FinetuneConfig()
    found = proposals(base, 100, seed=1, mixed=False)
    tried = {(config.kl_weight, round(config.rate / base.rate, 6)) for config in found}
    assert tried == {(kl, factor) for kl in KL_WEIGHTS for factor in RATE_FACTORS}
    assert len(found) == len(tried)


def test_the_setting_that_was_asked_for_plays_too() -> None:
    def trial(loss: float, epoch: int = 1) -> Trial:
        return Trial(FinetuneConfig(), SimpleNamespace(epoch=epoch), loss)  # type: ignore[arg-type]

    asked, good, better, bad, idle = trial(3.0), trial(2.0), trial(1.0), trial(4.0), trial(0.5, 0)
    assert finalists([asked, good, better, bad]) == [better, good, asked]
    assert finalists([good, asked, bad, idle]) == [good, asked]
    assert finalists([idle, good, asked]) == [good, asked]
    assert finalists([idle]) == []


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    games = tmp_path / "games"
    games.mkdir()
    for seed in range(30):
        (games / f"{seed}.sgf").write_bytes(write_sgf(rule_record(seed)))
    start = tmp_path / "start.safetensors"
    save_network(start, small_network(), {"game": "go", "height": 5, "width": 5})
    return ["adjust", "--network", str(start), "--games", str(games), "--holdout", "0.3"]


def test_the_winner_is_written_or_nothing(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.safetensors"
    arguments += ["--out", str(out), "--trials", "2", "--match", "4", "--simulations", "4"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    trials = json.loads((tmp_path / "out.trials.json").read_text())
    assert len(trials) == 2
    played = [trial["strength"] is not None for trial in trials]
    assert sum(played) <= 2
    assert any(played) == (trials[0]["epoch"] > 0 or trials[1]["epoch"] > 0)
    if out.exists():
        assert "once more, from other openings" in printed
        assert load_network(out)[1]["provenance"]["made_by"] == "fine-tuning"
    else:
        assert "no network is written" in printed


@pytest.mark.parametrize(
    ("option", "value"), [("--trials", "0"), ("--match", "3"), ("--out", "no/such/out")]
)
def test_bad_options_are_told(
    tmp_path: Path,
    arguments: list[str],
    option: str,
    value: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = {"--out": str(tmp_path / "out.safetensors")} | {option: value}
    assert main([*arguments, *(part for pair in options.items() for part in pair)]) == 2
    assert option in capsys.readouterr().err
