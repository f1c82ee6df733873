import os
import subprocess
import sys
import time

import psutil

from qlatent.store.processes import is_alive, this_process


def test_this_process_is_alive() -> None:
    me = this_process()
    assert me["pid"] == os.getpid()
    assert is_alive(int(me["pid"]), float(me["started"]))


def test_the_same_id_with_another_start_time_is_another_process() -> None:
    assert not is_alive(os.getpid(), float(this_process()["started"]) - 60)


def test_an_unknown_process_is_not_alive() -> None:
    assert not is_alive(None, None)
    assert not is_alive(os.getpid(), None)


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    try:
        started = psutil.Process(child.pid).create_time()
        deadline = time.monotonic() + 20
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.01)
        assert psutil.pid_exists(child.pid)
        assert not is_alive(child.pid, started)
    finally:
        child.wait()
