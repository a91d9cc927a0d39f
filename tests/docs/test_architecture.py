"""Pages name what exists: modules in the architecture page, files and headings behind links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("engine", "agents", "selfplay", "arena", "miai")
LINKED = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_MOST_README_LINES = 120


def _named(package: str) -> list[str]:
    """Return the names in the first column of the package's table."""
    section = PAGE.read_text("utf-8").split(f"\n### {package}\n")[1].split("\n#")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def _modules(package: str) -> set[str]:
    """Return the modules of a package, such as ``search/tree``, without those that begin with _."""
    folder = ROOT / package
    found = (path.relative_to(folder) for path in folder.rglob("*.py") if path.name[0] != "_")
    return {path.with_suffix("").as_posix() for path in found}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_page_names_every_module(package: str) -> None:
    """A folder stands for all modules in it."""
    named = _named(package)
    folders = tuple(name for name in named if name.endswith("/"))
    missing = {name for name in _modules(package) - {*named} if not name.startswith(folders)}
    assert not missing, (
        f"docs/architecture.md names no {sorted(missing)} of {package}/: add each to the table "
        f"below '### {package}', in the row of what it belongs to, with a phrase on what it does"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_page_names_only_what_exists(package: str) -> None:
    named = _named(package)
    folder, modules = ROOT / package, _modules(package)
    gone = [n for n in named if not (n in modules or (n.endswith("/") and (folder / n).is_dir()))]
    assert not gone, (
        f"docs/architecture.md names {gone} of {package}/, which do not exist: rename or remove "
        f"them in the table below '### {package}'"
    )
    assert len(named) == len({*named}), f"named twice: {sorted(named)}"


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _broken(page: Path) -> Iterator[str]:
    for link in _LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_every_link_points_to_a_file_and_a_heading(page: Path) -> None:
    broken = [*_broken(page)]
    assert not broken, f"{page.name} links to {broken}: correct the path or the heading"


def test_the_readme_is_short() -> None:
    lines = len((ROOT / "README.md").read_text("utf-8").splitlines())
    assert lines <= _MOST_README_LINES, (
        f"README.md has {lines} lines, at most {_MOST_README_LINES}: move detail to a page of docs"
    )
