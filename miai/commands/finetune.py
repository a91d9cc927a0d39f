"""``miai finetune``: train a network on expert games and say what that changed."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.records import Loaded
    from miai.strength import Strength
    from miai.tuning import FinetuneTask
    from selfplay.tune.agreement import Agreement
    from selfplay.tune.finetune import Epoch, FinetuneConfig, Outcome, Step

SUMMARY = "fine-tune a network on expert games"
EXAMPLE = (
    "miai finetune --network runs/first --games ../shared/data/go9_expert.zip "
    "--mix runs/first --out runs/expert.safetensors"
)

_REFUSALS_SHOWN = 10
_NOTES_SHOWN = 5
_PLAYERS_SHOWN = 5
_QUIET_S = 60.0
"""Between two lines about an epoch that is not over."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_arguments(parser)
    add_setting_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="the network to write")
    parser.add_argument("--minutes", type=float, help="stop training after this time")
    parser.add_argument(
        "--match",
        type=int,
        default=0,
        metavar="GAMES",
        help="then play at most this number of games of the new network against the old one",
    )
    parser.add_argument(
        "--simulations", type=int, default=100, help="for each move of that match (default: 100)"
    )
    parser.add_argument(
        "--own-openings",
        action="store_true",
        help="play the match also from openings of the starting network, to see what was forgotten",
    )
    parser.add_argument("--report", type=Path, metavar="HTML", help="write a page on what changed")


def add_setting_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say how the network learns."""
    parser.add_argument(
        "--parameters",
        choices=("full", "lora", "heads"),
        help="what is trained: all weights, adapters beside them, or the heads (default: full)",
    )
    parser.add_argument("--rank", help="rank of the adapters of --parameters lora (default: 8)")
    parser.add_argument(
        "--mix-share", type=float, metavar="SHARE", help="share of self-play rows in each batch"
    )
    parser.add_argument("--epochs", type=int, help="passes over the games, at most")
    parser.add_argument("--lr", type=float, help="learning rate (default: by --parameters)")
    parser.add_argument(
        "--kl", type=float, help="weight of the divergence from the starting network"
    )
    parser.add_argument("--value-weight", type=float, help="weight of the experts' results")
    parser.add_argument(
        "--threads", type=int, help="threads that share each batch (default: one per core)"
    )


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which network learns from which rows."""
    parser.add_argument(
        "--network", required=True, help="where to start: a file, a run's folder, or 'shipped'"
    )
    parser.add_argument(
        "--games",
        type=Path,
        nargs="+",
        required=True,
        help="SGF files, transcripts of Othello or Connect Four (.txt, .csv), zips, folders",
    )
    parser.add_argument(
        "--size", help="board of the games, such as 9 or 7x6 (default: the most frequent)"
    )
    parser.add_argument("--player", default="", help="learn only moves of players with this name")
    parser.add_argument("--winner-only", action="store_true", help="learn only the winner's moves")
    parser.add_argument(
        "--min-rank", default="", help="learn only moves of this rank or above, such as 5d or 1p"
    )
    parser.add_argument(
        "--min-moves",
        type=int,
        default=10,
        help="learn only games with this number of moves or more",
    )
    parser.add_argument("--most-games", type=int, help="most games to train on, drawn by the seed")
    parser.add_argument("--most-rows", type=int, help="most positions to train on")
    parser.add_argument(
        "--mix",
        metavar="RUN",
        help="mix in self-play rows of this run, or 'play' to play some now, against forgetting",
    )
    parser.add_argument("--mix-rows", type=int, help="most self-play rows")
    parser.add_argument(
        "--relabel", type=int, metavar="N", help="soften targets by N simulations a position"
    )
    parser.add_argument(
        "--holdout", type=float, default=0.1, help="share of games kept for judging"
    )
    parser.add_argument(
        "--holdout-rows", type=int, default=20_000, help="most positions to judge by"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the split and the training")


def run(args: argparse.Namespace) -> int:
    from engine.errors import ConfigError
    from miai.tuning import prepare
    from selfplay.tune.finetune import finetune

    if args.out.is_dir():
        raise ConfigError(f"expected --out as a file to write, got the folder {str(args.out)!r}")
    for path in (args.out, args.report):
        if path is not None and not path.parent.is_dir():
            raise ConfigError(f"expected a folder that exists for the file {str(path)!r}")
    if args.match < 0 or args.match % 2 or args.simulations < 1:
        raise ConfigError(
            f"expected an even --match and --simulations above 0, got {args.match!r} "
            f"and {args.simulations!r}"
        )
    config = finetune_config(args)
    task = prepare(args, print_loaded, print)
    deadline = None if args.minutes is None else time.perf_counter() + args.minutes * 60.0
    outcome = finetune(
        task.model,
        task.expert,
        task.held_out,
        config,
        _print_epoch,
        on_step=Progress(),
        mix=task.mix,
        mix_held_out=task.mix_held_out,
        deadline_s=deadline,
    )
    _print_outcome(task, outcome)
    _save(args, task, config, outcome)
    strength = _match(args, task) if args.match and outcome.epoch else []
    if args.report is not None:
        from miai.tuning_report import write_report

        write_report(args.report, task, config, outcome, strength)
        print(f"wrote {args.report}")
    return 0


def finetune_config(args: argparse.Namespace) -> FinetuneConfig:
    """The settings that the command line gives."""
    from engine.errors import ConfigError
    from miai.config import build
    from selfplay.tune.finetune import FinetuneConfig

    if args.rank is not None and not args.rank.isdecimal():
        raise ConfigError(
            f"expected --rank as a whole number, the adapters' rank, got {args.rank!r}; "
            "players are chosen by --min-rank"
        )
    known = {"seed": args.seed, "parameters": args.parameters, "epochs": args.epochs}
    known["rank"] = None if args.rank is None else int(args.rank)
    known |= {"learning_rate": args.lr, "kl_weight": args.kl, "mix_share": args.mix_share}
    known |= {"value_weight": args.value_weight, "threads": args.threads}
    known = {name: value for name, value in known.items() if value is not None}
    return build(FinetuneConfig, known, source="the command line")


def _save(
    args: argparse.Namespace, task: FinetuneTask, config: FinetuneConfig, outcome: Outcome
) -> None:
    from agents.network.adapters import save_adapter
    from agents.network.checkpoint import save_network
    from miai.tuning import beside

    provenance = task.provenance(config, outcome)
    save_network(args.out, outcome.model, provenance, task.calibration(outcome.model))
    print(f"wrote {args.out}; play against it: miai play --network {args.out}")
    if outcome.adapted is not None:
        adapter = beside(args.out, "adapter.safetensors")
        save_adapter(adapter, outcome.adapted, provenance)
        print(f"wrote {adapter}, {adapter.stat().st_size:,} bytes: the adapters alone")


def _match(args: argparse.Namespace, task: FinetuneTask) -> list[Strength]:
    """One match from random openings; one from those of self-play, if it is asked for."""
    from miai.strength import measure_strength

    found = []
    for own_openings in (False, True) if args.own_openings else (False,):
        print(f"playing up to {args.match} games against the start", flush=True)
        found.append(
            measure_strength(
                task.spec,
                args.out,
                task.source,
                games=args.match,
                simulations=args.simulations,
                seed=args.seed,
                own_openings=own_openings,
            )
        )
        print(f"against the start: {found[-1]}", flush=True)
    return found


def print_loaded(loaded: Loaded) -> None:
    """The summary: games, moves, players, results, and what was left out and why."""
    print(f"read {len(loaded.records):,} games, {loaded.moves:,} moves")
    players = loaded.players()
    if players:
        some = ", ".join(f"{name} ({n})" for name, n in players.most_common(_PLAYERS_SHOWN))
        print(f"  {len(players)} players: {some}" + (", ..." if len(players) > 5 else ""))
    print("  results: " + ", ".join(f"{n} {what}" for what, n in loaded.results().most_common()))
    if loaded.reasons:
        counts = ", ".join(f"{count} {reason}" for reason, count in loaded.reasons.most_common())
        print(f"  left out or cut: {counts}")
    if loaded.noted:
        print(f"  {loaded.noted:,} games were read otherwise than they are written, for example:")
        for note in loaded.notes[:_NOTES_SHOWN]:
            print(f"  {note}", file=sys.stderr)
    for line in loaded.refusals[:_REFUSALS_SHOWN]:
        print(f"  {line}", file=sys.stderr)
    more = sum(loaded.reasons.values()) - _REFUSALS_SHOWN
    if more > 0:
        print(f"  and {more} more", file=sys.stderr)


def _print_epoch(epoch: Epoch) -> None:
    from selfplay.report.wording import duration

    best = " (best so far)" if epoch.best else ""
    if epoch.number == 0:
        print(f"start: held-out loss {epoch.held_out_loss:.4f}")
        return
    print(
        f"epoch {epoch.number}: loss {epoch.training_loss:.4f}, "
        f"held-out {epoch.held_out_loss:.4f}{best}, "
        f"{epoch.rows_per_s:,.0f} rows/s, at most {duration(epoch.seconds_left)} left",
        flush=True,
    )


class Progress:
    """A line a minute within epochs: one over many games may take an hour."""

    def __init__(self) -> None:
        self._epoch, self._said = 0, time.perf_counter()

    def __call__(self, step: Step) -> None:
        from selfplay.report.wording import duration

        now = time.perf_counter()
        if step.epoch != self._epoch:
            self._epoch, self._said = step.epoch, now
        if now - self._said < _QUIET_S or step.share == 1.0:
            return
        self._said = now
        print(
            f"  {step.share:.0%} of epoch {step.epoch}: loss {step.loss:.4f}, "
            f"{step.rows_per_s:,.0f} rows/s, at most {duration(step.seconds_left)} left",
            flush=True,
        )


def _print_outcome(task: FinetuneTask, outcome: Outcome) -> None:
    before = outcome.before
    share = outcome.trained_parameters / task.model.parameter_count
    if outcome.epoch == 0:
        print("no epoch was better on held-out rows: the network stays as it was")
    print(
        f"kept epoch {outcome.epoch}; trained {outcome.trained_parameters:,} numbers "
        f"({share:.1%} of the network's). On {before.games} held-out games "
        f"({before.positions:,} positions), 95 % intervals by game:"
    )
    _print_table(before, outcome.after)
    for phase, (old, new) in outcome.phases.items():
        print(
            f"  {phase + ' (' + format(old.positions, ',') + ')':18} "
            f"{'top-1 ' + old.top_1.percent():>26} {'top-1 ' + new.top_1.percent():>26}"
        )
    if outcome.kept_before is not None and outcome.kept_after is not None:
        print(f"forgetting, on {outcome.kept_before.positions:,} held-out self-play positions:")
        _print_table(outcome.kept_before, outcome.kept_after)


def _print_table(before: Agreement, after: Agreement) -> None:
    lines = [
        ("top-1 agreement", before.top_1.percent(), after.top_1.percent()),
        ("top-5 agreement", before.top_5.percent(), after.top_5.percent()),
        ("log-likelihood", before.log_likelihood.plain(), after.log_likelihood.plain()),
        ("value Brier score", before.brier.plain(), after.brier.plain()),
        (
            "calibration error",
            f"{before.calibration_error:.3f}",
            f"{after.calibration_error:.3f}",
        ),
    ]
    print(f"  {'':18} {'before':>26} {'after':>26}")
    for name, old, new in lines:
        print(f"  {name:18} {old:>26} {new:>26}")
