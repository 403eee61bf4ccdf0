"""Binding the addresses to listen on, and saying who holds one that is taken."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from pathlib import Path


class PortTaken(OSError):
    """Somebody listens there already; the message names who, where that can be seen."""

    def __init__(self, host: str, port: int, holder: str | None) -> None:
        by = f" by {holder}" if holder else " by another program"
        super().__init__(
            errno.EADDRINUSE,
            f"port {port} of {host} is held{by}: end it, or choose another port "
            "(`--port 0` picks a free one)",
        )
        self.holder = holder

    def __str__(self) -> str:
        return str(self.strerror)


def bind(host: str | None, port: int) -> list[socket.socket]:
    """
    Listening sockets: for *host*, or for 127.0.0.1 and (where there is IPv6) ::1.

    With port 0 all of them get the same free port.

    Raises:
        PortTaken: If the port is in use.
        OSError: If the address is not one of this machine.
    """
    hosts = [host] if host is not None else ["127.0.0.1", "::1"]
    found: list[socket.socket] = []
    try:
        for one in hosts:
            chosen = port or (found[0].getsockname()[1] if found else 0)
            try:
                found.append(_listen(one, chosen))
            except OSError as error:
                if one == "::1" and error.errno != errno.EADDRINUSE:
                    continue
                raise
    except OSError:
        for sock in found:
            sock.close()
        raise
    return found


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(1024)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port, holder_of(port)) from None
        raise
    sock.setblocking(False)
    return sock


def holder_of(port: int) -> str | None:
    """Name and pid of the process that listens on *port*; None where that can't be seen."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()).removeprefix("socket:") in inodes:
                        name = (process / "comm").read_text("utf-8").strip()
                        return f"{name} (process {process.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set[str]()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"[{fields[9]}]")
    return found
