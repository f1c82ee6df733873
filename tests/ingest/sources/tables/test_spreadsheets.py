"""Excel workbooks written by openpyxl, or by hand in the style of other programs."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from qlatent.errors import InputError
from qlatent.ingest import Limits, open_source
from tests.ingest.builders import make_zip, png, read

ROWS = [
    ["id", "title", "label", "price", "checked", "made", "at"],
    [552, "A chair", "k", 12.5, True, datetime.date(2024, 1, 5), datetime.datetime(2024, 1, 5, 13, 30)],
    [553, "Ein Stuhl ü", "k", 7, False, datetime.date(2023, 12, 31), None],
]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def notes(path: Any) -> str:
    source = open_source(path)
    list(source.rows())
    return "\n".join(source.remarks())


def test_cells_keep_their_types(tmp_path: Path) -> None:
    items, refusals = read(book(tmp_path / "t.xlsx", Items=ROWS))
    assert [(item.id, item.text) for item in items] == [("552", "A chair"), ("553", "Ein Stuhl ü")]
    assert items[0].metadata == {
        "price": 12.5,
        "checked": True,
        "made": "2024-01-05",
        "at": "2024-01-05T13:30:00",
    }
    assert items[1].metadata["price"] == 7
    assert items[1].metadata["checked"] is False
    assert items[1].metadata["made"] == "2023-12-31"
    assert not refusals


def test_the_first_sheet_that_is_not_empty_is_read_and_the_others_named(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", Cover=[], Items=[[], [None, None], *ROWS], Old=[["id"], [1]])
    items, _ = read(path)
    assert [item.id for item in items] == ["552", "553"]
    assert "sheet 'Items' is read; left out: 'Old'" in notes(path)


def test_blank_rows_do_not_count_and_cells_beyond_the_header_are_kept(tmp_path: Path) -> None:
    rows = [["id", "text", None], [1, "a"], [None, " "], [2, "b", "more", "still"]]
    items, refusals = read(book(tmp_path / "t.xlsx", S=rows))
    assert [(item.id, item.text, item.metadata) for item in items] == [
        ("1", "a", {}),
        ("2", "b", {"column 3": "more", "column 4": "still"}),
    ]
    assert not refusals


def test_formulas_give_their_stored_values_and_those_without_are_counted(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", S=[["id", "text", "n"], [1, "a", "=1+1"], [2, "b", "=2+2"], [3, "c", 9]])
    assert "2 formulas have no stored value and count as missing" in notes(path)
    stored = tmp_path / "stored.xlsx"  # as Excel saves it, with the formula's value
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stored, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                assert b"<f>1+1</f><v" in content
                content = content.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
                content = content.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
                content = content.replace(b"<f>1+1</f><v/>", b"<f>1+1</f><v>2</v>")
            new.writestr(entry.filename, content)
    items, _ = read(stored)
    assert [item.metadata.get("n") for item in items] == [2, None, 9]
    assert "1 formulas" in notes(stored)


def test_errors_count_as_missing(tmp_path: Path) -> None:
    items, _ = read(book(tmp_path / "t.xlsx", S=[["id", "text", "n"], [1, "a", "#DIV/0!"], [2, "b", "#N/A"]]))
    assert [item.metadata for item in items] == [{}, {}]


def test_a_workbook_is_joined_with_vectors_and_names_pictures(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.eye(2, dtype=np.float32))
    book(tmp_path / "t.xlsx", S=ROWS)
    items, _ = read([tmp_path / "t.xlsx", tmp_path / "v.npy"])
    assert [(item.id, item.vectors["vector"].tolist()) for item in items] == [
        ("552", [1, 0]),
        ("553", [0, 1]),
    ]
    with_pictures = book(tmp_path / "p.xlsx", S=[["image", "text"], ["a.png", "x"]])
    items, _ = read(make_zip(tmp_path / "p.zip", {"p.xlsx": with_pictures.read_bytes(), "a.png": png(1)}))
    assert [(item.text, item.image) for item in items] == [("x", png(1))]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not a zip", "not an Excel workbook that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not an Excel workbook that can be read"),
    ],
    ids=["text", "with a password"],
)
def test_files_that_are_not_workbooks_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(InputError, match=why):
        open_source(tmp_path / "t.xlsx")


def test_an_empty_workbook_and_one_without_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no filled cell"):
        open_source(book(tmp_path / "t.xlsx", S=[]))
    with pytest.raises(InputError, match="has a header but no rows"):
        open_source(book(tmp_path / "u.xlsx", S=[["id", "text"]]))


@pytest.mark.parametrize(
    "damage", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml"]
)
def test_a_damaged_workbook_is_an_input_error(tmp_path: Path, damage: str) -> None:
    good = book(tmp_path / "g.xlsx", S=ROWS)
    for kind, content in (("cut", None), ("junk", b"<worksheet><row r='x'")):
        path = tmp_path / f"{kind}.xlsx"
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.infolist():
                if entry.filename != damage:
                    new.writestr(entry.filename, old.read(entry))
                elif content is not None:
                    new.writestr(entry.filename, content)
        try:
            list(open_source(path).rows())
        except InputError as err:
            assert "workbook" in err.message or "filled cell" in err.message


def test_limits_come_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 1_000_000)
    with pytest.raises(InputError, match=r"sheet1\.xml would grow [\d,]+-fold when unpacked"):
        open_source(path)
    with pytest.raises(InputError, match="the limit is 100"):
        open_source(path, limits=Limits(max_archive_bytes=100))
