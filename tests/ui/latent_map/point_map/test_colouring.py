"""Columns as colours: ramps over a fixed range, and classes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.ui.latent_map.point_map import classes, colouring, filled, ramp, ranked


def test_a_ramp_runs_over_its_span_and_marks_what_has_no_value() -> None:
    found = ramp([0.0, 5.0, 10.0, 20.0, -3.0, np.nan, np.inf], label="price", span=(0, 10))
    assert found.codes.tolist() == [0, 127, 254, 254, 0, 255, 255]
    assert (found.low, found.high, found.codes.dtype) == (0.0, 10.0, np.uint8)


def test_a_ramp_without_a_span_leaves_out_a_hundredth_at_each_end() -> None:
    values = np.arange(1001.0)
    found = ramp(values, label="price")
    assert (found.low, found.high) == (10.0, 990.0)
    assert ramp([np.nan], label="price").codes.tolist() == [255]
    assert ramp([4.0, 4.0], label="price").codes.tolist() == [0, 0]


def test_classes_are_numbered_by_name_and_what_is_empty_has_no_value() -> None:
    found = classes(["tea", "", None, "rice", float("nan"), 7, "tea"], label="kind")
    assert list(found.names) == ["7", "rice", "tea", "no value"]
    assert found.codes.tolist() == [2, 3, 3, 1, 3, 0, 2]
    assert found.missing == 3
    assert classes(["a", "b"], label="kind").missing is None


def test_more_than_256_classes_take_two_bytes() -> None:
    names = [f"{number:04d}" for number in range(300)]
    found = classes(names, label="kind")
    assert found.codes.dtype == np.uint16 and found.codes.tolist() == list(range(300))
    with pytest.raises(InputError, match="70,000 different values"):
        classes([str(number) for number in range(70_000)], label="key")


def test_own_colours_are_given_by_name() -> None:
    found = classes(["a", "b", "a"], label="kind", colours={"a": "#112233"})
    assert list(found.colours or ()) == ["#112233", "#9a9a9a"]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_default_colours_are_those_that_the_map_draws() -> None:
    names = [f"class {number:02}" for number in range(24)] + [""]
    values = [name for rank, name in enumerate(names) for _ in range(40 - rank if rank != 3 else 60)]
    given = classes(values, label="Kind", top=22)
    script = Path(colouring.__file__).with_name("script") / "colours.js"
    counts = np.bincount(given.codes).tolist()
    asked = {"kind": "classes", "names": list(given.names), "top": given.top, "missing": given.missing}
    call = f"const found = coloured({json.dumps(asked)}, {counts});"
    told = "console.log(JSON.stringify([found.colours, found.ranked]));"
    code = "\n".join([script.read_text(encoding="utf-8"), call, told])
    said = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [list(filled(given)), ranked(given)]
