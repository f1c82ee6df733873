"""key=value, as people write it."""

from __future__ import annotations

import pytest

from qlatent import assignments


def test_a_pair_is_split_at_its_first_equals_sign() -> None:
    assert assignments.split("a=b=c") == ("a", "b=c")
    assert assignments.split("a=") == ("a", "")


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_what_has_no_key_or_no_equals_sign_is_none(text: str) -> None:
    assert assignments.split(text) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("4", 4),
        ("0.5", 0.5),
        ('["a"]', ["a"]),
        ("null", None),
        ("True", True),
        ("False", False),
        ("ring", "ring"),
    ],
)
def test_a_value_is_json_or_text(text: str, wanted: object) -> None:
    assert assignments.value_of(text) == wanted


def test_json_too_deep_to_read_is_text() -> None:
    deep = "[" * 100_000
    assert assignments.value_of(deep) == deep
