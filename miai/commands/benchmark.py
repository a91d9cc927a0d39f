"""``miai benchmark``: how fast this machine is, with the peers beside it that are installed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from miai.commands.options.game import read_size

if TYPE_CHECKING:
    from miai.measure.rates import Contender, Rate

SUMMARY = "measure this machine: rules, search, evaluator, self-play"
EXAMPLE = "miai benchmark rules --seconds 2"

_SIZE = "b4c32"
_TITLES = {
    "rules": "random games",
    "search": "search without a network, inputs included, one core",
    "evaluator": "network {network}, Go, inputs included",
    "selfplay": "self-play, preset {preset}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=(*_TITLES, "signature", "levels"),
        help="what to measure; `signature` prints one number for how the search behaves, `levels` "
        "lets the window's levels play each other and keeps their Elo",
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="time for each rate (default: %(default)g)"
    )
    parser.add_argument(
        "--network",
        help="evaluator, selfplay: a named size or a network file "
        f"(default: {_SIZE}, or the preset's)",
    )
    parser.add_argument(
        "--preset", default="go9-quick", help="selfplay: settings (default: %(default)s)"
    )
    parser.add_argument(
        "--games",
        type=int,
        default=60,
        help="levels: games of each two neighbours (default: %(default)s)",
    )
    parser.add_argument(
        "--game",
        default="go",
        metavar="GAME",
        help="levels: the game (default: go)",
    )
    parser.add_argument(
        "--size", help="levels: board, such as 15 or 7x6 (default: the game's quick one)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    from engine.errors import ConfigError
    from miai.measure.rates import conditions, race

    if args.what == "signature":
        return _print_signature(args.json)
    if args.what == "levels":
        return _measure_levels(args)
    if not args.seconds > 0.0:
        raise ConfigError(f"expected --seconds above 0, got {args.seconds!r}")
    surroundings = conditions()
    rates = race(_contenders(args), args.seconds)
    title = _TITLES[args.what].format(network=args.network or _SIZE, preset=args.preset)
    if args.json and args.what == "rules":
        from miai.measure import rules

        print(json.dumps([rules.as_row(rate) for rate in rates], indent=2))
    elif args.json and args.what == "evaluator":
        from miai.measure import evaluator

        print(json.dumps([evaluator.as_row(rate) for rate in rates], indent=2))
    elif args.json and args.what == "search":
        from miai.measure import search

        print(json.dumps([search.as_row(rate) for rate in rates], indent=2))
    elif args.json and args.what == "selfplay":
        from miai.config import load_preset
        from miai.measure import selfplay
        from selfplay.run.config import ScheduleConfig

        schedule = load_preset(args.preset).get("schedule", {})
        passes = schedule.get("passes", ScheduleConfig.passes)
        print(json.dumps(selfplay.as_row(rates, args.preset, passes) | surroundings, indent=2))
    elif args.json:
        report = {
            "benchmark": args.what,
            "title": title,
            "seconds": args.seconds,
            "conditions": surroundings,
            "rates": [asdict(rate) for rate in rates],
        }
        print(json.dumps(report, indent=2))
    else:
        print(f"{title} (median of interleaved turns, {args.seconds:g} s each)")
        print("\n".join(_table(rates)))
        print("; ".join(f"{name} {value}" for name, value in surroundings.items()))
    return 0


def _measure_levels(args: argparse.Namespace) -> int:
    from agents.levels import ratings_path
    from engine.errors import ConfigError
    from engine.games import make, quick
    from miai.measure.levels import measure_levels

    if args.games < 2 or args.games % 2:
        raise ConfigError(f"expected an even --games of at least 2, got {args.games!r}")
    size = read_size(args.size)
    spec = make(args.game, *size) if size else quick(args.game)
    measured = measure_levels(spec, args.games, lambda line: print(line, flush=True))
    print(f"Elo (lower, upper): {measured['elo']}")
    print(f"kept in {ratings_path(spec)}")
    return 0


def _print_signature(as_json: bool) -> int:
    from miai.measure.signature import signature

    number = signature()
    print(json.dumps({"signature": number}) if as_json else number)
    return 0


def _contenders(args: argparse.Namespace) -> list[Contender]:
    if args.what == "rules":
        from miai.measure import rules

        return rules.contenders()
    if args.what == "search":
        from miai.measure import search

        return search.contenders()
    if args.what == "evaluator":
        from miai.measure import evaluator

        return evaluator.contenders(args.network or _SIZE)
    from miai.measure import selfplay

    return selfplay.contenders(args.preset, args.network)


def _table(rates: Sequence[Rate]) -> list[str]:
    """One line per rate: name, rate, how far the group's first is ahead, facts."""
    names = [f"{rate.group}, {rate.name}" if rate.group else rate.name for rate in rates]
    width = max(len(name) for name in names)
    lines = []
    for name, rate in zip(names, rates, strict=True):
        notes = [f"{fact.replace('_', ' ')} {value:.4g}" for fact, value in rate.facts.items()]
        if rate.peer:
            notes.insert(0, f"miai does {rate.ratio:.2f} times as much")
        lines.append(f"  {name:<{width}}  {rate.value:>11,.0f} {rate.unit:<14} {'; '.join(notes)}")
    return [line.rstrip() for line in lines]
