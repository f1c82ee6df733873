"""The panel of searches: by item, text, words and filters, saved and selected."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.search import saved
from qlatent.services.selections import links
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from qlatent.ui.selections.view import View

ANGLES = np.deg2rad(np.arange(0, 90, 10))  # nine items on a quarter circle: nearest is the next angle


def drawn() -> None:
    import streamlit as st

    from qlatent.ui.search.panel import panel
    from qlatent.ui.shell import page

    with page.guarded():
        panel("explore", st.session_state["view"])


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    folder = tmp_path_factory.mktemp("circle")
    vectors = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
    names = np.array([f"i{number}" for number in range(9)])
    np.savez(folder / "circle.npz", text=vectors, id=names, label=np.array(["even", "odd"] * 4 + ["even"]))
    workspace = open_workspace(folder / "workspace")
    return workspace, datasets.store(workspace, folder / "circle.npz", name="Circle").dataset


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    settings.cache_clear()


def opened(
    there: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch, by: str, **state: object
) -> AppTest:
    workspace, dataset = there
    monkeypatch.setenv("QLATENT_WORKSPACE", str(workspace.path))
    settings.cache_clear()
    at = AppTest.from_function(drawn, default_timeout=60)
    at.session_state["navigation_declared"] = True
    at.session_state["view"] = View(
        dataset=dataset, version=workspace.items.version(dataset), encoder="given", rows=np.arange(9)
    )
    for name, value in state.items():
        at.session_state[name] = value
    at.query_params["explore_search_by"] = by
    at.run()
    assert not at.exception, at.exception
    return at


def about(there: tuple[Workspace, str], *plus: str) -> dict[str, object]:
    return {"explore_search_terms": (there[1], {"plus": list(plus), "minus": []}), "explore_search_k": 2}


def shown(at: AppTest) -> list[str]:
    return [each.value for each in at.text]


def test_neighbours_of_an_item_are_the_next_ones(
    circle: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(circle, monkeypatch, "items", **about(circle, "i0"))
    assert shown(at) == ["i1", "i2"]
    at.button("explore_search_0_1_like").click().run()  # more like i2
    assert set(shown(at)) == {"i1", "i3"}
    at.button("explore_search_0_0_minus").click().run()
    assert at.button("explore_search_drop_minus_0").label.startswith("−")


def test_hits_are_filtered_selected_and_saved(
    circle: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(circle, monkeypatch, "items", **about(circle, "i0"))
    at.multiselect("explore_search_columns").select("label").run()
    at.multiselect("explore_search_filter_label").select("odd").run()
    assert shown(at) == ["i1", "i3"]
    at.button("explore_search_select_0").click().run()
    found = links.from_link("".join(at.query_params["explore_selection"]))
    assert found.ids == ("i1", "i3")  # type: ignore[union-attr]
    at.text_input("explore_search_name").set_value("Odd ones")
    at.button("explore_search_save_yes").click().run()
    (kept,) = saved.listed(*circle)
    again = opened(circle, monkeypatch, "saved")
    assert shown(again) == ["i1", "i3"]
    again.button("explore_search_remove").click().run()
    assert saved.listed(*circle) == [] and kept.name == "Odd ones"


@pytest.mark.parametrize(
    ("by", "state", "said"),
    [
        ("text", {"explore_search_text": "red"}, "imported"),
        ("text", {"explore_search_text": "  "}, "empty"),
        ("words", {"explore_search_words": "-x"}, "no word"),
        ("items", {"explore_search_terms": ("?", {"plus": ["gone"], "minus": []})}, "no item"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(
    circle: tuple[Workspace, str],
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    state: dict[str, object],
    said: str,
) -> None:
    if by == "items":
        state = about(circle, "gone")
    at = opened(circle, monkeypatch, by, **state)
    assert len(at.error) == 1 and said in at.error[0].proto.title + at.error[0].value
    assert at.error[0].icon == ":material/error:"
