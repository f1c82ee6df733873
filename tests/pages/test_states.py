"""What the pages show of a workspace that cannot be written, of what is lost, in use or removed, and of two clicks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.errors import StoreError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue
from qlatent.services.runs.specs import Encoding
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.store.catalogue import connection, database
from qlatent.ui.shell import url_state
from qlatent.ui.shell.page import PAGES
from tests.launchers import LauncherDouble
from tests.pages.conftest import Furnished

Open = Callable[..., AppTest]


@pytest.fixture
def own(furnished: Furnished, tmp_path: Path, no_workers: LauncherDouble) -> Iterator[Workspace]:
    """A copy of the furnished workspace to change; nothing that is started is carried out."""
    shutil.copytree(furnished.workspace.path, tmp_path / "own")
    with open_workspace(tmp_path / "own") as workspace:
        yield workspace


def test_every_page_opens_on_a_workspace_that_can_only_be_read(
    own: Workspace, furnished: Furnished, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = database.connect

    def refused(url: str, **named: Any) -> Any:
        if str(own.path) in url:
            raise StoreError("The catalogue cannot be used: database is locked.")
        return connect(url, **named)

    monkeypatch.setattr(connection.database, "connect", refused)
    for name, _, _ in PAGES:
        at = opened(own.path, name, run=furnished.run, dataset=furnished.pairs)
        assert "database is locked" in at.warning[0].value, name
        assert not at.error, (name, [each.value for each in at.error])
    at = opened(own.path, "train", dataset=furnished.pairs)
    at.button(key="train_start").click().run()
    assert "database is locked" in at.error[0].value + str(at.error[0].proto)


def test_a_lost_dataset_is_shown_with_what_to_do(own: Workspace, furnished: Furnished, opened: Open) -> None:
    own.items.remove(furnished.texts)
    at = opened(own.path, "data", dataset=furnished.texts)
    assert "Import its file again" in at.error[0].value
    assert at.button(key="data_remove")
    at = opened(own.path, "home")
    assert not at.error


def test_a_removed_dataset_is_brought_back_on_the_page(
    own: Workspace, furnished: Furnished, opened: Open
) -> None:
    datasets.remove(own, furnished.texts)
    at = opened(own.path, "data")
    assert furnished.texts not in at.selectbox(key="pick_dataset").options
    at.button(key=f"restore_dataset_{furnished.texts}").click().run()
    assert not at.exception
    assert {each.id for each in datasets.list_datasets(own)} == {furnished.pairs, furnished.texts}
    assert bin.content(own) == []


def test_the_removal_says_what_uses_a_dataset(own: Workspace, furnished: Furnished, opened: Open) -> None:
    spec = Encoding(
        name="slow encoding", dataset=furnished.pairs, created=time.time(), encoder="builtin", settings={}
    )
    queue.enqueue(own, spec)
    at = opened(own.path, "data", dataset=furnished.pairs)
    at.button(key="data_remove").click().run()
    assert "slow encoding: queued" in at.warning[0].value
    assert at.button(key="data_remove_yes").label == "Stop them and remove"
    assert [each.id for each in datasets.list_datasets(own)] == [furnished.pairs, furnished.texts]


def test_two_clicks_within_a_moment_make_one_run(
    own: Workspace, furnished: Furnished, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(url_state, "MOMENT_SECONDS", 600.0)
    at = opened(own.path, "train", dataset=furnished.pairs)
    before = {each.id for each in listing.list_runs(own)}
    for _ in range(3):
        at.button(key="train_start").click().run()
    new = {each.id for each in listing.list_runs(own)} - before
    assert len(new) == 1
    assert len(list(own.runs_path.glob("r*"))) == len(before) + 1
    at.number_input(key="train_seed").set_value(7).run()
    at.button(key="train_start").click().run()  # something else
    assert len(listing.list_runs(own)) == len(before) + 2
    monkeypatch.setattr(url_state, "MOMENT_SECONDS", -1.0)
    at.button(key="train_start").click().run()  # much later
    assert len(listing.list_runs(own)) == len(before) + 3
