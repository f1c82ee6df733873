"""Writes the report of trained networks on a device's noise: accuracies, differences and confusion matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

from qlatent.provenance import commit
from qlatent.report import document
from qlatent.report.document import Part, version_of
from qlatent.report.reproduction import confusion_parts
from qlatent.services.experiments.on_device import MODES, PUBLISHED
from qlatent.services.experiments.reproduction import VARIANTS, Row

NAME, TITLE = "qssl_on_device", "Quantum self-supervised learning on a device's noise: the paper's Fig. 6"
PACKAGES = ("qlatent", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "torch")
SOURCE = (
    "Jaderberg et al. 2021 (arXiv 2103.14653, Fig. 6) classify 900 test images with 100 shots each on ibmq_paris, "
    "every circuit recompiled for it. Here the device is its twin: the best line of its qubits with the gate and "
    "readout errors of a calibration snapshot. The classifier is the linear probe that was trained on exact outputs."
)
CAVEATS = (
    "A snapshot is one day of the device. Noise models made of it are a best case: crosstalk, drift and the errors of "
    "idle qubits are missing. Nothing here was run on a device.",
    "The published 47.00 % is of one network on the device, 47.27 % of the best classical one; a row here is the mean "
    "over seeds.",
    "Intervals are Student's t over the seeds (95 %), with the same images, shots and noise in every row. Two or three "
    "seeds give wide intervals.",
    "Recompiling needs the exact state of every image, so it cannot be faster than simulating.",
)  # fmt: skip
Contrast = tuple[tuple[str, str], tuple[str, str]]
CONTRASTS: tuple[Contrast, ...] = (
    (("ring", "shots"), ("ring", "exact")),
    (("ring", "device"), ("ring", "shots")),
    (("ring", "recompiled"), ("ring", "device")),
    (("ring", "recompiled"), ("ring", "shots")),
    (("ring", "recompiled"), ("classical", "exact")),
)


def write(rows: Sequence[Row], folder: Path, *, command: str) -> list[Path]:
    """Write qssl_on_device.html and qssl_on_device.md into `folder`; returns the paths."""
    return document.write(folder, NAME, TITLE, parts(rows, command=command))


def parts(rows: Sequence[Row], *, command: str) -> list[Part]:
    """The sections of the report."""
    images, shots = rows[0]["images"], rows[0]["shots"]
    lead = f"In percent, of {images} test images with {shots} shots; mean over seeds with its 95 % interval."
    return [
        Part("Accuracy of the linear probe", lead, accuracy_table(rows)),
        Part("Differences", "In percentage points, seed by seed.", difference_table(rows)),
        Part("Circuits", "Two-qubit gates after transpiling: the largest of all images.", gate_table(rows)),
        *_confusions(rows),
        Part("Method", SOURCE, table=(("Setting", "Value"), _settings(rows, command))),
        Part("How to read this", points=CAVEATS),
    ]


def accuracy_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """One line for each variant and mode, with the published value where there is one."""
    lines = []
    for variant, mode in _present(rows):
        values = list(_values(rows, variant, mode).values())
        printed = PUBLISHED.get("classical" if variant == "classical" else mode)
        lines.append([
            _titled(variant, mode), str(len(values)), f"{mean(values):.2f}", _interval(values),
            f"{printed:.2f}" if printed else "",
        ])  # fmt: skip
    return ["Network", "Seeds", "Accuracy", "95 % interval", "Published (one network)"], lines


def difference_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Paired differences over the seeds that both have."""
    lines = []
    for first, second in CONTRASTS:
        one, other = _values(rows, *first), _values(rows, *second)
        pairs = [one[seed] - other[seed] for seed in sorted(set(one) & set(other))]
        if pairs:
            names = [_titled(*each) for each in (first, second)]
            lines.append([*names, f"{mean(pairs):+.2f}", _interval(pairs, sign=True), str(len(pairs))])
    return ["First", "Second", "Difference", "95 % interval", "Seeds"], lines


def gate_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Two-qubit gates, and of recompiled circuits the overlap with the wanted state."""
    lines = []
    for row in rows:
        if "pair_gates" not in row:
            continue
        said = ["", ""]
        if "mean_overlap" in row:
            said = [f"{row['mean_overlap']:.4f}", f"{row['reached']} of {row['n']}"]
        name = f"{_titled(row['variant'], row['mode'])}, seed {row['seed']}"
        lines.append([name, str(row["pair_gates"]), *said, f"{row['seconds']:.0f} s"])
    return ["Network", "Two-qubit gates", "Mean overlap", "Images that reach it", "CPU"], lines


def _titled(variant: str, mode: str) -> str:
    return f"{VARIANTS[variant].title.removesuffix(', exact')}, {MODES[mode]}"


def _present(rows: Sequence[Row]) -> list[tuple[str, str]]:
    there = {(row["variant"], row["mode"]) for row in rows}
    return [(variant, mode) for variant in VARIANTS for mode in MODES if (variant, mode) in there]


def _values(rows: Sequence[Row], variant: str, mode: str) -> dict[int, float]:
    """Accuracy in percent by seed."""
    return {
        row["seed"]: 100 * row["accuracy"] for row in rows if (row["variant"], row["mode"]) == (variant, mode)
    }


def _interval(values: Sequence[float], *, sign: bool = False) -> str:
    if len(values) < 2:
        return "–"
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    form = "+.2f" if sign else ".2f"
    return f"{mean(values) - half:{form}} to {mean(values) + half:{form}}"


def _confusions(rows: Sequence[Row]) -> list[Part]:
    """Confusion matrices of the recompiled circuits and of the classical twin, all seeds together."""
    found: list[Part] = []
    for variant, mode in (("ring", "recompiled"), ("classical", "exact")):
        chosen = [row for row in rows if (row["variant"], row["mode"]) == (variant, mode)]
        if chosen:
            found += confusion_parts(f"Confusion: {_titled(variant, mode)}", chosen)
    return found


def _settings(rows: Sequence[Row], command: str) -> list[list[str]]:
    first = rows[0]
    return [
        ["Command", command],
        ["Device", first["device"]],
        ["Images and shots", f"{first['images']} and {first['shots']}"],
        ["Wanted overlap", f"{first['overlap']:g}"],
        ["Commit of this report", commit()],
        *([name, version_of(name)] for name in PACKAGES),
    ]
