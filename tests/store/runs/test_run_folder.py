import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.runs.run_status import RunStatus
from tests.store.builders import listed

SPEC = {"id": "r1", "kind": "train", "settings": {"qubits": 4}, "rate": float("nan")}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "r1", SPEC)


def test_a_new_run_is_queued_with_its_spec(run: RunFolder) -> None:
    assert run.status() == RunStatus(state="queued")
    assert RunFolder(run.path).spec == {"id": "r1", "kind": "train", "settings": {"qubits": 4}, "rate": None}
    assert run.id == "r1"
    assert listed(run.path.parent) == ["r1"]
    assert run.model_path.is_dir()
    assert run.latest_checkpoint() is None
    assert run.snapshot_steps() == []
    assert run.events() == ([], 0)


def test_a_run_is_made_only_once(run: RunFolder) -> None:
    with pytest.raises(StoreError, match="already a run 'r1'"):
        RunFolder.create(run.path, SPEC)
    assert listed(run.path.parent) == ["r1"]


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no run 'r9'"):
        RunFolder(tmp_path / "r9")


# --- status -----------------------------------------------------------------------------------------------


def test_status_makes_the_round_trip(run: RunFolder) -> None:
    status = RunStatus("failed", 7, 90, 1.5, 3.25, None, None, 12.5, "no room", "free some", 2)
    assert run.write_status(status, heartbeat=12.5) == status
    assert run.status() == status


def test_some_fields_can_be_changed_and_the_heartbeat_is_updated(run: RunFolder) -> None:
    run.write_status(state="running", step=1, steps=10)
    run.write_status(step=2)
    status = run.status()
    assert (status.state, status.step, status.steps, status.pid) == ("running", 2, 10, os.getpid())
    assert status.heartbeat is not None
    assert abs(status.heartbeat - (run.path / "status.json").stat().st_mtime) < 5


def test_an_unknown_state_or_field_is_refused(run: RunFolder) -> None:
    with pytest.raises(ValueError, match="unknown state 'done'"):
        run.write_status(state="done")
    with pytest.raises(TypeError, match="speed"):
        run.write_status(speed=3)
    assert run.status().state == "queued"


def test_a_running_run_without_its_process_is_interrupted(
    run: RunFolder, another_process: Callable[..., object]
) -> None:
    script = """
import sys
from qlatent.store.runs.run_folder import RunFolder
RunFolder(sys.argv[1]).write_status(state="running", step=5, rate=2.0, seconds_left=9.0)
print("written", flush=True)
sys.stdin.readline()
"""
    process = another_process(script, run.path)
    assert process.stdout.readline() == "written\n"  # type: ignore[attr-defined]
    assert run.status().state == "running"
    process.kill()  # type: ignore[attr-defined]
    process.wait()  # type: ignore[attr-defined]
    status = run.status()
    assert (status.state, status.step, status.rate, status.seconds_left) == ("interrupted", 5, None, None)
    assert json.loads((run.path / "status.json").read_bytes())["state"] == "running"


def test_a_process_that_only_shares_the_id_does_not_count(run: RunFolder) -> None:
    run.write_status(state="running", pid=os.getpid(), process_started=1.0)
    assert run.status().state == "interrupted"


def test_a_status_of_a_newer_version_is_read_as_far_as_known(run: RunFolder) -> None:
    (run.path / "status.json").write_text('{"state": "finished", "step": 3, "mood": "good"}')
    assert run.status() == RunStatus(state="finished", step=3)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "odd"}'])
def test_a_damaged_status_is_named(run: RunFolder, content: str) -> None:
    (run.path / "status.json").write_text(content)
    with pytest.raises(StoreError, match="status of run r1 cannot be read"):
        run.status()


# --- events -----------------------------------------------------------------------------------------------


def test_events_are_read_on_from_where_the_last_reading_ended(run: RunFolder) -> None:
    run.append({"type": "step", "step": 1, "losses": {"total": np.float32(0.5)}})
    first, offset = run.events()
    assert first == [{"type": "step", "step": 1, "losses": {"total": 0.5}}]
    assert run.events(offset) == ([], offset)
    run.append({"type": "step", "step": 2, "name": "Größe\nneu"})
    second, end = run.events(after=offset)
    assert second == [{"type": "step", "step": 2, "name": "Größe\nneu"}]
    assert end == (run.path / "events.jsonl").stat().st_size
    assert run.events() == ([*first, *second], end)


def test_losses_that_are_no_numbers_become_null(run: RunFolder) -> None:
    run.append({"total": float("nan"), "rate": float("inf")})
    assert run.events()[0] == [{"total": None, "rate": None}]


def test_an_incomplete_last_line_is_left_for_later(run: RunFolder) -> None:
    run.append({"step": 1})
    path = run.path / "events.jsonl"
    with path.open("ab") as file:
        file.write(b'{"step": 2, "na')
    events, offset = run.events()
    assert events == [{"step": 1}]
    with path.open("ab") as file:
        file.write(b'me": 3}\n')
    assert run.events(offset)[0] == [{"step": 2, "name": 3}]


@pytest.mark.parametrize("torn", [b'{"step": 2, "x": 1', '{"step": "ö'.encode()[:-1], b"{"])
def test_a_resumed_worker_appends_after_an_incomplete_line(run: RunFolder, torn: bytes) -> None:
    run.append({"step": 1})
    with (run.path / "events.jsonl").open("ab") as file:
        file.write(torn)
    run.append({"step": 3})
    assert run.events()[0] == [{"step": 1}, {"step": 3}]


# --- arrays -----------------------------------------------------------------------------------------------


def test_snapshots_are_float32_and_listed_by_step(run: RunFolder) -> None:
    latents = {"image": np.arange(6.0).reshape(3, 2), "text": np.ones((3, 2), np.float32)}
    assert run.write_snapshot(123, latents) == run.path / "snapshots" / "step-00000123.npz"
    run.write_snapshot(7, latents)
    (run.path / "snapshots" / ".step-00000009.npz.1.tmp").write_bytes(b"half")
    assert run.snapshot_steps() == [7, 123]
    found = run.snapshot(123)
    assert set(found) == {"image", "text"}
    assert found["image"].dtype == np.float32
    np.testing.assert_array_equal(found["image"], [[0, 1], [2, 3], [4, 5]])


def test_the_probe_keeps_its_types(run: RunFolder) -> None:
    run.write_probe({"rows": np.array([5, 2]), "image": np.ones((2, 3), np.float32)})
    found = run.probe()
    assert found["rows"].dtype == np.int64
    np.testing.assert_array_equal(found["rows"], [5, 2])


def test_pickled_objects_are_neither_written_nor_read(run: RunFolder) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        run.write_probe({"bad": objects})
    np.savez(run.path / "probe.npz", bad=objects)
    with pytest.raises(StoreError, match=r"probe\.npz of run r1 holds no arrays"):
        run.probe()


def test_missing_arrays_are_named(run: RunFolder) -> None:
    with pytest.raises(StoreError, match=r"Run r1 has no probe\.npz"):
        run.probe()
    with pytest.raises(StoreError, match=r"no step-00000005\.npz"):
        run.snapshot(5)


# --- checkpoints ------------------------------------------------------------------------------------------


def write(run: RunFolder, step: int, content: str = "") -> None:
    with run.checkpoint(step) as folder:
        (folder / "state.json").write_text(content or str(step))


def kept(run: RunFolder) -> list[str]:
    return listed(run.path / "checkpoints")


def test_the_last_two_checkpoints_are_kept(run: RunFolder) -> None:
    for step in (10, 20, 30):
        write(run, step)
    assert kept(run) == ["step-00000020", "step-00000030"]
    latest = run.latest_checkpoint()
    assert latest is not None
    assert (latest / "state.json").read_text() == "30"


def test_a_checkpoint_that_fails_changes_nothing(run: RunFolder) -> None:
    write(run, 10)
    with pytest.raises(KeyError), run.checkpoint(20) as folder:
        (folder / "state.json").write_text("half")
        raise KeyError
    assert kept(run) == ["step-00000010"]


def test_leftovers_of_a_kill_are_ignored_and_deleted(run: RunFolder) -> None:
    write(run, 10)
    leftover = run.path / "checkpoints" / ".step-00000020.tmp"
    leftover.mkdir()
    (leftover / "state.json").write_text("half")
    latest = run.latest_checkpoint()
    assert latest is not None
    assert latest.name == "step-00000010"
    write(run, 20)
    assert kept(run) == ["step-00000010", "step-00000020"]


def test_a_step_that_comes_again_replaces_its_checkpoint(run: RunFolder) -> None:
    write(run, 10, "first")
    write(run, 10, "second")
    assert kept(run) == ["step-00000010"]
    assert (run.path / "checkpoints" / "step-00000010" / "state.json").read_text() == "second"


def test_steps_past_eight_digits_stay_in_order(run: RunFolder) -> None:
    write(run, 99_999_999)
    write(run, 100_000_000)
    latest = run.latest_checkpoint()
    assert latest is not None
    assert latest.name == "step-100000000"


def test_killed_at_any_moment_the_last_checkpoint_is_whole(
    run: RunFolder, another_process: Callable[..., object]
) -> None:
    script = """
import itertools, sys
from qlatent.store.runs.run_folder import RunFolder
run = RunFolder(sys.argv[1])
for step in itertools.count(1):
    with run.checkpoint(step) as folder:
        (folder / "a").write_bytes(b"%d" % step * 50_000)
        (folder / "b").write_bytes(b"%d" % step)
    run.append({"step": step})
    if step == 3:
        print("going", flush=True)
"""
    process = another_process(script, run.path)
    assert process.stdout.readline() == "going\n"  # type: ignore[attr-defined]
    process.kill()  # type: ignore[attr-defined]
    process.wait()  # type: ignore[attr-defined]
    latest = run.latest_checkpoint()
    assert latest is not None
    step = (latest / "b").read_bytes()
    assert (latest / "a").read_bytes() == step * 50_000
    assert int(step) >= run.events()[0][-1]["step"] >= 3


# --- stopping and a full disk -----------------------------------------------------------------------------


def test_a_stop_request_is_a_file_that_can_be_withdrawn(run: RunFolder) -> None:
    assert not run.stop_requested()
    run.request_stop()
    run.request_stop()
    assert RunFolder(run.path).stop_requested()
    run.clear_stop()
    run.clear_stop()
    assert not run.stop_requested()


def test_a_full_disk_keeps_the_old_checkpoint_and_status(small_disk: Path) -> None:
    run = RunFolder.create(small_disk / "r1", {"id": "r1"})
    write(run, 10)
    run.write_status(state="stopped", step=10)
    with (
        pytest.raises(StoreError, match="No room on the disk for the checkpoint of step 20"),
        run.checkpoint(20) as folder,
    ):
        (folder / "model").write_bytes(b"x" * 4_000_000)
    assert kept(run) == ["step-00000010"]
    with pytest.raises(StoreError, match=r"No room on the disk for probe\.npz"):
        run.write_probe({"image": np.ones((1000, 1000))})
    assert run.status().step == 10
    assert listed(run.path) == [
        "checkpoints", "model", "snapshots", "spec.json", "status.json", "status.spare",
    ]  # fmt: skip
