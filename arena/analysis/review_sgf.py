"""A looked-through game as SGF, for any editor: comments, better lines as variations, marks.

Besides comments every position carries Black's expected lead as ``V`` (FF[4]), where the game has
points, and Black's win rate in percent as ``SBKV``, by which Sabaki draws its graph. Moves are
marked ``DO`` (doubtful), ``BM[1]`` (bad) and ``BM[2]`` (very bad) by what they cost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from arena.analysis.review_json import class_of, colour_letter
from arena.analysis.sweep import GameReview, Look, MoveReview
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import action_to_text
from engine.records.sgf import write_sgf
from engine.records.sgf_values import escape, point_text

_MARKS: Final = {"inaccuracy": "DO[]", "mistake": "BM[1]", "blunder": "BM[2]"}
_LONGEST_LINE: Final = 12


def review_sgf(review: GameReview, conditions: dict[str, Any]) -> bytes:
    """Return one game tree in UTF-8: the game, with a variation wherever a move cost something."""
    record, spec = review.record, review.record.spec
    told = ", ".join(f"{name} {value}" for name, value in conditions.items())
    comment = "\n".join([*([record.comment] if record.comment else []), f"Analysed: {told}"])
    root = write_sgf(replace(record, actions=(), comment=comment)).decode().rstrip()
    tree = ""
    for move, look in zip(reversed(review.moves), reversed(review.looks[1:]), strict=True):
        tree = f"\n{_move_node(spec, move, look)}{tree}"
        if class_of(move):
            tree = f"\n({tree.lstrip()})\n({_better_line(spec, move)})"
    return f"{root.removesuffix(')')}{_values(spec, review.looks[0])}{tree})\n".encode()


def _move_node(spec: GameSpec, move: MoveReview, look: Look) -> str:
    mark = _MARKS.get(class_of(move), "")
    return f"{_stone(spec, move.colour, move.action)}{mark}{_values(spec, look)}" + (
        f"C[{escape(_comment(spec, move, look))}]"
    )


def _stone(spec: GameSpec, colour: int, action: int) -> str:
    return f";{colour_letter(colour)}[{point_text(spec, action)}]"


def _values(spec: GameSpec, look: Look) -> str:
    lead = f"V[{look.black_score:.2f}]" if spec.has_points else ""
    return f"{lead}SBKV[{100 * look.black_win_rate:.2f}]"


def _comment(spec: GameSpec, move: MoveReview, look: Look) -> str:
    lines = [f"Black wins {100 * look.black_win_rate:.1f} %"]
    if spec.has_points:
        side = "B" if look.black_score >= 0 else "W"
        lines[0] += f", {side}+{abs(look.black_score):.1f}"
    if move.loss > 0 or move.score_loss > 0:
        cost = f"This move cost {100 * move.loss:.1f} % of the chance to win"
        if spec.has_points:
            cost += f" and {move.score_loss:.1f} points"
        lines.append(cost)
    if move.action != move.best.action:
        expected = " ".join(action_to_text(spec, action) for action in move.best.line)
        lines.append(f"Better: {expected} ({100 * move.best.win_rate:.1f} % for its player)")
    if move.rank is not None and move.rank > 1:
        lines.append(f"Choice number {move.rank} of the search")
    return "\n".join(lines)


def _better_line(spec: GameSpec, move: MoveReview) -> str:
    """The search's own line as moves, what it is worth on the first."""
    nodes = []
    colour = move.colour
    for action in move.best.line[:_LONGEST_LINE]:
        nodes.append(_stone(spec, colour, action))
        colour = BLACK + WHITE - colour
    best = move.best
    told = f"Best: {100 * best.win_rate:.1f} % for its player, {best.visits} visits"
    if spec.has_points:
        told += f", {best.score:+.1f} points"
    nodes[0] += f"TE[1]C[{escape(told)}]"
    return "".join(nodes)
