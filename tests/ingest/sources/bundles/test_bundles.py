"""Folders, zips and selected files: what is read, what is joined, and what is left out with a reason."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from qlatent.errors import InputError
from qlatent.ingest import Limits, open_source
from qlatent.ingest.files.archive import ZipFiles
from qlatent.ingest.files.files import FolderFiles
from qlatent.ingest.record import RefusedRow
from tests.ingest.builders import make_zip, png, read

VECTORS = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
CSV = "id,title\na,one\nb,two\nc,three\nd,four\n"
PICTURES = {f"img/{number}.png": png(number) for number in range(3)}


def npy(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def shard(**columns: Any) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out)
    return out.getvalue()


def lay(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture(params=["folder", "zip"])
def brought(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes a folder or a zip of files, so that every test covers both."""

    def make(files: Mapping[str, bytes | str]) -> Path:
        return (
            lay(tmp_path / "it", files) if request.param == "folder" else make_zip(tmp_path / "it.zip", files)
        )

    return make


def notes(path: Any) -> str:
    source = open_source(path)
    list(source.rows())
    return "\n".join(source.remarks())


# --- beside pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("classes.json", '["cat", "dog"]', "classes.json left out"),
        ("metadata.json", '{"name": "x", "authors": [{"name": "A"}]}', "no picture is named in it"),
        ("categories.json", json.dumps([{"id": n} for n in range(50)]), "no picture is named in it"),
        ("dataset_infos.json", '{"default": {}}', "it describes the data set of a hub"),
        ("dataset_dict.json", '{"splits": ["train"]}', "it names the parts of a data set"),
        ("projector_config.json", '{"embeddings": [{"tensorPath": "v.tsv"}]}', "TensorBoard's projector"),
        ("broken.json", "{", "it is not valid JSON"),
        ("other.json", '{"images": [{"id": 1, "file_name": "gone.png"}]}', "none of those that are here"),
        ("authors.csv", "name\nA\nB\n", "no picture is named in it"),
        ("README.md", "# x", "it is neither a picture nor a table"),
    ],
)
def test_a_stray_file_never_costs_the_pictures(brought: Any, name: str, content: str, why: str) -> None:
    path = brought({**PICTURES, name: content})
    items, refusals = read(path)
    assert [item.image for item in items] == list(PICTURES.values())
    assert not refusals
    assert f"{name} left out: " in notes(path)
    assert why in notes(path)


def test_texts_and_json_of_a_picture_s_name_describe_it(brought: Any) -> None:
    files = {
        "1.png": png(1), "1.txt": " a red chair\n", "1.json": '{"caption": "other", "url": "u", "id": 7}',
        "2.png": png(2), "2.json": '{"caption": "a lamp", "label": "lamp"}',
        "3.png": png(3), "3.txt": "0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.1 0.1",
        "4.png": png(4), "4.png.json": '[1]',
        "5.JPG.png": png(5), "stray.txt": "hello",
    }  # fmt: skip
    path = brought(files)
    items, refusals = read(path)
    assert [(item.id, item.text, item.label, item.metadata) for item in items] == [
        ("1.png", "a red chair", None, {"url": "u", "id (json)": 7}),
        ("2.png", "a lamp", "lamp", {}),
        ("3.png", None, None, {}),
        ("4.png", None, None, {}),
        ("5.JPG.png", None, None, {}),
    ]
    assert not refusals
    said = notes(path)
    assert ".txt file beside a picture left out: it holds numbers, no caption" in said
    assert ".json file beside a picture left out: it holds no object" in said
    assert "stray.txt left out: no picture has its name" in said


def test_captions_and_categories_come_from_a_coco_file(brought: Any) -> None:
    boxes = [
        {"image_id": n, "category_id": c, "bbox": [0, 0, 1, 1]} for n, c in ((0, 1), (0, 1), (1, 1), (1, 2))
    ]
    captions = [{"image_id": 0, "caption": "first"}, {"image_id": 0, "caption": "second"}]
    coco = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in range(3)],
        "annotations": [*boxes, *captions],
        "categories": [{"id": 1, "name": "chair"}, {"id": 2, "name": "lamp"}],
    }
    path = brought({**PICTURES, "annotations/all.json": json.dumps(coco)})
    items, _ = read(path)
    assert [(item.text, item.label, item.metadata) for item in items] == [
        ("first", "chair", {"captions": ["second"]}),
        (None, None, {"categories": "chair, lamp"}),
        (None, None, {}),
    ]
    assert "annotations/all.json says captions and categories of 3 pictures; its boxes are not kept" in notes(
        path
    )


@pytest.mark.parametrize("odd", [None, True, 0.5, "x", [1], {"a": 1}, [[]], 10**30])
@pytest.mark.parametrize(
    ("part", "key"),
    [("images", "id"), ("images", "file_name"), ("annotations", "image_id"), ("annotations", "category_id"),
     ("annotations", "caption"), ("categories", "id"), ("categories", "name")],
)  # fmt: skip
def test_odd_values_in_a_coco_file_cost_no_picture(tmp_path: Path, part: str, key: str, odd: Any) -> None:
    coco: dict[str, list[dict[str, Any]]] = {
        "images": [{"id": 1, "file_name": "0.png"}, {"id": 2, "file_name": "1.png"}],
        "annotations": [
            {"image_id": 1, "caption": "one", "category_id": 7},
            {"image_id": 2, "caption": "two"},
        ],
        "categories": [{"id": 7, "name": "thing"}],
    }
    coco[part][0][key] = odd
    items, refusals = read(make_zip(tmp_path / "p.zip", {**PICTURES, "all.json": json.dumps(coco).encode()}))
    assert len(items) == len(PICTURES) and not refusals
    assert "two" in {item.text for item in items}


def test_a_json_file_may_speak_of_pictures_by_their_names(brought: Any) -> None:
    said = {
        "0.png": "A",
        "img/1.png": ["B", "more"],
        "2.png": {"caption": "C", "label": "x", "w": 3},
        "gone.png": "D",
    }
    path = brought({**PICTURES, "captions.json": json.dumps(said)})
    items, _ = read(path)
    assert [(item.text, item.label, item.metadata) for item in items] == [
        ("A", None, {}),
        ("B", None, {"captions": ["more"]}),
        ("C", "x", {"w": 3}),
    ]
    assert "captions.json says something of 3 pictures by their names" in notes(path)


def test_a_text_file_of_commas_that_names_pictures_is_their_table(brought: Any) -> None:
    table = 'image,caption\n0.png,"A child, really"\n0.png,again\n2.png,other\n'
    items, _ = read(brought({**PICTURES, "captions.txt": table}))
    assert [(item.text, item.image) for item in items] == [
        ("A child, really", png(0)),
        ("again", png(0)),
        ("other", png(2)),
    ]


def test_a_table_may_name_pictures_without_their_endings(brought: Any) -> None:
    path = brought({**PICTURES, "styles.csv": "id,title,n\n2,c,0\n0,a,0\n7,gone,0\n"})
    items, refusals = read(path)
    assert [(item.id, item.text, item.image) for item in items] == [
        ("2", "c", png(2)),
        ("0", "a", png(0)),
        ("7", "gone", None),
    ]
    assert not refusals
    assert "column 'id' names the pictures without their endings" in notes(path)


def test_labels_are_no_names_of_pictures(brought: Any) -> None:
    items, _ = read(brought({**PICTURES, "t.csv": "title,kind\n" + "x,0\n" * 9}))
    assert [item.image for item in items] == [None] * 9


def test_tables_of_splits_find_pictures_in_the_folders_of_their_splits(brought: Any) -> None:
    table = "file,text\na.png,{}\n"
    files = {
        "train.csv": table.format("x"),
        "test.csv": table.format("y"),
        "train/a.png": png(1),
        "test/a.png": png(2),
    }
    items, _ = read(brought(files))
    assert [(item.split, item.text, item.image) for item in items] == [
        ("test", "y", png(2)),
        ("train", "x", png(1)),
    ]


def test_the_same_table_in_another_kind_is_left_out(brought: Any) -> None:
    path = brought({"d.csv": "id,text\n1,x\n", "d.parquet": shard(id=["1"], text=["x"])})
    assert len(read(path)[0]) == 1
    assert "d.parquet left out: d.csv is read; it has the same columns" in notes(path)


def test_a_table_beside_pictures_is_read_where_it_names_them_and_says_which_it_does_not(brought: Any) -> None:
    path = brought({**PICTURES, "info.json": "{}", "t.csv": "file,text\n0.png,a\nimg/2.png,b\n"})
    items, refusals = read(path)
    assert [(item.text, item.image) for item in items] == [("a", png(0)), ("b", png(2))]
    assert not refusals
    assert "pictures that no row names left out (1): img/1.png" in notes(path)


def test_a_table_larger_than_the_pictures_is_read_though_it_names_none(brought: Any) -> None:
    items, _ = read(brought({"logo.png": png(), "t.csv": "id,text\n1,a\n2,b\n"}))
    assert [item.text for item in items] == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train/a", "test/b"], [(None, "train"), (None, "test")]),
        (["ds/train/a", "ds/test/b", "cover"], [(None, "train"), (None, "test"), (None, None)]),
        (["train/a", "train/b"], [(None, "train")] * 2),
        (["bus/a", "train/b", "car/c"], [("bus", None), ("train", None), ("car", None)]),
        (["images/train/a", "images/val/b"], [(None, "train"), (None, "val")]),
        (["train/images/a", "test/images/b"], [(None, "train"), (None, "test")]),
        (["cats/train/a", "dogs/test/b"], [("cats", "train"), ("dogs", "test")]),
        (["train/cats/a", "test/cats/b"], [("cats", "train"), ("cats", "test")]),
        (["train2017/a", "val2017/b"], [(None, "train"), (None, "val")]),
        (["train/a", "test/b", "extra/c"], [(None, "train"), (None, "test"), ("extra", None)]),
    ],
)
def test_folders_are_splits_or_labels(tmp_path: Path, names: list[str], expected: list[Any]) -> None:
    files = {f"{name}.png": png(number) for number, name in enumerate(names)}
    items, _ = read(make_zip(tmp_path / "p.zip", {**files, "README.md": "x", "x/info.json": "{}"}))
    assert [(item.label, item.split) for item in items] == expected


# --- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference", ["café.png", "CAFÉ.PNG", "img\\Café.png", unicodedata.normalize("NFD", "café.png")]
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_found_in_any_unicode_form_and_letter_case(brought: Any, reference: str, form: str) -> None:
    stored = unicodedata.normalize(form, "img/café.png")
    items, refusals = read(brought({"t.csv": f"image,text\n{reference},x\n", stored: png(1)}))
    assert [item.image for item in items] == [png(1)], refusals


def test_two_names_that_differ_in_case_alone_are_not_guessed(brought: Any, tmp_path: Path) -> None:
    path = brought({"t.csv": "image,text\nA.png,x\na.PNG,y\n", "A.png": png(1), "a.png": png(2)})
    items, _ = read(path)
    assert [item.image for item in items if item.image] == [png(1)]
    files = FolderFiles(path, max_files=9) if path.is_dir() else ZipFiles(path, limits=Limits())
    assert [files.find(name) for name in ("A.png", "a.png")] == ["A.png", "a.png"]
    with pytest.raises(
        RefusedRow, match=r"'a\.PNG' may be 'A\.png' or 'a\.png': they differ in letter case alone"
    ):
        files.find("a.PNG")


def test_a_lone_table_finds_pictures_beside_it_in_any_case_without_listing_other_folders(
    tmp_path: Path,
) -> None:
    lay(
        tmp_path, {"t.csv": "image,text\nPICS\\A.JPG,x\nb.jpg,y\n", "pics/a.jpg": png(1), "far/b.jpg": png(2)}
    )
    items, _ = read(tmp_path / "t.csv")
    assert [item.image for item in items if item.image] == [png(1)]
    files = FolderFiles(tmp_path, max_files=9, searches=False)
    assert files.find("PICS\\A.JPG") == "pics/a.jpg"
    with pytest.raises(RefusedRow, match=r"there is no file 'b\.jpg'"):
        files.find("b.jpg")
    assert set(files._listed) == {"", "pics/"}


def test_a_reference_may_climb_inside_the_whole_but_not_out_of_it(brought: Any) -> None:
    path = brought({**PICTURES, "tables/t.csv": "image,text\n../img/0.png,x\n"})
    items, _ = read(path)
    assert [item.image for item in items] == [png(0)]
    files = FolderFiles(path, max_files=9) if path.is_dir() else ZipFiles(path, limits=Limits())
    for reference, beside in (
        ("../../img/0.png", "tables/t.csv"),
        ("../img/0.png", "t.csv"),
        ("/img/0.png", "t.csv"),
    ):
        with pytest.raises(RefusedRow, match=r"leads out of its folder|is an absolute path"):
            files.find(reference, beside=beside)


@pytest.mark.parametrize("page", ["utf-8", "cp437", "cp850", "cp1252", "cp932"])
def test_names_of_a_zip_that_does_not_say_its_code_page(tmp_path: Path, page: str) -> None:
    name = "椅子.png" if page == "cp932" else "stück.png"

    class Entry(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  (as zipfile calls it)
            return name.encode(page), self.flag_bits

    path = make_zip(tmp_path / "p.zip", {"t.csv": f"image,text\n{name},x\n"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(Entry("x"), png(1))
    items, refusals = read(path)
    assert [item.image for item in items] == [png(1)], refusals


# --- shards -----------------------------------------------------------------------------------------------


def test_shards_are_read_one_after_the_other_in_the_order_of_their_numbers(brought: Any) -> None:
    files = {f"part-{number}.csv": f"id,text\nx{number},t{number}\n" for number in (10, 1, 2)}
    path = brought({**files, "config.json": '{"a": 1}'})
    items, refusals = read(path)
    assert [item.id for item in items] == ["x1", "x2", "x10"]
    assert not refusals
    assert "3 files read one after the other: part-1.csv, part-2.csv, part-10.csv" in notes(path)
    assert "config.json left out" in notes(path)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_shards_in_folders_of_splits(brought: Any, ending: str) -> None:
    def content(key: str) -> bytes | str:
        if ending == "parquet":
            return shard(id=[key], text=[f"text {key}"])
        return (
            f'{{"id": "{key}", "text": "text {key}"}}\n'
            if ending == "jsonl"
            else f"id,text\n{key},text {key}\n"
        )

    names = {"train/0000": "a", "train/0001": "b", "validation/0000": "c"}
    items, _ = read(brought({f"{name}.{ending}": content(key) for name, key in names.items()}))
    assert [(item.id, item.split) for item in items] == [("a", "train"), ("b", "train"), ("c", "validation")]


def test_shards_whose_columns_differ_keep_all_of_them_and_say_so(brought: Any) -> None:
    path = brought(
        {
            "data/train-00000-of-00002.parquet": shard(id=["a"], text=["x"]),
            "data/train-00001-of-00002.parquet": shard(id=["b"], text=["y"], score=[1.5]),
        }
    )
    items, _ = read(path)
    assert [(item.id, item.text, item.metadata) for item in items] == [
        ("a", "x", {}),
        ("b", "y", {"score": 1.5}),
    ]
    assert "column 'score' is only in data/train-00001-of-00002.parquet" in notes(path)


def test_a_damaged_shard_is_refused_by_name(brought: Any) -> None:
    path = brought({"d-0.parquet": shard(id=["a"], text=["x"]), "d-1.parquet": b"PAR1junk"})
    items, refusals = read(path)
    assert [item.id for item in items] == ["a"]
    assert [(refusal.id, "is a table that cannot be read" in refusal.reason) for refusal in refusals] == [
        ("d-1.parquet", True)
    ]


def test_row_numbers_that_restart_in_each_shard_are_not_ids(brought: Any) -> None:
    path = brought({"d-0.csv": "id,text\n0,a\n1,b\n", "d-1.csv": "id,text\n0,c\n1,d\n"})
    items, refusals = read(path)
    assert [(item.text, item.metadata["id"]) for item in items] == [
        ("a", "0"),
        ("b", "1"),
        ("c", "0"),
        ("d", "1"),
    ]
    assert not refusals
    assert "column 'id' begins anew in each file" in "".join(open_source(path).remarks()) + notes(path)


def test_a_broken_row_of_a_shard_is_named_with_its_file(brought: Any) -> None:
    _, refusals = read(brought({"d-0.csv": "id,text\n1,a\n", "d-1.csv": "id,text\n2,b\n3\n"}))
    assert [(each.row, each.reason[:22]) for each in refusals] == [(3, "row 2 of d-1.csv: has ")]


def test_pictures_are_looked_up_beside_the_shard_that_names_them(brought: Any) -> None:
    table = "file_name,text\na.png,{}\n"
    path = brought(
        {
            "train/metadata.csv": table.format("one"), "train/a.png": png(1),
            "test/metadata.csv": table.format("two"), "test/a.png": png(2),
        }
    )  # fmt: skip
    items, _ = read(path)
    assert sorted((item.split or "", item.text, item.image) for item in items) == [
        ("test", "two", png(2)),
        ("train", "one", png(1)),
    ]


def test_tables_with_other_columns_are_left_out_by_name(brought: Any) -> None:
    said = notes(brought({"items.csv": "id,text\n1,a\n", "prices.csv": "code,amount\n1,2\n"}))
    assert "prices.csv left out: items.csv is read; it has other columns (code, amount)" in said


def test_packed_shards_of_a_folder_are_read(tmp_path: Path) -> None:
    import gzip

    for number in range(2):
        (tmp_path / f"c4.{number:05}.jsonl.gz").write_bytes(
            gzip.compress(f'{{"text": "t{number}"}}\n'.encode())
        )
    items, _ = read(tmp_path)
    assert [item.text for item in items] == ["t0", "t1"]


# --- vectors and their items ------------------------------------------------------------------------------


def wanted(keys: str = "abcd") -> list[tuple[str, str]]:
    titles = dict(line.split(",") for line in CSV.splitlines()[1:])
    return [(key, titles[key]) for key in keys]


@pytest.mark.parametrize(
    "files",
    [
        {"vectors.npy": npy(VECTORS), "items.csv": CSV},
        {"vectors.npz": npz(embedding=VECTORS), "items.csv": CSV},
        {"vectors.parquet": shard(embedding=list(VECTORS)), "items.csv": CSV},
        {"vectors.tsv": "\n".join("\t".join(map(str, row)) for row in VECTORS), "items.csv": CSV},
        {"vectors.npy": npy(VECTORS), "items.tsv": CSV.replace(",", "\t")},
        {"vectors.npy": npy(VECTORS), "items.jsonl": "".join(
            json.dumps({"id": key, "title": title}) + "\n" for key, title in wanted())},
        {"v_0.npy": npy(VECTORS[:1]), "v_1.npy": npy(VECTORS[1:]), "items.csv": CSV},
    ],
    ids=lambda files: "+".join(files),
)  # fmt: skip
def test_vectors_and_items_are_joined_row_by_row(brought: Any, files: dict[str, Any]) -> None:
    path = brought(files)
    items, refusals = read(path)
    assert [(item.id, item.text) for item in items] == wanted()
    assert np.allclose(np.array([item.vectors["vector"] for item in items]), VECTORS)
    assert not refusals
    assert "joined row by row: 4 rows and 4 vectors" in notes(path)


def test_vectors_and_items_are_joined_by_id_and_nothing_is_cut(brought: Any) -> None:
    order = [3, 2, 1]  # d, c, b, and one without an item
    vectors = npz(ids=np.array(["d", "c", "b", "zz"]), image=np.concatenate([VECTORS[order], VECTORS[:1]]))
    path = brought({"v.npz": vectors, "items.csv": CSV})
    items, refusals = read(path)
    assert [(item.id, item.text) for item in items] == [*wanted(), ("zz", None)]
    assert [sorted(item.vectors) for item in items] == [[], *[["image"]] * 4]
    assert np.allclose(np.array([item.vectors["image"] for item in items[1:4]]), VECTORS[1:])
    assert not refusals
    said = notes(path)
    assert "items.csv and v.npz joined by id (id = ids): 3 of 4 rows have a vector" in said
    assert "1 of 4 vectors have no row in items.csv; they are kept as items of their own" in said


def test_a_parquet_of_vectors_is_joined_by_id_with_a_table_in_other_order(brought: Any) -> None:
    items, _ = read(brought({"e.parquet": shard(id=list("dcba"), emb=list(VECTORS[::-1])), "items.csv": CSV}))
    assert [(item.id, item.text) for item in items] == wanted()
    assert np.allclose(np.array([item.vectors["vector"] for item in items]), VECTORS)


def test_mismatched_row_counts_are_reported_and_nothing_is_read(brought: Any) -> None:
    with pytest.raises(
        InputError, match=r"items\.csv has 4 rows and v\.npy has 3 vectors\. They share no ids"
    ):
        open_source(brought({"v.npy": npy(VECTORS[:3]), "items.csv": CSV}))
    with pytest.raises(InputError, match=r"numbers of rows differ: image\.npy 4; text\.npy 3"):
        open_source(brought({"image.npy": npy(VECTORS), "text.npy": npy(VECTORS[:3])}))


def test_a_stray_json_does_not_affect_vectors(brought: Any) -> None:
    path = brought({"v.npy": npy(VECTORS), "stats.json": '[{"a": 1}]', "config.json": '{"model": "x"}'})
    items, _ = read(path)
    assert np.allclose(np.array([item.vectors["vector"] for item in items]), VECTORS)
    assert "stats.json left out" in notes(path)
    assert "config.json left out" in notes(path)


def test_a_stray_table_beside_embeddings_is_left_out(brought: Any) -> None:
    path = brought(
        {"d.parquet": shard(id=list("abcd"), text=list("wxyz"), emb=list(VECTORS)), "stats.csv": "n\n1\n"}
    )
    items, _ = read(path)
    assert [item.text for item in items] == list("wxyz")
    assert all(item.vectors for item in items)
    assert "stats.csv left out" in notes(path)


def test_arrays_of_images_texts_and_labels_belong_together(brought: Any) -> None:
    path = brought(
        {
            "img_emb/img_emb_0.npy": npy(VECTORS[:2]), "img_emb/img_emb_1.npy": npy(VECTORS[2:]),
            "text_emb/text_emb_0.npy": npy(-VECTORS[:2]), "text_emb/text_emb_1.npy": npy(-VECTORS[2:]),
            "labels.npy": npy(np.array([0, 1, 0, 1])), "titles.txt": "a\nb\n\nd\n",
        }
    )  # fmt: skip
    items, _ = read(path)
    assert [(item.text, item.label) for item in items] == [("a", "0"), ("b", "1"), (None, "0"), ("d", "1")]
    assert np.allclose(np.array([item.vectors["image"] for item in items]), VECTORS)
    assert np.allclose(np.array([item.vectors["text"] for item in items]), -VECTORS)


TENSORS = "\n".join("\t".join(map(str, row)) for row in VECTORS)


@pytest.mark.parametrize(
    ("metadata", "first"),
    [
        ("one\ntwo\n\nfour\n", ({}, "one")),
        ("word\tkind\na\tx\nb\ty\nc\tx\nd\ty\n", ({"word": "a", "kind": "x"}, None)),
        ("a\t1\nb\t2\nc\t3\nd\t4\n", ({"column 1": "a", "column 2": "1"}, None)),
    ],
    ids=["words", "header", "no header"],
)
def test_the_pair_of_tensorboard(
    brought: Any, metadata: str, first: tuple[dict[str, str], str | None]
) -> None:
    config = json.dumps({"embeddings": [{"tensorPath": "vectors.tsv", "metadataPath": "metadata.tsv"}]})
    items, refusals = read(
        brought({"vectors.tsv": TENSORS, "metadata.tsv": metadata, "projector_config.json": config})
    )
    assert np.allclose(np.array([item.vectors["vector"] for item in items]), VECTORS)
    assert not refusals
    assert (items[0].metadata, items[0].text) == first


def test_files_chosen_together_are_joined_too(tmp_path: Path) -> None:
    lay(
        tmp_path, {"v.npy": npy(VECTORS), "items.csv": CSV, "a.png": png(1), "t.csv": "image,text\nA.PNG,x\n"}
    )
    source = open_source([tmp_path / "v.npy", tmp_path / "items.csv"])
    assert [len(item.vectors["vector"]) for item in source.rows()] == [5] * 4  # type: ignore[union-attr]
    assert (source.kind, source.name) == ("files", "items.csv")
    items, _ = read([tmp_path / "a.png", tmp_path / "t.csv"])
    assert [(item.text, item.image) for item in items] == [("x", png(1))]


def test_the_fingerprint_of_a_join_follows_both_files(tmp_path: Path) -> None:
    prints = set()
    for name, vectors, table in (
        ("1", VECTORS, CSV),
        ("2", -VECTORS, CSV),
        ("3", VECTORS, CSV.replace("one", "1")),
    ):
        source = open_source(lay(tmp_path / name, {"v.npy": npy(vectors), "items.csv": table}))
        prints.add(source.fingerprint(source.guess()))
    assert len(prints) == 3


# --- tables in text files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8", "cp1252"])
def test_a_text_file_of_tabs_below_a_header_is_a_table(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.txt").write_bytes('sku\ttitle\n1\tSchöner Stuhl\n2\t"a ""b"""\n'.encode(encoding))
    items, refusals = read(tmp_path / "t.txt")
    assert [(item.id, item.text) for item in items] == [("1", "Schöner Stuhl"), ("2", 'a "b"')]
    assert not refusals
    assert "read as a table" in notes(tmp_path / "t.txt")


@pytest.mark.parametrize("text", ["one\ttab here\nand none here\n", "plain\nlines\n", "1\t2\n3\t4\n"])
def test_other_text_files_stay_lines(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.txt").write_text(text)
    assert open_source(tmp_path / "t.txt").kind == "lines"
