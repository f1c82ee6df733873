"""Lists of many: everything stands in a group, groups stand together, and labels name them."""

from __future__ import annotations

from itertools import groupby

import pytest

from qlatent.registry import HEADS, OBJECTIVES


@pytest.mark.parametrize(
    ("table", "groups"),
    [
        (HEADS, ["CLIP-ACQUA", "QSSL", "Baseline", "Projection"]),
        (OBJECTIVES, ["Reconstruction", "Geometry", "Contrast"]),
    ],
    ids=["heads", "objectives"],
)
def test_every_entry_stands_with_its_group(table, groups):
    assert [group for group, _ in groupby(table.values(), key=lambda entry: entry.group)] == groups
    assert all(entry.label.startswith(entry.group) for entry in table.values())
    assert len({entry.label for entry in table.values()}) == len(table)


def test_a_label_names_the_group_once():
    assert HEADS["acqua_twin"].label == "CLIP-ACQUA, classical twin"
    assert HEADS["pca"].label == "Baseline · PCA"
    assert OBJECTIVES["stress"].label == "Geometry · Stress"
