"""Openings: beginnings that make the games of deterministic agents differ.

Two agents that always choose the same move play one game for ever, however often it is repeated.
Each pair of games starts from an opening of its own, and no two openings are the same position up
to rotation and reflection. Where they come from is stated in an :class:`OpeningPlan`:

```
book         balanced ones that a search chose, kept with the program (see arena.books)
random       a few random sensible plies off the edge
policy:NET   plies drawn from a network's policy, so that they look like its games
FILE         a text file of moves, or SGF games cut after some plies
none         every pair begins at the start position
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.errors import ConfigError
from engine.games.spec import GameSpec
from engine.random import OPENING, generator
from engine.symmetry import action_permutations, permutations

Opening = tuple[int, ...]
OpeningKind = Literal["book", "random", "policy", "file", "none"]
OPENING_PLIES: Final = (2, 4)
"""Fewest and most plies of random openings."""
_ATTEMPTS = 2000
"""Draws without a new opening, after which there are no more."""
_SMALLEST_WITH_EDGE = 5


@dataclass(frozen=True)
class OpeningPlan:
    """Where a tournament's openings come from."""

    kind: OpeningKind
    source: str = ""
    """Name of the book, or path of the network or file."""
    plies: tuple[int, int] = (0, 0)
    """Fewest and most plies of random and policy openings; of SGF games, the most that are kept."""
    sha256: str = ""
    """Hash of the book, network or file."""

    def __str__(self) -> str:
        low, high = self.plies
        length = f" of {low} to {high} plies" if high else ""
        return {
            "book": f"balanced openings of the book {self.source}",
            "random": f"random openings{length}",
            "policy": f"openings{length} from the policy of {self.source}",
            "file": f"openings of {self.source}{length}",
            "none": "no openings",
        }[self.kind]


def check_plies(spec: GameSpec, plies: tuple[int, int]) -> None:
    """Refuse numbers of plies that make no sense.

    Raises:
        ConfigError: and says which would.
    """
    fewest, most = plies
    if not 0 <= fewest <= most <= spec.points // 2:
        raise ConfigError(
            f"expected opening plies as two numbers from 0 to {spec.points // 2}, smaller first, "
            f"got {fewest!r} and {most!r}"
        )


def make_openings(
    spec: GameSpec, count: int, plies: tuple[int, int], seed: int, *, fewer: bool = False
) -> list[Opening]:
    """Return ``count`` distinct openings; the first ones are the same for every ``count``.

    Each has a random number of plies between the two of ``plies``, inclusive, uniformly over the
    sensible points that are not on the board's edge (on boards of 5 and more). With no plies at all
    every opening is the start position. ``fewer`` accepts fewer than ``count``.

    Raises:
        ConfigError: if the numbers of plies make no sense, or allow fewer distinct openings.
    """
    check_plies(spec, plies)
    if plies[1] == 0:
        return [()] * count
    return distinct_openings(
        spec, count, lambda attempt: _draw(spec, plies, seed, attempt), fewer=fewer
    )


def distinct_openings(
    spec: GameSpec, count: int, draw: Callable[[int], Opening], *, fewer: bool = False
) -> list[Opening]:
    """Return the first ``count`` openings of ``draw(0), draw(1), ...`` that differ and end no game.

    ``fewer`` accepts fewer than ``count`` if no more are found.

    Raises:
        ConfigError: if fewer are found and ``fewer`` is false.
    """
    openings: list[Opening] = []
    seen: set[bytes] = set()
    attempt = latest = 0
    while len(openings) < count:
        if attempt - latest >= _ATTEMPTS and fewer and openings:
            return openings
        if attempt - latest >= _ATTEMPTS:
            raise ConfigError(
                f"expected {count} distinct openings on {spec.width}x{spec.height}, found "
                f"{len(openings)}; allow more plies or play fewer games"
            )
        opening = draw(attempt)
        key = position_key(spec, opening)
        attempt += 1
        if key not in seen and not spec.finished(position_after(spec, opening))[0]:
            seen.add(key)
            openings.append(opening)
            latest = attempt
    return openings


def position_after(spec: GameSpec, opening: Sequence[int]) -> np.ndarray:
    """Return the position, one row, that an opening leads to."""
    position = spec.allocate(1)
    for action in opening:
        spec.play(position, np.array([action]))
    return position


def position_key(spec: GameSpec, opening: Sequence[int]) -> bytes:
    """Tell positions apart that openings lead to; turned and mirrored ones are the same."""
    position = position_after(spec, opening)
    side = bytes([int(spec.to_move(position)[0])])
    return side + canonical_stones(spec, spec.stones(position)[0])


def canonical_stones(spec: GameSpec, stones: np.ndarray) -> bytes:
    """Return the smallest of the rotations and reflections of stones, shape ``(points,)``."""
    table = permutations(spec.height, spec.width, spec.symmetries)
    return min(stones[permutation].tobytes() for permutation in table)


def distinct_games(spec: GameSpec, games: Iterable[Sequence[int]]) -> int:
    """Count games that differ in their actions; rotated and reflected games are the same."""
    table = action_permutations(spec.height, spec.width, spec.symmetries)
    return len({min(row.tobytes() for row in table[:, list(game)]) for game in games})


def _draw(spec: GameSpec, plies: tuple[int, int], seed: int, attempt: int) -> Opening:
    random = generator(seed, attempt, 0, OPENING)
    position = spec.allocate(1)
    actions: list[int] = []
    for _ in range(int(random.integers(plies[0], plies[1] + 1))):
        sensible = spec.candidates(position)[0, : spec.points] & _inner(spec)
        if not sensible.any():
            break
        action = int(random.choice(np.flatnonzero(sensible)))
        spec.play(position, np.array([action]))
        actions.append(action)
    return tuple(actions)


def _inner(spec: GameSpec) -> np.ndarray:
    """Points that are not on the edge, shape ``(points,)``, where the first stones make sense.

    All of them on the smallest boards, and in games where the edge is as good as any place.
    """
    inner = np.ones((spec.height, spec.width), np.bool_)
    if spec.star_points and min(spec.height, spec.width) >= _SMALLEST_WITH_EDGE:
        inner[0], inner[-1], inner[:, 0], inner[:, -1] = False, False, False, False
    return inner.reshape(-1)
