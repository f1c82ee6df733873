"""Opening a workspace completes interrupted operations, now or later."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from qlatent.errors import StoreError
from qlatent.services import bin, workspaces
from qlatent.services.training import closing
from qlatent.services.workspaces import open_workspace
from qlatent.store.workspace import Workspace


def test_a_folder_becomes_a_workspace_unless_it_may_not(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        open_workspace(tmp_path / "absent", create=False)
    with open_workspace(tmp_path / "new") as opened:
        assert opened.catalogue.datasets() == []
    with open_workspace(tmp_path / "new", create=False) as again:
        assert again.path == tmp_path / "new"


def test_what_cannot_be_written_now_is_left_for_later_and_the_rest_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def full(workspace: Workspace) -> None:
        done.append("close")
        raise StoreError("No room on the disk")

    with open_workspace(tmp_path / "new") as opened:
        monkeypatch.setattr(closing, "close_all", full)
        monkeypatch.setattr(bin, "empty", lambda workspace: done.append("empty"))
        with caplog.at_level(logging.WARNING):
            workspaces.tend(opened)
        assert done == ["close", "empty"]
        assert "left for later" in caplog.text

        def bug(workspace: Workspace) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(closing, "close_all", bug)
        with pytest.raises(ZeroDivisionError):
            workspaces.tend(opened)
