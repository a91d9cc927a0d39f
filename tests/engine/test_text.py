"""Text from outside, before it comes to a terminal."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import PlainStream, plain, printable, unfiltered


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Größe, 黑先, 🙂", "plain, Größe, 黑先, 🙂"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("a\u202eb\u2066c\u200f", r"a\u202eb\u2066c\u200f"),
        ("a\nb\tc\u2028d", r"a\nb\tc\u2028d"),
        ("\ud800", r"\ud800"),
        ("a\u3000b\u00a0c", "a b c"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(max_size=300), st.one_of(st.none(), st.integers(0, 300)))
def test_nothing_gets_through(text: str, longest: int | None) -> None:
    shown = printable(text, longest)
    assert shown.isprintable()
    assert all(
        unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in plain(text) if c not in "\n\t"
    )
    if longest is None:
        assert printable(shown, None) == shown


def test_long_text_is_cut() -> None:
    assert printable("x" * 300, 10) == "xxxxxxx..."
    assert printable("x" * 10, 10) == "x" * 10


def test_a_stream_lets_lines_through_and_nothing_else() -> None:
    out = io.StringIO()
    stream = PlainStream(out)
    print("\r1/2 \x1b[31mred\r\n\tnext", end="", file=stream)
    stream.writelines(["\x9b", "ok\n"])
    assert out.getvalue() == "\r1/2 \\x1b[31mred\\r\n\tnext\\x9bok\n"
    assert unfiltered(stream) is out and unfiltered(out) is out


def test_a_terminal_of_another_language_is_no_fault() -> None:
    raw = io.BytesIO()
    stream = PlainStream(io.TextIOWrapper(raw, "ascii", write_through=True))
    stream.write("Größe 黑\n")
    assert raw.getvalue() == b"Gr\\xf6\\xdfe \\u9ed1\n"
