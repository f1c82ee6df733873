"""Choose the reader for a table by its file extension, and detect tables in text files."""

from __future__ import annotations

import re
from itertools import islice

from qlatent.errors import InputError
from qlatent.ingest.decoding import Opener, find_encoding, open_text
from qlatent.ingest.git_lfs import POINTER_BYTES, check_not_pointer
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.csv_table import CsvTable
from qlatent.ingest.sources.tables.json_tables import JsonLinesTable, JsonTable, is_json_lines
from qlatent.ingest.sources.tables.parquet import ParquetTable
from qlatent.ingest.sources.tables.spreadsheets import SpreadsheetTable
from qlatent.ingest.sources.tables.table import AbstractTable

WORKBOOKS = (".xlsx", ".xlsm")
_SAMPLE_ROWS = 200
_MOSTLY = 0.9
_MAX_NAME = 60  # maximum characters of a column name; longer ones are sentences
_NUMBER = re.compile(r"[-+]?[\d.,]+([eE][-+]?\d+)?")


def table_of(opener: Opener, *, name: str, limits: Limits) -> AbstractTable:
    """The reader for a table by its file extension; the opener handles a trailing `.gz`.

    Raises `InputError` for a Git LFS pointer.
    """
    lower = name.lower().removesuffix(".gz")
    if lower.endswith(".parquet"):
        return ParquetTable(opener, name=name, limits=limits)
    if lower.endswith(WORKBOOKS):
        return SpreadsheetTable(opener, name=name, limits=limits)
    with opener() as stream:
        check_not_pointer(stream.read(POINTER_BYTES), name=name)
    if lower.endswith((".jsonl", ".ndjson")) or (
        lower.endswith(".json") and is_json_lines(opener, limits=limits)
    ):
        return JsonLinesTable(opener, name=name, limits=limits)
    if lower.endswith(".json"):
        return JsonTable(opener, name=name, limits=limits)
    return CsvTable(opener, name=name, tabs=lower.endswith(".tsv"), limits=limits)


def text_table(opener: Opener, *, name: str, limits: Limits) -> AbstractTable | None:
    """The tab-separated table with a header in a `.txt`, as spreadsheets save "Unicode text".

    None for other texts, whose lines are items.
    """
    table = CsvTable(opener, name=name, tabs=True, limits=limits)
    try:
        header = table.header
        rows = list(islice(table.records(), _SAMPLE_ROWS))
    except InputError:  # empty, or not a text file
        return None
    first = [cell.strip(' "') for cell in _first_line(opener, limits).split("\t")]
    named = all(0 < len(cell) <= _MAX_NAME and not _NUMBER.fullmatch(cell) for cell in first)
    good = sum(isinstance(row, Record) for row in rows)
    if len(header) < 2 or not named or not rows or good < _MOSTLY * len(rows):
        return None
    table.notes["read as a table: tabs part its lines into cells below a header"] += 1
    return table


def _first_line(opener: Opener, limits: Limits) -> str:
    with open_text(opener, encoding=find_encoding(opener), limits=limits) as lines:
        return next((line.strip("\r\n") for line in lines if line.strip()), "")
