"""``miai export``: a network for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "write a network as an ONNX graph for other programs"
EXAMPLE = "miai export shipped --out go9.onnx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="network file, run folder, or 'shipped'")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")


def run(args: argparse.Namespace) -> int:
    from agents.network.checkpoint import load_stored
    from agents.network.onnx_export import OUTPUTS, to_onnx
    from agents.parse import network_path
    from engine.files import write_atomic

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
