"""Opening books: balanced positions that a search chose, as text files that people can read.

```
# how the book was made
game go 9x9 komi=7.0 ...
E5 C3 G4   +0.03
```

One opening per line: its moves in the game's notation, then the value for Black in [-1, 1] that the
search gave the position, which is not read. Those in ``opening_books`` come with the program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np

from agents.protocol import Agent, Exact, Turn
from arena.openings import (
    OPENING_PLIES,
    Opening,
    OpeningPlan,
    check_plies,
    distinct_openings,
    make_openings,
    position_after,
    position_key,
)
from engine.errors import ConfigError, IllegalActionError, NotationError, RecordError
from engine.files import read_file
from engine.games.spec import BLACK, GameSpec
from engine.notation import action_to_text, text_to_action
from engine.random import OPENING, generator
from engine.records.load import load_games

_BATCH: Final = 256
_KOMI_MATTERS: Final = "komi"


def make_plan(
    text: str | None, spec: GameSpec, plies: tuple[int, int] | None = None
) -> OpeningPlan:
    """Read where openings come from; ``None`` takes the book if there is one, else random ones.

    Raises:
        ConfigError: if there is no such book, network or file, or the plies make no sense.
    """
    most = (0, min(OPENING_PLIES[1] * 2, spec.points // 2))
    if text is None:
        text = "book" if plies is None and book_path(spec) is not None else "random"
    if text == "none":
        return OpeningPlan("none")
    if text == "book":
        path = book_path(spec)
        if path is None:
            raise ConfigError(
                f"expected a game with a book of openings ({', '.join(book_names())}), got "
                f"'{book_name(spec)}'; take --openings random, or make one with --make-book"
            )
        return OpeningPlan("book", path.stem, sha256=_sha256(path))
    check_plies(spec, plies or (OPENING_PLIES if text == "random" else most))
    if text == "random":
        return OpeningPlan("random", plies=plies or OPENING_PLIES)
    if text.startswith("policy:"):
        from agents.find_network import network_path

        path = network_path(text.partition(":")[2], spec)
        return OpeningPlan("policy", str(path), plies or OPENING_PLIES, _sha256(path))
    path = Path(text)
    if not path.is_file():
        raise ConfigError(
            f"expected openings as book, random, policy:NET, none or a file, got {text!r}"
        )
    return OpeningPlan("file", str(path), plies or most, _sha256(path))


def plan_openings(
    plan: OpeningPlan, spec: GameSpec, count: int, seed: int, *, fewer: bool = False
) -> list[Opening]:
    """Return the openings of ``count`` pairs of games; more only add some at the end.

    A book or file that has fewer begins anew in another order; of random ones, and those of a
    policy, ``fewer`` may do.

    Raises:
        ConfigError: if the source has changed or gone, or holds too few different openings.
    """
    if plan.kind == "none":
        return [()] * count
    if plan.kind == "random":
        return make_openings(spec, count, plan.plies, seed, fewer=fewer)
    path = book_path(spec) if plan.kind == "book" else Path(plan.source)
    if path is None or not path.is_file() or _sha256(path) != plan.sha256:
        raise ConfigError(
            f"expected the openings {plan.source!r} as they were when the tournament began "
            f"(SHA-256 {plan.sha256[:12]}...), got another file or none"
        )
    if plan.kind == "policy":
        return _policy_openings(spec, count, plan, seed, fewer)
    found = read_book(path, spec) if path.suffix == ".txt" else _from_games(path, spec, plan.plies)
    rounds = range(-(-count // len(found)))
    orders = [generator(seed, number, 0, OPENING).permutation(len(found)) for number in rounds]
    return [found[i] for order in orders for i in order][:count]


def book_name(spec: GameSpec) -> str:
    """Name of the book for a game: its name, size, and komi, which decides what is balanced."""
    komi = getattr(spec, _KOMI_MATTERS, None)
    rules = "" if komi is None else f"-komi{komi:g}"
    rules += "".join(f"-{name}" for name, value in spec.rules.items() if value is True)
    return f"{spec.name}-{spec.width}x{spec.height}{rules}"


def book_names() -> list[str]:
    """Names of the books that come with the program."""
    return sorted(path.stem for path in _folder().glob("*.txt"))


def book_path(spec: GameSpec) -> Path | None:
    """Return the file of the book for a game, or ``None``."""
    path = _folder() / f"{book_name(spec)}.txt"
    return path if path.is_file() else None


def read_book(path: Path, spec: GameSpec) -> list[Opening]:
    """Return the openings of a text file.

    Raises:
        ConfigError: if it is no text, a line holds no legal opening, or there is none at all.
    """
    try:
        lines = read_file(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"expected openings as UTF-8 text in {str(path)!r}, got other bytes: {error.reason} "
            f"at byte {error.start}; save it as UTF-8"
        ) from error
    found = []
    for number, line in enumerate(lines, start=1):
        words = [word for word in line.partition("#")[0].split() if word[0] not in "+-"]
        if not words or words[0] == "game":
            continue
        try:
            opening = tuple(text_to_action(spec, word) for word in words)
            over = spec.finished(position_after(spec, opening))[0]
        except (NotationError, IllegalActionError) as error:
            raise ConfigError(f"{error}, in line {number} of {str(path)!r}") from error
        if over:
            raise ConfigError(f"expected an opening in line {number} of {str(path)!r}, got a game")
        found.append(opening)
    if not found:
        raise ConfigError(f"expected openings in {str(path)!r}, one per line, got none")
    return found


def _from_games(path: Path, spec: GameSpec, plies: tuple[int, int]) -> list[Opening]:
    """The beginnings of SGF games of this size that start from an empty board, each once."""
    try:
        loaded = load_games([path], size=(spec.height, spec.width))
    except RecordError as error:
        raise ConfigError(str(error)) from error
    found: dict[bytes, Opening] = {}
    for record in loaded.records:
        if record.spec.name == spec.name and not record.has_setup:
            opening = tuple(record.actions[: plies[1]])
            position = spec.allocate(1)
            if spec.play_line(position, opening) == len(opening) and not spec.finished(position)[0]:
                found.setdefault(position_key(spec, opening), opening)
    if not found:
        why = f" ({loaded.refusals[0]})" if loaded.refusals else ""
        if not why and any(record.has_setup for record in loaded.records):
            why = " (its games begin with a handicap or other stones, not on an empty board)"
        raise ConfigError(f"expected games of {spec} in {str(path)!r}, got none{why}")
    return list(found.values())


def _policy_openings(
    spec: GameSpec, count: int, plan: OpeningPlan, seed: int, fewer: bool
) -> list[Opening]:
    """Openings whose plies are drawn from a network's policy, many at once."""
    from agents.evaluators.auto import network_evaluator

    evaluator = network_evaluator(Path(plan.source), spec)
    batches: dict[int, list[Opening]] = {}

    def batch(number: int) -> list[Opening]:
        attempts = range(number * _BATCH, (number + 1) * _BATCH)
        randoms = [generator(seed, attempt, 0, OPENING) for attempt in attempts]
        lengths = [int(random.integers(plan.plies[0], plan.plies[1] + 1)) for random in randoms]
        positions = spec.allocate(_BATCH)
        actions: list[list[int]] = [[] for _ in attempts]
        for ply in range(max(lengths)):
            evaluation = evaluator.evaluate(spec, positions)
            allowed = spec.candidates(positions)
            allowed[:, spec.pass_action] &= ~allowed[:, :-1].any(axis=1)
            logits = np.where(allowed, evaluation.policy_logits, -np.inf).astype(np.float64)
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            chosen = np.full(_BATCH, -1)
            for i in np.flatnonzero((np.array(lengths) > ply) & ~spec.finished(positions)):
                chosen[i] = randoms[i].choice(spec.actions, p=weights[i] / weights[i].sum())
                actions[i].append(int(chosen[i]))
            spec.play(positions, chosen)
        return [tuple(moves) for moves in actions]

    def draw(attempt: int) -> Opening:
        number, place = divmod(attempt, _BATCH)
        if number not in batches:
            batches[number] = batch(number)
        return batches[number][place]

    return distinct_openings(spec, count, draw, fewer=fewer)


def make_book(
    spec: GameSpec,
    agent: Agent,
    openings: Sequence[Opening],
    count: int,
    largest_value: float,
) -> str:
    """Return the text of a book: the most balanced of ``openings``, as the agent's search sees it.

    Proven positions count as what they are, so a solved game's book, or one by a perfect player,
    holds draws only.

    Args:
        spec: the game.
        agent: searches; its thoughts say what a position is worth.
        openings: candidates, distinct.
        count: how many are kept at most.
        largest_value: for either side, in [-1, 1].

    Raises:
        ConfigError: if no opening is balanced enough, or the agent does not search.
    """
    valued = []
    for start in range(0, len(openings), _BATCH):
        part = openings[start : start + _BATCH]
        turns = [
            Turn(start + i, spec, position_after(spec, opening), opening, 0)
            for i, opening in enumerate(part)
        ]
        for turn, value in zip(turns, _values(agent, turns), strict=True):
            side = 1.0 if spec.to_move(turn.position)[0] == BLACK else -1.0
            valued.append((side * value + 0.0, turn.actions))  # a draw is no -0
            agent.end_game(turn.game)
    balanced = sorted((v for v in valued if abs(v[0]) <= largest_value), key=lambda v: abs(v[0]))
    if not balanced:
        raise ConfigError(
            f"expected openings worth at most {largest_value:g} to either side, got none among "
            f"{len(openings)}; allow more plies, or a larger value"
        )
    kept = sorted(balanced[:count], key=lambda v: v[1])
    rules = " ".join(f"{name}={value}" for name, value in spec.rules.items())
    lines = [
        f"# {len(kept)} openings worth at most {largest_value:g} to either side, the most balanced",
        f"# of {len(openings)} random ones; values for Black by {agent.name}",
        f"game {spec.name} {spec.width}x{spec.height} {rules}".rstrip(),
    ]
    lines += [
        " ".join(action_to_text(spec, action) for action in opening) + f"  {value:+.2f}"
        for value, opening in kept
    ]
    return "\n".join(lines) + "\n"


def _values(agent: Agent, turns: Sequence[Turn]) -> list[float]:
    """What positions are worth to their sides to move: exactly, or as the agent's search thinks."""
    if isinstance(agent, Exact):
        return [agent.value(turn.position) for turn in turns]
    values = []
    for decision in agent.choose(turns):
        if decision.thought is None:
            raise ConfigError(f"expected an agent that searches, got {agent.name!r}")
        values.append(decision.thought.value)
    return values


def _folder() -> Path:
    return Path(str(resources.files("arena") / "opening_books"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
