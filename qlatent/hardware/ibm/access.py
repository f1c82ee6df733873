"""Access to IBM: the key, the instance, the addresses that they go to, and text that is safe to show. Torch-free.

The key is never an argument of a process, part of an address, a tag, a file or a message. What shows it to a reader of
code is `Access.key` alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qlatent.errors import ConfigError, InputError, KeyNeededError

KEY_NAME, INSTANCE_NAME = "QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE"
SECRETS = Path(".streamlit") / "secrets.toml"
ADDRESSES = ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL", "RESOURCE_CONTROLLER_URL")
"""Environment variables by which the client finds IBM's services beside the Runtime."""

_LONG = re.compile(r"[A-Za-z0-9_-]{40,}")
_FORBIDDEN = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True)
class Access:
    """A key, the instance (CRN or name) it is used with, and where both come from.

    Raises `InputError` for an empty key, or one with characters that no key has; the key itself is not told.
    """

    key: str = field(repr=False)
    instance: str = ""
    source: str = "this session"

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key.strip())
        object.__setattr__(self, "instance", self.instance.strip())
        if not self.key or _FORBIDDEN.search(self.key):
            what = "empty" if not self.key else "not a key: it has spaces or letters outside ASCII"
            raise InputError(
                f"The API key is {what}.",
                remedy="Copy it again from https://quantum.cloud.ibm.com, API keys.",
            )

    @property
    def fingerprint(self) -> str:
        """What stands for the account in events and budgets: the hash of its instance's CRN."""
        return fingerprint(self.instance)


def fingerprint(crn: str) -> str:
    """Sixteen hexadecimal digits that tell accounts apart without naming them."""
    return hashlib.sha256(crn.encode()).hexdigest()[:16]


def unattended(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Access | None:
    """The access that needs no visitor: of the environment, else of Streamlit's secrets file; None without a key.

    `folder`: the one that holds `.streamlit/secrets.toml`; by default the current folder, then the home folder. The
    file has `QISKIT_IBM_TOKEN` and `QISKIT_IBM_INSTANCE` at its top, or `token` and `instance` in a table `[ibm]`.
    """
    if key := environment.get(KEY_NAME, "").strip():
        return Access(key, environment.get(INSTANCE_NAME, ""), source=f"the environment ({KEY_NAME})")
    for each in (folder,) if folder else (Path.cwd(), Path.home()):
        if (each / SECRETS).is_file():
            return _of_secrets(each / SECRETS)
    return None


def required(access: Access | None, device: str) -> Access:
    """The access to a device, or a `KeyNeededError` that says how to give one."""
    if access is None:
        raise KeyNeededError(
            f"There is no device {device!r} on this machine, and IBM's need an API key: none is set.",
            remedy=f"Set {KEY_NAME} and {INSTANCE_NAME} in the environment or in {SECRETS}, or enter one on the page.",
        )
    return access


def loopback(url: str) -> str:
    """The address of a stand-in of IBM's services without its last "/"; `ConfigError` if it is not on this machine.

    The client sends the key to whatever address it is given, so no other address is accepted.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _is_loopback(parts.hostname or "") or parts.username:
        raise ConfigError(
            f"QLATENT_IBM_URL={redacted(url)!r} is not an address of this machine.",
            remedy="It is for tests against a stand-in: use http://127.0.0.1:PORT, or unset it to reach IBM.",
        )
    return url.rstrip("/")


def point_at(url: str) -> None:
    """Sets the addresses of IBM's services for this process and those it starts; call it before the first service."""
    os.environ.update(dict.fromkeys(ADDRESSES, loopback(url)))


def redacted(text: str, access: Access | None = None) -> str:
    """The text without the key, and without anything as long as one."""
    if access:
        text = text.replace(access.key, "…")
    return _LONG.sub("…", text)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _of_secrets(path: Path) -> Access | None:
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise ConfigError(
            f"{path} cannot be read: {type(err).__name__}.", remedy="Mend it, or remove it."
        ) from None  # the error may quote the line with the key
    table = document.get("ibm", {})
    key = document.get(KEY_NAME) or table.get("token", "")
    instance = document.get(INSTANCE_NAME) or table.get("instance", "")
    return Access(str(key), str(instance), source=f"the secrets file ({path})") if key else None
