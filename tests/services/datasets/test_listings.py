"""Listings in a dataset: roles of columns, further pictures, versions over time, and imports that add to them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qlatent.demo.listings import listings, write_folder
from qlatent.errors import ConfigError, StoreError
from qlatent.services import demo
from qlatent.services.datasets import datasets, grouping, roles
from qlatent.services.datasets.pictures import pictures
from qlatent.services.datasets.versions import VersionRow, versions
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import TrainingConfig
from qlatent.types import Item, content_hash
from tests.ingest.builders import make_zip, png
from tests.ingest.test_listings import FLAGGED, flagged, photos, table, text_of
from tests.services.run_workspace import add

ROLES = {
    "text": "text", "image": "picture", "price": "price", "id": "listing_id", "seller": "seller", "created": "date",
    "currency": "currency", "flag reason": "flag",
}  # fmt: skip


def stored(
    workspace: Workspace, folder: Path, *rows: list[str], into: str | None = None
) -> datasets.ImportReport:
    """Rows of flagged listings and a zip of photos, chosen together."""
    folder.mkdir(exist_ok=True)
    chosen = [table(folder / "shop.csv", FLAGGED, *rows), make_zip(folder / "photos.zip", photos(6))]
    return datasets.store(workspace, datasets.preview(workspace, chosen), into=into)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A dataset with three listings, of which the second has three versions, for looking only."""
    folder = tmp_path_factory.mktemp("listings")
    with Workspace.open(folder / "workspace") as workspace:
        later = [flagged(1, price="9", created="2025-12-01"), flagged(1, created="2025-10-01", title="Mug")]
        stored(workspace, folder / "in", *map(flagged, range(3)), *later)
        yield workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


# --- roles ------------------------------------------------------------------------------------------------


def test_roles_are_those_of_the_import(shop: Workspace) -> None:
    assert roles.roles(shop, "shop") == ROLES
    assert roles.having(ROLES, "flag") == "flag reason"
    assert roles.having(ROLES, "risk") is None


def test_a_role_is_given_and_taken_away_and_is_that_of_one_column(
    workspace: Workspace, tmp_path: Path
) -> None:
    stored(workspace, tmp_path / "in", *map(flagged, range(3)))
    changed = roles.set_roles(
        workspace, "shop", {"currency": "seller", "flag reason": "hidden", "created": None}
    )
    kept = {name: role for name, role in ROLES.items() if name not in ("seller", "created")}
    assert changed == {**kept, "currency": "seller", "flag reason": "hidden"}
    assert roles.set_role(workspace, "shop", "created", "hidden") == {**changed, "created": "hidden"}
    stored(workspace, tmp_path / "again", flagged(4), into="shop")
    with Workspace.open(tmp_path / "workspace") as again:
        assert roles.roles(again, "shop") == {**changed, "created": "hidden"}  # what was said stays


@pytest.mark.parametrize(
    ("column", "role", "said"),
    [
        ("seller", "sellr", "There is no role 'sellr' to give"),
        ("sellr", "seller", "have no column 'sellr' did you mean 'seller'|have no column 'sellr'"),
        ("text", "hidden", "'text' has the role 'text', which is what it holds"),
    ],
)
def test_an_unknown_role_or_column_is_refused(shop: Workspace, column: str, role: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        roles.set_role(shop, "shop", column, role)
    assert roles.roles(shop, "shop") == ROLES


def test_roles_of_a_dataset_that_says_nothing_are_guessed(workspace: Workspace, tmp_path: Path) -> None:
    stored(workspace, tmp_path / "in", *map(flagged, range(3)))
    workspace.catalogue.update_dataset("shop", roles=None)
    assert roles.roles(workspace, "shop") == ROLES


# --- pictures ---------------------------------------------------------------------------------------------


def test_the_pictures_of_an_item_come_in_order(shop: Workspace) -> None:
    assert pictures(shop, "shop", 1) == [content_hash(png(2)), content_hash(png(3))]
    assert shop.items.image(pictures(shop, "shop", 1)[1]) == png(3)
    assert len(shop.items.thumbnails(pictures(shop, "shop", 1))) == 2
    with pytest.raises(StoreError):
        pictures(shop, "shop", 99)


def test_further_pictures_live_and_go_with_their_dataset(workspace: Workspace, tmp_path: Path) -> None:
    stored(workspace, tmp_path / "in", flagged(0), flagged(1))
    first, second = pictures(workspace, "shop", 0), pictures(workspace, "shop", 1)
    table_path = table(tmp_path / "other.csv", ["id", "title", "photo"], ["x", "y", "b0.png"])
    (tmp_path / "b0.png").write_bytes(png(1))
    datasets.store(workspace, table_path)
    workspace.items.compact()
    assert set(workspace.items.images([*first, *second])) == {*first, *second}
    workspace.items.remove("shop")
    workspace.items.compact()
    assert list(workspace.items.images([*first, *second])) == [first[1]]  # the other dataset's


def test_listings_that_differ_in_a_further_picture_alone_are_no_duplicates(
    workspace: Workspace, tmp_path: Path
) -> None:
    same = {"title": "mug", "description": "", "photos": "a0.png;b0.png"}
    rows = [flagged(0, **same), flagged(1, **same), flagged(2, **{**same, "photos": "a0.png;b2.png"})]
    assert stored(workspace, tmp_path / "in", *rows).duplicates == 1
    marked = workspace.items.table("shop", columns=["duplicate_of"])["duplicate_of"].to_pylist()
    assert marked == ["", "L-0", ""]


def test_an_export_with_pictures_is_imported_with_all_of_them(shop: Workspace, tmp_path: Path) -> None:
    report = export(shop, "shop", out=tmp_path / "out.zip", choice=Choice())
    assert report["pictures"] == 10
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert "pictures/0000001-l-1-2.png" in archive.namelist()
    with Workspace.open(tmp_path / "workspace") as again:
        assert datasets.store(again, tmp_path / "out.zip").rows == 5
        assert [pictures(again, "out", row) for row in range(5)] == [
            pictures(shop, "shop", row) for row in range(5)
        ]


# --- versions ---------------------------------------------------------------------------------------------


def test_versions_come_oldest_first_with_what_changed(shop: Workspace) -> None:
    expected = [
        VersionRow(4, "L-1#3", "2025-10-01", 1.5, "EUR"),
        VersionRow(1, "L-1", "2025-11-02", 1.5, "EUR", ("text", "created")),
        VersionRow(3, "L-1#2", "2025-12-01", 9.0, "EUR", ("created", "price")),
    ]
    for name in ("L-1", "L-1#2", "L-1#3"):
        assert [
            replace(each, changed=tuple(sorted(each.changed))) for each in versions(shop, "shop", name)
        ] == [replace(each, changed=tuple(sorted(each.changed))) for each in expected]
    assert versions(shop, "shop", "L-2") == [VersionRow(2, "L-2", "2025-11-03", 2.5, "EUR")]
    with pytest.raises(StoreError, match="There is no item 'L-9'"):
        versions(shop, "shop", "L-9")


def test_rows_with_one_listing_id_beside_their_own_id_are_versions(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [["1", "S", "mug", "2"], ["2", "S", "mug", "3"], ["3", "T", "mug", "3"], ["4", "SS", "mug", "3"]]
    datasets.store(workspace, table(tmp_path / "t.csv", ["id", "sku", "title", "price"], *rows))
    assert [each.id for each in versions(workspace, "t", "2")] == ["1", "2"]


def test_a_later_file_adds_versions_and_leaves_out_what_is_there(
    workspace: Workspace, tmp_path: Path
) -> None:
    stored(workspace, tmp_path / "in", *map(flagged, range(3)))
    report = stored(
        workspace, tmp_path / "in", flagged(0), flagged(1, price="9"), flagged(1, price="9", created="2025-12-09"),
        flagged(2, title="Another"), flagged(3), into="shop",
    )  # fmt: skip
    assert (report.rows, report.present, report.refused, report.duplicates) == (4, 1, 0, 0)
    ids = workspace.items.table("shop", columns=["id"])["id"].to_pylist()
    assert ids == ["L-0", "L-1", "L-2", "L-1#2", "L-1#3", "L-2#2", "L-3"]
    report = stored(workspace, tmp_path / "in", flagged(1), flagged(1, price="8"), into="shop")
    assert (report.rows, report.present) == (1, 1)
    found = [(each.id, each.date, each.price) for each in versions(workspace, "shop", "L-1")]
    assert found == [
        ("L-1", "2025-11-02", 1.5), ("L-1#2", "2025-11-02", 9.0), ("L-1#4", "2025-11-02", 8.0),
        ("L-1#3", "2025-12-09", 9.0),
    ]  # fmt: skip


def test_a_file_without_dates_makes_no_versions(workspace: Workspace, tmp_path: Path) -> None:
    stored(workspace, tmp_path / "in", *map(flagged, range(3)))
    place = FLAGGED.index("created")
    rows = [
        [cell for number, cell in enumerate(row) if number != place]
        for row in (FLAGGED, flagged(0), flagged(1))
    ]
    entries = {"shop.csv": text_of(rows), **photos(2)}
    report = datasets.store(workspace, make_zip(tmp_path / "t.zip", entries), into="shop")
    assert (report.rows, report.present) == (0, 2)


def test_versions_of_a_listing_stay_on_one_side_of_a_split(workspace: Workspace) -> None:
    names = ["a", "b", "a#2", "b-2", "c#1"]
    add(workspace, "words", [Item(name, text=f"text of {name}") for name in names], modalities=("text",))
    groups = grouping.groups(workspace, "words", 1, TrainingConfig(split_rule="groups"))
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 4


def test_the_truth_about_the_demo_is_hidden(workspace: Workspace, tmp_path: Path) -> None:
    made = write_folder(tmp_path / "drawn", listings(3))
    for mapping in (demo.MAPPING, None):
        report = datasets.store(workspace, datasets.preview(workspace, made, mapping=mapping))
        known = roles.roles(workspace, report.dataset)
        assert {name: known[name] for name in ("truth", "truth_of", "seller", "price")} == {
            "truth": "hidden", "truth_of": "hidden", "seller": "seller", "price": "price",
        }  # fmt: skip
        assert set(roles.hidden(workspace, report.dataset)) == {"truth", "truth_of"}


def test_a_currency_in_prices_becomes_a_column_with_its_role(workspace: Workspace, tmp_path: Path) -> None:
    rows = [["1", "mug", "€ 12.50"], ["2", "cup", "£3"]]
    datasets.store(workspace, table(tmp_path / "t.csv", ["id", "title", "price"], *rows))
    assert roles.roles(workspace, "t") == {"text": "text", "price": "price", "currency": "currency"}
    assert [each.currency for name in "12" for each in versions(workspace, "t", name)] == ["EUR", "GBP"]
