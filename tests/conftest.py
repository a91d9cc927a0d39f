"""Fixtures for what may be absent on a machine: shared data and GNU Go."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
