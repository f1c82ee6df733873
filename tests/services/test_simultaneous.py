"""Simultaneous imports, removals and sweeps; each interleaving is forced at a certain read, without waiting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from qlatent.errors import StoreError
from qlatent.services.datasets import datasets
from qlatent.store import claims
from qlatent.store.items import staging
from qlatent.store.items.intake import Intake
from qlatent.store.items.items import ItemStore
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled
from tests.ingest.builders import make_zip, png

GONE = {"pid": 2**22 + 1, "started": 1.0, "host": socket.gethostname()}  # ids end below this


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["id,text", *lines]), encoding="utf-8")
    return path


def zipped(path: Path, numbers: range) -> Path:
    table = "\n".join(["id,image", *(f"{n},img/{n}.png" for n in numbers)])
    return make_zip(path, {"items.csv": table, **{f"img/{n}.png": png(n) for n in numbers}})


def afterwards(call: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    """The call, followed once by `act`, which stands for another process acting at this moment."""
    waiting = [act]

    def answered(*arguments: Any, **named: Any) -> Any:
        answer = call(*arguments, **named)
        if waiting:
            waiting.pop()()
        return answer

    return answered


# --- whole datasets ---------------------------------------------------------------------------------------


READS = [
    ("catalogue", "datasets"),
    ("catalogue", "find_import"),
    ("catalogue", "has_dataset"),
    ("items", "has"),
]


@pytest.mark.parametrize(("part", "read"), READS)
def test_a_dataset_recorded_between_two_reads_by_a_process_that_has_ended_stays(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, read: str
) -> None:
    theirs, ours = (
        written(tmp_path / "theirs.csv", "a,one"),
        written(tmp_path / "ours.csv", "b,two", "c,three"),
    )

    def another_import() -> None:
        with Workspace.open(workspace.path) as other, pytest.MonkeyPatch.context() as patch:
            patch.setattr(staging, "this_process", lambda: GONE)
            datasets.store(other, theirs, name="Shop")

    store = getattr(workspace, part)
    if not hasattr(store, read):
        pytest.skip(f"nothing asks for {read}")
    monkeypatch.setattr(store, read, afterwards(getattr(store, read), another_import))
    report = datasets.store(workspace, ours, name="Shop")
    monkeypatch.undo()
    assert {each.rows for each in datasets.list_datasets(workspace)} == {1, 2}
    assert workspace.items.count(report.dataset) == 2
    assert not [each.lost for each in datasets.list_datasets(workspace) if each.lost]


def test_images_published_while_a_sweep_counts_what_is_used_stay(
    workspace: Workspace, tmp_path: Path
) -> None:
    datasets.store(workspace, zipped(tmp_path / "first.zip", range(2)))
    before = Intake._used
    reached, done = threading.Event(), threading.Event()

    def publish() -> None:
        with Workspace.open(workspace.path) as other, pytest.MonkeyPatch.context() as patch:
            hold = claims.Claims.hold

            def noticed(self: Any, name: str, **named: Any) -> Any:
                if name == "publish.lock" and threading.current_thread() is theirs:
                    reached.set()
                return hold(self, name, **named)

            patch.setattr(claims.Claims, "hold", noticed)
            datasets.store(other, zipped(tmp_path / "second.zip", range(10, 13)), name="second")
        done.set()
        reached.set()

    theirs = threading.Thread(target=publish)

    def counted(self: Intake, column: str) -> Any:
        found = before(self, column)
        if column == "image_hash" and not theirs.ident:
            theirs.start()
            reached.wait(60)
            done.wait(1)  # where nothing holds them up they are through by now
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Intake, "_used", counted)
        workspace.items.compact()
    theirs.join(60)
    assert done.is_set()
    hashes = workspace.items.contents("second", "image")
    assert len(workspace.items.thumbnails(hashes)) == 3


# --- the same file twice ----------------------------------------------------------------------------------


def test_two_simultaneous_imports_of_one_file_make_one_dataset(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "shop.csv", "a,one", "b,two")
    both = threading.Barrier(2, timeout=1)
    find = type(workspace.catalogue).find_import

    def looked(self: Any, *arguments: Any, **named: Any) -> Any:
        answer = find(self, *arguments, **named)
        with suppress(threading.BrokenBarrierError):
            both.wait()  # both have looked before either stores, wherever that is possible
        return answer

    monkeypatch.setattr(type(workspace.catalogue), "find_import", looked)
    reports = []

    def bring() -> None:
        with Workspace.open(workspace.path) as own:
            reports.append(datasets.store(own, source))

    threads = [threading.Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(report.already for report in reports) == [False, True]
    assert [each.rows for each in datasets.list_datasets(workspace)] == [2]


def test_waiting_for_the_same_import_can_be_cancelled(workspace: Workspace, tmp_path: Path) -> None:
    source = written(tmp_path / "shop.csv", "a,one")
    seen = datasets.preview(workspace, source)

    def stop(done: int, total: int | None) -> None:
        raise Cancelled

    with workspace.claims.hold(f"source-{seen.fingerprint[:32]}-new"), pytest.raises(Cancelled):
        datasets.store(workspace, seen, progress=stop)


def test_two_files_of_one_name_at_once_make_two_datasets(workspace: Workspace, tmp_path: Path) -> None:
    first, second = written(tmp_path / "a.csv", "a,one"), written(tmp_path / "b.csv", "b,two")
    create = workspace.items.create

    def meanwhile(dataset: str, *arguments: Any, **named: Any) -> Any:
        with Workspace.open(workspace.path) as other:
            datasets.store(other, second, name="Shop")
        return create(dataset, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace.items, "create", meanwhile)
        datasets.store(workspace, first, name="Shop")
    assert [each.id for each in datasets.list_datasets(workspace)] == ["shop-2", "shop"]


# --- killed between the items and the catalogue -----------------------------------------------------------


KILLED = """
import os, signal, sys
from qlatent.services.datasets import datasets
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.workspace import Workspace

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

Catalogue.record_import = killed
datasets.store(Workspace.open(sys.argv[1]), sys.argv[2], into=sys.argv[3] or None, name="Shop")
"""


def killed_import(workspace: Workspace, source: Path, *, into: str = "") -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, workspace.path, source, into],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_an_import_killed_between_items_and_catalogue_is_recorded_by_whoever_comes_next(
    workspace: Workspace, tmp_path: Path
) -> None:
    first = written(tmp_path / "first.csv", "a,one", "b,two")
    killed_import(workspace, first)
    assert datasets.list_datasets(workspace) == []
    workspace.settle()
    (shop,) = datasets.list_datasets(workspace)
    assert (shop.id, shop.rows, shop.imports[0].rows) == ("shop", 2, 2)
    assert datasets.store(workspace, first).already

    more = written(tmp_path / "more.csv", "a,one", "c,three", "d,four", "d,twice")
    killed_import(workspace, more, into="shop")
    assert workspace.catalogue.dataset("shop").rows == 2
    assert workspace.items.count("shop") == 4
    assert datasets.store(workspace, more, into="shop").already  # without being opened anew
    (shop,) = datasets.list_datasets(workspace)
    assert (shop.rows, [each.rows for each in shop.imports]) == (4, [2, 2])
    assert shop.imports[1].refused == 1
    assert b"id 'd'" in datasets.refusals_file(workspace, shop.imports[1])
    workspace.settle()
    assert len(workspace.catalogue.imports("shop")) == 2
    assert workspace.claims.left() == []


def test_rows_that_an_older_version_did_not_record_are_counted(workspace: Workspace, tmp_path: Path) -> None:
    datasets.store(workspace, written(tmp_path / "shop.csv", "a,one"))
    from qlatent.types import Item

    workspace.items.append("shop", [Item("b", image=png(3))])
    workspace.settle()
    record = workspace.catalogue.dataset("shop")
    assert (record.rows, record.modalities) == (2, ("image", "text"))


@pytest.mark.slow
def test_imports_left_by_an_unavailable_catalogue_are_settled_later(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_import(workspace, written(tmp_path / "first.csv", "a,one"))

    def away(*_: Any, **__: Any) -> None:
        raise StoreError("the catalogue is away")

    with monkeypatch.context() as patch:
        patch.setattr(workspace.catalogue, "record_import", away)
        with pytest.raises(StoreError, match="is away"):
            workspace.settle()
    workspace.settle()
    assert [each.rows for each in datasets.list_datasets(workspace)] == [1]


def test_an_empty_catalogue_costs_no_items(tmp_path: Path) -> None:
    """As with another QLATENT_DATABASE_URL: items that the database does not know are not deleted."""
    path = tmp_path / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "this_process", lambda: GONE)
        with Workspace.open(path) as workspace:
            datasets.store(workspace, written(tmp_path / "shop.csv", "a,one"), name="Shop")
    with Workspace.open(path, database_url=f"sqlite:///{tmp_path / 'other.db'}") as elsewhere:
        elsewhere.settle()
        assert (
            datasets.store(elsewhere, written(tmp_path / "b.csv", "b,two"), name="Shop").dataset == "shop-2"
        )
    with Workspace.open(path) as workspace:
        assert [each.rows for each in datasets.list_datasets(workspace)] == [1]
        assert not datasets.list_datasets(workspace)[0].lost


# --- a table that is gone ---------------------------------------------------------------------------------


def lose(workspace: Workspace, dataset: str) -> None:
    ItemStore(workspace.path / "items").remove(dataset)


def test_a_missing_table_breaks_no_listing_and_importing_again_heals(
    workspace: Workspace, tmp_path: Path
) -> None:
    shop = written(tmp_path / "shop.csv", "a,one", "b,two")
    datasets.store(workspace, shop, name="Our shop")
    datasets.store(workspace, written(tmp_path / "other.csv", "c,three"))
    lose(workspace, "our-shop")
    views = {each.id: each for each in datasets.list_datasets(workspace)}
    assert "no rows are stored" in views["our-shop"].lost
    assert "Import its file again" in views["our-shop"].lost
    assert not views["other"].lost
    report = datasets.store(workspace, shop)
    assert (report.dataset, report.name, report.rows, report.already) == ("our-shop", "Our shop", 2, False)
    healed = datasets.dataset_view(workspace, "our-shop")
    assert (healed.lost, healed.rows, len(healed.imports)) == ("", 2, 1)
    assert datasets.store(workspace, shop).already
