"""Opens the runner of an IBM device: through a visitor's broker, or with the installation's key. Torch-free."""

from __future__ import annotations

from pathlib import Path

from qlatent.hardware.ibm import access
from qlatent.hardware.ibm.brokered import BrokerRunner
from qlatent.hardware.runner import AbstractRunner
from qlatent.settings import settings


def open_ibm(device: str, broker: Path | None = None) -> AbstractRunner:
    """The runner of a device; `broker` is the folder of a visitor's broker, None for the installation's own key.

    Without a broker it imports Qiskit: open it in the main thread of a worker process. Raises `KeyNeededError` without
    a key, and `ConfigError` if `QLATENT_IBM_URL` is an address of another machine.
    """
    if broker is not None:
        return BrokerRunner(device, broker)
    given = access.required(access.unattended(), device)
    from qlatent.hardware.ibm.connection import Connection
    from qlatent.hardware.ibm.runner import IbmRunner

    return IbmRunner(device, Connection(given, url=settings().ibm_url))
