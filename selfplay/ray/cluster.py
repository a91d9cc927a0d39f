"""A connection to a Ray cluster: one that exists, or a local one that ends with it."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from engine.errors import ConfigError, MiaiError, RunError
from selfplay.ray.config import RayConfig

AUTO: Final = "auto"
_REACHED_S: Final = 5.0
_FOLDER: Final = "miai-ray-"
_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray reports to its makers otherwise
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}


def import_ray() -> Any:
    """Return the package ``ray``, with its reports to others switched off.

    Raises:
        ConfigError: if it is not installed.
    """
    if find_spec("ray") is None:
        raise ConfigError(
            "expected the package ray for --ray, which is not installed: pip install 'miai[ray]', "
            "or play in processes of this machine with --workers alone"
        )
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


class Cluster:
    """This process's connection to Ray. Only one can be open at a time."""

    def __init__(
        self, address: str, cpus: int, config: RayConfig, environment: Mapping[str, str]
    ) -> None:
        """Connect, or start a local cluster.

        Args:
            address: ``host:port`` of a cluster's head, or ``auto`` for the one that ``RAY_ADDRESS``
                names or that runs on this machine, and else a local one.
            cpus: number of processes that a local cluster may run at once.
            config: settings.
            environment: further environment variables of the processes of a local cluster.

        Raises:
            ConfigError: if Ray is not installed, or the address is not one.
            RunError: if the cluster cannot be reached or started, or has other versions.
        """
        self.ray = import_ray()
        self._folder: Path | None = None
        if self.ray.is_initialized():
            raise RunError("expected no connection to Ray in this process, got one that is open")
        if found := existing(address):
            _require_reachable(found)
            self._context = self._connect(address=found)
        else:
            self._context = self._start(cpus, config, environment)
        self.local = self._folder is not None
        """Whether the cluster was started here and ends with the connection."""

    @property
    def dashboard(self) -> str:
        """Address of Ray's own dashboard; empty if there is none."""
        url = self._context.dashboard_url
        return f"http://{url}" if url else ""

    def _connect(self, **options: Any) -> Any:
        try:
            return self.ray.init(
                log_to_driver=False, logging_level=logging.ERROR, namespace="miai", **options
            )
        except self.ray.exceptions.AuthenticationError as error:
            raise RunError(
                f"expected to use the Ray cluster {options.get('address')!r}, got a refusal: it "
                "asks for a token; set RAY_AUTH_MODE=token, and its file in RAY_AUTH_TOKEN_PATH"
            ) from error
        except (RuntimeError, ValueError, OSError) as error:  # versions that differ, no room
            raise RunError(
                f"expected to use the Ray cluster {options.get('address')!r}, got: "
                f"{' '.join(str(error).split())}"
            ) from error
        except SystemExit as error:
            raise RunError(
                f"expected a Ray cluster at {options.get('address')!r}, got no answer; start one "
                "there with: ray start --head"
            ) from error

    def _start(self, cpus: int, config: RayConfig, environment: Mapping[str, str]) -> Any:
        # Sockets lie in this folder, and their paths may have about 100 characters at most.
        self._folder = own_folder(_FOLDER)
        return self._connect(
            address="local",
            num_cpus=cpus,
            include_dashboard=config.dashboard,
            object_store_memory=config.store_mb << 20,
            _temp_dir=str(self._folder),
            runtime_env={"env_vars": {**environment, "TMPDIR": str(self._folder)}},
        )

    def room(self) -> str:
        """Say how many processors the cluster has and how many of them are free."""
        total, free = self.ray.cluster_resources(), self.ray.available_resources()
        return f"{free.get('CPU', 0):g} free of {total.get('CPU', 0):g} processors"

    def close(self) -> None:
        """Disconnect. A local cluster ends, and its files are deleted."""
        self.ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def existing(address: str) -> str:
    """Return the address of the cluster that ``address`` names; empty for a local one to start."""
    return (os.environ.get("RAY_ADDRESS") or _running_here()) if address == AUTO else address


def _running_here() -> str:
    """Return the address of the cluster that ``ray start`` started on this machine, or nothing.

    Ray's own search would wait for minutes on the address of a cluster that is gone.
    """
    base = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    noted = Path(base) / "ray" / "ray_current_cluster"
    try:
        address = noted.read_text().strip()
        _require_reachable(address)
    except (OSError, MiaiError):
        return ""
    return address


def _require_reachable(address: str) -> None:
    """Refuse an address where nothing listens; Ray itself tries for two minutes.

    Raises:
        ConfigError: if it is no address.
        RunError: if nothing listens there.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise ConfigError(
            f"expected --ray auto or HOST:PORT of a cluster's head, such as 10.0.0.5:6379, got "
            f"{address!r}; from outside a cluster, start the command on one of its machines"
        )
    try:
        with socket.create_connection((host, int(port)), _REACHED_S):
            return
    except (OSError, OverflowError) as error:
        raise RunError(
            f"expected a Ray cluster at {address}, got no connection "
            f"({getattr(error, 'strerror', None) or error}); start one there with: "
            f"ray start --head --port={port}"
        ) from error


def own_folder(prefix: str) -> Path:
    """Make a temporary folder of this process; delete those of processes that were killed.

    It is deleted when this process ends.
    """
    base = Path(tempfile.gettempdir())
    for path in base.glob(f"{prefix}*-*"):
        pid = path.name.removeprefix(prefix).partition("-")[0]
        if pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        try:
            os.kill(pid, 0)
        except PermissionError:
            return True
        return True
    return False
