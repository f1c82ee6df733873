"""Runs Streamlit without address look-ups: `python -m qlatent.ui.shell.server run serve.py …`.

Streamlit compares the Origin of a connection with this machine's addresses. To find them it connects to 8.8.8.8 and
asks a web service, whenever an Origin is foreign. Here they are read from the network interfaces.
"""

from __future__ import annotations

import socket
import sys

from streamlit import net_util
from streamlit.web import cli

from qlatent.network import addresses

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def use_local_addresses() -> None:
    """Give Streamlit this machine's address; it learns no external address, so none is an allowed Origin."""
    net_util._internal_ip = next(iter(addresses()), "127.0.0.1")
    net_util._external_ip = "127.0.0.1"


def origins(arguments: list[str]) -> list[str]:
    """Streamlit options that allow this machine's addresses and host name as Origins; none for a loopback server."""
    address, port = (
        _value(arguments, name, usual) for name, usual in (("address", "127.0.0.1"), ("port", "8501"))
    )
    if address in LOOPBACK:
        return []
    names = dict.fromkeys([*addresses(), socket.gethostname()])
    return [part for name in names for part in ("--server.corsAllowedOrigins", f"http://{name}:{port}")]


def _value(arguments: list[str], name: str, usual: str) -> str:
    option = f"--server.{name}"
    return arguments[arguments.index(option) + 1] if option in arguments[:-1] else usual


if __name__ == "__main__":
    use_local_addresses()
    sys.argv += origins(sys.argv)
    cli.main(prog_name="streamlit")
