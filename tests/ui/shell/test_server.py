"""The server asks nobody where it is, and lets others in only where it was told to."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import pytest
from streamlit import config, net_util
from streamlit.web.server import server_util

from qlatent.ui.shell import page, server

ROOT = Path(__file__).resolve().parents[3]


def test_a_foreign_origin_is_refused_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked for this machine's address")

    server.use_local_addresses()
    monkeypatch.setattr(socket.socket, "connect", asked)
    monkeypatch.setattr(net_util, "_make_blocking_http_get", asked)
    assert not server_util.is_url_from_allowed_origins("http://evil.example")
    assert server_util.is_url_from_allowed_origins("http://localhost:8501")


def test_plain_streamlit_listens_to_this_machine_alone() -> None:
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert settings["server"]["address"] == "127.0.0.1"


def test_others_are_let_in_by_every_address_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "addresses", lambda: ["10.0.0.7", "127.0.0.1"])
    monkeypatch.setattr(socket, "gethostname", lambda: "lab")
    here = ["run", "app.py", "--server.port", "9000", "--server.address"]
    assert server.origins([*here, "127.0.0.1"]) == []
    option = "--server.corsAllowedOrigins"
    assert server.origins([*here, "0.0.0.0"]) == [
        option, "http://10.0.0.7:9000", option, "http://127.0.0.1:9000", option, "http://lab:9000",
    ]  # fmt: skip


@pytest.mark.parametrize(("address", "others"), [("127.0.0.1", False), ("0.0.0.0", True), (None, True)])
def test_a_server_for_others_is_known_by_its_address(address: str | None, others: bool) -> None:
    before = config.get_option("server.address")
    config.set_option("server.address", address)
    try:
        assert page.serves_others() is others
    finally:
        config.set_option("server.address", before)
