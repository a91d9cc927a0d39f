"""``miai export``: a network for other programs, or with adapters merged into it."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "write a network as an ONNX graph, or with adapters merged into it"
EXAMPLE = "miai export shipped --out go9.onnx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="network file, run folder, or 'shipped'")
    parser.add_argument(
        "--adapter", type=Path, help="merge this file of adapters, and write a network of miai"
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write")


def run(args: argparse.Namespace) -> int:
    from agents.network.checkpoint import load_stored
    from agents.network.onnx_export import OUTPUTS, to_onnx
    from agents.parse import network_path
    from engine.files import write_atomic

    if args.adapter is not None:
        return _merge(args)
    stored = load_stored(network_path(args.network))
    data = to_onnx(stored.network)
    write_atomic(args.out, data)
    config = stored.network.config
    games = ", ".join(config.games)
    print(f"wrote {args.out}: {config.short_name} for {games}, {len(data):,} bytes")
    print(f"planes  (n, {len(config.plane_names)}, H, W): {', '.join(config.plane_names)}")
    print(f"globals (n, {len(config.global_names)}): {', '.join(config.global_names)}")
    print(f"outputs {', '.join(OUTPUTS)}")
    return 0


def _merge(args: argparse.Namespace) -> int:
    from agents.network.adapters import load_adapter
    from agents.network.checkpoint import load_network, save_network
    from agents.parse import network_path

    model, metadata = load_network(network_path(args.network))
    facts = load_adapter(args.adapter, model)
    provenance = {**metadata["provenance"], **facts["provenance"], "merged_rank": facts["rank"]}
    save_network(args.out, model.merged(), provenance)
    print(f"wrote {args.out}: {model.config.short_name} with adapters of rank {facts['rank']}")
    return 0
