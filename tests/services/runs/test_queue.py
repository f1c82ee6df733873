"""The queue: refusals, starting, stopping, resuming and removing runs. No worker starts here."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from qlatent.errors import ConfigError, InputError, RunError, StoreError
from qlatent.hardware.work import RunOptions
from qlatent.services.runs import launchers, listing, queue, specs
from qlatent.services.training.kinds.table import run_configs
from qlatent.services.training.kinds.vectors import spec as vectors_spec
from qlatent.services.training.start import start_training, training_spec
from qlatent.store.processes import this_process
from qlatent.types import Item
from tests.launchers import LauncherDouble
from tests.services.run_workspace import SETTINGS, add, pairs, request, small


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """One workspace for all tests; they leave no run behind."""
    with small(tmp_path_factory.mktemp("runs") / "workspace") as workspace:
        yield workspace


@pytest.fixture
def workspace(stored):
    yield stored
    for record in stored.catalogue.runs():
        stored.run(record.id).write_status(state="stopped")
        queue.remove(stored, record.id)


@pytest.fixture
def started():
    """Ids of runs whose worker would be started; each is marked running at once, in this process."""
    double = LauncherDouble(lambda workspace, run_id: workspace.run(run_id).write_status(state="running"))
    with launchers.using(double):
        yield double.launched


@pytest.fixture
def room(monkeypatch):
    """Sets how many runs may be alive at once."""

    def allow(count):
        monkeypatch.setattr(
            queue, "settings", lambda: SimpleNamespace(max_runs=count, threads=1, device="cpu")
        )

    return allow


# --- the spec ---------------------------------------------------------------------------------------------


def test_a_started_run_has_an_id_a_frozen_spec_and_a_place_in_the_catalogue(workspace, started):
    run_id = start_training(workspace, request())
    assert re.fullmatch(r"r\d{8}-\d{6}-[0-9a-f]{8}", run_id)
    assert started == [run_id]
    view = listing.summary(workspace, run_id)
    assert (view.kind, view.dataset, view.head, view.state) == ("train", "pairs", "acqua", "running")
    assert view.name == "CLIP-ACQUA on Pairs"
    spec = view.spec
    assert (spec.encoder, spec.modalities) == ("given", ("image", "text"))
    assert spec.dataset_version == workspace.items.version("pairs")
    assert spec.settings == SETTINGS
    assert spec.configs.head["input_dim"] == 8  # the width of the vectors, not asked for
    assert run_configs(spec).training.epochs == 4


def test_every_setting_is_written_down_even_those_left_to_their_defaults(workspace, started):
    spec = listing.summary(workspace, start_training(workspace, request())).spec
    assert spec.configs.training["learning_rate"] > 0
    assert spec.configs.objective["alpha_distance"] == pytest.approx(1 / 3)


def test_small_heads_train_in_one_thread_and_wide_ones_in_as_many_as_allowed(workspace, started, monkeypatch):
    monkeypatch.setattr(vectors_spec, "settings", lambda: SimpleNamespace(threads=3, device="cpu"))
    small, wide = (start_training(workspace, request(hidden=width)) for width in (0, 512))
    assert [listing.summary(workspace, each).spec.threads for each in (small, wide)] == [1, 3]


def test_a_data_set_of_one_modality_is_trained_on_that_one(workspace, started):
    texts = [
        replace(item, id=f"t{n}", vectors={"text": item.vectors["text"]}) for n, item in enumerate(pairs(12))
    ]
    add(workspace, "texts", texts, modalities=("text",))
    run_id = start_training(workspace, replace(request(), dataset="texts"))
    assert listing.summary(workspace, run_id).spec.modalities == ("text",)


@pytest.mark.parametrize(
    ("changes", "settings", "error", "message"),
    [
        ({"dataset": "nothing"}, {}, StoreError, "no dataset 'nothing'"),
        ({"head": "acwa"}, {}, ConfigError, "no head called 'acwa'"),
        ({}, {"qubit": 4}, ConfigError, "unknown key 'qubit' did you mean 'qubits'"),
        ({}, {"qubits": 99}, ConfigError, "qubits"),
        ({"encoder_key": "clip"}, {}, InputError, "no vectors of encoder 'clip'. Encode first"),
        ({}, {"input_dim": 512}, InputError, "input_dim=512, but the vectors have width 8"),
        ({}, {"modalities": ("vector",)}, InputError, "no vector vectors; it has image, text"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_nothing_behind(
    workspace, started, changes, settings, error, message
):
    with pytest.raises(error) as caught:
        start_training(workspace, replace(request(**settings), **changes))
    assert message in str(caught.value)
    assert listing.list_runs(workspace) == []
    assert list(workspace.runs_path.glob("[!.]*")) == []
    assert started == []


def test_items_that_were_never_encoded_are_named(workspace, started):
    texts = [Item(id=f"plain-{n}", text=f"words {n}") for n in range(12)]
    add(workspace, "plain", texts, modalities=("text",))
    wanted = replace(request(), dataset="plain")
    with pytest.raises(InputError, match=r"'plain' have no vectors yet. Encode first"):
        start_training(workspace, wanted)
    hashes = workspace.items.contents("plain", "text")
    workspace.items.add_embeddings("builtin", "text", hashes[:10], np.eye(10, 8, dtype=np.float32) + 1)
    with pytest.raises(
        InputError, match=r"2 of 12 items .* encoder 'builtin': plain-10, plain-11. Encode first"
    ):
        start_training(workspace, wanted)
    workspace.items.add_embeddings("builtin", "text", hashes, np.eye(12, 8, dtype=np.float32) + 1)
    assert listing.summary(workspace, start_training(workspace, wanted)).spec.encoder == "builtin"
    workspace.items.add_embeddings("other", "text", hashes, np.eye(12, 8, dtype=np.float32) + 1)
    with pytest.raises(InputError, match=r"encoded by 2 encoders: .*builtin.* Name one"):
        start_training(workspace, wanted)


def test_too_few_complete_pairs_are_refused_but_incomplete_rows_are_only_left_out(workspace, started):
    whole = pairs(12, seed=5)
    halves = [
        replace(item, vectors={"image": item.vectors["image"]}) if number >= 7 else item
        for number, item in enumerate(whole)
    ]
    add(workspace, "halves", halves)
    with pytest.raises(InputError, match="Only 7 of 12 items of 'halves' have image and text"):
        start_training(workspace, replace(request(), dataset="halves"))
    assert start_training(workspace, replace(request(modalities=("image",)), dataset="halves"))


# --- the queue --------------------------------------------------------------------------------------------


def test_no_more_runs_are_alive_than_the_settings_allow(workspace, started, room):
    room(2)
    ids = [start_training(workspace, request()) for _ in range(4)]
    assert started == ids[:2]
    assert [listing.summary(workspace, each).state for each in ids] == [
        "running",
        "running",
        "queued",
        "queued",
    ]
    workspace.run(ids[0]).write_status(state="finished")
    assert queue.dispatch(workspace) == [ids[2]]


def test_jobs_on_remote_devices_take_no_place(workspace, started, room):
    room(1)

    def job(device):
        return specs.HardwareJob(
            name="Job", created=time.time(), dataset="pairs", dataset_version=1, encoder="given", head="acqua",
            head_id="h1", modality="image", rows=(0,), runs_on=device, options=RunOptions(),
        )  # fmt: skip

    training = start_training(workspace, request())
    remote = [queue.start(workspace, job("ibm_fez")) for _ in range(2)]
    simulated = queue.start(workspace, job("twin:fake_paris"))
    assert started == [training, *remote]
    workspace.run(training).write_status(state="finished")
    assert queue.dispatch(workspace) == [simulated]  # though two jobs are running


def test_a_dead_worker_frees_its_place(workspace, started, room):
    room(1)
    first, second = (start_training(workspace, request()) for _ in range(2))
    workspace.run(first).write_status(pid=2**22 + 1, process_started=1.0)
    assert listing.summary(workspace, first).state == "interrupted"
    assert queue.dispatch(workspace) == [second]


def test_a_worker_that_is_just_starting_holds_its_place_but_not_for_ever(
    workspace, monkeypatch, room, no_workers
):
    room(1)  # `no_workers`: a worker that writes no status yet
    first, second = (start_training(workspace, request()) for _ in range(2))
    assert queue.dispatch(workspace) == []
    real = time.time
    monkeypatch.setattr(queue.time, "time", lambda: real() + queue.STARTING_SECONDS + 1)
    assert queue.dispatch(workspace) == [second]
    assert listing.summary(workspace, first).state == "queued"


# --- stopping, resuming, removing -------------------------------------------------------------------------


def test_a_queued_run_is_stopped_at_once_and_never_started(workspace, started, room):
    room(1)
    first, second = (start_training(workspace, request()) for _ in range(2))
    queue.stop(workspace, second)
    assert listing.summary(workspace, second).state == "stopped"
    workspace.run(first).write_status(state="finished")
    assert queue.dispatch(workspace) == []


def test_a_running_run_is_asked_to_stop(workspace, started):
    run_id = start_training(workspace, request())
    queue.stop(workspace, run_id)
    assert workspace.run(run_id).stop_requested()
    assert listing.summary(workspace, run_id).state == "running"  # until it has saved its state


@pytest.mark.parametrize("state", ["stopped", "failed", "interrupted"])
def test_runs_that_ended_early_can_be_resumed(workspace, started, state):
    run_id = start_training(workspace, request())
    folder = workspace.run(run_id)
    folder.request_stop()
    if state == "interrupted":
        folder.write_status(pid=2**22 + 1, process_started=1.0)
    else:
        folder.write_status(state=state, error="something")
    queue.resume(workspace, run_id)
    assert started == [run_id, run_id]
    assert not folder.stop_requested()
    assert folder.status().error == ""


@pytest.mark.parametrize(
    ("state", "message"), [("finished", "is finished"), ("running", "is running already")]
)
def test_finished_and_active_runs_cannot_be_resumed(workspace, started, state, message):
    run_id = start_training(workspace, request())
    workspace.run(run_id).write_status(state=state)
    with pytest.raises(RunError, match=message) as caught:
        queue.resume(workspace, run_id)
    assert caught.value.remedy


def test_stopping_an_ended_run_is_refused_with_a_remedy(workspace, started):
    run_id = start_training(workspace, request())
    workspace.run(run_id).write_status(state="finished")
    with pytest.raises(RunError, match=r"it is finished\. Start a new run"):
        queue.stop(workspace, run_id)


def test_a_run_is_removed_with_its_folder_unless_it_runs(workspace, started):
    run_id = start_training(workspace, request())
    with pytest.raises(RunError, match=r"is running\. Stop it first"):
        queue.remove(workspace, run_id)
    workspace.run(run_id).write_status(state="stopped")
    queue.remove(workspace, run_id)
    assert listing.list_runs(workspace) == []
    assert list(workspace.runs_path.glob("[!.]*")) == []
    with pytest.raises(StoreError):
        listing.summary(workspace, run_id)


# --- a run as a task -------------------------------------------------------------------------------------


def test_a_handle_has_the_shape_of_a_task(workspace, started):
    handle = queue.handle(workspace, start_training(workspace, request()))
    folder = workspace.run(handle.id)
    folder.write_status(step=5, steps=20)
    assert (handle.running, handle.done, handle.error, handle.progress) == (True, False, None, 0.25)
    handle.cancel()
    assert folder.stop_requested()
    folder.write_status(state="failed", error="No room.", remedy="Make some.")
    assert (handle.running, handle.done) == (False, True)
    assert str(handle.error) == "No room. Make some."
    handle.cancel()  # what has ended is left alone


def test_the_service_is_torch_free_at_import():
    import subprocess
    import sys

    code = (
        "import sys, qlatent.services.runs.queue, qlatent.services.runs.frames; print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_the_first_status_names_the_worker_unless_it_has_done_so(workspace, no_workers):
    folder = workspace.run(start_training(workspace, request()))
    launchers.write_first_status(folder, int(this_process()["pid"]))
    assert folder.status().state == "running"
    folder.write_status(state="finished")
    launchers.write_first_status(folder, int(this_process()["pid"]))
    assert folder.status().state == "finished"


# --- the same wish twice ----------------------------------------------------------------------------------


def test_the_same_asked_twice_from_one_form_is_one_run(workspace, started, room):
    room(9)
    first = start_training(workspace, request(), token="form")
    assert start_training(workspace, request(), token="form") == first
    others = {
        start_training(workspace, request(seed=1), token="form"),
        start_training(workspace, request(), token="another form"),
        start_training(workspace, request()),
        start_training(workspace, request()),
    }
    assert len({first, *others}) == 5
    assert {path.name for path in workspace.runs_path.glob("r*")} == {first, *others}
    assert sorted(started) == sorted({first, *others})


def test_clicks_that_arrive_at_once_make_one_run(workspace, started, room):
    room(9)
    both, found = threading.Barrier(4), []
    spec = training_spec(workspace, request())

    def click():
        both.wait()
        found.append(queue.start(workspace, spec.model_copy(update={"created": time.time()}), token="form"))

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [view.id for view in listing.list_runs(workspace)] == found[:1]


def test_a_removed_run_does_not_satisfy_a_new_request(workspace, started):
    first = start_training(workspace, request(), token="form")
    workspace.run(first).write_status(state="stopped")
    queue.remove(workspace, first)
    assert start_training(workspace, request(), token="form") != first
