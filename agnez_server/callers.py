"""Whose address it is: what is counted for one caller, however many addresses he has."""

from __future__ import annotations

import ipaddress


def network_of(address: str) -> str:
    """
    What *address* is counted as: an IPv6 caller is his network of 64 bits, he has all of it.

    What is no address (a name, "?") stands for itself.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{ipaddress.IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def is_loopback(address: str) -> bool:
    """Whether *address* is one of this machine alone."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
