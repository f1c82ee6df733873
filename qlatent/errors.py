"""The one error that people are meant to read."""

from __future__ import annotations


class QlatentError(Exception):
    """What went wrong, in three parts: what was got, what was expected and what to do next.

    The message is the sentence shown on cards and on the command line; `remedy` is the next step.
    Everything that is not a `QlatentError` is a bug and stays a traceback.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigError(QlatentError):
    """A setting has an unknown name or a value outside its range."""


class InputError(QlatentError):
    """A file, a row or an array that the user brought cannot be used as it is."""


class CircuitError(QlatentError):
    """A circuit description is inconsistent, or an engine cannot do what is asked of it."""


class StoreError(QlatentError):
    """The workspace cannot be read or written."""


class AbsentError(StoreError):
    """The workspace can be read, and what was asked for is not in it."""


class RunError(QlatentError):
    """A run cannot be started, stopped or resumed in its present state."""


class UnavailableError(QlatentError):
    """Something that must be fetched or installed is not here."""
