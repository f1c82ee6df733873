from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.store.items.tables import Tables
from qlatent.store.items.vectors import Vectors

KEY = "clip/ViT-B-32 (laion)"


@pytest.fixture
def vectors(tmp_path: Path) -> Vectors:
    return Vectors(Tables(tmp_path))


def test_vectors_come_back_in_the_order_asked_for_with_nan_for_what_is_missing(vectors: Vectors) -> None:
    vectors.add(KEY, "image", ["a", "b", "c"], np.array([[1, 2], [3, 4], [5, 6]]))
    found = vectors.read(KEY, "image", ["c", "a", None, "x", "c"])
    nan = np.nan
    np.testing.assert_array_equal(found, np.float32([[5, 6], [1, 2], [nan, nan], [nan, nan], [5, 6]]))
    assert found.dtype == np.float32


def test_vectors_are_kept_to_the_bit(vectors: Vectors) -> None:
    content = np.random.default_rng(0).standard_normal((3000, 48)).astype(np.float32)
    hashes = [f"{number:032x}" for number in range(3000)]
    for start in range(0, 3000, 1000):
        vectors.add(KEY, "text", hashes[start : start + 1000], content[start : start + 1000])
    np.testing.assert_array_equal(vectors.read(KEY, "text", hashes), content)
    order = np.random.default_rng(1).permutation(3000)
    np.testing.assert_array_equal(
        vectors.read(KEY, "text", [hashes[place] for place in order]), content[order]
    )
    few = [2999, 0, 17]  # few enough to be looked up instead of swept
    np.testing.assert_array_equal(vectors.read(KEY, "text", [hashes[place] for place in few]), content[few])


def test_adding_again_keeps_the_first_vector_and_makes_no_commit(vectors: Vectors) -> None:
    vectors.add(KEY, "image", ["a", "b"], np.ones((2, 2)))
    tables = vectors._tables
    name = vectors.of(KEY, "image")[0].name
    before = tables.open(name).version  # type: ignore[union-attr]
    vectors.add(KEY, "image", ["b", "a"], np.zeros((2, 2)))
    assert tables.open(name).version == before  # type: ignore[union-attr]
    vectors.add(KEY, "image", ["b", "c", "c"], np.zeros((3, 2)))
    np.testing.assert_array_equal(vectors.read(KEY, "image", ["a", "b", "c"]), [[1, 1], [1, 1], [0, 0]])
    assert tables.open(name).count_rows() == 3  # type: ignore[union-attr]


def test_missing_names_each_hash_once_in_the_order_of_first_sight(vectors: Vectors) -> None:
    assert vectors.missing(KEY, "image", ["z", None, "b", "z", "a"]) == ["z", "b", "a"]
    vectors.add(KEY, "image", ["b"], np.ones((1, 2)))
    assert vectors.missing(KEY, "image", ["z", None, "b", "z", "a"]) == ["z", "a"]
    assert vectors.missing(KEY, "text", ["b"]) == ["b"]


def test_nothing_stored_gives_rows_without_columns(vectors: Vectors) -> None:
    assert vectors.read(KEY, "image", ["a", "b"]).shape == (2, 0)


def test_keys_that_look_alike_stay_apart(vectors: Vectors) -> None:
    for number, key in enumerate(["clip/A", "clip/a", "clip-a", "clip:a"]):
        vectors.add(key, "image", ["h"], np.full((1, 2), number))
    assert [vectors.read(key, "image", ["h"])[0, 0] for key in ["clip/A", "clip/a", "clip-a", "clip:a"]] == [
        0,
        1,
        2,
        3,
    ]
    assert sorted(table.key for table in vectors.all()) == ["clip-a", "clip/A", "clip/a", "clip:a"]


def test_given_vectors_of_several_widths_live_side_by_side_but_do_not_mix(vectors: Vectors) -> None:
    vectors.add("given", "image", ["a"], np.ones((1, 2)))
    vectors.add("given", "image", ["b"], np.ones((1, 3)))
    assert vectors.read("given", "image", ["a"]).shape == (1, 2)
    assert vectors.read("given", "image", ["b"]).shape == (1, 3)
    with pytest.raises(StoreError, match=r"different widths: \[2, 3\]"):
        vectors.read("given", "image", ["a", "b"])


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_vectors_with_holes_are_refused(vectors: Vectors, broken: float) -> None:
    with pytest.raises(StoreError, match="1 of 2 vectors hold NaN or infinity"):
        vectors.add(KEY, "image", ["a", "b"], np.array([[1.0, 2.0], [broken, 1.0]]))
    assert vectors.missing(KEY, "image", ["a"]) == ["a"]


def test_lengths_that_differ_are_refused(vectors: Vectors) -> None:
    with pytest.raises(StoreError, match=r"Got 1 hashes and vectors of shape \(2, 2\)"):
        vectors.add(KEY, "image", ["a"], np.ones((2, 2)))


@pytest.mark.slow
def test_two_processes_lose_nothing_and_readers_see_their_commits(
    tmp_path: Path, another_process: Callable[..., object]
) -> None:
    """Both write 100 distinct and 100 shared hashes, 4 at a time, which is more than one tidying each."""
    script = """
import sys
import numpy as np
from qlatent.store.items.tables import Tables
from qlatent.store.items.vectors import Vectors
from pathlib import Path
vectors, who = Vectors(Tables(Path(sys.argv[1]))), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for start in range(0, 200, 4):
    numbers = [n if n % 2 else 1000 * who + n for n in range(start, start + 4)]
    vectors.add("key", "image", [f"h{n}" for n in numbers], np.full((4, 8), 1.0) * np.array(numbers)[:, None])
"""
    reader = Vectors(Tables(tmp_path))
    assert reader.missing("key", "image", ["h1"]) == ["h1"]
    processes = [another_process(script, tmp_path, who) for who in (1, 2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"  # type: ignore[attr-defined]
    for process in processes:
        process.stdin.write("go\n")  # type: ignore[attr-defined]
        process.stdin.flush()  # type: ignore[attr-defined]
    assert [process.wait(120) for process in processes] == [0, 0]  # type: ignore[attr-defined]
    numbers = [*range(1, 200, 2), *range(1000, 1200, 2), *range(2000, 2200, 2)]
    hashes = [f"h{number}" for number in numbers]
    assert reader.missing("key", "image", hashes) == []
    np.testing.assert_array_equal(reader.read("key", "image", hashes)[:, 0], numbers)
