"""Hypothesis strategies: Go specs, and choices that any game can turn into legal actions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.games import GameSpec, GoSpec


def go_specs(smallest: int = 2, largest: int = 9) -> st.SearchStrategy[GoSpec]:
    """Go under all rules, squares and rectangles."""
    sides = st.integers(smallest, largest)
    return st.builds(
        GoSpec,
        height=sides,
        width=sides,
        komi=st.integers(-20, 20).map(lambda half_points: half_points / 2),
        ko=st.sampled_from(["positional", "situational", "simple"]),
        suicide=st.booleans(),
        scoring=st.sampled_from(["area", "territory"]),
    )


@st.composite
def choices(draw: st.DrawFn, most: int = 120) -> list[int]:
    """Numbers that say which of the legal actions is played, ply by ply."""
    plies = draw(st.integers(0, most))
    return np.frombuffer(draw(st.binary(min_size=2 * plies, max_size=2 * plies)), "<u2").tolist()


def pick(legal: NDArray[np.bool_], choice: int) -> int:
    """The action a choice stands for; the pass only rarely, so that games become long."""
    points = np.flatnonzero(legal[:-1])
    if not len(points) or choice % 61 == 60:
        return len(legal) - 1
    return int(points[choice % len(points)])


def play_choices(spec: GameSpec, numbers: list[int]) -> tuple[int, ...]:
    """The actions of the game that these choices make."""
    position = spec.allocate(1)
    actions: list[int] = []
    for number in numbers:
        if spec.finished(position)[0]:
            break
        actions.append(pick(spec.legal(position)[0], number))
        spec.play(position, np.array(actions[-1:]))
    return tuple(actions)
