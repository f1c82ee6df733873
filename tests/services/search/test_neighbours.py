"""Searches by text, image and items in the input space and in latents, against a plain computation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent import worker
from qlatent.errors import InputError, StoreError, UnavailableError
from qlatent.services.search import index, queries
from qlatent.services.search.neighbours import Asked, Neighbours, latents, neighbours
from qlatent.services.vectors import known_encoders
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.launchers import LauncherDouble
from tests.services.run_workspace import add, pairs
from tests.services.search import searched_workspace as made
from tests.services.search.searched_workspace import COUNT, SHOP


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with made.shop(tmp_path_factory.mktemp("search") / "workspace") as opened:
        yield opened


@pytest.fixture(scope="module")
def head(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> str:
    return made.keep_head(workspace, tmp_path_factory.mktemp("head"))


def ranked(vectors: np.ndarray, query: np.ndarray, *, without: tuple[int, ...] = ()) -> list[str]:
    """Ids by cosine, nearest first, of items with a vector."""
    alike = (vectors @ query) / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))
    order = np.argsort(-np.nan_to_num(alike, nan=-9))
    return [f"i{row}" for row in order if np.isfinite(alike[row]) and row not in without]


def ids(found: Neighbours, space: int = 0) -> list[str]:
    return [hit.id for hit in found.spaces[space].hits]


def test_a_text_finds_images_through_a_joint_encoder_and_texts_if_asked(workspace: Workspace) -> None:
    coder = known_encoders.opened(workspace, made.key_of(workspace))
    query = coder.embed_texts(["a red mug"])[0]
    found = neighbours(workspace, SHOP, queries.text("a red mug"), Asked(k=5))
    assert found.input.modality == "image"
    assert ids(found) == ranked(made.vectors(workspace, "image"), query)[:5]
    assert found.spaces[0].hits[0].score == pytest.approx(
        float(np.nanmax(cosines(made.vectors(workspace, "image"), query))), abs=1e-5
    )
    among_texts = neighbours(workspace, SHOP, queries.text("a red mug"), Asked(modality="text", k=3))
    assert ids(among_texts) == ranked(made.vectors(workspace, "text"), query)[:3]


def cosines(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    return (vectors @ query) / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))


def test_an_image_finds_itself_by_its_bytes(workspace: Workspace) -> None:
    stored_hash = workspace.items.rows(SHOP, [4], columns=["image_hash"])[0]["image_hash"]
    found = neighbours(workspace, SHOP, queries.image(workspace.items.image(stored_hash)), Asked(k=1))
    assert ids(found) == ["i4"]
    assert found.hits[0].score == pytest.approx(1, abs=1e-4)


def test_an_item_finds_its_neighbours_and_not_itself(workspace: Workspace) -> None:
    vectors = made.vectors(workspace, "image")
    found = neighbours(workspace, SHOP, queries.items(["i3"]), Asked(k=6))
    assert ids(found) == ranked(vectors, vectors[3], without=(3,))[:6]


def test_an_item_without_an_image_searches_images_by_its_text(workspace: Workspace) -> None:
    query = made.vectors(workspace, "text")[COUNT - 1]
    found = neighbours(workspace, SHOP, queries.items([f"i{COUNT - 1}"]), Asked(k=4))
    assert ids(found) == ranked(made.vectors(workspace, "image"), query)[:4]


def test_items_are_added_and_taken_away_by_direction(workspace: Workspace) -> None:
    vectors = made.vectors(workspace, "image")
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    found = neighbours(workspace, SHOP, queries.items(["i1", "i2"], ["i3"]), Asked(k=5))
    assert ids(found) == ranked(vectors, unit[1] + unit[2] - unit[3], without=(1, 2, 3))[:5]


def test_a_latent_space_says_what_it_gained_and_lost(workspace: Workspace, head: str) -> None:
    found = neighbours(workspace, SHOP, queries.items(["i3"]), Asked(heads=(head,), k=6))
    first, latent = found.spaces
    places = latents(workspace, head, found.input)
    assert np.isnan(places[COUNT - 2 :]).all()
    gaps = np.linalg.norm(places - places[3], axis=1)
    gaps[3] = np.inf
    expected = np.argsort(np.nan_to_num(gaps, nan=np.inf), kind="stable")[:6]
    assert latent.metric == "euclidean"
    assert [hit.row for hit in latent.hits] == expected.tolist()
    np.testing.assert_allclose([hit.score for hit in latent.hits], -gaps[expected], rtol=1e-4)
    before, after = {hit.row for hit in first.hits}, set(expected.tolist())
    assert {hit.row for hit in latent.hits if hit.gained} == after - before
    assert {hit.row for hit in latent.lost} == before - after
    assert before != after


def test_only_the_allowed_rows_are_found_and_no_more_than_there_are(workspace: Workspace, head: str) -> None:
    among = np.zeros(COUNT, dtype=bool)
    among[[1, 5, COUNT - 1]] = True
    found = neighbours(workspace, SHOP, queries.items(["i5"]), Asked(heads=(head,), k=50, among=among))
    assert [ids(found), ids(found, 1)] == [["i1"], ["i1"]]


def test_a_query_of_another_modality_does_not_use_the_index(
    workspace: Workspace, no_workers: LauncherDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "EXACT_UP_TO", 5)
    space = queries.space_of(workspace, SHOP)
    run = index.start_indexing(workspace, space)
    assert worker.work(workspace, workspace.run(run)) == "finished"
    by_text = neighbours(workspace, SHOP, queries.text("a red mug"))
    assert by_text.spaces[0].how == "exact; the index is for queries by image"
    assert neighbours(workspace, SHOP, queries.items(["i3"])).spaces[0].how.startswith("index, which finds")


def test_a_query_can_be_stored_as_json_with_the_vector_of_its_image(workspace: Workspace) -> None:
    picture = workspace.items.image(workspace.items.rows(SHOP, [4], columns=["image_hash"])[0]["image_hash"])
    query = queries.Query((*queries.image(picture).terms, *queries.items(["i7"], ["i9"]).terms))
    space = queries.space_of(workspace, SHOP)
    small = queries.frozen(workspace, query, space)
    assert small.terms[0].kind == "vector"
    expected = ids(neighbours(workspace, SHOP, query))
    for each in (small, query):
        assert ids(neighbours(workspace, SHOP, queries.of(each.document()))) == expected


@pytest.mark.parametrize(
    ("query", "changes", "error", "said"),
    [
        (queries.text("  "), {}, InputError, "text to search for is empty"),
        (queries.Query(()), {}, InputError, "nothing to search for"),
        (queries.image(b"hello"), {}, InputError, "not an image to search with"),
        (queries.image(b""), {}, InputError, r"not an image to search with: the image file is empty"),
        (queries.items(["i99"]), {}, InputError, "has no item 'i99'"),
        (queries.items(["i1"], ["i1"]), {}, InputError, "has no direction"),
        (queries.items(["i1"]), {"k": 0}, InputError, "0 nearest were asked for"),
        (queries.items(["i1"]), {"encoder": "clip-1"}, InputError, "no vectors of encoder 'clip-1'"),
        (queries.items(["i1"]), {"modality": "vector"}, InputError, "has no vector vectors"),
        (queries.items(["i1"]), {"heads": ("nobody",)}, InputError, "no head called 'nobody'"),
        (queries.Query((queries.Term("vector", "AAAA"),)), {}, InputError, "cannot be read"),
        (queries.Query((queries.Term("vector", "AACAPwAAgD8="),)), {}, InputError, "query has 2 numbers"),
        (queries.Query((queries.Term("sound", "x"),)), {}, InputError, "'sound' is no kind of query"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(
    workspace: Workspace, query: queries.Query, changes: dict, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        neighbours(workspace, SHOP, query, Asked(**changes))


def test_a_document_that_is_no_query_is_refused() -> None:
    for document in ({}, {"terms": [["text"]]}, {"terms": [["image", "%", 1.0]]}):
        with pytest.raises(InputError, match="search cannot be read"):
            queries.of(document)


def test_imported_vectors_are_searched_by_item_only(workspace: Workspace) -> None:
    add(workspace, "pairs", pairs(12))
    given = workspace.items.embeddings("given", "image", workspace.items.table("pairs")["given_image"])
    found = neighbours(workspace, "pairs", queries.items(["item-003"]), Asked(k=3))
    expected = ranked(given, given[3], without=(3,))[:3]
    assert ids(found) == [f"item-{int(name[1:]):03}" for name in expected]
    with pytest.raises(InputError, match="were imported, so no encoder is known"):
        neighbours(workspace, "pairs", queries.text("text 1"))


def test_datasets_that_cannot_be_searched_are_refused(workspace: Workspace) -> None:
    add(workspace, "bare", [Item("x", text="alone")], modalities=("text",))
    with pytest.raises(InputError, match=r"'bare' have no vectors yet\. Encode first"):
        neighbours(workspace, "bare", queries.text("alone"))
    with pytest.raises(StoreError, match="no dataset 'nothing'"):
        neighbours(workspace, "nothing", queries.text("alone"))
    workspace.catalogue.bin.put("dataset", "bare")
    with pytest.raises(StoreError, match="no dataset 'bare'"):
        neighbours(workspace, "bare", queries.text("alone"))


def test_an_encoder_that_is_no_longer_installed_is_named(workspace: Workspace) -> None:
    add(workspace, "old", [Item("x", text="alone")], modalities=("text",))
    hashes = workspace.items.contents("old", "text")
    for key in ("audio-0123456789ab", "builtin-0123456789ab"):
        workspace.items.add_embeddings(key, "text", hashes, np.ones((1, 3), dtype=np.float32))
        with pytest.raises(
            UnavailableError, match=f"encoder '{key}' that made these vectors cannot be opened"
        ):
            neighbours(workspace, "old", queries.text("alone"), Asked(encoder=key))
