"""Which runs and maps pages show: the new one, those of the chosen dataset, a person's own; and what they warn of."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services import bin
from qlatent.services.runs import listing, queue
from tests.launchers import LauncherDouble
from tests.pages.conftest import Furnished

Open = Callable[..., AppTest]


def names_listed(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["Name"])


def test_another_dataset_shows_its_own_runs_and_no_map_of_the_one_before(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "train", dataset=furnished.pairs)
    assert at.get("plotly_chart")
    at.selectbox(key="pick_dataset").set_value(furnished.texts).run()
    assert not at.exception
    assert not at.get("plotly_chart") and not at.dataframe
    assert any("No run on this dataset yet" in each.value for each in at.markdown)
    at.toggle(key="train_every_run").set_value(True).run()
    assert len(names_listed(at)) == 1


def test_a_link_to_a_run_opens_the_form_on_its_dataset(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "train", run=furnished.run)
    assert at.selectbox(key="pick_dataset").value == furnished.pairs


@pytest.mark.parametrize(("page", "choice"), [("train", "run"), ("explore", "run"), ("data", "dataset"),
                                              ("heads", "head"), ("compare", "experiment")])  # fmt: skip
def test_links_to_what_is_gone_say_so(opened: Open, furnished: Furnished, page: str, choice: str) -> None:
    at = opened(furnished.workspace.path, page, **{choice: "r20200101-000000-dead"})
    assert any("This link names a" in each.value for each in at.markdown)
    assert not at.get("plotly_chart") and not at.dataframe
    at.button(key=f"gone_{choice}").click().run()
    assert not at.exception and not any("This link names" in each.value for each in at.markdown)


def test_the_run_that_was_just_started_is_the_one_shown(
    opened: Open, furnished: Furnished, no_workers: LauncherDouble
) -> None:
    before = {each.id for each in listing.list_runs(furnished.workspace)}
    at = opened(furnished.workspace.path, "train", run=furnished.run)
    at.button(key="train_start").click().run()
    assert not at.exception and not at.error
    (new,) = {each.id for each in listing.list_runs(furnished.workspace)} - before
    try:
        assert "".join(at.query_params["run"]) == new
        assert not at.get("plotly_chart")
        assert any(re.search("queue|starts", each.value) for each in at.info)
        assert len(set(names_listed(at))) == len(names_listed(at))
    finally:
        queue.stop(furnished.workspace, new)
        queue.remove(furnished.workspace, new)
        bin.empty(furnished.workspace, now=time.time() + bin.DAY + 1)


def test_the_start_button_stands_above_the_form(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "train", dataset=furnished.pairs)
    order = [each.key for each in at.main if getattr(each, "key", None)]
    assert order.index("train_start") < order.index("pick_dataset")


def test_photographs_and_the_built_in_encoder_are_warned_of(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "data", dataset=furnished.texts)
    assert at.selectbox(key="encode_with").value == "builtin"
    assert any("has learned drawn listings and nothing else" in each.value for each in at.warning)


def test_vectors_of_the_built_in_encoder_are_warned_of_beside_every_map(
    opened: Open, furnished: Furnished, tmp_path
) -> None:
    spec = furnished.workspace.run(furnished.run).path / "spec.json"
    written = spec.read_text()
    spec.write_text(json.dumps(json.loads(written) | {"encoder": "builtin-0123456789ab"}))
    try:
        for page in ("home", "explore", "train"):
            at = opened(furnished.workspace.path, page, **({} if page == "home" else {"run": furnished.run}))
            assert sum("has learned drawn listings" in each.value for each in at.warning) == 1, page
    finally:
        spec.write_text(written)
    at = opened(furnished.workspace.path, "explore", run=furnished.run)
    assert not any("has learned drawn listings" in each.value for each in at.warning)


def test_a_server_for_others_offers_no_paths_on_this_machine(
    opened: Open, furnished: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qlatent.ui.shell import page

    assert "Folder, file or hub id" in _ways(opened(furnished.workspace.path, "data", section="import"))
    monkeypatch.setattr(page, "serves_others", lambda: True)
    assert _ways(opened(furnished.workspace.path, "data", section="import")) == ["Upload"]


def _ways(at: AppTest) -> list[str]:
    return list(at.segmented_control(key="import_way").options)
