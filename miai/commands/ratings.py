"""``miai ratings``: how strong each checkpoint of a run is, from the games it played meanwhile."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miai.commands.options.trust import add_trust_option, allow_ladder

if TYPE_CHECKING:
    from arena.ladder import LadderRatings, RatedPlayer

SUMMARY = "show the strength of a run's checkpoints over training time, with 95 % intervals"
EXAMPLE = "miai ratings runs/try"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument(
        "--play",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="play missing games for this number of minutes before showing the table",
    )
    add_trust_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--beside", metavar="RAY", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as miai.rating_process.ONE_THREAD
    from miai.rating import benchmark_config, rate_run
    from miai.rating_process import finish, serve
    from selfplay.run.curves import read_run
    from selfplay.run.folder import RunFolder
    from selfplay.run.settings import read_settings, task_names

    settings, folder = read_settings(args.run), RunFolder(args.run)
    if args.beside is not None:
        from selfplay.report.report import write_report

        serve(args.run, lambda: write_report(args.run), args.beside)
        return 0
    names = task_names(settings)
    if args.play > 0.0:
        for name in names:
            ladder = benchmark_config(settings, name).ladder
            allow_ladder(ladder, str(folder.config), args.trust)
        finish(args.run, args.play * 60.0, lambda done: _say(done, args.json))
    for line in folder.damaged_lines():
        print(f"passed over: {line}", file=sys.stderr)
    times = read_run(args.run).checkpoint_minutes
    found = {}
    for name in names:
        config = benchmark_config(settings, name)
        ratings = rate_run(folder.of_task(name), config)
        found[name] = _as_json(ratings, times)
        if not args.json:
            print(f"{name}\n" if name else "", end="")
            print(as_text(ratings, times, config.simulations))
    if args.json:
        whole = found[""] if names == [""] else {"tasks": found}
        print(json.dumps(whole, indent=2, allow_nan=False))
    return 0


def _say(done: str, quiet: bool) -> None:
    if not quiet:
        print(done, file=sys.stderr)


def _as_json(ratings: LadderRatings, times: dict[str, float]) -> dict[str, Any]:
    from arena.ladder import as_json

    found = as_json(ratings)
    for player in found["players"]:
        player["minutes"] = times.get(player["name"])
    return found


def as_text(ratings: LadderRatings, times: dict[str, float], simulations: int) -> str:
    """The ladder as a table: checkpoints by their training time, the fixed players after them."""
    if not ratings.players:
        return "no checkpoint has been rated yet; --play 5 plays for five minutes"
    checkpoints = [p for p in ratings.players if p.name in times]
    others = [p for p in ratings.players if p.name not in times]
    rows = [["minutes", "player", "Elo", "95 %", "games", "score"]]
    for player in sorted(checkpoints, key=lambda p: times[p.name]):
        rows.append([f"{times[player.name]:.1f}", *_cells(player, ratings.anchor)])
    rows += [["", *_cells(player, ratings.anchor)] for player in others]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 1 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.append(
        f"\nElo by maximum likelihood over all {ratings.games} games together, {ratings.anchor} = "
        f"0; checkpoints with {simulations} simulations a move; moving first was worth "
        f"{ratings.first_player.elo:+.0f}"
    )
    return "\n".join(lines)


def _cells(player: RatedPlayer, anchor: str) -> list[str]:
    rating = player.rating
    if player.name == anchor:
        elo, interval = "0", "anchor"
    elif rating.bounded:
        elo, interval = f"{rating.elo:+.0f}", f"{rating.lower:+.0f} to {rating.upper:+.0f}"
    elif rating.upper != float("inf"):
        elo, interval = f"{rating.elo:+.0f}", f"< {rating.upper:+.0f}"
    elif rating.lower != float("-inf"):
        elo, interval = f"{rating.elo:+.0f}", f"> {rating.lower:+.0f}"
    else:
        elo, interval = "?", "unknown"
    score = f"{100 * player.points / player.games:.1f} %" if player.games else "-"
    return [player.name, elo, interval, str(player.games), score]
