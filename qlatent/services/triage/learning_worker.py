"""Learns from decisions for `background`, one queue at a time.

`python -m qlatent.services.triage.learning_worker` answers a `Companion` as long as it lives;
`… learning_worker WORKSPACE QUEUE` learns as long as there are enough new decisions, and ends.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from qlatent import companion
from qlatent.services.triage import learning
from qlatent.store.workspace import Workspace


@lru_cache(maxsize=4)
def _workspace(path: str) -> Workspace:
    return Workspace.open(Path(path), create=False)


def learn(path: str, queue: str) -> int:
    """Learn from the decisions of a queue; returns how many cases are decided."""
    learned = learning.learn(_workspace(path), queue)
    learning.catch_up(_workspace(path), queue)
    return int(learned.about["decided"])


def main(arguments: Sequence[str]) -> int:
    """Learn for a companion, or from one queue; returns the exit status."""
    if not arguments:
        return companion.serve({"learn": learn})
    path, queue = arguments
    learning.catch_up(_workspace(path), queue)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
