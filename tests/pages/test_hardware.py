"""The page Hardware by widget key: what a job takes, its submission, its state, and its result on the map."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from qlatent.errors import KeyNeededError
from qlatent.hardware.ibm import access
from qlatent.hardware.work import RunOptions
from qlatent.plots.colours import CATEGORIES
from qlatent.services.hardware import listing, planning, requests, results, transpiled
from qlatent.services.hardware.requests import HardwareRequest
from qlatent.services.heads import kept_heads
from qlatent.store.workspace import Workspace
from qlatent.ui.hardware import jobs
from tests.carried_out import in_process
from tests.ibm_service.running import StandIn
from tests.services.hardware.executing import (
    DeviceDouble,
    carried_out,
    furnished,
    pca,
    queued,
    request,
)

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, str]:
    """A workspace with a head of two qubits, one without a circuit, and a finished job on 20 items of `pairs`."""
    path = tmp_path_factory.mktemp("executed")
    workspace, head = furnished(path)
    pca(workspace, path / "axes")
    asked = HardwareRequest(head, "pairs", "shots", items=20, options=requests.run_options(256, "none", 3, 0))
    with in_process():
        job = requests.start(workspace, requests.check(workspace, asked))
    return workspace, head, job


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates are made in this process: the one beside the app takes seconds to import torch."""

    def estimate(workspace: Workspace, asked: HardwareRequest) -> dict[str, Any]:
        return planning.estimated(workspace, requests.check(workspace, asked))

    monkeypatch.setattr(planning, "estimate", estimate)


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_without_a_head_the_way_to_one_is_shown(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "hardware")
    assert at.button(key="empty_train")
    assert opened(tmp_path, "hardware", hardware_section="jobs").segmented_control


def test_a_job_is_estimated_confirmed_and_queued(
    opened: Open, executed: tuple[Workspace, str, str], here: None
) -> None:
    workspace, _, job = executed
    at = opened(workspace.path, "hardware", hardware_count="30", hardware_shots="256")
    assert any("Axes: has no circuit" in each.value for each in at.caption)  # and it is not offered
    assert at.selectbox(key="pick_hardware_head").options == ["Two qubits"]
    told = figures(at)
    # evenly spaced: of the 30 rows of 40, 0 and 39 and some more are among the 20 measured ones
    assert int(told["Items"]) + int(told["Measured already"]) == 30
    assert int(told["Measured already"]) >= 2
    assert told["Standard error"] == "0.062"  # 1 / √256
    at.button(key="hardware_submit").click().run()
    assert [each.id for each in listing.jobs(workspace)] == [job]  # nothing is submitted before the question
    assert [each.replace("\\", "") for each in at.table[0].value["This job"]][:4] == [
        "shots", "Two qubits", f"30, {told['Measured already']} of them measured already", "256 for each item"
    ]  # fmt: skip
    assert at.button(key="hardware_submit_yes").label == "Submit"


@pytest.mark.slow
def test_the_circuit_is_shown_as_the_device_of_a_twin_would_run_it(
    opened: Open, executed: tuple[Workspace, str, str], here: None
) -> None:
    workspace, head, _ = executed
    at = opened(workspace.path, "hardware", hardware_kind="twin", hardware_device="twin:fake_lima")
    assert not at.error
    (table,) = [each.value for each in at.dataframe if "SWAPs" in each.value]
    found = transpiled.of_head(workspace, head, modality="image", device="twin:fake_lima")
    assert table["Level"].tolist() == [0, 1, 2, 3]
    assert table["Two-qubit gates"].tolist() == [each.pair_gates for each in found.levels]
    assert table["Read at qubits"][3] == ", ".join(map(str, found.levels[3].end))
    assert found.levels[3].pair_gates <= found.levels[0].pair_gates
    assert f"Q{found.levels[3].end[0]}<" in found.levels[3].drawing


@pytest.mark.slow
def test_the_circuit_is_shown_as_a_device_of_the_account_would_run_it(
    opened: Open, executed: tuple[Workspace, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _, _ = executed
    service = StandIn()
    monkeypatch.setenv("QLATENT_IBM_URL", service.url)
    monkeypatch.setenv(access.KEY_NAME, service.key)
    monkeypatch.setenv(access.INSTANCE_NAME, "open-instance")
    planning._companion.close()  # the next one is asked with these settings
    asked = {"hardware_kind": "device", "hardware_device": "test_lattice", "hardware_mitigation": "none"}
    try:
        at = opened(workspace.path, "hardware", **asked, hardware_level="1")
        assert not at.error, [each.value for each in at.error]
        (table,) = [each.value for each in at.dataframe if "SWAPs" in each.value]
        assert table["Level"].tolist() == [0, 1, 2, 3]
        assert figures(at)["Two-qubit gates"] == str(table["Two-qubit gates"][1])  # of what would be sent
        (qubits,) = [json.loads(each.proto.spec) for each in at.get("plotly_chart")]
        (dots,) = [each["marker"] for each in qubits["data"] if "colorbar" in each.get("marker", {})]
        marked = [number for number, edge in enumerate(dots["line"]["color"]) if edge == CATEGORIES[1]]
        assert ", ".join(map(str, marked)) == ", ".join(
            sorted(table["Read at qubits"][1].split(", "), key=int)
        )
    finally:
        planning._companion.close()
        service.close()


def test_a_finished_job_is_a_badge_until_it_is_opened_and_lies_on_the_map(
    opened: Open, executed: tuple[Workspace, str, str], here: None
) -> None:
    workspace, _, job = executed
    at = opened(workspace.path, "circuits")
    assert at.button(key="hardware_badge").label.endswith("Job done: Two qubits on shots\\, 20 of Pairs")
    at = opened(workspace.path, "hardware", hardware_section="new")  # the form shows it, too
    assert at.button(key="hardware_badge")
    at = opened(workspace.path, "hardware")  # as by the navigation: it leads to the job
    assert at.query_params["hardware_job"] in (job, [job])
    at = opened(workspace.path, "hardware", hardware_section="jobs", hardware_job=job)
    told = figures(at)
    assert told["Items"] == "20" and 0.8 < float(told["Slope"]) < 1.2
    (drawn,) = at.get("bidi_component")
    assert "hardware_map" in drawn.proto.id
    assert any(each.value.startswith("Exact → shots. 20 items in the plane") for each in at.caption)
    assert at.get("download_button")
    assert not listing.unseen(workspace)
    assert not [each for each in opened(workspace.path, "circuits").button if each.key == "hardware_badge"]


def test_two_jobs_are_compared_on_their_common_items(
    opened: Open, executed: tuple[Workspace, str, str]
) -> None:
    workspace, head, job = executed
    asked = HardwareRequest(head, "pairs", "exact", items=40, options=requests.run_options(0, "none", 3, 0))
    with in_process():
        other = requests.start(workspace, requests.check(workspace, asked))
    at = opened(workspace.path, "hardware", hardware_section="jobs", hardware_job=job, hardware_other=other)
    measured = results.read(workspace, job)
    moved = np.linalg.norm(measured.latents - measured.exact_latents, axis=1)
    (table,) = [each.value for each in at.dataframe if "Step" in each.value]
    assert table["Step"].tolist() == pytest.approx([0.0, moved.mean()])
    assert any(each.value.startswith("Exact → exact → shots. 20 items that both") for each in at.caption)


def test_the_way_goes_by_three_jobs_in_the_order_of_their_noise(
    opened: Open, executed: tuple[Workspace, str, str]
) -> None:
    workspace, head, job = executed
    shots = queued(workspace, request(head, device="shots", items=40, options=RunOptions(shots=64)))
    twin = queued(workspace, request(head, device="twin:fake_lima", items=15, options=RunOptions(shots=150)))
    device = queued(workspace, request(head, items=20, options=RunOptions(shots=200)))
    for each in (shots, twin, device):  # by the double: the names are what is looked at
        carried_out(workspace, each, DeviceDouble())
    link = {"hardware_section": "jobs", "hardware_job": device, "hardware_other": f"{twin},{job}"}
    at = opened(workspace.path, "hardware", **link)
    assert not at.error, [each.value for each in at.error]
    assert any(each.value.startswith("Exact → shots → lima (twin) → ibm_double. ") for each in at.caption)
    choice = at.multiselect(key="hardware_others")
    choice.set_value([twin, job, shots]).run()
    assert at.query_params["hardware_other"] in (f"{twin},{job},{shots}", [f"{twin},{job},{shots}"])
    (table,) = [each.value for each in at.dataframe if "Step" in each.value]
    assert [name for (name,) in table["Arrow to"]] == [
        "shots, 256 shots, no mitigation", "shots, 64 shots, no mitigation", "lima (twin)", "ibm_double"
    ]  # fmt: skip
    found = [results.read(workspace, each) for each in (job, shots, twin, device)]
    common = set.intersection(*(set(each.ids) for each in found))
    latents = [np.stack([each.latents[each.ids.index(name)] for name in sorted(common)]) for each in found]
    wanted = [np.linalg.norm(b - a, axis=1).mean() for a, b in pairwise(latents)]
    assert len(common) < 15 and table["Step"].tolist()[1:] == pytest.approx(wanted)
    assert any(f"{len(common)} items that all jobs have" in each.value for each in at.caption)


def test_a_job_without_its_key_says_so_and_takes_one(
    opened: Open, executed: tuple[Workspace, str, str]
) -> None:
    workspace, head, _ = executed
    device = DeviceDouble()
    device.trouble["submit"] = [KeyNeededError("The key of this job is gone.", remedy="Enter it again.")]
    job = queued(workspace, request(head))
    carried_out(workspace, job, device)
    at = opened(workspace.path, "hardware", hardware_section="jobs", hardware_job=job)
    assert jobs.state(listing.job(workspace, job)) == "key"
    assert any("Enter it again" in each.value for each in at.warning)
    assert (
        at.text_input(key="hardware_key_text").proto.type
        == at.text_input(key="hardware_key_text").proto.PASSWORD
    )
    assert at.button(key="hardware_cancel")


def test_a_waiting_job_is_told_to_cancel(opened: Open, executed: tuple[Workspace, str, str]) -> None:
    workspace, head, job = executed
    asked = HardwareRequest(head, "pairs", "exact", items=3, options=requests.run_options(0, "none", 3, 0))
    new = requests.start(workspace, requests.check(workspace, asked))
    at = opened(workspace.path, "hardware", hardware_section="jobs")  # the newest is open
    assert at.query_params["hardware_job"] in (new, [new])
    assert any(each.value == "Next in the queue. It starts now." for each in at.info)
    with workspace.catalogue._database.writing() as connection:
        connection.execute(text("UPDATE runs SET owner = 'eve' WHERE id = :id"), {"id": new})
    at.run()
    at.button(key="hardware_cancel").click().run()
    assert any("eve made it" in each.value for each in at.warning)
    assert jobs.state(listing.job(workspace, new)) != "cancelling"
    at.button(key="others_cancel_yes").click().run()
    assert not at.error, [each.value for each in at.error]
    assert [jobs.state(listing.job(workspace, each)) for each in (new, job)] == ["cancelling", "done"]
    assert not [each for each in at.button if each.key == "hardware_cancel"]


def test_a_job_outlives_its_head_and_an_unknown_job_is_said(
    opened: Open, executed: tuple[Workspace, str, str]
) -> None:
    workspace, head, job = executed
    kept_heads.remove(workspace, head)
    at = opened(
        workspace.path,
        "hardware",
        hardware_section="jobs",
        hardware_job=job,
        hardware_view="beside",
        hardware_row="0",
    )
    assert [each.proto.id.rsplit("-", 1)[-1] for each in at.get("bidi_component")] == [
        "hardware_map_0",
        "hardware_map_1",
    ]
    assert not at.error
    at = opened(workspace.path, "hardware", hardware_section="jobs", hardware_job="r-none")
    assert at.button(key="gone_hardware_job")
