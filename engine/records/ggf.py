"""Othello games in GGF, the Generic Game Format of the server GGS, in and out.

``(;GM[Othello]PC[NBoard]PB[a]PW[b]RE[?]TY[8]BO[8 ---...-- *]B[F5//1.2]W[F6];)``: values end with
the next bracket, there are no escapes. A move is ``F5``, ``F5/evaluation/seconds`` or ``PA``; BO
holds the first position and who begins. A file may hold many games, each perhaps after a number
of games that belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from engine.errors import IllegalActionError, MiaiError, RecordError
from engine.games.othello import OthelloSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import action_to_text, text_to_action
from engine.records.record import GameRecord

PASS: Final = "PA"
_GAME = re.compile(rb"\(;.*?;\s*\)", re.DOTALL)
_IS_OTHELLO = re.compile(rb"\(;\s*(?:[A-Z]{1,2}\[[^\]]*\]\s*)*?GM\[Othello\]", re.IGNORECASE)
_PROPERTY = re.compile(r"\s*([A-Za-z]{1,4})\s*\[([^\]]*)\]")
_RESULT = re.compile(r"([+-]?\d+(?:\.\d+)?)(?::([rts]))?", re.IGNORECASE)
_STONES: Final = {"*": BLACK, "O": WHITE, "0": WHITE, "-": EMPTY, ".": EMPTY}
_ENDS: Final = {"r": "R", "t": "T"}
_TIME = re.compile(r"(?:\d{1,4}:){0,2}\d{1,6}(?:\.\d{1,6})?")
_MOST_MOVES: Final = 2000
_LONGEST_GAME: Final = 1 << 16


def is_ggf(data: bytes) -> bool:
    """Whether a file looks like games of Othello in GGF; SGF writes ``GM[2]``."""
    return _IS_OTHELLO.search(data[:_LONGEST_GAME]) is not None


def split_ggf(data: bytes, source: str) -> Iterator[tuple[str, str]]:
    """Yield the text of each game of a file, and where it stands.

    Raises:
        RecordError: if the file holds none.
    """
    number = 0
    for number, found in enumerate(_GAME.finditer(data), start=1):
        yield found.group().decode("utf-8", errors="replace"), f"{source}, game {number}"
    if not number:
        raise RecordError(f"expected games in GGF, (;GM[Othello] ... ;), got none: {source}")


def read_ggf(text: str, source: str) -> tuple[GameRecord, str]:
    """Read one game; return it, and why it was cut short or an empty text.

    A game is kept up to its first illegal move. Passes that are left out are put in.

    Raises:
        RecordError: if it is not a game of Othello in GGF.
    """
    properties = _properties(text, source)
    values: dict[str, str] = {}
    for name, value in properties:
        values.setdefault(name, value.strip())
    if values.get("GM", "").lower() != "othello":
        raise RecordError(f"expected a game of Othello, got GM {values.get('GM', '')!r}: {source}")
    spec, stones, first = _start(values, source)
    usual = spec.allocate(1)
    has_setup = not np.array_equal(stones, spec.stones(usual)[0]) or first != BLACK
    position = usual.copy()
    if has_setup:
        try:
            spec.set_up(position, stones, first, strict=False)
        except IllegalActionError as error:
            raise RecordError(f"{error}: {source}") from None
    moves = [(name, value) for name, value in properties if name in ("B", "W")]
    actions, cut = _play(spec, position, moves, source)
    black, white = (tuple(np.flatnonzero(stones == colour).tolist()) for colour in (BLACK, WHITE))
    record = GameRecord(
        spec=spec,
        actions=actions,
        black=values.get("PB", ""),
        white=values.get("PW", ""),
        result=_result(values.get("RE", "")),
        extra={name: values[name] for name in ("DT", "PC") if values.get(name)},
        black_setup=black if has_setup else (),
        white_setup=white if has_setup else (),
        first_to_move=first,
        source=source,
    )
    return record, cut


def write_ggf(record: GameRecord, times: Mapping[str, str] | None = None) -> str:
    """Write a game on one line.

    Args:
        record: of Othello.
        times: further properties by name, such as TI, TB and TW.

    Raises:
        RecordError: if it is a game of something else.
    """
    spec = record.spec
    if not isinstance(spec, OthelloSpec) or spec.width != spec.height:
        raise RecordError(f"expected a game of Othello on a square board, got {spec}")
    position = spec.allocate(1)
    if record.has_setup or record.first_to_move != BLACK:
        stones = spec.board(record.black_setup, record.white_setup)
        spec.set_up(position, stones, record.first_to_move, strict=False)
    signs = "-*O"
    squares = "".join(signs[stone] for stone in spec.stones(position)[0])
    board = f"{spec.width} {squares} {signs[record.first_to_move]}"
    heads = {
        "GM": "Othello",
        "PC": record.extra.get("PC", "Miai"),
        **({"DT": record.extra["DT"]} if "DT" in record.extra else {}),
        "PB": record.black,
        "PW": record.white,
        "RE": _ggf_result(record),
        **(times or {}),
        "TY": str(spec.width),
        "BO": board,
    }
    written = [f"{name}[{_clean(value)}]" for name, value in heads.items()]
    colour = record.first_to_move
    for action in record.actions:
        written.append(f"{'B' if colour == BLACK else 'W'}[{move_of(spec, action)}]")
        colour = BLACK + WHITE - colour
    return f"(;{''.join(written)};)"


def move_of(spec: OthelloSpec, action: int) -> str:
    """Write a move, ``F5`` or ``PA``."""
    return PASS if action == spec.pass_action else action_to_text(spec, action)


def action_of(spec: OthelloSpec, move: str) -> int:
    """Read a move; what follows a slash is passed over.

    Raises:
        NotationError: if it names no point of the board.
    """
    word = move.split("/", 1)[0].strip()
    if word.upper() in (PASS, "PASS", "PS", "--"):
        return spec.pass_action
    return text_to_action(spec, word)


def seconds_of(move: str) -> float:
    """Return the seconds that a move took, as ``F5/evaluation/seconds`` says; 0 if it does not."""
    parts = move.split("/")
    return _seconds(parts[2]) or 0.0 if len(parts) > 2 else 0.0


def time_control(text: str, side: int) -> tuple[float, float, float] | None:
    """Return a side's time, what each move adds, and what its moves took, in seconds.

    ``None`` if the game states no time for ``BLACK`` or ``WHITE``. Overtime (the third part of TI)
    is left out.

    Raises:
        RecordError: if it is no GGF.
    """
    properties = _properties(text, "a game")
    own, moves = ("TB", "B") if side == BLACK else ("TW", "W")
    values = dict(properties)
    stated = values.get(own) or values.get("TI") or ""
    main, _, rest = stated.partition("/")
    main_s = _seconds(main)
    if main_s is None:
        return None
    used_s = sum(seconds_of(value) for name, value in properties if name == moves)
    return main_s, _seconds(rest.partition("/")[0]) or 0.0, used_s


def _seconds(text: str) -> float | None:
    """Read ``hh:mm:ss``, ``mm:ss`` or seconds."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    total = 0.0
    for part in match.group().split(":"):
        total = 60.0 * total + float(part)
    return total


def _properties(text: str, source: str) -> list[tuple[str, str]]:
    """Names and values between ``(;`` and ``;)``, in order."""
    inside = text.strip().removeprefix("(;")
    found: list[tuple[str, str]] = []
    at = 0
    while (match := _PROPERTY.match(inside, at)) is not None:
        found.append((match.group(1).upper(), match.group(2)))
        at = match.end()
    if inside[at:].strip() not in (";)", ";", "") or not found:
        raise RecordError(f"expected GGF, NAME[value] ..., got {inside[at : at + 40]!r}: {source}")
    if len(found) > _MOST_MOVES:
        raise RecordError(f"expected at most {_MOST_MOVES} properties: {source}")
    return found


def _start(values: Mapping[str, str], source: str) -> tuple[OthelloSpec, np.ndarray, int]:
    """Board, stones and who begins; without BO the usual ones."""
    words = values.get("BO", "").split()
    if not words:
        spec = _spec(re.sub(r"\D.*", "", values.get("TY", "8").lstrip("sS")) or "8", source)
        return spec, spec.stones(spec.allocate(1))[0], BLACK
    spec = _spec(words[0], source)
    signs = "".join(words[1:]).upper()
    if len(signs) != spec.points + 1 or any(sign not in _STONES for sign in signs):
        raise RecordError(
            f"expected BO with a size, {spec.points} of * O - and who begins, "
            f"got {values['BO'][:80]!r}: {source}"
        )
    stones = np.array([_STONES[sign] for sign in signs[:-1]], np.uint8)
    first = _STONES[signs[-1]]
    if first == EMPTY:
        raise RecordError(f"expected * or O to begin, got {signs[-1]!r}: {source}")
    return spec, stones, first


def _spec(size: str, source: str) -> OthelloSpec:
    try:
        return OthelloSpec(int(size), int(size))
    except (MiaiError, ValueError):
        raise RecordError(f"expected the size of a board, got {size[:20]!r}: {source}") from None


def _play(
    spec: OthelloSpec, position: np.ndarray, moves: Sequence[tuple[str, str]], source: str
) -> tuple[tuple[int, ...], str]:
    """Play the moves on ``position``; return those that were legal and why the rest was not."""
    actions: list[int] = []
    for number, (colour, text) in enumerate(moves, start=1):
        wanted = BLACK if colour == "B" else WHITE
        try:
            action = action_of(spec, text)
            only_pass = bool(spec.legal(position)[0, spec.pass_action])
            mover = int(spec.to_move(position)[0])
            if only_pass and mover != wanted and action != spec.pass_action:
                spec.play(position, np.array([spec.pass_action]))
                actions.append(spec.pass_action)
                mover = wanted
            if mover != wanted:
                side = "Black" if mover == BLACK else "White"
                return tuple(actions), f"move {number} is of {colour}, {side}'s turn: {source}"
            spec.play(position, np.array([action]))
        except IllegalActionError:
            over = bool(spec.finished(position)[0])
            what = "comes after the end of the game" if over else "is illegal"
            return tuple(actions), f"move {number}, {text[:20]}, {what}: {source}"
        except MiaiError as error:
            return tuple(actions), f"move {number}: {error}: {source}"
        actions.append(action)
    return tuple(actions), ""


def _result(text: str) -> str:
    """A result as in SGF; unknown if it cannot be read."""
    match = _RESULT.match(text)
    if match is None:
        return "?"
    margin = float(match.group(1))
    if margin == 0:
        return "0"
    how = _ENDS.get((match.group(2) or "").lower(), f"{abs(margin):g}")
    return f"{'B' if margin > 0 else 'W'}+{how}"


def _ggf_result(record: GameRecord) -> str:
    """A result as GGF has it; who resigned or ran out of time lost all 64 discs."""
    if record.winner is None:
        return "?"
    sign = "-" if record.winner < 0 else "+"
    if record.score is not None:
        return f"{sign}{abs(record.score):.2f}" if record.score else "0.00"
    ending = {"R": ":r", "T": ":t"}.get(record.result.strip()[2:3].upper(), "")
    return f"{sign}{record.spec.points:.2f}{ending}"


def _clean(text: str) -> str:
    """Text that does not end its property."""
    return "".join(c if c.isprintable() else " " for c in text).replace("]", ")")
