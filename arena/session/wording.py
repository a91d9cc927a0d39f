"""Sentences about a game: who moves, how it ended, why a move cannot be played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from arena.session.texts import mark, say
from engine.errors import IllegalActionError
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, other_side
from engine.look import look_of
from engine.notation import move_name
from engine.search.tree import LOSS, WIN

if TYPE_CHECKING:
    from arena.session.game import Game


_RESIGNED = mark("{who} resigned: {winner} wins")
_LATE = mark("{who} ran out of time: {winner} wins")


def status(game: Game) -> str:
    """One sentence: who moves, or how the game ended."""
    node = game.node
    for side, words in ((node.resigned, _RESIGNED), (node.timed_out, _LATE)):
        if side is not None:
            winner = say(game.look.player(other_side(side)))
            return say(words, who=game.name_of(side), winner=winner)
    if game.to_agree:
        return _totals(game, mark("Count: {first} {black:g}, {second} {white:g}"))
    if game.over:
        return _ending(game)
    colour = say(game.look.player(game.to_move))
    if game.ai_turn:
        return say("{name} to move ({colour})", name=game.name_of(game.to_move), colour=colour)
    if len(game.settings.people) == 1:
        return say("Your move ({colour})", colour=colour)
    return say("{colour} to move", colour=colour)


def _ending(game: Game) -> str:
    score = game.score
    if score == 0:
        return say("The game is a draw")
    colour = BLACK if score > 0 else WHITE
    name = say(game.look.player(colour))
    people = game.settings.people
    if not game.spec.has_points:
        if len(people) != 1:
            return say("{name} wins", name=name)
        if colour in people:
            return say("You win as {name}", name=name)
        return say("{name} wins", name=game.name_of(colour))
    points = f"{abs(score):g}"
    if len(people) != 1:
        return say("{name} wins by {points}", name=name, points=points)
    if colour in people:
        return say("You win: {name} by {points}", name=name, points=points)
    return say("{who} wins: {name} by {points}", who=game.name_of(colour), name=name, points=points)


def goal_words(spec: GameSpec) -> str:
    """What wins the game, in a sentence; empty if the game does not say."""
    look = look_of(spec)
    return say(look.goal, **spec.rules) if look.goal else ""


def rules_words(spec: GameSpec) -> list[str]:
    """How the game is played, in a few sentences."""
    return [say(words, **spec.rules) for words in look_of(spec).how]


def chances(game: Game) -> str:
    """Each side's chance to win in percent, or which side wins in how many moves of its own."""
    thought, rate = game.thought, game.win_rate
    if thought is not None and thought.proven_plies and not (game.over or game.spec.has_points):
        to_move = game.side(game.node)
        for outcome, side, moves in (
            (WIN, to_move, (thought.proven_plies + 1) // 2),
            (LOSS, other_side(to_move), thought.proven_plies // 2),
        ):
            if thought.proven == outcome:
                who = say(game.look.player(side))
                return say("{who} wins in {moves}", who=who, moves=moves)
    return say("no judgement yet") if rate is None else f"{rate:.0%} : {1 - rate:.0%}"


def estimate(game: Game) -> str:
    """The totals of a game that goes on, if it ended now with the stones marked as they are."""
    return _totals(game, mark("If it ended now: {first} {black:g}, {second} {white:g}"))


def _totals(game: Game, words: str) -> str:
    count = game.count
    assert count is not None
    first, second = (say(player) for player in game.look.players)
    black, white = (count.points(colour).total for colour in (BLACK, WHITE))
    return say(words, first=first, second=second, black=black, white=white)


def count_words(game: Game) -> list[str]:
    """What each side's count is made of, a line each."""
    count = game.count
    assert count is not None
    lines = []
    for colour in (BLACK, WHITE):
        points = count.points(colour)
        parts = [
            (points.stones, mark("{count:g} stones")),
            (points.surrounded, mark("{count:g} points")),
            (points.prisoners, mark("{count:g} prisoners")),
            (points.komi, mark("{count:g} komi")),
        ]
        shown = [say(words, count=part) for part, words in parts if part]
        name = say(game.look.player(colour))
        lines.append(f"{name}: {' + '.join(shown) or '0'} = {points.total:g}")
    return lines


def result(game: Game) -> str:
    """Of the position on the board, as in SGF; ``?`` where the game is not over."""
    node = game.node
    for side, letter in ((node.resigned, "R"), (node.timed_out, "T")):
        if side is not None:
            return f"{'BW'[other_side(side) - 1]}+{letter}"
    if not game.over:
        return "?"
    score = game.score
    return f"{'B' if score > 0 else 'W'}+{abs(score):g}" if score else "0"


def why_illegal(game: Game, action: int) -> str:
    """A sentence for the person, empty if the action is legal."""
    if game.legal[action]:
        return ""
    spec = game.spec
    point = move_name(spec, action)
    if action == spec.pass_action:
        return say("You cannot {move} now", move=say(spec.pass_name))
    if game.stones[action] != EMPTY:
        if spec.stones_fall:
            return say("This column is full")
        return say("{point} is occupied", point=point)
    try:
        spec.play(game.position.copy(), np.array([action]))
    except IllegalActionError as error:
        if "suicide" in str(error):
            return say("{point} would be suicide: the stone would have no liberty", point=point)
        if spec.most_stones_win:
            return say("{point} would turn no disc", point=point)
    if spec.takes_prisoners:
        return say(
            "{point} would repeat an earlier position: play elsewhere first (ko)", point=point
        )
    return say("{point} cannot be played now", point=point)
