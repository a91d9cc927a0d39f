"""People read the board's own names; files and protocols keep the names of points."""

from __future__ import annotations

import io

import numpy as np

from arena.session.game import Settings
from arena.session.session import Session
from arena.terminal import Terminal
from engine.diagram import diagram, parse_diagram
from engine.games import ConnectFourSpec, GoSpec, quick
from engine.notation import action_to_text, move_name, text_to_action
from tests.support.go_game import load_playouts


def test_where_stones_fall_a_move_is_its_column() -> None:
    spec = ConnectFourSpec()
    position = spec.allocate(1)
    for column in range(1, 8):
        action = text_to_action(spec, f"{column}", position)
        assert move_name(spec, action) == f"{column}"
        assert text_to_action(spec, action_to_text(spec, action)) == action
    spec.play(position, np.array([text_to_action(spec, "4", position)]))
    assert move_name(spec, text_to_action(spec, "4", position)) == "4"


def test_elsewhere_it_is_its_point() -> None:
    for spec in (GoSpec(9, 9), quick("othello"), quick("tic_tac_toe"), quick("hex")):
        for action in range(spec.actions):
            assert move_name(spec, action) == action_to_text(spec, action)


def test_printed_boards_name_the_columns_as_moves_do() -> None:
    spec = ConnectFourSpec()
    position = spec.allocate(1)
    spec.play(position, np.array([text_to_action(spec, "3", position)]))
    text = diagram(spec, position)
    assert text.splitlines()[0].split() == [f"{column}" for column in range(1, 8)]
    assert (parse_diagram(spec, text) == spec.stones(position)[0]).all()


def test_the_terminal_and_a_person_at_it_use_columns() -> None:
    spec = ConnectFourSpec()
    session, out = Session(Settings(spec, (1,)), seed=1), io.StringIO()
    Terminal(session, load_playouts, io.StringIO("4\nquit\n"), out).run()
    said = next(line for line in out.getvalue().splitlines() if " plays " in line)
    assert said.split(" plays ")[1].split()[0] in "1234567"
