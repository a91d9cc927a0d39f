"""``miai adapt``: a known network learns another game from few games."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.games.spec import GameSpec
    from miai.adapting import Adapted

SUMMARY = "let a known network learn another game from a hundred games of its own"
EXAMPLE = "miai adapt --network runs/many --task hex:7 --games 100 --out hex7.safetensors"

_SAID_EVERY_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        required=True,
        help="what it knows: a network file or a run's folder, of any games",
    )
    parser.add_argument(
        "--task",
        required=True,
        metavar="GAME[:SIZE]",
        help="what it is to learn, such as hex:7, go:13 or connect_four:7x6, width by height",
    )
    parser.add_argument(
        "--games",
        type=int,
        default=100,
        help="games to play, a tenth of them held out to judge by; with --records, the most to "
        "learn from (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, required=True, help="the network to write")
    parser.add_argument(
        "--parameters",
        choices=("full", "lora", "heads"),
        default="full",
        help="what is trained: all weights, adapters beside them, or the heads "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--rank",
        type=int,
        help="of the adapters (default: the largest below 5 %% of the network's parameters)",
    )
    parser.add_argument(
        "--records",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="learn from these games instead: SGF files, transcripts, zips, folders",
    )
    parser.add_argument(
        "--run", type=Path, help="folder of the run (default: beside --out, with the ending .run)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of games and adapters")
    parser.add_argument("--threads", type=int, help="threads (default: the preset's)")


def run(args: argparse.Namespace) -> int:
    from agents.network.adapter_file import LARGEST_RANK
    from engine.errors import ConfigError
    from engine.files import write_atomic
    from miai.adapting import adapt, adaptation
    from selfplay.run.folder import RunFolder
    from selfplay.run.start import extension

    for path in (args.out, args.run):
        if path is not None and not path.parent.is_dir():
            raise ConfigError(f"expected a folder that exists for {str(path)!r}")
    if args.out.is_dir():
        raise ConfigError(f"expected --out as a file to write, got the folder {str(args.out)!r}")
    for name in ("rank", "threads"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ConfigError(f"expected --{name} of at least 1, got {value}")
    if args.rank is not None and (args.parameters != "lora" or args.rank > LARGEST_RANK):
        raise ConfigError(
            f"expected --rank up to {LARGEST_RANK}, with --parameters lora, got {args.rank} with "
            f"{args.parameters}"
        )
    if args.out.resolve() == Path(args.network).resolve():
        raise ConfigError(
            f"expected --out as another file than the network it starts from, got {str(args.out)!r}"
        )
    spec = _read_task(args.task)
    if args.records:
        return _from_records(args, spec)
    path = args.run or args.out.with_name(f"{args.out.name.removesuffix('.safetensors')}.run")
    folder = RunFolder(path)
    config = adaptation(
        args.network,
        spec,
        args.games,
        folder,
        parameters=args.parameters,
        rank=args.rank,
        seed=args.seed,
        threads=args.threads,
    )
    if added := extension(folder, config):
        print(added)
    print(
        f"learning {spec.name} {spec.width}x{spec.height} from {args.games} games in {path}, "
        f"{config.selfplay.simulations} simulations a move"
    )
    began = time.perf_counter()
    try:
        adapted = adapt(config, args.games, folder, _Progress())
    except KeyboardInterrupt:
        print(
            f"stopped; all but the unfinished cycle is in {path}. The same command goes on where "
            "this one was",
            file=sys.stderr,
        )
        return 130
    _print_outcome(adapted, time.perf_counter() - began)
    write_atomic(args.out, adapted.network.read_bytes())
    print(f"wrote {args.out}")
    if adapted.adapter is not None:
        from miai.tuning import beside

        small = beside(args.out, "adapter.safetensors")
        write_atomic(small, adapted.adapter.read_bytes())
        print(
            f"wrote {small}, {small.stat().st_size:,} bytes: the adapters alone, for "
            f"{folder.checkpoint(0)}"
        )
    board = f"--game {spec.name} --size {spec.width}x{spec.height}"
    print(f"play against it: miai play {board} --network {args.out}")
    start = folder.checkpoint(0)
    print(f"what it learned: miai arena {board} {args.out}@64 {start}@64 rollouts:500 --games 40")
    return 0


def _read_task(text: str) -> GameSpec:
    """Return the rules that a spelling such as ``hex:7`` names.

    Raises:
        ConfigError: on a size that cannot be read.
        SpecError: if there is no such game or board.
    """
    from engine.games import make
    from miai.commands.options.game import read_size

    game, _, size = text.partition(":")
    return make(game.lower().replace("-", "_"), *read_size(size or None))


class _Progress:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, metrics: dict[str, object]) -> None:
        if time.monotonic() - self._said < _SAID_EVERY_S:
            return
        self._said = time.monotonic()
        loss = metrics.get("loss_policy")
        learned = f", policy loss {loss:.2f}" if isinstance(loss, float) else ""
        print(f"  {metrics['games']} games, {metrics['rows']:,} positions{learned}", flush=True)


def _print_outcome(adapted: Adapted, seconds: float) -> None:
    start, kept = adapted.losses["000000"], adapted.losses[adapted.kept]
    share = adapted.trained / adapted.parameters
    print(
        f"{adapted.games} games, {adapted.rows:,} positions, {seconds:.0f} s; trained "
        f"{adapted.trained:,} numbers ({share:.1%} of the network's)"
    )
    listed = ", ".join(f"{name} {loss:.3f}" for name, loss in adapted.losses.items())
    print(f"loss on {adapted.held_out_rows:,} held-out positions by checkpoint: {listed}")
    if adapted.kept == "000000":
        print("no checkpoint was better than the start: the network stays as it was")
    else:
        print(f"kept checkpoint {adapted.kept}: from {start:.3f} to {kept:.3f}")


def _from_records(args: argparse.Namespace, spec: GameSpec) -> int:
    """Fine-tune on records, after the network got the inputs of their game."""
    from agents.find_network import network_path
    from agents.network.checkpoint import load_network, save_network
    from agents.network.extend import extended, new_inputs
    from miai.commands import finetune

    source = network_path(args.network)
    model, metadata = load_network(source)
    wider = extended(model, [spec])
    start = source
    if wider.config != model.config:
        start = args.out.with_name(
            f"{args.out.name.removesuffix('.safetensors')}.start.safetensors"
        )
        added = {"games": [spec.name], "of": metadata["hash"]}
        save_network(start, wider, {**metadata["provenance"], "extension": added})
        names = ", ".join(new_inputs(model.config, wider.config))
        print(f"wrote {start}: {source} with the inputs {names} for {spec.name}, at zero")
    parser = argparse.ArgumentParser(prog="miai adapt")
    finetune.add_arguments(parser)
    words = ["--network", str(start), "--out", str(args.out), "--seed", str(args.seed)]
    words += ["--parameters", args.parameters, "--size", f"{spec.width}x{spec.height}"]
    words += ["--games", *map(str, args.records), "--most-games", str(args.games)]
    for name in ("rank", "threads"):
        if getattr(args, name) is not None:
            words += [f"--{name}", str(getattr(args, name))]
    return finetune.run(parser.parse_args(words))
