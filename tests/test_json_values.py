"""Values as JSON has them: read back by a strict parser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qlatent.json_values import plain


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (float("nan"), None), (float("-inf"), None), (np.float32("inf"), None), (0.5, 0.5), (True, True), (3, 3),
        (np.int64(3), 3), (np.array([1.0, np.nan]), [1.0, None]), ((1, {2}), [1, [2]]),
        ({1: {"a": np.bool_(False)}}, {"1": {"a": False}}),
        (np.str_("a"), "a"), (Path("a/b"), "a/b"), (b"ab", "b'ab'"), (range(2), [0, 1]), (None, None),
    ],
)  # fmt: skip
def test_any_value_becomes_json(value: object, wanted: object) -> None:
    assert plain(value) == wanted
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == wanted
