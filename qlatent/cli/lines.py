"""Formats what commands print: documents for programs, lines and table rows for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from qlatent.services.datasets.datasets import DatasetView, ImportReport, Preview
from qlatent.services.datasets.import_records import example
from qlatent.services.heads import evaluation
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.vectors.encoding import EncodingReport
from qlatent.services.workspaces import Workspace
from qlatent.types import Item, Refusal

SHOWN = 10  # refused rows printed on the terminal; --refusals writes all of them
COUNTED = ("Rows ", "Groups ", "Points ")  # how the titles of counts begin
WIDTH = 160  # characters printed of each part of an example


def run_row(view: RunSummary) -> dict[str, Any]:
    """One run as a row of a list."""
    status = view.status
    return {
        "id": view.id, "kind": view.kind, "state": view.state, "step": status.step, "of": status.steps,
        "name": view.name, "dataset": view.dataset, "head": view.head, "created": time_of(view.created),
    }  # fmt: skip


def run_document(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """One run in detail; `metrics` are its final metrics."""
    view = listing.summary(workspace, run_id)
    row = run_row(view)
    document = {"run": row.pop("id"), **row, "metrics": listing.metrics(workspace, run_id)}
    if view.status.error:
        document["error"] = view.status.error
    return document


def metric_lines(metrics: Mapping[str, Any]) -> list[str]:
    """One line per metric, by its title; those over images and texts together come last."""
    given = {name: value for name, value in metrics.items() if isinstance(value, float)}
    return [
        f"  {title:<58}{value:,.0f}" if title.startswith(COUNTED) else f"  {title:<58}{value:.4f}"
        for title, value in evaluation.lines(given)
    ]


def time_of(seconds: float) -> str:
    """A moment as ISO 8601 in this machine's time zone."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def dataset_row(view: DatasetView) -> dict[str, Any]:
    """One dataset as a row of a list; `encoders` says how much of it each encoder has encoded."""
    encoders = [
        f"{each['key']} {each['modality']} {each['encoded']}/{each['total']}" for each in view.encoders
    ]
    return {
        "id": view.id, "rows": view.rows, "modalities": ", ".join(view.modalities), "encoders": "; ".join(encoders),
        "name": view.name, "kind": view.kind, "created": time_of(view.created), "note": view.lost or view.note,
        "augmented_views": "; ".join(f"{each.key} {each.text}" for each in view.views),
    }  # fmt: skip


def preview(seen: Preview) -> list[str]:
    """The lines that describe a previewed import."""
    mapping = ", ".join(f"{part}={value}" for part, value in seen.mapping.as_dict().items() if value)
    counts = ", ".join(f"{count} {name}" for name, count in seen.modalities.items())
    already = [f"Already imported as {seen.already_imported}."] if seen.already_imported else []
    return [
        f"{seen.name}: {seen.good} rows accepted ({counts}), {seen.refused} refused. Nothing is stored yet.",
        f"  columns: {mapping}" if mapping else "",
        *(f"  unused column {each.column}: {each.reason}" for each in seen.unused),
        *(line for number, item in enumerate(seen.examples, start=1) for line in _example(number, item)),
        *_notes(seen.notes), *_refusals(seen.refusals), *already,
    ]  # fmt: skip


def imported(report: ImportReport) -> list[str]:
    """The lines that describe a finished import."""
    if report.pictures:
        return [f"{report.dataset}: {report.pictures:,} deleted pictures are back."]
    if report.already:
        return [f"Already imported as {report.dataset}; nothing was stored twice."]
    there = f", {report.present} already present" if report.present else ""
    marked = (
        f", {report.duplicates} of them marked as duplicates of an earlier row" if report.duplicates else ""
    )
    first = f"{report.dataset}: {report.rows} rows stored{marked}{there}, {report.refused} refused."
    return [first, *_notes(report.notes), *_refusals(report.refusals)]


def _example(number: int, item: Item) -> list[str]:
    """One item as it would be stored, one line per part."""
    parts = example(item)
    metadata = parts.pop("metadata", {})
    shown = {**parts, **{f"metadata {key}": value for key, value in metadata.items()}}
    return [f"  example {number}", *(f"    {name}: {_cut(str(value))}" for name, value in shown.items())]


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _notes(notes: Sequence[str]) -> list[str]:
    return [f"  note: {note}" for note in notes]


def _refusals(refusals: Sequence[Refusal]) -> list[str]:
    shown = [
        f"  row {each.row}{f' ({each.id})' if each.id else ''}: {each.reason}" for each in refusals[:SHOWN]
    ]
    more = len(refusals) - SHOWN
    return [*shown, f"  … and {more} more; --refusals FILE writes all of them."] if more > 0 else shown


def encoding(report: EncodingReport) -> list[str]:
    """The lines that describe a finished encoding."""
    first = (
        f"{report.encoder_key}: {report.encoded} encoded in {report.seconds:.1f} s ({report.rate:.0f}/s),"
        f" {report.cached} already present{', stopped early' if report.stopped else ''}."
        f"{f' {report.views} augmented views per image.' if report.views else ''}"
    )
    return [first, *(f"  not encoded: {each.id}: {each.reason}" for each in report.failed[:SHOWN])]
