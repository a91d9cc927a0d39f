"""Which run the words of ``miai train`` mean: its folder, its settings, and where they are from."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfplay.run import RunConfig

_MANY = "many"
"""Name of the network of many games that comes with the program."""
_KNOWN_RATE = 0.5
"""Share of the usual learning rate of a run that begins with it."""


def meant_run(args: argparse.Namespace) -> tuple[Path, RunConfig, str]:
    """The run's folder, its settings, and the preset or file that they are from.

    The settings are the run's own, or the preset's, with the command line's on top.
    """
    from miai.commands.options.game import read_size
    from miai.config import RENAMED, build, load_preset, preset_of
    from selfplay.run import RunConfig
    from selfplay.run.folder import RunFolder
    from selfplay.run.start import fit_start

    overrides = []
    game = (args.game or "go").lower().replace("-", "_")
    name = args.preset or preset_of(game)
    if name in RENAMED:
        print(f"the preset {name} is now {RENAMED[name]}; taking that", file=sys.stderr)
        name = RENAMED[name]
    if args.game is not None:
        overrides.append(f"game.name={game}")
    if args.size is not None:
        sides = zip(("height", "width"), read_size(args.size), strict=True)
        overrides += [f"game.{which}={side}" for which, side in sides]
    given = None if args.start == "none" else args.start
    if args.start is not None:
        overrides.append(f"start={given or ''}")
    overrides += args.set
    if args.strict:
        overrides.append("ray.strict=true")
    if args.minutes is not None:
        overrides.append(f"schedule.minutes={args.minutes}")
    if args.cycles is not None:
        overrides.append(f"schedule.cycles={args.cycles}")
    if args.seed is not None:
        overrides.append(f"seed={args.seed}")
    if args.run is None:
        size = f"-{args.size}" if args.size else ""
        folder = Path("runs") / f"{Path(name or game).stem}{size}"
    else:
        folder = args.run
    known = RunFolder(folder)
    known.check_version()
    if known.config.exists() and args.preset is None:
        name = str(known.config)
    source = name or f"the usual settings of {game}"
    preset = load_preset(name) if name else _without_preset(game)
    config = build(RunConfig, preset, overrides, source=source)
    if args.preset is None and args.start is None and not known.config.exists():
        usual = _usual_start(config, set(_keys(args.set)))
        overrides = [*usual, *overrides]
        config = build(RunConfig, preset, overrides, source=source)
    if given is not None:
        fitting = fit_start(known, config)
        shape = [f"network={fitting.network}", f"future_head={str(fitting.future_head).lower()}"]
        if fitting.heads:
            shape.append(f"heads={[*fitting.heads]}")
        config = build(RunConfig, preset, [*shape, *overrides], source=source)
    config.check()
    return folder, config, source


def run_with_added(args: argparse.Namespace) -> tuple[Path, RunConfig, str]:
    """As :func:`meant_run`, for a run that gets further tasks."""
    from engine.errors import ConfigError
    from miai.adding import copied, prepare, read_run, require_budget, with_added
    from miai.config import build, to_toml
    from selfplay.run import RunConfig
    from selfplay.run.folder import RunFolder

    given = Path(args.start or args.run or "")
    if not (args.start or args.run) or args.preset or args.game or args.size:
        raise ConfigError(
            "expected --add with --run RUN or --from RUN, whose settings it takes, and no "
            "--preset, --game or --size"
        )
    folder = args.run or Path("runs") / f"{given.name}-{args.add[0].replace(':', '')}"
    config = with_added(read_run(RunFolder(given)), args.add, rehearse=args.start is not None)
    budget = {"schedule.minutes": args.minutes, "schedule.cycles": args.cycles, "seed": args.seed}
    said = [*args.set, *(f"{name}={value}" for name, value in budget.items() if value is not None)]
    config = build(RunConfig, tomllib.loads(to_toml(config)), said, source=str(given))
    config.check()
    require_budget(RunFolder(given), config)
    if args.start is not None:
        copied(given, folder)
    prepare(RunFolder(folder), config)
    print(f"{given} goes on in {folder} with {', '.join(args.add)} added; games begin anew")
    return folder, config, str(folder / "config.toml")


def _usual_start(config: RunConfig, said: set[str]) -> list[str]:
    """Settings that let a run begin with the network of many games that comes along.

    A preset that is named, a start that is named, and another shape of network keep what they say.
    ``said`` are the settings of the command line.
    """
    from agents.network.checkpoint import read_metadata, shipped_networks
    from selfplay.run.start import fit

    path = shipped_networks().get(_MANY)
    if path is None or config.start or config.tasks or "network" in said:
        return []
    found = read_metadata(path)["network"]
    fitting = fit(config, found)
    if (fitting.network, fitting.future_head, fitting.heads) != (
        config.network,
        config.future_head,
        config.heads,
    ):
        return []
    games = ", ".join(found.games)
    print(f"begins with shipped:{_MANY}, a network of {games}; --from none begins from nothing")
    rates = {
        name: getattr(config.schedule, name) * _KNOWN_RATE
        for name in ("learning_rate", "final_learning_rate")
    }
    return [
        f"start=shipped:{_MANY}",
        *(f"schedule.{name}={rate!r}" for name, rate in rates.items()),
    ]


def _keys(settings: Sequence[str]) -> list[str]:
    return [setting.partition("=")[0].strip() for setting in settings]


def _without_preset(game: str) -> dict[str, Any]:
    """Settings for a game that none come along for: the defaults, on a board that is soon full."""
    from engine.games import GAMES, quick

    if game not in GAMES:
        return {}  # it is refused together with the other settings
    spec = quick(game)
    settings = {"game": {"name": game, "height": spec.height, "width": spec.width}}
    return settings if spec.may_pass else {**settings, "search": {}}
