"""Expected counts for table files written by real tools, read in place next to the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import open_source
from qlatent.types import Item, Refusal
from tests.conftest import SHARED

CASES = SHARED / "field-cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"the field cases are not here ({CASES})")


@dataclass(frozen=True)
class Expected:
    """Expected numbers of items, of items with vector and label, vector width, refused rows, and part of a remark."""

    items: int
    vectors: int = 0
    width: int = 0
    labels: int = 0
    refused: int = 0
    said: str = ""


TABLE = {
    "classlabel_minus_one/test.parquet": Expected(12, labels=8, said="label 'label' is missing in 4 rows"),
    "csv_backslash_quotes/spark.csv": Expected(3, labels=3),
    "csv_numpy_repr_embeddings/docs.csv": Expected(12, vectors=12, width=8),
    "csv_numpy_repr_only/vecs.csv": Expected(12, vectors=12, width=8),
    "csv_one_column_per_dimension/emb.csv": Expected(12, vectors=12, width=8, labels=12),
    "csv_one_column_per_dimension/emb_only.csv": Expected(12, vectors=12, width=8),
    "glove_txt/glove.8d.txt": Expected(12, vectors=12, width=8, said="read as vectors"),
    "glove_txt/w2v.txt": Expected(12, vectors=12, width=8, said="read as vectors"),
    "json_shapes/columns.json": Expected(12, labels=12, said="pandas: columns"),
    "json_shapes/index.json": Expected(12, labels=12, said="pandas: index"),
    "json_shapes/records.json": Expected(12, labels=12),
    "json_shapes/split.json": Expected(12, labels=12, said="pandas: split"),
    "json_shapes/table.json": Expected(12, labels=12),
    "jsonl_one_empty_embedding/docs.jsonl": Expected(12, 11, 8, said="row 4: 'embedding' is an empty list"),
    "jsonl_one_empty_embedding/two_rows.jsonl": Expected(2, 1, 2, said="row 2: 'embedding' is an empty list"),
    "labels_nan_null_words/l.csv": Expected(7, labels=6, said="'None', 'NA' kept as a class"),
    "labels_nan_null_words/floatlabel.parquet": Expected(4, labels=3, said="is missing in 1 row"),
    "multilabel_column_is_no_embedding/emotions.parquet": Expected(12),
    "multilabel_column_is_no_embedding/emotions_ragged.parquet": Expected(12),
    "npy_kinds/big.npy": Expected(12, 12, 8),
    "npy_kinds/f128.npy": Expected(12, 12, 8),
    "npy_kinds/f16.npy": Expected(12, 12, 8),
    "npy_kinds/fortran.npy": Expected(12, 12, 8),
    "npy_kinds/i8.npy": Expected(12, 12, 8, said="whole numbers"),
    "npz_labels_n_by_1/feat.npz": Expected(12, 12, 8, labels=12),
    "parquet_embedding_as_bytes/raw.parquet": Expected(12, 12, 8),
    "parquet_vector_types/fixed.parquet": Expected(12, 12, 8),
    "parquet_vector_types/fixednull.parquet": Expected(12, 11, 8),
    "parquet_vector_types/half.parquet": Expected(12, 12, 8),
    "parquet_vector_types/innernull.parquet": Expected(12, 11, 8, said="NaN or infinite values at 1 place"),
    "parquet_vector_types/large.parquet": Expected(12, 12, 8),
    "parquet_vector_types/withnull.parquet": Expected(12, 11, 8),
    "tensorboard_metadata_multi/metadata.tsv": Expected(12),
    "tensorboard_projector/metadata.tsv": Expected(12, said="no header"),
    "tensorboard_projector/vectors.tsv": Expected(12, 12, 8, said="no header"),
    "texts_hostile/t.csv": Expected(10, labels=10),
    "tsv_unbalanced_quote_middle/reviews.tsv": Expected(6, labels=6, said="quotes do not pair"),
    **{
        f"vectors_degenerate/{name}.npz": Expected(60, 60, 16, labels=60)
        for name in ("constant", "duplicates", "huge", "orthogonal", "tiny")
    },
}

REFUSED = {
    "npy_kinds/complex.npy": "complex64",
    "npy_kinds/obj.npy": "pickled Python objects",
    "npy_kinds/one_d.npy": r"\(8,\)",
    "npy_kinds/three_d.npy": r"\(12, 1, 8\)",
}


@pytest.mark.parametrize("name", TABLE)
def test_a_file_gives_these_rows_vectors_labels_and_refusals(name: str) -> None:
    source = open_source(CASES / name)
    rows = list(source.rows())
    items = [row for row in rows if isinstance(row, Item)]
    vectors = [vector for item in items for vector in item.vectors.values()]
    found = Expected(
        items=len(items),
        vectors=len(vectors),
        width=len(vectors[0]) if vectors else 0,
        labels=sum(item.label is not None for item in items),
        refused=sum(isinstance(row, Refusal) for row in rows),
        said=TABLE[name].said,
    )
    assert found == TABLE[name]
    assert TABLE[name].said in " | ".join(source.remarks())
    assert not any(char.isdigit() for item in items for char in (item.text or "")[:1])  # no texts of digits


@pytest.mark.parametrize("name", REFUSED)
def test_other_arrays_are_refused_whole(name: str) -> None:
    with pytest.raises(InputError, match=REFUSED[name]):
        open_source(CASES / name).rows()


def texts(name: str) -> dict[str, str | None]:
    return {row.id: row.text for row in open_source(CASES / name).rows() if isinstance(row, Item)}


def test_quotes_and_escapes_of_the_field_are_read_as_they_were_meant() -> None:
    assert texts("csv_backslash_quotes/spark.csv") == {
        "1": 'He said "wow", twice', "2": "plain, with comma", "3": 'a "quoted" word',
    }  # fmt: skip
    assert texts("tsv_unbalanced_quote_middle/reviews.tsv") == {
        "1": "ok", "2": '"24 inch" monitor', "3": '"broke after a day', "4": "lovely colour", "5": 'never "again',
        "6": "fine",
    }  # fmt: skip


def test_labels_and_ids_stay_as_they_are_written() -> None:
    items = [
        row for row in open_source(CASES / "labels_nan_null_words/l.csv").rows() if isinstance(row, Item)
    ]
    assert [item.label for item in items] == ["None", None, "NA", "0", "0.0", "1", "True"]
    assert [item.id for item in items] == ["007", "7", "0x7", "1e3", "1000", "row-6", "12345678901234567890"]


def test_hostile_texts_are_kept_as_written() -> None:
    kept = texts("texts_hostile/t.csv")
    assert kept["0"] == "<script>alert(1)</script>"
    assert kept["2"] == r"$E=mc^2$ and \\frac{a}{b}"
    assert kept["8"] == "# heading\nsecond line"
    assert kept["9"] == '=HYPERLINK("http://example.org","x")'


def test_words_of_word_vectors_are_ids() -> None:
    for name in ("glove.8d.txt", "w2v.txt"):
        assert list(texts(f"glove_txt/{name}")) == [f"word{number}" for number in range(12)]


def test_every_text_file_of_the_cases_is_in_the_table() -> None:
    mine = {Path(name).parts[0] for name in [*TABLE, *REFUSED]}
    files = {
        path.relative_to(CASES).as_posix()
        for folder in mine
        for path in (CASES / folder).iterdir()
        if path.name != "expect.txt"
    }
    assert files == {*TABLE, *REFUSED}
