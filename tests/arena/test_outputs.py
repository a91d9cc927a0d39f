"""Files made of a tournament: CSV, and the page that replays its games."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arena.folder import TournamentFolder
from arena.outputs import games_csv, page, ratings_csv
from arena.report import make_report
from arena.report_text import conditions_text
from arena.results import AgentCard
from engine.games import make
from miai.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("arena") / "t"
    agents = ["random", "other=random", "rollouts:4"]
    options = ["--size", "5", "--games", "4", "--anchor", "random", "--quiet"]
    assert main(["arena", *agents, *options, "--out", str(path)]) == 0
    return path


def data_of(html: str) -> dict:  # type: ignore[type-arg]
    line = next(line for line in html.splitlines() if line.startswith("const D = "))
    return dict(json.loads(line.removeprefix("const D = ").removesuffix(";")))


def test_tables_for_other_programs(folder: Path) -> None:
    games = list(csv.DictReader((folder / "games.csv").read_text().splitlines()))
    lines = TournamentFolder(folder).games()
    assert [row["result"] for row in games] == [line.result for line in lines]
    assert all(len(row["moves"].split()) == int(row["plies"]) for row in games)
    ratings = list(csv.DictReader((folder / "ratings.csv").read_text().splitlines()))
    assert [row["rank"] for row in ratings] == ["1", "2", "3"]
    assert next(row for row in ratings if row["name"] == "random")["elo"] == "0.0"


def test_the_page_needs_nothing_else_and_holds_every_game(folder: Path) -> None:
    html = (folder / "arena.html").read_text()
    for outside in ("http://", "https://", "src=", "@import", "url("):
        assert outside not in html.replace("http://www.w3.org/2000/svg", "")
    data = data_of(html)
    assert len(data["games"]) == 12 and data["names"] == ["random", "other", "rollouts:4"]
    assert len(data["report"]["agents"]) == 3 and data["board"]["width"] == 5


@pytest.mark.parametrize("game", ["go", "othello", "hex", "connect_four"])
def test_boards_of_the_page_are_those_of_the_rules(game: str, tmp_path: Path) -> None:
    """Replays every game as the page does: a stone of the mover, then the listed changes."""
    size = {"go": "5", "othello": "6", "hex": "5", "connect_four": "5x4"}[game]
    rules = ["--rule", "swap=yes"] if game == "hex" else []
    command = ["arena", "random", "a=random", "--game", game, "--size", size, *rules]
    assert main([*command, "--games", "6", "--quiet", "--out", str(tmp_path)]) == 0
    data = data_of((tmp_path / "arena.html").read_text())
    conditions = TournamentFolder(tmp_path).conditions()
    spec = conditions.spec
    for entry in data["games"]:
        board, mover = list(data["board"]["start"]), 1
        position = spec.allocate(1)
        assert board == spec.stones(position)[0].tolist()
        for ply, action in enumerate(entry["a"]):
            if action < spec.points:
                board[action] = mover
            changes = entry["c"].get(str(ply), [])
            for point, colour in zip(changes[::2], changes[1::2], strict=True):
                board[point] = colour
            mover = 3 - mover
            spec.play(position, np.array([action]))
            assert board == spec.stones(position)[0].tolist()


def test_names_cannot_break_out_of_the_page(folder: Path) -> None:
    stored = TournamentFolder(folder)
    lines, conditions = stored.games(), stored.conditions()
    evil = "</script><script>alert(1)</script>"
    note = [type(lines[0])(**{**vars(lines[0]), "note": evil})]
    html = page(make_report(conditions, note), note)
    assert "<script>alert" not in html
    assert evil in data_of(html)["games"][0]["t"]


def test_agents_and_options_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "match.toml"
    config.write_text(
        'game = "hex"\nsize = "5"\ngames = 4\nrule = ["swap=yes"]\nformat = "gauntlet"\n'
        'openings-plies = "1..2"\nquiet = true\n'
        'agents = ["random", {name = "deep", agent = "rollouts:8"}]\n'
    )
    out = tmp_path / "t"
    command = ["arena", "--config", str(config), "more=random", "--games", "2"]
    assert main([*command, "--json", "--out", str(out)]) == 0
    conditions = TournamentFolder(out).conditions()
    assert conditions.names == ("random", "deep", "more") and conditions.kind == "gauntlet"
    assert conditions.spec == make("hex", 5, swap=True)
    assert len(TournamentFolder(out).games()) == 4, "what stands after --config wins"
    capsys.readouterr()
    for text, message in (
        ("agents = [3]", "agent"),
        ("agents = 3", "agents = [...]"),
        ("x = [", "TOML"),
    ):
        config.write_text(text)
        assert main(["arena", "--config", str(config)]) == 2
        assert message in capsys.readouterr().err
    assert main(["arena", "--config", str(tmp_path / "none.toml")]) == 2


def test_a_long_path_is_shown_by_its_end_and_a_hash_by_its_beginning(folder: Path) -> None:
    """Cut at forty letters, checkpoints of one run all looked the same."""
    long = "/home/somebody/" + 20 * "folder/" + "checkpoints/000121.safetensors"
    details = {"network": "runs/a/checkpoints/000121.safetensors, of the second seed", "far": long}
    card = AgentCard("a", "runs/a@4", {**details, "sha256": 64 * "b"})
    conditions = TournamentFolder(folder).conditions()
    text = conditions_text(replace(conditions, agents=(card,)))
    assert details["network"] in text
    assert long not in text and f"...{long[-100:]}" in text
    assert 40 * "b" in text and 41 * "b" not in text


def test_no_cell_is_a_formula(folder: Path) -> None:
    tournament = TournamentFolder(folder)
    conditions, lines = tournament.conditions(), tournament.games()
    names = ("=cmd|' /C calc'!A0", "+1", "\x1b[2J@x\n=1")
    known = dict(zip(conditions.names, names, strict=True))
    cards = tuple(replace(card, name=known[card.name]) for card in conditions.agents)
    renamed = [
        replace(line, black=known[line.black], white=known[line.white], note=" -1")
        for line in lines
    ]
    report = make_report(replace(conditions, agents=cards), renamed, None)
    for text in (games_csv(conditions.spec, renamed), ratings_csv(report)):
        rows = list(csv.reader(text.splitlines()))
        assert len({len(row) for row in rows}) == 1
        texts = [
            cell for row in rows for cell in row if not cell.lstrip("-").replace(".", "").isdigit()
        ]
        assert not [cell for cell in texts if cell.lstrip()[:1] in tuple("=+-@")]
        assert all(cell.isprintable() for cell in texts)
