"""Definitions of selections: what is accepted, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from qlatent.errors import InputError
from qlatent.services.selections.definitions import (
    DEEPEST,
    Cluster,
    Column,
    Definition,
    DrawnMap,
    Ids,
    Kept,
    Lasso,
    Search,
    SetOf,
    read,
    written,
)

PLANE = {"run": "r1", "low": [0.0, -1.5], "step": [0.25, 0.5]}
LASSO = {"kind": "lasso", "polygon": [[0, 0], [5, 0], [0, 5]], "on": PLANE}
EVERY: list[Definition] = [
    Lasso(polygon=((0, 0), (5, 0), (-9, 32_767)), on=DrawnMap(layout="l1", low=(0, 1), step=(1, 2))),
    Column(name="price", least=1.5),
    Column(name="label", values=("a", 3, True, 2.5), missing=True),
    Search(search={"text": "red fruit", "k": 10, "filters": [{"column": "price"}]}),
    Ids(ids=("a", "b")),
    Cluster(layout="l1", number=-1, settings={"least": 5}),
    Kept(collection="best"),
]


@pytest.mark.parametrize("definition", EVERY, ids=lambda each: each.kind)
def test_a_definition_is_the_same_after_it_was_written(definition: Definition) -> None:
    document = written(definition)
    assert document["kind"] == definition.kind
    assert read(document) == definition
    both = SetOf(how="difference", of=(definition, SetOf(how="complement", of=(Kept(collection="x"),))))
    assert read(written(both)) == both


def test_truth_values_numbers_and_texts_are_kept_apart() -> None:
    values = read({"kind": "column", "name": "a", "values": [True, 1, 1.5, "1"]}).values
    assert [type(each) for each in values] == [bool, int, float, str]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "This is not a selection"),
        ({}, "kind"),
        ({"kind": "telepathy"}, "does not match any of the expected"),
        ({"kind": "ids", "ids": ["a"], "more": 1}, "more: Extra inputs are not permitted"),
        ({"kind": "column", "name": "price"}, "give values, a range or words"),
        ({"kind": "column", "name": "price", "least": 1, "words": "red"}, "give values, a range or words"),
        ({"kind": "column", "name": "price", "least": float("nan")}, "finite"),
        (LASSO | {"polygon": [[0, 0], [5, 0]]}, "at least 3 items"),
        (LASSO | {"polygon": [[0, 0]] * 257}, "at most 256 items"),
        (LASSO | {"polygon": [[0, 0], [5, 0], [0, 40_000]]}, "less than 32768"),
        (LASSO | {"on": PLANE | {"layout": "l1"}}, "give one of them"),
        (LASSO | {"on": PLANE | {"step": [1.0, 0.0]}}, "greater than 0"),
        (LASSO | {"on": PLANE | {"low": [0, 0, 0], "step": [1, 1, 1]}}, "a map in space needs a camera"),
        (LASSO | {"on": PLANE | {"camera": [1.0] * 8}}, "a plane has none"),
        ({"kind": "set", "how": "complement", "of": [LASSO, LASSO]}, "a complement is of one selection"),
        ({"kind": "set", "how": "xor", "of": [LASSO]}, "'union', 'intersection'"),
    ],
)
def test_what_is_no_selection_is_refused(document: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(document)
    assert str(caught.value).startswith("This is not a selection") and caught.value.remedy


def test_sets_within_sets_have_an_end() -> None:
    document: dict[str, Any] = {"kind": "ids", "ids": []}
    for _ in range(DEEPEST - 1):
        document = {"kind": "set", "how": "union", "of": [document]}
    assert isinstance(read(document), SetOf)
    for _ in range(5_000):
        document = {"kind": "set", "how": "union", "of": [document]}
    with pytest.raises(InputError, match="more than 16 set operations"):
        read(document)
