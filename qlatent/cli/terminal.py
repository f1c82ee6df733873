"""Prints results on stdout (a table or one JSON document) and progress on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from qlatent import types
from qlatent.json_values import plain


class Terminal:
    """Prints for people, or for programs if `as_json` is set."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.out = Console()
        self.err = Console(stderr=True)

    def result(self, document: Mapping[str, Any], *lines: str) -> None:
        """Print the result of a command: `document` as JSON, or the lines, never interpreted as markup."""
        if self.as_json:
            print(json.dumps(plain(document), ensure_ascii=False, allow_nan=False))
            return
        for line in lines:
            self.out.print(Text(line), soft_wrap=True)

    def table(
        self, document: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Print a table for people, or `document` for programs."""
        if self.as_json:
            self.result(document)
            return
        table = Table(*columns, box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*(Text(_cell(value)) for value in row))
        self.out.print(table if rows else Text("Nothing here yet.", style="dim"))

    def note(self, text: str) -> None:
        """Print a line on stderr."""
        self.err.print(Text(text, style="dim"), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print a warning on stderr; nothing if the text is empty."""
        if text:
            self.err.print(Text(f"Warning: {text}", style="yellow"), soft_wrap=True)

    @contextmanager
    def progress(self, title: str) -> Iterator[types.Progress]:
        """A progress bar with title, count and time left; the yielded function takes (done, total)."""
        bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[note]}", style="dim"),
            console=self.err, transient=True,
        )  # fmt: skip
        with bar:
            task = bar.add_task(title, total=None, note="")

            def report(done: int, total: int | None, note: str = "") -> None:
                bar.update(task, completed=done, total=total, note=note)

            yield report


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
