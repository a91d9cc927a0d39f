"""What fine-tuning starts from: a network, and rows of the games that the command line names."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agents.find_network import network_path
from agents.network.calibration import calibrate
from agents.network.checkpoint import load_network
from agents.network.folded import Calibration, fold_model
from agents.network.inputs import widen
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError, RecordError
from engine.games import make
from engine.games.spec import GameSpec
from engine.records import Filter, GameRecord, Loaded, load_games
from miai.commands.options.game import read_size
from selfplay.data.replay import make_batch
from selfplay.data.shards import Rows
from selfplay.tune.expert import all_rows, split_games
from selfplay.tune.mixing import hold_out, play_rows, run_rows
from selfplay.tune.relabel import relabel
from selfplay.tune.repeats import share_repeats, without_known

if TYPE_CHECKING:
    from selfplay.tune.finetune import FinetuneConfig, Outcome

_MIX_ROWS: Final = 60_000
_PLAYED_ROWS: Final = 10_000
_MIX_HELD_OUT: Final = 4096
_CALIBRATION_ROWS: Final = 256
_PLAY: Final = "play"

Say = Callable[[str], None]


@dataclass(frozen=True)
class FinetuneTask:
    """A network, and what it is to learn."""

    source: Path
    model: PolicyValueNet
    metadata: dict[str, Any]
    spec: GameSpec
    """The game, with the komi that most of the games have."""
    loaded: Loaded
    kept: list[GameRecord]
    held: list[GameRecord]
    expert: Rows
    held_out: Rows
    mix: Rows | None
    mix_held_out: Rows | None
    files: tuple[str, ...]
    mixed_with: str | None

    def provenance(self, config: FinetuneConfig, outcome: Outcome) -> dict[str, Any]:
        """Where the fine-tuned network is from, as its file says it."""
        parent = self.metadata["provenance"]
        return {
            **(parent if isinstance(parent, dict) else {}),
            "made_by": "fine-tuning",
            "game": self.spec.name,
            "height": self.spec.height,
            "width": self.spec.width,
            "parent": self.metadata["hash"],
            "parent_provenance": parent,
            "expert_files": list(self.files),
            "expert_games": len(self.kept),
            "expert_positions": len(self.expert),
            "mixed_with": self.mixed_with,
            "epoch": outcome.epoch,
            "trained_parameters": outcome.trained_parameters,
            "finetune_seed": config.seed,
            "finetune_settings": asdict(config),
            "before": outcome.before.as_dict(),
            "after": outcome.after.as_dict(),
        }

    def calibration(self, model: PolicyValueNet) -> Calibration:
        """What the 8-bit evaluator has to know of a model's activations."""
        count = min(_CALIBRATION_ROWS, len(self.expert))
        at = np.random.default_rng(0).choice(len(self.expert), count, replace=False)
        batch = make_batch(self.expert.take(np.sort(at)), None)
        layout = batch.layout
        images = batch.planes.reshape(count, layout.height, layout.width, -1)
        inputs = widen(model.config, layout, images, batch.globals)
        return calibrate(fold_model(model), inputs)


def prepare(args: argparse.Namespace, show: Callable[[Loaded], None], say: Say) -> FinetuneTask:
    """Read the network and the games that the command line names.

    Raises:
        ConfigError: on options that cannot be.
        NetworkFileError: if the network cannot be used.
        RecordError: if there are too few games.
        RunError: if there are no self-play rows to mix in.
    """
    if not 0.0 < args.holdout < 1.0:
        raise ConfigError(f"expected --holdout between 0 and 1, got {args.holdout!r}")
    for name in ("min_moves", "most_games", "most_rows", "mix_rows", "relabel", "holdout_rows"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ConfigError(f"expected --{name.replace('_', '-')} above 0, got {value!r}")
    source = network_path(args.network)
    if args.out.resolve() == source.resolve():
        raise ConfigError(
            f"expected --out as another file than the network it starts from, got {str(args.out)!r}"
        )
    model, metadata = load_network(source)
    only = Filter(args.player, args.winner_only, args.min_rank, args.min_moves)
    loaded, records = _load(args, model, only)
    show(loaded)
    kept, held = split_games(records, args.holdout, args.seed)
    kept = _some(kept, args.most_games, args.most_rows, args.seed)
    held = _some(held, None, args.holdout_rows, args.seed)
    if not kept or not held:
        raise RecordError(
            f"expected games to train on and to hold out, got {len(kept)} and {len(held)} "
            f"games of {' or '.join(model.config.games)} that can be used; give more --games"
        )
    spec = _usual_spec(kept)
    expert = share_repeats(_first_rows(all_rows(kept, only), args.most_rows))
    held_out = without_known(_first_rows(all_rows(held, only), args.holdout_rows), expert)
    if not len(held_out):
        raise RecordError("expected held-out positions that are not among the training games'")
    mix, mix_held_out = _mixed(args, model, spec, say)
    say(
        f"training on {len(kept)} games ({len(expert):,} positions), "
        f"held out {len(set(held_out.game.tolist()))} games ({len(held_out):,} positions)"
        + (f", mixed with {len(mix):,} self-play rows" if mix is not None else "")
    )
    if args.relabel:
        expert = _relabelled(args, model, spec, kept, expert, say)
    return FinetuneTask(
        source,
        model,
        metadata,
        spec,
        loaded,
        kept,
        held,
        expert,
        held_out,
        mix,
        mix_held_out,
        tuple(path.name for path in args.games),
        args.mix if args.mix in (None, _PLAY) else Path(args.mix).name,
    )


def _load(
    args: argparse.Namespace, model: PolicyValueNet, only: Filter
) -> tuple[Loaded, list[GameRecord]]:
    """Everything found, and of it the games of one game and board."""
    size = read_size(args.size) or None
    loaded = load_games(
        args.games,
        size=size,
        min_moves=args.min_moves,
        games=model.config.games,
        only=only,
    )
    boards = Counter(_board(record) for record in loaded.records)
    usual = max(boards, key=lambda board: boards[board], default=None)
    records = [record for record in loaded.records if _board(record) == usual]
    for board, count in boards.items():
        if board != usual:
            loaded.reasons[f"on {board[1]}x{board[2]} (see --size)"] += count
    return loaded, records


def _board(record: GameRecord) -> tuple[str, int, int]:
    return record.spec.name, record.spec.height, record.spec.width


def beside(network: Path, ending: str) -> Path:
    """Where what belongs to a network file is written: ``a.safetensors`` to ``a.ENDING``."""
    return network.with_name(f"{network.name.removesuffix('.safetensors')}.{ending}")


def _some(
    records: list[GameRecord], games: int | None, rows: int | None, seed: int
) -> list[GameRecord]:
    """Draw ``games`` games by the seed, or as many as ``rows`` positions take."""
    chosen = np.random.default_rng(seed).permutation(len(records))[: games or len(records)]
    if rows is not None and len(chosen):
        total = np.cumsum([len(records[i].actions) for i in chosen])
        chosen = chosen[: int(np.searchsorted(total, rows)) + 1]
    return [records[i] for i in np.sort(chosen)]


def _first_rows(rows: Rows, most: int | None) -> Rows:
    return rows if most is None or len(rows) <= most else rows.take(np.arange(most))


def _usual_spec(records: Sequence[GameRecord]) -> GameSpec:
    """The games' spec; where there is komi, with the usual rules and the komi that occurs most."""
    specs = Counter(record.spec for record in records)
    spec = max(specs, key=lambda spec: specs[spec])
    if not spec.has_komi:
        return spec
    komi = Counter(record.spec.rules["komi"] for record in records)
    return make(spec.name, spec.height, spec.width, komi=max(komi, key=lambda value: komi[value]))


def _mixed(
    args: argparse.Namespace, model: PolicyValueNet, spec: GameSpec, say: Say
) -> tuple[Rows | None, Rows | None]:
    """Self-play rows to learn from and to judge by."""
    if args.mix is None:
        return None, None
    if args.mix == _PLAY:
        say("playing itself for rows to mix in")
        rows = play_rows(model, spec, args.mix_rows or _PLAYED_ROWS, args.seed)
    else:
        rows = run_rows(Path(args.mix), spec, args.mix_rows or _MIX_ROWS)
    return hold_out(rows, _MIX_HELD_OUT, args.seed)


def _relabelled(
    args: argparse.Namespace,
    model: PolicyValueNet,
    spec: GameSpec,
    kept: Sequence[GameRecord],
    expert: Rows,
    say: Say,
) -> Rows:
    from agents.evaluators.auto import cores, model_evaluator

    say(f"searching {len(expert):,} positions, {args.relabel} simulations each")
    evaluator = model_evaluator(model, spec, threads=cores())
    shown = 0

    def show(done: int) -> None:
        nonlocal shown
        if done - shown >= 20_000:
            shown = done
            say(f"  {done:,} of {len(expert):,}")

    found = relabel(kept, expert, evaluator, args.relabel, seed=args.seed, on_rows=show)
    return found.changed(weight=expert.weight)
