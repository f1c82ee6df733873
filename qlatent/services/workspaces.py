"""Opening the workspace that every other service is given."""

from __future__ import annotations

from pathlib import Path

from qlatent.store.workspace import Workspace

__all__ = ["Workspace", "open_workspace"]


def open_workspace(path: Path, *, create: bool = True) -> Workspace:
    """The workspace in a folder, made there if it is empty; `StoreError` if it is something else or newer."""
    workspace = Workspace.open(path, create=create)
    _ = workspace.items, workspace.catalogue  # loads their libraries now, not within the first page
    return workspace
