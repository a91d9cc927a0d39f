"""The target of docs/add-a-target.md, taken from the page: it is stored, learned, and left out."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.evaluators.torch_evaluator import TorchEvaluator
from agents.network.checkpoint import load_network, read_metadata
from agents.network.folded import fold_model
from agents.network.heads import TEACHING
from engine.errors import ConfigError
from engine.games import GoSpec
from miai.config import to_toml
from selfplay.data.columns import COLUMNS
from selfplay.data.shards import read_shard, write_shard
from selfplay.learn.heads import HEADS
from selfplay.run import Run, RunConfig
from selfplay.run.folder import RunFolder
from tests.support.small import small_run, some_rows
from tests.support.stops import StopError, digest, stop_after

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add-a-target.md"
PATTERN = r"## \d\. [^\n]*`(\S+)\.py`\n.*?```python\n(.*?)```"
TABLES = (COLUMNS, TEACHING, HEADS)


class Page:
    """The three files as the page changes them, for as long as the test says."""

    def add(self) -> list[str]:
        found = re.findall(PATTERN, PAGE.read_text(encoding="utf-8"), re.DOTALL)
        for path, code in found:
            module = importlib.import_module(path.replace("/", "."))
            exec(compile(code, str(PAGE), "exec"), vars(module))
        return [path for path, _ in found]

    def remove(self) -> None:
        for table in TABLES:
            table.pop("plies_left", None)  # type: ignore[attr-defined]


@pytest.fixture
def page() -> Iterator[Page]:
    found = Page()
    yield found
    found.remove()


def with_the_head(**schedule: float) -> RunConfig:
    return replace(small_run(**schedule), heads=("plies_left",))


def train(path: Path, config: RunConfig) -> list[dict[str, object]]:
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        run.train(reports.append)
    return reports


def test_it_takes_three_files(page: Page) -> None:
    files = page.add()
    assert files == ["selfplay/data/columns", "agents/network/heads", "selfplay/learn/heads"]
    assert all("plies_left" in table for table in TABLES)


def test_a_run_learns_it_and_goes_on_as_if_it_had_not_stopped(page: Page, tmp_path: Path) -> None:
    page.add()
    config = with_the_head(cycles=6)
    reports = train(tmp_path / "whole" / "run", config)
    taught = [r["loss_plies_left"] for r in reports if "loss_plies_left" in r]
    assert taught[-1] < 0.7 * taught[0], taught  # type: ignore[operator]
    rows = read_shard(RunFolder(tmp_path / "whole" / "run").shards()[0])
    last = rows.plies_left[rows.game == rows.game[0]]
    assert last.dtype == np.float32 and last[-1] == 1
    assert (np.diff(last) == -1).all(), "a ply is one less to come"
    with Run(tmp_path / "parted" / "run", config, to_toml(config)) as run, pytest.raises(StopError):
        run.train(stop_after(4))
    train(tmp_path / "parted" / "run", config)
    assert digest(tmp_path / "parted") == digest(tmp_path / "whole")


def test_a_version_without_it_reads_the_network_and_the_shards(page: Page, tmp_path: Path) -> None:
    page.add()
    train(tmp_path / "run", with_the_head(cycles=3))
    folder = RunFolder(tmp_path / "run")
    path = folder.checkpoints()[-1]
    spec = GoSpec(5, 5, komi=0.5)
    positions = spec.allocate(3)
    known = TorchEvaluator(load_network(path)[0], device="cpu").evaluate(spec, positions)
    page.remove()
    model, _ = load_network(path)
    assert read_metadata(path)["network"].heads == ("plies_left",)
    unknown = TorchEvaluator(model, device="cpu").evaluate(spec, positions)
    np.testing.assert_array_equal(known.policy_logits, unknown.policy_logits)
    np.testing.assert_array_equal(known.value, unknown.value)
    fold_model(model)
    assert "plies_left" not in read_shard(folder.shards()[0]).columns


def test_an_older_run_goes_on_and_its_rows_have_the_default(page: Page, tmp_path: Path) -> None:
    """Begun without the target, gone on with it in the program: byte for byte the same weights."""
    config = small_run(cycles=4)
    train(tmp_path / "before", config)
    with Run(tmp_path / "run", config, to_toml(config)) as run, pytest.raises(StopError):
        run.train(stop_after(2))
    write_shard(tmp_path / "old.npz", some_rows(GoSpec(5, 5), 9))
    page.add()
    assert np.isnan(read_shard(tmp_path / "old.npz").plies_left).all()
    reports = train(tmp_path / "run", config)
    assert not any("loss_plies_left" in report for report in reports)
    of_run, before = digest(tmp_path / "run"), digest(tmp_path / "before")
    networks = [name for name in before if name.startswith("checkpoints")]
    assert networks and all(of_run[name] == before[name] for name in networks)


def test_a_head_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="heads among"):
        with_the_head().check()
