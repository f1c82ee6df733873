"""Keep the images that were searched with, by content hash, so that a link to such a search can be opened again."""

from __future__ import annotations

import re
from pathlib import Path

from qlatent.store.disk import explained, write_atomically

MOST = 200
"""Images that are kept; the one that was searched with longest ago goes first."""
_FOLDER = ".queries"
_HASH = re.compile(r"[0-9a-f]{32}")


class QueryImages:
    """The searched images of a workspace, one file each, in the folder of its items."""

    def __init__(self, items: Path) -> None:
        self._path = items / _FOLDER

    def put(self, name: str, content: bytes) -> None:
        """Keep an image under its content hash."""
        with explained("a searched image", self._path):
            self._path.mkdir(exist_ok=True)
            write_atomically(self._path / name, content, durable=False)
            kept = [each for each in self._path.iterdir() if _HASH.fullmatch(each.name)]
            for each in sorted(kept, key=lambda file: file.stat().st_mtime_ns)[:-MOST]:
                each.unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        """The image with this content hash, None if it is not kept."""
        file = self._path / name
        return file.read_bytes() if _HASH.fullmatch(name) and file.is_file() else None

    def drop(self, name: str) -> None:
        """Delete the image with this content hash, if it is kept."""
        if _HASH.fullmatch(name):
            (self._path / name).unlink(missing_ok=True)
