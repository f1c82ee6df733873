"""The documents name files and folders that exist, and link to pages that exist."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/*.md", "qlatent/*/README.md", "qlatent/encoders/builtin_clip/README.md")
    for path in sorted(ROOT.glob(pattern))
]
PLACEHOLDERS = re.compile(r"[<>*…]|NNNN|^\.")  # names that stand for others, and folders of a workspace
NAMED = re.compile(r"`([\w./<>*…-]+(?:\.py|/))`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@cache
def files() -> frozenset[str]:
    """Every file and folder of the project, relative to its root, folders with a slash at the end."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    folders = {f"{parent}/" for name in found for parent in Path(name).parents if parent != Path()}
    return frozenset(name for name in [*found, *folders] if name and (ROOT / name).exists())


def named(document: Path) -> list[str]:
    """The files and folders in backticks, without those that stand for a name."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [name for name in NAMED.findall(text) if not PLACEHOLDERS.search(name)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_files_that_a_document_names_exist(document: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    gone = [
        name
        for name in named(document)
        if not any(each == name or each.endswith(f"/{name}") for each in files())
    ]
    assert not gone


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert not [link for link in links if not (document.parent / link).exists()]


def test_every_folder_of_the_package_stands_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folders = [path for path in (ROOT / "qlatent").iterdir() if (path / "__init__.py").exists()]
    folders += [path for path in (ROOT / "qlatent/services").iterdir() if (path / "__init__.py").exists()]
    missing = [path.name for path in folders if f"{path.relative_to(ROOT / 'qlatent')}/" not in text]
    assert missing in ([], ["services"])
