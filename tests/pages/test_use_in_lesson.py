""" "Use in a lesson" on Explore, Compare and Circuits: from the state of a page to a lesson that shows it."""

from __future__ import annotations

import io
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.experiments.grid import Grid
from qlatent.services.lessons import preparing
from qlatent.services.lessons.drafts import packing
from qlatent.services.lessons.folders import FILE, TRAININGS
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from tests.carried_out import in_process
from tests.pages.conftest import Furnished

MARKS = ("```", "+++")
Open = Callable[..., AppTest]


def pressed(at: AppTest, page: str) -> AppTest:
    at.button(key=f"{page}_lesson").click().run()
    assert not at.exception
    return at


def blocks(at: AppTest) -> list[dict[str, Any]]:
    """What can be copied: the figure, the front matter, and the trainings if the lesson needs its own."""
    found = [each.value.splitlines() for each in at.code if each.language == "toml"]
    return [tomllib.loads("\n".join(line for line in each if line[:3] not in MARKS)) for each in found]


def said(at: AppTest) -> str:
    return " ".join(f"{each.value} {each.proto.title}" for each in at.info).replace("\\", "")


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The zips that are offered for download."""
    found: list[bytes] = []
    zipped = packing.zipped

    def kept(*args: Any, **kwargs: Any) -> bytes:
        found.append(zipped(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(packing, "zipped", kept)
    return found


def test_from_explore_to_a_lesson_that_is_shown(
    furnished: Furnished, opened: Open, packed: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(
        furnished.workspace.path, "explore", run=furnished.run, explore_frame="2", explore_show="text",
        explore_colour="label", row="7", explore_camera="x1", explore_norm="axis",
    )  # fmt: skip
    at = pressed(at, "explore")
    figure, front, trainings = blocks(at)
    (item,) = (row["id"] for row in furnished.workspace.items.rows(furnished.pairs, [7], columns=["id"]))
    assert figure == {
        "kind": "map",
        "run": "acqua_2",
        "frame": 2,
        "view": "text",
        "colour": "label",
        "item": item,
    }
    assert front["needs"] == ["acqua_2"]
    assert (
        trainings["runs"]["acqua_2"]["settings"]["epochs"] == 2
        and trainings["data"]["items"]["title"] == "Pairs"
    )
    assert "does not keep the camera, the norm as radius or axis" in said(at)
    assert any("qlatent export" in each.value for each in at.caption)  # what has to be added
    at.text_input(key="lesson_title").set_value("What I saw").run()
    at.checkbox(key="lesson_share").check().run()
    with zipfile.ZipFile(io.BytesIO(packed[-1])) as archive:
        assert sorted(archive.namelist()) == [
            f"what-i-saw/{each}" for each in ("items.parquet", FILE, TRAININGS)
        ]
        archive.extractall(tmp_path / "own")
    monkeypatch.setenv("QLATENT_LESSONS", str(tmp_path / "own"))
    settings.cache_clear()
    assert library().broken == ()
    lesson = library().lesson("what-i-saw")
    with open_workspace(tmp_path / "elsewhere") as other, in_process():
        preparing.prepare(other, lesson.about.needs)
    at = opened(tmp_path / "elsewhere", "learn", lesson="what-i-saw", step="look")
    assert not at.error and at.query_params["item"] in (item, [item])
    assert "What do you see?" in [each.value for each in at.markdown]
    assert any("60 items as texts, each a vector of 3 numbers" in each.value for each in at.caption)


def test_what_has_no_figure_is_said(furnished: Furnished, opened: Open) -> None:
    at = pressed(
        opened(furnished.workspace.path, "explore", run=furnished.run, explore_tour="norm.2"), "explore"
    )
    assert "no figure for a tour" in said(at) and blocks(at)[0]["kind"] == "map"
    at = pressed(opened(furnished.workspace.path, "circuits", source="merge"), "circuits")
    assert "no figure for the merges" in said(at) and not blocks(at)
    at = pressed(opened(furnished.workspace.path, "compare", by="retrieval"), "compare")
    assert "no figure for an evaluation by retrieval" in said(at)


def test_vectors_and_a_run_beside_each_other_are_two_linked_maps(furnished: Furnished, opened: Open) -> None:
    choices = {"dataset": furnished.pairs, "explore_encoder": "given", "row": "5"}
    alone = pressed(opened(furnished.workspace.path, "explore", **choices), "explore")
    assert blocks(alone)[0]["item"] == "row-6"
    choices["explore_beside"] = f"run-{furnished.run}"
    at = pressed(opened(furnished.workspace.path, "explore", **choices), "explore")
    figure, front, trainings = blocks(at)
    assert figure["runs"] == front["needs"] == ["vectors", "acqua_2"] and figure["kind"] == "linked"
    assert [trainings["runs"][name]["head"] for name in figure["runs"]] == ["identity", "acqua"]


def test_a_circuit_keeps_its_gate_its_item_and_its_figure(furnished: Furnished, opened: Open) -> None:
    at = opened(
        furnished.workspace.path, "circuits", layout="qssl_ring", qubits="3", layers="1", gate="4", seed="2"
    )
    figure = blocks(pressed(at, "circuits"))[0]
    assert {name: figure[name] for name in ("kind", "layout", "qubits", "gate")} == {
        "kind": "circuit", "layout": "qssl_ring", "qubits": 3, "gate": 4,
    }  # fmt: skip
    assert len(figure["angles"]) == 3 + 6
    at.segmented_control(key="lesson_figure").set_value("Arrows of the qubits").run()
    assert blocks(at)[0]["kind"] == "bloch"
    at = pressed(opened(furnished.workspace.path, "circuits", source="head", modality="text"), "circuits")
    figure, front, _ = blocks(at)
    assert (figure["run"], figure["modality"], front["needs"]) == ("acqua_2", "text", ["acqua_2"])
    assert "item" in figure and "angles" not in figure  # the head's own


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with an experiment of closed-form heads that is measured."""
    folder = tmp_path_factory.mktemp("compared")
    rng = np.random.default_rng(0)
    np.savez(
        folder / "v.npz", text=rng.normal(size=(60, 8)).astype(np.float32), label=np.array(["a", "b"] * 30)
    )
    workspace = open_workspace(folder / "workspace")
    dataset = datasets.store(workspace, folder / "v.npz", name="V").dataset
    with in_process():
        grid = Grid(dataset, ("random_projection", "pca"), ("distance_correlation",), (2,), 1, name="Which?")
        experiments.start(workspace, experiments.create(workspace, grid))
    return workspace


def test_a_table_and_two_maps_of_compare(compared: Workspace, opened: Open) -> None:
    at = opened(compared.path, "compare")
    at.multiselect(key="compare_metrics").set_value(["spearman"]).run()
    figure, front, trainings = blocks(pressed(at, "compare"))
    assert figure == {"kind": "table", "experiment": "heads", "metrics": ["spearman"], "seeds": 1}
    assert front["needs"] == ["heads"]
    assert trainings["experiments"]["heads"]["heads"] == ["random_projection", "pca"]
    at.session_state["compare_tabs"] = "Side by side"
    at.run()
    figure, front, trainings = blocks(at)  # the dialog stays open
    assert (figure["kind"], figure["runs"]) == ("linked", front["needs"])
    assert {trainings["runs"][name]["head"] for name in figure["runs"]} == {"random_projection", "pca"}
    assert "begins with the norm" in said(at)  # Compare's first colour is how neighbours changed
    at.session_state["compare_tabs"] = "Frontier"
    at.run()
    assert "no figure for the tab Frontier" in said(at) and blocks(at)[0]["kind"] == "table"


def test_a_server_of_classes_has_no_such_button(
    furnished: Furnished, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "qlatent.ui.drafts.button.settings", lambda: settings().model_copy(update={"classes_only": True})
    )
    at = opened(furnished.workspace.path, "circuits")
    with pytest.raises(KeyError):
        at.button(key="circuits_lesson")
