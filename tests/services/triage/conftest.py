"""Workspaces whose catalogue is in SQLite, and in PostgreSQL where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.postgresql import emptied, serving


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a private PostgreSQL; skips with a message if it is not installed."""
    with serving() as server:
        yield server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        (tmp_path / "workspace").mkdir()
        return f"sqlite:///{tmp_path / 'workspace' / 'catalogue.db'}"
    return emptied(request.getfixturevalue("postgresql"))
