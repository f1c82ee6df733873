from __future__ import annotations

import json

import pytest

from qlatent.ingest.cells.json_text import MAX_DEPTH, NotJson, parse


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    "value", [None, 1, "ä\u0000b", [1, [2, {"a": []}]], {"a": [{}], "b": 0.5}, [[1, 2]] * 500]
)
def test_values_are_those_of_json(value: object) -> None:
    assert parse(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"valid JSON \(Expecting value at character 1\)"),
        ('{"a": 1', "valid JSON"),
        ("9" * 5000, r"JSON that can be read \(Exceeds the limit \(4300 digits\)"),
        (nested(MAX_DEPTH + 1), "nested more than 64 levels deep"),
        (nested(100_000), "nested more than 64 levels deep"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested more than 64 levels deep"),
    ],
)
def test_invalid_json_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(NotJson, match=said):
        parse(text)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert parse(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))


def test_halves_of_surrogate_pairs_become_the_replacement_character_in_keys_too() -> None:
    found = parse(r'{"k\ud800": ["a\uDFFFb", "\ud83d\ude00"], "\u00e4": 1}')
    assert found == {"k\ufffd": ["a\ufffdb", "😀"], "ä": 1}
    assert json.dumps(found, ensure_ascii=False).encode()
