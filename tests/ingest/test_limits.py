"""Every limit in every format is checked before reading, with little memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from qlatent.errors import InputError
from qlatent.ingest import Limits, open_source
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.parquet import ParquetTable
from qlatent.services.datasets import datasets
from qlatent.settings import Settings, settings
from qlatent.store.workspace import Workspace
from qlatent.types import Refusal
from tests.ingest.builders import make_zip, read

MANY = 1_000_000


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def peak(work: Callable[[], object]) -> int:
    """Peak memory of Python and numpy during the call, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(path: Path, message: str, **limits: int) -> None:
    with pytest.raises(InputError, match=message):
        read(path, limits=Limits(**limits))


def test_the_limits_are_those_of_the_settings() -> None:
    assert Limits.of(Settings()) == Limits()
    assert {field.name for field in fields(Limits)} <= set(Settings.model_fields)


def test_a_setting_reaches_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QLATENT_MAX_COLUMNS", "3")
    settings.cache_clear()
    try:
        with (
            Workspace.open(tmp_path / "workspace") as workspace,
            pytest.raises(InputError, match=r"has 4 columns or more; the limit is 3"),
        ):
            datasets.preview(workspace, written(tmp_path / "t.csv", "a,b,c,d\n1,2,3,x\n"))
    finally:
        settings.cache_clear()


def test_arrays_of_zeros_are_refused_by_their_growth(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "v.npz", vector=np.zeros((10_000, 500), dtype=np.float32))
    assert (tmp_path / "v.npz").stat().st_size < 50_000
    assert peak(lambda: refused(tmp_path / "v.npz", r"would grow [\d,]+-fold when unpacked")) < 5_000_000
    assert len(read(tmp_path / "v.npz", limits=Limits(max_archive_ratio=2000))[1]) == 10_000


def test_constant_facts_beside_real_vectors_are_no_bomb(tmp_path: Path) -> None:
    vector = np.random.default_rng(0).normal(size=(100_000, 4)).astype(np.float32)
    np.savez_compressed(tmp_path / "v.npz", vector=vector, split=np.array(["train"] * len(vector)))
    assert len(open_source(tmp_path / "v.npz").columns) == 2


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_table_of_a_million_columns_is_refused_by_its_header(tmp_path: Path, ending: str) -> None:
    mark = "," if ending == "csv" else "\t"
    line = mark.join(f"c{i}" for i in range(MANY))
    refused(written(tmp_path / f"t.{ending}", f"{line}\n{line}\n"), "has 1,000,000 columns or more")


def test_a_row_of_a_million_keys_is_refused_and_the_others_kept(tmp_path: Path) -> None:
    crowded = ",".join(f'"k{i}":1' for i in range(MANY))
    path = written(tmp_path / "t.jsonl", f'{{{crowded}}}\n{{"text": "plain"}}\n')
    items, refusals = read(path)
    assert [item.text for item in items] == ["plain"]
    assert refusals == [Refusal(1, "has 1,000,000 values; the limit is 10,000")]


@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_a_million_keys_over_many_rows_are_refused(tmp_path: Path, ending: str) -> None:
    rows = [json.dumps({f"k{i}": i, f"m{i}": "x"}) for i in range(6000)]
    text = "\n".join(rows) if ending == "jsonl" else f"[{','.join(rows)}]"
    refused(written(tmp_path / f"t.{ending}", text), r"has 10,00\d columns or more; the limit is 10,000")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "txt", "json", "npy", "parquet"])
def test_too_many_rows_are_refused_in_every_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    rows = [{"text": f"row {i}"} for i in range(20)]
    if ending == "npy":
        np.save(path, np.ones((20, 3), dtype=np.float32))
    elif ending == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        texts = {
            "csv": "text\n" + "\n".join(row["text"] for row in rows),
            "txt": "\n".join(row["text"] for row in rows),
            "json": json.dumps(rows),
            "jsonl": "\n".join(map(json.dumps, rows)),
        }
        written(path, texts[ending])
    assert len(read(path, limits=Limits(max_rows=20))[0]) == 20
    refused(path, r"has (10|20) rows or more; the limit is 9", max_rows=9)


def test_a_file_of_refusals_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlatent.ingest.limits._MAX_REFUSALS", 10)
    path = written(tmp_path / "t.jsonl", '{"text": "a"}\n' + "rubbish\n" * 50)
    refused(path, r"More than 10 rows of t\.jsonl cannot be read; row 12 is not valid JSON")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "txt"])
def test_a_line_without_end_is_refused_before_it_is_in_memory(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"t.{ending}", "text\nfirst\n" + "x" * 20_000_000)
    held = peak(
        lambda: refused(path, "has a line of more than 1,000,000 characters", max_line_characters=MANY)
    )
    assert held < 12_000_000


def test_a_document_that_must_be_read_whole_has_a_limit(tmp_path: Path) -> None:
    text = json.dumps([{"text": "x" * 1000}] * 5000)
    message = "must be read as a whole and has .* the limit is 1,000"
    held = peak(lambda: refused(written(tmp_path / "t.json", text), message, max_whole_bytes=1000))
    assert held < 20_000_000
    rows = np.asfortranarray(np.ones((100, 20)))
    np.save(tmp_path / "v.npy", rows)
    refused(tmp_path / "v.npy", message, max_whole_bytes=1000)
    parquet.write_table(pa.table({"text": ["a"] * 10}), tmp_path / "t.parquet")
    packed = make_zip(tmp_path / "p.zip", {"t.parquet": (tmp_path / "t.parquet").read_bytes()})
    refused(packed, "must be read as a whole", max_whole_bytes=100)


def test_rows_that_one_stored_value_stands_for_are_refused(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000_000, np.int32)), ["same"])
    parquet.write_table(pa.table({"text": column}), tmp_path / "t.parquet")
    refused(tmp_path / "t.parquet", r"would grow \d+-fold when unpacked, from .* to 5,000,000 bytes")


def test_cells_of_parquet_are_left_out_by_their_size_before_they_are_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(3_000_000)
    table = pa.table(
        {"text": ["small", "large", "last"], "raw": [b"a", noise, b"b"], "facts": [[1], [2], [3]]}
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    limits = Limits(max_cell_bytes=1_000_000, max_image_bytes=1_000_000)
    table = ParquetTable(lambda: (tmp_path / "t.parquet").open("rb"), name="t", limits=limits)
    rows = [row.values for row in table.records() if isinstance(row, Record)]
    assert [(row["text"], row["raw"]) for row in rows] == [("small", b"a"), ("large", None), ("last", b"b")]
    assert table.notes == {"column 'raw': a value of more than 1,000,000 bytes left out": 1}


def test_a_long_value_that_many_rows_share_is_read_once(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(4_000_000)
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1000, np.int32)), pa.array([noise]))
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"raw": column}), path, dictionary_pagesize_limit=10_000_000)
    before = pa.total_allocated_bytes()
    records = ParquetTable(lambda: path.open("rb"), name="t").records()
    held = peak(lambda: [next(records) for _ in range(128)])
    assert pa.total_allocated_bytes() - before < 60_000_000  # 128 copies would be 512 MB
    assert held < 20_000_000
    record = next(records)
    assert isinstance(record, Record) and record.values["raw"] == noise


def test_a_reason_quotes_no_more_than_a_person_reads(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.csv", "image,text\n" + "a" * 5000 + ".png,x\nb.png,\n" + "c" * 5000 + ".png,\n"
    )
    rows = list(open_source(path).rows(Mapping(image="image", text=("text",))))
    items = [row for row in rows if not isinstance(row, Refusal)]
    refusals = [row for row in rows if isinstance(row, Refusal)]
    assert [len(item.metadata["image_note"]) for item in items] == [500 + len("left out: ")]
    assert [len(each.reason) for each in refusals] == [24, 500]


@pytest.mark.parametrize(
    "cell",
    ["9" * 100_000, "1" + " " * 100_000 + "x", "1." * 50_000, "array([" + ",a=1" * 50_000, "<a " * 50_000],
    ids=["digits", "spaces", "numbers", "settings", "tags"],
)
def test_a_long_cell_is_scanned_once(tmp_path: Path, cell: str) -> None:
    """Regular expressions must not backtrack: with backtracking this test would take 10⁹ steps."""
    path = written(tmp_path / "t.csv", "id,text\n" + f"1,{cell}\n" * 3)
    assert {column.name for column in open_source(path).columns} == {"id", "text"}
    assert {type(row) for row in open_source(path).rows(Mapping(text=("text",)))} == {Refusal}


def test_names_of_many_digits_are_names(tmp_path: Path) -> None:
    digits = "9" * 5000
    path = written(tmp_path / "t.csv", f"text,a{digits}\nfirst,1\nsecond,2\n")
    assert len(read(path)[0]) == 2
    packed = make_zip(
        tmp_path / "p.zip", {f"{split}-{digits}.csv": b"text\nfirst\n" for split in ("train", "test")}
    )
    assert {item.split for item in read(packed)[0]} == {"train", "test"}
    words = written(tmp_path / "w.txt", f"{digits} 4\nword 0.5 1.5 2.5 3.5\n")
    assert len(read(words)[0]) == 2


def test_a_text_that_no_file_system_takes_as_a_name_is_no_picture(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "image,text\n" + f"{'a' * 5000}.png,kept\n")
    (item,) = open_source(path).rows(Mapping(image="image", text=("text",)))
    assert not isinstance(item, Refusal) and item.text == "kept"


@pytest.mark.parametrize("content", [5, 10**12, "x", [1], {"a": 1}])
def test_a_picture_that_is_no_bytes_costs_only_itself(tmp_path: Path, content: object) -> None:
    row = {"text": "kept", "image": {"bytes": content, "path": None}}
    path = written(tmp_path / "t.jsonl", json.dumps(row) + "\n")
    (item,) = open_source(path).rows(Mapping(image="image", text=("text",)))
    assert not isinstance(item, Refusal) and item.text == "kept"
    assert item.metadata["image_note"].startswith("left out: its image is no bytes")


def test_a_document_in_one_long_line_is_no_row_and_is_read(tmp_path: Path) -> None:
    text = json.dumps([{"text": "x" * 100}] * 50)
    path = written(tmp_path / "t.json", text + "\n\n")
    assert len(read(path, limits=Limits(max_line_characters=1000))[0]) == 50


def test_limits_apply_to_files_in_a_zip(tmp_path: Path) -> None:
    numbers, texts = "0.5\t1.5\n" * 20, "first\n" * 20
    packed = make_zip(tmp_path / "p.zip", {"tensors.tsv": numbers.encode(), "metadata.tsv": texts.encode()})
    refused(packed, "has 10 rows or more; the limit is 9", max_rows=9)
    wide = make_zip(tmp_path / "w.zip", {"t.csv": ",".join(f"c{i}" for i in range(20)).encode() + b"\n"})
    refused(wide, "has 20 columns or more; the limit is 9", max_columns=9)
    saved = io.BytesIO()
    np.save(saved, np.ones((20, 3)))
    arrays = make_zip(tmp_path / "a.zip", {"v.npy": saved.getvalue()})
    assert len(read(arrays)[0]) == 20
    refused(arrays, "has 20 rows or more; the limit is 9", max_rows=9)
    lies = make_zip(tmp_path / "l.zip", {"v.npy": saved.getvalue()[:-8]})
    refused(lies, r"it ends too early: .* needs 480 bytes, and 472 are there")


def test_cells_of_saved_arrays_that_lie_cost_only_themselves(tmp_path: Path) -> None:
    saved = io.BytesIO()
    np.save(saved, np.arange(1, 5, dtype=np.float32))
    lying = saved.getvalue().replace(b"(4,), }" + b" " * 11, b"(400000000000,), }")
    assert len(lying) == len(saved.getvalue())
    table = pa.table({"text": ["a", "b"], "embedding": [saved.getvalue(), lying]})
    parquet.write_table(table, tmp_path / "t.parquet")
    good, bad = read(tmp_path / "t.parquet")[0]
    assert good.vectors["vector"].tolist() == [1, 2, 3, 4]
    assert (bad.text, dict(bad.vectors)) == ("b", {})
    assert bad.metadata["vector_note"] == "left out: 'embedding' is a damaged .npy array"
