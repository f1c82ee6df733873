"""The worker: what it leaves behind when it finishes, stops, fails, or is killed at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import qlatent.settings
from qlatent import worker
from qlatent.errors import InputError, QlatentError
from qlatent.services.runs import listing, queue
from qlatent.services.runs.frames import evolution
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.specs import DemoPreparation
from qlatent.services.training import execution
from qlatent.services.training.start import start_training
from qlatent.services.vectors.encoding_run import EncodingRequest, start_encoding
from qlatent.training.core import checkpoint
from tests import workers
from tests.services.run_workspace import request, small


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    with small(tmp_path_factory.mktemp("worker") / "workspace") as workspace:
        yield workspace


@pytest.fixture
def workspace(stored, monkeypatch, no_workers):
    """A workspace whose runs are queued and not started by themselves; arithmetic in one thread."""
    monkeypatch.setenv("QLATENT_THREADS", "1")
    monkeypatch.setattr(worker.signal, "signal", lambda *ignored: None)  # pytest keeps its own
    monkeypatch.setattr(os, "nice", lambda by: 0, raising=False)  # other tests' process stays as important
    qlatent.settings.settings.cache_clear()
    yield stored
    qlatent.settings.settings.cache_clear()


def queued(workspace, **changes):
    """The folder of a new run that waits."""
    run_id = start_training(workspace, request(**changes))
    return workspace.run(run_id)


def kinds(folder):
    return [event["type"] for event in folder.events()[0]]


def losses(workspace, folder):
    """What training made: the loss columns, without the ones that tell the time."""
    table = listing.losses(workspace, folder.id)
    return {name: list(column) for name, column in table.items() if name not in ("time", "rate")}


def assert_same_results(workspace, one, other):
    assert losses(workspace, one) == losses(workspace, other)
    assert one.snapshot_steps() == other.snapshot_steps()
    for step in one.snapshot_steps():
        for name, latents in one.snapshot(step).items():
            np.testing.assert_array_equal(latents, other.snapshot(step)[name])
    weights = [(each.model_path / "model.safetensors").read_bytes() for each in (one, other)]
    assert weights[0] == weights[1]


def test_a_finished_run_has_everything_and_its_head_is_kept(workspace):
    folder = queued(workspace)
    assert worker.work(workspace, folder) == "finished"
    status = folder.status()
    assert (status.state, status.step, status.steps, status.attempt, status.error) == (
        "finished",
        16,
        16,
        1,
        "",
    )
    assert list(listing.losses(workspace, folder.id)["step"]) == list(range(1, 17))
    found = kinds(folder)
    assert (found[0], found[-1]) == ("start", "finish")
    assert found.count("evaluation") == 5
    assert folder.snapshot_steps() == [0, 2, 6, 16]
    assert {path.name for path in folder.model_path.iterdir()} == {
        "model.safetensors",
        "config.json",
        "README.md",
    }
    assert [record.origin for record in workspace.catalogue.heads() if record.run_id == folder.id] == [
        "trained"
    ]
    figures = listing.metrics(workspace, folder.id)
    assert {"total", "pair_error", "spearman", "neighbour_overlap", "heldout_pairs"} <= set(figures)
    assert figures["heldout_pairs"] == 8
    assert evolution(workspace, folder.id).places["text"].shape == (4, 40, 2)


def test_a_run_that_is_resumed_the_moment_it_says_stopped_is_started(workspace, monkeypatch, no_workers):
    folder = queued(workspace)
    folder.request_stop()
    end = Heartbeat.end

    def resumed_at_once(heartbeat, state, **told):
        end(heartbeat, state, **told)
        folder.clear_stop()
        folder.write_status(state="queued")
        workspace.catalogue.set_queue_state(folder.id, "queued")  # as far as `runs.resume` got by now

    monkeypatch.setattr(Heartbeat, "end", resumed_at_once)
    assert worker.main([str(workspace.path), folder.id]) == 0
    assert no_workers.launched == [folder.id] * 2  # by the form, and by the worker that ended


def test_the_losses_of_the_last_evaluation_are_the_final_metrics(workspace):
    folder = queued(workspace)
    worker.work(workspace, folder)
    last = [event for event in folder.events()[0] if event["type"] == "evaluation"][-1]["metrics"]
    figures = listing.metrics(workspace, folder.id)
    assert {name: figures[name] for name in last if name != "pair_error"} == {
        name: value for name, value in last.items() if name != "pair_error"
    }
    assert figures["pair_error"] == pytest.approx(last["pair_error"], rel=1e-5)


def test_every_line_of_the_log_is_plain_json(workspace):
    folder = queued(workspace)
    worker.work(workspace, folder)
    for line in (folder.path / "events.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def stop_at(folder, step, monkeypatch):
    """Put the stop sentinel down as soon as a step is written."""
    original = execution.Recorder._step

    def record(self, event):
        original(self, event)
        if event.step == step:
            folder.request_stop()

    monkeypatch.setattr(execution.Recorder, "_step", record)


def test_a_stopped_run_saves_its_state_and_goes_on_to_the_same_end(workspace, monkeypatch):
    whole, folder = queued(workspace), queued(workspace)
    worker.work(workspace, whole)
    with monkeypatch.context() as patch:
        stop_at(folder, 7, patch)
        assert worker.work(workspace, folder) == "stopped"
    assert folder.status().state == "stopped"
    assert checkpoint.load(folder.latest_checkpoint()).step == 7
    queue.resume(workspace, folder.id)
    assert worker.work(workspace, folder) == "finished"
    assert folder.status().attempt == 2
    assert [event["step"] for event in folder.events()[0] if event["type"] == "step"] == list(range(1, 17))
    assert_same_results(workspace, whole, folder)


def test_sigterm_is_a_wish_to_stop_as_long_as_the_run_lasts(workspace, monkeypatch):
    heard = {signal.SIGTERM: signal.default_int_handler}

    def register(number, hear):
        before, heard[number] = heard[number], hear
        return before

    monkeypatch.setattr(worker.signal, "signal", register)
    with worker._stop_wishes(queued(workspace)) as wish:
        assert not wish()
        heard[signal.SIGTERM](signal.SIGTERM, None)
        assert wish()
    assert heard == {signal.SIGTERM: signal.default_int_handler}


def test_what_the_user_did_wrong_is_in_the_status_with_its_remedy(workspace, monkeypatch):
    def refuse(*ignored, **also):
        raise InputError("The vectors are gone.", remedy="Encode again.")

    monkeypatch.setattr(execution, "execute", refuse)
    folder = queued(workspace)
    assert worker.work(workspace, folder) == "failed"
    status = folder.status()
    assert (status.state, status.error, status.remedy) == ("failed", "The vectors are gone.", "Encode again.")
    assert kinds(folder) == ["fail"]
    assert str(queue.handle(workspace, folder.id).error) == "The vectors are gone. Encode again."


def test_a_bug_fails_the_run_and_leaves_its_traceback(workspace, monkeypatch, capsys):
    def break_down(*ignored, **also):
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(execution, "execute", break_down)
    folder = queued(workspace)
    assert worker.work(workspace, folder) == "failed"
    assert folder.status().error == "ZeroDivisionError: nobody thought of this"
    assert "log.txt" in folder.status().remedy
    assert "Traceback" in capsys.readouterr().err  # standard error is log.txt in a worker of its own


def test_the_heart_beats_while_one_step_takes_long(workspace, monkeypatch):
    beats = set()

    def take_long(workspace, folder, *, heartbeat, should_stop):
        heartbeat.update(3, 10)
        until = time.monotonic() + 60
        while len(beats) < 4 and time.monotonic() < until:  # the first may still tell of step 0
            status = folder.status()
            beats.add((status.heartbeat, status.step))
            time.sleep(0.01)
        return "finished"

    monkeypatch.setattr("qlatent.services.runs.heartbeat.BEAT_SECONDS", 0.05)
    monkeypatch.setattr(execution, "execute", take_long)
    folder = queued(workspace)
    worker.work(workspace, folder)
    assert len({beat for beat, _ in beats}) >= 3
    assert 3 in {step for _, step in beats}
    assert folder.status().state == "finished"


def test_a_head_is_kept_once_even_if_the_end_is_lived_through_twice(workspace, monkeypatch):
    folder = queued(workspace)

    def die(self, kind, **values):
        if kind == "finish":
            raise KeyboardInterrupt  # the process ends after the head was kept, before the run says so
        original(self, kind, **values)

    original = execution.Recorder.append
    with monkeypatch.context() as patch:
        patch.setattr(execution.Recorder, "append", die)
        with pytest.raises(KeyboardInterrupt):
            worker.work(workspace, folder)
    assert worker.work(workspace, folder) == "finished"
    assert len([record for record in workspace.catalogue.heads() if record.run_id == folder.id]) == 1


def test_an_encoding_tells_its_progress_and_can_be_stopped(workspace, monkeypatch):
    encoding = pytest.importorskip("qlatent.services.vectors.encoding")
    from qlatent.encoders.builtin import BuiltinEncoder

    calls = []

    def encode(workspace, dataset, *, encoder, settings, modalities, views, progress, should_stop):
        calls.append((dataset, type(encoder), settings, views))
        progress(0, 10)
        progress(10, 10)
        return encoding.EncodingReport("key", 10, 0, 1.0, stopped=should_stop())

    monkeypatch.setattr(encoding, "encode", encode)
    for stopped in (False, True):
        run_id = start_encoding(workspace, EncodingRequest("pairs", "builtin"))
        folder = workspace.run(run_id)
        if stopped:
            folder.request_stop()
        assert worker.work(workspace, folder) == ("stopped" if stopped else "finished")
        told = [event for event in folder.events()[0] if event["type"] == "progress"]
        assert [(event["done"], event["total"]) for event in told] == [(0, 10), (10, 10)]
        assert ("finish" in kinds(folder)) == (not stopped)
        assert (folder.status().step, folder.status().steps) == (10, 10)
    assert calls == [("pairs", BuiltinEncoder, {}, 0)] * 2


def test_the_demo_is_furnished_and_its_training_queued(workspace, monkeypatch):
    demo = pytest.importorskip("qlatent.services.demo")
    monkeypatch.setattr(demo, "train", lambda workspace, key: ["r0", f"{key} r1"])
    spec = DemoPreparation(name="Demo", created=1.0, dataset=None, count=7, seed=3)
    for stopped in (False, True):
        folder = workspace.run(queue.start(workspace, spec))
        if stopped:
            folder.request_stop()

        def furnish(workspace, *, count, seed, progress):
            assert (count, seed) == (7, 3)
            progress(7, 7)
            return "builtin-7"

        monkeypatch.setattr(demo, "furnish", furnish)
        assert worker.work(workspace, folder) == ("stopped" if stopped else "finished")
        assert listing.metrics(workspace, folder.id) == ({} if stopped else {"run": "builtin-7 r1"})


def test_a_head_trained_without_normalising_remembers_it(workspace):
    folder = queued(workspace, normalise="none")
    worker.work(workspace, folder)
    assert json.loads((folder.model_path / "config.json").read_text())["normalise"] == "none"


def test_wrong_arguments_are_a_usage_error(capsys):
    assert worker.main(["only one"]) == 2
    assert "usage" in capsys.readouterr().err


# --- killing ----------------------------------------------------------------------------------------------

KILLS = 20
LONG = {"epochs": 75, "checkpoint_every": 7}  # 300 steps


def assert_readable(workspace, folder):
    """Everything a page or a resume reads can be read."""
    status = folder.status()
    assert status.state in ("running", "interrupted", "finished")
    assert all("type" in event for event in folder.events()[0])
    for step in folder.snapshot_steps():
        assert set(folder.snapshot(step)) == {"image", "text"}
    latest = folder.latest_checkpoint()
    if latest is not None:
        checkpoint.load(latest)
    if folder.snapshot_steps():
        evolution(workspace, folder.id)


def size(folder):
    path = folder.path / "events.jsonl"
    return path.stat().st_size if path.exists() else 0


def kill_at_random(process, folder, chance):
    """SIGKILL, sometimes while it loads, mostly when its log has grown by a random amount."""
    before, grown = size(folder), chance.randrange(0, 6000)
    give_up = time.monotonic() + (chance.uniform(0.0, 1.0) if chance.random() < 0.2 else 300.0)
    while process.is_alive() and time.monotonic() < give_up and size(folder) - before < grown:
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.02))
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()


@pytest.mark.slow
def test_twenty_kills_at_random_moments_do_not_show_in_the_results(workspace):
    whole, folder = queued(workspace, **LONG), queued(workspace, **LONG)
    assert worker.work(workspace, whole) == "finished"
    chance = random.Random(20)
    kills = 0
    for _ in range(KILLS):
        process = workers.started(workspace, folder.id)
        kill_at_random(process, folder, chance)
        kills += process.exitcode == -signal.SIGKILL
        assert_readable(workspace, folder)
    assert kills == KILLS
    assert folder.status().state == "interrupted"
    queue.resume(workspace, folder.id)
    assert worker.work(workspace, folder) == "finished"
    written = [event["step"] for event in folder.events()[0] if event["type"] == "step"]
    assert len(written) > len(set(written))  # some steps were made again, so the kills did cost something
    assert_same_results(workspace, whole, folder)


@pytest.mark.slow
def test_a_real_worker_starts_runs_and_starts_the_next_one_by_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_THREADS", "1")
    monkeypatch.setenv("QLATENT_MAX_RUNS", "1")
    qlatent.settings.settings.cache_clear()
    with small(tmp_path / "workspace") as workspace:
        first, second = (workspace.run(start_training(workspace, request())) for _ in range(2))
        assert listing.summary(workspace, first.id).state == "running"  # at once, long before torch is there
        assert first.status().pid != os.getpid()
        assert os.getsid(first.status().pid) == first.status().pid  # a session of its own
        assert second.status().state == "queued"
        until = time.monotonic() + 600
        while listing.summary(workspace, second.id).active and time.monotonic() < until:
            time.sleep(0.1)
        assert [folder.status().state for folder in (first, second)] == ["finished", "finished"]
        assert first.log_path.read_text() == ""
        assert losses(workspace, first) == losses(workspace, second)
    for thread in threading.enumerate():
        if thread.name.startswith("reap-"):
            thread.join(timeout=60)
    qlatent.settings.settings.cache_clear()


def test_the_worker_of_a_next_run_is_no_more_polite_than_the_first(tmp_path, monkeypatch):
    level = [0]
    monkeypatch.setattr(os, "nice", lambda by: level.append(level[-1] + by) or level[-1], raising=False)
    for _ in range(2):  # the second inherits what the first became
        with pytest.raises(QlatentError):
            worker.main([str(tmp_path / "nowhere"), "r1"])
    assert level[-1] == worker.POLITENESS


def test_an_unknown_workspace_ends_the_worker_with_one_clear_error(tmp_path):
    command = [sys.executable, "-m", "qlatent.worker", str(tmp_path / "nowhere"), "r1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "There is no workspace" in run.stderr
