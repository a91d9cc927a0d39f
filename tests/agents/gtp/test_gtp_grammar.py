"""Lines of GTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gtp.grammar import (
    LARGEST_INTEGER,
    Command,
    Reply,
    colour_word,
    decode,
    format_command,
    format_reply,
    parse_colour,
    parse_command,
    parse_integer,
    parse_number,
    reply_head,
)
from engine.errors import NotationError
from engine.games.spec import BLACK, WHITE


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("genmove b", Command("genmove", ("b",))),
        ("12 play w D4", Command("play", ("w", "D4"), 12)),
        ("  boardsize\t9 \r\n", Command("boardsize", ("9",))),
        ("komi 6.5 # a comment", Command("komi", ("6.5",))),
        ("ge\x07nmove\x00 w", Command("genmove", ("w",))),
        ("", None),
        ("   \t ", None),
        ("# only a comment", None),
        ("7", None),
    ],
)
def test_commands_are_read(line: str, command: Command | None) -> None:
    assert parse_command(line) == command


@given(st.text())
def test_no_text_breaks_the_reader(line: str) -> None:
    command = parse_command(line)
    if command is not None:
        assert command.name and "\n" not in command.name


@given(st.binary())
def test_no_bytes_break_the_reader(line: bytes) -> None:
    reply_head(line)
    assert not set(decode(line)) & {chr(code) for code in [*range(32), 127]}


@pytest.mark.parametrize(
    ("reply", "data"),
    [
        (Reply(True, "D4"), b"= D4\n\n"),
        (Reply(True), b"=\n\n"),
        (Reply(True, "", 3), b"=3\n\n"),
        (Reply(False, "illegal move", 0), b"?0 illegal move\n\n"),
        (Reply(True, "\na\n\nb\n"), b"= \na\nb\n\n"),
    ],
)
def test_answers_are_written_with_one_empty_line_at_the_end(reply: Reply, data: bytes) -> None:
    assert format_reply(reply) == data


@pytest.mark.parametrize(
    ("line", "head"),
    [
        (b"= D4", (True, None, "D4")),
        (b"=7 D4", (True, 7, "D4")),
        (b"?7 no", (False, 7, "no")),
        (b"=", (True, None, "")),
        (b"D4", None),
        (b"=D4", None),
        (b"", None),
    ],
)
def test_first_lines_of_answers_are_read(
    line: bytes, head: tuple[bool, int | None, str] | None
) -> None:
    assert reply_head(line) == head


@given(st.booleans(), st.none() | st.integers(0, 10**6), st.text("abc D4.", min_size=1))
def test_what_is_written_is_read_back(ok: bool, number: int | None, text: str) -> None:
    first = format_reply(Reply(ok, text.strip(), number)).split(b"\n")[0]
    assert reply_head(first) == (ok, number, text.strip())


def test_commands_are_written() -> None:
    assert format_command("play", ("b", "D4")) == b"play b D4\n"
    assert parse_command(format_command("name").decode()) == Command("name")


def test_colours() -> None:
    assert [parse_colour(word) for word in ("b", "BLACK", "w", "White")] == [
        BLACK,
        BLACK,
        WHITE,
        WHITE,
    ]
    assert [parse_colour(colour_word(colour)) for colour in (BLACK, WHITE)] == [BLACK, WHITE]
    with pytest.raises(NotationError, match="'green'"):
        parse_colour("green")


def test_numbers() -> None:
    assert parse_integer("9") == 9
    assert parse_integer("99999999999999") == LARGEST_INTEGER
    assert [parse_number(word) for word in ("6.5", "-0.5", "7", "7.", ".5")] == [
        6.5,
        -0.5,
        7,
        7,
        0.5,
    ]
    for word in ("-1", "x", "1.5", "", "1e3", "٣"):
        with pytest.raises(NotationError):
            parse_integer(word)
    for word in ("nan", "inf", "-inf", "1e9", "", "x", "٣"):
        with pytest.raises(NotationError):
            parse_number(word)


def test_a_byte_order_mark_before_the_first_command_is_no_part_of_it() -> None:
    command = parse_command(decode(b"\xef\xbb\xbf1 name\r\n"))
    assert command is not None
    assert (command.id, command.name) == (1, "name")
