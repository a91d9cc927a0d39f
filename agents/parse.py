"""One spelling of agents for the command line, the arena and the window.

```
random                     uniform over sensible moves
rollouts:500               classic Monte Carlo search, 500 simulations a move
NET@400                    a network with search, 400 simulations a move
policy:NET                 the bare network, no search
level:3                    one of the window's levels, 1 to 10
gtp:gnugo --mode gtp       a program that speaks GTP; arguments are split as a shell would, no shell
```

NET is a network file, ``shipped`` for the one that comes with the program for the game at hand
(``shipped:go9`` for a certain one), a run's folder for its newest checkpoint (``runs/first``), or a
folder with a checkpoint's label (``runs/first:12``). ``int8:``, ``torch:`` or ``openvino:`` before
NET names what computes it; without, the fastest here does. Any spelling may be given a name to be
shown under: ``strong=runs/first@1600``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from agents.evaluators.auto import BACKENDS, Backend
from agents.gtp.client import Watchdog
from agents.gtp.program import GtpAgent
from agents.levels import level_agent, level_of
from agents.network.checkpoint import read_metadata, shipped_network_path, shipped_networks
from agents.protocol import Agent, Limit
from engine.errors import ConfigError
from engine.games.spec import GameSpec
from engine.search import Evaluator

DEFAULT_SIMULATIONS: Final = 400
SHIPPED: Final = "shipped"
_NAME = re.compile(r"([\w.+-]+)=(.+)", re.DOTALL)
_SIMULATIONS = re.compile(r"(.*)@([^@/\\]*)", re.DOTALL)
_LONGEST_NAME = 24

Kind = Literal["random", "rollouts", "network", "policy", "level", "gtp"]


@dataclass(frozen=True)
class Spelling:
    """An agent that has been read but not made."""

    text: str
    """As it was written, without the name."""
    name: str
    kind: Kind
    simulations: int | None = None
    """Of a search; of a level its number."""
    network: Path | None = None
    backend: Backend = "auto"
    argv: tuple[str, ...] = ()

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
        if self.simulations is not None:
            details["simulations"] = str(self.simulations)
        return details


def parse_agent(
    text: str,
    spec: GameSpec,
    *,
    simulations: int = DEFAULT_SIMULATIONS,
    processes: int = 2,
    watchdog: Watchdog | None = None,
) -> Agent:
    """Make the agent that ``text`` spells.

    Args:
        text: see the module's docstring.
        spec: the game it is to play.
        simulations: of a search whose spelling does not say.
        processes: games that a program can play at once.
        watchdog: how long a program may take.

    Raises:
        ConfigError: if the text spells no agent.
        NetworkFileError: if the network is missing, damaged, or made for another game.
    """
    spelling = read_spelling(text, simulations, spec)
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
    head, _, rest = text.partition(":")
    if text == "random":
        return Spelling(text, "random", "random")
    if head == "rollouts":
        count = _simulations(rest, text) if rest else simulations
        return Spelling(text, f"rollouts:{count}", "rollouts", count)
    if head == "level":
        level = level_of(_simulations(rest, text))
        return Spelling(text, f"level-{level.number}", "level", level.number)
    if head == "gtp":
        argv = _arguments(rest, text)
        return Spelling(text, Path(argv[0]).stem[:_LONGEST_NAME], "gtp", argv=argv)
    if head == "policy":
        backend, path, name = _network_and_backend(rest, text, game)
        return Spelling(text, f"policy:{name}", "policy", network=path, backend=backend)
    budget = _SIMULATIONS.fullmatch(text)
    if budget is not None:
        text_of_network, simulations = budget.group(1), _simulations(budget.group(2), text)
    else:
        text_of_network = text
    backend, path, name = _network_and_backend(text_of_network, text, game)
    return Spelling(text, f"{name}@{simulations}", "network", simulations, path, backend)


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
    """Make the agent. Raises as :func:`parse_agent`."""
    if spelling.kind == "random":
        from agents.random_agent import RandomAgent

        return RandomAgent(spelling.name)
    if spelling.kind == "gtp":
        return GtpAgent(spelling.name, spelling.argv, processes, watchdog)
    if spelling.kind == "rollouts":
        from agents.evaluators.rollout import RolloutEvaluator
        from agents.search_agent import rollout_agent

        simulations = spelling.simulations or DEFAULT_SIMULATIONS
        return rollout_agent(spelling.name, simulations, RolloutEvaluator())
    if spelling.kind == "level":
        return level_agent(spelling.simulations or 1, spec, spelling.name)
    return _network_agent(spelling, spec)


def _network_agent(spelling: Spelling, spec: GameSpec) -> Agent:
    from agents.evaluators.auto import load_evaluator
    from agents.evaluators.cached import CachedEvaluator
    from agents.evaluators.known_rules import with_known_rules
    from agents.policy_agent import PolicyAgent
    from agents.search_agent import SearchAgent

    path = spelling.network or shipped_network_path(spec.name, spec.width)
    evaluator: Evaluator = load_evaluator(path, spec, spelling.backend)
    if spelling.kind == "network":
        evaluator = CachedEvaluator(evaluator)
    evaluator = with_known_rules(evaluator, read_metadata(path))
    if spelling.kind == "policy":
        return PolicyAgent(spelling.name, evaluator)
    return SearchAgent(spelling.name, evaluator, Limit(simulations=spelling.simulations))


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
        raise ConfigError(f"expected a program after 'gtp:', got {text!r}")
    return argv


def network_path(word: str, game: GameSpec | None = None) -> Path:
    """Return the file that ``word`` names: a network file, a run's newest checkpoint, ``shipped``.

    Raises:
        ConfigError: if there is no such file.
    """
    return _network(word, word, game)[0]


def _network_and_backend(word: str, text: str, game: GameSpec | None) -> tuple[Backend, Path, str]:
    """Return what is to compute the network, its file, and a short name."""
    prefix, colon, rest = word.partition(":")
    for backend in BACKENDS:
        if colon and prefix == backend:
            path, name = _network(rest, text, game)
            return backend, path, name if backend == "auto" else f"{backend}:{name}"
    return "auto", *_network(word, text, game)


def _network(word: str, text: str, game: GameSpec | None) -> tuple[Path, str]:
    """Return the file and a short name for it."""
    if word == SHIPPED:
        where = () if game is None else (game.name, game.width)
        return shipped_network_path(*where), SHIPPED
    if word.startswith(f"{SHIPPED}:"):
        networks = shipped_networks()
        name = word.partition(":")[2]
        if name not in networks:
            raise ConfigError(
                f"expected a network that comes along ({', '.join(networks)}), got {text!r}"
            )
        return networks[name], name
    path = Path(word)
    if word and path.is_dir():
        checkpoints = sorted((path / "checkpoints").glob("*.safetensors"))
        if not checkpoints:
            raise ConfigError(
                f"expected a run's folder with checkpoints, got {text!r}: there are none yet"
            )
        return checkpoints[-1], _short(path)
    folder, colon, label = word.rpartition(":")
    if colon and Path(folder).is_dir():
        stem = f"{int(label):06d}" if re.fullmatch(r"[0-9]{1,6}", label) else label
        checkpoint = Path(folder) / "checkpoints" / f"{stem}.safetensors"
        if not checkpoint.is_file():
            raise ConfigError(f"expected a checkpoint of {folder}, got {label!r} in {text!r}")
        return checkpoint, f"{_short(Path(folder))}:{label}"
    if not path.is_file():
        raise ConfigError(
            "expected random, rollouts:N, level:N, gtp:PROGRAM, policy:NET or NET@N, where NET is "
            f"a network file, a run's folder or 'shipped'; got {text!r}, and there is no such file "
            "or folder"
        )
    return path, _short(path.with_suffix(""))


def _short(path: Path) -> str:
    return path.resolve().name[:_LONGEST_NAME]
