"""The commit that reports name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qlatent import __version__, provenance


def git(folder: Path, *arguments: str) -> str:
    own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *own, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "first")
    provenance.commit.cache_clear()
    return tmp_path


def test_the_commit_is_that_of_the_checkout_and_tells_of_changes(checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert provenance.commit(checkout) == head
    (checkout / "untracked").write_text("nothing to do with it")
    provenance.commit.cache_clear()
    assert provenance.commit(checkout) == head
    (checkout / "file").write_text("two")
    provenance.commit.cache_clear()
    assert provenance.commit(checkout) == f"{head}-changed"


def test_it_is_unknown_in_a_wheel_also_inside_another_checkout(checkout: Path) -> None:
    installed = checkout / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    assert provenance.commit(installed) == "unknown"


def test_it_is_unknown_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    provenance.commit.cache_clear()
    assert provenance.commit(tmp_path) == "unknown"
    assert provenance.made_by() == {"qlatent": __version__, "commit": provenance.commit()}
    provenance.commit.cache_clear()
