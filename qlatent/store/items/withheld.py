"""Which pictures are not kept, because an item that has them was decided as severe.

Each file in `.withheld` names items by queue with their pictures, and is never rewritten: a change writes another one.
Its ending is its state: `asked` before a decision is stored, `decided` while the pictures are still in the table, and
`removed` after that. In every state the pictures are not read any more, so that a process that is killed in between
leaves nothing to be seen.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock

from qlatent.store.disk import explained, json_bytes, write_atomically

State = Literal["asked", "decided", "removed"]
Picture = tuple[str, int, int]
"""Hash, width and height in pixels; 0 where the size is not known any more."""
Flags = dict[str, dict[str, list[Picture]]]
"""The pictures of items, by queue and item."""

_STATES: tuple[State, ...] = ("asked", "decided", "removed")


class Withheld:
    """The pictures of a workspace that are not kept; each call sees what other processes wrote."""

    def __init__(self, items: Path) -> None:
        self._path = items / ".withheld"
        self._read: dict[str, Flags] = {}
        self._known: tuple[frozenset[str], dict[str, tuple[int, int]]] = (frozenset(), {})

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Exclude other processes and threads that change what is withheld, until the block or the process ends."""
        with explained("what pictures are not kept", self._path):
            self._path.mkdir(exist_ok=True)
            lock = FileLock(self._path / ".lock", thread_local=False)
            lock.acquire(poll_interval=0.01)
        try:
            yield
        finally:
            lock.release()

    def state(self) -> frozenset[str]:
        """Names that change whenever a picture is withheld or comes back, as a cache key."""
        if not self._path.is_dir():
            return frozenset()
        return frozenset(each.name for each in self._path.iterdir() if each.suffix[1:] in _STATES)

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Width and height in pixels of each withheld picture, by hash."""
        names = self.state()
        if self._known[0] != names:
            pictures = {
                picture[0]: (picture[1], picture[2])
                for flags in self.flags(*_STATES).values()
                for items in flags.values()
                for pictures in items.values()
                for picture in pictures
            }
            self._known = (names, pictures)
        return self._known[1]

    def hashes(self) -> Collection[str]:
        """The hashes of the withheld pictures."""
        return self.sizes().keys()

    def flags(self, *states: State) -> dict[str, Flags]:
        """What the files in these states say, by name."""
        names = self.state()
        self._read = {name: flags for name, flags in self._read.items() if name in names}
        for name in names - self._read.keys():
            try:
                said = json.loads((self._path / name).read_bytes())
            except FileNotFoundError:  # another process has just replaced it
                continue
            self._read[name] = {
                queue: {item: [(key, width, height) for key, width, height in each] for item, each in items.items()}
                for queue, items in said.items()
            }  # fmt: skip
        return {name: self._read[name] for name in sorted(self._read) if Path(name).suffix[1:] in states}

    def add(self, state: State, flags: Mapping[str, Mapping[str, Collection[Picture]]]) -> str:
        """Write a file with these items, flushed to disk; returns its name. A full disk raises `StoreError`."""
        self._path.mkdir(exist_ok=True)
        name = f"{uuid.uuid4().hex}.{state}"
        write_atomically(self._path / name, json_bytes({queue: dict(each) for queue, each in flags.items()}))
        return name

    def replace(self, names: Collection[str], state: State, flags: Flags) -> None:
        """Say this instead of what the files of these names say; nothing, if `flags` is empty."""
        if any(flags.values()):
            self.add(state, {queue: items for queue, items in flags.items() if items})
        for name in names:
            (self._path / name).unlink(missing_ok=True)
