"""Sends lines of nonsense and half sense to every protocol, and counts the answers.

    python docs/results/fuzz_protocols.py [LINES_PER_SEED] [SEED ...]

Each seed gives a tenth of its lines to JSON, whose queries take longest, and 0.3 of them to GTP
(Go, Othello and Hex in turn), Gomocup and NBoard each. Stops at the first internal error.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections import Counter

from agents.evaluators.constant import ConstantEvaluator
from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.analysis.engine import AnalysisEngine
from arena.analysis.settings import SearchSettings
from arena.gomocup.server import GomocupServer
from arena.gtp.commands import Session
from arena.nboard.server import NBoardServer
from engine.games import GomokuSpec, GoSpec, HexSpec, OthelloSpec
from engine.games.spec import GameSpec
from tests.support.fuzz import gomocup_lines, gtp_lines, json_lines, nboard_lines

_PIECE = 5000
_GAMES: tuple[GameSpec, ...] = (GoSpec(5, 5, 7.0), OthelloSpec(4, 4), HexSpec(5, 5))


def agent() -> SearchAgent:
    """Return a search that takes no time to speak of."""
    return SearchAgent("net", ConstantEvaluator(), Limit(2))


def gtp(seed: int, count: int) -> Counter[str]:
    """Send lines of GTP."""
    kinds: Counter[str] = Counter()
    server = Session(agent(), _GAMES[seed % len(_GAMES)], "0").server()
    for line in gtp_lines(seed, count):
        reply = server.answer(line)
        kinds["lines"] += 1
        kinds["none" if reply is None else "=" if reply.ok else "?"] += 1
        assert reply is None or "internal error" not in reply.text, (line, reply)
    return kinds


def analysis(seed: int, count: int) -> Counter[str]:
    """Send lines of JSON."""
    engine = AnalysisEngine(ConstantEvaluator(), _GAMES[0], SearchSettings(max_visits=2), "0")
    answers = io.BytesIO()
    lines = list(json_lines(seed, count))
    engine.serve(io.BytesIO(b"".join(lines)), answers)
    kinds = Counter(lines=len(lines))
    for line in answers.getvalue().splitlines():
        told = json.loads(line)
        assert "internal error" not in told.get("error", ""), told
        kinds[next((k for k in ("error", "warning", "action") if k in told), "analysis")] += 1
    return kinds


def gomocup(seed: int, count: int) -> Counter[str]:
    """Send lines of Gomocup."""
    kinds: Counter[str] = Counter()
    server = GomocupServer(agent(), GomokuSpec(), "0")
    for line in gomocup_lines(seed, count):
        kinds["lines"] += 1
        for text in server.answer(line):
            assert "internal error" not in text, (line, text)
            kinds[text.split()[0] if text[:1].isalpha() else "a move"] += 1
    return kinds


def nboard(seed: int, count: int) -> Counter[str]:
    """Send lines of NBoard."""
    kinds: Counter[str] = Counter()
    server = NBoardServer(agent(), OthelloSpec(), simulations=2)
    said: list[str] = []
    for line in nboard_lines(seed, count):
        kinds["lines"] += 1
        server.answer(line, said.append)
        assert not any("internal error" in text for text in said), (line, said)
        kinds.update(text.split()[0] for text in said)
        said.clear()
    return kinds


def main() -> None:
    """Send all lines, a piece at a time: a new session each."""
    per_seed = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seeds = [int(word) for word in sys.argv[2:]] or list(range(10))
    parts = ((gtp, 0.3), (gomocup, 0.3), (nboard, 0.3), (analysis, 0.1))
    totals: dict[str, Counter[str]] = {part.__name__: Counter() for part, _ in parts}
    started = time.perf_counter()
    for seed in seeds:
        for part, share in parts:
            left = round(per_seed * share)
            while left > 0:
                kinds = part(1_000_003 * seed + left, min(left, _PIECE))
                totals[part.__name__].update(kinds)
                left -= _PIECE
        sent = sum(total["lines"] for total in totals.values())
        print(f"{sent:,} lines in {time.perf_counter() - started:.0f} s", flush=True)
    for name, total in totals.items():
        print(f"{name}: {dict(total.most_common())}")


if __name__ == "__main__":
    main()
