from __future__ import annotations

import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.ingest.column import Column
from qlatent.ingest.columns.guessing import guess_mapping
from qlatent.ingest.columns.mapping import Mapping, check_mapping


def columns(**types: str) -> list[Column]:
    return [Column(name, kind, "x" * 10) for name, kind in types.items()]


def test_a_listing_table_is_guessed() -> None:
    guessed = guess_mapping(
        columns(
            id="number",
            title="text",
            description="text",
            price="text",
            category="text",
            image="image",
            seller="text",
        )
    )
    assert guessed == Mapping(
        id="id",
        image="image",
        text=("title", "description"),
        label="category",
        price="price",
        seller="seller",
    )


def test_names_are_compared_without_case_and_separators() -> None:
    guessed = guess_mapping(
        [Column("Item ID", "text"), Column("Product-Name", "text"), Column("Class", "number")]
    )
    assert guessed == Mapping(id="Item ID", text=("Product-Name",), label="Class")


def test_image_columns_are_detected_by_type_and_urls_are_not_guessed() -> None:
    assert guess_mapping(columns(whatever="image", caption="text")) == Mapping(
        image="whatever", text=("caption",)
    )
    assert guess_mapping(columns(image="url", text="text")) == Mapping(text=("text",))


def test_the_only_free_text_is_taken_when_nothing_else_could_be() -> None:
    assert guess_mapping(
        [Column("a", "number"), Column("b", "text", "long words"), Column("c", "text", "w")]
    ).text == ("b",)
    assert guess_mapping([Column("b", "text", "long words"), Column("x", "image")]).text == ()


def test_vectors_are_guessed_by_modality() -> None:
    assert guess_mapping(columns(image_embedding="vector", text="vector")).vectors == {
        "image": "image_embedding", "text": "text",
    }  # fmt: skip
    assert guess_mapping(columns(other="vector", embedding="vector")).vectors == {"vector": "embedding"}


def test_a_mapping_survives_json() -> None:
    mapping = Mapping(id="a", text=("b", "c"), vector="d")
    assert Mapping.from_dict(mapping.as_dict()) == mapping
    assert Mapping.from_dict({"text": "b", "id": ""}) == Mapping(text=("b",))


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown key 'imgae' in the mapping did you mean 'image'"):
        Mapping.from_dict({"imgae": "x"})


def test_a_missing_column_is_refused_with_those_present() -> None:
    with pytest.raises(
        InputError, match=r"t\.csv has no column 'titel'\. Choose among its columns: id, title\."
    ):
        check_mapping(Mapping(text=("titel",)), columns(id="text", title="text"), source="t.csv")


def test_a_mapping_without_content_is_refused() -> None:
    with pytest.raises(InputError, match="mapped to an image, a text or a vector"):
        check_mapping(Mapping(id="id"), columns(id="text"), source="t.csv")


def test_columns_that_are_empty_at_first_are_guessed_by_name_only() -> None:
    assert guess_mapping(columns(id="number", title="text", description="empty")).text == (
        "title",
        "description",
    )
    assert guess_mapping(columns(id="number", extra="empty")).text == ()
