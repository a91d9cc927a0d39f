"""``loadsgf`` reaches the file's position or says why not, and then changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from arena.gtp.board import Board
from arena.gtp.board_commands import BoardCommands
from arena.gtp.server import CommandError
from engine.games import GoSpec


class Session:
    """A board and its commands, without a server."""

    def __init__(self, folder: Path) -> None:
        self.board = Board(GoSpec(9, 9, 5.5))
        self._commands = BoardCommands(self.board).commands()
        self._path = folder / "a.sgf"

    def say(self, line: str) -> str:
        name, *arguments = line.split()
        return str(self._commands[name](arguments))

    def load(self, text: str, *arguments: str) -> str:
        self._path.write_text(text)
        self._commands["loadsgf"]([str(self._path), *arguments])
        return self.say("printsgf")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("(;SZ[9];B[cc];W[gg];AE[gg]PL[W];W[gc])", "AB[cc]PL[W];W[gc]"),
        ("(;SZ[9];B[cc];W[gg];B[];W[];B[gc];W[cg])", ";B[cc];W[gg];B[];W[];B[gc];W[cg]"),
        ("(;SZ[9];B[cc];W[gg];W[ee])", ";B[cc];W[gg];B[];W[ee]"),
        ("(;SZ[9]HA[2];W[ee];B[cc])", "AB[cg][gc]PL[W];W[ee];B[cc]"),
        ("(;SZ[9]RU[NZ]KM[7];B[ba];W[aa];B[ab])", "KM[7]RU[NZ]"),
        ("(;SZ[9];B[cc];W[gg];B[", ";B[cc];W[gg])"),
        ("(;SZ[9]AB[zz][cc];W[dd])", "AB[cc]PL[W];W[dd]"),
        ("(;SZ[9];B[cc])(;SZ[77];B[aa])", ";B[cc])"),
    ],
)
def test_the_position_of_the_file_is_reached(session: Session, text: str, line: str) -> None:
    assert line in session.load(text)


def test_rules_and_komi_are_the_files_where_it_names_them(session: Session) -> None:
    session.load("(;SZ[9];B[cc])")
    assert session.say("get_komi") == "5.5"
    assert session.board.spec == GoSpec(9, 9, 5.5)
    assert "RU[日本ルール]" in session.load("(;SZ[9]KM[650]RU[日本ルール];B[cc])")
    assert session.board.spec == GoSpec(9, 9, 6.5, ko="simple", scoring="territory")
    assert "scoreTERRITORY" in session.load("(;SZ[9]KM[];B[cc])")
    assert session.say("get_komi") == "6.5"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(;SZ[5]KM[3]RU[AGA];B[cc];W[cc];B[dd])", "move 2 at C3 is illegal: a.sgf, line 1"),
        ("(;SZ[5]KM[3];B[cc];W[zz];B[dd])", "move 2: expected a point"),
        ("(;SZ[5]GM[11];B[cc])", "a game of hex"),
        ("(;SZ[77];B[cc])", "expected a board size"),
        ("no game", "expected an SGF file"),
    ],
)
def test_what_cannot_be_followed_leaves_all_as_it_was(
    session: Session, text: str, why: str
) -> None:
    session.say("play b D4")
    before = session.say("printsgf"), session.say("get_komi"), session.board.spec
    with pytest.raises(CommandError, match="cannot load file") as caught:
        session.load(text)
    assert why in str(caught.value)
    assert (session.say("printsgf"), session.say("get_komi"), session.board.spec) == before


def test_a_move_before_the_end_can_be_asked_for(session: Session) -> None:
    assert ";B[cc])" in session.load("(;SZ[9];B[cc];W[cc];B[dd])", "2")
