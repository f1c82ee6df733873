"""Read the first non-empty sheet of Excel workbooks (.xlsx, .xlsm), with typed cells."""

from __future__ import annotations

import datetime
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from qlatent.errors import InputError
from qlatent.ingest.column import Column
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files.archive import Archive
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.json_tables import json_columns
from qlatent.ingest.sources.tables.table import AbstractTable, unique_names
from qlatent.types import Refusal

if TYPE_CHECKING:
    from openpyxl import Workbook  # type: ignore[import-untyped]

_READABLE = "an Excel workbook that can be read"
_REMEDY = "Save it as .xlsx without a password, or as CSV (UTF-8)."
_ERRORS = frozenset({"#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#N/A", "#SPILL!", "#CALC!"})
_FORMULA = re.compile(rb"<f[ >/]")
_CHUNK = 1 << 20


class SpreadsheetTable(AbstractTable):
    """The rows of a sheet below its first non-empty row, which is the header. Uses openpyxl.

    Numbers, booleans and dates keep their types; formulas give their stored values; errors such as #DIV/0! count as
    missing. Notes report other sheets and formulas without a stored value.
    """

    def __init__(self, opener: Opener, *, name: str, limits: Limits) -> None:
        self.opener = opener
        self.name = name
        self.limits = limits
        self.notes = Counter()

    def _unreadable(self, why: str) -> InputError:
        return InputError(
            f"{self.name} is not {_READABLE} ({why}).",
            remedy=_REMEDY,
        )

    @contextmanager
    def _workbook(self, *, values: bool = True) -> Iterator[Workbook]:
        """Context with the open workbook; converts all errors on damaged workbooks to `InputError`."""
        import openpyxl

        with self.opener() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about unsupported styles and extensions
            self._check_size()
            try:
                book = openpyxl.load_workbook(stream, read_only=True, data_only=values)
                yield book
                book.close()
            except (InputError, GeneratorExit):
                raise
            except Exception as err:  # openpyxl re-raises any error of its readers
                raise self._unreadable(
                    str(err).splitlines()[0][:150] if str(err) else type(err).__name__
                ) from err

    def _archive(self) -> Archive:
        return Archive(self.opener, name=self.name, limits=self.limits, kind=_READABLE, remedy=_REMEDY)

    def _check_size(self) -> None:
        """Checks the limits before reading: a workbook is a zip of XML whose texts are loaded into memory."""
        entries = self._archive().entries
        self.limits.check_whole(self.name, sum(entry.file_size for entry in entries))
        for entry in entries:
            name = f"{self.name}: {entry.filename[:200]}"
            self.limits.check_growth(name, entry.compress_size, entry.file_size)

    @cached_property
    def sheet(self) -> str:
        """The name of the first non-empty sheet; `InputError` if there is none."""
        with self._workbook() as book:
            filled = [each.title for each in book.worksheets if next(_filled(_rows(each)), None)]
        if not filled:
            raise InputError(
                f"{self.name} has no filled cell.", remedy="Choose a workbook with a header and rows."
            )
        if len(filled) > 1:
            others = ", ".join(repr(name) for name in filled[1:])
            self.notes[
                f"sheet {filled[0]!r} is read; left out: {others} (save another sheet as a file of its own)"
            ] += 1
        return filled[0]

    @cached_property
    def _header(self) -> tuple[str, ...]:
        sheet = self.sheet
        with self._workbook() as book:
            first = next(_filled(_rows(book[sheet])))
        while first and first[-1] is None:
            first = first[:-1]
        self.limits.check_columns(self.name, len(first))
        self._note_formulas()
        return unique_names(["" if cell is None else str(_value(cell)) for cell in first], notes=self.notes)

    def _note_formulas(self) -> None:
        """Notes formulas without stored values, as written by programs that do not evaluate them."""
        if not self._has_formulas():
            return
        missing = 0
        with self._workbook() as values, self._workbook(values=False) as formulas:
            pairs = zip(_rows(values[self.sheet]), _rows(formulas[self.sheet]), strict=True)
            for found, written in pairs:
                missing += sum(
                    value is None and isinstance(text, str) and text.startswith("=")
                    for value, text in zip(found, written, strict=False)
                )
        if missing:
            self.notes[
                f"{missing:,} formulas have no stored value and count as missing; open and save the workbook in a "
                "spreadsheet program to have them"
            ] += 1

    def _has_formulas(self) -> bool:
        archive = self._archive()
        for entry in archive.entries:
            if entry.filename.startswith("xl/worksheets/"):
                with archive.open(entry) as sheet:
                    tail = b""
                    while chunk := sheet.read(_CHUNK):
                        if _FORMULA.search(tail + chunk):
                            return True
                        tail = chunk[-2:]
        return False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        if next(self.records(), None) is None:
            raise InputError(
                f"{self.name} has a header but no rows.",
                remedy="Choose a file with at least one row of data.",
            )
        found = {
            column.name: column for column in json_columns(self.records(), name=self.name, limits=self.limits)
        }
        names = dict.fromkeys([*self._header, *found])
        return tuple(found.get(name, Column(name, "empty")) for name in names)

    def records(self) -> Iterator[Record | Refusal]:
        header = self._header
        with self._workbook() as book:
            for number, cells in enumerate(islice(_filled(_rows(book[self.sheet])), 1, None), start=1):
                values = {name: _value(cell) for name, cell in zip(header, cells, strict=False)}
                for place, cell in enumerate(cells[len(header) :], start=len(header) + 1):
                    if cell is not None:
                        values[f"column {place}"] = _value(cell)
                yield Record(number, {**dict.fromkeys(header), **values})


def _rows(sheet: Any) -> Iterator[Sequence[Any]]:
    if not hasattr(sheet, "reset_dimensions"):  # a chart sheet has no rows
        return iter(())
    sheet.reset_dimensions()  # stored dimensions are often wrong
    rows: Iterator[Sequence[Any]] = sheet.iter_rows(values_only=True)
    return rows


def _filled(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    return (cells for cells in rows if any(cell is not None and str(cell).strip() for cell in cells))


def _value(cell: Any) -> Any:
    """The value of a cell; a date without time as a date, an error as missing."""
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date()
    return None if isinstance(cell, str) and cell in _ERRORS else cell
