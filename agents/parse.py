"""One spelling of agents for the command line, the arena and the window.

```
random                     uniform over sensible moves
rollouts:500               classic Monte Carlo search, 500 simulations a move
NET@400                    a network with search, 400 simulations a move
NET@400e, NET@2s           the same with 400 evaluations, or 2 seconds a move
NET@clock                  as much as the game's clock allows
policy:NET                 the bare network, no search
level:3                    one of the window's levels, 1 to 10
perfect                    reads a small game, or Connect Four, to its end
human                      a person at the terminal
gtp:gnugo --mode gtp       a program that speaks GTP; arguments are split as a shell would, no shell
gomocup:pbrain             a program of Gomoku, over the protocol of Gomocup (Piskvork)
nboard:ntest               a program of Othello, over the NBoard protocol
```

NET is a network file, ``shipped`` for the one that comes with the program for the game at hand
(``shipped:go9`` for a certain one), a run's folder for its newest checkpoint (``runs/first``), or a
folder with a checkpoint's label (``runs/first:12``, ``runs/first:latest``), for which one may also
write ``run:first@12``. Where several agents are wanted, ``runs/first:*`` stands for all its
checkpoints and ``runs/first:3..latest@400`` for those from one label to another. ``int8:``,
``torch:`` or ``openvino:`` before NET names what computes it; without, the fastest here does. Any
spelling may be given a name to be shown under: ``strong=runs/first@1600``. A program's arguments
may be followed by commands that it is told at its start: ``gtp:gnugo --mode gtp ;; level 3``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from agents.evaluators.registry import AUTO, backend_names
from agents.find_network import A_NETWORK, LONGEST_NAME, each_checkpoint, find_network, in_full
from agents.gomocup.program import GomocupAgent
from agents.gtp.client import Watchdog
from agents.gtp.program import GtpAgent
from agents.levels import level_agent, level_of
from agents.nboard.program import NBoardAgent
from agents.network.checkpoint import read_metadata, shipped_network_path
from agents.protocol import Agent, Limit
from engine.errors import ConfigError
from engine.games.spec import GameSpec
from engine.search import Evaluator

DEFAULT_SIMULATIONS: Final = 400
_NAME = re.compile(r"([\w.+-]+)=(.+)", re.DOTALL)
_BUDGET = re.compile(r"(.*)@([^@/\\]*)", re.DOTALL)
_COMMAND_SIGN = ";;"
_AN_AGENT = (
    "expected random, rollouts:N, level:N, gtp:PROGRAM (or gomocup:, nboard:), policy:NET or "
    f"NET@N, where NET is {A_NETWORK}"
)
_EVALUATORS_SHARED = 4  # each remembers up to 64 MiB of evaluations

PROTOCOLS: Final = {"gtp": GtpAgent, "gomocup": GomocupAgent, "nboard": NBoardAgent}
"""How programs are spoken to: the word before the colon, and the agent that does it."""
AgentKind = Literal[
    "random",
    "rollouts",
    "network",
    "policy",
    "level",
    "perfect",
    "human",
    "gtp",
    "gomocup",
    "nboard",
]


@dataclass(frozen=True)
class Spelling:
    """An agent that has been read but not made."""

    text: str
    """As it was written, without the name; but a run's checkpoint by its number, which stays."""
    name: str
    kind: AgentKind
    simulations: int | None = None
    evaluations: int | None = None
    time_limit_s: float | None = None
    network: Path | None = None
    backend: str = AUTO
    argv: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    """Commands that a program is sent at its start."""
    level: int = 1
    """Number of a level, for the kind ``level``."""
    allowed: bool = False
    """Whether a person named this program: no other is started. See :mod:`agents.trust`."""

    def details(self) -> Mapping[str, str]:
        """Return what the text does not say: for a network its file and hash.

        Raises:
            NetworkFileError: if the file is not a usable network.
        """
        if self.network is None:
            return {}
        details = {
            "network": str(self.network),
            "sha256": str(read_metadata(self.network)["hash"]),
        }
        for name in ("simulations", "evaluations", "time_limit_s"):
            value = getattr(self, name)
            if value is not None:
                details[name] = f"{value:g}"
        return details

    @property
    def is_program(self) -> bool:
        """Whether it is an external program."""
        return self.kind in PROTOCOLS

    @property
    def limit(self) -> Limit:
        """The budget of each move."""
        return Limit(self.simulations, self.time_limit_s, evaluations=self.evaluations)


def parse_agent(
    text: str,
    spec: GameSpec,
    *,
    simulations: int = DEFAULT_SIMULATIONS,
    processes: int = 2,
    watchdog: Watchdog | None = None,
) -> Agent:
    """Make the agent that ``text`` spells; a program in it is started without a question.

    Args:
        text: see the module's docstring; the caller's own, not what a file says.
        spec: the game it is to play.
        simulations: of a search whose spelling does not say.
        processes: games that a program can play at once.
        watchdog: how long a program may take.

    Raises:
        ConfigError: if the text spells no agent.
        NetworkFileError: if the network is missing, damaged, or made for another game.
    """
    spelling = replace(read_spelling(text, simulations, spec), allowed=True)
    return make_agent(spelling, spec, processes=processes, watchdog=watchdog)


def read_spelling(
    text: str, simulations: int = DEFAULT_SIMULATIONS, game: GameSpec | None = None
) -> Spelling:
    """Read a spelling without making the agent; raises as :func:`parse_agent`.

    ``game`` says whose network ``shipped`` is; without, 9x9 Go's.
    """
    named = _NAME.fullmatch(text)
    if named is not None:
        return replace(read_spelling(named.group(2), simulations, game), name=named.group(1))
    text = in_full(text)
    head, _, rest = text.partition(":")
    if text in ("random", "perfect", "human"):
        return Spelling(text, text, text)  # type: ignore[arg-type]
    if head == "rollouts":
        count = _simulations(rest, text) if rest else simulations
        return Spelling(text, f"rollouts:{count}", "rollouts", count)
    if head == "level":
        level = level_of(_simulations(rest, text))
        return Spelling(text, f"level-{level.number}", "level", level=level.number)
    if head in PROTOCOLS:
        line, *commands = (part.strip() for part in rest.split(_COMMAND_SIGN))
        argv = _arguments(line, text)
        name = Path(argv[0]).stem[:LONGEST_NAME]
        told = tuple(filter(None, commands))
        return Spelling(text, name, head, argv=argv, commands=told)  # type: ignore[arg-type]
    if head == "policy":
        backend, path, name = _network_and_backend(rest, text, game)
        text = f"policy:{_by_number(rest, path)}"
        return Spelling(text, f"policy:{name}", "policy", network=path, backend=backend)
    budget = _BUDGET.fullmatch(text)
    words, suffix = (text, None) if budget is None else budget.groups()
    backend, path, name = _network_and_backend(words, text, game)
    text = _by_number(words, path) + ("" if suffix is None else f"@{suffix}")
    suffix = str(simulations) if suffix is None else suffix
    spelling = Spelling(text, f"{name}@{suffix}", "network", network=path, backend=backend)
    return _with_budget(spelling, suffix)


def _by_number(words: str, path: Path) -> str:
    """Spell a run's checkpoint so that it means ``path`` after more training too."""
    run = path.parent.parent
    prefix = next((f"{b}:" for b in backend_names() if words.startswith(f"{b}:")), "")
    word = words.removeprefix(prefix)
    if path.parent.name != "checkpoints" or Path(word) == path:
        return words
    return f"{prefix}{run}:{path.stem}"


def _with_budget(spelling: Spelling, suffix: str) -> Spelling:
    """Read what stands after @: simulations, evaluations (400e), seconds (2s) or the clock."""
    if suffix == "clock":
        return spelling
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?s", suffix) and float(suffix[:-1]) > 0:
        return replace(spelling, time_limit_s=float(suffix[:-1]))
    if re.fullmatch(r"[0-9]{1,9}e", suffix) and int(suffix[:-1]) > 0:
        return replace(spelling, evaluations=int(suffix[:-1]))
    return replace(spelling, simulations=_simulations(suffix, spelling.text))


def read_program(text: str) -> Spelling | None:
    """Return the program that ``text`` spells; ``None`` if it spells another agent or nothing.

    Raises:
        ConfigError: if it is a program without a command line.
    """
    named = _NAME.fullmatch(text)
    while named is not None:
        text = named.group(2)
        named = _NAME.fullmatch(text)
    return read_spelling(text) if text.partition(":")[0] in PROTOCOLS else None


def read_spellings(
    texts: Sequence[str], simulations: int = DEFAULT_SIMULATIONS, game: GameSpec | None = None
) -> list[Spelling]:
    """Read agents of which one spelling may stand for several: the checkpoints of a run.

    Raises:
        ConfigError: if a text spells no agent, or a run has no such checkpoints.
    """
    found = [part for text in texts for part in each_checkpoint(text)]
    return with_distinct_names([read_spelling(text, simulations, game) for text in found])


def with_distinct_names(spellings: Sequence[Spelling]) -> list[Spelling]:
    """Number the agents whose names occur more than once: ``gnugo``, ``gnugo-2``."""
    distinct: list[Spelling] = []
    for spelling in spellings:
        taken = {other.name for other in distinct}
        name, number = spelling.name, 2
        while name in taken:
            name, number = f"{spelling.name}-{number}", number + 1
        distinct.append(replace(spelling, name=name))
    return distinct


def make_agent(
    spelling: Spelling,
    spec: GameSpec,
    *,
    processes: int = 2,
    watchdog: Watchdog | None = None,
) -> Agent:
    """Make the agent. Raises as :func:`parse_agent`, and for a program that is not allowed."""
    if spelling.kind == "random":
        from agents.random_agent import RandomAgent

        return RandomAgent(spelling.name)
    if spelling.kind == "human":
        from agents.human_agent import HumanAgent

        return HumanAgent(spelling.name)
    if spelling.kind == "perfect":
        from agents.perfect_agent import PerfectAgent

        return PerfectAgent(spelling.name, spec)
    if spelling.is_program:
        if not spelling.allowed:
            raise ConfigError(
                f"expected a program that you named on this machine, got {spelling.text!r} from a "
                "file; read it, and add --trust to `miai arena` or `miai ratings` if it may run"
            )
        make = PROTOCOLS[spelling.kind]
        return make(spelling.name, spelling.argv, processes, watchdog, spelling.commands)
    if spelling.kind == "rollouts":
        from agents.evaluators.rollout import RolloutEvaluator
        from agents.search_agent import rollout_agent

        simulations = spelling.simulations or DEFAULT_SIMULATIONS
        return rollout_agent(spelling.name, simulations, RolloutEvaluator())
    if spelling.kind == "level":
        return level_agent(spelling.level, spec, spelling.name)
    return _network_agent(spelling, spec)


def _network_agent(spelling: Spelling, spec: GameSpec) -> Agent:
    from agents.policy_agent import PolicyAgent
    from agents.search_agent import SearchAgent

    path = spelling.network or shipped_network_path(spec.name, spec.width)
    evaluator = _evaluator(path, path.stat().st_mtime_ns, spec, spelling.backend)
    if spelling.kind == "policy":
        return PolicyAgent(spelling.name, evaluator)
    return SearchAgent(spelling.name, evaluator, spelling.limit)


@lru_cache(maxsize=_EVALUATORS_SHARED)
def _evaluator(path: Path, written_ns: int, spec: GameSpec, backend: str) -> Evaluator:
    """Agents of one network, with other budgets, share it and what it remembers."""
    from agents.evaluators.auto import network_evaluator

    return network_evaluator(path, spec, backend=backend)


def _simulations(word: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", word) or int(word) == 0:
        raise ConfigError(f"expected a number of simulations above 0, got {word!r} in {text!r}")
    return int(word)


def _arguments(line: str, text: str) -> tuple[str, ...]:
    try:
        argv = tuple(shlex.split(line))
    except ValueError as error:
        raise ConfigError(f"expected a command line, got {text!r}: {str(error).lower()}") from error
    if not argv:
        protocol = text.partition(":")[0]
        raise ConfigError(f"expected a program after '{protocol}:', got {text!r}")
    return argv


def _network_and_backend(word: str, text: str, game: GameSpec | None) -> tuple[str, Path, str]:
    """Return what is to compute the network, its file, and a short name."""
    prefix, colon, rest = word.partition(":")
    if colon and prefix in backend_names():
        path, name = find_network(rest, text, game, _AN_AGENT)
        return prefix, path, name if prefix == AUTO else f"{prefix}:{name}"
    return AUTO, *find_network(word, text, game, _AN_AGENT)
