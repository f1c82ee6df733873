"""The one door: whatever somebody brings, opened as a source."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from qlatent.errors import InputError
from qlatent.ingest import triples
from qlatent.ingest.archive import ZipFiles
from qlatent.ingest.arrays import ArraysSource
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files import TABLE_SUFFIXES, AbstractFiles, FolderFiles, LooseFiles
from qlatent.ingest.images import SUFFIXES
from qlatent.ingest.limits import Limits
from qlatent.ingest.lines import LinesSource
from qlatent.ingest.packed import is_packed_table, table_opener
from qlatent.ingest.parquet import ParquetTable
from qlatent.ingest.pictures import PicturesSource
from qlatent.ingest.saved import HUB_PREFIX, is_saved_dataset, open_hub, open_saved
from qlatent.ingest.source import AbstractSource
from qlatent.ingest.table_source import Place, TableSource
from qlatent.ingest.tables import AbstractTable, CsvTable, JsonLinesTable, JsonTable, is_json_lines

KINDS_IN_WORDS = (
    "image files, a .zip, a folder, .csv, .tsv, .jsonl, .json (these four also as .gz), .parquet, .txt, .npz, .npy, "
    "a saved Hugging Face dataset or hf://owner/name"
)
_MAX_PACKED_PARQUET = 1_000_000_000

SourcePath = str | Path | Sequence[str | Path]


def open_source(
    path: SourcePath, *, limits: Limits | None = None, images: str | Path | None = None
) -> AbstractSource:
    """What lies at `path` as a source: one file, several image files, a folder, or "hf://owner/name".

    `images` is the folder in which a table's image paths are looked up (default: where the table lies).
    An `InputError` says what cannot be opened and what can; `UnavailableError`: the hub cannot be reached.
    """
    limits = limits or Limits()
    if isinstance(path, str) and path.startswith(HUB_PREFIX):
        return open_hub(path, limits=limits)
    paths = [Path(part) for part in ([path] if isinstance(path, str | Path) else path)]
    for one in paths:
        if not one.exists():
            raise InputError(f"There is no file or folder {str(one)!r}.", remedy="Check the path.")
    if not paths:
        raise InputError("No file was given.", remedy=f"Choose {KINDS_IN_WORDS}.")
    if len(paths) > 1:
        return _open_several(paths, limits=limits)
    if paths[0].is_dir():
        return _open_folder(paths[0], limits=limits)
    return _open_file(paths[0], limits=limits, images=Path(images) if images else None)


def _open_several(paths: list[Path], *, limits: Limits) -> AbstractSource:
    others = [path.name for path in paths if path.suffix.lower() not in SUFFIXES]
    if others:
        raise InputError(
            f"Several files can only be imported together when all are images; {others[0]} is not.",
            remedy="Import tables one at a time, or put a table and its images into one zip.",
        )
    name = f"{len(paths)} images"
    return PicturesSource(LooseFiles(paths), kind="images", name=name, limits=limits)


def _open_file(path: Path, *, limits: Limits, images: Path | None) -> AbstractSource:
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty (0 bytes).", remedy="Choose a file with content.")
    if suffix in TABLE_SUFFIXES or is_packed_table(path):
        return _open_table(path, limits=limits, images=images)
    if suffix in SUFFIXES:
        return PicturesSource(LooseFiles([path]), kind="images", name=path.name, limits=limits)
    openers: dict[str, Callable[[], AbstractSource]] = {
        ".zip": lambda: _open_zip(path, limits=limits),
        ".txt": lambda: LinesSource(path, limits=limits),
        ".npz": lambda: ArraysSource(path, limits=limits),
        ".npy": lambda: ArraysSource(path, limits=limits),
    }
    if suffix not in openers:
        raise InputError(f"{path.name}: files of this kind cannot be imported.", remedy=_remedy(suffix))
    return openers[suffix]()


def _remedy(suffix: str) -> str:
    if suffix in (".xlsx", ".xls", ".ods", ".numbers"):
        return "Save the sheet as CSV (UTF-8) and import that."
    if suffix in (".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz", ".zst"):
        return "Unpack it first, or pack its files as .zip."
    if suffix in (".pt", ".pth", ".pkl", ".pickle", ".ckpt"):
        return "Pickled files are never loaded; save the arrays with numpy.savez."
    return f"Choose {KINDS_IN_WORDS}."


def table_of(opener: Opener, *, name: str) -> AbstractTable:
    """The reader for a table by the ending of its name."""
    lower = name.lower()
    if lower.endswith(".parquet"):
        return ParquetTable(opener, name=name)
    if lower.endswith((".jsonl", ".ndjson")) or (lower.endswith(".json") and is_json_lines(opener)):
        return JsonLinesTable(opener, name=name)
    if lower.endswith(".json"):
        return JsonTable(opener, name=name)
    return CsvTable(opener, name=name, tabs=lower.endswith(".tsv"))


def _open_table(path: Path, *, limits: Limits, images: Path | None) -> AbstractSource:
    folder = images or path.parent
    if not folder.is_dir():
        raise InputError(
            f"The folder of images {str(folder)!r} does not exist.", remedy="Give an existing folder."
        )

    opener = table_opener(path, limits=limits)
    inner = path.stem if is_packed_table(path) else path.name
    files = FolderFiles(folder, max_files=limits.max_archive_files, searches=False)
    kind = Path(inner).suffix.lower().removeprefix(".")
    place = Place(kind=kind, name=inner, opener=opener, files=files)
    table = table_of(opener, name=inner)
    parts = triples.parts_of(column.name for column in table.columns)
    return TableSource(triples.TriplesTable(table, parts) if parts else table, place, limits=limits)


def _open_zip(path: Path, *, limits: Limits) -> AbstractSource:
    return _open_files(ZipFiles(path, limits=limits), kind="zip", name=path.name, limits=limits)


def _open_folder(path: Path, *, limits: Limits) -> AbstractSource:
    if is_saved_dataset(path):
        return open_saved(path, limits=limits)
    files = FolderFiles(path, max_files=limits.max_archive_files)
    return _open_files(files, kind="folder", name=path.resolve().name, limits=limits)


def _open_files(files: AbstractFiles, *, kind: str, name: str, limits: Limits) -> AbstractSource:
    """The table among the files with the images it names, or the images alone."""
    tables, pictures = files.tables(), files.images()
    if len(tables) > 1 and pictures and all(table.endswith(".json") for table in tables):
        tables = []  # one JSON file beside each image describes that image only
    if not tables and not pictures:
        raise _nothing_in(files, name)
    if not tables:
        return PicturesSource(files, kind=kind, name=name, limits=limits)
    table = _inner_table(files, tables[0])
    for other in tables[1:]:
        table.notes[f"table {other} left out: {tables[0]} is read"] += 1
    place = Place(kind, name, opener=lambda: files.open(tables[0]), files=files, inside=tables[0], whole=True)
    return TableSource(table, place, limits=limits)


def _inner_table(files: AbstractFiles, name: str) -> AbstractTable:
    def opener() -> io.BufferedIOBase:
        stream = files.open(name)
        if not name.lower().endswith(".parquet") or stream.seekable():
            return stream  # type: ignore[return-value]
        # Parquet is read from its end, and an entry of a zip only from its start.
        with stream:
            content = stream.read(_MAX_PACKED_PARQUET + 1)
        if len(content) > _MAX_PACKED_PARQUET:
            raise InputError(f"{name} is too large to be read inside a zip.", remedy="Unpack the zip first.")
        return io.BytesIO(content)

    return table_of(opener, name=name)  # type: ignore[arg-type]


def _nothing_in(files: AbstractFiles, name: str) -> InputError:
    names = [inner for _, inner in files.numbered]
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    reasons = "; ".join(f"{refusal.id} {refusal.reason}" for refusal in files.refusals[:3])
    found = f"it holds {listed}" if names else "it holds nothing that can be read"
    return InputError(
        f"{name} has no images and no table: {found}{f' ({reasons})' if reasons else ''}.",
        remedy="Put image files, or a CSV with the images it names, into it.",
    )
