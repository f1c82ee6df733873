"""Links to the page Hardware that ask for what is not offered: it opens, says what and why, and offers the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.hardware import planning, requests
from qlatent.services.hardware.requests import HardwareRequest
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Ids
from qlatent.store.workspace import Workspace
from tests.carried_out import in_process
from tests.services.hardware.executing import furnished, pca, queued, request

Open = Callable[..., AppTest]


@dataclass(frozen=True)
class Place:
    """A workspace with heads with and without a circuit, datasets with and without vectors, and jobs."""

    workspace: Workspace
    names: dict[str, str]  # of what links ask for
    job: str  # done, of the head of two qubits


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    path = tmp_path_factory.mktemp("linked")
    workspace, head = furnished(path)
    (path / "texts.csv").write_text("id,text\na,plain words\nb,other words\n", encoding="utf-8")
    texts = datasets.store(workspace, path / "texts.csv", name="Texts").dataset
    other = collections.create(workspace, texts, Ids(ids=("a", "b")), name="Two texts").id
    collections.create(workspace, "pairs", Ids(ids=tuple(ids(workspace)[:3])), name="Three pairs")
    asked = HardwareRequest(head, "pairs", "shots", items=20, options=requests.run_options(256, "none", 3, 0))
    with in_process():
        job = requests.start(workspace, requests.check(workspace, asked))
    alike = queued(workspace, request(head, device="shots"))  # nothing follows it
    names = {"axes": pca(workspace, path / "axes"), "texts": texts, "other": other, "waits": alike}
    return Place(workspace, names, job)


def ids(workspace: Workspace) -> list[str]:
    return collections.ids_of(workspace, "pairs", np.arange(workspace.items.count("pairs")))


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates are made in this process: the one beside the app takes seconds to import torch."""

    def estimate(workspace: Workspace, asked: HardwareRequest) -> dict[str, Any]:
        return planning.estimated(workspace, requests.check(workspace, asked))

    monkeypatch.setattr(planning, "estimate", estimate)


def said(at: AppTest) -> list[str]:
    """The sentences about what is not offered."""
    assert not at.error, [each.value for each in at.error]
    found = [each.value.replace("\\", "").replace(":material/link_off: ", "") for each in at.caption]
    return [each for each in found if "is not offered" in each]


GONE = "it was removed, or the link comes from another workspace"


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        (
            "head=axes dataset=texts modality=vector of=none taking=odd kind=mainframe device=abacus "
            "mitigation=zne shots=0",
            {
                "Head {axes}": "it has no circuit, so a device has nothing to execute",
                "Dataset {texts}": "it has no vectors; encode it on the page Data",
                "Modality vector": "head and dataset have image and text in common",
                "Choice of items none": "there are all, collection, selection",
                "Choice of items odd": "there are evenly, first, drawn, all",
                "Kind of device mainframe": "there are simulator, twin, device, pennylane",
                "Device abacus": "there is no such simulator",
                "Mitigation zne": "Simulator takes none",
                "Shots for each item 0": "it must be a whole number from 1 to 1,000,000",
            },
        ),
        (
            "head=h-gone dataset=gone of=collection collection=other count=many device=twin:fake_lima",
            {
                "Head h-gone": f"{GONE}, which has this head",
                "Dataset gone": f"{GONE}, which has this dataset",
                "Collection {other}": "it was removed, or it is one of another dataset",
                "How many many": "it must be a whole number from 1 to 100,000",
                "Device twin:fake_lima": "it stands under Twin, not under Simulator",
            },
        ),
        (
            "of=selection kind=pennylane device=abacus",
            {
                "Choice of items selection": "the link holds no selection",
                "Device abacus": "the names of PennyLane's devices begin with pennylane:",
            },
        ),
        ("of=selection selection=torn", {"Selection torn": "The link holds no selection that can be read. It"}),
    ],
)  # fmt: skip
def test_the_form_opens_with_something_else_and_says_why(
    opened: Open, place: Place, link: str, wanted: dict[str, str]
) -> None:
    at = opened(place.workspace.path, "hardware", **asked(place, link))
    told = dict(each.split(" is not offered: ") for each in said(at))
    assert list(told) == [each.format(**place.names) for each in wanted]
    assert all(why.startswith(start) for why, start in zip(told.values(), wanted.values(), strict=True)), told
    assert at.button(key="hardware_submit")  # of what is offered instead


def asked(place: Place, link: str) -> dict[str, str]:
    """The URL of a link in short: without the page's name, and with names of what the workspace has."""
    pairs = [each.split("=") for each in link.split()]
    return {f"hardware_{name}": place.names.get(value, value) for name, value in pairs}


def test_what_is_chosen_instead_stands_without_the_sentence(opened: Open, place: Place) -> None:
    at = opened(place.workspace.path, "hardware", hardware_device="abacus", hardware_count="0")
    choice = at.selectbox(key="pick_hardware_device")
    assert len(said(at)) == 2 and choice.value == "shots"
    at.number_input(key="number_hardware_count").set_value(7).run()
    assert [each.split(" is not")[0] for each in said(at)] == ["Device abacus"]  # still in its place
    at.selectbox(key="pick_hardware_device").set_value("exact").run()
    assert not said(at)
    at.selectbox(key="pick_hardware_device").set_value("shots").run()
    assert not said(at)
    at.segmented_control(key="switch_hardware_kind").set_value("pennylane").run()
    assert not said(at)  # the device of another kind was nobody's wish


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("device=twin:fake_none level=7", ["Device twin:fake_none", "Optimisation level 7"]),
        ("device=twin:fake_lima recompiled=so", ["Recompile each item's circuit so"]),
    ],
)
def test_a_twin_that_is_not_offered(opened: Open, place: Place, link: str, wanted: list[str]) -> None:
    at = opened(place.workspace.path, "hardware", hardware_kind="twin", **asked(place, link))
    assert [each.split(" is not offered: ")[0] for each in said(at)] == wanted


def test_a_result_opens_without_what_it_does_not_have(opened: Open, place: Place) -> None:
    link = f"section=jobs job={place.job} other=waits view=above colour=loss row=4000 rings=so qubit=9"
    told = said(opened(place.workspace.path, "hardware", **asked(place, link)))
    wanted = {
        "Job {waits}": "it is not done",
        "Ellipses so": "it is 0 or 1",
        "View above": "there are arrows, beside",
        "Colour loss": "this map has label, moved",
        "Row 4000": "it is none of the items of this job",
        "Qubit 9": "this job has 2 qubits, counted from 0",
    }
    assert told == [f"{what} is not offered: {why}.".format(**place.names) for what, why in wanted.items()]
    link = f"section=jobs job={place.job} other={place.job},r-gone"
    (gone,) = said(opened(place.workspace.path, "hardware", **asked(place, link)))
    assert gone == f"Job r-gone is not offered: {GONE}."
