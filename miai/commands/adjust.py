"""``miai adjust``: try other settings of fine-tuning and keep what the arena likes."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from miai.commands.finetune import (
    Progress,
    add_data_arguments,
    add_setting_arguments,
    finetune_config,
    print_loaded,
)

SUMMARY = "try settings of fine-tuning and keep the strongest network"
EXAMPLE = (
    "miai adjust --network runs/first --games ../shared/data/go9_expert.zip --mix runs/first "
    "--parameters lora --out runs/adjusted.safetensors"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_arguments(parser)
    add_setting_arguments(parser)
    parser.set_defaults(epochs=2)
    parser.add_argument("--out", type=Path, required=True, help="the network to write")
    parser.add_argument("--trials", type=int, default=6, help="settings to train (default: 6)")
    parser.add_argument(
        "--match",
        type=int,
        default=200,
        metavar="GAMES",
        help="most games of a match (default: 200)",
    )
    parser.add_argument("--simulations", type=int, default=100, help="for each move (default: 100)")
    parser.add_argument("--minutes", type=float, help="begin no further trial after this time")


def run(args: argparse.Namespace) -> int:
    from agents.network.checkpoint import save_network
    from engine.errors import ConfigError
    from engine.files import write_atomic
    from miai.adjusting import adjust, proposals
    from miai.tuning import beside, prepare

    if args.out.is_dir() or not args.out.parent.is_dir():
        raise ConfigError(
            f"expected --out as a file in a folder that exists, got {str(args.out)!r}"
        )
    if args.trials < 1 or args.match < 2 or args.match % 2 or args.simulations < 1:
        raise ConfigError(
            "expected --trials and --simulations above 0 and an even --match, got "
            f"{args.trials!r}, {args.simulations!r} and {args.match!r}"
        )
    deadline = None if args.minutes is None else time.perf_counter() + args.minutes * 60.0
    base = finetune_config(args)
    task = prepare(args, print_loaded, print)
    configs = proposals(base, args.trials, args.seed, task.mix is not None)
    with tempfile.TemporaryDirectory() as folder:
        best, trials = adjust(
            task,
            configs,
            Path(folder),
            lambda line: print(line, flush=True),
            games=args.match,
            simulations=args.simulations,
            seed=args.seed,
            on_step=Progress(),
            deadline_s=deadline,
        )
    log = beside(args.out, "trials.json")
    write_atomic(log, json.dumps([trial.as_dict() for trial in trials], indent=1).encode())
    print(f"all trials: {log}")
    if best is None:
        print("nothing was stronger than the start twice; no network is written")
        return 0
    provenance = task.provenance(best.config, best.outcome)
    model = best.outcome.model
    save_network(args.out, model, provenance, task.calibration(model))
    print(f"wrote {args.out}; play against it: miai play --network {args.out}")
    return 0
