"""Search results as SGF properties, in and out: KaTrain's ``KT`` and Sabaki's ``SBKV``.

``KT`` holds three values, each base64 of gzip: expected owners and policy as half floats, row by
row from the top, and a JSON object of the root and its moves. Rates, points and owners are Black's.
``SBKV`` is Black's chance to win in percent. The format is that of KaTrain 1.20, file
``katrain/core/game_node.py``; ``proof``, ``proven`` and ``proven_plies`` are ours, and KaTrain
passes over them.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from arena.session.insight import shown_candidates
from arena.session.tree import Node, Probe
from engine.errors import NotationError, RecordError
from engine.files import json_of
from engine.games.go import GoSpec
from engine.games.spec import BLACK, GameSpec
from engine.notation import action_to_text, text_to_action
from engine.records.sgf_values import point_text, read_point
from engine.search import SearchResult

KATRAIN: Final = "KT"
SABAKI: Final = "SBKV"
_MOST_BYTES: Final = 1 << 21
"""Of one value when unpacked; the moves of a 19x19 board with their lines have some 100,000."""
_ASKED: Final = 999
"""KaTrain's place in the order for a move that was looked at because a person asked."""
_MOST_VISITS: Final = 1 << 30


def thought_properties(spec: GameSpec, side: int, node: Node) -> dict[str, list[str]]:
    """Return what is known of a position as SGF properties; ``side`` is to move there."""
    thought = node.thought
    if thought is None:
        return {}
    sign = 1.0 if side == BLACK else -1.0
    rate = thought.win_rate if side == BLACK else 1.0 - thought.win_rate
    lines = {line[0]: line for line in (*thought.variations, thought.variation) if line}
    moves: dict[str, dict[str, Any]] = {}
    order = shown_candidates(thought)
    visited = [int(action) for action in np.flatnonzero(thought.visits)]
    place = {action: index for index, action in enumerate(order)}
    for action in sorted(visited, key=lambda a: (place.get(a, len(place)), -thought.visits[a])):
        points = thought.action_score
        moves[_name(spec, action)] = _move(
            spec,
            sign,
            len(moves),
            action,
            int(thought.visits[action]),
            (float(thought.q[action]) + 1.0) / 2.0,
            None if points is None else float(points[action]),
            lines.get(action, (action,)),
        ) | {
            "prior": round(float(thought.prior[action]), 5),
            **({} if thought.lcb is None else {"lcb": _black(float(thought.lcb[action]), sign)}),
            **({} if thought.proof is None else {"proof": int(thought.proof[action])}),
        }
    for action, probe in node.probes.items():
        name = _name(spec, action)
        if name not in moves or moves[name]["visits"] < probe.visits:
            line = probe.line or (action,)
            told = (action, probe.visits, probe.win_rate, probe.score, line)
            moves[name] = _move(spec, sign, _ASKED, *told)
    root = {
        "visits": thought.simulations,
        "winrate": round(rate, 5),
        "scoreLead": round(sign * thought.score, 3),
        "proven": thought.proven,
        **({"proven_plies": thought.proven_plies} if thought.proven else {}),
    }
    main = {"moves": moves, "root": root, "completed": True}
    owners = None if thought.ownership is None else thought.ownership * np.float32(sign)
    known = thought.visits.astype(bool) | (thought.prior > 0)
    policy = np.where(known, thought.prior, np.float32(-1.0))
    values = [_halves(owners), _halves(policy), json.dumps(main).encode()]
    packed = [base64.b64encode(gzip.compress(value, 6, mtime=0)).decode() for value in values]
    return {KATRAIN: packed, SABAKI: [f"{100 * rate:.2f}"]}


def _move(
    spec: GameSpec,
    sign: float,
    order: int,
    action: int,
    visits: int,
    win_rate: float,
    score: float | None,
    line: tuple[int, ...],
) -> dict[str, Any]:
    """Return a move as KaTrain keeps it; ``win_rate`` and ``score`` are of the side to move."""
    return {
        "move": _name(spec, action),
        "visits": visits,
        "winrate": round(win_rate if sign > 0 else 1.0 - win_rate, 5),
        "scoreLead": 0.0 if score is None else round(sign * score, 3),
        "order": order,
        "pv": [_name(spec, move) for move in line],
    }


def _name(spec: GameSpec, action: int) -> str:
    """Return a move as KaTrain writes it; in other games than Go, as SGF does."""
    if spec.name == GoSpec.name:
        return action_to_text(spec, action)
    return point_text(spec, action) or "pass"


def _action(spec: GameSpec, name: str) -> int:
    if spec.name == GoSpec.name:
        return text_to_action(spec, name)
    return spec.pass_action if name == "pass" else read_point(spec, name, KATRAIN)


def _black(lcb: float, sign: float) -> float:
    """A lower bound of the side to move in [-1, 1] as Black's rate."""
    return round((sign * lcb + 1.0) / 2.0, 5)


def _halves(values: NDArray[np.floating] | None) -> bytes:
    return b"" if values is None else values.astype("<f2").tobytes()


def take_thought(spec: GameSpec, side: int, node: Node, said: dict[str, list[str]]) -> None:
    """Give a position the search result that a file holds; damaged values are passed over."""
    if SABAKI in said:
        with suppress(ValueError):
            rate = float(said[SABAKI][0]) / 100.0
            node.read_rate = rate if 0.0 <= rate <= 1.0 else None
    if len(said.get(KATRAIN, ())) >= 3:
        with suppress(*_DAMAGE):
            node.thought, node.probes = _unpacked(spec, side, said[KATRAIN])
            node.samples = []
            node.read_thought = node.thought


_DAMAGE: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    IndexError,
    zlib.error,
    binascii.Error,
    NotationError,
    RecordError,
)


def _unpacked(
    spec: GameSpec, side: int, values: list[str]
) -> tuple[SearchResult, dict[int, Probe]]:
    """Return the search result of three values; raises one of ``_DAMAGE``."""
    owners, policy, main = (_inflated(base64.b64decode(value)) for value in values[:3])
    known = json_of(main)
    sign = 1.0 if side == BLACK else -1.0
    size = spec.actions
    visits = np.zeros(size, np.int32)
    q, points, prior = (np.zeros(size, np.float32) for _ in range(3))
    lcb = np.full(size, -1.0, np.float32)
    proof = np.zeros(size, np.int8)
    order: list[tuple[int, int, int]] = []
    lines: dict[int, tuple[int, ...]] = {}
    probes: dict[int, Probe] = {}
    for name, move in known["moves"].items():
        action = _action(spec, str(name))
        count = min(max(int(move["visits"]), 0), _MOST_VISITS)
        rate = _rate(move["winrate"], sign)
        score = sign * float(move["scoreLead"])
        line = tuple(_action(spec, str(step)) for step in move.get("pv", ()))
        if int(move["order"]) >= _ASKED:
            told = score if spec.has_points else None
            probes[action] = Probe(count, rate, told, line if line[:1] == (action,) else ())
            continue
        visits[action], q[action], points[action] = count, 2.0 * rate - 1.0, score
        prior[action] = float(move.get("prior", 0.0))
        lcb[action] = 2.0 * _rate(move.get("lcb", move["winrate"]), sign) - 1.0
        proof[action] = int(move.get("proof", 0))
        lines[action] = line
        order.append((int(move["order"]), -count, action))
    order.sort()
    root = known["root"]
    if policy:
        prior = np.maximum(np.frombuffer(policy, "<f2", size).astype(np.float32), 0.0)
    total = max(int(visits.sum()), 1)
    best = order[0][2] if order else int(prior.argmax())
    shown = tuple(lines[action] for _, _, action in order if len(lines[action]) > 1)
    result = SearchResult(
        action=best,
        visits=visits,
        q=q,
        prior=prior,
        policy=(visits / total).astype(np.float32),
        value=2.0 * _rate(root["winrate"], sign) - 1.0,
        score=sign * float(root["scoreLead"]),
        simulations=min(max(int(root["visits"]), 0), _MOST_VISITS),
        variation=lines.get(best, ()),
        variations=shown,
        action_score=points,
        lcb=lcb,
        ownership=_owners(owners, spec.points, sign),
        proof=proof if proof.any() else None,
        proven=int(root.get("proven", 0)),
        proven_plies=min(max(int(root.get("proven_plies", 0)), 0), spec.max_plies),
    )
    good = all(np.isfinite(array).all() for array in (q, prior, points, lcb, result.score))
    if not good or not {-1, 0, 1, 2} >= set(np.unique(proof).tolist()) | {result.proven}:
        raise ValueError("expected finite numbers")
    return result, probes


def _rate(value: Any, sign: float) -> float:
    rate = min(max(float(value), 0.0), 1.0)
    return rate if sign > 0 else 1.0 - rate


def _owners(data: bytes, points: int, sign: float) -> NDArray[np.float32] | None:
    if not data:
        return None
    owners = np.frombuffer(data, "<f2", points).astype(np.float32) * np.float32(sign)
    if not np.isfinite(owners).all():
        raise ValueError("expected finite owners")
    return np.clip(owners, -1.0, 1.0)


def _inflated(data: bytes) -> bytes:
    """Return what gzip packed; raises ValueError if it is too large or is cut off."""
    reader = zlib.decompressobj(wbits=31)
    found = reader.decompress(data, _MOST_BYTES)
    if not reader.eof:
        raise ValueError(f"expected at most {_MOST_BYTES} bytes that end")
    return found
