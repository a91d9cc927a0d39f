"""A run folder without a run: believable numbers, real games (random ones), known strengths."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from arena.ladder import Encounter, as_json, rate_players
from engine.games import make
from engine.games.spec import GameSpec
from engine.records import GameRecord
from engine.records.sgf import write_sgf
from selfplay.run.benchmark import Meeting
from selfplay.run.folder import RunFolder
from selfplay.run.measures import CALIBRATION_BINS

CYCLES_PER_CHECKPOINT = 5
LADDER = {"random": -1400.0, "rollouts:100": -350.0, "rollouts:500": 0.0, "rollouts:2000": 330.0}


def make_up_run(
    path: Path,
    *,
    game: str = "go",
    width: int = 5,
    height: int = 5,
    cycles: int = 20,
    minutes: float = 40.0,
    seed: int = 1,
    final_elo: float = 400.0,
) -> RunFolder:
    """Write a whole run folder: all files that readers look at, and stand-ins for networks."""
    folder = RunFolder(path)
    folder.lock().release()
    spec = make(game, height, width)
    folder.config.write_text(
        f'seed = {seed}\nnetwork = "b4c32"\n\n[game]\nname = "{game}"\nheight = {height}\n'
        f"width = {width}\nkomi = 7.0\n\n[schedule]\nminutes = {minutes}\n\n[benchmark]\n"
        'games = 64\nsimulations = 100\nanchor = "rollouts:500"\n'
        "ladder = " + json.dumps(list(LADDER)) + "\n",
        encoding="utf-8",
    )
    random = np.random.default_rng(seed)
    for cycle in range(1, cycles + 1):
        folder.append(folder.metrics, metrics_of(cycle, cycles, minutes, random))
        folder.append(folder.openings, {"cycle": cycle, "games": _openings(spec, random)})
        if cycle % CYCLES_PER_CHECKPOINT == 0:
            folder.checkpoint(cycle).write_bytes(b"weights")
            records = [_random_game(spec, random) for _ in range(3)]
            folder.games(cycle).write_bytes(b"\n".join(map(write_sgf, records)))
    _rate(folder, final_elo, random)
    machine = {"cpu": "Imaginary 9000", "cores": "2", "python": "3.11.9", "numba": "0.68.1"}
    folder.append(folder.sessions, {"started": "2026-01-02 03:04", "machine": machine})
    return folder


def metrics_of(
    cycle: int, cycles: int, minutes: float, random: np.random.Generator
) -> dict[str, object]:
    """One line of metrics, as a run writes it."""
    share = cycle / cycles
    noise = 1.0 + 0.03 * random.standard_normal()
    expected = (np.arange(CALIBRATION_BINS) + 0.5) / CALIBRATION_BINS
    true = 0.5 + (expected - 0.5) * (0.4 + 0.6 * share)
    entry: dict[str, object] = {
        "cycle": cycle,
        "games": 30 * cycle,
        "rows": 2500 * cycle,
        "window_rows": 1500 * cycle,
        "new_rows": 2500,
        "steps": 30,
        "learning_rate": 0.008 if share < 0.7 else 0.008 * 0.1 ** ((share - 0.7) / 0.3),
        "mean_plies": 60.0 + 40.0 * math.exp(-4 * share) * noise,
        "cut_games": 0.4 * math.exp(-5 * share),
        "black_wins": 0.5 + 0.1 * random.standard_normal(),
        "distinct_games": 1.0,
        "target_entropy": (1.4 + 1.2 * math.exp(-4 * share)) * noise,
        "value_error": (0.4 + 0.6 * math.exp(-4 * share)) * noise,
        "calibration": [
            [100, round(100 * e, 3), round(100 * t, 3)] for e, t in zip(expected, true, strict=True)
        ],
        "loss_policy": (1.9 + 1.5 * math.exp(-4 * share)) * noise,
        "loss_value": (0.4 + 0.3 * math.exp(-4 * share)) * noise,
        "loss_ownership": (0.25 + 0.3 * math.exp(-4 * share)) * noise,
        "loss_total": (3.0 + 2.0 * math.exp(-4 * share)) * noise,
        "elapsed_s": 60.0 * minutes * share,
        "progress": share,
        "simulations": 16,
        "play_s": 4.0,
        "learn_s": 4.0,
        "evaluations_per_s": 36000.0 * noise,
        "games_per_s": 4.0 * noise,
        "rows_per_s": 480.0 * noise,
        "memory_mb": 900.0 + 40.0 * noise,
    }
    if cycle == cycles // 2:
        entry["notes"] = ["expected a loss of about 3.10, got 9.2: back to the last state"]
    if cycle % CYCLES_PER_CHECKPOINT == 0:
        entry["checkpoint"] = f"{cycle:06d}"
    return entry


def _openings(spec: GameSpec, random: np.random.Generator) -> list[str]:
    from engine.notation import action_to_text

    centre = spec.points // 2
    lines = []
    for _ in range(10):
        others = random.permutation(np.setdiff1d(np.arange(spec.points), [centre]))[:3]
        lines.append(" ".join(action_to_text(spec, int(a)) for a in (centre, *others)))
    return lines


def _random_game(spec: GameSpec, random: np.random.Generator) -> GameRecord:
    position, actions = spec.allocate(1), []
    while not spec.finished(position)[0] and len(actions) < 3 * spec.points:
        candidates = np.flatnonzero(spec.candidates(position)[0])
        actions.append(int(random.choice(candidates)))
        spec.play(position, np.array(actions[-1:]))
    score = float(spec.score(position)[0])
    result = "0" if score == 0 else f"{'B' if score > 0 else 'W'}+{abs(score):g}"
    return GameRecord(spec, tuple(actions), "miai", "miai", result)


def _rate(folder: RunFolder, final_elo: float, random: np.random.Generator) -> None:
    """Meetings whose scores are drawn from known strengths, and the ratings they give."""
    names = [path.stem for path in folder.checkpoints()]
    elo = dict(LADDER)
    for i, name in enumerate(names):
        elo[name] = final_elo - 1200.0 * math.exp(-4.0 * (i + 1) / len(names))
    meetings = []
    for i, name in enumerate(names):
        for opponent in (*LADDER, *names[max(i - 2, 0) : i]):
            chance = 1.0 / (1.0 + 10 ** ((elo[opponent] - elo[name]) / 400.0))
            black, white = (float(random.binomial(12, chance)) for _ in range(2))
            meetings.append(Meeting(name, opponent, 24, black, white, 12.0))
    for meeting in meetings:
        folder.append(folder.benchmarks, vars(meeting))
    encounters = [
        Encounter(m.first, m.second, m.games, m.points_as_black, m.points_as_white)
        for m in meetings
    ]
    ratings = rate_players(encounters, "rollouts:500")
    folder.ratings.write_text(json.dumps(as_json(ratings)), encoding="utf-8")
