"""Read files of queries, relevance judgements and runs for retrieval evaluation.

Queries: TSV or CSV (id, text; with or without a header), JSON lines (`id`, `_id` or `qid`; `text` or `query`).
Judgements: TREC qrels (query, iteration, document, gain), three columns (query, document, gain; with or without a
header), pairs of ids in a CSV with a header, each with gain 1, or triples of texts as read by `triples`. Runs: TREC
(query, Q0, document, rank, score, tag), or query, document, rank, score. All may be gzipped.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qlatent.errors import InputError
from qlatent.ingest.cells.json_text import NotJson, parse
from qlatent.ingest.decoding import find_encoding, open_text
from qlatent.ingest.files.packed import table_opener
from qlatent.ingest.limits import Limits
from qlatent.ingest.sources.tables import triples
from qlatent.ingest.sources.tables.csv_table import CsvTable
from qlatent.ingest.sources.tables.json_tables import JsonLinesTable
from qlatent.ingest.sources.tables.table import AbstractTable

_QUERY_IDS, _QUERY_TEXTS = (
    ("id", "_id", "qid", "query_id", "query-id"),
    ("text", "query", "title", "question"),
)


@dataclass(frozen=True, slots=True)
class Queries:
    """Texts by query id, in the order of the file; `notes` describes omissions."""

    texts: dict[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgements:
    """Gains by query id and document id; gains above 0 are relevant, unjudged documents are not."""

    gains: dict[str, dict[str, float]]
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of judged pairs."""
        return sum(len(each) for each in self.gains.values())


@dataclass(frozen=True, slots=True)
class Run:
    """Ranked document ids by query id."""

    documents: dict[str, list[str]]
    notes: tuple[str, ...] = field(default=())


def read_queries(path: str | Path) -> Queries:
    """The queries of a file; blank texts are omitted and counted. `InputError` for a repeated id."""
    file = _File(Path(path))
    pairs = list(_json_queries(file) if file.is_json_lines else _table_queries(file))
    counts = Counter(name for name, _ in pairs)
    doubled = [name for name, count in counts.items() if count > 1]
    if doubled:
        raise InputError(
            f"{file.name}: {len(doubled)} query ids occur more than once; the first is {doubled[0]!r}.",
            remedy="Give each query an id of its own.",
        )
    texts = {name: text for name, text in pairs if text.strip()}
    if not texts:
        raise InputError(
            f"{file.name} holds no query with a text.", remedy="It needs an id and a text a line."
        )
    blank = len(pairs) - len(texts)
    return Queries(texts, (f"{blank} queries without a text left out",) if blank else ())


def _json_queries(file: _File) -> Iterator[tuple[str, str]]:
    for number, line in file.lines():
        try:
            values = parse(line)
        except NotJson as err:
            raise file.wrong(number, f"is not {err}") from err
        known = values if isinstance(values, dict) else {}
        name = next((known[key] for key in _QUERY_IDS if known.get(key) is not None), None)
        text = next((known[key] for key in _QUERY_TEXTS if known.get(key) is not None), None)
        if name is None or text is None:
            raise file.wrong(number, "has no id or no text", "Name them id and text.")
        yield str(name), str(text)


def _table_queries(file: _File) -> Iterator[tuple[str, str]]:
    for number, (line, cells) in enumerate(file.rows()):
        if len(cells) < 2:
            raise file.wrong(line, f"has {len(cells)} column, expected a query id and a text")
        if number == 0 and cells[0].strip().lower() in _QUERY_IDS:
            continue
        yield cells[0].strip(), cells[1]


def read_judgements(path: str | Path) -> Judgements:
    """The judgements of a file; `InputError` for a pair that is judged twice with different gains.

    In triples, texts are the ids of queries and documents; positives have gain 1, negatives 0.
    """
    file = _File(Path(path))
    if parts := triples.parts_of(file.column_names()):
        return _of_triples(file, parts)
    gains: dict[str, dict[str, float]] = {}
    repeated = 0
    for number, (line, cells) in enumerate(file.rows()):
        pair = len(cells) == 2 and file.has_header
        if len(cells) not in (3, 4) and not pair:
            raise file.wrong(
                line, f"has {len(cells)} columns",
                "Use TREC qrels (query, 0, document, gain), three columns (query, document, gain), or pairs of ids "
                "in a .csv with a header.",
            )  # fmt: skip
        if number == 0 and (pair or _number(cells[-1]) is None):
            continue  # the header
        gain = 1.0 if pair else _number(cells[-1])
        if gain is None:
            raise file.wrong(line, f"has the gain {cells[-1]!r}, expected a number")
        query, document = cells[0].strip(), cells[1 if len(cells) < 4 else 2].strip()
        known = gains.setdefault(query, {})
        if known.get(document, gain) != gain:
            raise file.wrong(
                line, f"judges {document!r} for query {query!r} again, {known[document]:g} and {gain:g}"
            )
        repeated += document in known
        known[document] = gain
    if not gains:
        raise InputError(
            f"{file.name} holds no judgements.", remedy="It needs query, document and gain a line."
        )
    return Judgements(gains, (f"{repeated} judgements repeated",) if repeated else ())


def _of_triples(file: _File, parts: triples.Parts) -> Judgements:
    gains: dict[str, dict[str, float]] = {}
    refused = 0
    for found in triples.triples(file.table(), parts):
        if not isinstance(found, triples.Triple):
            refused += 1
            continue
        known = gains.setdefault(found.query, {})
        judged = [(text, 1.0) for text in found.positives] + [(text, 0.0) for text in found.negatives]
        for text, gain in judged:
            if known.setdefault(text, gain) != gain:
                raise InputError(
                    f"{file.name}, row {found.row}: {text[:60]!r} is a positive and a negative of one query.",
                    remedy="Correct the file.",
                )
    if not gains:
        raise InputError(f"{file.name} holds no triples.", remedy="It needs a query and a positive a row.")
    return Judgements(gains, (f"{refused} rows without a query or a positive left out",) if refused else ())


def read_run(path: str | Path) -> Run:
    """The run in a file, ordered by rank; a document that is repeated for a query counts once."""
    file = _File(Path(path))
    ranked: dict[str, list[tuple[float, str]]] = {}
    for number, (line, cells) in enumerate(file.rows()):
        if len(cells) not in (4, 6):
            raise file.wrong(
                line, f"has {len(cells)} columns",
                "Use TREC's (query, Q0, document, rank, score, tag) or query, document, rank, score.",
            )  # fmt: skip
        document, rank = (cells[2], cells[3]) if len(cells) == 6 else (cells[1], cells[2])
        place = _number(rank)
        if place is None and number == 0:
            continue  # the header
        if place is None:
            raise file.wrong(line, f"has the rank {rank!r}, expected a number")
        ranked.setdefault(cells[0].strip(), []).append((place, document.strip()))
    if not ranked:
        raise InputError(f"{file.name} holds no ranked documents.", remedy="Give a run of some search.")
    documents = {
        query: list(dict.fromkeys(name for _, name in sorted(found, key=lambda each: each[0])))
        for query, found in ranked.items()
    }
    repeated = sum(map(len, ranked.values())) - sum(map(len, documents.values()))
    return Run(documents, (f"{repeated} documents repeated for a query",) if repeated else ())


class _File:
    """A text file of any encoding, gzipped or not, as lines or cells."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError(f"There is no file {str(path)!r}.", remedy="Check the path.")
        self.name = path.name
        self._limits = Limits()
        self._opener = table_opener(path, limits=self._limits)
        inner = Path(path.stem if path.suffix == ".gz" else path.name).suffix.lower()
        self.is_json_lines = inner in (".jsonl", ".ndjson", ".json")
        self.has_header = inner == ".csv"

    def lines(self) -> Iterator[tuple[int, str]]:
        """Line number, from 1, and text of every non-blank line."""
        with self._text() as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The cells of every line, separated by commas in a CSV, by tabs if there are any, else by spaces."""
        if self.has_header:
            yield from self._csv_rows()
            return
        for number, line in self.lines():
            yield number, line.split("\t") if "\t" in line else line.split()

    def _csv_rows(self) -> Iterator[tuple[int, list[str]]]:
        """The cells of every CSV row, which may span lines, and the number of its last line."""
        csv.field_size_limit(self._limits.max_cell_bytes)  # the limit is global to the process
        with self._text() as stream:
            reader = csv.reader(stream, strict=True)
            try:
                yield from ((reader.line_num, cells) for cells in reader if any(map(str.strip, cells)))
            except csv.Error as err:
                raise self.wrong(
                    reader.line_num, f"is not valid CSV ({err})", "Look for a quote that is not closed."
                ) from err

    def _text(self) -> io.TextIOWrapper:
        encoding = find_encoding(self._opener)
        return open_text(self._opener, encoding=encoding, newline=None, limits=self._limits)

    def column_names(self) -> list[str]:
        """The names in the first line, from a table's header or a JSON object."""
        first = next((line for _, line in self.lines()), "")
        try:
            if not self.is_json_lines:
                return next(csv.reader([first], delimiter="," if self.has_header else "\t"), [])
            values = parse(first)
        except (NotJson, csv.Error):  # reported when the file is read
            return []
        return list(values) if isinstance(values, dict) else []

    def table(self) -> AbstractTable:
        """The file as a table."""
        if self.is_json_lines:
            return JsonLinesTable(self._opener, name=self.name)
        return CsvTable(self._opener, name=self.name, tabs=not self.has_header)

    def wrong(self, line: int, what: str, remedy: str = "") -> InputError:
        """The error for a line."""
        return InputError(f"{self.name}, line {line}: {what}.", remedy=remedy or "Correct the file.")


def _number(cell: str) -> float | None:
    """The finite number in a cell, or None."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
