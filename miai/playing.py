"""Where the games of a run are played: threads, worker processes, or a Ray cluster."""

from __future__ import annotations

import os
import sys
from functools import partial

from miai.config import to_toml
from miai.rating_process import python_path
from selfplay.play.processes import ProcessSource
from selfplay.play.source import SourceMaker
from selfplay.play.threads import ThreadSource
from selfplay.run import RunConfig


def source_maker(ray: str | None, workers: int | None, config: RunConfig) -> SourceMaker:
    """Return what makes the source of a run.

    Args:
        ray: address of a Ray cluster, or ``None`` to play on this machine.
        workers: number of worker processes; ``None`` for the threads of this process, or for as
            many on the cluster.
        config: the run's settings.

    Raises:
        ConfigError: if Ray is asked for and not installed.
    """
    path = {"PYTHONPATH": python_path()}
    if ray is not None:
        from selfplay.ray.cluster import import_ray

        import_ray()
        from selfplay.ray.source import RaySource

        count = config.selfplay.threads if workers is None else workers
        return partial(RaySource, address=ray, workers=count, environment=path)
    if workers is None:
        return ThreadSource
    return partial(
        ProcessSource,
        text=to_toml(config),
        workers=workers,
        # -P: a module in the folder that one happens to stand in is not the program's.
        command=[sys.executable, "-P", "-m", "miai.worker"],
        environment={**os.environ, **path},
    )
