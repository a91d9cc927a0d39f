"""Settings that follow measurements: the direction, the bounds, the reason, and never the clock."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from agents.network.checkpoint import save_network
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError
from engine.games import make
from miai.config import to_toml
from miai.gate import make_gate
from selfplay.run import Run
from selfplay.run.adapt import AdaptConfig, Adapter, Measured
from tests.support.small import small_network, small_run

ALL = AdaptConfig(simulations="entropy", passes=True, window=True, rate=True)


def follow(
    adapter: Adapter,
    cycles: int,
    fresh: float = 2.0,
    known: float = 2.0,
    entropy: float = 2.0,
    learn_share: float | None = None,
) -> list[str]:
    notes: list[str] = []
    for _ in range(cycles):
        notes += adapter.follow(Measured(fresh, known, {"": entropy}, learn_share))
    return notes


def test_rows_that_are_predicted_unseen_are_trained_on_more_often() -> None:
    adapter = Adapter(ALL, 2.0, 0.5, {})
    notes = follow(adapter, 30, fresh=2.0, known=2.0)
    assert adapter.passes == pytest.approx(4.0)
    assert any("passes now" in note and "new rows cost +0%" in note for note in notes)


def test_rows_learned_by_heart_are_trained_on_less_and_the_window_grows() -> None:
    adapter = Adapter(ALL, 2.0, 0.5, {})
    notes = follow(adapter, 30, fresh=2.4, known=2.0)
    assert adapter.passes == pytest.approx(1.0)
    assert adapter.growth == pytest.approx(0.8)
    assert any("window growth now" in note for note in notes)
    assert len(notes) < 8


def test_time_bounds_what_learning_takes() -> None:
    adapter = Adapter(ALL, 2.0, 0.5, {})
    notes = follow(adapter, 30, learn_share=0.9)
    assert adapter.passes < 2.0
    assert any("learning takes 90% of the time" in note for note in notes)


def test_the_rate_falls_when_new_rows_are_predicted_worse() -> None:
    adapter = Adapter(ALL, 2.0, 0.5, {})
    follow(adapter, 20, fresh=2.0)
    assert adapter.rate_share == 1.0
    notes = follow(adapter, 4, fresh=2.8, known=2.7)
    assert adapter.rate_share == pytest.approx(0.7)
    assert any("learning rate now 0.70" in note and "rose from" in note for note in notes)
    follow(adapter, 60, fresh=2.8, known=2.7)
    assert adapter.rate_share == pytest.approx(0.7), "one rise is answered once"


def test_simulations_grow_as_policies_become_sure() -> None:
    adapter = Adapter(ALL, 2.0, 0.5, {})
    follow(adapter, 5, entropy=2.0)
    assert adapter.level(0.9) == pytest.approx(0.0)
    follow(adapter, 60, entropy=1.25)
    assert adapter.level(0.1) == pytest.approx(0.5, abs=0.02)
    follow(adapter, 60, entropy=0.2)
    assert adapter.level(0.1) == 1.0
    assert Adapter(AdaptConfig(), 2.0, 0.5, {}).level(0.3) == 0.3


def test_nothing_follows_unless_asked_and_a_resume_finds_what_was_found() -> None:
    still = Adapter(AdaptConfig(), 2.0, 0.5, {})
    assert follow(still, 30, fresh=3.0) == []
    assert (still.passes, still.growth, still.rate_share) == (2.0, 0.5, 1.0)
    whole = Adapter(ALL, 2.0, 0.5, {})
    follow(whole, 20, fresh=2.3)
    pieces = Adapter(ALL, 2.0, 0.5, {})
    follow(pieces, 12, fresh=2.3)
    pieces = Adapter(ALL, 2.0, 0.5, dict(pieces.found))
    follow(pieces, 8, fresh=2.3)
    assert pieces.found == whole.found


class StopError(Exception):
    pass


def test_a_run_that_adapts_and_gates_repeats_after_a_stop(tmp_path: Path) -> None:
    """All that follows is in the state; the gate decides who plays, in both runs alike."""
    base = small_run(cycles=6, gating=True)
    config = dataclasses.replace(base, adapt=ALL)
    text = to_toml(config)
    asked: list[tuple[str, str]] = []

    def gate(new: Path, old: Path) -> bool:
        asked.append((new.stem, old.stem))
        return new.stem == "000004"

    def stop(metrics: dict[str, object]) -> None:
        if metrics["cycle"] == 5:
            raise StopError

    notes: list[str] = []
    whole, pieces = tmp_path / "whole" / "run", tmp_path / "pieces" / "run"
    with Run(whole, config, text) as run:
        run.train(lambda metrics: notes.extend(metrics.get("notes", [])), gate)  # type: ignore[arg-type]
    assert run.state.playing == 4
    assert asked == [("000003", "000002"), ("000004", "000002"), ("000005", "000004"), *asked[3:]]
    assert any("000003 does not beat 000002" in note for note in notes)
    assert {"gap", "level", "reach", "passes"} <= set(run.state.adapted)
    with Run(pieces, config, text) as run, pytest.raises(StopError):
        run.train(stop, gate)
    with Run(pieces, config, text) as run:
        assert run.state.playing == 4
        run.train(lambda metrics: None, gate)
    for part in ("checkpoints", "shards"):
        for path in sorted((whole / part).iterdir()):
            assert path.read_bytes() == (pieces / part / path.name).read_bytes(), path.name


def test_with_gating_the_network_that_was_given_defends_its_place(tmp_path: Path) -> None:
    given = tmp_path / "given.safetensors"
    save_network(given, small_network(make("go", 5, 5), seed=4), {"game": "go"})
    config = dataclasses.replace(small_run(cycles=5, gating=True), start=str(given))
    asked: list[tuple[str, str]] = []

    def gate(new: Path, old: Path) -> bool:
        asked.append((new.stem, old.stem))
        return new.stem == "000004"

    with Run(tmp_path / "run", config, to_toml(config)) as run:
        run.train(lambda metrics: None, gate)
    assert run.state.playing == 4
    assert asked == [(f"00000{n}", "000000") for n in (2, 3, 4)] + [("000005", "000004")]


def test_gating_needs_a_gate(tmp_path: Path) -> None:
    config = small_run(gating=True)
    with (
        Run(tmp_path / "run", config, to_toml(config)) as run,
        pytest.raises(ConfigError, match=r"schedule\.gating"),
    ):
        run.train(lambda metrics: None)


def test_the_gate_of_the_command_line_lets_the_stronger_pass(tmp_path: Path) -> None:
    """A trained network against a random one, both ways."""
    config = small_run(cycles=8, checkpoint_minutes=7.0, passes=8.0)
    with Run(tmp_path / "run", config, to_toml(config)) as run:
        run.train(lambda metrics: None)
    trained = run.folder.checkpoints()[-1]
    fresh = tmp_path / "000001.safetensors"
    save_network(fresh, PolicyValueNet.initial(config.network_config(), 9), {})
    gate = make_gate(config)
    assert gate(trained, fresh)
    assert not gate(fresh, trained)
