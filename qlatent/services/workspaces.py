"""Opening the workspace that every other service is given."""

from __future__ import annotations

import logging
from pathlib import Path

from qlatent.errors import StoreError
from qlatent.services import bin
from qlatent.services.runs import run_index
from qlatent.services.training import closing
from qlatent.store.workspace import Workspace

__all__ = ["Workspace", "open_workspace"]


_log = logging.getLogger(__name__)


def open_workspace(path: Path, *, create: bool = True) -> Workspace:
    """The workspace in a folder, made there if it is empty; `StoreError` if it is something else or newer.

    What was killed between two of its parts is brought to an end.
    """
    workspace = Workspace.open(path, create=create)
    _ = workspace.items, workspace.catalogue  # loads their libraries now, not within the first page
    tend(workspace)
    return workspace


def tend(workspace: Workspace) -> None:
    """Bring to an end what was killed half-way, update the run index, and delete what was removed a day ago.

    Where it cannot be written now it is left for later.
    """
    for act in (Workspace.settle, closing.close_all, run_index.refresh, bin.empty):
        try:
            act(workspace)
        except StoreError:
            _log.warning("left for later", exc_info=True)
