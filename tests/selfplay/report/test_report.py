"""The page of a run: its numbers are there, it needs nothing else, and damage shortens it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RunError
from engine.games import make
from engine.records import GameRecord
from selfplay.report import wording
from selfplay.report.boards import game_html
from selfplay.report.charts import Chart, Level, Line, svg, ticks
from selfplay.report.compare import cautions, compare_html, differences, rows_of
from selfplay.report.openings import canonical, read_openings
from selfplay.report.report import report_html, write_report
from selfplay.run.curves import read_run
from tests.support.made_up_run import LADDER, make_up_run

VOID = {"meta", "br", "link", "img", "input"}
SVG_LEAVES = {"path", "circle", "line", "rect"}


class Page(HTMLParser):
    """Text by heading, all attributes, and whether every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "tags left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"unexpected </{tag}>"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script") and data.strip():
            self.text.append(data.strip())

    def charts(self) -> dict[str, dict[str, object]]:
        """The numbers of each chart, by what it is called."""
        return {
            str(attrs["aria-label"]): json.loads(str(attrs["data-chart"]))
            for tag, attrs in self.tags
            if tag == "svg" and attrs.get("data-chart")
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_up_run(tmp_path_factory.mktemp("runs") / "made-up").path


def test_the_page_has_the_run_s_numbers(folder: Path) -> None:
    run = read_run(folder)
    page = Page(report_html(run))
    text = " ".join(page.text)
    for expected in ("Go 5×5", "run made-up, network b4c32, seed 1", "600", "50,000", "40 min"):
        assert expected in text
    best = run.best_known
    assert best is not None and best.low is not None and best.high is not None
    assert f"{best.elo:+.0f} ({best.low:+.0f} to {best.high:+.0f})" in text
    assert "back to the last state" in text and "Imaginary 9000" in text
    charts = page.charts()
    elo = charts["Elo of each checkpoint over training time"]["lines"][0]  # type: ignore[index]
    assert elo["x"] == [10.0, 20.0, 30.0, 40.0]
    assert elo["y"][-1].startswith(f"{best.elo:.3g}"[:3])
    losses = charts["Policy loss"]["lines"][0]  # type: ignore[index]
    assert len(losses["y"]) == 20
    assert float(losses["y"][-1]) == pytest.approx(run.number("loss_policy"), rel=0.01)
    assert {"Value calibration", "Length of games", "How games end"} <= set(charts)
    assert [label for label in LADDER if label in text] == list(LADDER)


def test_the_page_stands_alone(folder: Path) -> None:
    """Sent to a friend it is whole: nothing is loaded, and nothing of the machine is told."""
    html = report_html(read_run(folder))
    page = Page(html)
    for tag, attrs in page.tags:
        assert tag not in ("link", "img", "iframe", "object")
        assert not attrs.get("src") and not attrs.get("href"), (tag, attrs)
    assert not re.search(r"url\(|@import|https?://", html)
    assert str(folder.parent) not in html
    assert len(html) < 400_000


def test_games_can_be_replayed_ply_by_ply(folder: Path) -> None:
    page = Page(report_html(read_run(folder)))
    games = [json.loads(str(a["data-game"])) for t, a in page.tags if a.get("data-game")]
    assert len(games) == 4
    spec = make("go", 5, 5)
    for game in games:
        stones = [int(c) for c in game["start"]]
        position = spec.allocate(1)
        for (point, changes), name in zip(game["plies"], game["names"], strict=True):
            for at, colour in changes:
                stones[at] = colour
            spec.play(position, np.array([point if point >= 0 else spec.pass_action]))
            assert (point < 0) == (name == "pass")
            assert stones == spec.stones(position)[0].tolist()


@pytest.mark.parametrize("name", ["othello", "gomoku", "tic_tac_toe", "connect_four", "hex"])
def test_every_game_has_its_board(name: str) -> None:
    spec = make(name)
    position, actions = spec.allocate(1), []
    for _ in range(4):
        actions.append(int(np.flatnonzero(spec.candidates(position)[0])[0]))
        spec.play(position, np.array(actions[-1:]))
    page = Page(game_html(GameRecord(spec, tuple(actions), result="B+1"), "a game"))
    stones = [a for t, a in page.tags if t == "circle" and "stone" in str(a.get("class"))]
    assert len(stones) == spec.points
    shown = [str(a["class"]).split()[1] for a in stones]
    assert shown == ["ebw"[c] and "ebw"[c] for c in spec.stones(position)[0]]


def test_names_are_escaped(tmp_path: Path) -> None:
    folder = make_up_run(tmp_path / "a<b>&'c'")
    folder.append(folder.metrics, {"cycle": 99, "notes": ["<script>alert(1)</script>"]})
    html = report_html(read_run(folder.path))
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
    Page(html)


def test_a_run_that_just_began_has_a_page(tmp_path: Path) -> None:
    folder = make_up_run(tmp_path / "run", cycles=1)
    for path in (folder.metrics, folder.openings, folder.ratings, folder.benchmarks):
        path.unlink(missing_ok=True)
    text = " ".join(Page(write_report(folder.path).read_text(encoding="utf-8")).text)
    assert "No checkpoint has been rated yet." in text


@pytest.mark.parametrize("damage", ["cut", "binary", "other", "empty"])
def test_damage_shortens_the_page_and_no_more(tmp_path: Path, damage: str) -> None:
    folder = make_up_run(tmp_path / "run")
    names = (
        "metrics.jsonl",
        "openings.jsonl",
        "benchmarks.jsonl",
        "ratings.json",
        "sessions.jsonl",
    )
    games = [path.name for path in (folder.path / "games").iterdir()]
    for path in [folder.path / name for name in names] + [folder.path / "games" / g for g in games]:
        data = path.read_bytes()
        path.write_bytes(
            {
                "cut": data[: len(data) * 2 // 3],
                "binary": b"\xff\xfe\x00" + data[:50],
                "other": b'[1, {"players": 3}]\n{"cycle": "x", "notes": 3}\n"text"\n',
                "empty": b"",
            }[damage]
        )
    Page(report_html(read_run(folder.path)))


def test_no_run_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"expected a run folder with config\.toml"):
        read_run(tmp_path)
    (tmp_path / "config.toml").write_text("[game")
    with pytest.raises(RunError, match="expected the settings of a run"):
        read_run(tmp_path)
    (tmp_path / "config.toml").write_text('[game]\nname = "chess"\nheight = 8\nwidth = 8\n')
    with pytest.raises(RunError, match="to name a game"):
        report_html(read_run(tmp_path))


def test_a_cycle_that_was_done_again_counts_once(tmp_path: Path) -> None:
    folder = make_up_run(tmp_path / "run")
    folder.append(folder.metrics, {"cycle": 20, "games": 777, "elapsed_s": 2400.0})
    run = read_run(folder.path)
    assert len(run.cycles) == 20
    assert run.latest["games"] == 777


def test_openings_that_are_turned_count_as_one() -> None:
    spec = make("go", 9)
    corner = [canonical(spec, [p, 40]) for p in (2 * 9 + 2, 2 * 9 + 6, 6 * 9 + 2, 6 * 9 + 6)]
    assert set(corner) == {(2 * 9 + 6, 40)}
    assert canonical(spec, [40, spec.pass_action]) == (40, spec.pass_action)


def test_opening_shares(folder: Path) -> None:
    first, last = read_openings(read_run(folder))
    assert len(first.lines) == len(last.lines) == 60
    assert last.first_plies() == {12: 1.0}


def test_ticks_are_round_and_cover() -> None:
    assert ticks(0.0, 1.0, 4) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert ticks(-430.0, 655.0, 5) == [-400.0, -200.0, 0.0, 200.0, 400.0, 600.0]
    for low, high in ((0.0, 1e-6), (3.0, 3.1), (-1e6, 1e6), (0.07, 0.0701)):
        found = ticks(low, high, 4)
        assert 2 <= len(found) <= 7
        assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)


def test_a_small_difference_is_not_blown_up() -> None:
    line = Line("Elo", [1.0, 2.0], [-493.1, -493.0], low=[None, None], high=[None, None])
    drawn = svg(Chart([line], least_span=300.0))
    labels = re.findall(r'class="tick" [^>]*>([^<]*)<', drawn)
    assert len(set(labels)) == len(labels) >= 2
    assert "-500" in labels


def test_a_chart_of_one_point_and_of_none() -> None:
    assert svg(Chart([Line("a", [], [])])) == ""
    page = Page(
        svg(Chart([Line("a", [1.0], [2.0], low=[None], high=[None])], levels=[Level("b", 9)]))
    )
    assert page.charts()


def test_wording() -> None:
    assert [wording.duration(s) for s in (45, 720, 7500, 273600)] == [
        "45 s",
        "12 min",
        "2 h 05",
        "3 d 4 h",
    ]
    assert [wording.size(n) for n in (0, 999, 1500, 25_000_000, 3e12)] == [
        "0 B",
        "999 B",
        "1.5 KB",
        "25 MB",
        "3000 GB",
    ]


def test_two_runs_side_by_side(folder: Path, tmp_path: Path) -> None:
    other = make_up_run(tmp_path / "other", seed=2, final_elo=100.0, cycles=30)
    runs = [read_run(folder), read_run(other.path)]
    rows = rows_of(runs)
    assert [row[0] for row in rows] == ["made-up", "other"]
    assert [row[3] for row in rows] == ["1", "2"]
    page = Page(compare_html(runs))
    assert [line["name"] for line in page.charts()["Policy loss"]["lines"]] == [  # type: ignore[attr-defined]
        "made-up",
        "other",
    ]
    elo = page.charts()["Elo over training time"]["lines"]
    assert [len(line["y"]) for line in elo] == [4, 6]  # type: ignore[attr-defined]
    assert differences(runs) == [["seed", "1", "2"]]
    assert any("difference is sure only" in text for text in cautions(runs))
    third = make_up_run(tmp_path / "hex", game="hex")
    assert any("different games" in text for text in cautions([*runs, read_run(third.path)]))
