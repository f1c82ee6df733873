"""Why IBM did not do what was asked, in words a reader can act on.

The client says "No backend matches the criteria" for a wrong key, a refused token, a service in maintenance and a
retired device alike, and "valid API token" for every fault of the network. So each cause is found out by itself: the
sign-in by a request of our own (`sign_in.py`), the device by the service's list (`devices.py`), the rest by the status.
"""

from __future__ import annotations

import re
from typing import Any

from qlatent.errors import AbsentError, BusyError, InputError, QlatentError, RunError, UnavailableError
from qlatent.hardware.ibm.access import Access, redacted

STATUS_PAGE = "https://cloud.ibm.com/status"
NO_TOKEN = "Unable to retrieve IBM Cloud access token"
_STATUS = re.compile(r"\b([45]\d\d) (?:Client|Server) Error")
_RETRIED = re.compile(r"too many (\d\d\d) error responses")
_UNREACHED = ("Max retries exceeded", "Connection", "timed out", "NameResolution", "RemoteDisconnected")
_SESSION_ON_OPEN_PLAN, _USED_UP = "1352", "usage limit"


def wrong_key(status: int) -> QlatentError:
    """The sign-in service does not know the key."""
    return InputError(
        f"IBM's sign-in service does not know this API key (HTTP {status}).",
        remedy="Copy the key again from https://quantum.cloud.ibm.com, API keys, or create a new one there.",
    )


def sign_in_down(what: str) -> QlatentError:
    """The sign-in service answers with an error of its own."""
    return UnavailableError(
        f"IBM's sign-in service is not working ({what}). The key is not the cause, and was sent nowhere else.",
        remedy=f"Try again in a few minutes; {STATUS_PAGE} says whether IBM knows of it.",
    )


def no_network(what: str) -> QlatentError:
    """Nothing answers."""
    return UnavailableError(
        f"IBM cannot be reached from this machine ({what}).",
        remedy="Check the network, the proxy and the firewall; simulators and noisy twins work without it.",
    )


def busy(what: str, *, seconds: float | None = None) -> QlatentError:
    """The service asks for fewer requests."""
    later = "in a minute" if seconds is None else f"in {max(seconds, 1.0):,.0f} seconds"
    return BusyError(f"IBM asks for fewer requests ({what}).", remedy=f"Try again {later}.", seconds=seconds)


def no_instance() -> QlatentError:
    """The account has nothing that could run a job."""
    return InputError(
        "The account of this key has no instance of IBM Quantum.",
        remedy="Create one at https://quantum.cloud.ibm.com, Instances; the Open plan is free.",
    )


def instance_not_named(names: list[str]) -> QlatentError:
    """Nothing is chosen for the user: the client would take a paid instance."""
    return InputError(
        f"No instance is chosen; this account has {', '.join(names)}.",
        remedy="Choose one: it decides which plan pays for the job.",
    )


def other_instance(instance: str, names: list[str]) -> QlatentError:
    """The key belongs to another account than the instance."""
    return InputError(
        f"The key works, but its account does not have the instance {instance!r}; it has {', '.join(names)}.",
        remedy="Choose one of these, or use a key of the account that owns the instance.",
    )


def no_device(name: str, known: list[str]) -> QlatentError:
    """The instance does not list the device."""
    return AbsentError(
        f"The instance has no device {name!r}; it has {', '.join(known) or 'none'}.",
        remedy="It may be retired, or belong to another plan: choose another device. Earlier results stay.",
    )


def in_maintenance(name: str, status: str) -> QlatentError:
    """The device is listed, and takes no jobs."""
    return UnavailableError(
        f"The device {name} takes no jobs at present (its status is {status!r}).",
        remedy="Choose another device, or submit later.",
    )


def too_small(name: str, qubits: int, needed: int) -> QlatentError:
    """The circuit does not fit."""
    return InputError(
        f"{name} has {qubits} qubits, and the circuit needs {needed}.",
        remedy="Choose a larger device, or a head with fewer qubits.",
    )


def used_up(consumed: float, limit: float) -> QlatentError:
    """Nothing of the plan is left."""
    return RunError(
        f"The plan of this instance is used up: {consumed:.0f} of {limit:.0f} seconds in 28 days.",
        remedy="Wait until earlier jobs are older than 28 days, or use an instance with another plan.",
    )


def told(err: Exception, access: Access) -> QlatentError:
    """The error of a call to the client in our words; what the client said stands in it, without anything secret."""
    text = redacted(str(err), access)
    status = status_of(err)
    kind = type(err).__name__
    if kind == "IBMNotAuthorizedError" or status == 401:
        return UnavailableError(
            "IBM does not accept the sign-in of this key any more (HTTP 401).",
            remedy="The key may be disabled or deleted: enter it again, or create a new one.",
        )
    if kind == "QiskitBackendNotFoundError":
        return AbsentError(
            "IBM lists the device, but does not give its configuration.",
            remedy="It may have been retired: choose another device. Earlier results stay.",
        )
    if kind == "RuntimeJobNotFound" or status == 404:
        return AbsentError(
            f"IBM does not know what was asked for: {_short(text)}.",
            remedy="It may be deleted, or belong to another instance.",
        )
    if status == 403:
        return InputError(
            f"The key may not use this instance: {_short(text)}.",
            remedy="Ask its owner for access, or choose another.",
        )
    if status == 429:
        return busy("HTTP 429", seconds=retry_after(err))
    if _SESSION_ON_OPEN_PLAN in text:
        return RunError("The Open plan runs no sessions.", remedy="Submit single jobs, or use another plan.")
    if _USED_UP in text:
        return RunError(
            "The plan of this instance is used up.", remedy="Wait, or use an instance with another plan."
        )
    if (status or 0) >= 500 or "maintenance mode" in text:
        return UnavailableError(
            f"IBM's service is not working at present (HTTP {status or 503}).",
            remedy=f"Try again later; {STATUS_PAGE} says whether IBM knows of it. Jobs already submitted go on.",
        )
    if status is not None:
        return RunError(
            f"IBM refused (HTTP {status}): {_short(text)}.", remedy="Change what it names and try again."
        )
    if any(word in text for word in _UNREACHED):
        return no_network(kind)
    return UnavailableError(f"IBM's client failed: {kind}: {_short(text)}.", remedy="Try again later.")


def status_of(err: BaseException) -> int | None:
    """The HTTP status that an error of the client tells, or None; the client wraps it in several ways."""
    each: BaseException | None = err
    while each is not None:
        status = getattr(each, "status_code", None)
        if isinstance(status, int) and status > 0:
            return status
        if found := _STATUS.search(str(each)) or _RETRIED.search(str(each)):
            return int(found.group(1))
        each = each.__cause__
    return None


def retry_after(err: BaseException) -> float | None:
    """The seconds for which the service wants no further request, or None where it does not say."""
    each: BaseException | None = err
    while each is not None:
        if (told := later(getattr(each, "response", None))) is not None:
            return told
        each = each.__cause__
    return None


def later(response: Any) -> float | None:
    """The seconds in the header Retry-After of a response, which are a number or a date; None without it."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util.retry import Retry

    told = getattr(response, "headers", {}).get("Retry-After")
    try:
        return None if told is None else float(Retry().parse_retry_after(told))
    except InvalidHeader:
        return None


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 300 else line[:300] + " …"
