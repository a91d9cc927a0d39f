"""A worker process of ``miai train --workers N``; the run starts it and ends it."""

from __future__ import annotations

import tomllib

from miai.config import build
from selfplay.play.serve import serve
from selfplay.run.config import RunConfig


def read_config(text: str) -> RunConfig:
    """Make a run's settings of their TOML text; raises ConfigError."""
    return build(RunConfig, tomllib.loads(text))


if __name__ == "__main__":
    serve(read_config)
