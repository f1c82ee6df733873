"""Imports into a real workspace: previews store nothing, imports are atomic and not repeated."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.errors import InputError, StoreError
from qlatent.ingest import Limits, Mapping
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.datasets.datasets import Bring
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled, Refusal
from tests.ingest.builders import make_zip, png


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def zipped(path: Path, *, rows: int = 3) -> Path:
    lines = [f"{n},img/{n}.png,title {n},words {n},{n}.50" for n in range(rows)]
    table = "\n".join(["id,image,title,description,price", *lines, "bad,gone.png,,,1"])
    return make_zip(path, {"items.csv": table, **{f"img/{n}.png": png(n) for n in range(rows)}})


def a_day_later(workspace: Workspace) -> None:
    bin.empty(workspace, now=time.time() + bin.DAY + 1)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_preview_counts_everything_and_stores_nothing(workspace: Workspace, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    path = zipped(tmp_path / "shop.zip", rows=120)
    seen = datasets.preview(workspace, path, progress=lambda done, total: calls.append((done, total)))
    assert (seen.good, seen.refused, seen.kind, seen.name) == (120, 1, "zip", "shop.zip")
    assert seen.modalities == {"image": 120, "text": 120}
    assert seen.mapping.text == ("title", "description")
    assert [item.id for item in seen.first] == [str(n) for n in range(12)]
    assert seen.refusals == (Refusal(121, "there is no file 'gone.png'", "bad"),)
    assert seen.already_imported is None
    assert calls == [(50, None), (100, None)]
    document = seen.document()
    assert document["columns"][0] == {"name": "id", "type": "text", "sample": "0"}
    assert [each["id"] for each in document["examples"]] == ["0", "1", "2"]
    assert document["examples"][1]["text"] == "title 1. words 1"
    assert document["unused"] == []
    assert datasets.list_datasets(workspace) == []
    assert workspace.items.datasets() == []


def test_a_preview_that_keeps_nothing_says_why(workspace: Workspace, tmp_path: Path) -> None:
    seen = datasets.preview(workspace, write(tmp_path / "t.csv", "id,title\n1,\n2,\n"))
    assert seen.good == 0
    assert str(seen.nothing_kept()).startswith(
        "None of the 2 rows of t.csv can be kept; row 1: nothing to keep"
    )
    seen = datasets.preview(workspace, write(tmp_path / "u.csv", "seller_id,category\nS-1,a\nS-2,a\n"))
    assert (seen.good, [each.column for each in seen.unused]) == (0, ["seller_id"])
    assert "is mapped to an image, a text or a vector" in str(seen.nothing_kept())


def test_a_dict_changes_the_guessed_mapping_and_a_mapping_replaces_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = write(tmp_path / "t.csv", "id,title,note\n1,a,b\n")
    assert datasets.preview(workspace, path, mapping={"text": "note"}).mapping == Mapping(
        id="id", text=("note",)
    )
    assert datasets.preview(workspace, path, mapping=Mapping(text=("note",))).mapping == Mapping(
        text=("note",)
    )
    with pytest.raises(InputError, match="has no column 'titel'"):
        datasets.preview(workspace, path, mapping={"text": "titel"})


def test_an_import_stores_rows_images_and_refusals(workspace: Workspace, tmp_path: Path) -> None:
    report = datasets.store(
        workspace, datasets.preview(workspace, zipped(tmp_path / "My Shop.zip")), name="My Shop"
    )
    assert (report.dataset, report.rows, report.refused, report.already) == ("my-shop", 3, 1, False)
    rows = workspace.items.rows("my-shop", [0, 1, 2])
    assert [(row["id"], row["text"], row["width"]) for row in rows] == [
        (f"{n}", f"title {n}. words {n}", 24) for n in range(3)
    ]
    assert workspace.items.image(rows[1]["image_hash"]) == png(1)
    view = datasets.dataset_view(workspace, "my-shop")
    assert (view.name, view.kind, view.rows, view.modalities) == ("My Shop", "zip", 3, ("image", "text"))
    (record,) = view.imports
    assert (record.source_name, record.rows, record.refused) == ("My Shop.zip", 3, 1)
    assert Mapping.from_dict(record.mapping) == Mapping(
        id="id", image="image", text=("title", "description"), price="price"
    )
    saved = list(csv.DictReader(io.StringIO(datasets.refusals_file(workspace, record).decode())))
    assert saved == [{"row": "4", "id": "bad", "reason": "there is no file 'gone.png'"}]
    assert (workspace.path / report.refusals_path).is_file()


def test_a_path_may_be_stored_without_a_preview(workspace: Workspace, tmp_path: Path) -> None:
    report = datasets.store(workspace, write(tmp_path / "words.txt", "one\ntwo\n"))
    assert (report.dataset, report.name, report.rows) == ("words", "words", 2)


def test_the_same_content_is_stored_once_and_reported(workspace: Workspace, tmp_path: Path) -> None:
    first = datasets.store(workspace, zipped(tmp_path / "a.zip"))
    (tmp_path / "renamed.zip").write_bytes((tmp_path / "a.zip").read_bytes())
    seen = datasets.preview(workspace, tmp_path / "renamed.zip")
    assert seen.already_imported == "a"
    again = datasets.store(workspace, seen, name="another name")
    assert (again.already, again.dataset, again.rows) == (True, first.dataset, 0)
    assert len(datasets.list_datasets(workspace)) == 1
    other = datasets.store(
        workspace, datasets.preview(workspace, tmp_path / "a.zip", mapping=Mapping(text=("title",)))
    )
    assert (other.already, other.dataset, other.rows) == (False, "a-2", 3)


def test_a_removed_dataset_can_be_imported_again(workspace: Workspace, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip")
    report = datasets.store(workspace, path)
    datasets.remove(workspace, report.dataset)
    assert datasets.list_datasets(workspace) == []
    a_day_later(workspace)
    assert workspace.items.datasets() == []
    assert not (workspace.path / report.refusals_path).exists()
    assert datasets.store(workspace, path).already is False


def test_the_images_of_a_removed_dataset_are_gone_and_those_of_others_stay(
    workspace: Workspace, tmp_path: Path
) -> None:
    first = datasets.store(workspace, zipped(tmp_path / "a.zip"))
    second = datasets.store(workspace, zipped(tmp_path / "b.zip", rows=2))
    hashes = workspace.items.table(first.dataset, columns=["image_hash"])["image_hash"].to_pylist()
    datasets.remove(workspace, first.dataset)
    a_day_later(workspace)
    assert set(workspace.items.images(hashes)) == set(hashes[:2])
    assert set(workspace.items.thumbnails(hashes)) == set(hashes[:2])
    datasets.remove(workspace, second.dataset)
    a_day_later(workspace)
    assert workspace.items.images(hashes) == {}


def test_equal_pairs_under_different_ids_stay_and_are_marked(workspace: Workspace, tmp_path: Path) -> None:
    report = datasets.store(workspace, write(tmp_path / "t.csv", "id,text\na,same\nb,same\nc,other\n"))
    assert (report.rows, report.duplicates) == (3, 1)
    table = workspace.items.table(report.dataset, columns=["id", "duplicate_of"]).to_pydict()
    assert table == {"id": ["a", "b", "c"], "duplicate_of": ["", "a", ""]}


def test_ready_vectors_are_imported_and_train_directly(workspace: Workspace, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.savez(tmp_path / "v.npz", image=vectors, text=-vectors)
    report = datasets.store(workspace, tmp_path / "v.npz")
    view = datasets.dataset_view(workspace, report.dataset)
    assert view.modalities == ("image", "text")
    assert [(each["key"], each["modality"], each["encoded"]) for each in view.encoders] == [
        ("given", "image", 5), ("given", "text", 5),
    ]  # fmt: skip
    hashes = workspace.items.table(report.dataset, columns=["given_text"])["given_text"].to_pylist()
    assert np.array_equal(workspace.items.embeddings("given", "text", hashes), -vectors)


# --- adding to a dataset ---------------------------------------------------------------------------------


def test_a_further_file_adds_only_new_rows(workspace: Workspace, tmp_path: Path) -> None:
    datasets.store(workspace, write(tmp_path / "a.csv", "id,text\n1,one\n2,two\n"), name="words")
    further = write(tmp_path / "b.csv", "id,text\n2,two\n1,changed\n3,three\n4,\n")
    report = datasets.store(workspace, further, into="words")
    assert (report.dataset, report.rows, report.present, report.refused) == ("words", 1, 1, 2)
    assert report.refusals[0] == Refusal(2, "id '1' is in the dataset already, with another content", "1")
    assert workspace.items.table("words", columns=["id"])["id"].to_pylist() == ["1", "2", "3"]
    assert datasets.dataset_view(workspace, "words").rows == 3
    again = datasets.store(workspace, further, into="words")
    assert (again.already, again.rows) == (True, 0)
    assert workspace.items.count("words") == 3


def test_a_longer_text_file_adds_its_new_lines(workspace: Workspace, tmp_path: Path) -> None:
    datasets.store(workspace, write(tmp_path / "a.txt", "one\ntwo\n"), name="words")
    report = datasets.store(workspace, write(tmp_path / "b.txt", "zero\none\ntwo\nthree\n"), into="words")
    assert (report.rows, report.present) == (2, 2)
    assert workspace.items.table("words", columns=["id", "text"]).to_pydict() == {
        "id": ["row-1", "row-2", "row-1-2", "row-4"], "text": ["one", "two", "zero", "three"],
    }  # fmt: skip


def test_nothing_new_is_no_error(workspace: Workspace, tmp_path: Path) -> None:
    datasets.store(workspace, write(tmp_path / "a.csv", "id,text\n1,one\n2,two\n"), name="words")
    report = datasets.store(workspace, write(tmp_path / "b.csv", "id,text,more\n2,two,x\n"), into="words")
    assert (report.rows, report.present, report.already) == (0, 1, False)


def test_vectors_of_another_width_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((2, 4)))
    np.save(tmp_path / "b.npy", np.ones((2, 3)))
    datasets.store(workspace, tmp_path / "a.npy", name="v")
    with pytest.raises(InputError, match="its vector vector has 3 numbers; those of the dataset have 4"):
        datasets.store(workspace, tmp_path / "b.npy", into="v")


def test_an_unknown_dataset_to_add_to(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no dataset 'nothing'"):
        datasets.store(workspace, write(tmp_path / "a.txt", "one\n"), into="nothing")


# --- all or nothing --------------------------------------------------------------------------------------


def test_when_no_row_can_be_kept_nothing_is_stored(workspace: Workspace, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,text\n1, \n2,\n")
    with pytest.raises(InputError, match=r"None of the 2 rows of t\.csv can be kept; row 1: nothing to keep"):
        datasets.store(workspace, path)
    assert datasets.list_datasets(workspace) == []
    assert workspace.items.datasets() == []


def test_a_failure_midway_stores_nothing(workspace: Workspace, tmp_path: Path) -> None:
    good = "\n".join(f'{{"id": {n}, "text": "words {n}"}}' for n in range(600))
    seen = datasets.preview(workspace, write(tmp_path / "t.jsonl", good))

    def stop(done: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        datasets.store(workspace, seen, progress=stop)
    assert datasets.list_datasets(workspace) == []
    assert workspace.items.datasets() == []
    assert datasets.store(workspace, seen).rows == 600


def test_a_catalogue_that_fails_leaves_no_rows_behind(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise StoreError("the catalogue is full")

    monkeypatch.setattr(workspace.catalogue, "record_import", refuse)
    with pytest.raises(StoreError, match="the catalogue is full"):
        datasets.store(workspace, zipped(tmp_path / "a.zip"))
    assert datasets.list_datasets(workspace) == []
    assert workspace.items.datasets() == []
    assert files_in(workspace.path / "imports") == set()


def test_a_source_that_changed_since_the_preview_is_not_stored(workspace: Workspace, tmp_path: Path) -> None:
    seen = datasets.preview(workspace, write(tmp_path / "t.txt", "one\n"))
    write(tmp_path / "t.txt", "one\ntwo\n")
    with pytest.raises(InputError, match=r"t\.txt has changed since the preview"):
        datasets.store(workspace, seen)


def test_images_that_cannot_be_decoded_are_refused_when_storing(workspace: Workspace, tmp_path: Path) -> None:
    content = bytearray(png(1))
    at = content.index(b"IDAT") + 8
    content[at : at + 4] = b"\xff\xff\xff\xff"
    import struct
    import zlib

    length = struct.unpack(">I", content[content.index(b"IDAT") - 4 : content.index(b"IDAT")])[0]
    start = content.index(b"IDAT")
    struct.pack_into(
        ">I", content, start + 4 + length, zlib.crc32(bytes(content[start : start + 4 + length]))
    )
    path = make_zip(tmp_path / "p.zip", {"bad.png": bytes(content), "good.png": png(2)})
    seen = datasets.preview(workspace, path)
    assert (seen.good, seen.refused) == (2, 0)
    report = datasets.store(workspace, seen)
    assert (report.rows, report.refused) == (1, 1)
    assert report.refusals[0].reason.startswith("the image is damaged or cut off")


# --- names, titles, files --------------------------------------------------------------------------------


def test_a_dataset_can_be_renamed_and_keeps_its_id(workspace: Workspace, tmp_path: Path) -> None:
    datasets.store(workspace, write(tmp_path / "t.txt", "one\n"), name="old")
    assert datasets.rename(workspace, "old", name=" New name ").name == "New name"
    assert [(view.id, view.name) for view in datasets.list_datasets(workspace)] == [("old", "New name")]
    with pytest.raises(InputError, match="needs a name"):
        datasets.rename(workspace, "old", name=" ")


def test_an_upload_is_shown_under_its_own_name_with_its_images_and_limits(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(png())
    path = write(tmp_path / "tmp123.csv", "id,image,text\n1,a.png,short\n2,a.png,much too long\n")
    bring = Bring(
        path, images=tmp_path / "photos", limits=Limits(max_text_characters=6), title="Listings.csv"
    )
    seen = datasets.preview(workspace, bring)
    assert (seen.name, seen.good, seen.refused) == ("Listings.csv", 2, 0)
    assert [item.text for item in seen.first] == ["short", None]  # too long a text does not cost the picture
    assert datasets.store(workspace, seen).dataset == "listings"


def test_notes_are_kept_with_the_dataset(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id,text\n1,Käse\n".encode("latin-1"))
    report = datasets.store(workspace, tmp_path / "t.csv")
    assert "Windows-1252" in report.notes[0]
    assert datasets.dataset_view(workspace, report.dataset).note == report.notes[0]
