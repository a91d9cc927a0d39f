"""How games begin: a tree of the most frequent plies; turned games count as the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from engine.errors import NotationError
from engine.games.spec import GameSpec
from engine.notation import move_name, text_to_action
from engine.symmetry import action_permutations, inverses
from selfplay.report.board_svg import board_svg
from selfplay.run.curves import RunData

_DEPTH: Final = 5
_BRANCHES: Final = (5, 3, 2, 1, 1)
_RAREST: Final = 0.02
"""Of all games: what is rarer is not shown, so that random first plies do not fill the tree."""


@dataclass(frozen=True)
class Openings:
    """First plies of many games, all turned the same way."""

    spec: GameSpec
    lines: tuple[tuple[int, ...], ...]

    def first_plies(self) -> dict[int, float]:
        """Share of each first point over the whole board, its rotations and reflections sharing."""
        spec = self.spec
        table = action_permutations(spec.height, spec.width, spec.symmetries)
        heat: Counter[int] = Counter()
        for line in self.lines:
            if line and line[0] < spec.points:
                for point in {int(row[line[0]]) for row in table}:
                    heat[point] += 1
        return {point: count / max(len(self.lines), 1) for point, count in heat.items()}


def canonical(spec: GameSpec, actions: Sequence[int]) -> tuple[int, ...]:
    """Turn a beginning so that its plies lie as far up and right as they can, the first first."""
    table = inverses(spec.height, spec.width, spec.symmetries)
    turned = (
        tuple(int(row[action]) if action < spec.points else action for action in actions)
        for row in table
    )

    def rank(line: tuple[int, ...]) -> list[tuple[int, int]]:
        return [(a // spec.width, -(a % spec.width)) for a in line]

    return min(turned, key=rank)


def read_openings(run: RunData) -> list[Openings]:
    """Beginnings in the first and in the last third of a run; those there are."""
    spec = run.spec
    cycles = [_read_lines(spec, entry) for entry in run.folder.read_lines(run.folder.openings)]
    third = max(len(cycles) // 3, 1)
    parts = (cycles[:third], cycles[-third:]) if len(cycles) > 1 else (cycles,)
    return [
        Openings(spec, tuple(canonical(spec, line[:_DEPTH]) for lines in part for line in lines))
        for part in parts
        if any(part)
    ]


def _read_lines(spec: GameSpec, entry: object) -> list[tuple[int, ...]]:
    texts = entry.get("games") if isinstance(entry, dict) else None
    found = []
    for text in texts if isinstance(texts, list) else ():
        try:
            found.append(tuple(text_to_action(spec, word) for word in str(text).split()))
        except NotationError:
            continue
    return found


def openings_html(openings: Sequence[Openings]) -> str:
    """A board of first plies for each part of the run, and the tree of the last part."""
    titles = ("at first", "now") if len(openings) > 1 else ("so far",)
    boards = "".join(
        _first_board(part, title) for part, title in zip(openings, titles, strict=True)
    )
    newest = openings[-1]
    count = len(newest.lines)
    tree = _tree(newest.spec, newest.lines, (), count)
    heading = f"<p>The most frequent beginnings {escape(titles[-1])}, of {count:,} games:</p>"
    return f'<div class="boards small">{boards}</div><div class="tree">{heading}{tree}</div>'


def _first_board(part: Openings, title: str) -> str:
    name = f"First plies {title}"
    stones = part.spec.stones(part.spec.allocate(1))[0].tolist()
    board = board_svg(part.spec, stones, heat=part.first_plies(), label=name)
    return (
        f"<figure>{board}<figcaption><b>{escape(name)}</b>"
        f"<span>{len(part.lines):,} games</span></figcaption></figure>"
    )


def _tree(
    spec: GameSpec, lines: Iterable[tuple[int, ...]], path: tuple[int, ...], total: int
) -> str:
    """Nested lists: what was played next how often, as a share of all games."""
    depth = len(path)
    if depth >= _DEPTH:
        return ""
    here = [line for line in lines if line[:depth] == path and len(line) > depth]
    counts = Counter(line[depth] for line in here)
    items = []
    for action, count in counts.most_common(_BRANCHES[depth]):
        share = count / total
        if share < _RAREST or count < 2:
            continue
        inner = _tree(spec, here, (*path, action), total)
        colour = "b" if depth % 2 == 0 else "w"
        items.append(
            f'<li><span class="ply {colour}">{escape(move_name(spec, action))}</span>'
            f'<span class="bar"><i style="width:{100 * share:.1f}%"></i></span>'
            f'<span class="share">{100 * share:.0f} %</span>{inner}</li>'
        )
    return f"<ul>{''.join(items)}</ul>" if items else ""
