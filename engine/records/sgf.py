"""SGF in and out, on sgfmill's grammar layer, which knows no game and no size.

Reads what the world writes: collections, variations (the main line), encodings that are not the one
declared, odd results, set-up stones at the root. A record holds the actions up to the first illegal
one; :class:`ReadGame` says where it was cut and why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sgfmill import sgf_grammar

from engine.errors import IllegalActionError, RecordError, SpecError
from engine.games import GoSpec, make
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import action_to_text
from engine.records.record import GameRecord

_GAME_NUMBERS: Final = {"go": "1", "othello": "2", "gomoku": "4", "tic_tac_toe": "4", "hex": "11"}
_GAME_PROPERTY: Final = "MIAI"  # game and rules of what is not Go; others ignore the property
_FALLBACK_ENCODINGS: Final = ("utf-8", "gb18030", "shift_jis", "latin-1")
_LARGEST_KOMI: Final = 200.0
_LARGEST_CHINESE_KOMI: Final = 5.0
_COORDINATES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RESULT = re.compile(r"\s*([BW])\+(.*?)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(?![\w./])")
_WORDS: Final = {"resign": "R", "r": "R", "time": "T", "t": "T", "forfeit": "F", "f": "F"}

Properties = Mapping[str, list[bytes]]


@dataclass(frozen=True)
class ReadGame:
    """One game of a file."""

    record: GameRecord
    cut: str = ""
    """Not empty: why the record ends before the file's main line does, with the move's number."""


def write_sgf(record: GameRecord) -> bytes:
    """Return the record as one game tree in UTF-8."""
    spec = record.spec
    size = f"{spec.width}" if spec.width == spec.height else f"{spec.width}:{spec.height}"
    root: dict[str, list[str]] = {
        "FF": ["4"],
        "GM": [_GAME_NUMBERS.get(spec.name, "1")],
        "CA": ["UTF-8"],
        "AP": ["Miai"],
        "SZ": [size],
    }
    if isinstance(spec, GoSpec):
        root["KM"] = [f"{spec.komi:g}"]
        how = f"ko{spec.ko.upper()}score{spec.scoring.upper()}taxNONEsui{int(spec.suicide)}"
        root["RU"] = [how]
    else:
        root[_GAME_PROPERTY] = [json.dumps({"game": spec.name, **spec.rules})]
    for name, text in (
        ("PB", record.black),
        ("PW", record.white),
        ("RE", record.result),
        ("C", record.comment),
    ):
        if text:
            root[name] = [text]
    root |= {name: [text] for name, text in record.extra.items() if name not in root}
    for name, points in (("AB", record.black_setup), ("AW", record.white_setup)):
        if points:
            root[name] = [_point_text(spec, point) for point in points]
    if record.first_to_move == WHITE:
        root["PL"] = ["W"]
    nodes = ["".join(name + "".join(f"[{_escape(v)}]" for v in vs) for name, vs in root.items())]
    colour = record.first_to_move
    for action in record.actions:
        nodes.append(f"{'B' if colour == BLACK else 'W'}[{_point_text(spec, action)}]")
        colour = BLACK + WHITE - colour
    return ("(;" + ";".join(nodes) + ")\n").encode()


def read_sgf(data: bytes, source: str) -> list[GameRecord]:
    """Return the games of a file; see :func:`read_games`, which also tells where they were cut."""
    return [game.record for game in read_games(data, source)]


def read_games(data: bytes, source: str) -> list[ReadGame]:
    """Return all games of a file, the main line of each.

    Raises:
        RecordError: if the file is not SGF, or a game in it is not one of ours.
    """
    return [read_tree(tree, label) for tree, label in split_collection(data, source)]


def split_collection(data: bytes, source: str) -> list[tuple[Any, str]]:
    """Return the game trees of a file and a label for messages each.

    Raises:
        RecordError: if the file is not SGF.
    """
    try:
        trees = sgf_grammar.parse_sgf_collection(data)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"expected an SGF file, got {error}: {source}") from error
    if len(trees) == 1:
        return [(trees[0], source)]
    return [(tree, f"{source}, game {number}") for number, tree in enumerate(trees, 1)]


def read_tree(tree: Any, label: str) -> ReadGame:
    """Read the main line of one parsed game tree.

    Raises:
        RecordError: if the game, its size or its set-up cannot be used.
    """
    nodes = _main_line(tree)
    root: Properties = nodes[0]
    encodings = _encodings(root)
    spec = _read_spec(root, label)
    opening = _opening(nodes)
    black, white = _read_setup(spec, opening, label)
    to_move = _first_to_move(opening, bool(black))
    position = spec.allocate(1)
    try:
        if black or white or to_move != BLACK:
            spec.set_up(position, spec.board(black, white), to_move)
    except IllegalActionError as error:
        raise RecordError(f"expected set-up stones that can stand, got {error}: {label}") from error
    actions, cut = _play_main_line(spec, position, nodes, label)

    def text(name: str) -> str:
        return _decode(root.get(name, [b""])[0], encodings).strip()

    record = GameRecord(
        spec=spec,
        actions=tuple(actions),
        black=text("PB"),
        white=text("PW"),
        result=_normal_result(text("RE")),
        comment=text("C"),
        extra={name: text(name) for name in ("BR", "WR", "DT", "EV", "GN", "HA") if text(name)},
        black_setup=tuple(black),
        white_setup=tuple(white),
        first_to_move=to_move,
        source=label,
    )
    return ReadGame(record, cut)


def _main_line(tree: Any) -> list[Properties]:
    """The properties of each node, first children only; no recursion, however deep."""
    nodes: list[Properties] = list(tree.sequence)
    while tree.children:
        tree = tree.children[0]
        nodes.extend(tree.sequence)
    return nodes


def _opening(nodes: list[Properties]) -> list[Properties]:
    """The nodes up to the first move, its own included: some servers set up in the second node."""
    for index, node in enumerate(nodes):
        if "B" in node or "W" in node:
            return nodes[: index + 1]
    return nodes


def _encodings(root: Properties) -> tuple[str, ...]:
    declared = root.get("CA", [b""])[0].decode("ascii", "replace").strip().lower()
    return (declared, *_FALLBACK_ENCODINGS) if declared else _FALLBACK_ENCODINGS


def _decode(raw: bytes, encodings: tuple[str, ...]) -> str:
    """Text in the first encoding that fits; latin-1, the last, always does."""
    value = raw.replace(b"\\\r\n", b"").replace(b"\\\n", b"")
    for encoding in encodings:
        try:
            return re.sub(r"\\(.)", r"\1", value.decode(encoding), flags=re.DOTALL)
        except (ValueError, LookupError):  # a file may declare any codec that Python has
            continue
    return value.decode("latin-1")


def _read_spec(root: Properties, label: str) -> GameSpec:
    if _GAME_PROPERTY in root:
        return _read_own_spec(root, label)
    game = root.get("GM", [b"1"])[0].strip()
    if game not in (b"1", b""):
        number = game.decode("ascii", "replace")
        raise RecordError(f"expected a game of Go (GM[1]), got GM[{number}]: {label}")
    size = root.get("SZ", [b"19"])[0].decode("ascii", "replace").strip()
    width, _, height = size.partition(":")
    try:
        spec = GoSpec(int(height or width), int(width), 7.0)
    except (ValueError, SpecError) as error:
        raise RecordError(f"expected a board size from 2 to 25, got SZ[{size}]: {label}") from error
    suicide = b"sui1" in root.get("RU", [b""])[0]
    # Records follow many ko rules; simple ko refuses the fewest of their moves.
    return GoSpec(spec.height, spec.width, _read_komi(root), ko="simple", suicide=suicide)


def _read_own_spec(root: Properties, label: str) -> GameSpec:
    """A game that SGF has no rules for, as :func:`write_sgf` says it."""
    size = root.get("SZ", [b""])[0].decode("ascii", "replace")
    text = _decode(root[_GAME_PROPERTY][0], ("utf-8",))
    width, _, height = size.partition(":")
    try:
        rules = json.loads(text)
        return make(rules.pop("game"), int(height or width), int(width), **rules)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"expected a game of this program, got {text!r} with SZ[{size}]: {label}"
        ) from error


def _read_komi(root: Properties) -> float:
    """Komi in points.

    Some servers write hundredths: 650 is 6.5. Quarters are Chinese counting, where a stone stands
    for two points: 3.75 is 7.5, and so is 375.
    """
    try:
        komi = float(root.get("KM", [b"0"])[0].strip().replace(b",", b".") or b"0")
    except ValueError:
        return 0.0
    if abs(komi) > _LARGEST_KOMI:
        komi /= 100.0
    if not abs(komi) < _LARGEST_KOMI:
        return 0.0
    if abs(komi) < _LARGEST_CHINESE_KOMI and (komi * 4) % 2 == 1:
        komi *= 2.0
    return round(komi * 2) / 2


def _read_setup(
    spec: GameSpec, opening: list[Properties], label: str
) -> tuple[list[int], list[int]]:
    """Black's and White's stones that stand before the first move."""
    stones: dict[int, str] = {}
    for node in opening:
        for name in ("AE", "AB", "AW"):
            stones |= dict.fromkeys(_read_points(spec, node.get(name, []), label), name)
    black, white = (
        [point for point, owner in stones.items() if owner == name] for name in ("AB", "AW")
    )
    return black, white


def _read_points(spec: GameSpec, values: list[bytes], label: str) -> list[int]:
    points: list[int] = []
    for value in values:
        first, colon, second = value.partition(b":")
        corners = [
            _read_point(spec, part, label) for part in ((first, second) if colon else (first,))
        ]
        rows = sorted(point // spec.width for point in (corners[0], corners[-1]))
        columns = sorted(point % spec.width for point in (corners[0], corners[-1]))
        points += [
            row * spec.width + column
            for row in range(rows[0], rows[1] + 1)
            for column in range(columns[0], columns[1] + 1)
        ]
    return points


def _read_point(spec: GameSpec, value: bytes, label: str) -> int:
    text = value.strip().decode("ascii", "replace")
    if len(text) == 2 and all(letter in _COORDINATES for letter in text):
        column, row = (_COORDINATES.index(letter) for letter in text)
        if column < spec.width and row < spec.height:
            return row * spec.width + column
    raise RecordError(
        f"expected a point of a {spec.height}x{spec.width} board, got [{text}]: {label}"
    )


def _first_to_move(opening: list[Properties], handicap: bool) -> int:
    """Who makes the first move, else who is said to, else who would."""
    if "B" in opening[-1] or "W" in opening[-1]:
        return BLACK if "B" in opening[-1] else WHITE
    for node in reversed(opening):
        if "PL" in node:
            return WHITE if node["PL"][0].strip().upper().startswith(b"W") else BLACK
    return WHITE if handicap else BLACK


def _play_main_line(
    spec: GameSpec, position: Any, nodes: list[Properties], label: str
) -> tuple[list[int], str]:
    """Play the moves as far as they are legal; return them and why they were cut, if so."""
    actions: list[int] = []
    for node in nodes:
        if actions and any(name in node for name in ("AB", "AW", "AE")):
            return actions, f"stones are set up after move {len(actions)}: {label}"
        for name, colour in (("B", BLACK), ("W", WHITE)):
            if name not in node:
                continue
            number = len(actions) + 1
            if spec.finished(position)[0]:
                return actions, f"move {number} comes after the end of the game: {label}"
            if int(spec.to_move(position)[0]) != colour:
                return actions, f"move {number} is out of turn: {label}"
            try:
                action = _read_action(spec, node[name][0], label)
                spec.play(position, np.array([action]))
            except RecordError as error:
                return actions, f"move {number}: {error}"
            except IllegalActionError:
                where = action_to_text(spec, action)
                return actions, f"move {number} at {where} is illegal: {label}"
            actions.append(action)
    return actions, ""


def _read_action(spec: GameSpec, value: bytes, label: str) -> int:
    text = value.strip()
    if text == b"" or (text == b"tt" and max(spec.height, spec.width) <= 19):
        return spec.pass_action
    return _read_point(spec, text, label)


def _normal_result(text: str) -> str:
    """``B+Resign`` becomes ``B+R``, a bare ``B`` becomes ``B+``; the unreadable becomes ``?``."""
    if text.lower() in ("0", "draw", "jigo"):
        return "0"
    if text.lower() == "void":
        return "Void"
    if text.upper() in ("B", "W"):
        return f"{text.upper()}+"
    match = _RESULT.fullmatch(text)
    if match is None:
        return "?"
    winner, how = match.group(1).upper(), match.group(2).strip()
    number = _NUMBER.match(how)
    if number is not None:
        return f"{winner}+{float(number.group(1)):g}"
    return f"{winner}+{_WORDS.get(how.lower(), how)}"


def _point_text(spec: GameSpec, action: int) -> str:
    if action == spec.pass_action:
        return ""
    row, column = divmod(action, spec.width)
    return _COORDINATES[column] + _COORDINATES[row]


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("]", "\\]")
