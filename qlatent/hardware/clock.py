"""Time as something that is passed in, so that tests need not wait. Torch-free."""

from __future__ import annotations

import time


class Clock:
    """The real time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Returns after so many seconds."""
        time.sleep(max(seconds, 0.0))


class Pace:
    """At most `most` events within `seconds`; `await_turn` waits until another one is allowed."""

    def __init__(self, clock: Clock, *, most: int, seconds: float) -> None:
        self._clock, self._most, self._seconds = clock, most, seconds
        self._times: list[float] = []

    def await_turn(self) -> None:
        """Waits as long as it must, and counts one event."""
        now = self._clock.now()
        self._times = [time for time in self._times if now - time < self._seconds]
        if len(self._times) >= self._most:
            self._clock.wait(self._seconds - (now - self._times[-self._most]))
        self._times.append(self._clock.now())
