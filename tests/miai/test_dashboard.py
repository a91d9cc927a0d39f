"""A run on the terminal: in place, in a log, and from another process."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from engine.games import make
from miai import cli
from miai.dashboard import RunView, TrainingDisplay, blocks, board_text
from miai.watching import Flow, watch
from selfplay.run.curves import read_run
from selfplay.run.watch import LiveGame, LiveGames, LiveUpdate
from tests.support.made_up_run import make_up_run, metrics_of


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=140, color_system=None)


def text_of(where: Console) -> str:
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_up_run(tmp_path / "run").path


def test_the_screen_has_numbers_time_left_strength_notes_and_the_last_game(run: Path) -> None:
    data = read_run(run)
    view = RunView(run, coloured=False)
    for cycle in data.cycles[:15]:
        view.add(cycle)
    game = LiveGame(3, 7.0, (12, 25, 6), score=-2.0)
    where = console(terminal=False)
    where.print(view.render([game]))
    shown = text_of(where)
    assert "75% after 30 min, about 10 min left" in shown
    best = data.best_known
    assert best is not None and f"{best.elo:+.0f} (" in shown
    assert f"{data.cycles[14]['loss_policy']:.3f}" in shown
    assert "20 min: expected a loss" in shown
    assert "3 plies, B4, White won" in shown
    assert shown.count("●") == 1 and shown.count("◉") == 1


def test_a_run_that_is_made_longer_forgets_the_shares_of_the_shorter_one(run: Path) -> None:
    view = RunView(run)
    for minute, share in ((9.0, 0.9), (10.0, 1.0), (11.0, 0.55), (12.0, 0.6)):
        view.add({"elapsed_s": 60.0 * minute, "progress": share})
    assert view.left_s == pytest.approx(60.0 * 8.0)


def test_a_log_gets_a_line_now_and_then_and_every_note(run: Path) -> None:
    where = console(terminal=False)
    random = np.random.default_rng(0)
    with TrainingDisplay(run, where) as display:
        for cycle in range(1, 21):
            display.show(metrics_of(cycle, 20, 40.0, random))
    lines = text_of(where).splitlines()
    assert len(lines) == 3, "the first cycle, the note, the last cycle"
    assert lines[0].startswith("  5% | 2.0 min") and lines[-1].startswith(
        "100% | 40.0 min, 0.0 left"
    )
    assert lines[1].startswith("note: expected a loss")


def test_on_a_terminal_the_screen_is_redrawn(run: Path) -> None:
    where = console(terminal=True)
    LiveGames(run / "live.json").write(1, 1.0, [], [LiveGame(1, 7.0, (7,), score=1.0)])
    with TrainingDisplay(run, where) as display:
        display.show(metrics_of(1, 20, 40.0, np.random.default_rng(0)))
    shown = text_of(where)
    assert "strength" in shown and "1 plies, C4, Black won" in shown
    assert "\x1b[" in shown


@pytest.mark.parametrize("name", ["othello", "tic_tac_toe", "connect_four", "hex", "gomoku"])
def test_boards_of_every_game(name: str) -> None:
    spec = make(name)
    first = int(np.flatnonzero(spec.candidates(spec.allocate(1))[0])[0])
    lines = board_text(spec, LiveGame(1, 0.0, (first, -5)), coloured=False).plain.splitlines()
    assert len(lines) == spec.height + 1
    assert sum(line.count("◉") for line in lines) == 1
    assert lines[-1].startswith("1 plies")


def test_blocks() -> None:
    assert blocks([1.0, 2.0, 3.0]) == "▁▅█"
    assert blocks([2.0, 2.0]) == "▁▁"
    assert len(blocks(list(range(500)))) == 24


def test_plies_flow_over_the_time_that_a_cycle_takes() -> None:
    flow = Flow()
    flow.take(LiveUpdate(in_play=(LiveGame(1, 7.0, (1, 2)),), cycle=1, cycle_s=4.0), 100.0)
    assert [plies for _, plies in flow.at(100.0)] == [2], "shown at once at first"
    longer = LiveGame(1, 7.0, tuple(range(10)))
    flow.take(LiveUpdate(in_play=(LiveGame(2, 7.0, ()), longer), cycle=2, cycle_s=4.0), 104.0)
    assert [(g.number, n) for g, n in flow.at(104.0)] == [(1, 2), (2, 0)], "each keeps its place"
    assert [n for _, n in flow.at(106.0)] == [6, 0]
    assert [n for _, n in flow.at(200.0)] == [10, 0]
    ended = LiveGame(1, 7.0, tuple(range(12)), score=1.0)
    update = LiveUpdate(in_play=(LiveGame(3, 7.0, ()),), finished=(ended,), cycle=3, cycle_s=1.0)
    flow.take(update, 200.0)
    assert [(g.number, n) for g, n in flow.at(200.0)] == [(1, 10), (3, 0)]


@pytest.mark.parametrize("terminal", [True, False])
def test_watching_shows_a_run_until_nobody_trains_there(run: Path, terminal: bool) -> None:
    LiveGames(run / "live.json").write(20, 1.0, [LiveGame(9, 7.0, (12, 7), 0.5)], [])
    looks: list[float] = []
    where = console(terminal=terminal)
    watch(run, where, going_on=lambda: len(looks) < 3, pause=looks.append)
    shown = text_of(where)
    assert "no process trains" in shown
    if terminal:
        assert "2 plies, C4, Black 75 %" in shown
    else:
        assert "100% | 40.0 min" in shown and "note: expected a loss" in shown and "X" in shown


def test_watching_no_run_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", "--watch", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("miai: expected a run folder")
