"""The client of IBM's service for one instance: made on first use, asked so that no key leaves it and causes are told.

`client` answers single questions (one request each), `service` is what primitives submit through. Use it in the main
thread of a process of its own: Qiskit does not survive threads that end.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from qlatent.errors import BusyError, QlatentError
from qlatent.hardware.clock import Clock
from qlatent.hardware.ibm import causes, sign_in
from qlatent.hardware.ibm.access import Access, loopback, point_at

_CHANNEL = "ibm_quantum_platform"
FREE = ("free", "trial")
"""Price types of plans on which jobs cost nothing."""
_CLEAR = (400, 404, 409, 429)  # statuses that no fault of the sign-in leads to
_LOG = "qiskit_ibm_runtime"
SOON = 10.0
"""Seconds for which a question waits here; a person who waits would hear nothing meanwhile."""
_TRIES = 3
_OPT_OUT = "USAGE_DATA_OPT_OUT"
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of the account: its CRN, name, plan, and how the plan is paid ("free", "paid", "unknown", …)."""

    crn: str
    name: str
    plan: str
    pricing: str

    @property
    def free(self) -> bool:
        """Whether jobs cost nothing."""
        return self.pricing in FREE

    @property
    def open(self) -> bool:
        """Whether it has the Open plan, which runs neither sessions nor batches."""
        return self.plan == "open"


class Connection:
    """A key with an instance; `url` is the address of a stand-in, or empty for IBM."""

    def __init__(self, access: Access, *, url: str = "", clock: Clock | None = None) -> None:
        self.access, self._clock = access, clock or Clock()
        self.url = loopback(url) if url else ""
        if url:
            point_at(url)
        os.environ.setdefault(
            _OPT_OUT, "True"
        )  # else each request tells the call stack, which also takes 20 ms
        logging.getLogger(_LOG).setLevel(logging.ERROR)  # it tells on stderr what is told by our errors

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """The instances of the key's account that have devices; raises the cause if the key does not sign in."""
        from qiskit_ibm_runtime.accounts.account import Account

        sign_in.check(self.access)
        with self.asking():
            account = Account.create_account(channel=_CHANNEL, token=self.access.key)
            found = account.list_instances()
        return tuple(Instance(f["crn"], f["name"] or "", f["plan"], f["pricing_type"]) for f in found)

    @cached_property
    def instance(self) -> Instance:
        """The instance that pays; never chosen for the user."""
        names = [f"{each.name} ({each.plan})" for each in self.instances]
        if not names:
            raise causes.no_instance()
        wanted = self.access.instance
        if not wanted:
            raise causes.instance_not_named(names)
        for each in self.instances:
            if wanted in (each.crn, each.name):
                return each
        raise causes.other_instance(wanted, names)

    @cached_property
    def client(self) -> Any:
        """What answers single questions, as qiskit-ibm-runtime's `RuntimeClient`."""
        from qiskit_ibm_runtime.accounts.account import IBM_QUANTUM_PLATFORM_API_URL
        from qiskit_ibm_runtime.api.client import RuntimeClient
        from qiskit_ibm_runtime.api.client_parameters import ClientParameters

        crn = self.instance.crn
        resolver = {"url_resolver": self._resolved} if self.url else {}
        return _hasty(
            RuntimeClient(
                ClientParameters(_CHANNEL, self.access.key, IBM_QUANTUM_PLATFORM_API_URL, crn, **resolver)
            )
        )

    @cached_property
    def service(self) -> Any:
        """What primitives submit through, as qiskit-ibm-runtime's `QiskitRuntimeService`, with an explicit instance."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        crn = self.instance.crn
        resolver = {"url_resolver": self._resolved} if self.url else {}
        with self.asking():
            made = QiskitRuntimeService(channel=_CHANNEL, token=self.access.key, instance=crn, **resolver)
            _hasty(made._active_api_client)
            return made

    @property
    def fingerprint(self) -> str:
        """The account's, by the CRN also where the access names the instance."""
        return replace(self.access, instance=self.instance.crn).fingerprint

    def answer(self, call: Callable[..., Answer], *args: Any, **options: Any) -> Answer:
        """The answer to one question, asked again where the service wants that within `SOON` seconds.

        Where it wants to be asked later, `BusyError` says when.
        """
        for _ in range(_TRIES - 1):
            try:
                with self.asking():
                    return call(*args, **options)
            except BusyError as err:
                if err.seconds is None or err.seconds > SOON:
                    raise
                self._clock.wait(err.seconds)
        with self.asking():
            return call(*args, **options)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Calls to the client inside raise errors that tell the cause, and never fall back to sending the key."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the client: what they say is told by our own questions
            warnings.filterwarnings("error", message=causes.NO_TOKEN)
            try:
                yield
            except QlatentError:
                raise
            except Exception as err:
                if causes.status_of(err) not in _CLEAR:
                    sign_in.check(self.access)
                if causes.NO_TOKEN in str(err):
                    raise causes.sign_in_down("it refused a token once") from err
                raise causes.told(err, self.access) from err

    def _resolved(self, *_: Any) -> str:
        return f"{self.url}/api/v1"


def _hasty(client: Any) -> Any:
    """The client without its own wait for `Retry-After`, which may take an hour and hears no request to stop."""
    for adapter in client._session.adapters.values():
        adapter.max_retries.respect_retry_after_header = False
    return client
