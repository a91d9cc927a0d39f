"""``miai export``: a network for other programs, or merged with an adapter."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.network.checkpoint import StoredNetwork

SUMMARY = "write a network as an ONNX graph, or with an adapter in its weights"
EXAMPLE = "miai export shipped --out go9.onnx"

_OWN = ".safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="network file, run folder, or 'shipped'")
    parser.add_argument("--adapter", type=Path, help="file of an adapter to put into the weights")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help=f"the file to write: NAME.onnx for other programs, NAME{_OWN} for miai",
    )


def run(args: argparse.Namespace) -> int:
    from agents.find_network import network_path
    from agents.network.adapter_file import merge_adapter
    from agents.network.checkpoint import load_stored
    from engine.errors import ConfigError

    if args.out.suffix not in (".onnx", _OWN):
        raise ConfigError(f"expected --out as NAME.onnx or NAME{_OWN}, got {str(args.out)!r}")
    source = network_path(args.network)
    if args.out.resolve() == source.resolve():
        raise ConfigError(f"expected --out as another file than the network, got {str(args.out)!r}")
    stored = load_stored(source)
    if args.adapter is not None:
        stored = merge_adapter(args.adapter, stored)
    size = _write_own(args, stored) if args.out.suffix == _OWN else _write_onnx(args, stored)
    config = stored.network.config
    games = ", ".join(config.games)
    print(f"wrote {args.out}: {config.short_name} for {games}, {size:,} bytes")
    print(f"planes  (n, {len(config.plane_names)}, H, W): {', '.join(config.plane_names)}")
    print(f"globals (n, {len(config.global_names)}): {', '.join(config.global_names)}")
    return 0


def _write_onnx(args: argparse.Namespace, stored: StoredNetwork) -> int:
    from agents.network.onnx_export import OUTPUTS, to_onnx
    from engine.errors import ConfigError
    from engine.files import write_atomic

    try:
        data = to_onnx(stored.network)
    except ModuleNotFoundError as error:
        raise ConfigError(
            "expected the package onnx, which is not installed: pip install 'miai[onnx]'"
        ) from error
    write_atomic(args.out, data)
    print(f"outputs {', '.join(OUTPUTS)}")
    return len(data)


def _write_own(args: argparse.Namespace, stored: StoredNetwork) -> int:
    from agents.network.checkpoint import write_network

    provenance = dict(stored.metadata["provenance"])
    if args.adapter is not None:
        from agents.network.adapter_file import read_adapter_metadata

        facts = read_adapter_metadata(args.adapter)
        provenance |= {**facts["provenance"], "merged_rank": facts["rank"]}
    write_network(args.out, stored.network.config, stored.tensors, provenance, stored.calibration)
    return args.out.stat().st_size
