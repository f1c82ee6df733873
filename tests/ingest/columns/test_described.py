"""Detection of embeddings in columns of many notations and names, and the guessed mapping."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from qlatent.errors import InputError
from qlatent.ingest import Mapping, open_source, unused
from qlatent.types import Item
from tests.ingest.builders import png, read

ROWS, WIDTH = 12, 8
VECTORS = np.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype(np.float32)
TEXTS = [f"green chair number {row}" for row in range(ROWS)]


def table(path: Path, names: list[str], rows: Any, *, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def vectors_of(path: Path) -> np.ndarray:
    """All vectors of a source that keeps every row, stacked."""
    items, refusals = read(path)
    assert (len(items), refusals) == (ROWS, [])
    return np.stack([next(iter(item.vectors.values())) for item in items])


NOTATIONS: dict[str, Callable[[np.ndarray], str]] = {
    "json": lambda vector: json.dumps(vector.tolist()),
    "numpy print": str,
    "numpy print with commas": lambda vector: np.array2string(vector, separator=", "),
    "numpy repr": repr,
    "numpy 2 scalars": lambda vector: "[" + ", ".join(f"np.float32({number})" for number in vector) + "]",
    "torch": lambda vector: f"tensor([{', '.join(map(str, vector))}], device='cuda:0')",
    "bare": lambda vector: " ".join(map(str, vector)),
    "bars": lambda vector: "|".join(map(str, vector)),
    "postgres": lambda vector: "{" + ",".join(map(str, vector)) + "}",
    "tuple": lambda vector: str(tuple(vector.tolist())),
    "one row": lambda vector: str([vector.tolist()]),
    "base64": lambda vector: base64.b64encode(vector.tobytes()).decode(),
}


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_vectors_in_every_notation(tmp_path: Path, notation: str, delimiter: str) -> None:
    write = NOTATIONS[notation]
    rows = [[row, TEXTS[row], write(VECTORS[row])] for row in range(ROWS)]
    path = table(tmp_path / "t.csv", ["id", "text", "embedding"], rows, delimiter=delimiter)
    np.testing.assert_allclose(vectors_of(path), VECTORS, rtol=1e-6)


def test_a_shortened_print_is_no_vector_and_named(tmp_path: Path) -> None:
    long = np.array2string(np.arange(2000) / 7, threshold=10)
    source = open_source(
        table(tmp_path / "t.csv", ["id", "text", "embedding"], [[1, "a", long], [2, "b", long]])
    )
    items = [row for row in source.rows() if isinstance(row, Item)]
    assert [(item.text, item.vectors) for item in items] == [("a", {}), ("b", {})]
    assert "rows, kept with the rest (row 1, 2: 'embedding' was shortened with '...'" in source.remarks()[0]
    items, refusals = read(table(tmp_path / "v.csv", ["id", "embedding"], [[1, long]]))
    assert not items
    assert "shortened with '...'" in refusals[0].reason


@pytest.mark.parametrize(
    ("prefix", "start"),
    [
        ("", 0),
        ("emb_", 0),
        ("f", 1),
        ("pca", 1),
        ("PC", 1),
        ("x", 0),
        ("embedding.", 0),
        ("V", 1),
        ("dim ", 0),
        ("img_", 0),
    ],
)  # fmt: skip
def test_one_column_a_dimension(tmp_path: Path, prefix: str, start: int) -> None:
    names = [f"{prefix}{start + place}" for place in range(WIDTH)]
    rows = [[row, TEXTS[row], *VECTORS[row]] for row in range(ROWS)]
    path = table(tmp_path / "t.csv", ["id", "text", *names], rows)
    np.testing.assert_allclose(vectors_of(path), VECTORS, rtol=1e-6)
    (item, *_) = read(path, Mapping(id="id", text=("text",)))[0]
    assert list(item.metadata) == names  # unmapped, they stay metadata


def test_numbered_columns_that_are_no_vector(tmp_path: Path) -> None:
    answers = np.random.default_rng(1).integers(1, 6, (ROWS, 10))
    names = [f"q{place}" for place in range(1, 11)]
    rows = [[TEXTS[row], *answers[row]] for row in range(ROWS)]
    items, _ = read(table(tmp_path / "t.csv", ["comment", *names], rows))
    assert all(not item.vectors and len(item.metadata) == 10 for item in items)


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8"])
@pytest.mark.parametrize("width", [8, 384])
def test_numbers_as_bytes_of_unknown_type(tmp_path: Path, kind: str, width: int) -> None:
    vectors = np.random.default_rng(2).normal(size=(ROWS, width)) / np.sqrt(width)
    cells = [vector.astype(kind).tobytes() for vector in vectors]
    parquet.write_table(pa.table({"text": TEXTS, "blob": cells}), tmp_path / "t.parquet")
    np.testing.assert_allclose(vectors_of(tmp_path / "t.parquet"), vectors, rtol=2e-3, atol=1e-4)


def test_bytes_that_are_pictures_texts_or_unknown(tmp_path: Path) -> None:
    unknown = [np.random.default_rng(row).bytes(37) for row in range(ROWS)]
    columns = {
        "picture": [png(row) for row in range(ROWS)],
        "words": [text.encode() for text in TEXTS],
        "blob": unknown,
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet")
    assert source.guess() == Mapping(image="picture", text=("words",))
    assert [(each.column, each.reason) for each in unused(source.columns, source.guess())] == [
        ("blob", "bytes that are neither pictures, texts nor numbers; not kept")
    ]


def test_lists_of_numbers_that_are_no_embedding_cost_no_row(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    lists = {
        "input_ids": chance.integers(0, 30_000, (ROWS, 16)).tolist(),
        "bbox": chance.uniform(0, 1, (ROWS, 4)).tolist(),
        "onehot": np.eye(ROWS, dtype=int).tolist(),
        "values": chance.integers(0, 9, (ROWS, 16)).tolist(),
        "labels": [[0]] * 6 + [[1, 2]] * 6,
    }
    parquet.write_table(pa.table({"text": TEXTS, **lists}), tmp_path / "t.parquet")
    items, refusals = read(tmp_path / "t.parquet")
    assert (len(items), refusals) == (ROWS, [])
    assert not any(item.vectors for item in items)
    assert items[0].metadata["labels"] == [0]


@pytest.mark.parametrize(
    "document",
    [
        {
            "object": "list",
            "data": [{"index": row, "embedding": VECTORS[row].tolist()} for row in range(ROWS)],
        },
        {"model": "m", "embeddings": VECTORS.tolist()},
        {"embeddings": {"float": VECTORS.tolist()}, "texts": TEXTS, "meta": {"v": 1}},
        {f"word{row}": VECTORS[row].tolist() for row in range(ROWS)},
        {f"x{place}": VECTORS[:, place].tolist() for place in range(WIDTH)},
        VECTORS.tolist(),
        [{"text": TEXTS[row], "result": {"embedding": VECTORS[row].tolist()}} for row in range(ROWS)],
        [{"body": {"data": [{"embedding": VECTORS[row].tolist(), "index": 0}]}} for row in range(ROWS)],
    ],
)
def test_answers_of_apis(tmp_path: Path, document: Any) -> None:
    (tmp_path / "t.json").write_text(json.dumps(document), encoding="utf-8")
    np.testing.assert_allclose(vectors_of(tmp_path / "t.json"), VECTORS, rtol=1e-6)


def test_the_rest_of_a_nested_cell_stays_metadata(tmp_path: Path) -> None:
    rows = [
        {"text": TEXTS[row], "emb": {"values": VECTORS[row].tolist(), "model": "m"}} for row in range(ROWS)
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    items, _ = read(tmp_path / "t.jsonl")
    assert items[0].metadata == {"emb": {"model": "m"}}
    assert items[0].vectors["vector"].shape == (WIDTH,)


@pytest.mark.parametrize("bad", [[], None, {"error": "rate limit"}, [0.0] * WIDTH, [1.0, 2.0], "failed"])
@pytest.mark.parametrize("place", [0, 5])
def test_one_bad_cell_costs_its_own_vector_alone(tmp_path: Path, bad: Any, place: int) -> None:
    rows = [{"id": row, "text": TEXTS[row], "embedding": VECTORS[row].tolist()} for row in range(ROWS)]
    rows[place]["embedding"] = bad
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    source = open_source(tmp_path / "t.jsonl")
    items = [row for row in source.rows() if isinstance(row, Item)]
    assert len(items) == ROWS
    assert [item.id for item in items if not item.vectors] == [str(place)]
    assert bad is None or f"row {place + 1}: 'embedding'" in " ".join(source.remarks())


def listings(path: Path, names: list[str], places: list[int]) -> Path:
    rows = [
        [f"L{row}", f"S-{1000 + row % 3}", f"Brand shoe model {row}", f"<p>Best shoe {row}, <b>cheap</b></p>",
         f"https://x.org/{row}.jpg", f"${row}.99", "Shoes" if row % 2 else "Bags", int(row == 3)]
        for row in range(30)
    ]  # fmt: skip
    return table(path, names, [[row[place] for place in places] for row in rows])


@pytest.mark.parametrize(
    ("names", "places", "mapping"),
    [
        (
            ["listing_id", "seller_id", "ProductTitle", "Body (HTML)", "Image Src", "Variant Price", "category",
             "is_counterfeit"],
            [0, 1, 2, 3, 4, 5, 6, 7],
            Mapping(
                "listing_id", None, ("ProductTitle", "Body (HTML)"), "is_counterfeit", None, "Variant Price",
                listing_id="listing_id", seller="seller_id", category="category",
            ),
        ),
        (
            ["ListingID", "SellerID", "ItemName", "LISTING_PRICE", "Category", "fraud_flag"],
            [0, 1, 2, 5, 6, 7],
            Mapping(
                "ListingID", None, ("ItemName",), "fraud_flag", None, "LISTING_PRICE",
                listing_id="ListingID", seller="SellerID", category="Category",
            ),
        ),
        (
            ["seller_id", "Kategorie", "Beschreibung", "Preis", "verdacht"],
            [1, 6, 2, 5, 7],
            Mapping(None, None, ("Beschreibung",), "verdacht", None, "Preis", seller="seller_id"),
        ),
        (["sku", "title", "category", "is_active"], [0, 2, 6, 7], Mapping("sku", None, ("title",), "category")),
    ],
)  # fmt: skip
def test_listings_are_guessed_by_name_and_content(
    tmp_path: Path, names: list[str], places: list[int], mapping: Mapping
) -> None:
    assert open_source(listings(tmp_path / "t.csv", names, places)).guess() == mapping


def test_a_code_is_never_the_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is mapped to an image, a text or a vector"):
        open_source(listings(tmp_path / "t.csv", ["seller_id", "category"], [1, 6])).rows()


def test_every_column_that_is_not_used_has_its_reason(tmp_path: Path) -> None:
    names = ["id", "title", "Image Src", "category", "is_counterfeit"]
    source = open_source(listings(tmp_path / "t.csv", names, [0, 2, 4, 6, 7]))
    assert [(each.column, each.reason) for each in unused(source.columns, source.guess())] == [
        ("Image Src", "web addresses are not fetched; kept as metadata"),
        ("category", "kept as metadata: the category"),
    ]


def test_a_repeated_id_is_not_taken_for_one(tmp_path: Path) -> None:
    rows = [[f"img{row // 5}", TEXTS[row]] for row in range(ROWS)]
    assert len(read(table(tmp_path / "t.csv", ["image_id", "caption"], rows))[0]) == ROWS


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@pytest.mark.parametrize(
    "name", ["t.csv", "t.parquet", "t.npz", "t.npy", "t.zip", "t.txt", "t.jsonl", "t.png"]
)
def test_pointers_of_git_lfs_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(POINTER)
    with pytest.raises(InputError, match="is a Git LFS pointer and not the file itself"):
        open_source(tmp_path / name)


def test_ids_of_one_number_in_two_spellings_stay_distinct_with_a_remark(tmp_path: Path) -> None:
    source = open_source(
        table(tmp_path / "t.csv", ["id", "text"], [["1", "a"], ["1.0", "b"], ["007", "c"], ["7", "d"]])
    )
    assert [item.id for item in source.rows()] == ["1", "1.0", "007", "7"]
    assert source.remarks() == ("ids such as '1' and '1.0' are kept as different items, as they are written",)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_pointers_inside_a_folder_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(POINTER)
    with pytest.raises(InputError, match="Git LFS pointer"):
        open_source(tmp_path).rows()
    (tmp_path / "a.png").write_bytes(png())  # does not affect the images
    items, refusals = read(tmp_path)
    assert [item.id for item in items] == ["a.png"]
    assert {refusal.id for refusal in refusals} == {name}
    assert all("Git LFS pointer" in refusal.reason for refusal in refusals)


def test_a_picture_that_is_a_pointer_costs_the_picture_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(POINTER)
    (item,), _ = read(table(tmp_path / "t.csv", ["image", "caption"], [["a.png", "a chair"]]))
    assert (item.text, item.image) == ("a chair", None)
    assert "Git LFS pointer" in item.metadata["image_note"]
