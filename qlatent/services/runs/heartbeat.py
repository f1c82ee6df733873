"""The heartbeat of a worker: rewrites the run's status every second, even during a step of minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from qlatent.errors import StoreError
from qlatent.store.runs.run_folder import RunFolder

BEAT_SECONDS = 1.0
ROOM_SECONDS = 600.0  # how long the last status waits for free disk space
WINDOW_SECONDS = 0.5  # shortest interval of a rate measurement; rates are then averaged with earlier ones


class Heartbeat:
    """Keeps the status of one run fresh between `__enter__` and `end`; used by the worker process.

    Only the numbers set by `update` change in between. One lock serialises all writes, so that the last state set is
    the last state written.
    """

    def __init__(self, folder: RunFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._step = self._steps = 0
        self._rate: float | None = None
        self._mark: tuple[float, int] | None = None  # time and step of the last rate measurement
        self._phase = ""

    def __enter__(self) -> Heartbeat:
        before = self._folder.status()
        self._step, self._steps = (
            before.step,
            before.steps,
        )  # an attempt that fails at once keeps the earlier progress
        with suppress(StoreError):
            self._folder.reserve()
        self._folder.write_status(
            state="running", pid=None, attempt=before.attempt + 1, error="", remedy="", rate=None, seconds_left=None,
            phase="",
        )  # fmt: skip
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def update(self, step: int, steps: int) -> float | None:
        """Report the progress; returns the rate in steps/s, None until it is known."""
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

    def begin(self, phase: str) -> None:
        """Say what is being done, in the status, and measure the rate anew if it is something else than before."""
        if phase != self._phase:
            self._phase, self._rate, self._mark = phase, None, None

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds left at the present rate; None while unknown."""
        return (self._steps - self._step) / self._rate if self._rate else None

    def end(self, state: str, *, error: str = "", remedy: str = "") -> None:
        """Write the final status, waiting for free disk space if necessary; nothing is written after it."""
        with self._lock:
            self._over.set()
            until = self._clock() + ROOM_SECONDS
            while not self._written(state, error, remedy, last_try=self._clock() >= until):
                time.sleep(BEAT_SECONDS)

    def _written(self, state: str, error: str, remedy: str, *, last_try: bool) -> bool:
        try:
            self._folder.write_status(
                state=state, step=self._step, steps=self._steps, rate=self._rate, seconds_left=None,
                error=error, remedy=remedy, phase="",
            )  # fmt: skip
        except StoreError:
            if last_try:  # readers see that the process has ended
                raise
            return False
        return True

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with self._lock:
                if not self._over.is_set():
                    with suppress(StoreError):  # a full disk; the work itself reports it
                        self._folder.write_status(
                            step=self._step,
                            steps=self._steps,
                            rate=self._rate,
                            seconds_left=self.seconds_left,
                            phase=self._phase,
                        )
