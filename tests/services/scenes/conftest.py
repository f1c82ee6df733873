"""A dataset and a run of two frames on it, made once for the tests of scenes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qlatent.store.workspace import Workspace
from tests.services import shop_workspace


@pytest.fixture(scope="package")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("scenes") / "workspace") as opened:
        shop_workspace.with_run(opened)
        yield opened
