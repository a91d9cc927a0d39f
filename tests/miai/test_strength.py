"""How much stronger one network is than another, from openings of both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.network.checkpoint import save_network
from engine.games.go import GoSpec
from miai.strength import measure_strength
from tests.support.small import small_network


@pytest.mark.parametrize("own_openings", [False, True])
def test_networks_are_matched_from_random_and_from_their_own_openings(
    tmp_path: Path, own_openings: bool
) -> None:
    paths = [tmp_path / f"{seed}.safetensors" for seed in (1, 2)]
    for seed, path in enumerate(paths):
        facts = {"game": "go", "height": 5, "width": 5}
        save_network(path, small_network(seed=seed), facts)
    found = measure_strength(
        GoSpec(5, 5), *paths, games=4, simulations=2, seed=1, own_openings=own_openings
    )
    assert found.wins + found.draws + found.losses == 4
    assert ("self-play openings" in found.conditions) == own_openings
