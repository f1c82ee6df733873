"""Which state of this project made something: its version, and the commit of the checkout it runs from."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "unknown"


def made_by() -> dict[str, str]:
    """The version, and the commit of `commit()`."""
    from qlatent import __version__

    return {"qlatent": __version__, "commit": commit()}


@cache
def commit(root: Path = ROOT) -> str:
    """The commit of the checkout in `root`, "-changed" behind it where tracked files differ from it.

    "unknown" where `root` is no checkout, as in an installed wheel (also one inside somebody else's checkout), or where
    there is no git.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root.resolve():
        return UNKNOWN
    head = _git(root, "rev-parse", "HEAD")
    if not head:  # nothing was committed yet
        return UNKNOWN
    return f"{head}-changed" if _git(root, "status", "--porcelain", "--untracked-files=no") else head


def _git(root: Path, *arguments: str) -> str:
    """What git says, or "" where it says nothing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
