"""The version and commit of the running code, recorded with results."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "unknown"


def made_by() -> dict[str, str]:
    """The package version, and the commit from `commit()`."""
    from qlatent import __version__

    return {"qlatent": __version__, "commit": commit()}


@cache
def commit(root: Path = ROOT) -> str:
    """The commit of the checkout in `root`, with suffix "-changed" if tracked files differ from it.

    "unknown" if `root` is not a checkout of this project, as in an installed wheel (also inside another checkout), or
    if git is missing.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root.resolve():
        return UNKNOWN
    head = _git(root, "rev-parse", "HEAD")
    if not head:  # no commit yet
        return UNKNOWN
    return f"{head}-changed" if _git(root, "status", "--porcelain", "--untracked-files=no") else head


def _git(root: Path, *arguments: str) -> str:
    """The output of a git command, or "" if it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
