"""The choices of a new game and of the window's options, one row each, without pygame.

A row has a name, the text of the present choice, and a function that changes it by a step up or
down. The text is empty where there is nothing to choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from arena.session.clock import RULES as CLOCKS
from arena.session.clock import rule_words
from arena.session.game import Settings
from arena.session.games import handicap_points
from arena.session.opponents import (
    KIND_WORDS,
    KINDS,
    SECONDS,
    SIMULATIONS,
    Opponent,
    adapted,
    describe,
    level_number,
    standings_path,
)
from arena.session.preferences import BOARDS, Preferences
from arena.session.texts import LANGUAGES, mark, say
from engine.games import GAMES, make
from engine.games.go import GoSpec
from engine.games.go_rules import RULES
from engine.games.spec import BLACK, WHITE
from engine.look import look_of

T = TypeVar("T")
_PEOPLE: Final = ((BLACK,), (WHITE,), (BLACK, WHITE), ())
_HANDICAPS: Final = (0, 2, 3, 4, 5, 6, 7, 8, 9)
_LOSSES: Final = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True)
class Row(Generic[T]):
    """A setting with a name, its text, and a function that changes it."""

    name: str
    words: Callable[[T], str]
    change: Callable[[T, int], T]
    typed: bool = False
    """Whether a click on the text opens an entry to type a value."""


def neighbour(choices: tuple[Any, ...], value: Any, step: int) -> Any:
    """Return the next larger or smaller choice; ``value`` itself need not be among them."""
    if step > 0:
        return next((choice for choice in choices if choice > value), choices[-1])
    return next((choice for choice in reversed(choices) if choice < value), choices[0])


def _around(choices: tuple[Any, ...], value: Any, step: int) -> Any:
    """Return the choice ``step`` places on; the list wraps around."""
    index = choices.index(value) if value in choices else 0
    return choices[(index + step) % len(choices)]


# A new game.


def _change_game(settings: Settings, step: int) -> Settings:
    name = _around(tuple(GAMES), settings.spec.name, step)
    return replace(settings, spec=make(name), handicap=0)


def _change_board(settings: Settings, step: int) -> Settings:
    spec = settings.spec
    height, width = neighbour(look_of(spec).sizes, (spec.height, spec.width), step)
    changed = replace(spec, height=height, width=width)
    possible = bool(handicap_points(changed, settings.handicap))
    return replace(settings, spec=changed, handicap=settings.handicap if possible else 0)


def _rules_name(settings: Settings) -> str:
    """Return the name of the rule set of Go, ignoring komi; custom rules have no name."""
    mine = {k: v for k, v in settings.spec.rules.items() if k != "komi"}
    plain = {"ko": "positional", "suicide": False, "scoring": "area", "handicap_bonus": "none"}
    for name, rules in RULES.items():
        if {**plain, **{k: v for k, v in rules.items() if k != "komi"}} == mine:
            return name
    return mark("plain")


def _change_rules(settings: Settings, step: int) -> Settings:
    if settings.spec.name != GoSpec.name:
        return _change_swap(settings)
    name = _around(tuple(RULES), _rules_name(settings), step)
    plain = {"ko": "positional", "suicide": False, "scoring": "area", "handicap_bonus": "none"}
    return replace(settings, spec=replace(settings.spec, **{**plain, **RULES[name]}))


def _change_swap(settings: Settings) -> Settings:
    if "swap" not in settings.spec.rules:
        return settings
    swap = not settings.spec.rules["swap"]
    return replace(settings, spec=settings.spec.changed(swap=swap))


def _rules_words(settings: Settings) -> str:
    if settings.spec.name == GoSpec.name:
        return say(_rules_name(settings))
    if "swap" in settings.spec.rules:
        return say("with swap") if settings.spec.rules["swap"] else say("no swap")
    return ""


def _change_komi(settings: Settings, step: int) -> Settings:
    if not settings.spec.has_komi:
        return settings
    komi = min(max(settings.spec.rules["komi"] + 0.5 * step, -50.0), 50.0)
    return replace(settings, spec=settings.spec.changed(komi=komi))


def _change_handicap(settings: Settings, step: int) -> Settings:
    wanted = neighbour(_HANDICAPS, settings.handicap, step)
    if wanted and not handicap_points(settings.spec, wanted):
        return settings
    spec = settings.spec
    if wanted and not settings.handicap and spec.has_handicap:
        spec = spec.changed(komi=0.5)
    return replace(settings, handicap=wanted, spec=spec)


def _handicap_words(settings: Settings) -> str:
    if not settings.spec.has_handicap:
        return ""
    if settings.handicap:
        return say("{count} stones", count=settings.handicap)
    return say("none")


def _people_words(settings: Settings) -> str:
    first, second = (say(player) for player in look_of(settings.spec).players)
    return {
        (BLACK,): say("You are {colour}", colour=first),
        (WHITE,): say("You are {colour}", colour=second),
        (BLACK, WHITE): say("Two people"),
        (): say("Two AIs"),
    }.get(settings.people, "")


def _change_kind(opponent: Opponent, step: int) -> Opponent:
    kind = _around(KINDS, opponent.kind, step)
    source = "shipped" if opponent.kind == "program" else opponent.source
    if kind == "program":
        source = ""
    if kind in ("level", "adaptive"):
        source = "shipped"
    return Opponent(kind, source)


def _change_amount(opponent: Opponent, step: int) -> Opponent:
    if opponent.kind == "level":
        return replace(opponent, level=level_number(opponent.level + step))
    if opponent.kind == "simulations":
        return replace(opponent, simulations=neighbour(SIMULATIONS, opponent.simulations, step))
    if opponent.kind == "seconds":
        return replace(opponent, seconds=neighbour(SECONDS, opponent.seconds, step))
    return opponent


def _strength(settings: Settings) -> str:
    return describe(adapted(settings.opponent, settings.spec, standings_path()), settings.spec)


def _second(settings: Settings) -> Opponent:
    return settings.second or settings.opponent


NEW_GAME: Final[tuple[Row[Settings], ...]] = (
    Row(mark("Game"), lambda s: say(look_of(s.spec).title), _change_game),
    Row(mark("Board"), lambda s: f"{s.spec.width} x {s.spec.height}", _change_board),
    Row(mark("Rules"), _rules_words, _change_rules),
    Row(
        mark("Komi"),
        lambda s: f"{s.spec.rules['komi']:g}" if s.spec.has_komi else "",
        _change_komi,
    ),
    Row(mark("Handicap"), _handicap_words, _change_handicap),
    Row(
        mark("Players"),
        _people_words,
        lambda s, step: replace(s, people=_around(_PEOPLE, s.people, step)),
    ),
    Row(
        mark("Opponent"),
        lambda s: say(KIND_WORDS[s.opponent.kind]) if len(s.people) < 2 else "",
        lambda s, step: replace(s, opponent=_change_kind(s.opponent, step)),
    ),
    Row(
        mark("Strength"),
        lambda s: _strength(s) if len(s.people) < 2 else "",
        lambda s, step: replace(s, opponent=_change_amount(s.opponent, step)),
        typed=True,
    ),
    Row(
        mark("Second AI"),
        lambda s: describe(_second(s), s.spec) if not s.people else "",
        lambda s, step: replace(s, second=_change_amount(_second(s), step)),
    ),
    Row(
        mark("Clock"),
        lambda s: rule_words(s.clock),
        lambda s, step: replace(s, clock=_around(CLOCKS, s.clock, step)),
    ),
)


# The window.


def _on(value: bool) -> str:
    return say("on") if value else say("off")


def _switch(name: str) -> Callable[[Preferences, int], Preferences]:
    def change(preferences: Preferences, _: int) -> Preferences:
        changes: dict[str, Any] = {name: not getattr(preferences, name)}
        return replace(preferences, **changes)

    return change


OPTIONS: Final[tuple[Row[Preferences], ...]] = (
    Row(
        mark("Language"),
        lambda p: LANGUAGES[p.language],
        lambda p, step: replace(p, language=_around(tuple(LANGUAGES), p.language, step)),
    ),
    Row(
        mark("Board"),
        lambda p: say("wood") if p.board == "wood" else say("flat"),
        lambda p, step: replace(p, board=_around(BOARDS, p.board, step)),
    ),
    Row(mark("Window"), lambda p: say("light") if p.light else say("dark"), _switch("light")),
    Row(
        mark("Colours for the colour-blind"), lambda p: _on(p.colour_blind), _switch("colour_blind")
    ),
    Row(mark("Sounds"), lambda p: _on(p.sounds), _switch("sounds")),
    Row(mark("Animations"), lambda p: _on(p.animations), _switch("animations")),
    Row(mark("Coordinates"), lambda p: _on(p.coordinates), _switch("coordinates")),
    Row(mark("Legal moves"), lambda p: _on(p.legal), _switch("legal")),
    Row(mark("Threats in rows"), lambda p: _on(p.threats), _switch("threats")),
    Row(mark("Teaching"), lambda p: _on(p.teaching), _switch("teaching")),
    Row(
        mark("Teach at a loss of"),
        lambda p: f"{p.teaching_loss:.0%}",
        lambda p, step: replace(p, teaching_loss=neighbour(_LOSSES, p.teaching_loss, step)),
    ),
    Row(mark("Take costly moves back"), lambda p: _on(p.teaching_undo), _switch("teaching_undo")),
)
