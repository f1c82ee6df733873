"""Open a workspace and complete interrupted operations in it."""

from __future__ import annotations

import logging
from pathlib import Path

from qlatent.errors import StoreError
from qlatent.services import bin
from qlatent.services.runs import run_index
from qlatent.services.training import closing
from qlatent.services.triage import withholding
from qlatent.store.workspace import Workspace

__all__ = ["Workspace", "open_workspace"]


_log = logging.getLogger(__name__)


def open_workspace(path: Path, *, create: bool = True) -> Workspace:
    """The workspace in a folder, created if the folder is empty; other content or a newer format raises `StoreError`.

    Operations that were interrupted by a kill are completed.
    """
    workspace = Workspace.open(path, create=create)
    _ = workspace.catalogue
    tend(workspace)
    try:
        workspace.items.prepare()  # imports its library now, not during the first page or import
    except StoreError:
        _log.warning("the items cannot be opened yet", exc_info=True)
    return workspace


def tend(workspace: Workspace) -> None:
    """Complete interrupted operations, update the run index, and delete what was removed a day ago.

    If the workspace cannot be written now, this is left for later.
    """
    for act in (Workspace.settle, withholding.settle, closing.close_all, run_index.refresh, bin.empty):
        try:
            act(workspace)
        except StoreError:
            _log.warning("left for later", exc_info=True)
