"""Imports that are killed, and imports that exceed the disk."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from qlatent.errors import StoreError
from qlatent.store.items import intake
from qlatent.store.items.items import ItemStore
from qlatent.types import Item, content_hash
from tests.store.builders import listed, pairs, picture

KILLED = """
import sys
import numpy as np
from pathlib import Path
from qlatent.store.items.intake import Intake
from qlatent.store.items.items import ItemStore
from qlatent.types import Item
from tests.store.builders import pairs, picture

def wait(*_):
    print("here", flush=True)
    sys.stdin.readline()

def items():
    yield from pairs(300)
    yield Item("v", vectors={"image": np.float32([7, 7])})
    if sys.argv[2] == "staging":
        wait()

if sys.argv[2] == "publishing":
    Intake._commit_rows = wait
ItemStore(Path(sys.argv[1])).create("shop", items())
"""


def visible(store: ItemStore) -> list[str]:
    """Tables with rows, and files of unfinished imports."""
    tables = [name for name in store._tables.names("") if store._tables.open(name).count_rows()]  # type: ignore[union-attr]
    return tables + listed(store.path / ".staging")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["staging", "publishing"])
def test_a_killed_import_leaves_nothing_and_can_be_repeated(
    store: ItemStore, another_process: Callable[..., object], moment: str
) -> None:
    process = another_process(KILLED, store.path, moment)
    assert process.stdout.readline() == "here\n"  # type: ignore[attr-defined]
    during = ItemStore(store.path)  # opening while the other is at work sweeps nothing of it
    assert during.datasets() == []
    with pytest.raises(StoreError, match="'shop' is being written by another process"):
        during.create("shop", pairs(1))
    assert (store.path / ".staging" / "shop" / "rows.arrow").stat().st_size > 0
    process.kill()  # type: ignore[attr-defined]
    process.wait()  # type: ignore[attr-defined]

    after = ItemStore(store.path)
    assert after.datasets() == []
    assert visible(after) == []
    report = after.create("shop", pairs(3))
    assert (report.rows, report.images_new) == (3, 3)
    assert after.count("shop") == 3


@pytest.mark.slow
def test_sweeping_spares_what_datasets_use(store: ItemStore, another_process: Callable[..., object]) -> None:
    vector = np.float32([7, 7])
    store.create("mine", [*pairs(2), Item("v", vectors={"image": vector})])
    process = another_process(KILLED, store.path, "publishing")
    assert process.stdout.readline() == "here\n"  # type: ignore[attr-defined]
    process.kill()  # type: ignore[attr-defined]
    process.wait()  # type: ignore[attr-defined]
    after = ItemStore(store.path)
    assert len(after.thumbnails(after.contents("mine", "image"))) == 2
    assert after.missing("given", "image", [content_hash(vector)]) == []
    assert after._tables.open("blobs").count_rows() == 2  # type: ignore[union-attr]


# --- a full disk ------------------------------------------------------------------------------------------


def noise(count: int, *, start: int = 0, side: int = 256) -> list[Item]:
    """Images of about 200 kB that cannot be compressed."""
    import io

    from PIL import Image

    items = []
    for number in range(start, start + count):
        pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        items.append(Item(f"n{number}", image=buffer.getvalue()))
    return items


def test_an_import_that_does_not_fit_while_it_is_read_says_so(small_disk: Path) -> None:
    store = ItemStore(small_disk / "items")
    store.create("small", pairs(2))
    with pytest.raises(
        StoreError, match=r"No room on the disk for 20 items: more than 3\.9 MB needed, .*nothing was"
    ):
        store.create("big", noise(20))
    assert store.datasets() == ["small"]
    assert listed(store.path / ".staging") == []
    assert store.create("other", pairs(3)).rows == 3


def test_an_import_that_would_not_fit_twice_is_refused_before_it_is_published(small_disk: Path) -> None:
    store = ItemStore(small_disk / "items")
    with pytest.raises(
        StoreError, match=r"No room on the disk for 6 items: more than 1\.\d MB needed, .* free"
    ):
        store.create("big", noise(6))
    assert visible(store) == []


def test_a_disk_that_fills_up_while_publishing_leaves_nothing(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check before publishing passes, but the disk fills up during lance's write, as with another writer."""
    monkeypatch.setattr(intake, "free_bytes", lambda path: 10**9)
    store = ItemStore(small_disk / "items")
    store.create("small", pairs(2))
    with pytest.raises(StoreError, match="No room on the disk for 6 items"):
        store.create("big", noise(6))
    assert store.datasets() == ["small"]
    assert store._tables.open("blobs").count_rows() == 2  # type: ignore[union-attr]
    assert listed(store.path / ".staging") == []
    assert store.create("other", noise(2)).rows == 2  # what the failed one wrote has been cleared


def test_an_error_when_the_rows_are_committed_takes_the_images_back(
    store: ItemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(intake.Intake, "_commit_rows", full)
        with pytest.raises(
            StoreError, match=r"No room on the disk for 3 items: .* nothing was stored"
        ) as caught:
            store.create("shop", [*pairs(2), Item("v", vectors={"text": np.ones(2)})])
    assert "QLATENT_WORKSPACE" in caught.value.remedy
    assert visible(store) == []
    store.create("shop", pairs(2))


def test_embeddings_that_do_not_fit_say_so_and_keep_those_before(small_disk: Path) -> None:
    store = ItemStore(small_disk / "items")
    store.add_embeddings("key", "image", ["a"], np.ones((1, 512)))
    with pytest.raises(
        StoreError, match=r"No room on the disk for 2,000 embeddings: more than 4\.1 MB needed"
    ):
        store.add_embeddings(
            "key", "image", [f"h{n}" for n in range(2000)], np.random.rand(2000, 512).astype("f4")
        )
    assert store.missing("key", "image", ["a", "h0"]) == ["h0"]


def test_images_that_vanish_during_an_import_fail_it(store: ItemStore) -> None:
    store.create("old", pairs(1))

    def items() -> object:
        yield from pairs(300)
        store.remove("old")
        store._tables.keep_only("blobs", "hash", lambda keys: pc.is_null(keys))

    with pytest.raises(StoreError, match="1 images were removed by another process during the import"):
        store.create("new", items())  # type: ignore[arg-type]
    assert visible(store) == []


def test_memory_stays_small_while_many_images_come_in(store: ItemStore) -> None:
    """Batches end at 256 items or 32 MB, whichever comes first."""
    from qlatent.store.items.staging import batches

    small = [Item(str(n), text="x") for n in range(600)]
    assert [len(batch) for batch in batches(iter(small), rows=256, size=100)] == [256, 256, 88]
    large = [Item(str(n), image=picture((n, 0, 0))) for n in range(5)]
    size = len(large[0].image or b"")
    assert [len(batch) for batch in batches(iter(large), rows=256, size=2 * size)] == [2, 2, 1]
