import json

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.store.items import names
from qlatent.store.items.items import AddReport, ItemStore
from qlatent.types import Cancelled, Item, content_hash
from tests.store.builders import listed, pairs, picture

RED, BLUE = picture((255, 0, 0)), picture((0, 0, 255), size=(400, 200))


def test_a_dataset_comes_back_row_by_row(store: ItemStore) -> None:
    items = [
        Item(
            "a",
            image=RED,
            text="a red shoe",
            label="shoe",
            split="train",
            metadata={"price": 9.5},
            source="x.csv",
        ),
        Item("b", image=BLUE),
        Item("c", text="only text", metadata={"größe": ["L", None], "weight": np.float32(0.5)}),
    ]
    report = store.create("shop", items)
    assert (report.rows, report.images_new, report.duplicates) == (3, 2, 0)
    assert report.bytes_written > len(RED) + len(BLUE)
    first, second, third = store.rows("shop", [0, 1, 2])
    red, text = content_hash(RED), content_hash("a red shoe")
    assert first == {
        "row": 0, "id": "a", "image_hash": red, "text_hash": text, "text": "a red shoe", "label": "shoe",
        "split": "train", "metadata": '{"price": 9.5}', "given_image": None, "given_text": None,
        "given_vector": None, "pair_hash": content_hash(f"{red}\n{text}\n"), "duplicate_of": "",
        "source": "x.csv", "width": 40, "height": 30, "pictures": None,
    }  # fmt: skip
    assert (second["width"], second["height"], second["text"], second["text_hash"]) == (400, 200, None, None)
    assert (third["image_hash"], third["width"]) == (None, None)
    assert json.loads(third["metadata"]) == {"größe": ["L", None], "weight": 0.5}


def test_rows_and_columns_come_in_the_order_asked_for(store: ItemStore) -> None:
    store.create("shop", pairs(5))
    assert store.rows("shop", [3, 0, 3], columns=["id"]) == [{"id": "i3"}, {"id": "i0"}, {"id": "i3"}]
    assert store.rows("shop", []) == []
    assert store.table("shop", columns=["text", "row"]).to_pydict() == {
        "text": [f"text {n}" for n in range(5)], "row": [0, 1, 2, 3, 4],
    }  # fmt: skip
    assert store.table("shop").num_columns == 17


def test_many_rows_are_found_too(store: ItemStore) -> None:
    store.create("shop", [Item(str(n), text=str(n)) for n in range(1500)])
    order = np.random.default_rng(0).permutation(1500)
    assert [row["id"] for row in store.rows("shop", order, columns=["id"])] == [str(n) for n in order]


def test_wrong_rows_columns_datasets_and_images_are_named(store: ItemStore) -> None:
    store.create("shop", pairs(2))
    with pytest.raises(StoreError, match="Row 2 is not in dataset 'shop': it has 2 rows"):
        store.rows("shop", [0, 2])
    with pytest.raises(StoreError, match="no column 'price'"):
        store.table("shop", columns=["price"])
    for call in (store.count, store.version, store.table, store.remove, store.encoders):
        with pytest.raises(StoreError, match="There is no dataset 'other'"):
            call("other")
    with pytest.raises(StoreError, match="There is no dataset 'other'"):
        store.append("other", pairs(1))
    with pytest.raises(StoreError, match="There is no image 'feed'"):
        store.image("feed")


def test_equal_pairs_stay_as_rows_and_are_marked(store: ItemStore) -> None:
    items = [
        Item("a", image=RED, text="x"),
        Item("b", image=RED, text="y"),
        Item("c", image=RED, text="x", label="other"),
        Item("d", image=RED),
        Item("e", image=RED, text="x"),
    ]
    report = store.create("shop", items)
    assert (report.rows, report.images_new, report.duplicates) == (5, 1, 2)
    assert store.table("shop")["duplicate_of"].to_pylist() == ["", "", "a", "", "a"]
    assert store.append("shop", [Item("f", image=RED, text="y"), Item("g", image=BLUE)]).duplicates == 1
    assert store.table("shop")["duplicate_of"].to_pylist()[5:] == ["b", ""]


def test_imported_vectors_distinguish_pairs_without_files(store: ItemStore) -> None:
    one, two = np.float32([1, 2]), np.float32([3, 4])
    items = [
        Item("a", vectors={"image": one, "text": two}),
        Item("b", vectors={"image": one, "text": one}),
        Item("c", vectors={"image": one, "text": two}),
        Item("d", vectors={"vector": one}),
        Item("e", vectors={"vector": np.float64([1, 2])}),
    ]
    store.create("ready", items)
    table = store.table("ready", columns=["given_image", "given_text", "given_vector", "duplicate_of"])
    assert table["duplicate_of"].to_pylist() == ["", "", "a", "", "d"]
    images, texts = table["given_image"].to_pylist(), table["given_text"].to_pylist()
    assert images[:3] == [content_hash(one)] * 3
    np.testing.assert_array_equal(store.embeddings("given", "text", texts[:3]), [[3, 4], [1, 2], [3, 4]])
    assert store.contents("ready", "vector") == [content_hash(one)]
    assert store.contents("ready", "image") == []
    assert store.encoders("ready") == [
        {"key": "given", "modality": "image", "dim": 2, "encoded": 1, "total": 1},
        {"key": "given", "modality": "text", "dim": 2, "encoded": 2, "total": 2},
        {"key": "given", "modality": "vector", "dim": 2, "encoded": 1, "total": 1},
    ]


def test_identical_images_are_stored_once_over_all_datasets(store: ItemStore) -> None:
    store.create("one", [Item("a", image=RED), Item("b", image=RED), Item("c", image=BLUE)])
    assert store.create("two", [Item("a", image=BLUE), Item("b", image=RED)]).images_new == 0
    assert store._tables.open("blobs").count_rows() == 2  # type: ignore[union-attr]
    assert store.rows("two", [0], columns=["width", "height"]) == [{"width": 400, "height": 200}]
    assert store.image(content_hash(BLUE)) == BLUE


def test_thumbnails_come_by_hash_and_leave_out_what_is_not_there(store: ItemStore) -> None:
    store.create("shop", [Item("a", image=RED), Item("b", image=BLUE)])
    red, blue = content_hash(RED), content_hash(BLUE)
    found = store.thumbnails([blue, "absent", None, red, blue])
    assert set(found) == {red, blue}
    assert all(webp[8:12] == b"WEBP" for webp in found.values())


def test_contents_are_distinct_and_in_row_order(store: ItemStore) -> None:
    store.create(
        "shop",
        [Item("a", text="y"), Item("b", text="x", image=RED), Item("c", text="y"), Item("d", image=BLUE)],
    )
    assert store.contents("shop", "text") == [content_hash("y"), content_hash("x")]
    assert store.contents("shop", "image") == [content_hash(RED), content_hash(BLUE)]


def test_encoders_count_what_is_encoded_of_this_dataset(store: ItemStore) -> None:
    store.create("one", [Item("a", text="x"), Item("b", text="y"), Item("c", text="x")])
    store.create("two", [Item("a", text="z")])
    x, y = content_hash("x"), content_hash("y")
    store.add_embeddings("builtin-0123abcd", "text", [x], np.ones((1, 5)))
    entry = {"key": "builtin-0123abcd", "modality": "text", "dim": 5, "encoded": 1, "total": 2}
    assert store.encoders("one") == [entry]
    assert store.encoders("two") == []
    assert store.missing("builtin-0123abcd", "text", store.contents("one", "text")) == [y]
    store.add_embeddings("builtin-0123abcd", "text", [x, y], np.zeros((2, 5)))
    assert store.encoders("one") == [{**entry, "encoded": 2}]
    np.testing.assert_array_equal(store.embeddings("builtin-0123abcd", "text", [y, x])[:, 0], [0, 1])


def test_a_version_reads_the_state_it_named_whatever_happens_later(store: ItemStore) -> None:
    store.create("shop", pairs(3))
    frozen = store.version("shop")
    before = store.table("shop")
    store.append("shop", pairs(2, start=3))
    assert store.version("shop") > frozen
    store.compact()
    assert store.table("shop", version=frozen) == before
    assert store.table("shop")["row"].to_pylist() == [0, 1, 2, 3, 4]
    assert store.count("shop") == 5


def test_removing_frees_names_at_once_and_images_with_the_next_compact(store: ItemStore) -> None:
    store.create("one", [Item("a", image=RED, vectors={"image": np.float32([1, 2])}), Item("b", image=BLUE)])
    store.create("two", [Item("a", image=BLUE, text="t")])
    store.add_embeddings("key", "text", [content_hash("t")], np.ones((1, 2)))
    store.remove("one")
    assert store.datasets() == ["two"]
    store.compact()
    assert set(store.thumbnails([content_hash(RED), content_hash(BLUE)])) == {content_hash(BLUE)}
    assert store.missing("given", "image", [content_hash(np.float32([1, 2]))]) != []
    assert store.missing("key", "text", [content_hash("t")]) == []
    store.create("one", pairs(2))
    assert store.count("one") == 2


def test_progress_counts_rows_and_knows_the_total_of_a_list(store: ItemStore) -> None:
    seen: list[tuple[int, int | None]] = []
    store.create(
        "a", [Item(str(n), text=str(n)) for n in range(300)], progress=lambda *state: seen.append(state)
    )
    store.create("b", iter([Item("x", text="x")]), progress=lambda *state: seen.append(state))
    assert seen == [(256, 300), (300, 300), (1, None)]


def test_a_dataset_is_made_once(store: ItemStore) -> None:
    store.create("shop", pairs(1))
    with pytest.raises(StoreError, match="already a dataset 'shop'"):
        store.create("shop", pairs(2))
    assert store.count("shop") == 1


def test_two_stores_see_each_others_commits(store: ItemStore) -> None:
    other = ItemStore(store.path)
    assert other.datasets() == []
    assert isinstance(store.create("shop", pairs(2)), AddReport)
    assert other.count("shop") == 2
    store.append("shop", pairs(1, start=2))
    assert other.table("shop").num_rows == 3
    store.remove("shop")
    assert other.datasets() == []


def left(store: ItemStore) -> list[str]:
    """The visible content of a store: datasets, tables with rows, and files of imports."""
    tables = [name for name in store._tables.names("") if store._tables.open(name).count_rows()]  # type: ignore[union-attr]
    return tables + listed(store.path / ".staging")


def failing(error: Exception) -> object:
    yield from pairs(300)
    raise error


@pytest.mark.parametrize("error", [RuntimeError("source broke"), OSError(5, "cable"), Cancelled()])
def test_a_source_that_breaks_leaves_nothing(store: ItemStore, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        store.create("shop", failing(error))  # type: ignore[arg-type]
    assert caught.value is error
    assert left(store) == []
    store.create("shop", pairs(3))
    assert store.count("shop") == 3


def test_progress_may_cancel(store: ItemStore) -> None:
    def cancel(done: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        store.create("shop", pairs(3), progress=cancel)
    assert left(store) == []


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "There are no items to store"),
        ([Item("a", text="x"), Item("a", text="y")], "The id 'a' occurs twice"),
        ([Item("a", text="x"), Item("b", image=b"no image")], "The image of item 'b' cannot be decoded"),
        (
            [Item("a", vectors={"image": np.ones(2)}), Item("b", vectors={"image": np.ones(3)})],
            r"widths: \[2, 3\]",
        ),
        (
            [Item("a", vectors={"image": np.float32([1, np.nan])})],
            "image vector of item 'a' is not a row of finite",
        ),
        ([Item("a", vectors={"sound": np.ones(2)})], r"vectors of \['sound'\]; expected image, text, vector"),
    ],
)
def test_bad_items_are_named_and_nothing_is_kept(store: ItemStore, items: list[Item], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        store.create("shop", items)
    assert left(store) == []
    if items:
        store.create("shop", pairs(300))
        with pytest.raises(StoreError, match=message):
            store.append("shop", items)
        assert store.count("shop") == 300


def test_an_id_that_the_dataset_has_cannot_be_appended(store: ItemStore) -> None:
    store.create("shop", pairs(2))
    with pytest.raises(StoreError, match="The id 'i1' occurs twice"):
        store.append("shop", pairs(2, start=1))
    assert store.version("shop") == 1


def test_augmented_views_are_counted_by_image_and_are_no_encoder(store: ItemStore) -> None:
    store.create(
        "shop", [Item("a", image=RED), Item("b", image=BLUE), Item("c", image=RED), Item("d", text="x")]
    )
    red, blue = content_hash(RED), content_hash(BLUE)
    views = [names.view(red, 1), names.view(red, 2), names.view(blue, 1), names.view("0" * 32, 1)]
    store.add_embeddings("key", "views-abc", views, np.ones((4, 3)))
    store.add_embeddings("key", "views-other", [names.view(blue, 2)], np.ones((1, 3)))
    assert store.encoders("shop") == []
    assert {key: counts.tolist() for key, counts in store.views("shop", "views-abc").items()} == {
        "key": [2, 1]
    }
    assert store.views("shop", "views-none") == {}
    store.remove("shop")
    store.create("rest", [Item("b", image=BLUE)])
    store.compact()
    assert store.missing("key", "views-abc", views) == [views[0], views[1], views[3]]
    assert store.missing("key", "views-other", [names.view(blue, 2)]) == []


def test_a_removed_dataset_leaves_no_mapped_vectors(
    store: ItemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._mapped, "_smallest", 0)
    store.create("a", [Item("1", vectors={"vector": np.array([1, 2], np.float32)})])
    found = store.mapped("a", "given", "vector", column="given_vector")
    np.testing.assert_array_equal(found, [[1, 2]])
    assert list(store.path.glob(".rows/a.*.npy"))
    store.remove("a")
    assert not list(store.path.glob(".rows/a.*.npy"))


def test_encodings_are_counted_again_when_rows_or_vectors_change(store: ItemStore) -> None:
    """Also if another process did it, or made a dataset of the same name anew."""
    store.create("a", [Item("1", text="one"), Item("2", text="two")])
    other = ItemStore(store.path)
    one, two = store.contents("a", "text")
    assert store.encoders("a") == []
    other.add_embeddings("builtin", "text", [one], np.ones((1, 2)))
    entry = {"key": "builtin", "modality": "text", "dim": 2}
    assert store.encoders("a") == [{**entry, "encoded": 1, "total": 2}]
    store.encoders("a")[0]["encoded"] = 7  # a caller's copy
    assert store.encoders("a") == [{**entry, "encoded": 1, "total": 2}]
    other.add_embeddings("builtin", "text", [two], np.ones((1, 2)))
    assert store.encoders("a") == [{**entry, "encoded": 2, "total": 2}]
    other.remove("a")
    other.create("a", [Item("1", text="one"), Item("2", text="three")])
    assert store.encoders("a") == [{**entry, "encoded": 1, "total": 2}]


def test_a_version_is_no_duplicate_of_the_item_it_is_a_version_of(store: ItemStore) -> None:
    names = ["a", "a#2", "b", "b#x", "1.jpg#0", "1.jpg#1"]
    report = store.create("shop", [Item(name, text="same") for name in names])
    marked = dict(
        zip(names, store.table("shop", columns=["duplicate_of"])["duplicate_of"].to_pylist(), strict=True)
    )
    assert marked == {"a": "", "a#2": "", "b": "a", "b#x": "a", "1.jpg#0": "a", "1.jpg#1": "a"}
    assert report.duplicates == 4
    store.append("shop", [Item("a#3", text="same"), Item("c", text="same")])
    assert store.table("shop", columns=["duplicate_of"])["duplicate_of"].to_pylist()[-2:] == ["", "a"]


def test_further_pictures_are_stored_once_and_read_from_tables_that_lack_them(store: ItemStore) -> None:
    store.create("shop", [Item("a", image=RED, pictures=(BLUE, RED))])
    assert store.rows("shop", [0], columns=["pictures"]) == [
        {"pictures": [content_hash(BLUE), content_hash(RED)]}
    ]
    assert set(store.thumbnails([content_hash(RED), content_hash(BLUE)])) == {
        content_hash(RED),
        content_hash(BLUE),
    }
    store.create("old", [Item("a", image=RED)])
    store._tables.open("items.old").drop_columns(["pictures"])  # as an earlier version wrote it
    assert store.rows("old", [0], columns=["id", "pictures"]) == [{"id": "a", "pictures": None}]
    store.append("old", [Item("b", image=RED, pictures=(BLUE,))])
    assert store.table("old", columns=["pictures"])["pictures"].to_pylist() == [None, [content_hash(BLUE)]]
