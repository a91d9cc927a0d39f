"""``miai finetune``: train a network on expert games and say what that changed."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.records import GameRecord, Loaded
    from selfplay.agreement import Agreement
    from selfplay.finetune import Epoch, FinetuneConfig, Outcome
    from selfplay.shards import Rows

SUMMARY = "fine-tune a network on expert games"
EXAMPLE = (
    "miai finetune --network runs/first --games ../shared/data/go9_expert.zip "
    "--out runs/expert.safetensors"
)

_REFUSALS_SHOWN = 10
_MIX_ROWS = 60_000
_MIX_HELD_OUT = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network", required=True, help="where to start: a file, a run's folder, or 'shipped'"
    )
    parser.add_argument(
        "--games", type=Path, nargs="+", required=True, help="SGF files, zips, folders of both"
    )
    parser.add_argument("--out", type=Path, required=True, help="the network to write")
    parser.add_argument(
        "--mix", type=Path, metavar="RUN", help="mix in self-play rows of this run: forget less"
    )
    parser.add_argument(
        "--mix-share", type=float, metavar="SHARE", help="share of them in each batch, with --mix"
    )
    parser.add_argument(
        "--holdout", type=float, default=0.1, help="share of games kept for judging"
    )
    parser.add_argument("--epochs", type=int, help="passes over the games, at most")
    parser.add_argument("--lr", type=float, help="learning rate")
    parser.add_argument("--kl", type=float, help="weight of the pull towards the starting policy")
    parser.add_argument("--minutes", type=float, help="begin no epoch after so long")
    parser.add_argument("--seed", type=int, default=1, help="seed of the split and the training")
    parser.add_argument("--size", type=int, default=9, help="board size of the games to use")


def run(args: argparse.Namespace) -> int:
    from agents.network.checkpoint import load_network, save_network
    from agents.parse import network_path
    from engine.errors import ConfigError, RecordError
    from engine.records import load_games
    from selfplay.expert import all_rows, split_games
    from selfplay.finetune import finetune

    if args.out.is_dir():
        raise ConfigError(f"expected --out as a file to write, got the folder {str(args.out)!r}")
    if not args.out.parent.is_dir():
        raise ConfigError(f"expected --out in a folder that exists, got {str(args.out)!r}")
    if not 0.0 < args.holdout < 1.0:
        raise ConfigError(f"expected --holdout between 0 and 1, got {args.holdout!r}")
    config = _config(args)
    source = network_path(args.network)
    model, metadata = load_network(source)
    loaded = load_games(args.games, size=(args.size, args.size), min_moves=10)
    _print_loaded(loaded)
    usable = [record for record in loaded.records if record.winner is not None]
    kept, held = split_games(usable, args.holdout, args.seed)
    if not kept or not held:
        raise RecordError(
            f"expected games to train on and to hold out, got {len(kept)} and {len(held)} "
            f"{args.size}x{args.size} games with a known result; give more --games"
        )
    expert, held_out = all_rows(kept), all_rows(held)
    mix, mix_held = _self_play_rows(args.mix, args.size) if args.mix else (None, None)
    print(
        f"training on {len(kept)} games ({len(expert)} positions), "
        f"held out {len(held)} games ({len(held_out)} positions)"
        + (f", mixed with {len(mix)} self-play rows" if mix is not None else "")
    )
    deadline = None if args.minutes is None else time.perf_counter() + args.minutes * 60.0
    outcome = finetune(
        model,
        expert,
        held_out,
        config,
        _print_epoch,
        mix=mix,
        mix_held_out=mix_held,
        deadline_s=deadline,
    )
    _print_outcome(outcome)
    provenance = _provenance(args, config, metadata, kept, expert, outcome)
    save_network(args.out, outcome.model, provenance)
    print(f"wrote {args.out}; play against it: miai play --network {args.out}")
    return 0


def _config(args: argparse.Namespace) -> FinetuneConfig:
    from miai.config import build
    from selfplay.finetune import FinetuneConfig

    given = {
        "seed": args.seed,
        "epochs": args.epochs,
        "learning_rate": args.lr,
        "kl_weight": args.kl,
        "mix_share": args.mix_share,
    }
    known = {name: value for name, value in given.items() if value is not None}
    return build(FinetuneConfig, known, source="the command line")


def _self_play_rows(run: Path, size: int) -> tuple[Rows, Rows]:
    """The newest rows of a run; those of every tenth game are held out.

    Raises:
        RunError: if the run has none, too few, or some of another size.
    """
    from engine.errors import RunError
    from selfplay.folder import RunFolder
    from selfplay.shards import Rows, read_shard

    parts: list[Rows] = []
    for path in reversed(RunFolder(run).shards()):
        parts.append(read_shard(path))
        layout = parts[-1].layout
        if (layout.height, layout.width) != (size, size):
            raise RunError(
                f"expected self-play rows of a {size}x{size} board, "
                f"got {layout.height}x{layout.width}: {path}"
            )
        if sum(len(part) for part in parts) >= _MIX_ROWS:
            break
    if not parts:
        raise RunError(f"expected a run's folder with self-play rows, got {str(run)!r}")
    rows = Rows.concatenate(parts)
    held = rows.game % 10 == 0
    if held.all() or not held.any():
        raise RunError(f"expected a run of more games to mix in, got {len(rows)} rows in {run}")
    return rows.take((~held).nonzero()[0]), rows.take(held.nonzero()[0][:_MIX_HELD_OUT])


def _print_loaded(loaded: Loaded) -> None:
    moves = sum(len(record.actions) for record in loaded.records)
    print(f"read {len(loaded.records)} games, {moves} moves", end="")
    counts = ", ".join(f"{count} {reason}" for reason, count in loaded.reasons.most_common())
    print(f"; {counts}" if counts else "")
    for line in loaded.refusals[:_REFUSALS_SHOWN]:
        print(f"  {line}", file=sys.stderr)
    if len(loaded.refusals) > _REFUSALS_SHOWN:
        print(f"  and {len(loaded.refusals) - _REFUSALS_SHOWN} more", file=sys.stderr)


def _print_epoch(epoch: Epoch) -> None:
    best = " (best so far)" if epoch.best else ""
    if epoch.number == 0:
        print(f"start: held-out loss {epoch.held_out_loss:.4f}")
        return
    print(
        f"epoch {epoch.number}: loss {epoch.training_loss:.4f}, "
        f"held-out {epoch.held_out_loss:.4f}{best}, "
        f"{epoch.rows_per_s:,.0f} rows/s, at most {epoch.seconds_left:.0f} s left",
        flush=True,
    )


def _print_outcome(outcome: Outcome) -> None:
    before = outcome.before
    print(
        f"kept epoch {outcome.epoch}. On {before.games} held-out games "
        f"({before.positions} positions), 95 % intervals by game:"
    )
    _print_table(before, outcome.after)
    if outcome.kept_before is not None and outcome.kept_after is not None:
        print(f"forgetting, on {outcome.kept_before.positions} held-out self-play positions:")
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


def _provenance(
    args: argparse.Namespace,
    config: FinetuneConfig,
    metadata: dict[str, object],
    kept: list[GameRecord],
    expert: Rows,
    outcome: Outcome,
) -> dict[str, object]:
    parent = metadata["provenance"]
    return {
        **(parent if isinstance(parent, dict) else {}),
        "made_by": "fine-tuning",
        "parent": metadata["hash"],
        "parent_provenance": parent,
        "expert_files": [path.name for path in args.games],
        "expert_games": len(kept),
        "expert_positions": len(expert),
        "mixed_with": args.mix.name if args.mix else None,
        "epoch": outcome.epoch,
        "finetune_seed": args.seed,
        "finetune_settings": asdict(config),
        "before": outcome.before.as_dict(),
        "after": outcome.after.as_dict(),
    }
