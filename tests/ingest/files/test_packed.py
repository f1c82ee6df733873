"""Gzipped text tables are read like plain ones; damaged, empty and exploding ones are refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import Limits, open_source
from qlatent.types import Item

LINES = "\n".join(
    json.dumps({"id": f"d{number}", "title": f"title {number}", "text": f"body {number}"})
    for number in range(4)
)


def test_a_packed_table_gives_the_items_of_the_plain_one(tmp_path: Path) -> None:
    (tmp_path / "docs.jsonl").write_text(LINES)
    (tmp_path / "docs.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    plain, packed = (open_source(tmp_path / name) for name in ("docs.jsonl", "docs.jsonl.gz"))
    items = list(packed.rows())
    assert items == list(plain.rows())
    assert packed.fingerprint(packed.guess()) == plain.fingerprint(plain.guess())
    assert isinstance(items[0], Item) and (items[0].id, items[0].text) == ("d0", "title 0. body 0")


def test_a_damaged_an_empty_and_an_exploding_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl.gz"
    packed = gzip.compress(LINES.encode())
    for content, said in (
        (packed[:-20], "is damaged"), (b"plain text", "is damaged"), (gzip.compress(b""), "is empty"),
        (gzip.compress(b" " * 3_000_000), "unpacks to more than 1,000,000 bytes"),
    ):  # fmt: skip
        path.write_bytes(content)
        with pytest.raises(InputError, match=said):
            open_source(path, limits=Limits())
