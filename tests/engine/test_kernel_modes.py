"""The same kernels as plain Python, and compiled with every index checked: tests run once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = [
    "tests/engine/games/test_go_cases.py",
    "tests/engine/games/test_go_rules.py",
    "tests/engine/games/test_conformance.py",
    "tests/engine/test_random.py",
    "tests/engine/search/test_twin.py",
]
MODES = {
    # Large boards and the long counts would only repeat what small boards show, slowly.
    "NUMBA_DISABLE_JIT": "not 12675 and not 60 and not 200 and not on_average and not 361"
    " and not twenty and not 13x10 and not 9x9 and not 7x9 and not 15x15 and not 8x8"
    " and not 6x10 and not 5x12",
    "NUMBA_BOUNDSCHECK": "not 360 and not 13x10",
}
PROBE = """
import numpy as np
from engine.search.tree import SLOT, clear_rows
try:
    clear_rows(np.zeros(1, SLOT), np.array([1 << 20], np.int32))
except IndexError:
    print("checked", hasattr(clear_rows, "py_func"))
"""


def python(mode: str, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, mode: "1", "MIAI_CACHE_DIR": str(cache)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", MODES)
def test_kernels_pass_the_tests_in_this_mode(mode: str, tmp_path: Path) -> None:
    probe = python(mode, tmp_path, "-c", PROBE)
    assert probe.stdout.split() == ["checked", str(mode == "NUMBA_BOUNDSCHECK")], probe.stderr
    overflow = "ignore:overflow encountered:RuntimeWarning"  # hashes wrap, as they should
    options = ["-q", "-p", "no:cacheprovider", "-W", overflow, "-k", MODES[mode]]
    run = python(mode, tmp_path, "-m", "pytest", *options, *SUITE)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    passed = int(run.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed >= 60


def test_without_a_folder_that_can_be_written_kernels_compile_none_the_less(
    tmp_path: Path,
) -> None:
    """Numba alone refuses to; the folder in its place goes with the process."""
    (tmp_path / "file").write_text("in the way of a folder")
    code = (
        "from engine._kernel import CACHE_FOLDER, kernel\n"
        "from engine.random import mix\n"
        "import numpy as np\n"
        "print(mix(np.uint64(1)), CACHE_FOLDER)"
    )
    environment = {**os.environ, "MIAI_CACHE_DIR": str(tmp_path / "file")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    number, folder = done.stdout.split()
    assert int(number) and not Path(folder).exists()


MIX = (
    "from engine._kernel import CACHE_FOLDER\n"
    "from engine.random import mix\n"
    "import numpy as np\n"
    "print(mix(np.uint64(1)), CACHE_FOLDER)"
)


def mixed(cache: Path) -> tuple[int, Path, str]:
    """Run one kernel in a process of its own: its result, the cache's folder, what was said."""
    done = python("MIAI_NOTHING", cache, "-c", MIX)
    assert done.returncode == 0, done.stderr
    number, folder = done.stdout.split()
    return int(number), Path(folder), done.stderr


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_damaged_file_of_the_cache_is_compiled_again(tmp_path: Path, suffix: str) -> None:
    number, folder, _ = mixed(tmp_path)
    (file,) = folder.rglob(f"*.mix-*.{suffix}")
    whole = file.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damage in (b"", whole[:5], whole[:-1], bytes(len(whole)), flipped):
        file.write_bytes(damage)
        again, _, said = mixed(tmp_path)
        assert again == number
        assert "compiled again" in said
    assert mixed(tmp_path) == (number, folder, "")


@pytest.mark.skipif(os.name == "nt", reason="needs the permissions of POSIX")
def test_a_cache_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    number, folder, said = mixed(tmp_path / "mine")
    assert not said
    assert folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o722)
    again, other, said = mixed(tmp_path / "mine")
    assert again == number and other != folder and "MIAI_CACHE_DIR" in said
    folder.chmod(0o700)
    (tmp_path / "mine").chmod(0o777)
    again, other, said = mixed(tmp_path / "mine")
    assert again == number and other != folder and "MIAI_CACHE_DIR" in said
    (tmp_path / "mine").chmod(0o1777)  # as /tmp: others can only replace what is theirs
    assert mixed(tmp_path / "mine") == (number, folder, "")
    (tmp_path / "mine" / "kernels").chmod(0o770)
    assert mixed(tmp_path / "mine") == (number, folder, "")
