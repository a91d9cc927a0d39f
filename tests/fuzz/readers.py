"""Mutations of the project's own files, for every reader: they are read, or refused in words.

``python -m tests.fuzz.readers SECONDS [SEED]`` prints a table; the suite runs a few of each kind.
"""

from __future__ import annotations

import copy
import io
import json
import sys
import tempfile
import time
import tomllib
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import tomli_w

from agents.network.checkpoint import load_stored, save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from arena.folder import TournamentFolder
from arena.openings import OpeningPlan
from arena.outputs import write_outputs
from arena.report import make_report
from arena.results import AgentCard, conditions_as_json, conditions_of
from arena.session import preferences
from arena.session.files import autosave, bring_back
from arena.session.game import Settings
from arena.session.session import Session
from engine.errors import MiaiError
from engine.games import make
from engine.games.spec import BLACK, WHITE
from engine.records import load_games
from miai.config import build, load_preset, to_toml
from miai.rating import benchmark_config, read_meetings
from selfplay.report.report import report_html
from selfplay.run.config import RunConfig
from selfplay.run.curves import read_run
from selfplay.run.watch import LiveReader
from tests.support.made_up_run import make_up_run
from tests.support.small import small_network

_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 300, 2**31, 2**63, 10**30, 10**400, 0.5, -0.0, 1e308, -1e308),
    *("", "x", "5", "\x1b[2J", "\u202e", "\ud800", "=1+1", "B+3.5", "../../x", "9" * 5000),
    *([], {}, [[]], [None], {"x": 1}, [1, 2, 3], ["a", "b"], [0] * 9999),
)
_RAW: Final = (b"NaN", b"-Infinity", b"1e999", b"[" * 50_000, b"{" * 9, b"\xff\xfe", b"\0" * 64)

Target = Callable[[Path, bytes], None]


def mutated(data: bytes, random: Random, form: str) -> bytes:
    """Return ``data`` with a few faults; ``form`` is json, jsonl, toml or bytes."""
    if form != "bytes" and random.random() < 0.7:
        return _structure(data, random, form)
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at, length = random.randrange(len(changed) + 1), random.choice((1, 2, 8, 64, 1024))
        kind = random.randrange(5)
        if kind == 0 and changed:
            changed[at : at + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            changed[at:at] = changed[max(at - length, 0) : at]
        elif kind == 3:
            changed[at:at] = random.choice(_RAW)
        else:
            del changed[at:]
    return bytes(changed)


def _structure(data: bytes, random: Random, form: str) -> bytes:
    if form == "jsonl":
        lines = data.splitlines()
        at = random.randrange(len(lines))
        lines[at] = _structure(lines[at], random, "json").replace(b"\n", b" ")
        return b"\n".join(lines) + b"\n"
    whole = tomllib.loads(data.decode()) if form == "toml" else json.loads(data)
    for _ in range(random.randint(1, 3)):
        parent, key = _somewhere(whole, random)
        if parent is None:
            whole = copy.deepcopy(random.choice(_VALUES))
        elif random.random() < 0.2:
            del parent[key]
        else:
            parent[key] = copy.deepcopy(random.choice(_VALUES))
    if form == "toml":
        try:
            return tomli_w.dumps(whole).encode(errors="surrogatepass")
        except (TypeError, ValueError, AttributeError):
            return data + random.choice(_RAW)
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    text = json.dumps(whole).encode()
    sys.set_int_max_str_digits(limit)
    return text.replace(b"0.5", random.choice((b"0.5", b"NaN", b"1e999")))


def _somewhere(whole: Any, random: Random) -> tuple[Any, Any]:
    """A place in a nested value; ``None`` for the whole."""
    places: list[tuple[Any, Any]] = [(None, None)]
    todo = [whole]
    while todo and len(places) < 3000:
        node = todo.pop()
        if isinstance(node, (dict, list)):
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))[:200]
            places += [(node, key) for key in keys]
            todo += [node[key] for key in keys]
    return random.choice(places)


class Readers:
    """A sound file of each kind, and what reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        spec = make("go", 5, 5)
        run = make_up_run(folder / "run", cycles=6)
        network = folder / "network.safetensors"
        save_network(network, PolicyValueNet.initial(_tiny(), seed=1).eval(), {"game": "go"})
        session = Session(Settings(spec, (BLACK, WHITE)), seed=1)
        for action in (6, 7, 12, 13, 25, 8):
            session.play(action)
        session.step(-2)
        session.play(3)
        autosave(session.game, folder / "game.json")
        preferences.save(preferences.Preferences.usual(), folder / "window.json")
        config = to_toml(build(RunConfig, load_preset("tic_tac_toe"))).encode()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.sgf", b"(;SZ[9]RE[B+R];B[ee];W[cc])" * 3)
            archive.writestr("b.txt", b"f5d6c3d3c4\n")
        cards = tuple(AgentCard(name, name, {}) for name in ("random", "rollouts:5"))
        conditions = conditions_of(
            spec, agents=cards, kind="round-robin", openings=OpeningPlan("none"),
            move_limit=50, seed=1,
        )  # fmt: skip
        stored = {"format": 2, "games_per_pairing": 2, **conditions_as_json(conditions)}
        game = {
            "game": 0, "pair": 0, "black": "random", "white": "rollouts:5", "result": "B+3",
            "winner": 1, "score": 3.0, "area_score": 3.0, "termination": "two passes", "note": "",
            "disputed": False, "opening_plies": 0, "seconds": [0.5, 0.1], "agreed": 0,
            "decisions": [2, 2], "moves": "A1 B2 pass pass",
        }  # fmt: skip
        lines = b"".join(json.dumps({**game, "game": n}).encode() + b"\n" for n in range(2))
        self.sound: dict[str, tuple[bytes, str, Target]] = {
            "network": (network.read_bytes(), "bytes", _read_network),
            "network header": (_header(network.read_bytes()), "json", _read_header),
            "autosave": ((folder / "game.json").read_bytes(), "json", _read_autosave),
            "window preferences": ((folder / "window.json").read_bytes(), "json", _read_liked),
            "settings": (config, "toml", _read_settings),
            "run config.toml": (run.config.read_bytes(), "toml", self._read_run("config.toml")),
            "games.jsonl": (lines, "jsonl", _tournament("games.jsonl", stored, lines)),
            "conditions.json": (
                json.dumps(stored).encode(), "json", _tournament("conditions.json", stored, lines),
            ),
            "zip of games": (packed.getvalue(), "bytes", _read_games),
        }  # fmt: skip
        for name in ("metrics.jsonl", "openings.jsonl", "benchmarks.jsonl", "ratings.json"):
            data = (run.path / name).read_bytes()
            self.sound[name] = (data, name.rpartition(".")[2], self._read_run(name))

    def _read_run(self, name: str) -> Target:
        def read(path: Path, data: bytes) -> None:
            file = self.folder / "run" / name
            sound = file.read_bytes()
            file.write_bytes(data)
            try:
                run = read_run(file.parent)
                report_html(run)
                run.folder.damaged_lines()
                LiveReader(file.parent).poll()
                read_meetings(run.folder)
                benchmark_config(run.settings)
            finally:
                file.write_bytes(sound)

        return read

    def check(self, kind: str, random: Random) -> str:
        """Read one mutation; return whether it was read or refused.

        Raises:
            Exception: if the reader raises anything but an error for people.
        """
        data, form, read = self.sound[kind]
        changed = mutated(data, random, form)
        (self.folder / "last").write_bytes(changed)
        try:
            read(self.folder, changed)
        except (MiaiError, OSError) as error:
            assert str(error)
            return "refused"
        return "read"


def _tiny() -> NetworkConfig:
    return small_network(make("go", 5, 5)).config


def _header(data: bytes) -> bytes:
    return data[8 : 8 + int.from_bytes(data[:8], "little")].rstrip()


def _read_network(folder: Path, data: bytes) -> None:
    path = folder / "mutated.safetensors"
    path.write_bytes(data)
    load_stored(path)


def _read_header(folder: Path, header: bytes) -> None:
    whole = (folder / "network.safetensors").read_bytes()
    tensors = whole[8 + int.from_bytes(whole[:8], "little") :]
    _read_network(folder, len(header).to_bytes(8, "little") + header + tensors)


def _read_autosave(folder: Path, data: bytes) -> None:
    path = folder / "mutated.json"
    path.write_bytes(data)
    session = Session(Settings(make("go", 5, 5), (BLACK, WHITE)), seed=1)
    if bring_back(session, path):
        game = session.game
        _ = (game.status, game.legal, game.owners, game.score, game.look, game.has_setup)
        if game.clock is not None:
            game.clock.run(BLACK, 0.0)
            game.clock.tick(1e6)
            game.clock.words(BLACK)
        autosave(game, path)


def _read_liked(folder: Path, data: bytes) -> None:
    path = folder / "mutated.json"
    path.write_bytes(data)
    preferences.load(path)


def _read_settings(folder: Path, data: bytes) -> None:
    path = folder / "mutated.toml"
    path.write_bytes(data)
    to_toml(build(RunConfig, load_preset(path), source=str(path)))


def _read_games(folder: Path, data: bytes) -> None:
    path = folder / "mutated.zip"
    path.write_bytes(data)
    load_games([path])


def _tournament(name: str, conditions: dict[str, Any], games: bytes) -> Target:
    def read(folder: Path, data: bytes) -> None:
        path = folder / "tournament"
        path.mkdir(exist_ok=True)
        (path / "conditions.json").write_bytes(json.dumps(conditions).encode())
        (path / "games.jsonl").write_bytes(games)
        (path / name).write_bytes(data)
        tournament = TournamentFolder(path)
        known = tournament.conditions()
        tournament.news(known.spec)
        lines = tournament.games()
        write_outputs(path, make_report(known, lines, None, tournament.voids()), lines)

    return read


def main() -> None:
    """Read mutations of all kinds for a time, and print what came of them."""
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    counts: dict[str, Counter[str]] = {}
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        readers = Readers(Path(name))
        end, number = time.monotonic() + seconds, 0
        slowest: dict[str, float] = {}
        while time.monotonic() < end:
            for kind in readers.sound:
                number += 1
                started = time.monotonic()
                try:
                    outcome = readers.check(kind, Random(f"{seed} {number}"))
                except Exception:
                    outcome = "traceback"
                    where = traceback.format_exc().splitlines()
                    fault = f"{kind}: {where[-3].strip()} {where[-1]}"[:300]
                    faults[fault] += 1
                    if faults[fault] == 1:
                        print(f"seed {seed} {number}", *where[-9:], sep="\n", flush=True)
                counts.setdefault(kind, Counter())[outcome] += 1
                slowest[kind] = max(slowest.get(kind, 0.0), time.monotonic() - started)
    print("| kind | tried | read | refused | traceback | slowest, s |")
    print("|---|---|---|---|---|---|")
    for kind, found in counts.items():
        print(
            f"| {kind} | {found.total():,} | {found['read']:,} | {found['refused']:,} | "
            f"{found['traceback']:,} | {slowest[kind]:.2f} |"
        )


if __name__ == "__main__":
    main()
