"""Where a key comes from, where it may go, and that nothing shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlatent.errors import ConfigError, InputError, KeyNeededError
from qlatent.hardware.ibm import access
from qlatent.hardware.ibm.access import Access

KEY = "k" * 44


def test_a_key_shows_nowhere() -> None:
    given = Access(f"  {KEY}\n", "crn:mine")
    assert given.key == KEY and KEY not in repr(given) and KEY not in str(given)
    assert given.fingerprint == access.fingerprint("crn:mine") != access.fingerprint("crn:other")
    assert access.redacted(f"apikey {KEY} refused, HTTP 400") == "apikey … refused, HTTP 400"
    assert access.redacted("short-key refused", Access("short-key")) == "… refused"


@pytest.mark.parametrize("key", ["", "  ", "two words", "schlüssel"])
def test_what_is_no_key_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(InputError, match="The API key is") as caught:
        Access(key)
    assert not key.strip() or key not in str(caught.value)


def test_the_environment_comes_before_the_secrets_file(tmp_path: Path) -> None:
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    assert access.unattended({}, tmp_path) is None
    secrets.parent.mkdir()
    secrets.write_text('[ibm]\ntoken = "in-table"\ninstance = "mine"\n')
    found = access.unattended({}, tmp_path)
    assert found == Access("in-table", "mine", source=f"the secrets file ({secrets})")
    secrets.write_text('QISKIT_IBM_TOKEN = "at-top"\nQISKIT_IBM_INSTANCE = "other"\n')
    assert access.unattended({}, tmp_path).key == "at-top"  # type: ignore[union-attr]
    found = access.unattended({"QISKIT_IBM_TOKEN": "env", "QISKIT_IBM_INSTANCE": "i"}, tmp_path)
    assert found == Access("env", "i", source="the environment (QISKIT_IBM_TOKEN)")


def test_a_damaged_secrets_file_is_told_without_its_text(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / access.SECRETS).write_text(f'QISKIT_IBM_TOKEN = "{KEY}')
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        access.unattended({}, tmp_path)
    assert KEY not in str(caught.value) and caught.value.__cause__ is None


def test_no_key_says_how_to_give_one() -> None:
    with pytest.raises(KeyNeededError, match=r"need an API key.* QISKIT_IBM_TOKEN and QISKIT_IBM_INSTANCE"):
        access.required(None, "ibm_fez")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/", "http://localhost:1", "http://[::1]:2", "https://127.1.2.3"]
)
def test_addresses_of_this_machine_are_accepted(url: str) -> None:
    assert access.loopback(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "http://127.0.0.1.example.org",
        "http://localhost@example.org",
        "http://me@127.0.0.1",
        "http://0.0.0.0:80",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "experimental",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """The client sends the key to whatever address it is given."""
    with pytest.raises(ConfigError, match="is not an address of this machine"):
        access.loopback(url)
