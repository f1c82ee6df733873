"""The panel of searches: by item, text, image, words and filters; in the URL, saved and selected."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import qlatent
from qlatent.services.heads import kept_heads
from qlatent.services.search import pictures, saved
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Column, Ids, Search, SetOf
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from qlatent.types import Item
from qlatent.ui.selections.view import View
from tests.services.run_workspace import add

ANGLES = np.deg2rad(np.arange(0, 90, 10))  # nine items on a quarter circle: nearest is the next angle
DATASET = "circle"


def drawn() -> None:
    import streamlit as st

    from qlatent.ui.search.panel import panel
    from qlatent.ui.shell import page

    with page.guarded():
        panel("explore", st.session_state["view"])


def item(number: int) -> Item:
    vector = np.array([np.cos(ANGLES[number]), np.sin(ANGLES[number])], dtype=np.float32)
    return Item(
        id=f"i{number}", text=f"a thing at {number * 10} degrees", label="odd" if number % 2 else "even",
        metadata={"price": number * 1.5, "made": f"2024-01-0{number + 1}"}, vectors={"text": vector},
    )  # fmt: skip


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = open_workspace(tmp_path_factory.mktemp("circle") / "workspace")
    add(workspace, DATASET, [item(number) for number in range(9)])
    return workspace


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    settings.cache_clear()


def opened(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, by: str, **url: str) -> AppTest:
    """The panel, opened by a link."""
    monkeypatch.setenv("QLATENT_WORKSPACE", str(workspace.path))
    settings.cache_clear()
    at = AppTest.from_function(drawn, default_timeout=60)
    at.session_state["navigation_declared"] = True
    at.session_state["view"] = View(
        dataset=DATASET, version=workspace.items.version(DATASET), encoder="given", rows=np.arange(9)
    )
    for name, value in {"by": by, "k": "2", **url}.items():
        at.query_params[f"explore_search_{name}"] = value
    at.run()
    assert not at.exception, at.exception
    return at


def like(*plus: str, without: tuple[str, ...] = ()) -> str:
    """The address of a search by items."""
    terms = [["item", each, 1.0] for each in plus] + [["item", each, -1.0] for each in without]
    return f"{DATASET}:{links.to_link(Search(search={'terms': terms}))}"


def only(*columns: Column) -> str:
    """The address of filters."""
    return f"{DATASET}:{links.to_link(SetOf(how='intersection', of=columns))}"


def shown(at: AppTest) -> list[str]:
    return [each.value.removeprefix("a thing at ") for each in at.text]


def degrees(*numbers: int) -> list[str]:
    return [f"{number * 10} degrees" for number in numbers]


def url(at: AppTest, name: str) -> str:
    return "".join(at.query_params.get(f"explore_{name}", ""))


def test_neighbours_of_an_item_are_the_next_ones(circle: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(circle, monkeypatch, "items", items=like("i0"))
    assert shown(at) == degrees(1, 2)
    at.button("explore_search_0_1_like").click().run()  # more like i2
    assert set(shown(at)) == set(degrees(1, 3))
    at.button("explore_search_0_0_minus").click().run()
    assert at.button("explore_search_drop_minus_0").label.startswith("−")
    again = opened(circle, monkeypatch, "items", items=url(at, "search_items"))
    assert shown(again) == shown(at)


def test_filters_of_every_kind_narrow_the_search_and_stand_in_the_url(
    circle: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(circle, monkeypatch, "items", items=like("i0"))
    for column in ("label", "price", "made"):
        at.multiselect("explore_search_columns").select(column).run()
    assert at.multiselect("explore_search_filter_label").options == ["even (5)", "odd (4)"]
    at.multiselect("explore_search_filter_label").select("odd").run()
    assert shown(at) == degrees(1, 3)
    at.number_input("explore_search_filter_price_least").set_value(2.0).run()  # from i2 on
    assert shown(at) == degrees(3, 5)
    at.date_input("explore_search_filter_made_to").set_value(date(2024, 1, 4)).run()  # up to and with i3
    assert shown(at) == degrees(3)
    again = opened(circle, monkeypatch, "items", items=like("i0"), where=url(at, "search_where"))
    assert shown(again) == degrees(3)
    assert again.date_input("explore_search_filter_made_to").value == date(2024, 1, 4)
    said = "Only where label is odd and price at least 2 and made at most 2024-01-04"
    assert said in [each.value.replace("\\", "") for each in again.caption]
    again.number_input("explore_search_filter_price_least").set_value(1e6).run()  # nothing is left
    assert (
        not again.exception and not again.error and "No item matches." in [each.value for each in again.info]
    )


def test_a_filter_that_the_url_names_no_more_is_gone(
    circle: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = only(Column(name="label", values=("odd",)))
    at = opened(circle, monkeypatch, "items", items=like("i0"), where=odd)
    assert shown(at) == degrees(1, 3)
    at.query_params["explore_search_where"] = only(Column(name="label", values=("even",)))  # as Back does
    at.run()
    assert shown(at) == degrees(2, 4)
    at.query_params["explore_search_where"] = only(Column(name="weight", least=1.0))
    at.run()
    assert shown(at) == degrees(1, 2) and "weight" in at.warning[0].value


def test_hits_are_selected_and_saved_with_their_filters(
    circle: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = only(Column(name="label", values=("odd",)))
    at = opened(circle, monkeypatch, "items", items=like("i0"), where=odd)
    at.button("explore_search_select_0").click().run()
    assert links.from_link(url(at, "selection")) == Ids(ids=("i1", "i3"))
    at.text_input("explore_search_name").set_value("Odd ones")
    at.button("explore_search_save_yes").click().run()
    (kept,) = saved.listed(circle, DATASET)
    again = opened(circle, monkeypatch, "saved")
    assert shown(again) == degrees(1, 3)
    again.button("explore_search_remove").click().run()
    assert saved.listed(circle, DATASET) == [] and kept.name == "Odd ones"
    gone = opened(circle, monkeypatch, "saved", saved=kept.id)
    assert "No search" in gone.caption[0].value


def test_words_are_found_saved_and_all_of_them_selected(
    circle: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(circle, monkeypatch, "words", words="thing -40 -50")
    assert "7 of 9" in at.markdown[0].value and len(shown(at)) == 2
    at.text_input("explore_search_name").set_value("Not in the middle")
    at.button("explore_search_save_yes").click().run()
    (kept,) = saved.listed(circle, DATASET)
    assert kept.query.words == "thing -40 -50" and len(saved.run(circle, kept.id).hits) == 2
    saved.remove(circle, kept.id)
    at.button("explore_search_select_0_all").click().run()
    selected = links.from_link(url(at, "selection"))
    assert isinstance(selected, Search) and selected.search["k"] == 7


def test_beside_the_vectors_stand_latents_with_what_they_gain_and_lose(
    circle: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A head that keeps how far along 45° an item lies: there 80° is as near to 0° as 10° is, and 20° is farther."""
    head = qlatent.create("pca", dim=1, modalities=("text",))
    head.fit({"text": np.outer(np.linspace(-1, 1, 12), [1, 1]).astype(np.float32)})
    head.save(tmp_path / "head", {"encoder": "given"})
    kept = kept_heads.keep(circle, tmp_path / "head", name="45°", run_id=None, dataset_id=DATASET)
    at = opened(circle, monkeypatch, "items", items=like("i0"), heads=f"{DATASET}:{kept}")
    kept_heads.remove(circle, kept)
    assert not at.error, at.error[0].value
    assert shown(at) == [*degrees(1, 2), *degrees(1, 8), *degrees(2)]  # before, after, lost
    assert any("1 gained, 1 lost" in each.value for each in at.markdown)
    assert at.expander[0].label == "Lost: 1"


def test_an_image_is_kept_by_its_content_hash(circle: Workspace) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "png")
    name = pictures.keep(circle, file.getvalue())
    pictures._recent.clear()  # as in the app started next
    assert Image.open(io.BytesIO(pictures.read(circle, name))).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("by", "link", "said"),
    [
        ("text", {"text": "red"}, "imported"),
        ("text", {"text": "  "}, "empty"),
        ("words", {"words": "-x"}, "no word"),
        ("items", {"items": like("gone")}, "no item"),
        ("items", {"items": f"{DATASET}:@@"}, "holds no selection"),
        ("items", {"items": like("i0"), "where": f"{DATASET}:@@"}, "holds no selection"),
        ("image", {"image": "0" * 32}, "not stored here"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(
    circle: Workspace, monkeypatch: pytest.MonkeyPatch, by: str, link: dict[str, str], said: str
) -> None:
    at = opened(circle, monkeypatch, by, **link)
    assert len(at.error) == 1 and said in at.error[0].proto.title + at.error[0].value
    assert at.error[0].icon == ":material/error:"
