"""A job goes on in another process after the first was killed in the middle of submitting it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qlatent.hardware.ibm.runner import IbmRunner
from tests.hardware.ibm.conftest import work_of
from tests.ibm_service.running import StandIn

SUBMITS = """
import os
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner
from tests.hardware.ibm.conftest import work_of
from tests.ibm_service.settings import KEY, Instance
runner = IbmRunner("test_ring", Connection(Access(KEY, Instance().crn), url=os.environ["STAND_IN"]))
post = runner._submitter._post
def killed(*args):
    post(*args)
    os.kill(os.getpid(), 9)  # the job exists, and nobody was told
runner._submitter._post = killed
runner.submit(work_of(), tag="killed")
"""


@pytest.mark.slow
def test_a_job_whose_process_was_killed_is_found_and_fetched(service: StandIn, runner: IbmRunner) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "STAND_IN": service.url}
    ended = subprocess.run([sys.executable, "-c", SUBMITS], env=environment, timeout=240, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(service.jobs) == 1
    handle = runner.find("killed")
    assert handle is not None and handle == runner.submit(work_of(), tag="killed")
    service.settle()
    assert runner.poll(handle).state == "done"
    assert runner.fetch(handle).expectations.shape == (4, 3)
    assert len(service.jobs) == 1
