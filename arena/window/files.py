"""Games of the window in files: SGF in and out, and a copy of the running game after every move."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import platformdirs

import engine.games
from arena.window.looks import opponent
from arena.window.model import GameModel, Settings
from arena.window.tree import Node
from engine.errors import MiaiError
from engine.files import write_atomic
from engine.games.spec import BLACK, WHITE
from engine.records import GameRecord, read_sgf, write_sgf

_FORMAT: Final = "miai-window-1"
_LARGEST_FILE: Final = 1 << 24


def result_at(model: GameModel, node: Node) -> str:
    """As in SGF; ``?`` where the game is not over."""
    if node.resigned is not None:
        return f"{'BW'[opponent(node.resigned) - 1]}+R"
    position = model.position_at(node)
    if not model.spec.finished(position)[0]:
        return "?"
    score = float(model.spec.score(position)[0])
    return f"{'B' if score > 0 else 'W'}+{abs(score):g}" if score else "0"


def record(model: GameModel) -> GameRecord:
    """The line on the board, to its end."""
    end = model.node.line()[-1]
    result = result_at(model, end)
    if model.record_of is not None:
        known = model.record_of.result if result == "?" else result
        return replace(model.record_of, actions=end.actions(), result=known)
    names = [model.name_of(colour) for colour in (BLACK, WHITE)]
    black, white = ("Player" if name == "You" else name for name in names)
    return GameRecord(
        spec=model.spec,
        actions=end.actions(),
        black=black,
        white=white,
        result=result,
        extra={"DT": f"{datetime.now():%Y-%m-%d}"},
    )


def save(model: GameModel, path: Path | None = None) -> Path | None:
    """Write the game as SGF; say where, or why it failed, in the model's message."""
    if path is None:
        path = Path.cwd() / f"miai-{datetime.now():%Y%m%d-%H%M%S}.sgf"
    try:
        write_atomic(path, write_sgf(record(model)))
    except OSError as error:
        model.message = f"Could not save {path}: {error.strerror}"
        return None
    model.message = f"Saved {path}"
    return path


def open_file(model: GameModel, path: Path) -> bool:
    """Show the first game of an SGF file from its start; say why not in the model's message."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise MiaiError(f"expected a file of at most {_LARGEST_FILE >> 20} MiB")
        return open_text(model, path.read_bytes(), path.name)
    except (OSError, MiaiError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        model.message = f"Could not open {path.name}: {reason}"
        return False


def open_text(model: GameModel, data: bytes, name: str) -> bool:
    """Show the first game of some SGF text; raises MiaiError if there is none."""
    games = read_sgf(data, name)
    if not games:
        raise MiaiError("expected a game, got none")
    game = games[0]
    start = game.spec.allocate(1)
    if game.has_setup:
        stones = game.spec.board(game.black_setup, game.white_setup)
        game.spec.set_up(start, stones, game.first_to_move, strict=False)
    model.show(game.spec, start, game)
    more = f", the first of {len(games)} games" if len(games) > 1 else ""
    model.message = f"{name}{more}: go through it with the arrows or the wheel"
    return True


def autosave_path() -> Path:
    """Where the running game is kept for the next start."""
    return Path(platformdirs.user_state_dir("miai")) / "game.json"


def autosave(model: GameModel, path: Path) -> None:
    """Keep the game with its variations; that it could not be kept is no reason to stop playing."""
    nodes: list[list[Any]] = []
    number = {model.node.path()[0]: 0}
    queue = [model.node.path()[0]]
    while queue:
        node = queue.pop()
        for child in node.children:
            number[child] = len(nodes) + 1
            nodes.append([number[node], child.action, child is node.next, child.resigned])
            queue.append(child)
    settings = model.settings
    known = {
        "format": _FORMAT,
        "game": model.spec.name,
        "height": model.spec.height,
        "width": model.spec.width,
        "rules": model.spec.rules,
        "people": settings.people,
        "simulations": settings.simulations,
        "nodes": nodes,
        "here": number[model.node],
    }
    if model.record_of is not None:
        known["sgf"] = write_sgf(model.record_of).decode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(known).encode())
    except OSError:
        return


def bring_back(model: GameModel, path: Path) -> bool:
    """Go on where :func:`autosave` left off; False if there is nothing to go on with."""
    try:
        known = json.loads(path.read_bytes())
        if known["format"] != _FORMAT or not known["nodes"]:
            return False
        spec = engine.games.make(known["game"], known["height"], known["width"], **known["rules"])
        people = tuple(int(colour) for colour in known["people"])
        settings = Settings(spec, people, int(known["simulations"]))
        fresh = GameModel(settings, model.ai_name)
        if "sgf" in known:
            open_text(fresh, known["sgf"].encode(), "game")
            fresh.node.children.clear()
            fresh.settings = settings
        here = _rebuild(fresh, known["nodes"], int(known["here"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, MiaiError):
        return False
    model.take_over(fresh, here)
    return True


def _rebuild(model: GameModel, entries: list[list[Any]], here: int) -> Node:
    """Put stored positions back into a model's tree; raises as a damaged file may."""
    nodes = [model.node]
    for parent, action, chosen, resigned in entries:
        before = nodes[parent]
        if not model.spec.legal(model.position_at(before))[0, action]:
            raise ValueError(f"expected a legal action, got {action!r}")
        favourite = before.chosen
        node = before.child(action)
        node.resigned = resigned
        if not chosen and len(before.children) > 1:
            before.chosen = favourite
        nodes.append(node)
    return nodes[here]
