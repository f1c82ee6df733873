"""Near-duplicates of a dataset: read, found at once or by a run, kept until items change, and measured."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_distances

from qlatent import worker
from qlatent.errors import AbsentError, ConfigError, InputError
from qlatent.services.runs import listing
from qlatent.services.triage import duplicate_truth, duplicates, scores, signals
from qlatent.services.triage.signals import Basis
from qlatent.store.items.near_duplicates import NearDuplicates
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.launchers import LauncherDouble
from tests.services.run_workspace import add
from tests.services.shop_workspace import shop, with_run

TEXTS = [
    "Sony Bravia 46 inch LCD HDTV", "sony  BRAVIA 46 inch LCD HDTV", "Sony Bravia 46 inch LCD HDTV black",
    "Bose speaker system", "", None, "Bose speaker systems", "Kitchen scale", "кухонные весы",
]  # fmt: skip


def png(seed: int, *, side: int = 160, flat: bool = False) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = Image.new("RGB", (side, side), (seed, 9, 9)) if flat else Image.fromarray(coarse)
    content = io.BytesIO()
    picture.resize((side, side), Image.Resampling.BICUBIC).save(content, "PNG")
    return content.getvalue()


def items() -> list[Item]:
    """Pictures: 0, 1 (smaller) and 6 are one; 2 and 3 are flat; 4 has none; those of the rest are their own."""
    pictures = [
        png(0),
        png(0, side=90),
        png(20, flat=True),
        png(90, flat=True),
        None,
        png(5),
        png(0),
        png(7),
        png(8),
    ]
    vectors = np.random.default_rng(1).normal(size=(len(TEXTS), 6)).astype(np.float32)
    vectors[3], vectors[7] = vectors[0] * 2, vectors[5]  # cosine distance 0
    return [
        Item(id=f"i{row}", text=TEXTS[row], image=pictures[row], vectors={"image": vectors[row]},
             metadata={"shop": "AB"[row % 2], "kind": "xyz"[row % 3]})
        for row in range(len(TEXTS))
    ]  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    opened = Workspace.open(tmp_path / "workspace")
    add(opened, "posts", items(), modalities=("image", "text"))
    return opened


def test_the_same_picture_at_another_size_is_one_group_and_flat_ones_are_marked(workspace: Workspace) -> None:
    found = duplicates.groups(workspace, "posts", by="image")
    assert found.group.tolist() == [0, 0, -1, -1, -1, -1, 0, -1, -1]
    assert found.representative.tolist() == [0]
    assert found.flat.tolist() == [False, False, True, True, False, False, False, False, False]


def test_groups_by_text_follow_the_threshold_and_scikit_learns_cosine(workspace: Workspace) -> None:
    def grouped(threshold: float) -> list[int]:
        return duplicates.groups(workspace, "posts", by="text", threshold=threshold).group.tolist()

    given = [text for text in TEXTS if text and text != TEXTS[1]]
    weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3)).fit_transform(given)
    black, systems = cosine_distances(weights)[[0, 2], [1, 3]]
    assert 0.05 < black < 0.5 and 0.05 < systems < 0.5
    assert grouped(0.0) == [0, 0, -1, -1, -1, -1, -1, -1, -1]
    assert grouped(float(black) + 1e-4)[2] == 0
    assert grouped(float(black) - 1e-4)[2] == -1
    assert grouped(0.6) == [0, 0, 0, 1, -1, -1, 1, -1, -1]


def test_pairs_on_both_sides_of_a_threshold(workspace: Workspace) -> None:
    pairs = duplicates.pairs(workspace, "posts", by="text").pairs
    first, second = pairs.distance[:2]
    found = duplicates.boundary(workspace, "posts", by="text", threshold=float(first), count=3)
    assert [(each.distance, each.together) for each in found.inside] == [(float(first), True)]
    assert [(each.distance, each.together) for each in found.outside] == [(float(second), False)]
    assert {(each.first, each.second) for each in found.inside + found.outside} == {(0, 2), (3, 6)}


def test_a_threshold_beyond_the_widest_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="known up to a distance of 16, not 17"):
        duplicates.groups(workspace, "posts", by="image", threshold=17)
    with pytest.raises(ConfigError, match="cannot be compared by 'sound'"):
        duplicates.groups(workspace, "posts", by="sound")  # type: ignore[arg-type]


def test_vectors_by_cosine_and_latents_of_a_run_by_euclidean_distance(
    workspace: Workspace, tmp_path: Path
) -> None:
    found = duplicates.groups(workspace, "posts", by="vector", threshold=1e-5)
    assert found.group.tolist() == [0, -1, -1, 0, -1, 1, -1, 1, -1]
    with shop(tmp_path / "shop") as trained:
        run = with_run(trained)
        rows = run.probe()["rows"]
        places = run.snapshot(8)["image"]
        latents = duplicates.groups(trained, "shop", by="vector", threshold=0.0, run="r1")
        assert (latents.group == -1).all()  # places on the grid are all different
        apart = duplicates.pairs(trained, "shop", by="vector", run="r1").distances_to(rows[:1])
        assert np.isnan(np.delete(apart, rows)).all()
        expected = np.linalg.norm(places - places[0], axis=1)
        assert np.allclose(apart[rows], np.where(expected <= 0.5, expected, np.nan), equal_nan=True)
        with pytest.raises(InputError, match="was trained on 'shop'"):
            add(trained, "others", items())
            duplicates.groups(trained, "others", by="vector", run="r1")


def test_how_far_each_item_is_from_the_nearest_of_some(workspace: Workspace) -> None:
    apart = duplicates.pairs(workspace, "posts", by="image").distances_to(np.array([1, 4]))
    assert np.nonzero(apart == 0)[0].tolist() == [0, 1, 6]
    assert np.isnan(np.delete(apart, [0, 1, 6])).all()


def test_orders_read_the_near_duplicates_that_were_found(workspace: Workspace) -> None:
    before = signals.evidence(workspace, "posts", Basis())
    assert before.near == ()
    duplicates.pairs(workspace, "posts", by="image")
    found = signals.evidence(workspace, "posts", Basis())
    assert found.signals.cluster is not None
    assert found.signals.cluster.tolist() == [3, 3, 1, 1, 1, 1, 3, 1, 1]
    alike = scores.alike_to(found, np.array([1]))
    assert alike[[0, 1, 6]].tolist() == [2, 2, 2] and (np.delete(alike, [0, 1, 6]) <= 1).all()
    assert (scores.alike_to(before, np.array([1])) <= 1 + 1e-6).all()


def test_they_are_kept_until_items_change_and_go_with_the_dataset(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = duplicates.pairs(workspace, "posts", by="text")
    monkeypatch.setitem(duplicates.AT_ONCE, "text", 0)  # now only what is kept can answer
    assert duplicates.pairs(workspace, "posts", by="text") is first
    workspace.items.append("posts", [Item(id="new", text="Kitchen scales")])
    with pytest.raises(AbsentError, match="have not been compared by text yet, or have changed since"):
        duplicates.pairs(workspace, "posts", by="text")
    kept = NearDuplicates(workspace.items.path)
    assert kept.read("posts", "text") is not None
    workspace.items.remove("posts")
    assert kept.read("posts", "text") is None


def test_a_damaged_file_is_found_anew(workspace: Workspace) -> None:
    before = duplicates.groups(workspace, "posts", by="text").group
    (file,) = (workspace.items.path / ".duplicates").glob("posts.text.npz")
    file.write_bytes(b"torn")
    assert np.array_equal(duplicates.groups(workspace, "posts", by="text").group, before)


def test_a_run_finds_those_of_a_large_dataset(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, no_workers: LauncherDouble
) -> None:
    monkeypatch.setitem(duplicates.AT_ONCE, "image", 5)
    assert not duplicates.ready(workspace, "posts", by="image")
    run = duplicates.start(workspace, "posts", by="image")
    assert duplicates.start(workspace, "posts", by="image") == run  # while it waits or runs
    assert worker.work(workspace, workspace.run(run)) == "finished"
    assert duplicates.ready(workspace, "posts", by="image")
    assert duplicates.groups(workspace, "posts", by="image").representative.tolist() == [0]
    figures = listing.metrics(workspace, run)
    assert (figures["items"], figures["flat"]) == (9, 2)
    assert duplicates.start(workspace, "posts", by="image") != run


def test_a_stopped_run_keeps_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, no_workers: LauncherDouble
) -> None:
    monkeypatch.setitem(duplicates.AT_ONCE, "text", 5)
    run = duplicates.start(workspace, "posts", by="text")
    folder = workspace.run(run)
    monkeypatch.setattr(type(folder), "stop_requested", lambda self: True)
    assert worker.work(workspace, folder) == "stopped"
    assert not duplicates.ready(workspace, "posts", by="text")


def written(path: Path, pairs: list[tuple[str, str]], header: str = "idAbt,idBuy") -> Path:
    path.write_text("\n".join([header, *(",".join(pair) for pair in pairs)]), encoding="utf-8")
    return path


def test_two_sources_are_found_and_matched_one_to_one(workspace: Workspace, tmp_path: Path) -> None:
    truth = written(tmp_path / "pairs.csv", [("i0", "i1"), ("i6", "i3")])
    found = duplicate_truth.measured(workspace, "posts", truth, by="text", threshold=0.6)
    assert (found.matching, found.source, found.true_pairs) == ("one-to-one", "shop", 2)
    lefts = np.random.default_rng(0).permutation(5)[2:]  # items 0, 2, 4, 6, 8 are of the left source
    hits = len({0, 3} & set(lefts.tolist()))
    assert (found.score.precision, found.score.recall) == ((1, 1) if hits else (0, 0))


def test_within_one_source_pairs_that_are_connected_are_all_the_same(
    workspace: Workspace, tmp_path: Path
) -> None:
    truth = written(tmp_path / "pairs.csv", [("i0", "i1"), ("i1", "i2"), ("i3", "i6"), ("i6", "i6")])
    found = [
        duplicate_truth.measured(workspace, "posts", truth, by="text", threshold=0.6, seed=seed).score
        for seed in range(6)
    ]
    assert duplicate_truth.measured(workspace, "posts", truth, by="text").true_pairs == 4
    assert all(score.f1 in (0, 1) for score in found)
    assert any(score.f1 == 1 for score in found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n", "has no pairs"),
        ("a\ni0\n", "has no pairs"),
        ("a,b\ni0,i99\n", "1 of the 2 ids"),
        ("", "cannot be read"),
    ],
)
def test_a_file_of_pairs_that_cannot_be_used_is_refused(
    workspace: Workspace, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "pairs.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        duplicate_truth.measured(workspace, "posts", tmp_path / "pairs.csv", by="text")


def test_a_source_that_tells_no_sides_apart_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    truth = written(tmp_path / "pairs.csv", [("i0", "i1"), ("i1", "i2")])
    for source, said in (("shop", "does not tell the two sides"), ("nothing", "no column of texts")):
        with pytest.raises(InputError, match=said):
            duplicate_truth.measured(workspace, "posts", truth, by="text", source=source)
