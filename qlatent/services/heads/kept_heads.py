"""List, download, upload and apply kept heads. Torch is imported only when a head is applied."""

from __future__ import annotations

import io
import secrets
import shutil
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from qlatent.errors import InputError, QlatentError
from qlatent.heads.document import CARD, FILES, MODEL, check_files
from qlatent.ingest.files.archive import Archive
from qlatent.ingest.limits import Limits
from qlatent.registry import HEADS
from qlatent.services.runs.specs import training_spec
from qlatent.settings import settings
from qlatent.store.away import put_away
from qlatent.store.catalogue.records import HeadRecord
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

if TYPE_CHECKING:
    from qlatent.estimator import Estimator

MAX_BYTES = 200_000_000
"""Largest unpacked size of an uploaded head; heads are small."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class HeadView:
    """One kept head as shown on pages."""

    id: str
    name: str
    head: str  # its name in the registry
    origin: str  # trained | loaded
    created: float
    run_id: str | None
    dataset_id: str | None
    config: dict[str, Any]
    metrics: dict[str, Any]
    parameter_count: dict[str, int]
    encoder: str
    normalise: str  # input normalisation: l2 | none
    broken: str = ""  # why it cannot be used; "" for a usable head

    @property
    def title(self) -> str:
        """The title of the kind of head."""
        return HEADS[self.head].title if self.head in HEADS else self.head


def list_heads(workspace: Workspace) -> list[HeadView]:
    """Every kept head, newest first; a head with damaged files has the reason in `broken`."""
    views = [_view(workspace, record) for record in workspace.catalogue.heads()]
    return sorted(views, key=lambda view: view.created, reverse=True)


def view(workspace: Workspace, head_id: str) -> HeadView:
    """One kept head, broken or not; an unknown id raises `StoreError`."""
    return _view(workspace, workspace.catalogue.head(head_id))


def usable(view: HeadView) -> HeadView:
    """Return the head if it is usable; a broken head raises `InputError` with the reason."""
    if view.broken:
        raise InputError(
            f"The head {view.name!r} ({view.id}) is broken: {view.broken}",
            remedy=f"Load it again from its zip, or remove it with `qlatent heads remove {view.id}`.",
        )
    return view


def find(workspace: Workspace, name: str) -> HeadView:
    """The head with this id or name, or the newest head trained by the run with this id.

    The head of a finished run is kept now if it is not yet, as in experiments. A broken head raises `InputError`.
    """
    return usable(_found(workspace, name))


def _found(workspace: Workspace, name: str) -> HeadView:
    if (workspace.runs_path / name).is_dir():
        keep_run(workspace, name)
    heads = list_heads(workspace)
    for field in ("id", "run_id", "name"):
        for head in heads:
            if getattr(head, field) == name:
                return head
    raise InputError(
        f"There is no head called {name!r} here.",
        remedy="List runs with `qlatent runs`, or add a head with `qlatent load`.",
    )


def check_space(view: HeadView, key: str) -> None:
    """Raise `InputError` for vectors of another encoder than the head's, which do not fit even at equal width."""
    if view.encoder and view.encoder != key:
        raise InputError(
            f"The head {view.name!r} was trained on vectors of {view.encoder}; these are of {key}.",
            remedy="Encode the items with the head's encoder, or use a head trained on these vectors.",
        )


def keep(workspace: Workspace, folder: Path, *, name: str, run_id: str | None, dataset_id: str | None) -> str:
    """Copy a saved head into the workspace and catalogue it; returns its id.

    Its config is checked first; an invalid one raises `QlatentError`, and nothing is kept.
    """
    document = check_files(folder)
    name = _plain(name)[:LONGEST_NAME] or document.head
    head_id = "h" + secrets.token_hex(4)
    target = workspace.heads_path / head_id
    staging = target.with_name(f".{head_id}.part")
    staging.mkdir(parents=True)
    for file in FILES:
        if (folder / file).exists():
            shutil.copy2(folder / file, staging / file)
    staging.rename(target)
    try:
        _record(workspace, target, document.head, name=name, run_id=run_id, dataset_id=dataset_id)
    except BaseException:  # leave no unlisted files
        shutil.rmtree(target, ignore_errors=True)
        raise
    return head_id


def _record(
    workspace: Workspace, folder: Path, kind: str, *, name: str, run_id: str | None, dataset_id: str | None
) -> None:
    workspace.catalogue.add_head(
        HeadRecord(
            folder.name,
            name,
            run_id,
            kind,
            created=time.time(),
            origin="trained" if run_id else "loaded",
            dataset_id=dataset_id,
        )
    )


def _plain(name: str) -> str:
    """The name on one line, without unpaired surrogates, which cannot be displayed."""
    return " ".join(name.encode("utf-8", "replace").decode().split())


def rename(workspace: Workspace, head_id: str, *, name: str) -> HeadView:
    """Change the display name of a kept head; its id stays, because links use it."""
    plain = _plain(name)
    if not plain or len(plain) > LONGEST_NAME:
        raise InputError(
            f"The name has {len(plain):,} characters, expected 1 to {LONGEST_NAME}.",
            remedy="Choose another name.",
        )
    workspace.catalogue.rename_head(head_id, plain)
    return view(workspace, head_id)


def keep_run(workspace: Workspace, run_id: str) -> str:
    """Keep the head of a finished run, once; returns its id."""
    for record in workspace.catalogue.heads():
        if record.run_id == run_id:
            return record.id
    spec = training_spec(workspace.run(run_id))
    if spec.weights:
        return spec.weights
    path = workspace.run(run_id).model_path
    if not (path / "config.json").is_file():
        raise InputError(f"Run {run_id} has no head yet.", remedy="Wait until it is finished.")
    return keep(workspace, path, name=spec.name, run_id=run_id, dataset_id=spec.dataset)


def load_upload(workspace: Workspace, path: Path, *, name: str) -> str:
    """Keep an uploaded head: a folder, a zip or its `config.json` beside the weights; returns its id.

    The head is checked by loading it; anything else raises `InputError`, and nothing is kept.
    """
    import qlatent  # torch comes with the first head

    if not path.exists():
        raise InputError(f"There is nothing at {path}.", remedy="Pass the zip or the folder of a saved head.")
    with tempfile.TemporaryDirectory() as temp:
        folder = _unpack(path, Path(temp)) if path.is_file() else path
        try:
            qlatent.load(folder)
            return keep(workspace, folder, name=name, run_id=None, dataset_id=None)
        except QlatentError as err:  # show the zip's name, not the temporary folder
            raise type(err)(err.message.replace(f"{temp}/", f"{path.name}: "), remedy=err.remedy) from err


def _unpack(path: Path, temp: Path) -> Path:
    """Unpack the three files of a zipped head from any one folder of the zip."""
    if path.name == "config.json" or path.suffix == ".safetensors":
        return path.parent
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path.name} is not a saved head.",
            remedy="Pass the zip from the page Heads, or a folder with model.safetensors and config.json.",
        )
    archive = Archive(lambda: path.open("rb"), name=path.name, limits=Limits.of(settings()))
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for each in archive.entries:
        folder, _, file = each.filename.replace("\\", "/").rpartition("/")
        folders.setdefault(folder, {})[file] = each
    members = max(folders.values(), key=lambda held: len(held.keys() & set(FILES)), default={})
    for file in FILES[:2]:
        if file not in members:
            found = ", ".join(sorted(members)[:6]) or "nothing"
            raise InputError(
                f"{path.name} has no {file}; it holds {found}.",
                remedy="Pass model.safetensors together with config.json.",
            )
    wanted = [file for file in FILES if file in members]
    if sum(members[file].file_size for file in wanted) > MAX_BYTES:
        raise InputError(
            f"{path.name} unpacks to more than {MAX_BYTES // 1_000_000} MB.",
            remedy="Pass the zip of a head; heads are smaller than that.",
        )
    for file in wanted:
        (temp / file).write_bytes(archive.read(members[file]))
    return temp


def download_zip(workspace: Workspace, head_id: str) -> bytes:
    """A zip of model.safetensors, config.json and the model card."""
    folder = workspace.heads_path / workspace.catalogue.head(head_id).id
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in FILES:
            if (folder / file).exists():
                archive.write(folder / file, f"{head_id}/{file}")
    return buffer.getvalue()


def model_card(workspace: Workspace, head_id: str) -> str:
    """The model card of a head, its README.md."""
    path = workspace.heads_path / workspace.catalogue.head(head_id).id / CARD
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def weights(workspace: Workspace, head_id: str) -> dict[str, np.ndarray]:
    """All stored arrays of a kept head by name; a damaged file raises `InputError`."""
    path = workspace.heads_path / workspace.catalogue.head(head_id).id / MODEL
    try:
        return load_file(path)
    except (SafetensorError, OSError) as err:
        raise InputError(
            f"The weights of the head {head_id} cannot be read ({err}).",
            remedy="Load it again, or remove it.",
        ) from err


def estimator(workspace: Workspace, head_id: str) -> Estimator:
    """The kept head as an estimator, ready to transform."""
    import qlatent  # torch comes with the first head

    return qlatent.load(workspace.heads_path / workspace.catalogue.head(head_id).id)


def transform(workspace: Workspace, head_id: str, arrays: Arrays) -> Arrays:
    """Latents of new vectors: modality → (n, d) to modality → (n, k)."""
    return estimator(workspace, head_id).transform(arrays)


def remove(workspace: Workspace, head_id: str) -> None:
    """Move a head to the bin; `bin.restore` undoes this for a day, then its files are deleted."""
    workspace.catalogue.bin.put("head", head_id)
    put_away(workspace.heads_path / head_id)


def _view(workspace: Workspace, record: HeadRecord) -> HeadView:
    """The view of a head; any error in its files goes into `broken`, so that lists still work."""
    known: dict[str, Any] = {
        "id": record.id, "name": record.name, "head": record.head, "origin": record.origin,
        "created": record.created, "run_id": record.run_id, "dataset_id": record.dataset_id,
    }  # fmt: skip
    folder = workspace.heads_path / record.id
    try:
        document = check_files(folder, readme=False)
    except QlatentError as err:
        reason = str(err).replace(f"{folder}/", "")
        return HeadView(
            **known, config={}, metrics={}, parameter_count={}, encoder="", normalise="l2", broken=reason
        )
    card = document.card
    return HeadView(
        **known, config=document.values, metrics=card.metrics, parameter_count=card.parameters,
        encoder=card.encoder, normalise=document.normalise,
    )  # fmt: skip
