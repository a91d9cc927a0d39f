"""Reads and writes the window's games: SGF files, and an autosave after every move."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import filelock
import numpy as np
import platformdirs

import engine.games
from arena.session import games, wording
from arena.session.background import Background
from arena.session.clock import ClockRule
from arena.session.game import Game, Settings
from arena.session.kept_thoughts import KATRAIN, SABAKI, take_thought, thought_properties
from arena.session.opening import Opened, annotate, read_opened
from arena.session.opponents import KINDS, Opponent, level_number
from arena.session.session import Session
from arena.session.texts import say
from arena.session.tree import Node
from engine.errors import MiaiError
from engine.files import json_of, read_file, write_atomic
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.records import GameRecord
from engine.records.replay import reopen
from engine.records.sgf import written_sgf
from engine.records.variations import read_first, variations_of, write_variations

_POSITIONS_KEPT: Final = 20_000  # while a kept game is read
_FORMAT: Final = "miai-window-2"
_MOST_WINDOWS: Final = 50
_POSITIONS_AT_ONCE: Final = 500
_LOOKS_AT_ONCE: Final = 500
"""Positions, and searches that were kept, up to which a game is saved at once."""
_LOOKS_EVERY_S: Final = 10.0
LARGEST_FILE: Final = 1 << 26
_MOST_NODES: Final = 200_000
"""Of a kept game."""


def record(game: Game) -> GameRecord:
    """Return the line on the board, to its end, as a game record."""
    here = game.node
    end = here.line()[-1]
    result = wording.result(game if end is here else replace(game, node=end))
    if game.record_of is not None:
        known = game.record_of.result if result == "?" else result
        return replace(game.record_of, actions=end.actions(), result=known)
    people = game.settings.people
    black, white = (
        "Player" if colour in people else game.name_of(colour) for colour in (BLACK, WHITE)
    )
    stones = game.spec.stones(game.start)[0]
    return GameRecord(
        spec=game.spec,
        actions=end.actions(),
        black=black,
        white=white,
        result=result,
        extra={"DT": f"{datetime.now():%Y-%m-%d}"},
        black_setup=tuple(np.flatnonzero(stones == BLACK).tolist()),
        white_setup=tuple(np.flatnonzero(stones == WHITE).tolist()),
        first_to_move=int(game.spec.to_move(game.start)[0]),
    )


def as_sgf(game: Game) -> bytes:
    """Return the game with all its variations, what is said about them, and what was searched."""
    entries = _numbered(game)
    moves = [(parent, node.action) for node, parent in entries if node.action is not None]
    changes = {number: _changes(game, node) for number, (node, _) in enumerate(entries)}
    said = {number: properties for number, properties in changes.items() if properties}
    return write_variations(_main_record(game), moves, said)


def _main_record(game: Game) -> GameRecord:
    """Return the main line as a game record."""
    end = game.node.root
    while end.children:
        end = end.children[0]
    known = game.record_of
    if known is not None and known.result != "?" and end.actions() == known.actions:
        return known  # the file knows its result better than a count of the board
    return record(replace(game, node=end))


def _changes(game: Game, node: Node) -> dict[str, list[str]]:
    """What is to be said of a position beside what its file says already."""
    changes = {name: node.notes.get(name, []) for name in sorted(node.edited)}
    if node.thought is not None and node.thought is not node.read_thought:
        changes |= thought_properties(game.spec, game.side(node), node)
    return changes


def _numbered(game: Game) -> list[tuple[Node, int]]:
    """Number all positions, parents first, the main line first; each comes with its parent's."""
    number: dict[Node, int] = {}
    entries: list[tuple[Node, int]] = []
    for node in game.node.root.walk():
        parent = 0 if node.parent is None else number[node.parent]
        number[node] = len(entries)
        entries.append((node, parent))
    return entries


def save(session: Session, path: Path | None = None) -> Path | None:
    """Write the game as SGF; the session's message gives the path or the error."""
    if path is None:
        path = Path.cwd() / f"miai-{datetime.now():%Y%m%d-%H%M%S}.sgf"
    try:
        write_atomic(path, as_sgf(session.game))
    except OSError as error:
        session.message = say("Could not save {path}: {reason}", path=path, reason=error.strerror)
        return None
    session.message = say("Saved {path}", path=path)
    return path


def open_file(session: Session, path: Path) -> bool:
    """Show the first game of an SGF file from its start; errors go to the session's message."""
    try:
        return open_text(session, read_file(path, LARGEST_FILE), path.name)
    except (OSError, MiaiError) as error:
        session.message = not_opened(path.name, error)
        return False


def not_opened(name: str, error: OSError | MiaiError) -> str:
    """Return a sentence that says why a file was not opened."""
    reason = error.strerror if isinstance(error, OSError) else error
    return say("Could not open {name}: {reason}", name=name, reason=reason)


def open_text(session: Session, data: bytes, name: str, number: int | None = None) -> bool:
    """Show a game of some SGF text: the first that can be read, or the one of a number.

    Raises:
        MiaiError: if there is none.
    """
    show_opened(session, read_opened(data, name, number))
    return True


def show_opened(session: Session, opened: Opened) -> None:
    """Put a game that was read on the board."""
    games.show(session, opened.start, opened.record, opened.root)
    session.message = opened.message


def autosave_path() -> Path:
    """Return the path of the autosave of the running game."""
    return Path(platformdirs.user_state_dir("miai")) / "game.json"


def autosave(game: Game, path: Path) -> None:
    """Save the game with its variations; an error of the disk does not stop the game."""
    entries = _numbered(game)
    nodes = [
        [parent, node.action, node is node.parent.next, _ending_of(node), *_kept_notes(game, node)]
        for node, parent in entries
        if node.parent is not None
    ]
    here = next((number for number, (node, _) in enumerate(entries) if node is game.node), 0)
    settings = game.settings
    known: dict[str, Any] = {
        "format": _FORMAT,
        "game": game.spec.name,
        "height": game.spec.height,
        "width": game.spec.width,
        "rules": game.spec.rules,
        "people": settings.people,
        "opponents": [_stored(settings.opponent_of(colour)) for colour in (BLACK, WHITE)],
        "clock": None if settings.clock is None else asdict(settings.clock),
        "stones": game.spec.stones(game.start)[0].tolist(),
        "first": int(game.spec.to_move(game.start)[0]),
        "nodes": nodes,
        "here": here,
    }
    said = _kept_notes(game, game.node.root)
    if said:
        known["root"] = said
    if game.record_of is not None:
        known["sgf"] = written_sgf(game.record_of).decode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(known).encode())
    except OSError:
        return


def _kept_notes(game: Game, node: Node) -> list[dict[str, list[str]]]:
    """What the game's own record does not say of a position; nothing where that is nothing."""
    changes = _changes(game, node)
    return [changes] if changes else []


def _ending_of(node: Node) -> list[Any]:
    agreed = [True] if node.agreed else []
    return [node.resigned, node.timed_out, sorted(node.dead), *agreed]


def bring_back(session: Session, path: Path) -> bool:
    """Load the game of :func:`autosave`; return False if the file is missing or unreadable."""
    try:
        known = json_of(read_file(path, LARGEST_FILE))
        if known["format"] != _FORMAT:
            return False
        game = _fresh(known)
        nodes = _rebuild(game, known["nodes"])
        _take_notes(game, nodes, [known.get("root", []), *(entry[4:] for entry in known["nodes"])])
        game.node = nodes[int(known["here"])]
        game.position = game.position_at(game.node)
        _ = (game.over, game.legal, game.stones, game.owners, game.status, game.to_move)
    except Exception:  # a damaged file can raise any error, and the window must open
        return False
    games.take_over(session, game)
    return True


def kept_board(path: Path) -> GameSpec | None:
    """Return the game and board of :func:`autosave`; ``None`` if the file does not tell."""
    try:
        known = json_of(read_file(path, LARGEST_FILE))
        return engine.games.make(known["game"], known["height"], known["width"], **known["rules"])
    except Exception:  # as in bring_back, which says what is wrong
        return None


def own_place(path: Path) -> tuple[Path, filelock.BaseFileLock | None]:
    """Find an autosave file that no other window uses.

    Returns ``path`` or a numbered variant of it, and the lock on it, which the process holds until
    it ends. The lock is ``None`` where files cannot be locked.
    """
    for number in range(1, _MOST_WINDOWS + 1):
        mine = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            mine.parent.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(mine.with_suffix(".lock"))
            lock.acquire(timeout=0)
        except filelock.Timeout:
            continue
        except OSError:
            return mine, None
        return mine, lock
    return path.with_name(f"{path.stem}-{os.getpid()}{path.suffix}"), None


class Keeper:
    """Saves the running game for the next start, and a game of an earlier start beside it."""

    def __init__(
        self,
        session: Session,
        path: Path,
        goes_on: bool,
        lock: filelock.BaseFileLock | None = None,
    ) -> None:
        """Begin to save to ``path``.

        ``goes_on`` says that the game in the file is the one on the board. ``lock`` excludes other
        windows from the file.
        """
        self._session, self._path, self._lock = session, path, lock
        self._background = Background("keeper")
        self._saved_at = 0.0
        self._looks = session.game.node.shape.looks
        self._foreign = not goes_on and path.exists()
        # A game without moves must not replace the one in the file.
        self._kept = self._now() if self._foreign else None

    @property
    def before(self) -> Path:
        """Path for a game that another one replaces, or for a file that cannot be read."""
        return self._path.with_name(f"{self._path.stem}-before.json")

    def keep(self) -> None:
        """Save the game if it has changed since the last save.

        Small games are saved at once, others in a thread. What was searched alone is no reason for
        more than one save in ten seconds.
        """
        self._background.update()
        now, looks = self._now(), self._session.game.node.shape.looks
        if now == self._kept:
            soon = time.monotonic() - self._saved_at < _LOOKS_EVERY_S
            if self._foreign or looks == self._looks or soon or not self._kept_is_worth_it:
                return
        if self._background.busy:
            return  # the next call saves what has changed meanwhile
        self._kept, self._looks, self._saved_at = now, looks, time.monotonic()
        if self._foreign:
            with suppress(OSError):
                self._path.replace(self.before)
        self._foreign = False
        game, path = self._session.game, self._path
        shape = game.node.shape
        if shape.positions <= _POSITIONS_AT_ONCE and shape.looks <= _LOOKS_AT_ONCE:
            autosave(game, path)
        else:
            self._background.run(partial(autosave, game, path))

    def finish(self) -> None:
        """Save what has changed, and wait for it."""
        self._background.finish()
        self._saved_at = 0.0
        self.keep()
        self._background.finish()

    @property
    def _kept_is_worth_it(self) -> bool:
        """Whether search results are kept: not those of a board without a move."""
        return games.has_begun(self._session.game)

    def restore(self) -> bool:
        """Restore what was ended or deleted last, and finally the game of an earlier start."""
        self._background.finish()
        path = self._path if self._foreign else self.before
        if self._session.set_aside or not bring_back(self._session, path):
            return games.restore(self._session)
        # The file holds the game on the board now, or another one that must be moved.
        self._foreign = not self._foreign
        games.say_back(self._session)
        return True

    def _now(self) -> tuple[int, frozenset[int], int]:
        node = self._session.game.node
        return self._session.ticket, node.dead, node.shape.edits + node.shape.changes


def _fresh(known: dict[str, Any]) -> Game:
    """Return the saved game at its start; a damaged file can raise any error."""
    spec = engine.games.make(known["game"], known["height"], known["width"], **known["rules"])
    first, second = (_opponent(entry) for entry in known["opponents"])
    people = tuple(int(colour) for colour in known["people"])
    clock = None if known["clock"] is None else _clock_rule(**known["clock"])
    settings = Settings(spec, people, first, second, clock)
    start = spec.allocate(1)
    stones = np.array(known["stones"], np.uint8)
    if stones.any() or known["first"] != BLACK:
        spec.set_up(start, stones, known["first"], strict=False)
    record = None
    if "sgf" in known:
        record = read_first(known["sgf"].encode(), "game")[0].record
    return Game(settings, start, record)


def _clock_rule(main_s: float, periods: int = 0, period_s: float = 0.0) -> ClockRule:
    if not (0 <= main_s < 1e9 and 0 <= period_s < 1e9 and 0 <= int(periods) == periods < 1e9):
        raise ValueError("expected times of a clock")
    return ClockRule(main_s, int(periods), period_s)


def _opponent(entry: dict[str, Any]) -> Opponent:
    kind, amount = entry["kind"], float(entry["amount"])
    if kind not in KINDS:
        raise ValueError(f"expected an opponent from {', '.join(KINDS)}, got {kind!r}")
    found = Opponent(kind, str(entry["source"]))
    if kind == "simulations":
        return replace(found, simulations=max(int(amount), 1))
    if kind == "seconds":
        return replace(found, seconds=amount)
    return found if kind == "program" else replace(found, level=level_number(amount))


def _stored(opponent: Opponent) -> dict[str, Any]:
    """Return an opponent for :func:`_opponent`; the kind gives its one number a meaning."""
    amounts = {"simulations": opponent.simulations, "seconds": opponent.seconds, "program": 0}
    amount = amounts.get(opponent.kind, opponent.level)
    return {"kind": opponent.kind, "amount": amount, "source": opponent.source}


def _take_notes(game: Game, nodes: list[Node], kept: list[list[Any]]) -> None:
    """Say of each position what its file said and what was kept beside; raises as above."""
    if game.record_of is not None:
        known: list[Node | None] = [nodes[0]]
        for parent, action in variations_of(game.record_of):
            before = known[parent]
            children = () if before is None else before.children
            known.append(next((node for node in children if node.action == action), None))
        annotate(game.record_of, game.start, known)
    for node, changes in zip(nodes, kept, strict=True):
        for name, values in changes[0].items() if changes else ():
            texts = [str(value) for value in values]
            if name in (KATRAIN, SABAKI):
                continue
            node.note(str(name), texts)
        if changes:
            take_thought(game.spec, game.side(node), node, changes[0])
            node.read_thought = None


def _rebuild(game: Game, entries: list[list[Any]]) -> list[Node]:
    """Rebuild a game's tree from stored positions; a damaged file can raise any error."""
    if len(entries) > _MOST_NODES:
        raise ValueError(f"expected at most {_MOST_NODES} positions, got {len(entries)}")
    nodes = [game.node]
    positions = {0: game.start}
    favourites: list[tuple[Node, int]] = []
    for parent, action, chosen, ending, *_ in entries:
        resigned, timed_out, dead, *agreed = ending
        before = nodes[parent]
        known = positions.get(parent)
        position = game.position_at(before) if known is None else known.copy()
        reopen(game.spec, position)
        if not game.spec.legal(position)[0, action]:
            raise ValueError(f"expected a legal action, got {action!r}")
        game.spec.play(position, np.array([action]))
        if len(positions) < _POSITIONS_KEPT:
            positions[len(nodes)] = position
        node = before.child(action)
        if not {resigned, timed_out} <= {None, BLACK, WHITE}:
            raise ValueError(f"expected who gave up, got {resigned!r} and {timed_out!r}")
        node.resigned, node.timed_out = resigned, timed_out
        node.agreed = bool(agreed)
        node.dead = frozenset(int(point) for point in dead if 0 <= point < game.spec.points)
        if chosen:
            favourites.append((before, before.chosen))
        nodes.append(node)
    for node, index in favourites:
        node.chosen = index
    return nodes
