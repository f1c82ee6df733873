from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from qlatent.errors import InputError
from qlatent.ingest import Mapping, open_source
from tests.fuzz.reading import imported
from tests.fuzz.test_fuzz import case
from tests.ingest.builders import png, read


def written(path: Path, table: Any, **metadata: str) -> Path:
    parquet.write_table(
        table.replace_schema_metadata(metadata) if metadata else table, path, row_group_size=2
    )
    return path


def test_image_bytes_plain_and_as_hugging_face_writes_them(tmp_path: Path) -> None:
    (tmp_path / "3.png").write_bytes(png(3))
    cells = [{"bytes": png(1), "path": "a.png"}, {"bytes": None, "path": "3.png"}, None]
    for name, column in {"plain": [png(1), png(3), None], "struct": cells}.items():
        path = written(tmp_path / f"{name}.parquet", pa.table({"image": column, "caption": ["a", "b", "c"]}))
        items, refusals = read(path)
        assert [item.image for item in items] == [png(1), png(3), None]
        assert [item.text for item in items] == ["a", "b", "c"]
        assert not refusals


def test_class_numbers_of_hugging_face_become_names(tmp_path: Path) -> None:
    features = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, 7]})
    items, _ = read(written(tmp_path / "t.parquet", table, huggingface=json.dumps(features)))
    assert [item.label for item in items] == ["dog", "cat", "7"]


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.float32(), 3), pa.list_(pa.float64()), pa.large_list(pa.float16()), pa.list_(pa.int8())],
)
def test_vector_columns_of_every_list_type(tmp_path: Path, kind: Any) -> None:
    vectors = np.arange(1, 16).reshape(5, 3)
    column = pa.array(
        list(vectors.astype(float if kind.value_type != pa.int8() else int)), type=pa.list_(pa.float64())
    )
    path = written(tmp_path / "t.parquet", pa.table({"id": list("abcde"), "image": column.cast(kind)}))
    items, refusals = read(path)
    assert not refusals
    assert np.array_equal(np.stack([item.vectors["image"] for item in items]), vectors)


def test_vectors_of_different_widths_refuse_the_later_rows(tmp_path: Path) -> None:
    table = pa.table(
        {"embedding": [[1.0, 2.0], [1.0], [1.0, 2.0, 3.0], None, [3.0, float("nan")], [5.0, 6.0]]}
    )
    items, refusals = read(written(tmp_path / "t.parquet", table))
    assert [item.id for item in items] == ["row-1", "row-6"]
    assert [refusal.row for refusal in refusals] == [2, 3, 4, 5]


def test_numbers_dates_and_missing_values_become_metadata(tmp_path: Path) -> None:
    import datetime

    table = pa.table(
        {
            "text": ["a", "b"],
            "n": [1.5, float("nan")],
            "day": [datetime.date(2024, 1, 2), None],
            "id": [1.0, 2.0],
        }
    )
    items, _ = read(written(tmp_path / "t.parquet", table))
    assert [(item.id, item.metadata) for item in items] == [("1", {"n": 1.5, "day": "2024-01-02"}), ("2", {})]


def test_repeated_columns_are_made_different(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    assert [column.name for column in open_source(written(tmp_path / "t.parquet", table)).columns] == [
        "text",
        "text (2)",
    ]


def test_damaged_and_empty_files_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", pa.table({"text": ["some words"] * 50}))
    content = path.read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[:-20])
    with pytest.raises(InputError, match=r"cut\.parquet is not a Parquet file that can be read"):
        open_source(tmp_path / "cut.parquet").rows()
    with pytest.raises(InputError, match=r"t\.parquet has columns but no rows"):
        open_source(written(path, pa.table({"text": pa.array([], pa.string())}))).rows()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    source = open_source(written(tmp_path / "t.parquet", pa.table({"a": ["x"], "b": ["y"]})))
    with pytest.raises(InputError, match=r"has no column 'c'\. Choose among its columns: a, b\."):
        source.rows(Mapping(text=("c",)))


def test_a_damaged_description_of_a_column_does_not_end_the_process(tmp_path: Path) -> None:
    name, content = case(101_296)
    (tmp_path / name).write_bytes(content)
    assert imported(tmp_path / name)
