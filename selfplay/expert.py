"""From game records to training rows, and a split of games that cannot leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from engine.games.go import GoSpec
from engine.games.inputs import InputLayout
from engine.games.spec import BLACK, GameSpec, Positions
from engine.records import GameRecord
from engine.symmetry import inverses
from selfplay.shards import SHORT_HORIZONS, Rows


def split_games(
    records: Sequence[GameRecord], share: float, seed: int
) -> tuple[list[GameRecord], list[GameRecord]]:
    """Return (training, held out). Games that are alike up to symmetry land on the same side.

    Which side depends on the game and the seed alone, so adding games moves no other game.
    """
    kept: list[GameRecord] = []
    held: list[GameRecord] = []
    for record in records:
        digest = sha256(f"{seed}:{_canonical(record)}".encode()).digest()
        is_held = int.from_bytes(digest[:8]) / 2**64 < share
        (held if is_held else kept).append(record)
    return kept, held


def _canonical(record: GameRecord) -> tuple[int, ...]:
    """The smallest of the game's action sequences under the board's symmetries."""
    height, width = record.spec.height, record.spec.width
    moved = inverses(height, width)
    lines = [
        tuple(
            int(table[action]) if action < record.spec.points else action
            for action in record.actions
        )
        for table in moved
    ]
    return min(lines)


def record_rows(record: GameRecord, number: int) -> Rows:
    """Return one row per action of the record.

    The policy target is the action played. Score and ownership are taught where the board as it
    stands at the end has the score that the record states; the rest of the rows say they are
    unknown. A game without a known result is left out by ``weight`` 0.
    """
    spec = _rules_of_training(record.spec)
    positions, final = _replayed(spec, record)
    actions = np.array(record.actions, np.int64)
    legal = spec.legal(positions)[np.arange(len(actions)), actions]
    planes, globals_ = spec.features(positions)
    side = np.where(spec.to_move(positions) == BLACK, 1, -1).astype(np.int8)
    winner = record.winner
    known = winner is not None
    outcome = (1 - side * (winner or 0)).astype(np.uint8)
    score, ownership = _final_board(spec, final, record)
    count = len(actions)
    policy = np.zeros((count, spec.actions), np.float16)
    policy[np.arange(count), actions] = 1.0
    rows = Rows(
        layout=InputLayout.of(spec),
        planes=np.packbits(planes.reshape(count, -1), axis=1),
        globals=globals_,
        policy=policy,
        policy_weight=np.ones(count, np.float32),
        outcome=outcome,
        root_value=np.eye(3, dtype=np.float16)[outcome],
        short_q=np.full((count, len(SHORT_HORIZONS)), np.nan, np.float16),
        score=(side * np.float32(score)).astype(np.float32),
        ownership=(side[:, None] * ownership[None, :]).astype(np.int8),
        weight=np.full(count, 1.0 if known else 0.0, np.float32),
        game=np.full(count, number, np.int64),
        ply=np.arange(count, dtype=np.int16),
    )
    return rows.take(np.flatnonzero(legal))


def _rules_of_training(spec: GameSpec) -> GameSpec:
    """Records are read under simple ko, the most lenient; networks are trained under superko."""
    return replace(spec, ko="positional") if isinstance(spec, GoSpec) else spec


def _replayed(spec: GameSpec, record: GameRecord) -> tuple[Positions, Positions]:
    """Return the position before each action, and the one after the last."""
    root = spec.allocate(1)
    if record.black_setup or record.white_setup or record.first_to_move != BLACK:
        stones = spec.board(record.black_setup, record.white_setup)
        spec.set_up(root, stones, record.first_to_move)
    plies = len(record.actions)
    paths = np.tile(np.array(record.actions, np.int16), (plies + 1, 1))
    positions = spec.allocate(plies + 1)
    slots = np.zeros(plies + 1, np.int32)
    spec.replay(root, slots, paths, np.arange(plies + 1, dtype=np.int32), positions)
    return positions[:-1], positions[-1:]


def _final_board(spec: GameSpec, final: Positions, record: GameRecord) -> tuple[float, np.ndarray]:
    """Black's score and the owners, if the final board confirms the record's result."""
    score = float(spec.score(final)[0])
    if bool(spec.finished(final)[0]) and record.score == score:
        return score, spec.ownership(final)[0]
    return float("nan"), np.zeros(spec.points, np.int8)


def all_rows(records: Sequence[GameRecord]) -> Rows:
    """Return the rows of all records; ``game`` is the record's place in the sequence."""
    return Rows.concatenate([record_rows(record, i) for i, record in enumerate(records)])
