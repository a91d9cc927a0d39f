"""The worker process: it plays groups of games for a run in another process, the leader.

The leader's first message gives the settings; each later one is a call of the
:class:`~selfplay.play.source.Source` here. The process ends when its input ends.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from engine.errors import MiaiError
from engine.games.inputs import InputLayout
from selfplay.data.shards import Rows
from selfplay.play.channel import receive, send
from selfplay.play.source import Lot, Published
from selfplay.play.threads import ThreadSource
from selfplay.play.worker import FinishedGame
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays, part_of


def serve(read_config: Callable[[str], RunConfig]) -> None:
    """Answer requests from standard input on standard output, until the input ends.

    Args:
        read_config: parses the TOML text of the first message into the run's settings.
    """
    # Ctrl-C reaches all processes of a terminal; the leader then decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Output that a library prints must not mix with the answers.
    with os.fdopen(os.dup(1), "wb") as answers, os.fdopen(os.dup(0), "rb") as calls:
        os.dup2(2, 1)
        try:
            _serve(calls, answers, read_config)
        except (EOFError, BrokenPipeError):
            return


def _serve(calls: IO[bytes], answers: IO[bytes], read_config: Callable[[str], RunConfig]) -> None:
    source: ThreadSource | None = None
    while True:
        call, arrays = receive(calls)
        try:
            if source is None:
                source = ThreadSource(read_config(call["config"]), _network(call), call["threads"])
                send(answers, {})
            else:
                send(answers, *_answer(source, call, arrays))
        except MiaiError as error:
            send(answers, {"error": str(error)})


def _answer(
    source: ThreadSource, call: dict[str, Any], arrays: Arrays
) -> tuple[dict[str, Any], Arrays]:
    if call["do"] == "publish":
        source.publish(_network(call))
    elif call["do"] == "invite":
        source.invite(Path(call["path"]))
    elif call["do"] == "restore":
        try:
            source.restore(arrays)
        except (KeyError, ValueError) as error:
            return {"misfit": str(error)}, {}
    elif call["do"] == "play":
        lots = source.play(call["plies"], call["simulations"])
        described = [_described(lot) for lot in lots]
        rows = {
            f"rows.{lot.group}.{name}": array
            for lot in lots
            if lot.rows is not None
            for name, array in lot.rows.columns.items()
        }
        in_play = [asdict(game) for game in source.in_play()]
        return {"lots": described, "in_play": in_play}, rows | source.arrays()
    return {}, source.arrays()


def _network(call: dict[str, Any]) -> Published:
    return Published(Path(call["path"]), call["hash"])


def _described(lot: Lot) -> dict[str, Any]:
    return {
        "group": lot.group,
        "network": lot.network,
        "games": [asdict(game) for game in lot.games],
        "evaluations": lot.evaluations,
    }


def read_lot(told: dict[str, Any], arrays: Arrays, layout: InputLayout) -> Lot:
    """Rebuild a lot from a worker's message; ``layout`` belongs to the board of its group."""
    columns = part_of(arrays, f"rows.{told['group']}.")
    return Lot(
        group=told["group"],
        network=told["network"],
        rows=Rows(layout, **columns) if columns else None,
        games=tuple(
            FinishedGame(**{**game, "actions": tuple(game["actions"])}) for game in told["games"]
        ),
        evaluations=told["evaluations"],
    )
