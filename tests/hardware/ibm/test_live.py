"""One small job at IBM itself, by hand, with credentials in the environment: `pytest -m external tests/hardware/ibm`.

It uses about three seconds of the plan, on the device with the shortest queue or on the one that `QLATENT_LIVE_DEVICE`
names, and refuses an instance that is not free unless `QLATENT_LIVE_PAID` is set.
"""

from __future__ import annotations

import os
import secrets
import time

import numpy as np
import pytest

from qlatent.hardware.ibm import access, account, devices
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner
from qlatent.hardware.work import FINAL
from tests.hardware.ibm.conftest import work_of

pytestmark = pytest.mark.external


def test_a_job_at_ibm_itself() -> None:
    given = access.unattended()
    if given is None:
        pytest.skip(f"no credentials: set {access.KEY_NAME} and {access.INSTANCE_NAME}")
    connection = Connection(given)
    if not connection.instance.free and not os.environ.get("QLATENT_LIVE_PAID"):
        pytest.skip(f"the instance {connection.instance.name} is paid: set QLATENT_LIVE_PAID to use it")
    account.require_time(connection)
    name = os.environ.get("QLATENT_LIVE_DEVICE") or devices.listed(connection)[0].name
    runner, work = IbmRunner(name, connection), work_of(2, mitigation="readout", max_seconds=60)
    assert runner.estimate(work).seconds < 10
    handle = runner.submit(work, tag=f"qlatent-live-{secrets.token_hex(4)}")
    while runner.poll(handle).state not in FINAL:
        time.sleep(30)  # IBM's queue; nothing here can be injected
    outcome = runner.fetch(handle)
    assert outcome.missing == () and np.isfinite(outcome.expectations).all()
    assert np.abs(outcome.expectations).max() < 1.5
