"""`python -m qlatent.services.triage.learning_worker`: learns from decisions for `background`, one queue at a time."""

from __future__ import annotations

import sys
from functools import lru_cache

from qlatent import companion
from qlatent.services.triage import learning
from qlatent.store.workspace import Workspace


@lru_cache(maxsize=4)
def _workspace(path: str) -> Workspace:
    return Workspace.open(path, create=False)


def learn(path: str, queue: str) -> int:
    """Learn from the decisions of a queue; returns how many cases are decided."""
    return int(learning.learn(_workspace(path), queue).about["decided"])


if __name__ == "__main__":
    sys.exit(companion.serve({"learn": learn}))
