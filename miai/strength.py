"""How much stronger one network plays than another: the arena's sequential test, in one line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from agents.parse import Spelling, make_agent
from agents.protocol import Agent
from arena.books import make_plan
from arena.play.match import Answer, is_stronger
from arena.stats.sprt import Hypotheses
from engine.games.spec import GameSpec

BETTER: Final = Hypotheses(0.0, 50.0, model="logistic")
"""Equal, or 50 Elo better."""
_OWN_PLIES: Final = (6, 10)


@dataclass(frozen=True)
class Strength:
    """What a match said, from the first network's side."""

    wins: int
    draws: int
    losses: int
    elo: float
    """Not flattered by when the match stopped."""
    low: float
    high: float
    """95 % interval of ``elo``."""
    stronger: bool | None
    """Whether the test took it for 50 Elo better or for no better; ``None``: too few games."""
    distinct: int
    conditions: str

    @property
    def games(self) -> int:
        """How many were played."""
        return self.wins + self.draws + self.losses

    def __str__(self) -> str:
        return (
            f"{self.elo:+.0f} Elo (95 % {self.low:+.0f} to {self.high:+.0f}; "
            f"{self.wins}-{self.draws}-{self.losses}, {self.distinct} distinct; {self.conditions})"
        )

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def measure_strength(
    spec: GameSpec,
    new: Path,
    old: Path,
    *,
    games: int,
    simulations: int,
    seed: int,
    own_openings: bool = False,
    test: Hypotheses = BETTER,
) -> Strength:
    """Let the network file ``new`` play ``old`` until the test decides, ``games`` games at most.

    Openings are random ones of 2 to 4 plies, or with ``own_openings`` 6 to 10 plies drawn from
    ``old``'s policy, as in its self-play.

    Raises:
        ConfigError: if ``games`` is not an even number above 0, or there are too few openings.
    """
    plan = make_plan("random", spec)
    if own_openings:
        plan = make_plan(f"policy:{old}", spec, _OWN_PLIES)
    first, second = (_agent(spec, path, simulations) for path in (new, old))
    answer = is_stronger(spec, first, second, test, most_games=games, seed=seed, openings=plan)
    for agent in (first, second):
        agent.close()
    openings = "self-play openings" if own_openings else "random openings"
    return _said(answer, f"{simulations} simulations, {spec}, {openings}, seed {seed}")


def _agent(spec: GameSpec, path: Path, simulations: int) -> Agent:
    text = f"{path}@{simulations}"
    return make_agent(Spelling(text, path.stem, "network", simulations, network=path), spec)


def _said(answer: Answer, conditions: str) -> Strength:
    result, estimate = answer.result, answer.estimate
    return Strength(
        wins=result.wins,
        draws=result.draws,
        losses=result.losses,
        elo=estimate.elo,
        low=estimate.lower,
        high=estimate.upper,
        stronger=answer.stronger,
        distinct=result.distinct,
        conditions=conditions,
    )
