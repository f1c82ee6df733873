"""The interface of everything that executes circuits: simulators, twins of devices, devices. Torch-free."""

from __future__ import annotations

from abc import ABC, abstractmethod

from qlatent.hardware.work import Estimate, Outcome, Status, Work


class AbstractRunner(ABC):
    """Executes the circuits of a `Work` as a job that is submitted, polled and fetched.

    A handle is a JSON string that another process can use with a runner of the same device. Only `submit` sends
    anything that can cost money. Runners that compute here advance by one part at each `poll`, so that the caller can
    show progress and stop between two parts.
    """

    device: str
    """Name with its prefix, such as "exact", "shots", "twin:fake_paris", "pennylane:default.qubit", "ibm_fez"."""

    remote: bool = False
    """Whether jobs go on when this process ends."""

    account: str = ""
    """Fingerprint of the account that pays; "" where nothing is paid."""

    @abstractmethod
    def estimate(self, work: Work) -> Estimate:
        """What the job will take; transpiles, and sends nothing."""

    @abstractmethod
    def submit(self, work: Work, *, tag: str) -> str:
        """The handle of a new job, or of the one that an earlier attempt with this tag has made.

        A tag is unique to a job, and the job can be found by it.
        """

    @abstractmethod
    def poll(self, handle: str) -> Status:
        """Where the job stands; an unknown handle raises `AbsentError`."""

    @abstractmethod
    def fetch(self, handle: str) -> Outcome:
        """The results of a job that is done, or of those of its parts that are."""

    @abstractmethod
    def cancel(self, handle: str) -> None:
        """Stop the job; does nothing if it has ended."""

    def find(self, tag: str) -> str | None:
        """The handle of the job that was submitted with this tag, or None.

        Asked after a kill between an attempt and its reply. Jobs that end with their process cannot be found.
        """
        return None

    def usage(self, handle: str) -> float:
        """Seconds that an ended job has used in all; NaN until the device's service tells them."""
        return float("nan")

    def calibration(self) -> str:
        """What tells the present calibration of the device from an earlier one, such as its time; "" if it has none."""
        return ""
