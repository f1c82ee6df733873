"""The heartbeat of a worker: the run's status, rewritten every second even while one step takes minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from qlatent.errors import StoreError
from qlatent.store.runs.run_folder import RunFolder

BEAT_SECONDS = 1.0
ROOM_SECONDS = 600.0  # how long the last status waits for room on the disk
WINDOW_SECONDS = 0.5  # rates are measured over at least this long, then averaged with what came before


class Heartbeat:
    """Keeps the status of one run fresh between `__enter__` and `end`; used by the working process.

    Only the figures set by `update` change in between. All writes go through one lock, so that the last state
    written is the last state meant.
    """

    def __init__(self, folder: RunFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._step = self._steps = 0
        self._rate: float | None = None
        self._mark: tuple[float, int] | None = None  # when the rate was last measured, and the step then

    def __enter__(self) -> Heartbeat:
        before = self._folder.status()
        self._step, self._steps = (
            before.step,
            before.steps,
        )  # an attempt that fails at once takes nothing back
        with suppress(StoreError):
            self._folder.reserve()
        self._folder.write_status(
            state="running", pid=None, attempt=before.attempt + 1, error="", remedy="", rate=None, seconds_left=None
        )  # fmt: skip
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def update(self, step: int, steps: int) -> float | None:
        """Say how far the work is; returns its rate in steps/s, None until that is known."""
        now = self._clock()
        self._step, self._steps = step, steps
        if self._mark is None:
            self._mark = (now, step)
        elapsed, done = now - self._mark[0], step - self._mark[1]
        if elapsed >= WINDOW_SECONDS:
            fresh = done / elapsed
            self._rate = fresh if self._rate is None else 0.5 * (self._rate + fresh)
            self._mark = (now, step)
        return self._rate

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the present rate; None while unknown."""
        return (self._steps - self._step) / self._rate if self._rate else None

    def end(self, state: str, *, error: str = "", remedy: str = "") -> None:
        """Write the last status; nothing is written after it. Where there is no room for it, as soon as there is."""
        with self._lock:
            self._over.set()
            until = self._clock() + ROOM_SECONDS
            while not self._written(state, error, remedy, last_try=self._clock() >= until):
                time.sleep(BEAT_SECONDS)

    def _written(self, state: str, error: str, remedy: str, *, last_try: bool) -> bool:
        try:
            self._folder.write_status(
                state=state, step=self._step, steps=self._steps, rate=self._rate, seconds_left=None,
                error=error, remedy=remedy,
            )  # fmt: skip
        except StoreError:
            if last_try:  # whoever looks sees that the process is gone
                raise
            return False
        return True

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with self._lock:
                if not self._over.is_set():
                    with suppress(StoreError):  # a full disk: the work itself finds out, and says so
                        self._folder.write_status(
                            step=self._step,
                            steps=self._steps,
                            rate=self._rate,
                            seconds_left=self.seconds_left,
                        )
