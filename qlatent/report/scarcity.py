"""Writes the report of heads trained for retrieval: by dimension, and by the share of the training data."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qlatent.plots.scarcity import Growth, growth
from qlatent.provenance import commit
from qlatent.report import document
from qlatent.report.document import Part, version_of
from qlatent.services.experiments import grid
from qlatent.services.experiments.scarcity import Cell

LEVEL = 0.05  # a corrected p below this is significant
PACKAGES = ("qlatent", "torch", "transformers", "numpy", "scipy")
CAVEATS = (
    "NDCG@10 with linear gain; the mean over held-out queries, each averaged over the seeds first. Brackets: 95 % "
    "interval from resampling queries (2,000 times).",
    "A seed decides weights and batches; split and shares are the same for all. A share of labelled items contains two "
    "of each label before it contains a third.",
    "Differences are paired by query. Star: p < 0.05 by a sign-flip permutation test over queries (10,000 draws), "
    "after Holm's correction over the heads of that column. They are about these seeds, not about all possible seeds; "
    "± is the standard deviation over seeds.",
)  # fmt: skip


def write(
    table: Sequence[Cell], folder: Path, *, name: str, title: str, reference: str, settings: Mapping[str, Any],
    command: str, picture: str = "",
) -> list[Path]:  # fmt: skip
    """Write `name`.html and `name`.md into `folder`; returns the paths. `picture` is an image of the figure."""
    return document.write(
        folder,
        name,
        title,
        parts(table, reference=reference, settings=settings, command=command, picture=picture),
    )


def parts(
    table: Sequence[Cell], *, reference: str, settings: Mapping[str, Any], command: str, picture: str = ""
) -> list[Part]:
    """The sections of the report: the answer, one table per dimension, and a figure if there are several shares."""
    dims, shares = (sorted({getattr(each, key) for each in table}) for key in ("dim", "share"))
    found = [Part("Answer", points=answer(table, reference=reference))]
    if len(shares) > 2 or len(dims) == 1:
        for dim in dims:
            lead = f"NDCG@10 at {dim} dimensions; after the comma, the difference to {grid.title(reference)}."
            found.append(Part("By share of the training queries", lead, by_share(table, dim)))
            if len(shares) > 2:
                found.append(
                    Part("NDCG@10 against the share", figure=growth(courses(table, dim)), picture=picture)
                )
    if len(dims) > 1:
        for share in shares:
            lead = (
                f"NDCG@10; after the comma, the difference to {grid.title(reference)} of the same dimension."
            )
            heading = (
                f"By dimension, trained on {share:.0%} of the queries" if share else "By dimension, untrained"
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
        Part("Method", table=(("Setting", "Value"), about)),
        Part("How to read this", points=CAVEATS),
    ]


def answer(table: Sequence[Cell], *, reference: str) -> list[str]:
    """Up to three sentences about the largest share: by dimension, the best head, and the heads that differ."""
    share = max((each.share for each in table), default=0.0)
    sentences = []
    for dim in sorted({each.dim for each in table}, reverse=True)[:3]:
        here = {each.head: each for each in table if (each.dim, each.share) == (dim, share)}
        best = max(here.values(), key=lambda each: each.value)
        text = (
            f"At {dim} dimensions, on {share:.0%} of the training queries, {grid.title(best.head)} is best "
            f"({best.value:.3f})"
        )
        if reference in here and best.head != reference:
            text += f"; {grid.title(reference)} has {here[reference].value:.3f}"
        for word, names in (
            ("above", _significant(here.values(), 1)),
            ("below", _significant(here.values(), -1)),
        ):
            text += f"; significantly {word} {grid.title(reference)}: {', '.join(names)}" if names else ""
        sentences.append(f"{text}.")
    return sentences


def _significant(cells: Iterable[Cell], sign: int) -> list[str]:
    """Heads whose difference to the reference has this sign and a corrected p below 0.05."""
    return [
        grid.title(each.head)
        for each in cells
        if each.against and each.against.p_holm < LEVEL and sign * each.against.difference.mean > 0
    ]


def _seeds(table: Sequence[Cell]) -> str:
    fewest, most = (pick(each.seeds for each in table) for pick in (min, max))
    return str(most) if fewest == most else f"{most}; {fewest} for heads with missing trainings"


def by_share(table: Sequence[Cell], dim: int) -> tuple[list[str], list[list[str]]]:
    """NDCG@10 of heads × shares."""
    here = [each for each in table if each.dim == dim]
    shares = sorted({each.share for each in here})
    return ["Head", *(f"{share:.0%}" if share else "untrained" for share in shares)], _lines(
        here, "share", shares
    )


def by_dimension(table: Sequence[Cell], share: float) -> tuple[list[str], list[list[str]]]:
    """NDCG@10 of heads × dimensions, the largest first."""
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
    """A cell as text: value, deviation over seeds, interval, and the difference to the reference."""
    spread = f" ± {cell.spread:.3f}" if cell.seeds > 1 else ""
    text = f"{cell.value:.3f}{spread} ({cell.low:.3f}–{cell.high:.3f})"
    if cell.against is None:
        return text
    star = "*" if cell.against.p_holm < LEVEL else ""
    return f"{text}, {cell.against.difference.mean:+.3f}{star}"


def courses(table: Sequence[Cell], dim: int) -> list[Growth]:
    """The lines of the figure, one per head."""
    found = []
    for head in dict.fromkeys(each.head for each in table):
        own = sorted(
            (each for each in table if (each.head, each.dim) == (head, dim)), key=lambda each: each.share
        )
        columns = zip(*((each.share, each.value, each.low, each.high) for each in own), strict=True)
        found.append(Growth(grid.title(head), *map(list, columns)))
    return found
