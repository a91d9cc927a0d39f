"""Counts endings of GNU Go and made positions, as docs/results/counting.md tells.

    python docs/results/counting.py play FILE SIZE GAMES RULES SEED
    python docs/results/counting.py endings FILE ...
    python docs/results/counting.py made

`play` lets GNU Go play itself and adds each ending to FILE as a line of JSON; `endings` and `made`
compare Miai's count, with the shipped network and without, with GNU Go's.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from agents.evaluators.rollout import RolloutEvaluator
from agents.gtp.client import GtpClient, Watchdog
from agents.gtp.process import find_program
from arena.analysis.life import judge_board, settled_score
from engine.diagram import parse_diagram
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, Positions
from engine.notation import action_to_text, text_to_action
from engine.search import Evaluator
from miai.commands.evaluators import evaluator_of

MADE = {
    "bent four in the corner": """
        X X . O X . . . .
        X O O O X X . . .
        . O X X X . . . .
        O O X . X X X X X
        X X X X X O O O O
        O O O O O O . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .""",
    "three points with a stone in the middle": """
        . X . O X . . . .
        O O O O X . . . .
        X X X X X . . . .
        . . . . . . . . .
        . . . . . . . . .
        X X X X X X X X X
        O O O O O O O O O
        . . . . . . . . .
        . . . . . . . . .""",
    "seki, an eye each and a liberty between": """
        . X . O . O X . .
        X X O O O O X . .
        O O O X X X X . .
        X X X X . . . . .
        . . . . . . . . .
        O O O O O O O O O
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .""",
    "seki of a corner and two stones": """
        X . X X X X . O O
        X X X O O O O O .
        O X O X X X O O O
        O O O O X . X X X
        . . O O X X X . .
        . O . O X X X . .
        . . O O O O X X X
        . . . . . O O O X
        . . . . . . . O X""",
    "a lone stone in a territory": """
        . . . X O . . . .
        . . . X O . . . .
        . O . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .""",
    "a ko that is still open": """
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . X . X O . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .
        . . . X O . . . .""",
    "a seki of twenty stones": """
        . X O O O . . O .
        . X X O O . . O .
        X X X X O O O O O
        X O X X X X X O X
        O O O X X X . X X
        . O X X O X X X .
        X O O O O X . . .
        X X . O X X X . .
        O O O O O O X . .""",
}


def play(file: Path, size: int, games: int, rules: str, seed: int) -> None:
    """Let GNU Go play itself at mixed levels, and judge each ending by its own commands."""
    for game in range(games):
        levels = random.Random(seed + game).choices((1, 4, 8, 10), k=2)
        players = [_gnugo(rules, level, seed + 2 * game + k) for k, level in enumerate(levels)]
        for player in players:
            _ask(player, f"boardsize {size}", "clear_board", "komi 6.5")
        moves: list[str] = []
        while moves[-2:] != ["PASS", "PASS"]:
            side, colour = len(moves) % 2, "BW"[len(moves) % 2]
            moves.append(_ask(players[side], f"genmove {colour}").upper())
            _ask(players[1 - side], f"play {colour} {moves[-1]}")
        dead, seki, score = (
            _ask(players[0], command)
            for command in ("final_status_list dead", "final_status_list seki", "final_score")
        )
        ending = {"size": size, "rules": rules, "komi": 6.5, "moves": moves, "seed": seed + game}
        ending |= {"dead": dead.split(), "seki": seki.split(), "score": score}
        with file.open("a") as out:
            out.write(json.dumps(ending) + "\n")
        for player in players:
            player.close(quit_first=True)


def endings(files: list[Path]) -> None:
    """Compare scores and winners, and print where they differ."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for ending in (json.loads(line) for file in files for line in file.open()):
        spec, position = _position(ending)
        network, _ = evaluator_of("shipped", spec)
        theirs = _points(ending["score"])
        for name, evaluator in (("network", network), ("playouts", RolloutEvaluator())):
            score, dead = _count(evaluator, spec, position)
            known = counts.setdefault(
                (f"{spec.width}x{spec.height} {ending['rules']}", name), Counter()
            )
            known["games"] += 1
            known["same score"] += score == theirs
            known["same winner"] += np.sign(score) == np.sign(theirs)
            if score != theirs:
                other = set(dead) ^ set(ending["dead"])
                print(
                    f"{name}, seed {ending['seed']}: {ending['score']}, not {score:+g}:",
                    *sorted(other),
                )
    for (what, name), count in sorted(counts.items()):
        print(f"{what}, {name}: {dict(count)}")


def made() -> None:
    """Print which stones of the made positions are dead, by either program."""
    for name, drawing in MADE.items():
        spec = GoSpec(9, 9, 6.5)
        position = spec.allocate(1)
        spec.set_up(position, parse_diagram(spec, drawing), BLACK, strict=False)
        stones = spec.stones(position)[0]
        gnugo = _gnugo("chinese", 10, 1)
        _ask(gnugo, "boardsize 9", "clear_board", "komi 6.5")
        for point in np.flatnonzero(stones != EMPTY):
            colour = "black" if stones[point] == BLACK else "white"
            _ask(gnugo, f"play {colour} {action_to_text(spec, int(point))}")
        theirs = sorted(_ask(gnugo, "final_status_list dead").split())
        gnugo.close(quit_first=True)
        network, _ = evaluator_of("shipped", spec)
        print(f"{name}: GNU Go", *(theirs or ["none"]))
        for evaluator in (network, RolloutEvaluator()):
            score, dead = _count(evaluator, spec, position)
            print(f"    {type(evaluator).__name__} {score:+g}:", *(sorted(dead) or ["none"]))


def _gnugo(rules: str, level: int, seed: int) -> GtpClient:
    argv = f"--mode gtp --level {level} --seed {seed} --{rules}-rules --never-resign".split()
    return GtpClient([find_program("gnugo"), *argv], Watchdog())


def _ask(client: GtpClient, *commands: str) -> str:
    text = ""
    for command in commands:
        reply = client.ask_to_think(*command.split())
        assert reply.ok, (command, reply.text)
        text = reply.text
    return text


def _position(ending: dict[str, Any]) -> tuple[GoSpec, Positions]:
    scoring = "area" if ending["rules"] == "chinese" else "territory"
    spec = GoSpec(ending["size"], ending["size"], ending["komi"], ko="simple", scoring=scoring)
    position = spec.allocate(1)
    for move in ending["moves"]:
        spec.play(position, np.array([text_to_action(spec, move)]))
    return spec, position


def _count(evaluator: Evaluator, spec: GoSpec, position: Positions) -> tuple[float, list[str]]:
    life = judge_board(evaluator, spec, position)
    dead = [action_to_text(spec, int(point)) for point in np.flatnonzero(life.dead)]
    return settled_score(spec, position, life), dead


def _points(text: str) -> float:
    return 0.0 if text == "0" else float(text[2:]) * (1 if text[0] == "B" else -1)


if __name__ == "__main__":
    part, *words = sys.argv[1:]
    if part == "play":
        play(Path(words[0]), int(words[1]), int(words[2]), words[3], int(words[4]))
    elif part == "endings":
        endings([Path(word) for word in words])
    else:
        made()
