"""What every game promises, as checks over any spec: called once per registered game."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from engine.diagram import diagram, parse_diagram
from engine.errors import IllegalActionError, SpecError
from engine.games import BLACK, WHITE, GameSpec, make
from engine.notation import action_to_text, text_to_action
from engine.symmetry import inverses, permutations

PLAYOUT_SEEDS = np.uint64(0x9E37)


def random_game(spec: GameSpec, random: np.random.Generator, plies: int) -> list[int]:
    """Up to ``plies`` random legal actions, sensible ones as a rule."""
    position = spec.allocate(1)
    actions: list[int] = []
    while len(actions) < plies and not spec.finished(position)[0]:
        allowed = spec.candidates(position)[0].copy()
        if allowed[:-1].any():
            allowed[-1] = False
        if random.random() < 0.1:
            allowed = spec.legal(position)[0]
        actions.append(int(random.choice(np.flatnonzero(allowed))))
        spec.play(position, np.array(actions[-1:]))
    return actions


def after(spec: GameSpec, games: list[list[int]]) -> Any:
    """Positions after these games, all rows played in one batch."""
    positions = spec.allocate(len(games))
    for ply in range(max(map(len, games), default=0)):
        actions = [game[ply] if ply < len(game) else -1 for game in games]
        spec.play(positions, np.array(actions))
    return positions


def some_games(spec: GameSpec, count: int, seed: int = 0) -> list[list[int]]:
    random = np.random.default_rng(seed)
    longest = min(4 * spec.points, spec.max_plies)
    return [random_game(spec, random, int(random.integers(longest + 1))) for _ in range(count)]


def raw_bytes(positions: Any) -> Any:
    """The memory of contiguous rows, uint8 ``(rows, bytes)``."""
    return positions.view(np.uint8).reshape(len(positions), -1)


def read_all(spec: GameSpec, positions: Any) -> list[Any]:
    """What every verb that reads says of these rows."""
    return [
        spec.legal(positions),
        spec.candidates(positions),
        spec.finished(positions),
        spec.to_move(positions),
        spec.stones(positions),
        spec.score(positions),
        spec.ownership(positions),
        spec.outcome(positions),
        spec.keys(positions),
        *spec.features(positions),
    ]


def check_shapes_and_types(spec: GameSpec) -> None:
    positions = after(spec, some_games(spec, 5))
    planes, globals_ = spec.features(positions)
    assert len(set(spec.plane_names)) == len(spec.plane_names)
    expected = [
        (spec.legal(positions), (5, spec.actions), np.bool_),
        (spec.candidates(positions), (5, spec.actions), np.bool_),
        (spec.finished(positions), (5,), np.bool_),
        (spec.to_move(positions), (5,), np.uint8),
        (spec.stones(positions), (5, spec.points), np.uint8),
        (spec.score(positions), (5,), np.float32),
        (spec.ownership(positions), (5, spec.points), np.int8),
        (spec.outcome(positions), (5,), np.int8),
        (spec.keys(positions), (5,), np.uint64),
        (planes, (5, spec.points, len(spec.plane_names)), np.uint8),
        (globals_, (5, len(spec.global_names)), np.float32),
    ]
    for array, shape, dtype in expected:
        assert array.shape == shape and array.dtype == dtype
    assert planes.max() <= 1
    assert np.isfinite(globals_).all()
    for array in read_all(spec, positions[:0]):
        assert len(array) == 0


def check_spec_is_a_value(spec: GameSpec) -> None:
    twin = copy.deepcopy(spec)
    assert twin == spec and hash(twin) == hash(spec)
    assert twin.dtype is spec.dtype
    with pytest.raises(AttributeError):
        spec.height = 3  # type: ignore[misc]


def check_rows_do_not_know_each_other(spec: GameSpec) -> None:
    """A batch is its rows, in any order."""
    games = some_games(spec, 12, seed=1)
    together = read_all(spec, after(spec, games))
    order = np.random.default_rng(0).permutation(len(games))
    shuffled = read_all(spec, after(spec, [games[i] for i in order]))
    for whole, mixed in zip(together, shuffled, strict=True):
        assert np.array_equal(whole[order], mixed)
    for row, game in enumerate(games):
        for whole, alone in zip(together, read_all(spec, after(spec, [game])), strict=True):
            assert np.array_equal(whole[row : row + 1], alone)


def check_reading_writes_nothing(spec: GameSpec) -> None:
    positions = after(spec, some_games(spec, 6, seed=2))
    before = positions.tobytes()
    read_all(spec, positions)
    assert positions.tobytes() == before


def check_rows_without_action_are_left_alone(spec: GameSpec) -> None:
    """Rows with -1 and rows outside the view keep every byte, padding included."""
    games = [game[: len(game) // 2] for game in some_games(spec, 9, seed=3)]
    positions = after(spec, games)
    view = positions[2:7]
    actions = np.full(5, -1)
    live = np.flatnonzero(~spec.finished(view))
    for row in live[::2]:
        actions[row] = np.flatnonzero(spec.legal(view)[row])[0]
    before = raw_bytes(positions).copy()
    spec.play(view, actions)
    changed = np.zeros(9, bool)
    changed[2:7] = actions >= 0
    assert changed.any()
    assert np.array_equal((raw_bytes(positions) != before).any(axis=1), changed)


def check_replay_is_play(spec: GameSpec) -> None:
    """Paths from several roots, several per root, with canaries behind the leaves."""
    games = [game for game in some_games(spec, 40, seed=4) if len(game) > 6][:5]
    roots = after(spec, [game[:-6] for game in games])
    row_slot = np.array([3, 0, 3, 1, 4, 2, 2], np.int32)
    lengths = np.array([6, 0, 3, 6, 1, 5, 6], np.int32)
    paths = np.full((9, 8), 31000, np.int16)
    for i, slot in enumerate(row_slot):
        paths[i, : lengths[i]] = games[slot][-6:][: lengths[i]]
    leaves = spec.allocate(9)
    leaves.view(np.uint8)[:] = 0xA5
    before = roots.tobytes()
    spec.replay(roots, row_slot, paths, lengths, leaves)
    played = [games[s][: len(games[s]) - 6 + n] for s, n in zip(row_slot, lengths, strict=True)]
    expected = after(spec, played)
    for got, want in zip(read_all(spec, leaves[:7]), read_all(spec, expected), strict=True):
        assert np.array_equal(got, want)
    assert roots.tobytes() == before
    assert set(leaves[7:].tobytes()) == {0xA5}


def check_a_line_is_played_up_to_its_first_illegal_action(spec: GameSpec) -> None:
    for game in some_games(spec, 5, seed=6):
        trace, position = spec.allocate(len(game) + 1), spec.allocate(1)
        assert spec.play_line(position, [*game, spec.actions], trace) == len(game)
        for i in range(len(game)):
            assert trace[i : i + 1].tobytes() == after(spec, [game[:i]]).tobytes()
        assert trace[len(game) :].tobytes() == position.tobytes()
        if len(game) > 1:
            illegal = np.flatnonzero(~spec.legal(trace[1:2])[0]).tolist()
            assert all(spec.play_line(spec.allocate(1), [game[0], a, 0]) == 1 for a in illegal)


def check_illegal_actions_are_refused(spec: GameSpec) -> None:
    """All illegal actions of some positions, and each time no row changes."""
    positions = after(spec, some_games(spec, 8, seed=5))
    before = positions.tobytes()
    refused = 0
    for row, allowed in enumerate(spec.legal(positions)):
        for action in [*np.flatnonzero(~allowed), spec.actions, -2]:
            actions = np.full(len(positions), -1)
            actions[row] = action
            with pytest.raises(IllegalActionError, match=r"expected .* got"):
                spec.play(positions, actions)
            refused += 1
    assert refused > 8
    assert positions.tobytes() == before


def check_games_end(spec: GameSpec) -> None:
    """Sensible play ends, the end has no actions, and the outcome is the sign of the score."""
    positions = spec.allocate(64)
    spec.playout(positions, np.arange(64, dtype=np.uint64) * PLAYOUT_SEEDS)
    assert spec.finished(positions).all()
    assert not spec.legal(positions).any()
    assert np.array_equal(spec.outcome(positions), np.sign(spec.score(positions)))
    assert (positions["plies"] <= spec.max_plies).all()


def check_candidates_are_legal_and_never_run_out(spec: GameSpec) -> None:
    positions = after(spec, some_games(spec, 40, seed=6))
    legal, candidates = spec.legal(positions), spec.candidates(positions)
    assert not (candidates & ~legal).any()
    assert np.array_equal(candidates.any(axis=1), ~spec.finished(positions))


def check_playouts_depend_on_their_seed_alone(spec: GameSpec) -> None:
    positions = after(spec, some_games(spec, 10, seed=7))
    seeds = np.arange(10, dtype=np.uint64) + PLAYOUT_SEEDS
    together, alone = positions.copy(), positions[6:7].copy()
    spec.playout(together, seeds)
    spec.playout(alone, seeds[6:7])
    assert np.array_equal(spec.stones(together)[6:7], spec.stones(alone))
    others = spec.allocate(16)
    spec.playout(others, np.arange(16, dtype=np.uint64))
    assert len({stones.tobytes() for stones in spec.stones(others)}) > 1


def check_black_begins_and_reset_begins_again(spec: GameSpec) -> None:
    positions = after(spec, some_games(spec, 5, seed=8))
    spec.reset(positions)
    for again, fresh in zip(
        read_all(spec, positions), read_all(spec, spec.allocate(5)), strict=True
    ):
        assert np.array_equal(again, fresh)
    assert (spec.to_move(positions) == BLACK).all()
    spec.play(positions, np.full(5, spec.legal(positions)[0].argmax()))
    assert (spec.to_move(positions) == WHITE).all()


def check_symmetries_commute_with_play(spec: GameSpec) -> None:
    """Transformed actions from the start lead to the transformed position and result."""
    numbers = spec.symmetries
    boards = permutations(spec.height, spec.width, numbers)
    moved = inverses(spec.height, spec.width, numbers)
    assert np.array_equal(boards[0], np.arange(spec.points))
    games = some_games(spec, 12, seed=9)
    positions = after(spec, games)
    start = spec.stones(spec.allocate(1))[0]
    tried = 0
    for board, to in zip(boards, moved, strict=True):
        if not np.array_equal(start[board], start):
            continue  # Othello's first discs: this symmetry leads to the other start
        tried += 1
        table = np.append(to, spec.pass_action)
        other = after(spec, [table[game].tolist() for game in games])
        action_board = np.append(board, spec.pass_action)
        assert np.array_equal(spec.stones(other), spec.stones(positions)[:, board])
        assert np.array_equal(spec.legal(other), spec.legal(positions)[:, action_board])
        assert np.array_equal(spec.candidates(other), spec.candidates(positions)[:, action_board])
        assert np.array_equal(spec.ownership(other), spec.ownership(positions)[:, board])
        assert np.array_equal(spec.score(other), spec.score(positions))
        assert np.array_equal(spec.finished(other), spec.finished(positions))
        planes, globals_ = spec.features(positions)
        other_planes, other_globals = spec.features(other)
        assert np.array_equal(other_planes, planes[:, board])
        assert np.array_equal(other_globals, globals_)
    assert tried > 1


def check_set_up_is_the_position(spec: GameSpec) -> None:
    """Stones and turn alone give back all that does not depend on the past."""
    positions = after(spec, some_games(spec, 30, seed=10))
    again = spec.allocate(30)
    spec.set_up(again, spec.stones(positions), spec.to_move(positions))
    assert np.array_equal(spec.stones(again), spec.stones(positions))
    assert np.array_equal(spec.to_move(again), spec.to_move(positions))
    if not spec.may_pass:  # two passes leave no trace on the board
        assert np.array_equal(spec.finished(again), spec.finished(positions))
        assert np.array_equal(spec.score(again), spec.score(positions))
    assert (again["plies"] == 0).all()
    spec.playout(again, np.arange(30, dtype=np.uint64))
    assert spec.finished(again).all()


def check_results_are_antisymmetric(spec: GameSpec) -> None:
    """With colours exchanged (on the transposed board, where edges have colours) the lead is the
    other side's; komi stays White's."""
    positions = after(spec, some_games(spec, 30, seed=11))
    if spec.may_pass:
        positions["prisoners"] = 0
    stones = spec.stones(positions)
    exchanged = np.array([0, 2, 1], np.uint8)[stones]
    other_spec = spec
    if spec.name == "hex":
        other_spec = make("hex", spec.width, spec.height)
        exchanged = exchanged.reshape(-1, spec.height, spec.width).transpose(0, 2, 1)
        exchanged = exchanged.reshape(30, -1)
    other = other_spec.allocate(30)
    other_spec.set_up(other, exchanged, 3 - spec.to_move(positions), strict=False)
    komi = positions["komi_half_points"] / 2.0
    assert np.array_equal(other_spec.score(other) + komi, -(spec.score(positions) + komi))


def check_set_up_refuses_nonsense(spec: GameSpec) -> None:
    """Wrong shapes, colours, sides and duplicate points; no row changes."""
    positions = spec.allocate(2)
    before = positions.tobytes()
    good = spec.stones(positions)
    for stones, to_move in [
        (good[:, :-1], BLACK),
        (np.full(spec.points, 3), BLACK),
        (np.full(spec.points, -1), BLACK),
        (good, 0),
        (good, 3),
    ]:
        with pytest.raises(IllegalActionError, match="expected"):
            spec.set_up(positions, stones, to_move)
    for black, white in [([0], [0]), ([1, 1], []), ([spec.points], []), ([], [-1])]:
        with pytest.raises(IllegalActionError, match="expected"):
            spec.board(black, white)
    assert positions.tobytes() == before
    assert spec.refusals


def check_positions_of_another_board_are_refused(spec: GameSpec) -> None:
    """A kernel must never see a row larger than the arrays made for this spec."""
    stranger = spec.allocate(3)
    stranger["height"][1] += 1
    verbs = (
        spec.legal,
        spec.stones,
        spec.score,
        spec.features,
        spec.keys,
        spec.reset,
        lambda rows: spec.play(rows, np.full(3, -1)),
        lambda rows: spec.playout(rows, np.zeros(3, np.uint64)),
        lambda rows: spec.set_up(rows, np.zeros(spec.points, np.uint8)),
    )
    for positions in (stranger, np.zeros(3, np.float32), spec.allocate(4).reshape(2, 2)):
        for verb in verbs:
            with pytest.raises(SpecError, match=f"expected positions of {spec.name}"):
                verb(positions)


def check_replay_refuses_what_would_leave_the_row(spec: GameSpec) -> None:
    """Actions and slots out of range, stones on stones, play after the end."""
    roots, leaves = spec.allocate(1), spec.allocate(1)
    first = int(spec.legal(roots)[0].argmax())
    for slot, path, length in [
        (0, [31000], 1),
        (0, [-1], 1),
        (0, [first, first], 2),
        (1, [first], 1),
        (-1, [first], 1),
        (0, [first], 2),
    ]:
        with pytest.raises(IllegalActionError, match="expected a path"):
            spec.replay(
                roots,
                np.array([slot], np.int32),
                np.array([path], np.int16),
                np.array([length], np.int32),
                leaves,
            )
    with pytest.raises(IllegalActionError, match="expected leaves"):
        spec.replay(
            roots, *(np.zeros(n, t) for n, t in ((2, "i4"), ((2, 1), "i2"), (2, "i4"))), leaves
        )


def check_keys_tell_positions_apart(spec: GameSpec) -> None:
    """Equal boards with the same turn have equal keys, others have others."""
    games = some_games(spec, 60, seed=12)
    positions = after(spec, [game[:k] for game in games[:20] for k in range(0, len(game), 3)])
    if spec.may_pass:
        positions = positions[(positions["passes"] == 0) & (positions["ko"] == 0)]
    keys = spec.keys(positions).tolist()
    stones = spec.stones(positions)
    swap = spec.legal(positions)[:, -1] if not spec.may_pass else np.zeros(len(keys), bool)
    whole = [
        (board.tobytes(), int(side), bool(s))
        for board, side, s in zip(stones, spec.to_move(positions), swap, strict=True)
    ]
    assert len(set(whole)) == len(set(keys)) == len(set(zip(whole, keys, strict=True)))
    assert len(set(keys)) > 10


def check_actions_have_names(spec: GameSpec) -> None:
    texts = [action_to_text(spec, action) for action in range(spec.actions)]
    assert len(set(texts)) == spec.actions
    assert [text_to_action(spec, text) for text in texts] == list(range(spec.actions))
    position = after(spec, some_games(spec, 1, seed=13))
    assert np.array_equal(parse_diagram(spec, diagram(spec, position)), spec.stones(position)[0])


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
