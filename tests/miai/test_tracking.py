"""TensorBoard and W&B: what they are given, and what is said without them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.errors import ConfigError
from miai.tracking import TensorBoard, WeightsAndBiases, numbers

METRICS = {"cycle": 3, "games": 5, "loss_policy": 1.5, "notes": ["x"], "resumed": True}


def test_numbers_alone_are_sent() -> None:
    assert numbers(METRICS) == {"games": 5.0, "loss_policy": 1.5}


def test_tensorboard_reads_back_what_was_written(tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    board = TensorBoard(tmp_path)
    board.write(METRICS)
    board.close()
    (file,) = tmp_path.iterdir()
    found = {
        value.tag: (event.step, value.tensor.float_val[0] if value.tensor.float_val else None)
        for event in events.EventFileLoader(str(file)).Load()
        for value in event.summary.value
    }
    assert found == {"games": (3, 5.0), "loss_policy": (3, 1.5)}


def test_wandb_goes_on_where_the_folder_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    class FakeRun:
        def log(self, values: dict[str, float], step: int) -> None:
            sent.append((step, values))

        def finish(self) -> None:
            sent.append("finished")

    fake = ModuleType("wandb")

    def init(**options: Any) -> FakeRun:
        sent.append(options)
        return FakeRun()

    fake.init = init  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", fake)
    tracker = WeightsAndBiases("boards", tmp_path / "first", {"seed": 1})
    tracker.write(METRICS)
    tracker.close()
    assert sent[0]["id"].startswith("first-") and sent[0]["resume"] == "allow"
    assert sent[0]["project"] == "boards" and sent[0]["config"] == {"seed": 1}
    assert sent[1:] == [(3, {"games": 5.0, "loss_policy": 1.5}), "finished"]
    WeightsAndBiases("boards", tmp_path / "first", {"seed": 1})
    assert sent[-1]["id"] == sent[0]["id"], "a resume goes on"
    WeightsAndBiases("boards", tmp_path / "elsewhere" / "first", {"seed": 1})
    assert sent[-1]["name"] == "first" and sent[-1]["id"] != sent[0]["id"]


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match=r"pip install 'miai\[wandb\]'"):
        WeightsAndBiases("boards", tmp_path, {})
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'miai\[tensorboard\]'"):
        TensorBoard(tmp_path)
