"""What can go wrong with a job, as the page Hardware says it: what happened, and the next step; nothing is lost."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from qlatent import worker
from qlatent.hardware.ibm import access
from qlatent.services.exports import export
from qlatent.services.hardware import keys, listing, requests, results
from qlatent.services.heads import kept_heads
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.ui.hardware import key as page_key
from tests.ibm_service.running import StandIn
from tests.ibm_service.settings import Instance
from tests.services.fitted_head import fitted
from tests.services.hardware.executing import furnished, pca, queued, request

pytestmark = pytest.mark.slow
Open = Callable[..., AppTest]
REFUSING = "http://127.0.0.1:9"  # nobody listens there
DEVICE = "test_line"


@dataclass(frozen=True)
class Place:
    """A workspace with heads that can and cannot be executed, and the stand-in."""

    workspace: Workspace
    head: str
    service: StandIn


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    running = StandIn()
    workspace, head = furnished(tmp_path_factory.mktemp("errors") / "workspace")
    yield Place(workspace, head, running)
    workspace.close()
    running.close()


@pytest.fixture(autouse=True)
def on_the_stand_in(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No key, and nothing remembered of what the service has said; what it says is then good for the whole test."""
    place.service.switch("reset")
    for name in access.ADDRESSES:
        monkeypatch.setenv(name, place.service.url)
    monkeypatch.setenv("QLATENT_IBM_URL", place.service.url)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(access.KEY_NAME, raising=False)
    monkeypatch.setattr(page_key, "MINUTE", 10**10)
    st.cache_resource.clear()
    st.cache_data.clear()
    settings.cache_clear()  # what made the workspace has read them before
    yield
    settings.cache_clear()


@pytest.fixture
def installed(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place with a key of the installation."""
    monkeypatch.setenv(access.KEY_NAME, place.service.key)
    monkeypatch.setenv(access.INSTANCE_NAME, "open-instance")
    return place


@pytest.fixture(scope="module", autouse=True)
def key_is_forgotten() -> Iterator[None]:
    yield
    if keys._own:
        keys._own[1].forget()


def cards(at: AppTest) -> list[str]:
    """What the cards of a page say, each with its next step."""
    return [f"{each.proto.title} {each.value}".replace("\\", "") for each in at.error]


def captions(at: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in at.caption]


def entered(at: AppTest, key: str, instance: str) -> AppTest:
    at.text_input(key="hardware_key_text").set_value(key)
    at.text_input(key="hardware_key_instance").set_value(instance)
    return at.button(key="hardware_key_use").click().run()


def ibm(opened: Open, place: Place, **choices: str) -> AppTest:
    """The form of a job on IBM's devices."""
    told = {"hardware_kind": "device", "hardware_device": DEVICE, "hardware_mitigation": "none"} | choices
    return opened(place.workspace.path, "hardware", **told)


def worked(place: Place, job: str) -> str:
    """The state of a run after its worker was here."""
    return worker.work(place.workspace, place.workspace.run(job))


@pytest.mark.parametrize(
    ("instances", "key", "instance", "url", "said", "step"),
    [
        (None, "wrong", "open-instance", "", "does not know this API key", "Copy the key again"),
        (None, "", "open-instance", "", "The API key is empty", "Copy it again"),
        (None, "KEY", Instance(name="other", account="2" * 32).crn, "", "does not have the instance", "Choose one of"),
        (None, "KEY", "", "", "No instance is chosen; this account has open-instance", "decides which plan pays"),
        ([], "KEY", "", "", "has no instance of IBM Quantum", "the Open plan is free"),
        (None, "KEY", "open-instance", REFUSING, "cannot be reached from this machine", "Check the network"),
    ],
)  # fmt: skip
def test_a_key_that_opens_nothing(
    opened: Open, place: Place, monkeypatch: pytest.MonkeyPatch, instances: Any, key: str, instance: str,
    url: str, said: str, step: str,
) -> None:  # fmt: skip
    if instances is not None:
        place.service.switch("instances", instances=instances)
    if url:
        monkeypatch.setenv("QLATENT_IBM_URL", url)
    at = ibm(opened, place)
    assert any("How to get a key" in each.value for each in at.markdown) and not at.error
    at = entered(at, place.service.key if key == "KEY" else key, instance)
    (card,) = cards(at)
    assert said in card and step in card and place.service.key not in card
    assert page_key.HELD not in at.session_state
    texts = [*everything(at.session_state.to_dict()), *everything(dict(at.query_params)), str(at)]
    assert not at.text_input(key="hardware_key_text").value
    assert not key or not [each for each in texts if place.service.key in each or repr(key) in each]


def retired(service: StandIn) -> None:
    service.switch("device", name=DEVICE, retired=True)


def maintained(service: StandIn) -> None:
    service.switch("device", name=DEVICE, status="paused")


def small(service: StandIn) -> None:
    service.switch("device", name=DEVICE, qubits=1, edges=[])


def busy(service: StandIn) -> None:
    service.fault("/api/v1/backends.*", status=429, headers={"Retry-After": "90"}, times=99)


@pytest.mark.parametrize(
    ("wrong", "said", "step"),
    [
        (retired, f"has no device '{DEVICE}'", "choose another device"),
        (maintained, "takes no jobs at present", "submit later"),
        (small, "has 1 qubits, and the circuit needs 2", "Choose a larger device"),
        (busy, "asks for fewer requests", "Try again in 90 seconds"),
    ],
)
def test_a_device_that_takes_no_job(
    opened: Open, installed: Place, wrong: Callable[[StandIn], None], said: str, step: str
) -> None:
    """The device was there when the page was opened."""
    at = ibm(opened, installed)
    assert not at.error, cards(at)
    wrong(installed.service)
    before = len(listing.jobs(installed.workspace))
    at.query_params["hardware_shots"] = "777"
    at.run()
    (card,) = cards(at)
    assert said in card and step in card
    assert not [each for each in at.button if each.key == "hardware_submit"]
    assert len(listing.jobs(installed.workspace)) == before and installed.service.jobs == []


@pytest.mark.parametrize(
    ("wrong", "asked", "said"),
    [
        (retired, DEVICE, "this account has no device of this name; it is retired"),
        (small, DEVICE, "it has 1 qubit, and this head needs 2"),
        (maintained, "test_nowhere", "this account has no device of this name"),
        (maintained, "twin:fake_lima", "it stands under Twin, not under IBM"),
    ],
)
def test_a_link_to_a_device_that_is_not_offered_opens_another_and_says_why(
    opened: Open, installed: Place, wrong: Callable[[StandIn], None], asked: str, said: str
) -> None:
    """The device was gone before the page was opened."""
    wrong(installed.service)
    at = ibm(opened, installed, hardware_device=asked)
    assert not at.error, cards(at)
    assert [each for each in captions(at) if f"Device {asked} is not offered: {said}" in each]
    choice = at.selectbox(key="pick_hardware_device")
    assert choice.value != asked and asked not in "".join(choice.options)
    assert at.button(key="hardware_submit")
    choice.set_value("test_lattice" if choice.value == "test_ring" else "test_ring").run()
    assert not [each for each in captions(at) if "is not offered" in each]  # chosen on purpose


def test_more_executions_than_a_job_may_hold_are_several_jobs(opened: Open, installed: Place) -> None:
    at = ibm(opened, installed, hardware_shots="600000", hardware_taking="all")
    told = {metric.label: metric.value for metric in at.metric}
    assert not at.error and (told["Parts"], told["Executions"]) == ("3", "24,000,000")


def test_a_plan_that_is_used_up_and_a_result_that_is_cut_off(opened: Open, installed: Place) -> None:
    """Both jobs stay in the list, and go on with Resume; one job is paid."""
    workspace, service = installed.workspace, installed.service
    service.switch("instances", instances=[{"consumed": 600.0}])
    job = queued(workspace, request(installed.head, device=DEVICE, items=6))
    worker_fails(installed, job)
    at = opened(workspace.path, "hardware", hardware_section="jobs", hardware_job=job)
    (card,) = cards(at)
    assert "is used up: 600 of 600 seconds" in card and "instance with another plan" in card
    service.switch("instances", instances=[{}])
    service.switch("jobs", cut_results=1)
    at.button(key="hardware_resume").click().run()
    worker_fails(installed, job)
    at = opened(workspace.path, "hardware", hardware_section="jobs", hardware_job=job)
    (card,) = cards(at)
    assert "is not whole" in card and "nothing is paid again" in card
    at.button(key="hardware_resume").click().run()
    assert worked(installed, job) == "finished"
    assert len(results.read(workspace, job)) == 6 and len(service.jobs) == 1


def worker_fails(place: Place, job: str) -> None:
    worked(place, job)
    assert listing.job(place.workspace, job).state == "failed"


def test_weights_that_are_not_finite_and_a_head_that_was_removed(
    opened: Open, place: Place, tmp_path: Path
) -> None:
    import numpy as np
    from safetensors.numpy import load_file, save_file

    workspace = place.workspace
    fitted().save(tmp_path / "broken")
    (weights,) = (tmp_path / "broken").glob("*.safetensors")
    tensors = load_file(weights)
    save_file({name: np.full_like(array, np.nan) for name, array in tensors.items()}, weights)
    broken = kept_heads.keep(workspace, tmp_path / "broken", name="Broken", run_id=None, dataset_id="pairs")
    at = opened(workspace.path, "hardware", hardware_head=broken)
    (card,) = cards(at)
    assert "holds numbers that are not finite" in card and "Train the head again" in card

    job = queued(workspace, request(broken, device="shots", items=3))
    kept_heads.remove(workspace, broken)
    worker_fails(place, job)
    (card,) = cards(opened(workspace.path, "hardware", hardware_section="jobs", hardware_job=job))
    assert "was removed before the job began" in card and f"qlatent restore {broken}" in card


def test_a_head_without_a_circuit_and_a_job_that_does_not_exist(
    opened: Open, place: Place, tmp_path: Path
) -> None:
    head = pca(place.workspace, tmp_path / "axes")
    at = opened(place.workspace.path, "hardware", hardware_section="new")  # else an ended job is opened
    assert any("Axes: has no circuit" in each.value for each in at.caption)
    assert head not in at.selectbox(key="pick_hardware_head").options
    at = opened(place.workspace.path, "hardware", hardware_section="jobs", hardware_job="r-none")
    assert any("names a job that does not exist here" in each.value for each in at.markdown)
    assert at.button(key="gone_hardware_job")


def everything(value: Any, depth: int = 6) -> Iterator[str]:
    """The texts in a value, in what it holds, and in the attributes of its objects."""
    yield repr(value)
    if depth and not isinstance(value, str | bytes | int | float | type(None)):
        inside = [*value.items()] if isinstance(value, dict) else []
        inside += [*value] if isinstance(value, list | tuple | set) else []
        for each in (*inside, getattr(value, "__dict__", {})):
            yield from everything(each, depth - 1)


def test_a_visitor_s_key_is_in_no_session_and_in_nothing_that_is_taken_away(
    opened: Open, place: Place, tmp_path: Path
) -> None:
    workspace, secret = place.workspace, place.service.key
    at = entered(ibm(opened, place, hardware_count="7"), secret, "open-instance")
    assert not at.error and page_key.HELD in at.session_state, cards(at)
    held = at.session_state[page_key.HELD]
    asked = request(place.head, device=DEVICE, items=7, account=keys.account(held).fingerprint)
    job = requests.start(workspace, requests.check(workspace, asked), broker=held.broker)
    assert worked(place, job) == "finished"
    at.query_params["hardware_section"] = "jobs"
    at.query_params["hardware_job"] = job
    at.run()
    assert at.metric and not at.error, cards(at)
    texts = [*everything(at.session_state.to_dict()), *everything(dict(at.query_params)), str(at)]
    assert any("KeyHolder" in each for each in texts)
    taken = tmp_path / "taken"
    taken.mkdir()
    for ending in ("csv", "parquet", "jsonl"):
        export.export(workspace, job, out=taken / f"job.{ending}")
        export.export(workspace, "pairs", out=taken / f"items.{ending}")
    export.export(workspace, place.head, out=tmp_path / "head.zip")
    zipfile.ZipFile(tmp_path / "head.zip").extractall(taken / "head")
    files = [each for folder in (taken, workspace.path, held.holder.folder) for each in folder.rglob("*")]
    held.forget()
    texts += [each.read_bytes().decode("latin-1") for each in files if each.is_file()]
    assert len(texts) > 100 and not [each for each in texts if secret in each]
