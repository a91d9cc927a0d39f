"""From game records to training rows, and a split of games that cannot leak."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from engine.games.inputs import InputLayout
from engine.games.spec import BLACK, GameSpec, Positions
from engine.records import Filter, GameRecord
from engine.records.load import game_identity
from selfplay.data.columns import DRAW
from selfplay.data.shards import Rows


def split_games(
    records: Sequence[GameRecord], share: float, seed: int
) -> tuple[list[GameRecord], list[GameRecord]]:
    """Return (training, held out). Games that are alike up to symmetry land on the same side.

    Which side depends on the game and the seed alone, so adding games moves no other game.
    """
    kept: list[GameRecord] = []
    held: list[GameRecord] = []
    for record in records:
        digest = sha256(f"{seed}:".encode() + game_identity(record)).digest()
        is_held = int.from_bytes(digest[:8]) / 2**64 < share
        (held if is_held else kept).append(record)
    return kept, held


def record_rows(record: GameRecord, number: int, only: Filter | None = None) -> Rows:
    """Return one row per action of the record.

    The policy target is the action played; moves that ``only`` leaves out teach no policy. Score
    and ownership are taught where the board as it stands at the end has the score that the record
    states; the rest of the rows say they are unknown. Without a known result, ``root_value`` is
    zero: nothing is known of the value.
    """
    spec = rules_of_training(record.spec)
    positions, final = replayed(spec, record)
    count = len(positions)
    actions = np.array(record.actions[:count], np.int64)
    planes, globals_ = spec.features(positions)
    side = np.where(spec.to_move(positions) == BLACK, 1, -1).astype(np.int8)
    outcome = (1 - side * (record.winner or 0)).astype(np.uint8)
    known = np.eye(3, dtype=np.float16)[outcome]
    if record.winner is None:
        outcome, known = np.full(count, DRAW, np.uint8), np.zeros((count, 3), np.float16)
    score, ownership = _final_board(spec, final, record)
    policy = np.zeros((count, spec.actions), np.float16)
    policy[np.arange(count), actions] = 1.0
    black, white = (True, True) if only is None else only.sides(record)
    return Rows(
        layout=InputLayout.of(spec),
        planes=np.packbits(planes.reshape(count, -1), axis=1),
        globals=globals_,
        policy=policy,
        policy_weight=np.where(side == 1, black, white).astype(np.float32),
        outcome=outcome,
        root_value=known,
        score=(side * np.float32(score)).astype(np.float32),
        ownership=(side[:, None] * ownership[None, :]).astype(np.int8),
        game=np.full(count, number, np.int64),
        ply=np.arange(count, dtype=np.int16),
    )


def rules_of_training(spec: GameSpec) -> GameSpec:
    """Records are read under simple ko, the most lenient; networks are trained under superko.

    They count by area, too; of a record that does not, the result stays and the score is unknown.
    """
    usual = {"ko": "positional", "scoring": "area"}
    return spec.changed(**{name: rule for name, rule in usual.items() if name in spec.rules})


def replayed(spec: GameSpec, record: GameRecord) -> tuple[Positions, Positions]:
    """Return the position before each action, and the one after the last.

    Under stricter rules than the record's, as far as its actions are legal.
    """
    position = spec.allocate(1)
    if record.black_setup or record.white_setup or record.first_to_move != BLACK:
        stones = spec.board(record.black_setup, record.white_setup)
        spec.set_up(position, stones, record.first_to_move, strict=False)
    positions = spec.allocate(len(record.actions))
    played = spec.play_line(position, record.actions, positions)
    return positions[:played], position


def _final_board(spec: GameSpec, final: Positions, record: GameRecord) -> tuple[float, np.ndarray]:
    """Black's score and the owners, if the final board confirms the record's result."""
    score = float(spec.score(final)[0])
    if spec.has_points and bool(spec.finished(final)[0]) and record.score == score:
        return score, spec.ownership(final)[0]
    return float("nan"), np.zeros(spec.points, np.int8)


def all_rows(records: Sequence[GameRecord], only: Filter | None = None) -> Rows:
    """Return the rows of all records; ``game`` is the record's place in the sequence."""
    return Rows.concatenate([record_rows(record, i, only) for i, record in enumerate(records)])
