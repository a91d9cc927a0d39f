"""Keys, preferences, texts: what a person can change, and what is said if it makes no sense."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from arena.session import preferences
from arena.session.commands import BY_NAME, COMMANDS, keymap, keys_of, plain_key
from arena.session.preferences import Preferences
from engine.errors import ConfigError


def test_the_usual_keys_have_no_conflict_and_every_command_has_one() -> None:
    command_of = keymap()
    assert set(command_of.values()) == set(BY_NAME)
    assert sum(len(command.keys) for command in COMMANDS) == len(command_of)
    for command in COMMANDS:
        assert all(plain_key(key) == key for key in command.keys), command


def test_a_keymap_changes_keys() -> None:
    command_of = keymap({"pass": ["Shift+Ctrl+P", "f4"], "resign": []})
    assert command_of["ctrl+shift+p"] == "pass"
    assert "p" not in command_of
    assert "r" not in command_of
    assert keys_of(command_of, "resign") == []
    assert keys_of(command_of, "undo")[0] == "u"


def test_a_key_that_a_command_got_later_stays_with_whom_a_keymap_gives_it_to() -> None:
    command_of = keymap({"restore": ["b", "ctrl+z"]})
    assert command_of["ctrl+z"] == "restore"
    assert keys_of(command_of, "undo") == ["u", "backspace"]
    assert keymap()["ctrl+z"] == "undo"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pass": ["u"]}, "'u' for 'pass' and 'undo'|'u' for 'undo' and 'pass'"),
        ({"fly": ["u"]}, "'fly'"),
        ({"pass": "u"}, "list of keys"),
        ({"pass": ["hyper+u"]}, "'hyper\\+u'"),
        ({"pass": [3]}, "list of keys"),
    ],
)
def test_a_bad_keymap_says_what_is_wrong(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        keymap(changes)


def test_preferences_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "window.json"
    assert preferences.load(path)[1] == ""
    liked = replace(Preferences(), board="flat", light=True, teaching_loss=0.2)
    preferences.save(liked, path)
    assert preferences.load(path) == (liked, "")


def test_bad_preferences_are_passed_over_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"light": True, "board": 3, "sounds": "yes", "wings": 2}))
    liked, note = preferences.load(path)
    assert liked.light
    assert liked.board == "wood"
    for word in ("board 3", "sounds 'yes'", "wings"):
        assert word in note
    for content in ("", "[1]", "{"):
        path.write_text(content)
        liked, note = preferences.load(path)
        assert liked == Preferences.usual()
        assert str(path) in note


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "JSON file"), ("[1]", "object of commands"), ('{"pass": ["u"]}', "each key once")],
)
def test_a_keymap_that_makes_no_sense_ends_the_program(
    content: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from miai.cli import main

    path = tmp_path / "keys.json"
    path.write_text(content)
    assert main(["play", "--keys", str(path)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--level", "11"],
        ["--simulations", "0"],
        ["--seconds", "0"],
        ["--handicap", "3", "--size", "5", "--terminal"],
        ["--network", "runs/nothing", "--level", "3", "--terminal"],
        ["no-such.sgf"],
        ["chess", "--terminal"],
    ],
)
def test_what_cannot_be_played_is_said(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from miai.cli import main

    assert main(["play", *words]) == 2
    error = capsys.readouterr().err
    assert "expected" in error
    assert "Traceback" not in error
