"""``miai analyze``: a whole game looked through, as a table, a page, SGF and JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.files import read_file

if TYPE_CHECKING:
    from arena.analysis import GameReview
    from engine.records import GameRecord

from miai.commands.options.arena import check_seed

SUMMARY = "look through a game: what each move cost, as a page, annotated SGF and JSON"
EXAMPLE = "miai analyze game.sgf --simulations 200"
_LISTED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, help="SGF of any of the games, GGF, .psq, or moves as text"
    )
    parser.add_argument(
        "--number", type=int, default=1, metavar="N", help="which game of the file (default: 1)"
    )
    parser.add_argument(
        "--network",
        default="shipped",
        help="file, run folder or 'rollouts' (default: the network that comes with miai)",
    )
    parser.add_argument(
        "--simulations", type=int, default=200, help="for each position (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the search (default: 0)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="NAME",
        help="write NAME.html, NAME.sgf and NAME.json, or into the folder NAME (default: beside "
        "the file, -analyzed)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON and write nothing")


def run(args: argparse.Namespace) -> int:
    from agents.protocol import Limit
    from arena.analysis import Analyst, sweep
    from arena.analysis.analyst import LARGEST_BUDGET
    from arena.analysis.review_json import review_data
    from engine.errors import ConfigError
    from miai.commands.evaluators import evaluator_of

    if not 1 <= args.simulations <= LARGEST_BUDGET:
        raise ConfigError(
            f"expected --simulations from 1 to {LARGEST_BUDGET}, got {args.simulations!r}"
        )
    check_seed(args.seed)
    record = _record(args)
    out = _out(args)
    evaluator, name = evaluator_of(args.network, record.spec)
    conditions = {"network": name, "simulations": args.simulations, "seed": args.seed}
    progress = _Progress()
    review = sweep(
        record,
        Analyst(evaluator),
        Limit(args.simulations),
        seed=args.seed,
        on_look=progress.show,
    )
    progress.end()
    if args.json:
        print(json.dumps(review_data(review, conditions), indent=2, allow_nan=False))
        return 0
    _print(review)
    _write(review, conditions, out)
    return 0


def _out(args: argparse.Namespace) -> Path:
    """Return where the reports go, without their endings; nothing is written yet.

    Raises:
        ConfigError: if nothing can be written there.
    """
    from engine.errors import ConfigError

    name = f"{args.file.stem}-analyzed"
    out: Path = args.out or args.file.with_name(name)
    if out.is_dir():
        out = out / name
    folder = out.parent
    if not args.json and not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ConfigError(
            f"expected --out in a folder that can be written, got {str(out)!r}; "
            "make the folder, or choose another"
        )
    return out


def _record(args: argparse.Namespace) -> GameRecord:
    from engine.errors import RecordError
    from engine.records.formats import read_game_of
    from engine.text import printable

    game = read_game_of(read_file(args.file), str(args.file), args.number)
    for note in game.notes:
        print(f"note: {printable(note)}", file=sys.stderr)
    if game.cut:
        print(f"the game is looked at up to there: {printable(game.cut, None)}", file=sys.stderr)
    if not game.record.actions:
        raise RecordError(f"expected a game with moves, got none: {args.file}")
    return game.record


def _write(review: GameReview, conditions: dict[str, Any], out: Path) -> None:
    from arena.analysis.review_html import review_html
    from arena.analysis.review_json import review_data
    from arena.analysis.review_sgf import review_sgf
    from engine.files import write_atomic

    data = json.dumps(review_data(review, conditions), indent=2, allow_nan=False)
    for suffix, content in (
        ("html", review_html(review, conditions)),
        ("sgf", review_sgf(review, conditions)),
        ("json", data.encode()),
    ):
        path = out.with_name(f"{out.name}.{suffix}")
        write_atomic(path, content)
        print(f"wrote {path}", file=sys.stderr)


def _print(review: GameReview) -> None:
    """The costliest moves and a line per side."""
    from arena.analysis.review_json import class_of
    from engine.games.spec import BLACK, WHITE
    from engine.notation import move_name

    spec = review.record.spec
    for colour, name in ((BLACK, "Black"), (WHITE, "White")):
        accuracy = review.accuracy(colour)
        mine = [move.loss for move in review.moves if move.colour == colour]
        if accuracy is not None:
            print(
                f"{name}: {len(mine)} moves, {100 * accuracy:.0f} % of them cost less than 2 %, "
                f"{100 * sum(mine) / len(mine):.1f} % on average"
            )
    for move in review.mistakes()[:_LISTED]:
        side = "Black" if move.colour == BLACK else "White"
        points = f", {move.score_loss:.1f} points" if spec.has_points else ""
        line = " ".join(move_name(spec, action) for action in move.best.line[:6])
        print(
            f"{move.ply:4d}. {side} {move_name(spec, move.action):5} {class_of(move):10} "
            f"{100 * move.loss:5.1f} %{points}; better {line}"
        )


class _Progress:
    """A line on stderr, rewritten on a terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._started_s = time.monotonic()

    def show(self, done: int, total: int) -> None:
        """Say how far it is and how long it will take."""
        if self._live:
            spent_s = time.monotonic() - self._started_s
            left_s = spent_s / done * (total - done)
            print(
                f"\r{done}/{total} positions, {left_s:.0f} s left ",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def end(self) -> None:
        """Leave the line."""
        if self._live:
            print(file=sys.stderr)
