"""Lots of rows from sources of several kinds, to be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.network.calibration import calibrate, inputs_of
from agents.network.checkpoint import save_network
from agents.network.folded import fold_model
from selfplay.play.source import Lot, Published, Source, gathered
from selfplay.play.threads import ThreadSource
from selfplay.run import RunConfig
from tests.support.small import small_network, small_run


def published(path: Path, config: RunConfig, seed: int) -> Published:
    """An untrained network as a file."""
    spec = config.game.spec()
    model = small_network(spec, seed).eval()
    save_network(path, model, {}, calibrate(fold_model(model), inputs_of(model.config, spec)))
    return Published.of(path)


def two_boards() -> RunConfig:
    """A run on two boards, with games of a league."""
    config = small_run()
    return replace(
        config,
        game=replace(config.game, other_sizes=(4,)),
        selfplay=replace(config.selfplay, slots=12, league_share=0.5),
        adapt=replace(config.adapt, window=False),
    )


def play(source: Source, networks: list[Published]) -> list[list[Lot]]:
    """Three calls with two networks and an opponent; closes the source."""
    try:
        first = source.play([30, 30], [4, 4])
        source.publish(networks[1])
        source.invite(networks[0].path)
        return [first, source.play([20, 20], [4, 4]), source.play([20, 20], [6, 6])]
    finally:
        source.close()


def assert_equal(one: list[list[Lot]], other: list[list[Lot]]) -> None:
    for lots, expected in zip(one, other, strict=True):
        for lot, wanted in zip(lots, expected, strict=True):
            assert (lot.group, lot.network, lot.games) == (
                wanted.group,
                wanted.network,
                wanted.games,
            )
            assert lot.evaluations == wanted.evaluations
            assert (lot.rows is None) == (wanted.rows is None)
            if lot.rows is not None and wanted.rows is not None:
                assert lot.rows.layout == wanted.rows.layout
                for name, array in lot.rows.columns.items():
                    np.testing.assert_array_equal(array, wanted.rows.columns[name], name)


def two_networks(folder: Path) -> list[Published]:
    config = two_boards()
    return [published(folder / f"{seed}.safetensors", config, seed) for seed in (1, 2)]


def lots_of_threads(networks: list[Published]) -> list[list[Lot]]:
    """What :func:`play` gives with threads."""
    lots = play(ThreadSource(two_boards(), networks[0]), networks)
    _, games = gathered([lot for each in lots for lot in each])
    assert len(games) > 20 and {game.task for game in games} == {0, 1}
    assert [lots[0][0].network, lots[1][0].network] == [network.hash for network in networks]
    return lots
