"""Fixtures for what may be absent on a machine: shared data and GNU Go."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
# Torch's threads spin while they wait, which stalls them when the machine is shared.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# The first example compiles kernels, and a busy machine is no bug: timing is not what these test.
settings.register_profile("miai", deadline=None)
settings.load_profile("miai")

GNUGO_HOMES = "/usr/games:/usr/local/games"


@pytest.fixture(scope="session", autouse=True)
def own_settings() -> Iterator[None]:
    """Programs that tests name are not remembered among the user's own."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", folder)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of expert games and solved positions beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder}, which is not there")
    return folder


@pytest.fixture(scope="session")
def gnugo() -> str:
    """Path of the program GNU Go."""
    found = shutil.which("gnugo", path=f"{os.environ.get('PATH', '')}:{GNUGO_HOMES}")
    if found is None:
        pytest.skip("needs the program gnugo, which is not installed")
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray cluster of this machine with four processors; nodes may be added."""
    pytest.importorskip("ray", reason="needs the package ray: pip install 'miai[ray]'")
    from selfplay.ray.cluster import import_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        import_ray()
        from ray.cluster_utils import Cluster

        settings = {"num_cpus": 4, "include_dashboard": False, "object_store_memory": 100 << 20}
        started = Cluster(initialize_head=True, head_node_args=settings)
        yield started
        started.shutdown()
