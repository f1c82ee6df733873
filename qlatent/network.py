"""The addresses of this machine on its networks, read from the interfaces; nothing outside is asked."""

from __future__ import annotations

import socket

import psutil


def addresses() -> list[str]:
    """The IPv4 addresses of this machine's interfaces, loopback addresses last."""
    found = [
        each.address
        for interface in psutil.net_if_addrs().values()
        for each in interface
        if each.family == socket.AF_INET
    ]
    return sorted(set(found), key=lambda address: (address.startswith("127."), address))


def reachable() -> str:
    """The address under which other machines most likely reach this one; "" if it is on no network."""
    return next((each for each in addresses() if not each.startswith("127.")), "")
