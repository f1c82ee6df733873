"""Rows become items, or refusals with a reason."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from qlatent.ingest.column import Column
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow
from qlatent.ingest.rows.items import ItemMaker
from qlatent.types import Item, Refusal

MAPPING = Mapping(id="id", image="photo", text=("title", "body"), label="kind", vector="embedding")


@dataclass
class Shelf:
    """A minimal source with images by name."""

    name: str = "shop.csv"
    limits: Limits = field(default_factory=lambda: Limits(max_text_characters=20))
    images: dict[str, bytes] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...]:
        types = {"id": "text", "photo": "image", "embedding": "vector"}
        names = ("id", "photo", "title", "body", "kind", "embedding", "price")
        return tuple(Column(name, types.get(name, "text")) for name in names)

    def image_bytes(self, cell: Any) -> bytes:
        if cell not in self.images:
            raise RefusedRow(f"there is no file {cell!r}")
        return self.images[cell]


def maker(**images: bytes) -> ItemMaker:
    return ItemMaker(Shelf(images=images), MAPPING, decode=True)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG")
    return buffer.getvalue()


def item(made: Item | Refusal) -> Item:
    assert isinstance(made, Item), made
    return made


def reason(made: Item | Refusal) -> str:
    assert isinstance(made, Refusal), made
    return made.reason


def test_each_mapped_column_becomes_its_part_and_the_others_are_kept_as_metadata() -> None:
    row = {
        "id": "a",
        "photo": "p",
        "title": "Blue.",
        "body": "Shoe",
        "kind": "shoe",
        "embedding": [1.0, 2.0],
        "price": "5",
    }
    found = item(maker(p=png()).make(1, row))
    assert (found.id, found.text, found.label, found.source) == ("a", "Blue. Shoe", "shoe", "shop.csv")
    assert found.image == png()
    assert found.vectors["vector"].tolist() == [1.0, 2.0]
    assert found.metadata == {"price": "5"}


def test_a_row_without_any_part_is_refused_with_the_columns_that_were_looked_at() -> None:
    refused = maker().make(4, {"id": "a", "title": " ", "price": "5"})
    assert isinstance(refused, Refusal) and (refused.row, refused.id) == (4, "a")
    assert refused.reason == (
        "nothing to keep: no image, text or vector in 'photo', 'title', 'body', 'embedding'"
    )


def test_a_bad_part_is_left_out_and_named_and_the_others_stay() -> None:
    made = maker()
    found = item(made.make(1, {"id": "a", "photo": "gone", "title": "Blue"}))
    assert (found.image, found.text) == (None, "Blue")
    assert found.metadata == {"image_note": "left out: there is no file 'gone'"}
    assert any("'photo'" in line for line in made.remarks())


def test_a_row_is_refused_with_every_reason_when_all_its_parts_are_bad() -> None:
    said = reason(maker().make(1, {"photo": "gone", "title": "x" * 30, "embedding": [0.0, 0.0]}))
    assert said.startswith("there is no file 'gone'; its text has 30 characters; the limit is 20; ")


def test_an_id_is_used_once_and_a_refused_row_leaves_its_id_free() -> None:
    made = maker()
    assert reason(made.make(1, {"id": "a"}))
    assert item(made.make(2, {"id": "a", "title": "Blue"})).id == "a"
    assert reason(made.make(3, {"id": "a", "title": "Red"})) == "id 'a' already used in row 2"


def test_a_missing_id_is_made_from_the_number_of_the_row_and_avoids_given_ones() -> None:
    made = maker()
    item(made.make(1, {"id": "row-2", "title": "Blue"}))
    assert item(made.make(2, {"title": "Red"})).id == "row-2-2"


@pytest.mark.parametrize("second", [[1.0], [1.0, 2.0, 3.0]])
def test_a_vector_of_another_width_than_the_first_is_left_out(second: list[float]) -> None:
    made = maker()
    item(made.make(1, {"title": "Blue", "embedding": [1.0, 2.0]}))
    found = item(made.make(2, {"title": "Red", "embedding": second}))
    assert not found.vectors
    assert "vector_note" in found.metadata
