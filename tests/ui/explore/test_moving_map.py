"""What a person does on the map of Explore, and where it stands in the URL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import streamlit as st

from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections.definitions import Ids, SetOf
from qlatent.services.selections.definitions import Lasso as Selected
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from qlatent.ui.explore import addresses, moving_map
from qlatent.ui.latent_map.linked import told
from qlatent.ui.latent_map.point_map import Clicked, Lasso, PointMapEvent
from qlatent.ui.selections import state
from qlatent.ui.shell import page
from tests.services import shop_workspace

SQUARE = np.array([[-32767, -32767], [0, -32767], [0, 32767], [-32767, 32767]], dtype=np.int16)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("moving") / "workspace") as opened:
        shop_workspace.with_run(opened)
        yield opened


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> dict[str, str]:
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(page, "workspace", lambda: workspace)
    return query


@pytest.fixture
def scene(workspace: Workspace) -> Scene:
    return scenes.of_run(workspace, "r1", Drawing("both"))


def done(scene: Scene, **what: object) -> None:
    event = PointMapEvent(**what)  # type: ignore[arg-type]
    told(partial(moving_map.happened, scene), moving_map.REFUSED, event)


def test_a_lasso_is_the_selection_and_opens_its_panel(
    url: dict[str, str], scene: Scene, workspace: Workspace
) -> None:
    done(scene, lasso=Lasso(SQUARE, 1, "replace"))
    selected = state.current("explore")
    assert isinstance(selected, Selected) and selected.on == scene.drawn(1)
    places = scene.positions.values[1]
    expected = sorted({scene.row_of(point) for point in np.flatnonzero(places[:, 0] <= 0).tolist()})
    assert resolve(workspace, "shop", selected).tolist() == expected
    assert url["explore_tab"] == "selection"
    done(scene, lasso=Lasso(SQUARE, 0, "remove"))
    assert isinstance(removed := state.current("explore"), SetOf) and removed.how == "difference"
    done(scene, cleared=True)
    assert state.current("explore") is None


def test_a_line_of_two_points_selects_nothing_and_keeps_what_is_selected(
    url: dict[str, str], scene: Scene
) -> None:
    state.select("explore", Ids(ids=("item-02",)))
    done(scene, lasso=Lasso(SQUARE[:2], 1, "replace"))
    assert state.current("explore") == Ids(ids=("item-02",))


def test_a_click_opens_the_item_and_with_shift_joins_or_leaves_the_selection(
    url: dict[str, str], scene: Scene
) -> None:
    text = scene.items + 3  # the text of the fourth item
    done(scene, clicked=Clicked(text, add=False))
    assert url["row"] == str(scene.rows[3]) and url["explore_tab"] == "item"
    assert state.current("explore") is None
    done(scene, clicked=Clicked(text, add=True))
    assert state.current("explore") == Ids(ids=(f"item-{scene.rows[3]:02}",))
    st.cache_resource.clear()
    done(scene, clicked=Clicked(3, add=True))
    rows = state.rows("explore", "shop")
    assert rows is not None and len(rows) == 0


def test_frame_and_camera_stand_in_the_url_and_come_back(url: dict[str, str], scene: Scene) -> None:
    camera = {"x": -1234.5, "y": 1e-7, "zoom": 2.5}
    done(scene, frame=0, camera=camera)
    assert url["explore_frame"] == "0" and moving_map.frame(scene) == 0
    assert moving_map.camera(scene) == pytest.approx(camera)
    done(scene, frame=1)
    assert (
        "explore_frame" not in url and moving_map.frame(scene) == 1
    )  # the last frame is what is shown anyway
    other = scenes.of_run(page.workspace(), "r1", Drawing("image"))
    assert moving_map.camera(other) == {}
    url[addresses.CAMERA] = scene.positions.digest[:8] + "_zoomNaN_x1-2_yaw0.5"
    assert moving_map.camera(scene) == {"yaw": 0.5}


def test_what_cannot_be_selected_is_told_when_the_page_is_drawn(url: dict[str, str], scene: Scene) -> None:
    url[addresses.SELECTION] = "nonsense"
    done(scene, lasso=Lasso(SQUARE, 1, "add"))
    assert "holds no selection" in st.session_state[moving_map.REFUSED].message
