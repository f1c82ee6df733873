"""The report of heads that learned to find answers: by dimension, and by the share of the data they learned from."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qlatent.plots.scarcity import Growth, growth
from qlatent.provenance import commit
from qlatent.report import document
from qlatent.report.document import Part, version_of
from qlatent.services.experiments import grid
from qlatent.services.experiments.scarcity import Cell

PACKAGES = ("qlatent", "torch", "transformers", "numpy", "scipy")
CAVEATS = (
    "NDCG@10 with linear gain; the mean over held-out queries, each averaged over the seeds first. In brackets the "
    "95 % interval from resampling queries (2,000 times).",
    "A seed decides weights and batches; split and shares are the same for all. Of labelled items a share has two of "
    "each label before it has a third.",
    "Differences are paired by query. A star: p < 0.05 by sign changes over queries (10,000 draws) after Holm's "
    "correction over the heads of that column. They speak of these seeds, not of all that could be "
    "drawn; the deviation over seeds stands behind ±.",
)  # fmt: skip


def write(
    table: Sequence[Cell], folder: Path, *, name: str, title: str, reference: str, settings: Mapping[str, Any],
    command: str, picture: str = "",
) -> list[Path]:  # fmt: skip
    """Write `name`.html and `name`.md of these cells into `folder`; the paths. `picture` is an image of the figure."""
    return document.write(
        folder,
        name,
        title,
        parts(table, reference=reference, settings=settings, command=command, picture=picture),
    )


def parts(
    table: Sequence[Cell], *, reference: str, settings: Mapping[str, Any], command: str, picture: str = ""
) -> list[Part]:
    """The sections of the report: one table a dimension, and the figure where there are several shares."""
    dims, shares = (sorted({getattr(each, key) for each in table}) for key in ("dim", "share"))
    found = []
    if len(shares) > 2 or len(dims) == 1:
        for dim in dims:
            lead = f"NDCG@10, {dim} dimensions; behind the comma less that of {grid.title(reference)}."
            found.append(Part("By share of the training queries", lead, by_share(table, dim)))
            if len(shares) > 2:
                found.append(
                    Part("The same as a figure", figure=growth(courses(table, dim)), picture=picture)
                )
    if len(dims) > 1:
        for share in shares:
            lead = f"NDCG@10; behind the comma less that of {grid.title(reference)} of the same dimension."
            heading = (
                f"By dimension, trained on {share:.0%} of the queries" if share else "By dimension, as drawn"
            )
            found.append(Part(heading, lead, by_dimension(table, share)))
    versions = [[each, version_of(each)] for each in PACKAGES]
    about = [["Command", command], *([key, str(value)] for key, value in settings.items())]
    about += [
        ["Seeds", _seeds(table)],
        ["Commit", commit()],
        ["Python", platform.python_version()],
        *versions,
    ]
    return [
        *found,
        Part("How it was made", table=(("What", "Value"), about)),
        Part("How to read this", points=CAVEATS),
    ]


def _seeds(table: Sequence[Cell]) -> str:
    fewest, most = (pick(each.seeds for each in table) for pick in (min, max))
    return str(most) if fewest == most else f"{most}; {fewest} where trainings are missing"


def by_share(table: Sequence[Cell], dim: int) -> tuple[list[str], list[list[str]]]:
    """Heads × shares."""
    here = [each for each in table if each.dim == dim]
    shares = sorted({each.share for each in here})
    return ["Head", *(f"{share:.0%}" if share else "as drawn" for share in shares)], _lines(
        here, "share", shares
    )


def by_dimension(table: Sequence[Cell], share: float) -> tuple[list[str], list[list[str]]]:
    """Heads × dimensions, the largest first."""
    here = [each for each in table if each.share == share]
    dims = sorted({each.dim for each in here}, reverse=True)
    return ["Head", *map(str, dims)], _lines(here, "dim", dims)


def _lines(table: Sequence[Cell], key: str, places: Sequence[float]) -> list[list[str]]:
    known = {(each.head, getattr(each, key)): each for each in table}
    heads = list(dict.fromkeys(each.head for each in table))
    return [
        [grid.title(head), *(said(known[head, place]) if (head, place) in known else "–" for place in places)]
        for head in heads
    ]


def said(cell: Cell) -> str:
    """Value, interval, deviation over seeds, and the difference."""
    spread = f" ± {cell.spread:.3f}" if cell.seeds > 1 else ""
    text = f"{cell.value:.3f}{spread} ({cell.low:.3f}–{cell.high:.3f})"
    if cell.against is None:
        return text
    star = "*" if cell.against.p_holm < 0.05 else ""
    return f"{text}, {cell.against.difference.mean:+.3f}{star}"


def courses(table: Sequence[Cell], dim: int) -> list[Growth]:
    """The lines of the figure."""
    found = []
    for head in dict.fromkeys(each.head for each in table):
        own = sorted(
            (each for each in table if (each.head, each.dim) == (head, dim)), key=lambda each: each.share
        )
        columns = zip(*((each.share, each.value, each.low, each.high) for each in own), strict=True)
        found.append(Growth(grid.title(head), *map(list, columns)))
    return found
