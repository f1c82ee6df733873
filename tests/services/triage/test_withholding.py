"""Pictures of items that are decided as severe: gone from the disk and from every function that gives pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from qlatent.errors import AbsentError, StoreError
from qlatent.services.datasets import browsing, datasets, pictures, tombstone
from qlatent.services.exports import export
from qlatent.services.exports.choice import Choice
from qlatent.services.search import pictures as searched
from qlatent.services.triage import cases, casework, queues, reviews, run_views, withholding
from qlatent.services.workspaces import open_workspace
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy, read
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.run_workspace import add
from tests.services.triage import analysts

ITEM, ROW = "item-04", 4


def policy(*, severe: bool = True, **changes: object) -> Policy:
    return read({"decisions": [
        {"code": "grave", "label": "Grave", "key": "1", "kind": "bad", "severe": severe},
        {"code": "ok", "label": "OK", "key": "2", "kind": "good"},
    ]} | changes)  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace", images=True) as workspace:
        yield workspace
        withholding.wait(workspace)


def made(workspace: Workspace, name: str = "Q", dataset: str = "shop", **changes: object) -> str:
    rules = policy(**changes)  # type: ignore[arg-type]
    return queues.create(workspace, dataset, name=name, order="oldest", by="ann", policy=rules).id


def grave(workspace: Workspace, queue: str, item: str = ITEM) -> None:
    casework.decide(workspace, queue, item, code="grave", by="ann")
    withholding.wait(workspace)


def hashes(workspace: Workspace) -> list[str]:
    return workspace.items.table("shop", columns=["image_hash"])["image_hash"].to_pylist()  # type: ignore[no-any-return]


def holding(workspace: Workspace, content: bytes) -> list[Path]:
    """The files of the workspace that have this content."""
    files = (each for each in workspace.path.rglob("*") if each.is_file())
    return [each for each in files if content in each.read_bytes()]


def test_nothing_of_the_picture_stays_on_the_disk_and_the_others_do(shop: Workspace) -> None:
    every, queue = hashes(shop), made(shop)
    images, small = shop.items.images(every), shop.items.thumbnails(every)
    searched.keep(shop, images[every[ROW]])
    assert len(holding(shop, images[every[ROW]])) == 2 and holding(shop, small[every[ROW]])
    grave(shop, queue)
    assert not holding(shop, images[every[ROW]]) and not holding(shop, small[every[ROW]])
    rest = {key: each for key, each in images.items() if key != every[ROW]}
    assert shop.items.images(every) == rest and len(rest) == 29
    assert shop.items.thumbnails(every).keys() == rest.keys()


def exported(workspace: Workspace, out: Path, **choice: object) -> Path:
    export.export(workspace, "shop", out=out, choice=Choice(**choice))  # type: ignore[arg-type]
    return out


def test_every_function_that_gives_pictures(shop: Workspace, tmp_path: Path) -> None:
    queue, (key,) = made(shop), pictures.pictures(shop, "shop", ROW)
    image = shop.items.image(key)
    neighbour = cases.similar(shop, cases.case(shop, queue, "item-07"), encoder="given", k=29)
    assert any(each.picture == key for each in neighbour)
    grave(shop, queue)
    for gives in (shop.items.image, lambda name: cases.picture(shop, name)):
        with pytest.raises(StoreError, match="not kept"):
            gives(key)
    assert key not in shop.items.images([key]) and key not in shop.items.thumbnails([key])
    # pages: map previews, lists, search, similar items, and the cards of groups ask this one
    assert browsing.thumbnails(shop, [key]) == {key: tombstone.thumbnail()}
    assert (cases.case(shop, queue, ITEM).pictures, cases.case(shop, queue, ITEM).withheld) == ((), 1)
    with pytest.raises(AbsentError, match="not stored"):
        searched.read(shop, searched.keep(shop, image))
    assert not holding(shop, image)


def test_exports_have_no_picture_of_it(shop: Workspace, tmp_path: Path) -> None:
    queue, (key,) = made(shop), pictures.pictures(shop, "shop", ROW)
    small = shop.items.thumbnails([key])[key]
    grave(shop, queue)
    for choice in ("originals", "thumbnails"):
        out = exported(shop, tmp_path / f"{choice}.zip", pictures=choice)
        with zipfile.ZipFile(out) as archive:
            table = pd.read_csv(io.BytesIO(archive.read("items.csv")))
            assert len(archive.namelist()) == 30 and not any(
                f"/{ROW:07}-" in each for each in archive.namelist()
            )
        assert table["picture"].isna().tolist() == [row == ROW for row in range(30)]
    atlas = pd.read_parquet(
        exported(shop, tmp_path / "atlas.parquet", tool="embedding-atlas", modality="image")
    )
    assert atlas["image"][ROW]["bytes"] == tombstone.thumbnail() != small


def test_views_that_a_training_kept_are_grey(shop: Workspace) -> None:
    folder = shop_workspace.with_run(shop)
    views = np.arange(2 * 3 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 4, 3)
    kept = {"first": views[0], "second": views[1], "rows": np.array([ROW - 1, ROW, ROW + 1])}
    folder.write_views("pictures", kept)
    grave(shop, made(shop))
    found = folder.views("pictures")
    for name in ("first", "second"):
        np.testing.assert_array_equal(found[name][[0, 2]], kept[name][[0, 2]])
        assert (found[name][1] == run_views.GREY).all()


def test_the_tombstone_says_why(shop: Workspace) -> None:
    with Image.open(io.BytesIO(tombstone.thumbnail())) as image:
        assert image.size == (160, 160) and len(np.unique(np.asarray(image.convert("L")))) > 10
    assert tombstone.SAYS == "picture not kept (flagged severe)"


def test_what_is_remembered_goes_with_the_picture(shop: Workspace) -> None:
    queue, (key,) = made(shop), pictures.pictures(shop, "shop", ROW)

    def shown(name: str) -> bytes:
        return browsing.thumbnails(shop, [name])[name]

    read = pictures.remembered(shop, shown, most=8)
    assert read(key) == read(key) != tombstone.thumbnail()
    grave(shop, queue)
    assert read(key) == tombstone.thumbnail()


def test_of_two_queues_the_picture_stays_away_until_neither_says_severe(shop: Workspace) -> None:
    (key,) = pictures.pictures(shop, "shop", ROW)
    first, second = made(shop, "A"), made(shop, "B")
    grave(shop, first)
    grave(shop, second)
    assert cases.case(shop, second, ITEM).withheld == 1
    casework.undo(shop, first, by="ann")
    assert key in shop.items.withheld.hashes()
    casework.reopen(shop, second, ITEM, by="ann")
    assert key not in shop.items.withheld.hashes()
    casework.undo(shop, second, by="ann")  # the decision stands again
    assert key in shop.items.withheld.hashes()


def test_other_items_with_the_same_picture_lose_it_too(shop: Workspace) -> None:
    queue = made(shop)
    grave(shop, queue)
    twin = Item("twin", text="a twin", image=shop_workspace.picture(ROW))
    add(shop, "other", [twin, shop_workspace.item(1, images=True)])
    (key,) = pictures.pictures(shop, "other", 0)
    assert key == hashes(shop)[ROW] and key not in shop.items.thumbnails([key])
    assert not holding(shop, shop_workspace.picture(ROW))


def test_undoing_brings_the_picture_back_with_its_file(tmp_path: Path) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("id,text,image\na,one,a.png\nb,two,b.png\n", encoding="utf-8")
    for number, name in enumerate("ab"):
        (tmp_path / f"{name}.png").write_bytes(shop_workspace.picture(number))
    with open_workspace(tmp_path / "workspace") as workspace:
        dataset = datasets.store(workspace, table).dataset
        queue = made(workspace, dataset=dataset)
        grave(workspace, queue, "a")
        assert datasets.store(workspace, table).pictures == 0  # it is not to be kept
        casework.undo(workspace, queue, by="ann")
        case = cases.case(workspace, queue, "a")
        assert (case.pictures, case.withheld, case.lost) == ((), 0, 1)
        report = datasets.store(workspace, table)
        assert (report.already, report.pictures) == (True, 1)
        case = cases.case(workspace, queue, "a")
        assert workspace.items.image(case.pictures[0]) == shop_workspace.picture(0) and case.lost == 0


def test_a_decision_that_becomes_severe_deletes_the_pictures_decided_before(shop: Workspace) -> None:
    queue, (key,) = made(shop, severe=False), pictures.pictures(shop, "shop", ROW)
    grave(shop, queue)
    assert key in shop.items.thumbnails([key])
    queues.configure(shop, queue, policy(), by="ann")
    withholding.wait(shop)
    assert not holding(shop, shop_workspace.picture(ROW))
    queues.configure(shop, queue, policy(severe=False), by="ann")
    assert key not in shop.items.withheld.hashes()


def test_a_refused_decision_leaves_the_picture(shop: Workspace) -> None:
    queue, (key,) = made(shop), pictures.pictures(shop, "shop", ROW)
    casework.decide(shop, queue, ITEM, code="ok", by="bob")
    with pytest.raises(casework.TakenError):
        grave(shop, queue)
    assert key in shop.items.thumbnails([key]) and not shop.items.withheld.state()


def test_a_group_decision_and_its_undo(shop: Workspace) -> None:
    queue, every = made(shop), hashes(shop)
    event, _ = casework.decide_all(shop, queue, [f"item-{n:02}" for n in range(10)], code="grave", by="ann")
    withholding.wait(shop)
    assert shop.items.withheld.hashes() == set(every[:10]) and shop.items.thumbnails(every).keys() == set(
        every[10:]
    )
    assert not any(holding(shop, shop_workspace.picture(number)) for number in range(10))
    casework.undo(shop, queue, by="ann", event=event.id)
    assert not shop.items.withheld.state()


def test_a_severe_case_comes_to_nobody_for_a_second_opinion(shop: Workspace) -> None:
    queue = made(shop, review_share=1.0)
    rules = queues.policy(shop, queue)
    grave(shop, queue)
    casework.decide(shop, queue, "item-05", code="ok", by="ann")
    for item in ("item-06", "item-07"):
        casework.decide(shop, queue, item, code="ok", by="bob")
    found = reviews.due(shop, queue, rules, by="bob", now=1.0, until=2.0)
    assert found is not None and found.item == "item-05"


@pytest.mark.parametrize("moment", ["asked", "stored", "deleting", "deleted"])
def test_a_process_that_is_killed_in_between(shop: Workspace, moment: str) -> None:
    queue, (key,) = made(shop), pictures.pictures(shop, "shop", ROW)
    url = f"sqlite:///{shop.path / 'catalogue.db'}"
    process = analysts.process(shop.path, url, "killed_while_severe", queue, ITEM, moment)
    process.join(120)
    assert process.exitcode == -9
    assert key not in shop.items.thumbnails([key])  # at once, whatever comes next
    decided = shop.catalogue.cases.decided(queue)
    assert decided == ({} if moment == "asked" else {ITEM: "grave"})
    if moment in ("asked", "deleting"):  # at the next access, else at the next start
        casework.next_case(shop, queue, by="bob")
    else:
        open_workspace(shop.path).close()
    withholding.wait(shop)
    assert bool(holding(shop, shop_workspace.picture(ROW))) is (moment == "asked")
    assert (key in shop.items.thumbnails([key])) is (moment == "asked")
    assert len(shop.items.thumbnails(hashes(shop))) == (30 if moment == "asked" else 29)
