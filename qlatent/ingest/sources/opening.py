"""Open any supported input as a source; the single entry point of ingest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qlatent.errors import InputError
from qlatent.ingest.files.archive import ZipFiles
from qlatent.ingest.files.chosen_together import ChosenTogether
from qlatent.ingest.files.files import (
    ARCHIVE_SUFFIXES,
    TABLE_SUFFIXES,
    AbstractFiles,
    FolderFiles,
    LooseFiles,
)
from qlatent.ingest.files.packed import is_packed_table, table_opener
from qlatent.ingest.git_lfs import POINTER_BYTES, check_not_pointer
from qlatent.ingest.image_check import SUFFIXES
from qlatent.ingest.limits import Limits
from qlatent.ingest.sources.arrays.arrays import ArraysSource
from qlatent.ingest.sources.bundles.bundles import open_bundle
from qlatent.ingest.sources.bundles.roles import Bundle
from qlatent.ingest.sources.images.pictures import PicturesSource
from qlatent.ingest.sources.saved import HUB_PREFIX, is_saved_dataset, open_hub, open_saved
from qlatent.ingest.sources.source import AbstractSource
from qlatent.ingest.sources.tables import triples
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.ingest.sources.tables.table_kinds import table_of, text_table
from qlatent.ingest.sources.tables.table_source import Place, TableSource
from qlatent.ingest.sources.texts.lines import LinesSource

KINDS_IN_WORDS = (
    "image files, a .zip, a folder, .csv, .tsv, .jsonl, .json (these four also as .gz), .parquet, .xlsx, .txt, .npz, "
    ".npy, several of these that belong together, a saved Hugging Face dataset or hf://owner/name"
)

SourcePath = str | Path | Sequence[str | Path]


def open_source(
    path: SourcePath, *, limits: Limits | None = None, images: str | Path | None = None
) -> AbstractSource:
    """The input at `path` as a source: one file, several related files, a folder, or "hf://owner/name".

    `images` is the folder for a table's image paths (default: the table's folder). Raises `InputError` for unsupported
    input, and `UnavailableError` if the hub cannot be reached.
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
    zips = [path for path in paths if path.suffix.lower() == ".zip" and path.is_file()]
    for path in paths:
        packed = path.suffix.lower() in ARCHIVE_SUFFIXES and not is_packed_table(path) and path not in zips
        if path.is_dir() or packed:
            raise InputError(
                f"{path.name} is {'a folder' if path.is_dir() else 'an archive'}; "
                "only single files and zips can be chosen together.",
                remedy="Import it alone, or put everything into one folder or zip.",
            )
    files: AbstractFiles = LooseFiles(paths)
    if zips:
        files = ChosenTogether([path for path in paths if path not in zips], zips, limits=limits)
        return open_bundle(Bundle(files, "files", name=_together(paths), limits=limits))
    kind = "images" if len(files.images()) == len(paths) else "files"
    return open_bundle(Bundle(files, kind, name=f"{len(paths)} {kind}", limits=limits))


def _together(paths: list[Path]) -> str:
    """The name of files chosen together: that of their table, if there is one."""
    tables = [path.name for path in paths if path.suffix.lower() in TABLE_SUFFIXES or is_packed_table(path)]
    return tables[0] if len(tables) == 1 else f"{len(paths)} files"


def _open_file(path: Path, *, limits: Limits, images: Path | None) -> AbstractSource:
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty (0 bytes).", remedy="Choose a file with content.")
    with path.open("rb") as stream:
        check_not_pointer(stream.read(POINTER_BYTES), name=path.name)
    if suffix in TABLE_SUFFIXES or is_packed_table(path):
        return _open_table(path, limits=limits, images=images)
    if suffix in SUFFIXES:
        return PicturesSource(LooseFiles([path]), kind="images", name=path.name, limits=limits)
    openers: dict[str, Callable[[], AbstractSource]] = {
        ".zip": lambda: _open_zip(path, limits=limits),
        ".txt": lambda: _open_text(path, limits=limits),
        ".vec": lambda: LinesSource(path, limits=limits),
        ".npz": lambda: ArraysSource(path, limits=limits),
        ".npy": lambda: ArraysSource(path, limits=limits),
    }
    if suffix not in openers:
        raise InputError(f"{path.name}: files of this kind cannot be imported.", remedy=_remedy(suffix))
    return openers[suffix]()


def _remedy(suffix: str) -> str:
    if suffix in (".xls", ".xlsb", ".ods", ".numbers"):
        return "Save the sheet as .xlsx, or as CSV (UTF-8), and import that."
    if suffix in (".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz", ".zst"):
        return "Unpack it first, or pack its files as .zip."
    if suffix in (".pt", ".pth", ".pkl", ".pickle", ".ckpt"):
        return "Pickled files are never loaded; save the arrays with numpy.savez."
    return f"Choose {KINDS_IN_WORDS}."


def _open_table(path: Path, *, limits: Limits, images: Path | None) -> AbstractSource:
    folder = images or path.parent
    if not folder.is_dir():
        raise InputError(
            f"The folder of images {str(folder)!r} does not exist.", remedy="Give an existing folder."
        )

    opener = table_opener(path, limits=limits)
    inner = path.stem if is_packed_table(path) else path.name
    return _beside(path, table_of(opener, name=inner, limits=limits), folder, limits=limits)


def _beside(path: Path, table: AbstractTable, folder: Path, *, limits: Limits) -> AbstractSource:
    """A table on disk, with the images that it names in `folder`."""
    files = FolderFiles(folder, max_files=limits.max_archive_files, searches=False)
    name = path.stem if is_packed_table(path) else path.name
    kind = Path(name).suffix.lower().removeprefix(".")
    place = Place(kind=kind, name=name, opener=table_opener(path, limits=limits), files=files)
    parts = triples.parts_of(column.name for column in table.columns)
    return TableSource(triples.TriplesTable(table, parts) if parts else table, place, limits=limits)


def _open_text(path: Path, *, limits: Limits) -> AbstractSource:
    table = text_table(lambda: path.open("rb"), name=path.name, limits=limits)
    return (
        LinesSource(path, limits=limits)
        if table is None
        else _beside(path, table, path.parent, limits=limits)
    )


def _open_zip(path: Path, *, limits: Limits) -> AbstractSource:
    return open_bundle(Bundle(ZipFiles(path, limits=limits), "zip", name=path.name, limits=limits))


def _open_folder(path: Path, *, limits: Limits) -> AbstractSource:
    if is_saved_dataset(path):
        return open_saved(path, limits=limits)
    files = FolderFiles(path, max_files=limits.max_archive_files)
    return open_bundle(Bundle(files, "folder", name=path.resolve().name, limits=limits))
