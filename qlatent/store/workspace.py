"""The workspace: the folder with items, catalogue, runs, heads and experiments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from qlatent.errors import StoreError
from qlatent.store.catalogue.pending import Pending
from qlatent.store.claims import Claims, HeldError
from qlatent.store.disk import explained, json_bytes, unwritable, write_atomically
from qlatent.store.items import names
from qlatent.store.runs.run_folder import RunFolder

if TYPE_CHECKING:
    from qlatent.store.catalogue.catalogue import Catalogue
    from qlatent.store.items.items import ItemStore

FORMAT = 1
_MARK = "workspace.json"
# files of a crash, or of another process that is creating the workspace, before the mark is written
_OWN = ("runs", "heads", "items")
_BROUGHT = ("lessons",)  # what may be there before a workspace is


class Workspace:
    """A workspace folder; items and catalogue are opened on first use."""

    def __init__(self, path: Path, *, database_url: str = "") -> None:
        """Wrap a folder that is known to be a workspace; use `Workspace.open` instead."""
        self.path = path
        self._database_url = database_url or f"sqlite:///{path / 'catalogue.db'}"

    @classmethod
    def open(cls, path: Path | str, create: bool = True, *, database_url: str | None = None) -> Workspace:
        """The workspace in a folder, created if `create` and the folder is absent or empty.

        `database_url` overrides QLATENT_DATABASE_URL. A folder with other content, of a newer version, that cannot be
        written, or that does not exist without `create`, raises `StoreError`.
        """
        path = Path(path).expanduser().resolve()
        mark = path / _MARK
        if not mark.is_file():
            _make(path, create=create)
        _check(mark)
        return cls(path, database_url=_configured_url() if database_url is None else database_url)

    @property
    def runs_path(self) -> Path:
        """The folder with one folder per run."""
        return self.path / "runs"

    @property
    def heads_path(self) -> Path:
        """The folder with one folder per kept head."""
        return self.path / "heads"

    @property
    def experiments_path(self) -> Path:
        """The folder with one folder per experiment; created by the first experiment."""
        return self.path / "experiments"

    def judgements(self, name: str) -> Path:
        """The file of the judgements with this name, shared by all runs that use them."""
        return self.path / "judgements" / f"{name}.json"

    def scores(self, queue: str) -> Path:
        """The file of the scores of a queue, learned from its decisions; it can be learned again."""
        return self.path / "scores" / f"{queue}.npz"

    @cached_property
    def items(self) -> ItemStore:
        """The store of items, images and embeddings; leftovers of crashed imports are swept on first use."""
        from qlatent.store.items.items import ItemStore

        return ItemStore(self.path / "items")

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue of datasets, imports, runs and heads; migrated to the newest schema on first use."""
        from qlatent.store.catalogue.catalogue import Catalogue

        return Catalogue(self._database_url)

    def problem(self) -> str:
        """The reason why the workspace is read-only at present (full disk, read-only, locked), as a sentence, or ""."""
        found = unwritable(self.path)
        return str(found) if found is not None else self.catalogue.problem

    def run(self, run_id: str) -> RunFolder:
        """The folder of a run; an unknown run raises `StoreError`."""
        return RunFolder(self.runs_path / run_id)

    # --- datasets, stored in both items and catalogue -----------------------------------------------------

    @cached_property
    def claims(self) -> Claims:
        """The claims of processes on datasets; see `holding`."""
        return Claims(self.path / ".claims")

    @contextmanager
    def holding(self, dataset: str, **waiting: Any) -> Iterator[Path]:
        """Hold the claim on a dataset and yield its folder; no other process can import into, remove or settle it.

        `waiting` as in `Claims.hold`; a claim held by another process raises `HeldError`.
        """
        name = f"dataset-{dataset}"
        self._settle(name)  # first complete the record of a killed import
        with self.claims.hold(name, what=f"the dataset {dataset!r}", **waiting) as folder:
            yield folder

    @contextmanager
    def new_dataset(self, name: str) -> Iterator[tuple[str, Path]]:
        """A free id for a new dataset of this name, claimed until the block ends, and the claim's folder.

        The id is the name's slug, followed by -2, -3, … if it is taken or claimed.
        """
        for candidate in names.slugs(name):
            with ExitStack() as held:
                try:
                    folder = held.enter_context(self.holding(candidate))
                except HeldError:
                    continue
                if not self.items.has(candidate) and not self.catalogue.has_dataset(candidate):
                    yield candidate, folder
                    return

    def settle(self) -> None:
        """Complete the records of killed imports; nothing is deleted.

        Wrong row counts in the catalogue, which an older version could leave, are corrected.
        """
        for name in self.claims.left():
            self._settle(name)
        for record in self.catalogue.datasets():
            if self.items.has(record.id) and self.items.count(record.id) != record.rows:
                with suppress(HeldError), self.holding(record.id):
                    rows, modalities = self.items.count(record.id), self.items.modalities(record.id)
                    self.catalogue.update_dataset(record.id, rows=rows, modalities=modalities)

    def _settle(self, claim: str) -> None:
        """Record the committed rows of an import whose process has ended, as it would have done next."""
        if claim not in self.claims.left():
            return
        with self.claims.inherit(claim) as folder:
            left = None if folder is None else Pending.read(folder)
            if left is None or not self.items.has(left.dataset.id):
                return
            if self.items.count(left.dataset.id) == left.dataset.rows:
                self.catalogue.record_import(left.dataset, left.record, new=left.new)

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        if "catalogue" in self.__dict__:
            self.catalogue.close()
        self.__dict__.pop("catalogue", None)
        self.__dict__.pop("items", None)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _configured_url() -> str:
    from qlatent.settings import settings

    return settings().database_url


def _make(path: Path, *, create: bool) -> None:
    if path.exists() and not path.is_dir():
        raise StoreError(
            f"{path} is a file; expected the folder of a workspace.",
            remedy="Pass another path with --workspace.",
        )
    if path.is_dir() and any(entry.name not in (*_OWN, *_BROUGHT) for entry in path.iterdir()):
        raise StoreError(
            f"{path} is not a workspace: it holds other files and no {_MARK}.",
            remedy="Choose a workspace, or an empty or new folder.",
        )
    if not create:
        raise StoreError(
            f"There is no workspace in {path}.",
            remedy="Create one with `qlatent demo` or `qlatent import`, or pass its path with --workspace.",
        )
    with explained("a workspace", path):
        for name in _OWN:
            (path / name).mkdir(parents=True, exist_ok=True)
    # the mark is written last: a folder without it is not a workspace
    write_atomically(path / _MARK, json_bytes({"format": FORMAT, "made_by": _version()}, indent=1) + b"\n")


def _check(mark: Path) -> None:
    try:
        content: Any = json.loads(mark.read_bytes())
        found = int(content["format"])
    except (ValueError, KeyError, TypeError) as err:
        raise StoreError(
            f'{mark} cannot be read: expected {{"format": {FORMAT}, …}}.', remedy="Restore it from a copy."
        ) from err
    if found > FORMAT:
        raise StoreError(
            f"The workspace {mark.parent} has format {found}, made by version {content.get('made_by', '?')}; "
            f"this version reads format {FORMAT}.",
            remedy="Update qlatent, or choose another workspace.",
        )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and needed once

    try:
        return version("qlatent")
    except PackageNotFoundError:  # a checkout that is not installed
        return "unknown"
