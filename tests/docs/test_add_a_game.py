"""The game of docs/add-a-game.md, taken from the page: it conforms, obeys its theorem, learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.network.checkpoint import read_metadata
from agents.protocol import Limit
from arena.analysis.analyst import Analyst
from arena.analysis.review_html import review_html
from arena.analysis.sweep import sweep
from arena.outputs import _board
from arena.picture import board_picture
from arena.session.choices import NEW_GAME
from arena.session.game import Settings
from engine.games import BLACK, GAMES, WHITE, GameSpec, quick
from engine.records import GameRecord
from engine.search import Search, SearchConfig
from miai.cli import command_parser
from miai.commands import arena, train
from miai.commands.options.run import meant_run
from miai.config import to_toml
from miai.dashboard import board_text
from selfplay.report.boards import game_html
from selfplay.run import GameConfig, Run
from selfplay.run.few import few_games
from selfplay.run.folder import RunFolder
from selfplay.run.watch import LiveGame
from tests.conformance import CHECKS
from tests.support.enumerate import levels
from tests.support.pages import hashed_name, imported, python_blocks
from tests.support.small import small_run


@pytest.fixture(scope="module")
def snort(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    source = "\n\n".join(python_blocks("add-a-game.md"))
    with imported(hashed_name("snort", source), source, tmp_path_factory.mktemp("page")) as module:
        yield module


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("size", [(7, 7), (4, 9), (12, 12)])
def test_the_page_conforms(
    snort: Any, size: tuple[int, int], check: Callable[[GameSpec], None]
) -> None:
    check(snort.SnortSpec(*size))


@pytest.mark.parametrize(
    "height, width, winner", [(3, 3, BLACK), (2, 2, WHITE), (2, 4, WHITE), (3, 5, BLACK)]
)
def test_the_page_obeys_the_theorem(snort: Any, height: int, width: int, winner: int) -> None:
    """Backward induction over all positions, level by level."""
    spec = snort.SnortSpec(height, width)
    all_levels = list(levels(spec, spec.points, distinct=True))
    values: dict[int, int] = {}
    for positions in reversed(all_levels):
        outcome, over = spec.outcome(positions), spec.finished(positions)
        legal, keys = spec.legal(positions), spec.keys(positions)
        for i in range(len(positions)):
            if over[i]:
                values[int(keys[i])] = int(outcome[i])
                continue
            actions = np.flatnonzero(legal[i])
            following = np.repeat(positions[i : i + 1], len(actions))
            spec.play(following, actions)
            found = [values[int(key)] for key in spec.keys(following)]
            black = spec.to_move(positions[i : i + 1])[0] == BLACK
            values[int(keys[i])] = max(found) if black else min(found)
    start = values[int(spec.keys(spec.allocate(1))[0])]
    assert start == (1 if winner == BLACK else -1)


def test_the_search_plays_it(snort: Any) -> None:
    """Nothing but the module is needed: Black takes the middle of 3x3, or a move as good."""
    spec = snort.SnortSpec(3, 3)
    search = Search(spec, RolloutEvaluator(), 1, SearchConfig(algorithm="puct"), 2002)
    slots = np.zeros(1, np.int32)
    search.begin(slots, spec.allocate(1), np.ones(1, np.uint64), np.ones(1, np.uint64))
    search.run(slots, 2000)
    assert search.read(slots).value[0] > 0.5


def test_it_is_learned(snort: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry is all that a run asks."""
    monkeypatch.setitem(GAMES, "snort", snort.SnortSpec)
    config = replace(small_run(cycles=2), game=GameConfig("snort", 5, 5))
    reports: list[dict[str, object]] = []
    with Run(tmp_path / "run", config, to_toml(config)) as run:
        run.train(reports.append)
    assert reports[-1]["steps"]


@pytest.fixture
def registered(snort: Any, monkeypatch: pytest.MonkeyPatch) -> GameSpec:
    monkeypatch.setitem(GAMES, "snort", snort.SnortSpec)
    return quick("snort")


def test_it_has_settings_and_a_folder_of_its_own(
    registered: GameSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of Go's: neither its preset, nor its run's folder."""
    monkeypatch.chdir(tmp_path)
    folder, config, _ = meant_run(command_parser("train", train).parse_args(["--game", "snort"]))
    assert folder == Path("runs/snort")
    assert config.game.spec() == registered and config.search.no_pass_before == 0
    few = few_games(config, 8)
    play = replace(few.selfplay, threads=1, simulations=4, simulations_late=4)
    with Run(folder, replace(few, selfplay=play), to_toml(config)) as run:
        run.train(lambda metrics: None)
    assert config.start == "shipped:many"
    for path in RunFolder(folder).checkpoints():
        assert read_metadata(path)["network"].games[-1] == "snort"
    sized = command_parser("train", train).parse_args(["--game", "snort", "--size", "9"])
    assert meant_run(sized)[1].game.spec() == registered.changed(height=9, width=9)


def test_help_lists_it(registered: GameSpec, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_parser("arena", arena).parse_args(["--game", "list"])
    assert "snort          Snort, 7x7" in capsys.readouterr().out


def test_a_new_game_offers_it(registered: GameSpec) -> None:
    row = next(row for row in NEW_GAME if row.name == "Game")
    settings, seen = Settings(), []
    for _ in GAMES:
        settings = row.change(settings, 1)
        seen.append(row.words(settings))
    assert "Snort" in seen and len(set(seen)) == len(GAMES)


def test_it_is_drawn_everywhere(registered: GameSpec) -> None:
    """In the window, on a terminal, on the pages of runs and tournaments, in reviews."""
    record = GameRecord(registered, (0, 2, 20))
    position = registered.allocate(1)
    for action in record.actions:
        registered.play(position, np.array([action]))
    assert board_picture(registered, position, 20).std() > 10
    review = sweep(record, Analyst(RolloutEvaluator()), Limit(4))
    assert "Snort" in review_html(review, {}).decode()
    assert board_text(registered, LiveGame(1, 0.0, record.actions)).plain.count("●") == 2
    assert game_html(record, "a game").count('class="stone b"') == 2
    assert _board(registered)["title"] == "Snort"
