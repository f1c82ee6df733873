"""Keep the settings with which each encoder key was made, so that queries can be encoded like the items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qlatent.store.disk import explained, json_bytes, write_atomically

_FOLDER = ".encoders"


class EncoderSettings:
    """Name and settings of encoders, one file for each key, in the folder of the items."""

    def __init__(self, items: Path) -> None:
        self._path = items / _FOLDER

    def keep(self, key: str, encoder: str, settings: Mapping[str, Any]) -> None:
        """Keep name and settings of a key; a key that is known already stays as it is."""
        file = self._file(key)
        if file.is_file():
            return
        with explained("the settings of an encoder", self._path):
            self._path.mkdir(exist_ok=True)
            document = {"key": key, "encoder": encoder, "settings": dict(settings)}
            write_atomically(file, json_bytes(document))

    def of(self, key: str) -> tuple[str, dict[str, Any]] | None:
        """Name and settings of the encoder with this key, or None."""
        try:
            found = json.loads(self._file(key).read_bytes())
            return str(found["encoder"]), dict(found["settings"])
        except (OSError, ValueError, KeyError, TypeError):  # never kept, or damaged: the same as unknown
            return None

    def _file(self, key: str) -> Path:
        return self._path / f"{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}.json"
