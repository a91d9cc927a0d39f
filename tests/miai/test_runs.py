"""``miai runs``, ``report`` and ``compare`` on made-up folders."""

from __future__ import annotations

import json
from pathlib import Path

import filelock
import pytest

from miai import cli
from tests.support.made_up_run import make_up_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    make_up_run(tmp_path / "runs" / "first")
    make_up_run(tmp_path / "runs" / "old" / "second", game="hex", width=7, height=7, seed=2)
    (tmp_path / "runs" / "arena-1").mkdir()
    return tmp_path / "runs"


def test_runs_lists_what_there_is(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs", str(runs)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "run"
    assert str(runs / "first") in first and "Go 5×5" in first and "100%" in first
    assert "600" in first and "s ago" in first
    assert str(runs / "old" / "second") in second and "Hex 7×7" in second
    assert cli.main(["runs", str(runs), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["runs"]
    assert facts[0]["strength"]["anchor"] == "rollouts:500"
    on_disk = sum(p.stat().st_size for p in (runs / "first").rglob("*") if p.is_file())
    assert facts[0]["bytes"] == on_disk
    assert not facts[0]["running"]


def test_a_run_in_progress_says_so(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with filelock.FileLock(runs / "first" / "lock"):
        assert cli.main(["runs", str(runs)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-3] == "running"


def test_damaged_runs_are_named_and_left_out(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs / "first" / "config.toml").write_text("[game")
    assert cli.main(["runs", str(runs)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 3
    assert out[-1].startswith("left out: expected the settings of a run")
    assert cli.main(["runs", str(runs / "arena-1")]) == 0
    assert "no runs in" in capsys.readouterr().out
    assert cli.main(["runs", str(runs / "absent")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_report_is_built_anew(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = json.loads((runs / "first" / "ratings.json").read_text())
    (runs / "first" / "ratings.json").unlink()
    assert cli.main(["report", str(runs / "first")]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert page == runs / "first" / "report.html"
    assert "learned by self-play" in page.read_text(encoding="utf-8")
    after = json.loads((runs / "first" / "ratings.json").read_text())
    assert [p["name"] for p in after["players"]] == [p["name"] for p in before["players"]]
    assert cli.main(["report", str(runs)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_compare_prints_a_table_and_writes_a_page(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    third = make_up_run(tmp_path / "third", seed=3)
    page = tmp_path / "page.html"
    arguments = [str(runs / "first"), str(third.path), "--out", str(page)]
    assert cli.main(["compare", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[0] == "first" and lines[2].split()[0] == "third"
    assert "first" in page.read_text(encoding="utf-8")
    assert cli.main(["compare", str(runs / "first")]) == 2
    assert "expected two to 6 runs, got 1" in capsys.readouterr().err
