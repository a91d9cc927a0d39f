"""Random games in lockstep with OpenSpiel: every ply's legal actions and the result must agree.

Run alone it plays as many games as asked, spread over all games, and prints a table:

    python -m tests.support.openspiel_games --games 1000000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyspiel

from engine.games import (
    ConnectFourSpec,
    GameSpec,
    GomokuSpec,
    GoSpec,
    HexSpec,
    OthelloSpec,
    TicTacToeSpec,
)

BATCH = 100


@dataclass(frozen=True)
class Peer:
    """One of our specs and the game of OpenSpiel that should be the same."""

    spec: GameSpec
    game: str
    share: int
    """Games of a hundred that are played of this one."""

    def __str__(self) -> str:
        return self.game

    def their_action(self) -> np.ndarray:
        """OpenSpiel's action for each of ours, int64 ``(actions,)``."""
        points = np.arange(self.spec.points).reshape(self.spec.height, self.spec.width)
        if isinstance(self.spec, GoSpec):
            points = points[::-1]  # theirs count from the bottom row
        elif isinstance(self.spec, ConnectFourSpec):
            points = points % self.spec.width
        return np.append(points.reshape(-1), self.spec.pass_action)


def _peers() -> Iterator[Peer]:
    """All pairs of games; the shares add up to 100."""
    for size, komi, share in ((5, 0.5, 8), (7, 5.5, 3), (9, 7.5, 1)):
        spec = GoSpec(size, size, komi)
        yield Peer(
            spec, f"go(board_size={size},komi={komi},max_game_length={spec.max_plies})", share
        )
    yield Peer(OthelloSpec(), "othello", 10)
    yield Peer(ConnectFourSpec(), "connect_four", 15)
    yield Peer(ConnectFourSpec(5, 8, 5), "connect_four(rows=5,columns=8,x_in_row=5)", 6)
    yield Peer(ConnectFourSpec(9, 4, 3), "connect_four(rows=9,columns=4,x_in_row=3)", 6)
    yield Peer(HexSpec(11, 11), "hex(board_size=11)", 4)
    yield Peer(HexSpec(4, 7), "hex(num_rows=4,num_cols=7)", 10)
    yield Peer(HexSpec(5, 5, swap=True), "hex(board_size=5,swap=true)", 12)
    yield Peer(GomokuSpec(15, 15), "mnk(m=15,n=15,k=5)", 1)
    yield Peer(GomokuSpec(5, 7, length=4), "mnk(m=7,n=5,k=4)", 9)
    yield Peer(TicTacToeSpec(), "tic_tac_toe", 15)


PEERS = tuple(_peers())


def play_in_lockstep(peer: Peer, games: int, seed: int) -> tuple[int, int]:
    """Play ``games`` games at once; return plies, and actions that superko alone refused.

    OpenSpiel ends a game of Go as a draw when a stone brings a position back: exactly the actions
    that positional superko refuses. They are checked one by one and never played.

    Raises:
        AssertionError: on the first difference, with the state.
    """
    spec, theirs = peer.spec, peer.their_action()
    random = np.random.default_rng(seed)
    game = pyspiel.load_game(peer.game)
    states = [game.new_initial_state() for _ in range(games)]
    positions = spec.allocate(games)
    live = np.arange(games)
    plies = refused = 0
    while len(live):
        legal = spec.legal(positions)
        for i in live:
            refused += compare_legal(states[i], legal[i], theirs, isinstance(spec, GoSpec))
        actions = np.full(games, -1)
        actions[live] = choose(spec, positions[live], legal[live], random)
        spec.play(positions, actions)
        for i in live:
            states[i].apply_action(int(theirs[actions[i]]))
        plies += len(live)
        over = spec.finished(positions)
        for i in live:
            assert over[i] == states[i].is_terminal(), str(states[i])
        live = live[~over[live]]
    for state, outcome in zip(states, spec.outcome(positions), strict=True):
        assert state.returns() == [outcome, -outcome], str(state)
    return plies, refused


def compare_legal(state: Any, ours: np.ndarray, theirs: np.ndarray, superko: bool) -> int:
    """Compare one unfinished game; return how many actions only we refuse, for superko."""
    expected = sorted(theirs[ours].tolist())
    found = state.legal_actions()
    if expected == found:
        return 0
    assert superko, f"{expected} against {found}\n{state}"
    more = set(found) - set(expected)
    assert more and set(expected) <= set(found), f"{expected} against {found}\n{state}"
    for action in more:
        assert state.child(action).is_terminal(), f"{action} repeats nothing\n{state}"
    return len(more)


def choose(
    spec: GameSpec, positions: Any, legal: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Mostly sensible points, sometimes any legal action, the pass when nothing is left."""
    sensible = spec.candidates(positions)
    if spec.may_pass:
        sensible[:, -1] = ~sensible[:, :-1].any(axis=1)
    wild = random.random(len(positions)) < 0.05
    allowed = np.where(wild[:, None], legal, sensible)
    return (random.random(allowed.shape) * allowed).argmax(axis=1)


def compare_all(
    games: int, seed: int = 0, report: Callable[[str], None] = lambda line: None
) -> dict[str, tuple[int, int, int]]:
    """Play at least ``games`` games in all; return games, plies and superko refusals by peer."""
    result = {}
    for peer in PEERS:
        played = plies = refused = 0
        started = time.perf_counter()
        while played < peer.share * games / 100:
            more, extra = play_in_lockstep(peer, BATCH, seed=seed + played)
            played, plies, refused = played + BATCH, plies + more, refused + extra
        result[str(peer)] = (played, plies, refused)
        seconds = time.perf_counter() - started
        report(f"| `{peer}` | {peer.spec} | {played:,} | {plies:,} | {refused:,} | {seconds:.0f} |")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--games", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print("| OpenSpiel | ours | games | plies | refused by superko | seconds |")
    print("|---|---|---|---|---|---|")
    result = compare_all(args.games, args.seed, lambda line: print(line, flush=True))
    print(f"\n{sum(games for games, _, _ in result.values()):,} games, all equal")


if __name__ == "__main__":
    main()
