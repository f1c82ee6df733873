"""The Parquet file for embedding-atlas, against the columns its 0.26.0 reads (`cli.py`, `graph_metrics.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qlatent.errors import InputError
from qlatent.services.exports import embedding_atlas
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Column
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.exports.readers import read_by
from tests.services.shop_workspace import COUNT, vectors

ATLAS = Choice(tool="embedding-atlas", modality="image")
PAGERANK = """
import json, sys, pandas
from embedding_atlas.graph_metrics import compute_degree_columns, compute_pagerank_column
frame = pandas.read_parquet(sys.argv[1])
ranks = compute_pagerank_column(frame, neighbors="neighbors")
degrees = compute_degree_columns(frame, neighbors="neighbors")
print(json.dumps([len(frame), float(ranks.sum()), [int(each) for each in degrees[1]]]))
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("atlas") / "workspace", images=True) as opened:
        yield opened


def test_every_item_has_a_place_its_neighbours_and_its_picture(workspace: Workspace, tmp_path: Path) -> None:
    document = export(workspace, "shop", out=tmp_path / "shop.parquet", choice=ATLAS)
    assert document["rows"] == COUNT and document["left_out"] == 0
    assert document["open_with"].endswith(
        "--x projection_x --y projection_y --neighbors neighbors --image image --text text"
    )
    frame = pd.read_parquet(tmp_path / "shop.parquet")
    points = np.stack([vectors(number)["image"] for number in range(COUNT)]).astype(float)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    for place, cell in enumerate(frame["neighbors"]):
        cosines = unit @ unit[place]
        assert cell["ids"][0] == place and cell["distances"][0] == pytest.approx(0, abs=1e-6)
        assert list(cell["ids"]) == np.argsort(-cosines, kind="stable")[:15].tolist()
        np.testing.assert_allclose(cell["distances"], 1 - cosines[cell["ids"]], atol=1e-5)
    centred = points - points.mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)[:2]
    places = frame[["projection_x", "projection_y"]].to_numpy()
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), singular, rtol=1e-5)
    assert frame["image"][3]["bytes"][8:12] == b"WEBP"
    assert frame["price"].dtype.kind == "f" and frame["id"][3] == "item-03"


def test_a_part_of_a_collection_is_numbered_anew(workspace: Workspace, tmp_path: Path) -> None:
    collections.create(workspace, "shop", Column(name="label", values=("pear",)), name="Pears")
    choice = Choice(tool="embedding-atlas", modality="text", definition=Column(name="price", largest=7))
    document = export(workspace, "Pears", out=tmp_path / "pears.parquet", choice=choice)
    frame = pd.read_parquet(tmp_path / "pears.parquet")
    assert frame["id"].tolist() == ["item-01", "item-04", "item-13"]
    assert (document["kind"], document["id"], document["rows"]) == ("collection", "pears", 3)
    assert sorted(frame["neighbors"][0]["ids"]) == [0, 1, 2]


def test_a_large_table_goes_without_neighbours(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_atlas, "MOST", COUNT - 1)
    document = export(workspace, "shop", out=tmp_path / "shop.parquet", choice=ATLAS)
    assert not document["neighbours"] and "--neighbors" not in document["open_with"]
    assert {"neighbors", "image"}.isdisjoint(pd.read_parquet(tmp_path / "shop.parquet").columns)


def test_only_parquet_and_vectors_that_are_there(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got the extension '\.csv'"):
        export(workspace, "shop", out=tmp_path / "shop.csv", choice=ATLAS)
    with pytest.raises(InputError, match="has no 'sound' vectors of given; it has image, text"):
        export(
            workspace,
            "shop",
            out=tmp_path / "shop.parquet",
            choice=Choice(tool="embedding-atlas", modality="sound"),
        )
    with pytest.raises(InputError, match="has no vectors of encoder 'clip'"):
        export(
            workspace,
            "shop",
            out=tmp_path / "shop.parquet",
            choice=Choice(tool="embedding-atlas", encoder="clip"),
        )
    with pytest.raises(InputError, match="There is no export for 'orange'"):
        export(workspace, "shop", out=tmp_path / "shop.parquet", choice=Choice(tool="orange"))
    nothing = Choice(tool="embedding-atlas", definition=Column(name="label", values=("none",)))
    with pytest.raises(InputError, match="There is no item to export in 'shop'"):
        export(workspace, "shop", out=tmp_path / "shop.parquet", choice=nothing)
    with pytest.raises(InputError, match="no dataset and no collection 'never'"):
        export(workspace, "never", out=tmp_path / "shop.parquet", choice=ATLAS)


def test_embedding_atlas_reads_the_neighbours(workspace: Workspace, tmp_path: Path) -> None:
    export(workspace, "shop", out=tmp_path / "shop.parquet", choice=ATLAS)
    count, ranks, degrees = read_by("embedding_atlas", PAGERANK, tmp_path / "shop.parquet")
    assert (
        count == COUNT and ranks == pytest.approx(1) and set(degrees) == {14}
    )  # the item itself does not count
