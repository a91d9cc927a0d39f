"""The wheel: has all it needs and nothing else, and works from another folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "agents", "selfplay", "arena", "miai")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    skipped = shutil.ignore_patterns("__pycache__")
    for room in (*ROOMS, "tests"):
        shutil.copytree(ROOT / room, copy / room, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, copy],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_the_rooms_and_their_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(ROOMS)
    modules = {
        str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")
    }
    assert modules <= names
    for kind, folder in (
        ("*.toml", "miai/presets"),
        ("*.safetensors", "miai/networks"),
        ("*.txt", "arena/opening_books"),
        ("*.html", "arena/page"),
    ):
        data = {str(path.relative_to(ROOT)) for path in (ROOT / folder).glob(kind)}
        assert data and data <= names
    assert {"miai/presets/go9-quick.toml", "arena/analysis/review.html"} <= names


def test_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install"),
            *("--no-deps", "--no-index", "--quiet", wheel),
        ],
        check=True,
    )
    script = (
        "import agents.search_agent, arena, engine.games, miai, selfplay, miai.config\n"
        "miai.config.load_preset('go9-quick')\n"
        "print(miai.make('go', 9).points)\n"
        "print(*(package.__file__ for package in (agents, arena, engine, miai, selfplay)))"
    )
    # The dependencies come from this environment; the five rooms only from the wheel.
    surroundings = {"PYTHONPATH": sysconfig.get_path("purelib"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [python, "-c", script],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    points, files = done.stdout.splitlines()
    assert points == "81"
    for file in files.split():
        assert Path(file).is_relative_to(home)
    version = subprocess.run(
        [home / "bin" / "miai", "--version"],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert version.stdout.startswith("miai ")
