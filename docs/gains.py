"""Print the differences of a head to others in one or several experiments, and their mean over the experiments.

python docs/gains.py docs/reports/coco-image.parquet docs/reports/coco-text.parquet [--head acqua]

Differences are paired by seed, with 95 % intervals (Student's t). The mean is taken seed by seed, so its interval
is over seeds too. The best classical head has no mean, because it may differ from table to table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from qlatent.metrics.statistics.differences import Difference, paired
from qlatent.services.experiments.comparison import Contrast, Row, by_seed, contrasts, values

METRICS = ("spearman", "neighbour_overlap")


def said(found: Difference, against: str = "") -> str:
    told = f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    return f"{told}, {against}" if against else told


def mean(tables: list[list[Row]], made: list[Contrast]) -> Difference:
    """The paired difference of two heads, averaged over tables seed by seed."""
    own, others = [], []
    for table, one in zip(tables, made, strict=True):
        seeds = by_seed(table)
        own.append(values(seeds[(one.head, one.objective, one.dim), one.metric]))
        others.append(values(seeds[(one.against, one.against_objective, one.dim), one.metric]))
    return paired(over_tables(own), over_tables(others))


def over_tables(known: list[dict[int, float]]) -> dict[int, float]:
    """Mean over tables by seed, for the seeds that all tables have."""
    return {
        seed: sum(each[seed] for each in known) / len(known) for seed in set.intersection(*map(set, known))
    }


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("tables", type=Path, nargs="+")
parser.add_argument("--head", default="acqua")
given = parser.parse_args()

tables = [pd.read_parquet(path).to_dict("records") for path in given.tables]
columns: dict[str, list[str]] = {}
for metric in METRICS:
    made = [[each for each in contrasts(table, metric) if each.head == given.head] for table in tables]
    for role in ("PCA", "twin", "best classical"):
        chosen = [next(each for each in of if role in each.role) for of in made]
        own = role == "best classical"
        cells = [said(each.difference, each.against if own else "") for each in chosen]
        columns[f"{metric}, less {role}"] = [*cells, "" if own else said(mean(tables, chosen))]

print(f"| {given.head} |", " | ".join(columns), "|")
print("|---" * (len(columns) + 1) + "|")
for number, name in enumerate([*(path.stem for path in given.tables), "mean"]):
    print(f"| {name} |", " | ".join(column[number] for column in columns.values()), "|")
