"""Every game against OpenSpiel: legal actions at every ply, the end and the result.

``python -m tests.support.openspiel_games`` plays as many more as one likes; what a million gave is
in docs/results/engine.md.
"""

from __future__ import annotations

import pytest

from engine.games import GAMES

pytest.importorskip("pyspiel", reason="needs the package open-spiel")

from tests.support.openspiel_games import PEERS, Peer, compare_all, play_in_lockstep


@pytest.mark.parametrize("peer", PEERS, ids=str)
def test_random_games_agree(peer: Peer) -> None:
    plies, _ = play_in_lockstep(peer, 50, seed=1)
    assert plies > 50 * 5


def test_every_registered_game_has_a_peer() -> None:
    assert {peer.spec.name for peer in PEERS} == set(GAMES)


@pytest.mark.slow
def test_a_hundred_thousand_random_games_agree() -> None:
    played = compare_all(100_000)
    assert sum(games for games, _, _ in played.values()) >= 100_000
    refused = sum(refused for _, _, refused in played.values())
    assert refused > 200, "superko never mattered: the games test too little"
