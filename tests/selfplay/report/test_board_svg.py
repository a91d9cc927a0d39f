"""Pictures of boards: well-formed, complete, and self-contained."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.games import GameSpec, make
from selfplay.report.board_svg import board_svg
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
    meant, label = int(empty[0]), 'said "<so>"'
    text = board_svg(spec, stones.tolist(), shares=shares, meant=meant, label=label)
    root = ElementTree.fromstring(text)
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    kinds = Counter(str(node.get("class")) for node in circles)
    assert kinds["stone b"] == (stones == 1).sum() and kinds["stone w"] == (stones == 2).sum()
    assert kinds["stone e"] == (stones == 0).sum()
    assert (kinds["share"], kinds["meant"], kinds["last"]) == (2, 1, 1)
    texts = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert {"50", "25"} <= set(texts)
    assert len(texts) == spec.width + spec.height + 2
    assert root.get("aria-label") == 'said "<so>"'
    width, height = (float(side) for side in str(root.get("viewBox")).split()[2:])
    for node in circles:
        if node.get("class") == "last":
            continue  # out of sight: no last ply was named
        assert 0 < float(node.get("cx", "-1")) < width
        assert 0 < float(node.get("cy", "-1")) < height
