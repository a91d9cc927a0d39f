"""Games to step through, for a page without a network. Knows no training run.

A game is drawn at its end by Python, so it shows without a script too; what each ply changed stands
beside it as JSON, for the script that walks through it.
"""

from __future__ import annotations

import json
from html import escape

import numpy as np

from engine.games.spec import BLACK
from engine.look import look_of
from engine.notation import move_name
from engine.records import GameRecord
from selfplay.report.board_svg import board_svg, place


def result_text(record: GameRecord) -> str:
    """Who won, by how much where points are counted."""
    names = look_of(record.spec).players
    if record.winner is None:
        return record.result
    if record.winner == 0:
        return "a draw"
    by = f" by {abs(record.score):g}" if record.spec.has_points and record.score else ""
    return f"{names[record.winner < 0]} wins{by}"


def game_html(record: GameRecord, title: str) -> str:
    """A game to walk through: its last position, buttons, and the plies for the script."""
    spec = record.spec
    start, plies = _plies(record)
    stones = start.copy()
    for _, changes in plies:
        for point, colour in changes:
            stones[point] = colour
    last = next((point for point, _ in reversed(plies)), -1)
    data = {
        "start": "".join(map(str, start)),
        "plies": plies,
        "names": [move_name(spec, action) for action in record.actions],
        "at": [[round(v, 1) for v in place(spec, point)] for point in range(spec.points)],
    }
    board = board_svg(spec, stones, last=last if last >= 0 else None, label=title)
    text = json.dumps(data, separators=(",", ":"))
    count = len(plies)
    return (
        f'<figure class="game" tabindex="0" data-game="{escape(text)}">{board}'
        f'<figcaption><b>{escape(title)}</b><span class="where">{count} of {count} plies</span>'
        '<span class="buttons"><button data-step="-9999" aria-label="first">«</button>'
        '<button data-step="-1" aria-label="back">‹</button>'
        '<button data-step="play" aria-label="play">▶</button>'
        '<button data-step="1" aria-label="on">›</button>'
        '<button data-step="9999" aria-label="last">»</button></span></figcaption></figure>'
    )


def _plies(record: GameRecord) -> tuple[list[int], list[tuple[int, list[tuple[int, int]]]]]:
    """The first position, and each ply's point (-1: none) with what it changed on the board."""
    spec = record.spec
    position = spec.allocate(1)
    if record.has_setup or record.first_to_move != BLACK:
        board = spec.board(record.black_setup, record.white_setup)
        spec.set_up(position, board, record.first_to_move)
    start = spec.stones(position)[0].astype(int)
    before, plies = start, []
    for action in record.actions:
        spec.play(position, np.array([action]))
        after = spec.stones(position)[0].astype(int)
        changed = np.flatnonzero(after != before)
        point = action if action < spec.points else -1
        plies.append((point, [(int(p), int(after[p])) for p in changed]))
        before = after
    return start.tolist(), plies
