"""Kills at random moments, and whether what is left in the end is what no kill would have left.

    PYTHONPATH=. python docs/results/kills.py tournament|window|workers [KILLS] [SEED]

Everything is imported and compiled once; what is killed is a fork of this process, so that
a hundred kills take minutes. ``make kills`` does the same with training.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = os.environ["SDL_AUDIODRIVER"] = "dummy"

import numpy as np
import psutil

from arena.session.files import Keeper, autosave, bring_back
from arena.session.game import Settings
from arena.session.preferences import Preferences
from arena.session.session import Session
from engine.games import make
from engine.games.spec import BLACK, WHITE
from miai.cli import main as miai
from tests.support.go_game import load_playouts

_PLIES = 250
_GAMES = 60


def forked(work: Callable[[], object]) -> int:
    """Do some work in a child that ends with it; return the child."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with (
            Path(os.devnull).open("w") as nothing,
            redirect_stdout(nothing),
            redirect_stderr(nothing),
        ):
            work()
        code = 0
    finally:
        os._exit(code)


def tournament(folder: Path, kills: int, moments: random.Random) -> str:
    """Two processes share a tournament; one of them is killed and another takes its place."""
    command = [
        *("arena", "random", "rollouts:16", "--size", "7", "--games", str(_GAMES), "--seed", "5"),
        *("--games-at-once", "2", "--json", "--out"),
    ]

    def table(path: Path) -> object:
        text = subprocess.run(
            [sys.executable, "-m", "miai", *command, str(path)], capture_output=True, check=True
        ).stdout
        found = json.loads(text)
        for agent in found["agents"]:
            del agent["seconds_per_move"]
        games = [json.loads(line) for line in (path / "games.jsonl").read_text().splitlines()]
        for game in games:
            del game["seconds"]
        return found, sorted(games, key=lambda game: game["game"])

    whole = table(folder / "whole")
    with redirect_stdout(io.StringIO()):
        miai([*command[:6], "4", *command[7:], str(folder / "warm")])
    ended, killed, rounds = 0, 0, 0
    while killed < kills:
        rounds += 1
        path = folder / f"broken{rounds}"
        children = [forked(lambda path=path: miai([*command, str(path)])) for _ in range(2)]
        while children and killed < kills:
            time.sleep(moments.uniform(0.0, 0.4))
            done = [c for c in children if os.waitpid(c, os.WNOHANG)[0]]
            children = [c for c in children if c not in done]
            ended += len(done)
            if not children:
                break
            chosen = moments.choice(children)
            os.kill(chosen, signal.SIGKILL)
            os.waitpid(chosen, 0)
            killed += 1
            children.remove(chosen)
            children.append(forked(lambda path=path: miai([*command, str(path)])))
        for child in children:
            os.waitpid(child, 0)
        assert table(path) == whole, path
        left = [p.name for p in path.iterdir() if p.name.endswith(".tmp")]
        assert not left, left
    return f"{rounds} tournaments of {_GAMES} games, {killed} kills, {ended} processes that ended"


def window(folder: Path, kills: int, moments: random.Random) -> str:
    """A window with a game of two people that is kept after every move."""
    from arena.session.control import Control
    from arena.window.app import App
    from arena.window.screen import open_screen

    settings = Settings(make("go", 19), (BLACK, WHITE))

    def move(session: Session, ply: int) -> int:
        legal = np.flatnonzero(session.game.legal[:-1])
        return int(np.random.default_rng(ply).choice(legal))

    def moves(path: Path) -> list[int]:
        session = Session(settings, seed=1)
        return list(session.game.actions) if bring_back(session, path) else []

    def played(path: Path, tell: int | None) -> None:
        """Open the window as a start does, and make a move with every frame."""
        session = Session(settings, seed=1)
        back = bring_back(session, path)
        keeper = Keeper(session, path, back)
        app = App(
            open_screen((640, 480)), Control(session, load_playouts), Preferences("en"), keeper
        )
        while len(session.game.actions) < _PLIES:
            session.play(move(session, len(session.game.actions)))
            app.update()
            app.draw()
            keeper.keep()
            if tell is not None:
                os.write(tell, len(session.game.actions).to_bytes(2, "big"))
        keeper.finish()

    session = Session(settings, seed=1)
    for ply in range(_PLIES):
        session.play(move(session, ply))
    whole = list(session.game.actions)
    warm = session.game
    autosave(warm, folder / "warm.json")
    killed, games, lost, alive = 0, 0, 0, 0
    while killed < kills:
        games += 1
        path = folder / f"game{games}.json"
        while moves(path) != whole:
            known, tell = os.pipe()
            child = forked(lambda path=path, tell=tell: played(path, tell))
            os.close(tell)
            if killed < kills:
                if moments.random() < 0.8:
                    os.read(known, 2)  # it lives, and has kept a move
                time.sleep(moments.uniform(0.0, 0.1))
                os.kill(child, signal.SIGKILL)
                killed += 1
            os.waitpid(child, 0)
            told = b"".join(iter(lambda known=known: os.read(known, 1 << 16), b""))
            os.close(known)
            reached = int.from_bytes(told[-2:], "big")
            kept = moves(path)
            assert kept == whole[: len(kept)], path
            lost = max(lost, reached - len(kept))
            alive += bool(told)
            assert len(kept) >= reached, (len(kept), reached)
    return (
        f"{games} games of {_PLIES} moves, {killed} kills, {alive} starts with moves made, "
        f"{lost} moves lost"
    )


def workers(folder: Path, kills: int, moments: random.Random) -> str:
    """A run whose worker processes are killed, beside the same run with threads."""
    from miai.config import to_toml
    from selfplay.play.processes import ProcessSource
    from selfplay.run import Run
    from tests.support.small import small_run

    config = small_run(cycles=kills + 5, checkpoint_minutes=4.0)
    with Run(folder / "threads", config, to_toml(config)) as run:
        run.train(lambda _: None)
    killed = 0

    def kill_one() -> None:
        nonlocal killed
        found = [
            child
            for child in psutil.Process().children(recursive=True)
            if "miai.worker" in child.cmdline()
        ]
        if found:
            with suppress(psutil.NoSuchProcess):
                moments.choice(found).kill()
                killed += 1

    notes: list[object] = []

    def after(metrics: dict[str, object]) -> None:
        # One kill a cycle: a run ends after three deaths of a worker without a game.
        notes.append(metrics.get("notes"))
        if killed < kills:
            threading.Timer(moments.uniform(0.0, 1.0), kill_one).start()

    command = [sys.executable, "-P", "-m", "miai.worker"]
    source = partial(ProcessSource, text=to_toml(config), workers=2, command=command)
    with Run(folder / "processes", config, to_toml(config), source) as run:
        run.train(after)
    files = 0
    for kind in ("checkpoints", "shards"):
        names = sorted(path.name for path in (folder / "threads" / kind).iterdir())
        assert names == sorted(path.name for path in (folder / "processes" / kind).iterdir())
        for name in names:
            one, other = (folder / which / kind / name for which in ("threads", "processes"))
            assert one.read_bytes() == other.read_bytes(), name
            files += 1
    said = str(notes).count("exit status -9")
    return f"{kills + 5} cycles, {killed} kills, {said} replacements said; {files} files, equal"


def main() -> None:
    """Kill, compare, and print what was done."""
    what = {"tournament": tournament, "window": window, "workers": workers}[sys.argv[1]]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        words = what(Path(name), kills, random.Random(seed))
    print(f"{sys.argv[1]}: {words}; {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
