import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from qlatent.errors import StoreError
from qlatent.store.claims import Claims
from tests.store.builders import listed


def leave(folder: Path, *, pid: int, started: float, host: str) -> None:
    """A claim left by a killed process."""
    folder.mkdir(parents=True)
    (folder / "owner.json").write_text(json.dumps({"pid": pid, "started": started, "host": host}))
    (folder / "rows.arrow").write_bytes(b"half")


def test_a_claim_is_a_folder_that_is_deleted_with_its_content(tmp_path: Path) -> None:
    claims = Claims(tmp_path / "claims")
    with claims.hold("a") as folder:
        (folder / "rows.arrow").write_bytes(b"x")
        assert claims.living() == ["a"]
    assert claims.living() == []
    assert listed(tmp_path / "claims") == []


def test_a_claim_is_released_when_its_block_fails(tmp_path: Path) -> None:
    claims = Claims(tmp_path)
    with pytest.raises(KeyError), claims.hold("a"):
        raise KeyError
    assert listed(tmp_path) == []


def test_only_one_can_hold_a_claim(tmp_path: Path) -> None:
    with Claims(tmp_path).hold("a"):
        with (
            pytest.raises(StoreError, match="'a' is being written by another process"),
            Claims(tmp_path).hold("a"),
        ):
            pass
        with Claims(tmp_path).hold("b"):
            assert sorted(Claims(tmp_path).living()) == ["a", "b"]


def test_a_claim_is_taken_while_nobody_else_takes_or_sweeps_one(tmp_path: Path) -> None:
    """Older versions that share the workspace hold the same file by `flock`."""
    fcntl = pytest.importorskip("fcntl")
    taken = threading.Event()

    def take() -> None:
        with Claims(tmp_path).hold("a"):
            taken.set()

    with (tmp_path / ".lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=take)
        thread.start()
        assert not taken.wait(0.2)
    thread.join(timeout=10)
    assert taken.is_set()


def test_claims_of_dead_processes_are_swept_and_can_be_taken(tmp_path: Path) -> None:
    leave(tmp_path / "a", pid=os.getpid(), started=1.0, host=socket.gethostname())
    leave(tmp_path / "b", pid=os.getpid(), started=1.0, host=socket.gethostname())
    claims = Claims(tmp_path)
    with claims.hold("a") as folder:
        assert listed(folder) == ["owner.json"]
    assert claims.sweep() == ["b"]
    assert listed(tmp_path) == []


def test_a_claim_of_another_machine_is_left_alone_for_two_days(tmp_path: Path) -> None:
    leave(tmp_path / "a", pid=1, started=1.0, host="elsewhere")
    assert Claims(tmp_path).sweep() == []
    long_ago = (tmp_path / "a" / "owner.json").stat().st_mtime - 48 * 3600 - 60
    os.utime(tmp_path / "a" / "owner.json", (long_ago, long_ago))
    assert Claims(tmp_path).sweep() == ["a"]


def test_a_claim_killed_during_its_release_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".a.0123").mkdir()
    (tmp_path / ".a.0123" / "rows.arrow").write_bytes(b"half")
    assert Claims(tmp_path).sweep() == []
    assert listed(tmp_path) == []


def test_a_damaged_claim_is_a_leftover(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "owner.json").write_text("{")
    assert Claims(tmp_path).sweep() == ["a"]


def test_waiting_lets_processes_in_one_after_the_other(
    tmp_path: Path, another_process: Callable[..., object]
) -> None:
    script = """
import pathlib, sys, time
from qlatent.store.claims import Claims
path = pathlib.Path(sys.argv[1])
for _ in range(20):
    with Claims(path / "claims").hold("counter", wait=60):
        number = int((path / "number").read_text())
        time.sleep(0.001)
        (path / "number").write_text(str(number + 1))
"""
    (tmp_path / "number").write_text("0")
    processes = [another_process(script, tmp_path) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]  # type: ignore[attr-defined]
    assert (tmp_path / "number").read_text() == "60"
