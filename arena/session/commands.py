"""The window's commands by name, and their keys, without pygame.

A keymap is a JSON object ``{"command": ["key", ...]}``. ``miai play --keys FILE`` and the
preferences read one. Keys have pygame's names, with modifiers before: ``ctrl+s``,
``shift+left``, ``f11``, ``?``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from arena.session.texts import mark
from arena.session.view import PANES
from engine.errors import ConfigError

_MODIFIERS: Final = ("ctrl", "alt", "shift")


@dataclass(frozen=True)
class Command:
    """A command of the window with its usual keys."""

    name: str
    words: str
    """Description of the command for the list of keys."""
    keys: tuple[str, ...]
    group: str
    repeats: bool = False
    """Whether a held key repeats the command."""
    yielding: tuple[str, ...] = ()
    """Keys that a keymap may assign to another command without a conflict."""


_PLAY, _LOOK, _SEE, _GAME, _WINDOW = (
    mark("Play"),
    mark("Look around"),
    mark("See"),
    mark("Games"),
    mark("Window"),
)
COMMANDS: Final = (
    Command("pass", mark("pass (in Hex: swap)"), ("p",), _PLAY),
    Command("resign", mark("resign"), ("r",), _PLAY),
    Command(
        "undo",
        mark("take back your move and the answer"),
        ("u", "backspace", "ctrl+z"),
        _PLAY,
        True,
        ("ctrl+z",),
    ),
    Command(
        "redo",
        mark("play it again"),
        ("y", "ctrl+y", "ctrl+shift+z"),
        _PLAY,
        True,
        ("ctrl+y", "ctrl+shift+z"),
    ),
    Command("hint", mark("hint: what the AI would play"), ("i",), _PLAY),
    Command("go_on", mark("let the AI move where it waits"), ("return",), _PLAY),
    Command("stop", mark("stop the AI: it moves at once"), ("escape",), _PLAY),
    Command("swap", mark("swap sides with the AI"), ("w",), _PLAY),
    Command("type", mark("type a move"), (":", "g"), _PLAY),
    Command("cursor", mark("a cursor on the board, moved by the arrows"), ("tab",), _PLAY),
    Command("back", mark("an earlier move"), ("left", "z"), _LOOK, True),
    Command("forth", mark("a later move"), ("right", "x"), _LOOK, True),
    Command("back_ten", mark("ten moves earlier"), ("shift+left", "page up"), _LOOK, True),
    Command("forth_ten", mark("ten moves later"), ("shift+right", "page down"), _LOOK, True),
    Command("start", mark("to the start"), ("home", "ctrl+left"), _LOOK),
    Command("end", mark("to the end"), ("end", "ctrl+right"), _LOOK),
    Command("variation_up", mark("the variation before"), ("up",), _LOOK, True),
    Command("variation_down", mark("the next variation"), ("down",), _LOOK, True),
    Command("fork", mark("back to where variations part"), ("shift+up",), _LOOK, True),
    Command("main_line", mark("back to the main line"), ("shift+down",), _LOOK),
    Command("promote", mark("make this the main line"), ("ctrl+up",), _LOOK),
    Command("comment", mark("write a comment on the move"), ("ctrl+e",), _LOOK),
    Command("remarks", mark("write what moves cost into comments"), ("ctrl+shift+e",), _LOOK),
    Command("delete", mark("delete this variation"), ("ctrl+delete", "delete"), _LOOK),
    Command("next_mistake", mark("the next costly move"), ("n",), _LOOK, True),
    Command("last_mistake", mark("the costly move before"), ("shift+n",), _LOOK, True),
    Command("candidates", mark("analysis: candidates and their lines"), ("a", "space"), _SEE),
    Command("heat_map", mark("policy: where the network looks"), ("h",), _SEE),
    Command("ownership", mark("territory: who will own what"), ("t", "o"), _SEE),
    *(Command(name, pane.words, pane.keys, _SEE) for name, pane in PANES.items()),
    Command("order", mark("sort the candidates otherwise"), ("f4",), _SEE, yielding=("f4",)),
    Command("equally", mark("all moves equally: each gets visits"), ("shift+e",), _SEE),
    Command("shortlist", mark("draw a shortlist: only these moves"), ("shift+r",), _SEE),
    Command("sweep", mark("the whole game deeper, meanwhile"), ("shift+a",), _SEE),
    Command("teach", mark("teaching: stop at costly moves"), ("f6",), _SEE),
    Command("deeper", mark("think twice as deep"), ("d", "+"), _SEE, True),
    Command("faster", mark("think half as deep"), ("shift+d", "-"), _SEE, True),
    Command("numbers", mark("move numbers"), ("shift+m",), _SEE),
    Command("threats", mark("threats: where a row would be completed"), ("shift+t",), _SEE),
    Command("branches", mark("marks of the file, variations"), ("q",), _SEE),
    Command("coordinates", mark("coordinates"), ("c", "k"), _SEE),
    Command("new", mark("new game"), ("ctrl+n", "f2"), _GAME),
    Command("restore", mark("bring back what was ended or deleted"), ("b",), _GAME),
    Command("open", mark("open a file"), ("f", "ctrl+o"), _GAME),
    Command("choose", mark("another game of the opened file"), ("ctrl+g",), _GAME),
    Command("save", mark("save as SGF"), ("s", "ctrl+s"), _GAME),
    Command("save_as", mark("save under a name"), ("shift+s", "ctrl+shift+s"), _GAME),
    Command("paste", mark("paste a game"), ("ctrl+v",), _GAME),
    Command("copy", mark("copy the game as SGF"), ("ctrl+c",), _GAME),
    Command("copy_diagram", mark("copy the board as text"), ("ctrl+d",), _GAME),
    Command("picture", mark("save the board as a picture"), ("ctrl+p",), _GAME),
    Command("set_up", mark("set up a position, or try what would be"), ("v",), _GAME),
    Command("count", mark("count: mark dead stones"), ("l",), _GAME),
    Command("rules", mark("the rules of this game"), ("f3",), _WINDOW),
    Command("options", mark("how the window looks and sounds"), ("f8",), _WINDOW),
    Command("full_screen", mark("full screen"), ("f11",), _WINDOW),
    Command("keys", mark("this list"), ("?", "f1"), _WINDOW),
    Command("quit", mark("close the window; the game is kept"), ("ctrl+q",), _WINDOW),
)
BY_NAME: Final = {command.name: command for command in COMMANDS}


def keymap(changes: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return the command of each key.

    Args:
        changes: keys of commands that differ from the usual; an empty list removes all keys.

    Raises:
        ConfigError: if a command is unknown, its keys are not a list of keys, or one key belongs
            to two commands.
    """
    keys = {command.name: command.keys for command in COMMANDS}
    given: set[str] = set()
    for name, wanted in (changes or {}).items():
        if name not in keys:
            raise ConfigError(
                f"expected a command from {', '.join(sorted(keys))}, got {name!r} in the keymap"
            )
        if not isinstance(wanted, (list, tuple)) or not all(isinstance(k, str) for k in wanted):
            raise ConfigError(f"expected a list of keys for {name!r}, got {wanted!r}")
        keys[name] = tuple(plain_key(key) for key in wanted)
        given.update(keys[name])
    for command in COMMANDS:
        if command.name not in (changes or {}):
            yields = given.intersection(command.yielding)
            keys[command.name] = tuple(key for key in command.keys if key not in yields)
    command_of: dict[str, str] = {}
    for name, mine in keys.items():
        for key in mine:
            if key in command_of:
                raise ConfigError(
                    f"expected each key once, got {key!r} for {command_of[key]!r} and {name!r}"
                )
            command_of[key] = name
    return command_of


def plain_key(text: str) -> str:
    """Return a key in its canonical form: ``Shift+Ctrl+S`` is ``ctrl+shift+s``.

    Raises:
        ConfigError: if the text names no key.
    """
    *modifiers, key = (part.strip() for part in text.lower().replace("++", "+plus").split("+"))
    if text.strip() in ("+", "-"):
        return text.strip()
    unknown = [part for part in modifiers if part not in _MODIFIERS]
    if unknown or not key:
        raise ConfigError(f"expected a key such as 'a', 'ctrl+s' or 'shift+left', got {text!r}")
    return "+".join([*(m for m in _MODIFIERS if m in modifiers), key])


def keys_of(command_of: Mapping[str, str], name: str) -> list[str]:
    """Return the keys of a command, the usual one first."""
    mine = [key for key, command in command_of.items() if command == name]
    usual = BY_NAME[name].keys
    return sorted(mine, key=lambda key: usual.index(key) if key in usual else -1)


def key_words(key: str) -> str:
    """Return a key as displayed to people: ``Ctrl+N``, ``Page up``, ``A``."""
    if key in ("+", "-"):
        return key
    names = {"return": "enter", "escape": "esc", "delete": "del"}
    parts = [names.get(part, part) for part in key.split("+")]
    return "+".join(part.upper() if len(part) == 1 else part.capitalize() for part in parts)
