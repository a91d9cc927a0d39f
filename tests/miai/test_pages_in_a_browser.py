"""Every page that the program writes, opened in Chromium: scripts run, boards replay, all fits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from agents.network.checkpoint import save_network
from agents.protocol import Limit
from arena.analysis import Analyst, sweep
from arena.analysis.review_html import review_html
from engine.games import GAMES, GameSpec, make
from engine.records import GameRecord, write_sgf
from miai.cli import main
from tests.support.made_up_run import make_up_run
from tests.support.records import rule_record
from tests.support.scripted import ScriptedEvaluator, arbitrary
from tests.support.small import small_network

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

WIDTHS = {"screen": 1280, "phone": 390}
PLAN = """
games = [0, 8]
starts = ["none"]
parameters = ["full"]
repeated = [8]
seeds = 1
simulations = 4
pair_games = 4
anchors = ["rollouts:5"]

[pretraining]
network = "b2c16"
selfplay.slots = 8
selfplay.threads = 1
selfplay.simulations = 4
selfplay.simulations_late = 4
schedule.plies_per_cycle = 12

[[pretraining.tasks]]
name = "line"
game = "tic_tac_toe"
height = 3
width = 3

[[pretraining.tasks]]
name = "hex"
game = "hex"
height = 4
width = 4
"""


def random_moves(spec: GameSpec, count: int) -> tuple[int, ...]:
    """The first moves of a game at random, without passes."""
    random, position = np.random.default_rng(2), spec.allocate(1)
    actions = []
    for _ in range(count):
        legal = np.flatnonzero(spec.legal(position)[0][: spec.points])
        actions.append(int(random.choice(legal)))
        spec.play(position, np.array(actions[-1:]))
    return tuple(actions)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Chromium without a window, which connects to nothing and keeps what pages complain about."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("needs the programs chromium and chromedriver, which are not installed")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(programs[0])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
    ):
        options.add_argument(flag)
    if hasattr(os, "getuid") and os.getuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to start as root with it
    driver = Chrome(options, Service(str(programs[1])))
    yield driver
    driver.quit()


class Page:
    """A page in the browser."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def run(self, script: str) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script)

    def click(self, selector: str) -> None:
        """Click the first element of a selector, as a person would: it must be visible."""
        from selenium.webdriver.common.by import By

        element = self.driver.find_element(By.CSS_SELECTOR, selector)
        self.run(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        element.click()

    def press(self, key: str) -> None:
        """Press a key on the page."""
        from selenium.webdriver.common.by import By

        self.driver.find_element(By.TAG_NAME, "body").send_keys(key)

    def text(self, selector: str) -> str:
        """Return what a person reads in an element."""
        return str(self.run(f"return document.querySelector({selector!r}).innerText"))

    def count(self, selector: str) -> int:
        """Return how many elements there are."""
        return int(self.run(f"return document.querySelectorAll({selector!r}).length"))


@pytest.fixture
def visit(browser: Chrome) -> Callable[[Path, int], Page]:
    """Open a page at a width, and hold it to what every page must do."""

    def opened(path: Path, width: int) -> Page:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        browser.get(path.resolve().as_uri())
        page = Page(browser)
        assert page.run("return document.readyState") == "complete"
        assert browser.get_log("browser") == []
        assert browser.title
        assert not page.run("return performance.getEntriesByType('resource').length")
        widest = page.run("return document.documentElement.scrollWidth")
        assert widest <= width, f"a page of {width} pixels must be scrolled to {widest}"
        empty = page.run(
            "return [...document.querySelectorAll('svg')].filter(s => !s.childElementCount).length"
        )
        assert empty == 0, "a picture without content"
        return page

    return opened


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_report_of_a_run(
    visit: Callable[[Path, int], Page], tmp_path: Path, width: int, browser: Chrome
) -> None:
    folder = make_up_run(tmp_path / "run")
    assert main(["report", str(folder.path)]) == 0
    page = visit(folder.report, width)
    assert page.count("svg.chart") > 5
    where = "figure.game .where"
    total = int(page.text(where).split()[2])
    assert page.text(where).startswith(f"{total} of {total}")
    page.click("figure.game button[data-step='-1']")
    assert page.text(where).startswith(f"{total - 1} of {total}")
    stones = "figure.game .stone.b, figure.game .stone.w"
    before = page.count(stones)
    page.click("figure.game button")
    assert page.text(where).startswith("0 of")
    assert page.count(stones) < before
    # A finger or a mouse on a chart shows its numbers.
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    chart = browser.find_element(By.CSS_SELECTOR, "svg.chart")
    page.run("document.querySelector('svg.chart').scrollIntoView({block: 'center'})")
    ActionChains(browser).move_to_element(chart).perform()
    assert page.run("return document.getElementById('tip').style.visibility") == "visible"
    edge = page.run("return document.getElementById('tip').getBoundingClientRect().right")
    assert edge <= width
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_two_runs_compared(visit: Callable[[Path, int], Page], tmp_path: Path, width: int) -> None:
    runs = [str(make_up_run(tmp_path / name, seed=seed).path) for seed, name in enumerate("ab", 1)]
    out = tmp_path / "compare.html"
    assert main(["compare", *runs, "--out", str(out)]) == 0
    assert visit(out, width).count("svg.chart") > 2


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_a_tournament_and_its_games(
    visit: Callable[[Path, int], Page], tmp_path: Path, name: str, width: int, browser: Chrome
) -> None:
    size = {"tic_tac_toe": "3", "connect_four": "7x6", "othello": "6"}.get(name, "5")
    out = tmp_path / "out"
    agents = ["random", "rollouts:2"]
    words = ["--game", name, "--size", size, "--games", "4", "--quiet", "--out", str(out)]
    assert main(["arena", *agents, *words]) == 0
    page = visit(out / "arena.html", width)
    assert page.count("#standings tbody tr") == 2
    assert page.count("#list tbody tr") == 4
    page.click("#list tbody tr:nth-child(2)")
    plies = int(page.run("return document.getElementById('ply').max"))
    assert plies > 0
    stones = page.count("#board svg circle")
    page.click("#first")
    assert page.run("return document.getElementById('ply').value") == "0"
    assert page.count("#board svg circle") < stones or name == "connect_four"
    for _ in range(3):
        page.click("#next")
    assert page.run("return document.getElementById('ply').value") == "3"
    page.click("#cross td.cell")
    assert page.text("#count").startswith("4 of 4")
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_a_game_that_was_looked_through(
    visit: Callable[[Path, int], Page], tmp_path: Path, name: str, width: int, browser: Chrome
) -> None:
    spec = make(name, 6, 7) if name == "connect_four" else make(name)
    actions = random_moves(spec, 6 if name != "tic_tac_toe" else 4)
    review = sweep(GameRecord(spec, actions), Analyst(ScriptedEvaluator(arbitrary)), Limit(16))
    path = tmp_path / "review.html"
    path.write_bytes(review_html(review, {"network": "scripted", "simulations": 16}))
    page = visit(path, width)
    last = len(actions)
    page.click("[data-go=last]")
    assert page.text("#where") == f"{last} / {last}"
    drawn = page.count("#board *")
    page.click("[data-go=back]")
    assert page.text("#where") == f"{last - 1} / {last}"
    page.press("\ue011")  # Home
    assert page.text("#where") == f"0 / {last}"
    assert page.count("#board *") != drawn
    if page.count("[data-ply]"):
        page.click("[data-ply]")
        assert page.text("#where") != f"0 / {last}"
        assert page.text("#told")
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_what_fine_tuning_changed(
    visit: Callable[[Path, int], Page], tmp_path: Path, width: int
) -> None:
    games = tmp_path / "games"
    games.mkdir()
    for seed in range(12):
        (games / f"{seed}.sgf").write_bytes(write_sgf(rule_record(seed)))
    network, out = tmp_path / "network.safetensors", tmp_path / "report.html"
    save_network(network, small_network(), {})
    words = ["--network", str(network), "--games", str(games), "--size", "5", "--epochs", "1"]
    words += ["--holdout", "0.3", "--report", str(out), "--out", str(tmp_path / "new.safetensors")]
    assert main(["finetune", *words]) == 0
    assert visit(out, width).count("figure svg") > 0


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_what_games_are_worth_to_each_other(
    visit: Callable[[Path, int], Page], tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.toml").write_text(PLAN)
    words = ["plan.toml", "--only", "hex", "--out", "out", "--work", "work"]
    assert main(["transfer", *words]) == 0
    assert "hex" in visit(Path("out/transfer.html"), width).text("main")
