"""Writes the report of the reproduced QSSL table: answer, accuracies next to the published ones, differences."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import numpy as np

from qlatent.plots import comparison as plots
from qlatent.plots.reproduction import Course, accuracies
from qlatent.provenance import commit
from qlatent.report import document
from qlatent.report.document import Part, version_of
from qlatent.services.experiments import reproduction
from qlatent.services.experiments.reproduction import AS_PUBLISHED, HONEST, STEPS, VARIANTS, Contrast, Row

TITLE = "Quantum self-supervised learning: the published table, reproduced"
WIDTH = 8
LEVEL = 0.05  # a difference is reported if its corrected p is below this
MAIN = ("ring", "classical")
NOTHING = "Nothing is finished yet."
PACKAGES = ("qlatent", "torch", "torchvision", "numpy", "scipy", "numba")
SOURCE = (
    "Jaderberg et al. 2021 (arXiv 2103.14653, code bjader/QSSL): ResNet-18 from scratch, a representation network of "
    "W = 8, NT-Xent of two augmented views, 176 batches of 256 of the first five classes of CIFAR-10 (25,000 images "
    "for training, 5,000 for testing)."
)
CAVEATS = (
    "The images are JPEG copies (quality 75) of CIFAR-10's, not the original pixels. A linear probe on 200 principal "
    "pixels differs by 0.2 points between the two.",
    "Honest probe: a linear layer on frozen features, a tenth of the training images held back, tested once after its "
    "last epoch. As published: trained on augmented images for 100 epochs; the best of the 100 accuracies on the test "
    "images is reported, which is biased upwards. The published values are of the second kind.",
    "Spreads are population standard deviations over seeds, as in the published code. A seed decides weights, views "
    "and the order of batches; the split is that of CIFAR-10.",
    "Differences have Welch's 95 % interval. p comes from a permutation test over seeds, twice the smaller tail, with "
    "Holm's correction for all rows. Smallest p: the smallest p that this number of seeds can give.",
    "The quantum layer is simulated. Nothing here is about an advantage on a device.",
)  # fmt: skip


def write(table: Sequence[Row], folder: Path, *, command: str, picture: str = "") -> list[Path]:
    """Write qssl.html and qssl.md into `folder`; returns the paths. `picture` is an image of the figure."""
    return document.write(folder, "qssl", TITLE, parts(table, command=command, picture=picture))


def parts(table: Sequence[Row], *, command: str, picture: str = "") -> list[Part]:
    """The sections of the report."""
    made = reproduction.contrasts(table, width=WIDTH)
    found = [
        Part("Answer", points=answer(table, made)),
        Part("Accuracy of the linear probe", "In percent, mean ± deviation over seeds, by number of batches.",
             accuracy_table(table)),
        Part("Comparison with the published means", "Dashed: published (by the other protocol).",
             figure=accuracies(courses(table)), picture=picture),
        Part("Differences after the last batch", "In percentage points, honest probe.", contrast_table(made)),
        Part("All comparisons", points=in_words(table, made)),
    ]  # fmt: skip
    published = reproduction.contrasts(table, width=WIDTH, protocol=AS_PUBLISHED)
    if published:
        found.append(Part("Differences by the published protocol", table=contrast_table(published)))
    found += _confusions(table)
    widths = width_table(table)
    if widths[1]:
        found.append(Part("Width of the bottleneck", "Honest probe after the last batch (seeds).", widths))
    found.append(Part("Method", SOURCE, table=(("Setting", "Value"), _settings(table, command))))
    found.append(Part("How to read this", points=CAVEATS))
    return found


def answer(table: Sequence[Row], made: Sequence[Contrast]) -> list[str]:
    """Up to three sentences: ring against twin with the published means, the controls, and what is significant."""
    means = {name: mean(values) for name in VARIANTS if (values := _values(table, name, max(STEPS)))}
    sentences = [_ring_and_twin(each, means) for each in made if (each.first, each.second) == MAIN]
    controls = [f"{VARIANTS[name].title} {value:.1f} %" for name, value in means.items() if name not in MAIN]
    if controls:
        sentences.append(f"Other variants: {'; '.join(controls)}.")
    if made:
        significant = sum(each.p_holm < LEVEL for each in made)
        sentences.append(
            f"{significant} of {len(made)} differences are significant after Holm's correction (p < {LEVEL})."
        )
    return sentences or [NOTHING]


def _ring_and_twin(each: Contrast, means: dict[str, float]) -> str:
    ring, twin = (VARIANTS[name] for name in MAIN)
    published = ring.published[-1] - twin.published[-1]
    return (
        f"After {max(STEPS)} batches {ring.title} has {means[each.first]:.1f} % accuracy and {_within(twin.title)} "
        f"{means[each.second]:.1f} %: {each.difference:+.1f} points (95 % interval {each.low:+.1f} to "
        f"{each.high:+.1f}; published {published:+.1f})."
    )


def in_words(table: Sequence[Row], made: Sequence[Contrast]) -> list[str]:
    """Each difference as a sentence, which contrasts had too few seeds, and which seeds are missing."""
    titles = {name: each.title for name, each in VARIANTS.items()}
    points = []
    for each in made:
        points.append(
            f"{titles[each.first]} minus {_within(titles[each.second])}: {each.difference:+.2f} points "
            f"({each.low:+.2f} to {each.high:+.2f}; {each.seeds[0]} and {each.seeds[1]} seeds): {_sure(each)}."
        )
    reach = reproduction.within_reach(made, level=LEVEL)
    if not all(reach):
        seeds = {
            f"{each.seeds[0]} against {each.seeds[1]}"
            for each, can in zip(made, reach, strict=True)
            if not can
        }
        points.append(
            f"{reach.count(False)} of {len(made)} contrasts ({', '.join(sorted(seeds))} seeds) could not have become "
            f"significant after Holm's correction, because they have too few seeds."
        )
    missing = [
        f"{each.title} ({count} of {each.seeds})"
        for name, each in VARIANTS.items()
        if (count := len(_values(table, name, max(STEPS)))) < each.seeds
    ]
    if missing:
        points.append(f"Missing seeds: {'; '.join(missing)}.")
    return points or [NOTHING]


def _sure(found: Contrast) -> str:
    """The verdict on a contrast: by its corrected p first, then by its interval."""
    if found.p_holm < LEVEL:
        return "significant"
    if found.low > 0 or found.high < 0:
        return f"the interval excludes 0, but the corrected p is {found.p_holm:.2f}"
    return "no significant difference"


def _within(title: str) -> str:
    """A title inside a sentence, with a lower-case first letter."""
    return title[0].lower() + title[1:]


def _values(
    table: Sequence[Row], name: str, step: int, *, protocol: str = HONEST, width: int = WIDTH
) -> list[float]:
    wanted = (name, width, protocol, step)
    return [
        100 * row["accuracy"] for row in table
        if (row["variant"], row["width"], row["protocol"], row["step"]) == wanted
    ]  # fmt: skip


def _said(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.2f}" if values else "–"
    return f"{mean(values):.2f} ± {pstdev(values):.2f}"


def _counted(values: Sequence[float]) -> str:
    return f"{_said(values)} ({len(values)})" if values else "not measured"


def accuracy_table(table: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Variants × steps; the published row, if there is one, follows the measured row."""
    columns = ["Variant", "Seeds", *(str(step) for step in STEPS), "As published, 176 (seeds)"]
    lines = []
    for name, each in VARIANTS.items():
        measured = [_values(table, name, step) for step in STEPS]
        loose = _values(table, name, max(STEPS), protocol=AS_PUBLISHED)
        lines.append([each.title, str(len(measured[-1])), *map(_said, measured), _counted(loose)])
        if each.published:
            paper = [f"{value:.2f}" for value in each.published[:-1]]
            last = f"{each.published[-1]:.2f} ± {each.deviation:.2f}"
            source = "authors' data" if each.in_text else "published"
            lines.append([f"– {source}: {_within(each.title)}", "6", *paper, "", last])
        if each.in_text:
            told = "{:.2f} ± {:.2f}".format(*each.in_text)
            lines.append([f"– the paper's text: {_within(each.title)}", "6", *[""] * len(STEPS), told])
    return columns, lines


def contrast_table(made: Sequence[Contrast]) -> tuple[list[str], list[list[str]]]:
    """Contrasts with intervals and p values, one row each."""
    columns = [
        "First",
        "Second",
        "Difference",
        "95 % interval (Welch)",
        "p (permutation)",
        "p (Holm)",
        "Smallest p",
        "Seeds",
    ]
    lines = [
        [VARIANTS[each.first].title, VARIANTS[each.second].title, f"{each.difference:+.2f}",
         f"{each.low:+.2f} to {each.high:+.2f}", f"{each.p:.3f}", f"{each.p_holm:.3f}",
         f"{each.least:.3f}", f"{each.seeds[0]} and {each.seeds[1]}"]
        for each in made
    ]  # fmt: skip
    return columns, lines


def courses(table: Sequence[Row]) -> list[Course]:
    """The lines of the figure, one per variant with a finished seed."""
    found = []
    for name, each in VARIANTS.items():
        values = [_values(table, name, step) for step in STEPS]
        if all(values):
            spread = [pstdev(at) for at in values]
            found.append(Course(each.title, STEPS, [mean(at) for at in values], spread, each.published))
    return found


def width_table(table: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Variants × widths, for variants that were also trained at other widths than 8."""
    widths = sorted({row["width"] for row in table})
    names = [
        name for name in VARIANTS if any(row["variant"] == name and row["width"] != WIDTH for row in table)
    ]
    lines = [
        [VARIANTS[name].title, *(_counted(_values(table, name, max(STEPS), width=width)) for width in widths)]
        for name in names
    ]
    return ["Variant", *(f"W = {width}" for width in widths)], lines


def _confusions(table: Sequence[Row]) -> list[Part]:
    """Mean confusion matrices of twin and ring after the last batch, as in the paper's Fig. 6."""
    found: list[Part] = []
    for name in ("classical", "ring"):
        rows = [
            row for row in table
            if (row["variant"], row["width"], row["protocol"], row["step"]) == (name, WIDTH, HONEST, max(STEPS))
        ]  # fmt: skip
        if not rows:
            continue
        heading = f"Confusion after the last batch: {_within(VARIANTS[name].title)}"
        found += confusion_parts(heading, rows)
    return found


def confusion_parts(heading: str, rows: Sequence[Row]) -> list[Part]:
    """The confusion matrices of these rows together, as a table of shares and as a figure of counts."""
    total = np.sum([row["confusion"] for row in rows], axis=0)
    classes = rows[0]["classes"]
    share = total / total.sum(axis=1, keepdims=True)
    cells = [[label, *(f"{value:.1%}" for value in line)] for label, line in zip(classes, share, strict=True)]
    lead = f"Rows: true class; columns: predicted class. All {len(rows)} seeds together."
    table = Part(heading, lead, (["", *classes], cells))
    return [table, Part("", figure=plots.confusion(classes, total.tolist()))]


def _settings(table: Sequence[Row], command: str) -> list[list[str]]:
    seconds = sum(row.get("seconds") or 0 for row in table)
    lines: list[list[str]] = [
        ["Command", command],
        ["Trainings", str(len({(row["variant"], row["width"], row["seed"]) for row in table}))],
        ["Settings", ", ".join(f"{key}={value}" for key, value in reproduction.TRAINING.items())],
        ["Hours on one core, all trainings", f"{seconds / 3600:.1f}"],
        ["Commit of this report", commit()],
        ["Python", platform.python_version()],
    ]
    versions: Any = [[name, version_of(name)] for name in PACKAGES]
    return lines + versions
