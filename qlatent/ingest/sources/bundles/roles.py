"""Determine the role of each file of a bundle: tables by their columns, vectors, lines, or left out with a reason."""

from __future__ import annotations

import io
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from qlatent.errors import InputError
from qlatent.ingest.decoding import Opener, whole
from qlatent.ingest.files.file_names import natural_key
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.files.packed import table_opener
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record, RefusedRow
from qlatent.ingest.rows.image_cells import file_of
from qlatent.ingest.sources.arrays.arrays import Among, ArraysSource
from qlatent.ingest.sources.images.captions import Beside, ByPicture, CocoFile, Facts, is_coco, read_document
from qlatent.ingest.sources.tables import triples
from qlatent.ingest.sources.tables.shards import Part, pattern
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.ingest.sources.tables.table_kinds import WORKBOOKS, table_of, text_table
from qlatent.ingest.sources.texts.plain_lines import NumberLines, is_number_lines
from qlatent.types import Refusal

ARRAYS = (".npz", ".npy")
_OTHERS = (
    ".md",
    ".rst",
    ".yaml",
    ".yml",
    ".toml",
    ".xml",
    ".html",
    ".log",
    ".bib",
    ".py",
    ".ipynb",
    ".caption",
)
_CONFIGURATIONS = {
    "dataset_infos.json": "it describes the data set of a hub and holds no rows",
    "dataset_info.json": "it describes a data set and holds no rows",
    "dataset_dict.json": "it names the parts of a data set and holds no rows",
    "state.json": "it describes a data set and holds no rows",
    "projector_config.json": "it is the configuration of TensorBoard's projector",
    "package.json": "it describes a program",
}
_SAMPLE_ROWS = 200
_LONGEST_PATH = 500


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files that belong together, with the bundle's name and limits."""

    files: AbstractFiles
    kind: str
    name: str
    limits: Limits

    def opener(self, name: str) -> Opener:
        """An opener for a file; formats that are read from the end are held in memory if they are in a zip."""
        path = self.files.on_disk(name)
        if path is not None:
            return table_opener(path, limits=self.limits)
        if not name.lower().endswith((".parquet", ".npz", *WORKBOOKS)):
            return lambda: self.files.open(name)
        return lambda: self._in_memory(name)

    def _in_memory(self, name: str) -> io.BytesIO:
        with self.files.open(name) as stream:
            return io.BytesIO(whole(stream, name, limits=self.limits))


@dataclass(slots=True)
class Roles:
    """Groups of tables with equal columns (most likely first), vectors, text files, and metadata of images.

    `left` holds the reasons for unused files, `taken` what was taken from files without rows, `unread` the refused
    tables that cannot be read.
    """

    tables: list[list[Part]] = field(default_factory=list)
    vectors: list[Part] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    about: list[Callable[[str], Facts]] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    errors: list[InputError] = field(default_factory=list)  # from unreadable tables and arrays


def roles(bundle: Bundle, pictures: Sequence[str], beside: Beside) -> Roles:
    """The roles of all files except sidecars of images (`beside.used`)."""
    found = Roles()
    free = [name for _, name in bundle.files.numbered if name not in beside.used]
    tables = []
    for name in bundle.files.tables():
        if name in beside.used:
            continue
        if _is_vectors(bundle, name):
            found.vectors.append(
                Part(name, NumberLines(bundle.opener(name), name=name, limits=bundle.limits))
            )
        elif (part := _table(bundle, name, found, described=bool(pictures))) is not None:
            tables.append(part)
    for name in free:
        lower = name.lower()
        if lower.endswith(ARRAYS):
            found.vectors += _arrays(bundle, name, found)
        elif lower.endswith(".txt"):
            table = text_table(bundle.opener(name), name=name, limits=bundle.limits) or _captions_table(
                bundle, name, pictures
            )
            if table is None:
                found.lines.append(name)
            else:
                tables.append(Part(name, table))
        elif lower.endswith(_OTHERS) or PurePosixPath(lower).name in ("license", "readme", "makefile"):
            found.left[name] = "it is neither a picture nor a table"
    found.tables = grouped(tables)
    return found


def _is_vectors(bundle: Bundle, name: str) -> bool:
    lower = name.lower()
    called_so = any(word in lower for word in ("vector", "tensor", "embed"))
    if not (lower.endswith(".tsv") or (called_so and lower.endswith(".csv"))):
        return False
    try:
        return is_number_lines(bundle.opener(name), limits=bundle.limits)
    except InputError:  # damaged: reported when it is read as a table
        return False


def _table(bundle: Bundle, name: str, found: Roles, *, described: bool) -> Part | None:
    """The table in a file, or None if it is something else (noted) or cannot be read (noted or refused)."""
    is_json = name.lower().endswith(".json")
    try:
        if is_json:
            _look_at_json(bundle, name, found, described=described)
        if name in found.left or name in found.taken:
            return None
        table = table_of(bundle.opener(name), name=name, limits=bundle.limits)
        parts = triples.parts_of(column.name for column in table.columns)
        return Part(name, triples.TriplesTable(table, parts) if parts else table)
    except RefusedRow as refused:
        found.left[name] = str(refused)
    except InputError as err:
        found.errors.append(err)
        if is_json:
            found.left[name] = _reason(err, bundle, name)
        else:
            found.unread.add(name)
            number = next(number for number, each in bundle.files.numbered if each == name)
            bundle.files.refusals.append(
                Refusal(number, f"is a table that cannot be read: {_reason(err, bundle, name)}", name)
            )
    return None


def _look_at_json(bundle: Bundle, name: str, found: Roles, *, described: bool) -> None:
    """Leaves out JSON configuration files, and takes captions and categories from COCO files."""
    if reason := _CONFIGURATIONS.get(PurePosixPath(name).name.lower()):
        found.left[name] = reason
        return
    files = bundle.files
    document = read_document(files, name, limits=bundle.limits) if described else None
    named = ByPicture(document, files, name) if isinstance(document, dict) else None
    if named is not None and named.pictures:
        found.about.append(named)
        found.taken[name] = f"says something of {named.pictures:,} pictures by their names"
    elif is_coco(document):
        coco = CocoFile(document, files, name)
        if coco.pictures:
            found.about.append(coco)
            found.taken[name] = (
                f"says captions and categories of {coco.pictures:,} pictures; its boxes are not kept"
            )
        else:
            found.left[name] = "it describes pictures, but none of those that are here"


def _captions_table(bundle: Bundle, name: str, pictures: Sequence[str]) -> AbstractTable | None:
    """The table in a `.txt` that names the images, such as "image,caption" in Flickr8k."""
    if not pictures:
        return None
    try:
        table = table_of(bundle.opener(name), name=f"{name}.csv", limits=bundle.limits)
        is_table = len(table.columns) > 1 and names_pictures(Part(name, table), bundle.files, set(pictures))
    except InputError:
        return None
    return table if is_table else None


def _arrays(bundle: Bundle, name: str, found: Roles) -> list[Part]:
    path = bundle.files.on_disk(name) or Path(name)
    several = sum(each.lower().endswith(ARRAYS) for _, each in bundle.files.numbered) > 1
    words = pattern(PurePosixPath(name).name).replace("img", "image").replace("-", "_")
    among = Among(bundle.opener(name), words or "vector" if several else "vector")
    try:
        return [Part(name, ArraysSource(path, limits=bundle.limits, among=among))]
    except InputError as err:
        found.errors.append(err)
        found.left[name] = _reason(err, bundle, name)
        return []


def _reason(err: InputError, bundle: Bundle, name: str) -> str:
    """The message of an error without the file name, which precedes it."""
    starts = (f"{name} in {bundle.name} ", f"{name} ", f"{name}: ")
    start = next((start for start in starts if err.message.startswith(start)), "")
    return err.message.removeprefix(start).rstrip(".")


def names_pictures(part: Part, files: AbstractFiles, known: Container[str]) -> bool:
    """Whether one of the first rows names an image, or a column is meant to."""
    if any(column.type == "image" for column in part.rows.columns):
        return True
    for record in islice(part.rows.records(), _SAMPLE_ROWS):
        cells = record.values.values() if isinstance(record, Record) else ()
        short = (cell for cell in cells if isinstance(cell, str) and len(cell) < _LONGEST_PATH)
        if any(file_of(cell, files, beside=part.name) in known for cell in short):
            return True
    return False


def grouped(parts: Iterable[Part]) -> list[list[Part]]:
    """Tables grouped by format and columns; shards of one set are grouped even if their columns differ."""
    groups: list[list[Part]] = []
    for part in parts:
        group = next((group for group in groups if _belongs(part, group[0])), None)
        if group is None:
            groups.append([part])
        else:
            group.append(part)
    return [sorted(group, key=lambda part: natural_key(part.name)) for group in groups]


def _belongs(part: Part, other: Part) -> bool:
    if _ending(part.name) != _ending(other.name):
        return False
    ours, theirs = ({column.name for column in each.rows.columns} for each in (part, other))
    shards = pattern(part.name) == pattern(other.name)
    return ours == theirs or (shards and len(ours & theirs) * 2 >= min(len(ours), len(theirs)))


def _ending(name: str) -> str:
    ending = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    return ".jsonl" if ending in (".ndjson", ".json") else ending
