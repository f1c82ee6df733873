"""Errors with a message for the user and a remedy."""

from __future__ import annotations


class QlatentError(Exception):
    """An error that the user can act on: what was got, what was expected and what to do next.

    Pages and the command line show the message; `remedy` is the next step. Any other exception is a bug and stays a
    traceback.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def _render_traceback_(self) -> list[str]:
        """What a cell of a notebook shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(QlatentError):
    """A setting has an unknown name or a value outside its range."""


class InputError(QlatentError):
    """A file, a row or an array from the user cannot be used."""


class CircuitError(QlatentError):
    """A circuit description is inconsistent, or an engine does not support the request."""


class StoreError(QlatentError):
    """The workspace cannot be read or written."""


class AbsentError(StoreError):
    """The workspace can be read, but does not contain the requested thing."""


class RunError(QlatentError):
    """A run cannot be started, stopped or resumed in its present state."""


class UnavailableError(QlatentError):
    """A download or an installed package is missing."""


class BusyError(UnavailableError):
    """A service asks for fewer requests; `seconds` is for how long it wants none, or None if it does not say."""

    def __init__(self, message: str, *, remedy: str = "", seconds: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.seconds = seconds


class KeyNeededError(UnavailableError):
    """A device can be reached only with the key of its account, and nobody has given it to this process."""
