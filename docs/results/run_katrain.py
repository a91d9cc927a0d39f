"""Lets KaTrain's own engine, game and AI classes talk to an analysis engine, without a window.

`python docs/results/run_katrain.py FOLDER COMMAND`: where `pip install --target FOLDER katrain` put
it, and the engine's command line.
"""

from __future__ import annotations

import os
import sys
import time
from types import SimpleNamespace
from typing import Any


def main(folder: str, command: str) -> None:
    """Play five moves, analyse them in every way that KaTrain knows, ask its AIs for moves."""
    os.environ.update(KIVY_NO_ARGS="1", KIVY_NO_CONSOLELOG="1", KIVY_NO_FILELOG="1")
    sys.path.insert(0, folder)
    from katrain.core.ai import generate_ai_move
    from katrain.core.base_katrain import KaTrainBase
    from katrain.core.engine import KataGoEngine
    from katrain.core.game import Game, Move

    errors: list[str] = []

    class Program(KaTrainBase):
        pondering = False
        controls = SimpleNamespace(set_status=lambda *arguments, **named: None)

        def log(self, message: Any, level: float = 0) -> None:
            if "rror" in str(message):
                errors.append(str(message))

        def __call__(self, *arguments: Any, **named: Any) -> None:
            errors.append(str(arguments))

    program = Program(force_package_config=True, debug_level=0)
    settings = dict(program.config("engine"), backend="custom", altcommand=command)
    settings |= {"max_visits": 100, "max_time": 30.0, "wide_root_noise": 0.04}
    engine = KataGoEngine(program, settings)
    game = Game(program, engine, game_properties={"SZ": "9", "KM": "7", "RU": "chinese"})

    def wait() -> None:
        while not engine.is_idle():
            time.sleep(0.1)

    for ply, point in enumerate(("E5", "C3", "G3", "G7", "C7")):
        game.play(Move.from_gtp(point, player="BW"[ply % 2]))
    wait()
    for node in game.current_node.nodes_from_root:
        parts = [node.move, node.format_score(), node.format_winrate()]
        print(*parts, node.analysis_complete, len(node.ownership), len(node.policy))
    for mode in ("alternative", "equalize", "sweep"):
        game.analyze_extra(mode)
    wait()
    print(len(game.current_node.candidate_moves), "candidates")
    for mode, how in (
        ("ai:default", {}),
        ("ai:policy", {"opening_moves": 0}),
        ("ai:scoreloss", {"strength": 0.5}),
    ):
        print(mode, generate_ai_move(game, mode, how)[0])
    engine.shutdown(finish=False)
    print("errors:", errors)


if __name__ == "__main__":
    main(*sys.argv[1:])
