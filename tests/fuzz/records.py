"""Any bytes, as any kind of file with games: legal games come out, or refusals.

A target for atheris, where that is installed: ``python -m tests.fuzz.records tests/fuzz/corpus``.
The suite runs the corpus, and hypothesis beside it.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from engine.records.files import Source
from engine.records.load import Loaded, games_of
from engine.records.replay import reopen

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


def check(data: bytes) -> None:
    """Read ``data`` as SGF and as transcripts; every game must be playable."""
    for is_sgf in (True, False):
        loaded = Loaded()
        for game in games_of(Source(data, "fuzz", is_sgf), None, loaded):
            spec, actions, position = game.record.spec, game.record.actions, game.record.start()
            played = spec.play_line(position, actions)
            while played < len(actions) and reopen(spec, position):  # play after two passes of Go
                played += spec.play_line(position, actions[played:])
            assert played == len(actions)
        assert all(line.startswith(("expected", "move", "stones")) for line in loaded.refusals)


def main() -> None:
    """Let atheris look for bytes that break the promise."""
    import atheris

    # Only what reads is watched: to instrument numba and numpy too takes many minutes. A module is
    # watched from its import on, so those imported above are imported anew.
    watched = ["engine.records"]
    for name in [name for name in sys.modules if name.startswith(tuple(watched))]:
        del sys.modules[name]
    with atheris.instrument_imports(include=watched):
        target = importlib.import_module("tests.fuzz.records")
    atheris.Setup(sys.argv, target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
