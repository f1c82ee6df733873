"""Records of an import: its request, preview and report, and the refused rows as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qlatent.errors import InputError
from qlatent.ingest import Column, Limits, Mapping, SourcePath, Unused, unused
from qlatent.services.datasets.csv_text import csv_of
from qlatent.types import Item, Refusal

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Bring:
    """A source to import with its options: image folder of a table, limits, display name."""

    path: SourcePath
    images: str | Path | None = None
    limits: Limits | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The expected result of an import, before anything is stored."""

    bring: Bring
    name: str
    kind: str
    columns: tuple[Column, ...]
    mapping: Mapping
    first: tuple[Item, ...]  # the first accepted rows
    good: int
    refusals: tuple[Refusal, ...]
    modalities: dict[str, int]  # modality → number of items
    notes: tuple[str, ...]
    fingerprint: str
    already_imported: str | None  # an existing dataset with exactly this content
    problem: InputError | None = None  # why there are no rows

    @property
    def refused(self) -> int:
        """Number of refused rows."""
        return len(self.refusals)

    @property
    def unused(self) -> tuple[Unused, ...]:
        """The unused columns with their reasons."""
        return unused(self.columns, self.mapping)

    @property
    def examples(self) -> tuple[Item, ...]:
        """The first items in the form that would be stored."""
        return self.first[:EXAMPLES]

    def nothing_kept(self) -> InputError:
        """The error for an import without accepted rows."""
        return self.problem or none_kept(self.name, self.refusals)

    def document(self) -> dict[str, Any]:
        """The preview as JSON values, without images."""
        return {
            "source": self.name, "kind": self.kind, "rows": self.good, "refused": self.refused,
            "mapping": self.mapping.as_dict(), "modalities": self.modalities,
            "columns": [
                {"name": each.name, "type": each.type, "sample": each.sample} for each in self.columns
            ],
            "refusals": _plain(self.refusals), "notes": list(self.notes), "already": self.already_imported,
            "unused": [asdict(each) for each in self.unused],
            "examples": [example(item) for item in self.examples],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Result of an import: `rows` added and `present` before; `already`: the source was imported before.

    `pictures` of an earlier import were put back: they were deleted with a severe decision that was undone.
    """

    dataset: str
    name: str
    rows: int = 0
    refused: int = 0
    duplicates: int = 0  # rows with the content of an earlier row; kept and marked
    present: int = 0
    already: bool = False
    pictures: int = 0
    notes: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    refusals_path: str = ""  # relative to the workspace; "" when nothing was refused

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "dataset": self.dataset, "name": self.name, "rows": self.rows, "refused": self.refused,
            "duplicates": self.duplicates, "present": self.present, "already": self.already,
            "pictures": self.pictures,
            "notes": list(self.notes), "refusals": _plain(self.refusals), "refusals_path": self.refusals_path,
        }  # fmt: skip


def none_kept(name: str, refusals: Sequence[Refusal]) -> InputError:
    """The error for a source without accepted rows, with the reason for its first row."""
    first = refusals[0] if refusals else Refusal(0, "there are no rows")
    return InputError(
        f"None of the {len(refusals):,} rows of {name} can be kept; row {first.row}: {first.reason}.",
        remedy="Correct the file, or map other columns. Nothing was stored.",
    )


def example(item: Item) -> dict[str, Any]:
    """An item as JSON values without missing parts; images and vectors are described by their size."""
    parts = {
        "id": item.id, "text": item.text, "label": item.label, "split": item.split,
        "image": None if item.image is None else f"{len(item.image):,} bytes",
        "further pictures": len(item.pictures) or None,
        **{f"{name} vector" if name != "vector" else name: _shown(vector) for name, vector in item.vectors.items()},
        "metadata": item.metadata or None,
    }  # fmt: skip
    return {name: value for name, value in parts.items() if value is not None}


def _shown(vector: np.ndarray) -> str:
    """The first numbers of a vector and its length."""
    numbers = ", ".join(f"{number:.3g}" for number in vector[:3].tolist())
    return f"[{numbers}{', …' if len(vector) > 3 else ''}] {len(vector)} numbers"


def refusals_csv(refusals: Iterable[Refusal]) -> str:
    """The refused rows as CSV: row, id, reason."""
    rows = [(refusal.row, refusal.id, refusal.reason) for refusal in refusals]
    return csv_of(pd.DataFrame(rows, columns=["row", "id", "reason"]))


def _plain(refusals: Iterable[Refusal]) -> list[dict[str, Any]]:
    return [{"row": each.row, "id": each.id, "reason": each.reason} for each in refusals]
