"""Pictures of items that are decided as severe are not kept: withheld before the decision is stored, deleted after it.

What is withheld follows the decisions that stand. So each change names the items that it may make severe, and
afterwards only those that are stay withheld; whatever a killed process left is completed by `settle`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from qlatent.errors import AbsentError, QlatentError
from qlatent.services.selections.columns import rows_of
from qlatent.services.triage import run_views
from qlatent.store.items.withheld import Flags, Picture
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import read as read_policy

_log = logging.getLogger(__name__)
_COLUMNS = ["id", "image_hash", "pictures", "width", "height"]
_turn = threading.Lock()
_deleting: dict[str, threading.Thread] = {}


@contextmanager
def changing(workspace: Workspace, queue: str, items: Collection[str]) -> Iterator[None]:
    """Store what may make these items severe, or no longer so, in a block: their pictures are withheld meanwhile.

    If what is withheld cannot be written, `StoreError` is raised before the block.
    """
    withheld = workspace.items.withheld
    asked = {queue: _pictures(workspace, workspace.catalogue.queues.one(queue).dataset_id, items)}
    if not any(asked[queue].values()):
        yield
        return
    with withheld.alone():
        withheld.add("asked", asked)
        try:
            yield
        finally:
            try:
                _follow(workspace)
            except QlatentError:  # the block says what is wrong; `settle` completes this
                _log.warning("what pictures are not kept is settled later", exc_info=True)
    delete_soon(workspace)


def settle(workspace: Workspace) -> None:
    """Complete what a killed process left, and withhold the pictures of all items that are severe."""
    withheld = workspace.items.withheld
    severe = {each: items for each in _queues(workspace) if (items := _severe(workspace, each))}
    if not severe and not withheld.state():
        return
    with withheld.alone():
        known = withheld.flags("decided", "removed").values()
        for queue, items in severe.items():
            new = items.difference(*(flags.get(queue, ()) for flags in known))
            pictures = _pictures(workspace, workspace.catalogue.queues.one(queue).dataset_id, new)
            if pictures:
                withheld.add("asked", {queue: pictures})
        _follow(workspace)
    delete_soon(workspace)


def complete(workspace: Workspace) -> None:
    """`settle`, if a process was killed while it changed what is withheld; cheap otherwise."""
    if workspace.items.withheld.flags("asked"):
        settle(workspace)
    else:
        delete_soon(workspace)


def delete_soon(workspace: Workspace) -> None:
    """Delete pictures that are withheld in a thread of its own; the process does not end before that is done."""
    if not workspace.items.withheld.flags("decided"):
        return
    with _turn:
        last = _deleting.get(str(workspace.path))
        thread = threading.Thread(target=_delete, args=(workspace, last), name="deleting pictures")
        _deleting[str(workspace.path)] = thread
        thread.start()


def wait(workspace: Workspace) -> None:
    """Wait until pictures that this process deletes are deleted."""
    if (thread := _deleting.get(str(workspace.path))) is not None:
        thread.join()


def _delete(workspace: Workspace, last: threading.Thread | None) -> None:
    if last is not None:
        last.join()
    try:
        run_views.blank(workspace, set(workspace.items.withheld.hashes()))
        workspace.items.pictures.remove_withheld()
    except (QlatentError, OSError, RuntimeError, ValueError):
        _log.warning("withheld pictures are deleted later", exc_info=True)


def _follow(workspace: Workspace) -> None:
    """Withhold what is severe of that which was asked or stands, and nothing else."""
    withheld = workspace.items.withheld
    present = set(_queues(workspace))
    severe: dict[str, set[str]] = {}
    for state in ("asked", "decided", "removed"):
        for name, flags in withheld.flags(state).items():
            stands: Flags = {}
            for queue, items in flags.items():
                if queue not in present and state != "asked":  # a queue in the bin: its decisions stand
                    stands[queue] = items
                    continue
                if queue not in severe:
                    severe[queue] = _severe(workspace, queue)
                stands[queue] = {item: each for item, each in items.items() if item in severe[queue]}
            if state == "asked" or stands != flags:
                withheld.replace([name], "removed" if state == "removed" else "decided", stands)


def _queues(workspace: Workspace) -> list[str]:
    return [each.id for each in workspace.catalogue.queues.all()]


def _severe(workspace: Workspace, queue: str) -> set[str]:
    """The items of a queue that are decided as severe; none of a queue that is not there."""
    try:
        codes = read_policy(workspace.catalogue.queues.one(queue).policy).severe()
    except AbsentError:
        return set()
    if not codes:
        return set()
    return {item for item, code in workspace.catalogue.cases.decided(queue).items() if code in codes}


def _pictures(workspace: Workspace, dataset: str, items: Collection[str]) -> dict[str, list[Picture]]:
    """The pictures of those of the items that have any."""
    if not items or not workspace.items.has(dataset):
        return {}
    rows, _ = rows_of(workspace, dataset, list(items))
    found = workspace.items.rows(dataset, rows.tolist(), columns=_COLUMNS)
    hashes = {
        each["id"]: list(filter(None, (each["image_hash"], *(each["pictures"] or ())))) for each in found
    }
    sizes = workspace.items.pictures.sizes([key for each in hashes.values() for key in each])
    sizes |= {each["image_hash"]: (each["width"], each["height"]) for each in found if each["image_hash"]}
    unknown = (0, 0)  # a further picture that was deleted before
    return {item: [(key, *sizes.get(key, unknown)) for key in each] for item, each in hashes.items() if each}
