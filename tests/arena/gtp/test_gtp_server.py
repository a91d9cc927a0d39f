"""The GTP server's loop, which knows no game."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gtp.grammar import LONGEST_LINE
from arena.gtp.server import CommandError, GtpServer


def refuse(arguments: Sequence[str]) -> str:
    raise CommandError("not today")


def break_down(arguments: Sequence[str]) -> str:
    raise ZeroDivisionError("bug")


def server() -> GtpServer:
    return GtpServer(
        {"echo": lambda arguments: " ".join(arguments), "refuse": refuse, "break": break_down}
    )


def talk(data: bytes) -> bytes:
    answers = io.BytesIO()
    server().serve(io.BytesIO(data), answers)
    return answers.getvalue()


def test_ids_comments_blank_lines_and_carriage_returns() -> None:
    assert talk(b"\r\n# hello\r\n1 echo a\tb # c\r\necho\n") == b"=1 a b\n\n=\n\n"


def test_failures_are_answers() -> None:
    assert talk(b"2 refuse\n3 nothing\n") == b"?2 not today\n\n?3 unknown command\n\n"


def test_a_bug_in_a_command_is_an_answer_and_the_next_is_carried_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert talk(b"break\necho on\n") == b"? internal error: ZeroDivisionError\n\n= on\n\n"
    assert "Traceback" in capsys.readouterr().err


def test_quit_is_answered_and_ends() -> None:
    assert talk(b"7 quit\necho no\n") == b"=7\n\n"


def test_a_line_without_an_end_is_still_a_line() -> None:
    assert talk(b"echo last") == b"= last\n\n"


def test_a_line_that_is_too_long_is_refused_whole() -> None:
    answer = talk(b"echo " + b"x" * (3 * LONGEST_LINE) + b"\necho on\n")
    assert answer == b"? line of more than 65536 bytes\n\n= on\n\n"


def test_what_every_server_knows() -> None:
    assert talk(
        b"protocol_version\nknown_command echo\nknown_command nothing\nknown_command\n"
    ) == (b"= 2\n\n= true\n\n= false\n\n= false\n\n")
    assert talk(b"list_commands\n").split() == [
        b"=", b"break", b"echo", b"known_command", b"list_commands", b"protocol_version", b"quit",
        b"refuse",
    ]  # fmt: skip


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_input_stops_the_server(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    lines = [line for line in lines if b"quit" not in line and b"break" not in line]
    answer = talk(b"\n".join([*lines, b"99 echo still here"]))
    assert answer.endswith(b"=99 still here\n\n")
