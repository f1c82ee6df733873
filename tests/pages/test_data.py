"""The page Data: files chosen together are joined, metadata are columns to sort and filter by, CSV is harmless."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets, roles
from qlatent.services.workspaces import open_workspace
from tests.ingest.builders import make_zip
from tests.ingest.test_listings import FLAGGED, flagged, photos, text_of

Open = Callable[..., AppTest]
ROWS = [
    {
        "id": "a",
        "text": "x",
        "label": "k",
        "size": 10,
        "sold": True,
        "made": "2024-01-05",
        "maker <b>": "=1+1",
        "text2": "*q*",
    },
    {"id": "b", "text": "y", "size": 2.5, "sold": False, "made": "2023-06-01", "maker <b>": "Bolt"},
    {"id": "c", "text": "z"},
]


def npy(rows: int) -> bytes:
    out = io.BytesIO()
    np.save(out, np.eye(rows, 4, dtype=np.float32))
    return out.getvalue()


def test_vectors_and_the_table_of_their_items_are_chosen_together(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path / "ws", "data")
    files = [
        ("items.csv", b"id,title\n1,a\n2,b\n3,c\n", "text/csv"),
        ("v.npy", npy(3), "application/octet-stream"),
    ]
    at.file_uploader(key="import_files").set_value(files).run()
    assert not at.exception and not at.error
    counted = {metric.label: metric.value for metric in at.metric}
    assert (counted["Rows accepted"], counted["With vector"]) == ("3", "3")
    said = " ".join(part.value for part in at.caption).replace("\\", "")
    assert "items.csv and v.npy joined row by row: 3 rows and 3 vectors" in said
    at.button(key="import_store").click().run()
    assert not at.exception and not at.error
    (found,) = datasets.list_datasets(open_workspace(tmp_path / "ws"))
    assert (found.rows, found.modalities) == (3, ("text", "vector"))
    assert "joined row by row" in found.note


def test_numbers_that_do_not_fit_are_shown_before_anything_is_stored(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path / "ws", "data")
    files = [("items.csv", b"title\na\nb\nc\n", "text/csv"), ("v.npy", npy(2), "application/octet-stream")]
    at.file_uploader(key="import_files").set_value(files).run()
    assert not at.exception
    (card,) = at.error
    assert "items.csv has 3 rows and v.npy has 2 vectors" in card.proto.title.replace("\\", "")
    assert "import_store" not in {each.key for each in at.button}


@pytest.fixture
def known(tmp_path: Path) -> tuple[Path, str]:
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    workspace = open_workspace(tmp_path / "ws")
    return workspace.path, datasets.store(workspace, tmp_path / "t.jsonl").dataset


def shown_ids(at: AppTest) -> list[str]:
    (table,) = [frame.value for frame in at.dataframe if "Id" in frame.value]
    return list(table["Id"])


def test_metadata_are_columns_that_sort_and_filter(opened: Open, known: tuple[Path, str]) -> None:
    at = opened(known[0], "data", dataset=known[1], view="Table")
    (table,) = [frame.value for frame in at.dataframe if "Id" in frame.value]
    assert {"size", "sold", "made", "maker <b>"} <= set(table)
    assert "More" not in table
    at.selectbox(key="sort").set_value("size").run()
    assert shown_ids(at) == ["b", "a", "c"]
    at.toggle(key="descending").set_value(True).run()
    assert shown_ids(at) == ["a", "b", "c"]
    at.multiselect(key=f"filter_by_{known[1]}").set_value(["size", "sold", "made", "maker <b>"]).run()
    assert not at.exception and not at.error
    at.number_input(key=f"filter_{known[1]}_size_least").set_value(2.0).run()
    assert shown_ids(at) == ["a", "b"]
    at.multiselect(key=f"filter_{known[1]}_sold").set_value(["False"]).run()
    assert shown_ids(at) == ["b"]
    at.multiselect(key=f"filter_{known[1]}_sold").set_value([]).run()
    at.multiselect(key=f"filter_{known[1]}_maker <b>").set_value(["=1+1"]).run()
    assert shown_ids(at) == ["a"]
    assert any("1 item of 3" in part.value for part in at.caption)
    at.number_input(key=f"filter_{known[1]}_size_least").set_value(99.0).run()  # nothing is left
    assert not at.exception and any("No item matches" in each.value for each in at.info)


def test_the_rows_that_are_shown_leave_as_harmless_csv(opened: Open, known: tuple[Path, str]) -> None:
    from qlatent.services.datasets import browsing

    at = opened(known[0], "data", dataset=known[1], view="Table")
    assert [each for each in at.get("download_button") if "data_rows_csv" in each.proto.id]
    text = browsing.rows_csv(browsing.items(open_workspace(known[0]), known[1])).decode()
    header, first, *_ = csv.reader(io.StringIO(text, newline=""))
    assert dict(zip(header, first, strict=True))["maker <b>"] == "'=1+1"


def test_flagged_listings_and_their_photos_need_no_mapping(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path / "ws", "data")
    rows = text_of([FLAGGED, *map(flagged, range(6)), flagged(0, price="9")])
    archive = make_zip(tmp_path / "photos.zip", photos(6)).read_bytes()
    files = [("flagged.csv", rows.encode(), "text/csv"), ("photos.zip", archive, "application/zip")]
    at.file_uploader(key="import_files").set_value(files).run()
    assert not at.exception and not at.error
    guessed = {
        "id": "listing_id", "image": "photos", "price": "price", "listing_id": "listing_id", "seller": "seller",
        "currency": "currency", "date": "created", "flag": "flag reason", "risk": "–", "category": "–",
    }  # fmt: skip
    assert {role: at.selectbox(key=f"map_{role}").value for role in guessed} == guessed
    assert at.multiselect(key="map_text").value == ["title", "description"]
    at.button(key="import_store").click().run()
    assert not at.exception and not at.error
    workspace = open_workspace(tmp_path / "ws")
    (found,) = datasets.list_datasets(workspace)
    assert (found.rows, found.modalities) == (7, ("image", "text"))
    known = roles.roles(workspace, found.id)
    assert (known["seller"], known["flag reason"], known["id"]) == ("seller", "flag", "listing_id")


def test_what_columns_mean_is_changed_on_the_page(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(text_of([FLAGGED, *map(flagged, range(3))]), encoding="utf-8")
    workspace = open_workspace(tmp_path / "ws")
    datasets.store(workspace, path)
    at = opened(tmp_path / "ws", "data")
    at.session_state["roles_shop"] = True  # the section is open
    at.run()
    assert at.selectbox(key="role_shop_seller").value == "seller"
    at.selectbox(key="role_shop_seller").set_value("–")
    at.selectbox(key="role_shop_risk").set_value("price")
    at.multiselect(key="role_shop_hidden").set_value(["seller", "flag reason"])
    at.button(key="roles_save").click().run()
    assert not at.exception and not at.error
    known = roles.roles(open_workspace(tmp_path / "ws"), "shop")
    assert {name: known.get(name) for name in ("seller", "flag reason", "price", "created")} == {
        "seller": "hidden", "flag reason": "hidden", "price": "risk", "created": "date",
    }  # fmt: skip
