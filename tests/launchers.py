"""A test double of the launcher: what the queue starts stays in the process of the test."""

from __future__ import annotations

from collections.abc import Callable

from qlatent.store.workspace import Workspace


class LauncherDouble:
    """Starts no process: notes the ids in `launched` and does with each run what `act` says, by default nothing."""

    def __init__(self, act: Callable[[Workspace, str], object] = lambda workspace, run_id: None) -> None:
        self.launched: list[str] = []
        self._act = act

    def launch(self, workspace: Workspace, run_id: str, *, workers: int) -> None:
        """Note the run, and act."""
        self.launched.append(run_id)
        self._act(workspace, run_id)
