"""Points as text: GTP's columns without I, rows from the bottom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import NotationError
from engine.games import ConnectFourSpec, GoSpec
from engine.notation import action_to_text, column_name, text_to_action
from tests.support.strategies import go_specs


@pytest.mark.parametrize(
    "height, width, action, text",
    [
        (9, 9, 0, "A9"),
        (9, 9, 80, "J1"),
        (9, 9, 72, "A1"),
        (19, 19, 3 * 19 + 15, "Q16"),
        (19, 19, 18, "T19"),
        (3, 8, 7, "H3"),
        (3, 9, 8, "J3"),
        (9, 9, 81, "pass"),
        (2, 2, 4, "pass"),
    ],
)
def test_known_points(height: int, width: int, action: int, text: str) -> None:
    spec = GoSpec(height, width)
    assert action_to_text(spec, action) == text
    assert text_to_action(spec, text) == action
    assert text_to_action(spec, f" {text.lower()}\n") == action
    assert text_to_action(spec, text.upper()) == action


@given(go_specs(2, 19), st.data())
def test_every_action_survives_the_round_trip(spec: GoSpec, data: st.DataObject) -> None:
    action = data.draw(st.integers(0, spec.pass_action))
    assert text_to_action(spec, action_to_text(spec, action)) == action


def test_columns_skip_i_and_go_on_after_z() -> None:
    names = [column_name(column) for column in range(52)]
    assert names[7:9] == ["H", "J"]
    assert names[24:27] == ["Z", "AA", "AB"]
    assert not any("I" in name for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "text",
    ["", "I5", "K1", "A10", "A0", "5A", "A", "9", "A-1", "A1 B2", "passs", "AA1", "Ä1", "A²", "A٣"],
)
def test_text_that_names_no_point_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(NotationError, match="expected a point") as caught:
        text_to_action(GoSpec(9, 9), text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("action", [-1, 82, 1000])
def test_actions_that_do_not_exist_are_refused(action: int) -> None:
    with pytest.raises(NotationError, match=repr(action)):
        action_to_text(GoSpec(9, 9), action)


@pytest.mark.parametrize("text", ["²", "0", "8", "9" * 5000, "-1", "1.5"])
def test_columns_that_are_none(text: str) -> None:
    spec = ConnectFourSpec()
    assert text_to_action(spec, "3", spec.allocate(1)) % 7 == 2
    with pytest.raises(NotationError):
        text_to_action(spec, text, spec.allocate(1))
