"""A looked-through game as SGF, for any editor: comments, better lines as variations, marks.

Besides comments every position carries Black's expected lead as ``V`` (FF[4]), where the game has
points, and Black's win rate in percent as ``SBKV``, by which Sabaki draws its graph. Moves are
marked ``DO`` (doubtful), ``BM[1]`` (bad) and ``BM[2]`` (very bad) by what they cost. What the file
said before stays: comments are added to, marks and values of others are left alone.
"""

from __future__ import annotations

from typing import Any, Final

from arena.analysis.review_json import class_of, colour_letter
from arena.analysis.sweep import GameReview, Look, MoveReview
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import move_name
from engine.records.sgf_tree import Node, Properties, tree_text
from engine.records.sgf_values import escape, point_text
from engine.records.variations import main_line_nodes

_MARKS: Final = {"inaccuracy": ("DO", ""), "mistake": ("BM", "1"), "blunder": ("BM", "2")}
_JUDGEMENTS: Final = {"BM", "DO", "IT", "TE"}  # a node may hold one of them
_LONGEST_LINE: Final = 12


def review_sgf(review: GameReview, conditions: dict[str, Any]) -> bytes:
    """Return one game tree in UTF-8: the game, with a variation wherever a move cost something."""
    spec = review.record.spec
    told = ", ".join(f"{name} {value}" for name, value in conditions.items())
    root, nodes = main_line_nodes(review.record)
    ours = "AP" in root.properties and root.properties["AP"][0].startswith("Miai")
    parents = {id(child): node for node in root.main_line() for child in node.children}
    _comment_on(root, f"Analysed: {told}")
    _set_values(root, spec, review.looks[0], ours)
    for move, look in zip(review.moves, review.looks[1:], strict=True):
        node = nodes.get(move.ply)
        if node is None:
            continue
        name, value = _MARKS.get(class_of(move), ("", ""))
        if name and not _JUDGEMENTS & node.properties.keys():
            node.properties[name] = [value]
        _set_values(node, spec, look, ours)
        _comment_on(node, _comment(spec, move, look))
        if class_of(move) and id(node) in parents:
            parents[id(node)].children.append(_better_line(spec, move))
    return tree_text(root).encode()


def _comment_on(node: Node, text: str) -> None:
    """Add a paragraph to a node's comment."""
    written = node.properties.get("C", [""])
    between = "\n" if written[0].strip() else ""
    node.properties["C"] = [f"{written[0]}{between}{escape(text)}", *written[1:]]


def _set_values(node: Node, spec: GameSpec, look: Look, replace: bool) -> None:
    values: Properties = {"SBKV": [f"{100 * look.black_win_rate:.2f}"]}
    if spec.has_points:
        values["V"] = [f"{look.black_score:.2f}"]
    for name, value in values.items():
        if replace or name not in node.properties:
            node.properties[name] = value


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
        expected = " ".join(move_name(spec, action) for action in move.best.line)
        lines.append(f"Better: {expected} ({100 * move.best.win_rate:.1f} % for its player)")
    if move.rank is not None and move.rank > 1:
        lines.append(f"Choice number {move.rank} of the search")
    return "\n".join(lines)


def _better_line(spec: GameSpec, move: MoveReview) -> Node:
    """The search's own line as moves, what it is worth on the first."""
    colour = move.colour
    nodes: list[Node] = []
    for action in move.best.line[:_LONGEST_LINE]:
        node = Node({colour_letter(colour): [point_text(spec, action)]})
        if nodes:
            nodes[-1].children.append(node)
        nodes.append(node)
        colour = BLACK + WHITE - colour
    best = move.best
    told = f"Best: {100 * best.win_rate:.1f} % for its player, {best.visits} visits"
    if spec.has_points:
        told += f", {best.score:+.1f} points"
    nodes[0].properties |= {"TE": ["1"], "C": [escape(told)]}
    return nodes[0]
