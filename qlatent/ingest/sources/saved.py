"""Read datasets of the Hugging Face library: saved on disk, or from the hub."""

from __future__ import annotations

import urllib.parse
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlatent.errors import InputError, UnavailableError
from qlatent.ingest.column import Column
from qlatent.ingest.columns.described import SAMPLE_ROWS, columns_of, sample_of
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.files.files import FolderFiles
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.rows.image_cells import cell_bytes
from qlatent.ingest.sources.source import AbstractSource
from qlatent.ingest.sources.tables.parquet import ArrowRows
from qlatent.types import content_hash

if TYPE_CHECKING:
    import datasets

_BATCH = 128
HUB_PREFIX = "hf://"


def is_saved_dataset(folder: Path) -> bool:
    """Whether the folder was written by `save_to_disk`, judged by its description files and an Arrow file."""
    described = (folder / "dataset_info.json").is_file() and (folder / "state.json").is_file()
    inner = [folder] if described else []
    if (folder / "dataset_dict.json").is_file():
        inner = [path.parent for path in folder.glob("*/state.json")]
    return any(next(each.glob("*.arrow"), None) for each in inner)


class SavedDatasetSource(AbstractSource):
    """Rows of all splits in sequence; the split's name becomes a column unless there is one."""

    def __init__(
        self, splits: dict[str, datasets.Dataset], *, name: str, folder: Path | None, limits: Limits
    ) -> None:
        self.kind = "huggingface"
        self.splits = {split: _with_bytes(rows) for split, rows in splits.items()}
        self.name = name
        self.folder = folder
        self.limits = limits
        self.notes = Counter()
        self.row_notes = Counter()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        rows = [record.values for record in islice(self.records(), SAMPLE_ROWS)]
        if not rows:
            raise InputError(f"{self.name} has no rows.", remedy="Choose a dataset with at least one row.")
        return columns_of(sample_of(self.records(), list(dict.fromkeys(key for row in rows for key in row))))

    def records(self) -> Iterator[Record]:
        number = 0
        for split, rows in self.splits.items():
            names = list(rows.column_names)
            extra = {"split": split} if split and "split" not in names else {}
            batches = rows.with_format("arrow").iter(batch_size=_BATCH)
            read = ArrowRows(names, _class_names(rows), limits=self.limits, notes=self.notes)
            for record in read.read(_in_order(batches, names), name=self.name):
                number += 1
                yield Record(number, {**record.values, **extra})

    def image_bytes(self, cell: Any) -> bytes:
        files = FolderFiles(self.folder, max_files=self.limits.max_archive_files) if self.folder else None
        return cell_bytes(cell, files, beside="", limits=self.limits)

    def content_hash(self, mapping: Mapping) -> str:
        if self.folder is not None:
            return FolderFiles(self.folder, max_files=self.limits.max_archive_files).fingerprint()
        return content_hash(" ".join(f"{split}:{rows._fingerprint}" for split, rows in self.splits.items()))


def _in_order(batches: Any, names: list[str]) -> Iterator[Any]:
    for batch in batches:
        yield batch.select(names)


def _with_bytes(rows: datasets.Dataset) -> datasets.Dataset:
    """The dataset with undecoded images, so that a damaged one becomes a refusal and not an exception."""
    import datasets

    for column, feature in rows.features.items():
        if isinstance(feature, datasets.Image):
            rows = rows.cast_column(column, datasets.Image(decode=False))
    return rows


def _class_names(rows: datasets.Dataset) -> dict[str, list[str]]:
    import datasets

    return {
        column: list(feature.names)
        for column, feature in rows.features.items()
        if isinstance(feature, datasets.ClassLabel)
    }


def _splits(loaded: Any) -> dict[str, datasets.Dataset]:
    import datasets

    return dict(loaded) if isinstance(loaded, datasets.DatasetDict) else {"": loaded}


def open_saved(folder: Path, *, limits: Limits) -> SavedDatasetSource:
    """The dataset written by `save_to_disk`; `InputError` if it is damaged."""
    import datasets

    try:
        splits = _splits(datasets.load_from_disk(str(folder)))
    except Exception as err:  # the library re-raises any error of its readers
        raise InputError(
            f"{folder.name} looks like a saved Hugging Face dataset but cannot be loaded ({_short(err)}).",
            remedy="Save it again with save_to_disk.",
        ) from err
    return SavedDatasetSource(splits, name=folder.name, folder=folder, limits=limits)


def open_hub(address: str, *, limits: Limits) -> SavedDatasetSource:
    """A dataset of the hub by "hf://owner/name?config=…&split=…&revision=…"; needs a connection.

    Raises `UnavailableError` if it cannot be loaded: no connection, unknown name, no access.
    """
    import datasets

    name, _, query = address.removeprefix(HUB_PREFIX).partition("?")
    options = dict(urllib.parse.parse_qsl(query))
    try:
        loaded = datasets.load_dataset(
            name, options.get("config"), split=options.get("split"), revision=options.get("revision")
        )
    except (
        Exception
    ) as err:  # the library raises a dozen unrelated types for connection, name, access and scripts
        raise UnavailableError(
            f"The Hugging Face dataset {name!r} cannot be loaded ({_short(err)}).",
            remedy="Check the name and the connection, or save it with save_to_disk and import the folder.",
        ) from err
    return SavedDatasetSource(_splits(loaded), name=name, folder=None, limits=limits)


def _short(err: Exception) -> str:
    return str(err).splitlines()[0][:150] if str(err) else type(err).__name__
