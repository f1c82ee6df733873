from itertools import islice

import pytest

from qlatent.errors import StoreError
from qlatent.store.items import names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Fashion pairs", "fashion-pairs"),
        ("Crème brûlée №5.csv", "creme-brulee-no5-csv"),
        ("  --  ", "dataset"),
        ("日本", "dataset"),
        ("x" * 60, "x" * 48),
    ],
)
def test_slug_is_ascii_lower_case_and_never_empty(name: str, expected: str) -> None:
    assert names.slug(name) == expected


def test_slugs_count_on_from_two() -> None:
    assert list(islice(names.slugs("Shop"), 3)) == ["shop", "shop-2", "shop-3"]


@pytest.mark.parametrize("dataset", ["", "A", "a/b", "../a", "a b", "-a", "a" * 81])
def test_an_id_that_is_not_a_slug_is_refused(dataset: str) -> None:
    with pytest.raises(StoreError, match="is not a dataset id"):
        names.dataset_table(dataset)


def test_vector_tables_keep_keys_apart_that_differ_in_case_or_punctuation() -> None:
    keys = ["clip/ViT-B-32", "clip/vit-b-32", "clip-ViT-B-32", "clip:ViT.B.32", "../../etc", "", "ö" * 300]
    prefixes = [names.vectors_prefix(key, "image") for key in keys]
    assert len(set(prefixes)) == len(keys)
    for prefix in prefixes:
        assert set(prefix) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        assert len(prefix) < 100
