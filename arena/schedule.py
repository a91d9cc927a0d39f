"""Which games a tournament consists of. Agents are numbers here.

```
round-robin   each agent meets each other one
gauntlet      the first meets each other one
ladder        each meets those 1, 2, 4, 8 ... places before it: for checkpoints in their order
swiss         in each round those with about equal points meet, no two twice if possible: for
              many agents
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from arena.openings import Opening
from engine.errors import ConfigError

FORMATS: Final = ("round-robin", "gauntlet", "ladder", "swiss")
_ROUNDS_OF_FEW: Final = {3: 3, 4: 3, 7: 5, 8: 5}
"""Tried out whole; of more agents, after half as many rounds, who is left may not fit in pairs."""


@dataclass(frozen=True)
class Fixture:
    """One game to be played."""

    game: int
    """Number within the tournament; decides all its randomness."""
    pair: int
    """Number of the pair of games it belongs to: same opening, colours swapped."""
    black: int
    white: int
    opening: Opening


def pairings(agents: int, kind: str) -> list[tuple[int, int]]:
    """Return who meets whom in a format that knows it beforehand.

    Raises:
        ConfigError: with fewer than two agents, or a format that does not exist.
    """
    check_format(agents, kind)
    if kind == "gauntlet":
        return [(0, other) for other in range(1, agents)]
    if kind == "ladder":
        steps = [1 << i for i in range(agents.bit_length())]
        return [(agent, agent - step) for agent in range(agents) for step in steps if step <= agent]
    return list(combinations(range(agents), 2))


def meetings_in_all(agents: int, kind: str, rounds: int = 0) -> int:
    """Return how many times two agents meet, in all rounds of a Swiss tournament."""
    return rounds * (agents // 2) if kind == "swiss" else len(pairings(agents, kind))


def most_rounds(agents: int) -> int:
    """Return how many rounds a Swiss tournament can have in which no two agents meet twice."""
    return _ROUNDS_OF_FEW.get(agents, (agents + 1) // 2)


def check_format(agents: int, kind: str) -> None:
    """Refuse what is no tournament; raises as :func:`pairings`."""
    if kind not in FORMATS:
        raise ConfigError(f"expected a tournament format from {', '.join(FORMATS)}, got {kind!r}")
    if agents < 2:
        raise ConfigError(f"expected two agents or more, got {agents!r}")


def make_schedule(
    meetings: Sequence[tuple[int, int]], openings: Sequence[Opening], first_game: int = 0
) -> list[Fixture]:
    """Return all games: every two agents that meet play every opening with either colour.

    Ordered so that a tournament cut short has played every pairing about equally often. More
    openings only add games at the end.
    """
    fixtures: list[Fixture] = []
    for opening in openings:
        for first, second in meetings:
            game = first_game + len(fixtures)
            fixtures.append(Fixture(game, game // 2, first, second, opening))
            fixtures.append(Fixture(game + 1, game // 2, second, first, opening))
    return fixtures


def swiss_schedule(
    agents: int,
    rounds: int,
    openings: Sequence[Opening],
    results: Mapping[int, float],
) -> list[Fixture]:
    """Return the games of all rounds that can be paired by now: one more than are complete.

    Args:
        agents: how many take part; of an odd number one has a bye in each round, which counts as
            if it had won.
        rounds: to be played; in more than :func:`most_rounds` some may have to meet again.
        openings: of every two that meet, over all rounds.
        results: Black's points by number of the game, of those played.
    """
    each = len(openings) // rounds
    fixtures: list[Fixture] = []
    points, met, byes = [0.0] * agents, set[tuple[int, int]](), set[int]()
    for number in range(rounds):
        order = sorted(range(agents), key=lambda agent: (-points[agent], agent))
        if agents % 2:
            rested = next((a for a in reversed(order) if a not in byes), order[-1])
            byes.add(rested)
            points[rested] += 1.0
            order.remove(rested)
        meetings = _pair(order, met) or list(zip(order[::2], order[1::2], strict=True))
        met |= {(min(meeting), max(meeting)) for meeting in meetings}
        here = openings[number * each : (number + 1) * each]
        games = make_schedule(meetings, here, first_game=len(fixtures))
        fixtures += games
        if any(fixture.game not in results for fixture in games):
            break
        for fixture in games:
            black = results[fixture.game] / (2 * each)
            points[fixture.black] += black
            points[fixture.white] += 1.0 / (2 * each) - black
    return fixtures


def _pair(order: Sequence[int], met: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pair neighbours in the order that have not met; nothing if that cannot be done."""
    if not order:
        return []
    first = order[0]
    for i, other in enumerate(order[1:], start=1):
        if (min(first, other), max(first, other)) not in met:
            rest = [*order[1:i], *order[i + 1 :]]
            pairs = _pair(rest, met)
            if len(pairs) == len(rest) // 2:
                return [(first, other), *pairs]
    return []
