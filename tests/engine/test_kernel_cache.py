"""Kernels of several board layouts, compiled in several processes and loaded into one."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numba.core import itanium_mangler, types
from numba.np.numpy_support import from_dtype

from engine.games import GAMES, make

ROOT = Path(__file__).resolve().parents[2]
SIZES = {
    "go": ((9, 9), (13, 13), (19, 19)),
    "othello": ((6, 6), (8, 8), (10, 10)),
    "gomoku": ((9, 9), (15, 15), (19, 19)),
    "connect_four": ((6, 7), (9, 9), (12, 10)),
    "hex": ((7, 7), (11, 11), (13, 13)),
    "tic_tac_toe": ((3, 3),),
}
ROUNDS = list(itertools.permutations(range(3)))

# Plays by hash rather than by a random generator, so that no kernel decides what is played.
PLAY = """
import hashlib, sys
import numpy as np
import engine.games

def digest(name, height, width):
    spec = engine.games.make(name, height, width)
    positions = spec.allocate(3)
    seen = hashlib.sha256()
    for ply in range(24):
        candidates = spec.candidates(positions)
        order = (np.arange(spec.actions) * 7919 + ply * 31 + np.arange(3)[:, None] * 17) % 1009
        actions = np.where(candidates, order, -1).argmax(axis=1)
        spec.play(positions, np.where(candidates.any(axis=1), actions, -1))
        seen.update(spec.keys(positions).tobytes() + spec.legal(positions).tobytes())
    leaves = spec.allocate(3)
    paths = np.zeros((3, 4), np.int16)
    spec.replay(positions, np.arange(3, dtype=np.int32), paths, np.zeros(3, np.int32), leaves)
    for array in (*spec.features(leaves), spec.stones(leaves), spec.score(leaves)):
        seen.update(np.ascontiguousarray(array).tobytes())
    spec.kernels.playout(leaves, np.arange(3, dtype=np.uint64))
    for field in positions.dtype.names:
        seen.update(np.ascontiguousarray(leaves[field]).tobytes())
    return seen.hexdigest()[:16]

for board in sys.argv[1:]:
    name, height, width = board.split(",")
    print(board, digest(name, int(height), int(width)), flush=True)
"""


def boards(which: int) -> list[str]:
    """Every game's board of this number, as the script takes it."""
    return [
        f"{name},{sizes[which][0]},{sizes[which][1]}"
        for name, sizes in SIZES.items()
        if which < len(sizes)
    ]


def play(cache_folder: Path, arguments: list[str], **environment: str) -> dict[str, str]:
    """Play in a fresh process; return the digest of each board."""
    done = subprocess.run(
        [sys.executable, "-c", PLAY, *arguments],
        cwd=ROOT,
        env={**os.environ, "MIAI_CACHE_DIR": str(cache_folder), **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr[-2000:])
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sizes_compiled_in_processes_of_their_own_play_right_together(tmp_path: Path) -> None:
    """In every order, equal to the same functions as plain Python, which have no cache."""
    assert set(SIZES) == set(GAMES)
    alone: dict[str, str] = {}
    for which in range(3):
        alone |= play(tmp_path, boards(which))
    everything = [board for which in range(3) for board in boards(which)]
    plain = play(tmp_path, everything, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="ignore")
    assert alone == plain
    for order in ROUNDS:
        together = [board for which in order for board in boards(which)]
        assert play(tmp_path, together) == plain, order


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_commands_on_two_sizes_share_a_cache(tmp_path: Path) -> None:
    """A tournament on each of two boards, then both boards in one GTP session."""

    def miai(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "miai", *arguments],
            cwd=ROOT,
            input=text,
            env={**os.environ, "MIAI_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    for size in ("19", "9"):
        out = str(tmp_path / f"tournament-{size}")
        miai("arena", "random", "rollouts:20", "--size", size, "--games", "2", "--out", out)
    commands = "boardsize 19\ngenmove b\nboardsize 9\ngenmove b\nboardsize 19\ngenmove b\nquit\n"
    answers = miai("gtp", "--agent", "rollouts:20", "--size", "19", text=commands).split("\n\n")
    assert len([answer for answer in answers if answer.startswith("=")]) == 7


@cache
def symbols() -> dict[str, str]:
    """The part of a symbol that stands for a position, by game and size class."""
    found = {}
    for name, sizes in SIZES.items():
        for height, width in sizes:
            layout = from_dtype(make(name, height, width).dtype)
            found[f"{name} {layout.size}"] = itanium_mangler.mangle_type(layout)
    return found


def test_every_layout_has_a_symbol_of_its_own_in_every_process() -> None:
    assert len(set(symbols().values())) == len(symbols())
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from engine.games import make\n"
        "from numba.core import itanium_mangler\n"
        "from numba.np.numpy_support import from_dtype\n"
        "import numpy as np\n"
        "from_dtype(np.dtype([('another', np.int8)], align=True))  # moves Numba's counter on\n"
        "print(itanium_mangler.mangle_type(from_dtype(make('go', 19, 19).dtype)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    layout = from_dtype(make("go", 19, 19).dtype)
    assert done.stdout.strip() == symbols()[f"go {layout.size}"]


def test_arrays_inside_records_are_told_apart_by_their_shape() -> None:
    """A helper may take ``row["board"]``, whose shape belongs to its type."""
    first, second = (
        from_dtype(np.dtype([("board", np.uint8, (side, side))], align=True)).fields["board"].type
        for side in (9, 19)
    )
    assert isinstance(first, types.NestedArray) and isinstance(second, types.NestedArray)
    assert itanium_mangler.mangle_type(first) != itanium_mangler.mangle_type(second)
