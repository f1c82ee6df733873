"""Ways through the page Explore on clothes in a real browser: tours, norms, a second dataset, lines, clusters, trust.

What the browser draws is read from the 16-bit places that it fetches, and held against what the store has.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from scipy.linalg import eigh

from qlatent.services.datasets import datasets
from qlatent.services.layouts import requests
from qlatent.services.selections import links, selections
from qlatent.services.selections.definitions import Cluster
from qlatent.services.training.request import TrainingRequest
from qlatent.services.workspaces import Workspace, open_workspace
from tests.browser.conftest import press, start_server
from tests.browser.explore_page import SETTLED, found, hover, lasso, opened, picture, selected, until, url
from tests.carried_out import in_process, trained

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KINDS = (
    "dress",
    "jeans",
    "t-shirt",
    "shorts",
    "skirt",
    "jacket",
    "sweater",
    "blouse",
    "leggings",
    "trousers",
    "top",
)
INKED = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let at = 3; at < data.length; at += 4) sum += data[at] > 60;
    return sum;
}"""  # pixels that something is drawn on
SETTINGS = {"epochs": 2, "batch_size": 64, "dim": 8, "snapshots": 6}
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """Half of the clothes with a short training and a layout, and the other half as a dataset of its own."""

    workspace: Workspace
    texts: list[str]
    labels: NDArray[np.str_]
    vectors: dict[str, NDArray[np.float32]]
    run: str
    layout: str
    url: str


@pytest.fixture(scope="module")
def made(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder, source = tmp_path_factory.mktemp("journeys"), shared_data / "clip-embeddings"
    with (source / "fashion_items.csv").open(encoding="utf-8", newline="") as table:
        texts = [row["description"] for row in csv.DictReader(table)]
    with np.load(source / "fashion_pairs_512.npz") as file:
        vectors = {name: file[name] for name in ("image", "text")}
    workspace = open_workspace(folder / "workspace")
    for start, name in enumerate(("Clothes", "More clothes")):
        part = slice(start, None, 2)
        columns = {"id": [f"c{row}" for row in range(len(texts))][part], "text": texts[part]}
        columns |= {"label": [kind(text) for text in texts[part]]}
        columns |= {f"{each}_vector": list(values[part]) for each, values in vectors.items()}
        pq.write_table(pa.table(columns), folder / f"{start}.parquet")
        datasets.store(workspace, folder / f"{start}.parquet", name=name)
    run = trained(workspace, TrainingRequest("clothes", head="mlp", settings=SETTINGS))
    with in_process():
        layout = requests.start(workspace, requests.LayoutRequest("clothes", method="pca", modality="image"))
    server = start_server(workspace.path, folder / "log")
    own = [kind(text) for text in texts[::2]]
    halves = {name: values[::2] for name, values in vectors.items()}
    yield Made(workspace, texts[::2], np.array(own), halves, run, layout, f"{server.url}/explore")
    server.stop()


def kind(text: str) -> str:
    """The kind of clothing that a description names first."""
    places = [(match.start(), each) for each in KINDS if (match := re.search(rf"\b{each}\b", text.lower()))]
    return min(places)[1] if places else ""


class Fetched:
    """The arrays that the browser fetched for its maps."""

    def __init__(self, page: Any) -> None:
        self.answers: list[Any] = []
        page.on("response", lambda answer: "/points/blob/" in answer.url and self.answers.append(answer))

    def last_frame(self, points: int) -> Points:
        """Where the last frame of the largest array puts the points, in its 16-bit units (n, 2)."""
        each = 4 * points  # bytes of a frame
        largest = max((body for answer in self.answers if not len(body := answer.body()) % each), key=len)
        return np.frombuffer(largest, dtype="<i2").reshape(-1, points, 2)[-1].astype(np.float64)


def latents(made: Made) -> NDArray[np.float64]:
    """Those of the images at the last frame, as the store has them."""
    folder = made.workspace.run(made.run)
    assert folder.probe(("rows",))["rows"].tolist() == list(range(len(made.texts)))
    return folder.snapshot(folder.snapshot_steps()[-1])["image"].astype(np.float64)


def separation(points: Points, labels: NDArray[np.str_]) -> float:
    """1 − |W| / |W + B| of the scatter within and between labels; the same after any linear map of the points."""
    parts = [points[labels == each] for each in np.unique(labels)]
    within = sum((each - each.mean(0)).T @ (each - each.mean(0)) for each in parts)
    whole = points - points.mean(0)
    return float(1 - np.linalg.det(within) / np.linalg.det(whole.T @ whole))


@pytest.mark.parametrize("guide", ["grand", "labels"])
def test_a_tour_moves_in_the_browser_and_ends_on_the_plane_that_it_is_named_for(
    page: Any, made: Made, guide: str
) -> None:
    asked: list[Any] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: asked.append(sent)))
    page.goto(f"{made.url}?run={made.run}&explore_show=image")
    opened(page)
    fetched = Fetched(page)
    press(page.get_by_role("button", name="Tour", exact=True))
    press(page.locator(f".st-key-explore_tour_{guide} button").first)  # the second shows the help
    assert until(lambda: url(page).get("explore_tour")) == f"{guide}.5"
    page.get_by_role("button", name="Leave the tour").wait_for()
    opened(page)
    until(lambda: re.search(r"frame (\d+)/\1$", found(page, "pm-now").inner_text()))
    count, drawn = len(asked), picture(page)
    page.locator(".pm-speed").select_option("4")
    found(page, "pm-play").click()
    found(page, "pm-now.pm-between").wait_for()
    until(lambda: picture(page) != drawn)
    until(lambda: picture(page) == drawn)  # the last plane again
    assert len(asked) == count
    if guide == "labels":
        known = made.labels != ""
        points, labels = latents(made)[known], made.labels[known]
        parts = [points[labels == each] for each in np.unique(labels)]
        within = sum((each - each.mean(0)).T @ (each - each.mean(0)) for each in parts)
        whole = points - points.mean(0)
        _, directions = eigh(whole.T @ whole, within + 1e-9 * np.trace(within) * np.eye(len(within)))
        best = separation(points @ directions[:, -2:], labels)
        there = separation(fetched.last_frame(len(made.texts))[known], labels)
        assert there == pytest.approx(best, abs=1e-3)
        assert (
            separation(whole @ np.linalg.svd(whole)[2][:2].T, labels) < best - 0.01
        )  # of the plane it starts from


@pytest.mark.parametrize("view", ["radius", "axis"])
def test_on_a_norm_view_the_true_norm_is_read_off_the_map(page: Any, made: Made, view: str) -> None:
    fetched = Fetched(page)
    page.goto(f"{made.url}?run={made.run}&explore_show=image&explore_norm={view}")
    opened(page)
    places, norms = fetched.last_frame(len(made.texts)), np.linalg.norm(latents(made), axis=1)
    if view == "axis":
        assert np.corrcoef(places[:, 1], norms)[0, 1] > 0.99999
        return
    terms = np.column_stack([places**2, places, np.ones(len(places))])  # a circle in units of each axis
    fitted = terms @ np.linalg.lstsq(terms, norms**2, rcond=None)[0]
    assert np.sqrt(np.maximum(fitted, 0)) == pytest.approx(norms, rel=2e-3)


def test_another_dataset_joins_the_map_and_leaves_it(page: Any, made: Made) -> None:
    page.goto(f"{made.url}?dataset=clothes&explore_show=image")
    opened(page)
    assert found(page, "pm-status").inner_text() == "413 points"
    press(page.get_by_role("button", name="Add a dataset"))
    press(page.locator(".st-key-explore_with_add button"))
    assert until(lambda: url(page).get("explore_with")) == "more-clothes"
    until(lambda: found(page, "pm-status").inner_text() == "826 points")
    page.wait_for_function(SETTLED)
    rows = zip(
        page.locator(".pm-name").all_inner_texts(), page.locator(".pm-count").all_inner_texts(), strict=True
    )
    assert sorted(rows) == [("Clothes", "413"), ("More clothes", "413")]
    lasso(page)
    link = until(lambda: url(page).get("explore_selection"))
    inside = selections.resolve(made.workspace, "clothes", links.from_link(link))
    until(lambda: selected(page) > len(inside) > 0)  # theirs are marked, too
    page.wait_for_function(SETTLED)
    press(page.get_by_role("button", name="One dataset"))
    until(lambda: found(page, "pm-status").inner_text() == f"{len(inside)} of 413 selected")
    assert "explore_with" not in url(page)


def test_lines_around_dense_regions_are_drawn_over_the_points(page: Any, made: Made) -> None:
    page.goto(f"{made.url}?dataset=clothes&explore_show=text")
    opened(page)
    over = found(page, "pm-over")
    assert over.evaluate(INKED) == 0
    page.locator(".st-key-explore_density_lines label").click()
    until(lambda: url(page).get("explore_lines") == "density")
    page.get_by_text("Lines surround the densest 25, 50, 75 and 95% of the points").wait_for()
    until(lambda: over.evaluate(INKED) > 1000)


def test_clusters_are_named_by_words_that_their_texts_have_more_often(page: Any, made: Made) -> None:
    page.goto(f"{made.url}?dataset=clothes&explore_show=text&explore_tab=map")
    opened(page)
    press(page.get_by_role("button", name="Find clusters"))
    page.get_by_text("Pick one to select its items").wait_for()
    page.wait_for_function(SETTLED)
    names = {each.split(" · ")[0]: each for each in page.locator(".pm-name").all_inner_texts()}
    table = page.locator("[class*=st-key-explore_clusters_] [data-testid=stDataFrame]").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 15, "y": 55})  # the first row
    first = links.from_link(until(lambda: url(page).get("explore_selection")))
    assert isinstance(first, Cluster) and first.number == 0
    smallest = first.model_copy(update={"number": len(names) - 2})  # beside those in no cluster
    rows = selections.resolve(made.workspace, "clothes", smallest)
    words = names[str(len(names) - 1)].split(" · ")[1].split(", ")
    inside = np.isin(np.arange(len(made.texts)), rows)
    assert len(words) > 1 and inside.any()
    has = np.array([[word in text.lower() for text in made.texts] for word in words])
    assert has[:, inside].any(axis=1).all()
    assert has[:, inside].mean() > has[:, ~inside].mean()


def test_trust_in_the_neighbours_on_the_map_is_that_of_the_vectors(page: Any, made: Made) -> None:
    fetched = Fetched(page)
    page.goto(f"{made.url}?dataset=clothes&explore_show=image&explore_tab=map&explore_reading=trust")
    opened(page)
    said = page.get_by_text(re.compile(r"^\d+% on average")).first.inner_text()
    places = fetched.last_frame(len(made.texts))
    on_map = ten_nearest(np.linalg.norm(places[:, None] - places, axis=2))
    unit = made.vectors["image"] / np.linalg.norm(made.vectors["image"], axis=1, keepdims=True)
    true = ten_nearest(-(unit @ unit.T))
    shares = [
        len(set(one) & set(other)) / 10 for one, other in zip(on_map.tolist(), true.tolist(), strict=True)
    ]
    assert int(said.split("%")[0]) == pytest.approx(100 * np.mean(shares), abs=2)


def ten_nearest(distances: NDArray[np.floating]) -> NDArray[np.int64]:
    apart = np.array(distances, dtype=np.float64)
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1)[:, :10]


def test_a_stored_layout_is_saved_as_one_file_that_works_without_a_network(
    page: Any, browser: Any, made: Made, tmp_path: Path
) -> None:
    page.goto(f"{made.url}?dataset=clothes&explore_encoder=given&explore_layout={made.layout}")
    opened(page)
    press(page.get_by_role("button", name="Save", exact=True))
    with page.expect_download() as saved:
        press(page.get_by_role("button", name="Save the map (HTML)"))
    saved.value.save_as(tmp_path / "map.html")
    context = browser.new_context(offline=True)
    try:
        tab, asked = context.new_page(), list[str]()
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((tmp_path / "map.html").as_uri())
        found(tab, "pm-root[data-drawn]").wait_for()
        drawn = picture(tab)
        found(tab, "pm-closer").click()
        until(lambda: picture(tab) != drawn)
        found(tab, "pm-fit").click()
        until(lambda: picture(tab) == drawn)
        assert "length" in hover(tab).inner_text()
        lasso(tab)
        assert until(lambda: selected(tab)) < 413
        assert {each.split(":")[0] for each in asked} <= {"file", "data", "blob"}
    finally:
        context.close()
