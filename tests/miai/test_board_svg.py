"""Pictures of boards: well-formed, complete, and self-contained."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from engine.games import GameSpec, make
from miai.board_svg import Board, board_svg
from tests.conformance import random_game


@pytest.mark.parametrize(
    "spec",
    [make("go", 9), make("go", 19), make("othello"), make("connect_four"), make("hex", 5)],
    ids=str,
)
def test_every_stone_and_likely_action_is_drawn(spec: GameSpec) -> None:
    position = spec.allocate(1)
    for action in random_game(spec, np.random.default_rng(2), 12):
        spec.play(position, np.array([action]))
    stones = spec.stones(position)[0]
    empty = np.flatnonzero(stones == 0)
    shares = {int(empty[0]): 0.5, int(empty[1]): 0.25, int(empty[2]): 0.001}
    text = board_svg(Board(spec, stones, shares, int(empty[0]), 'said "<so>"'))
    root = ElementTree.fromstring(text)
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    stars = sum(node.get("r") == "2" for node in circles)
    assert len(circles) - stars == (stones > 0).sum() + 2 + 1
    texts = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert {"50", "25"} <= set(texts)
    assert len(texts) == spec.width + spec.height + 2
    assert root.get("aria-label") == 'said "<so>"'
    width, height = (float(root.get(side, "0")) for side in ("width", "height"))
    for node in circles:
        assert 0 < float(node.get("cx", "-1")) < width
        assert 0 < float(node.get("cy", "-1")) < height
