"""Exports as the bytes of one file, for a download."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: what it is called, its ending ("" where a tool reads a folder), the tool, what items it needs."""

    title: str
    ending: str
    tool: str = ""
    pictures: bool = False
    vectors: bool = False

    @property
    def suffix(self) -> str:
        """The ending of the downloaded file; a folder is downloaded as a zip."""
        return self.ending or ".zip"


FORMS = {
    "csv": Form("Table (CSV)", ".csv"),
    "parquet": Form("Table (Parquet)", ".parquet"),
    "jsonl": Form("Table (JSON lines)", ".jsonl"),
    "pictures": Form("Pictures and a table (zip)", ".zip", pictures=True),
    "embedding-atlas": Form("Embedding Atlas (Parquet)", ".parquet", tool="embedding-atlas", vectors=True),
    "tensorboard": Form("TensorBoard projector (zip)", "", tool="tensorboard", vectors=True),
    "fiftyone": Form("FiftyOne (zip)", "", tool="fiftyone", pictures=True),
}


def download(workspace: Workspace, what: str, *, form: str, choice: Choice) -> bytes:
    """The file of a dataset or collection, or of what `choice` selects of it; a folder is packed into a zip.

    Errors are those of `export`.
    """
    kind = FORMS[form]
    with TemporaryDirectory(prefix="qlatent-export-") as folder:
        out = Path(folder) / f"export{kind.ending}"
        export(workspace, what, out=out, choice=replace(choice, tool=kind.tool))
        return out.read_bytes() if out.is_file() else _zipped(out)


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
