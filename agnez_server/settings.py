"""
Every setting of the server, its default, its limits and what it is for.

`docs/settings.md` lists them all; a test compares. The command line overrides the environment,
which overrides the default.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs


def setting(default: Any, help: str, *, env: str | None = None) -> Any:
    """A field with its explanation, and the environment variable that sets it."""
    return field(default=default, metadata={"help": help, "env": env})


def default_data_directory() -> Path:
    """Where a server keeps its data unless told: the user's data directory."""
    return Path(platformdirs.user_data_dir("agnez", appauthor=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Sizes in bytes, times in seconds."""

    host: str | None = setting(
        None, "Address to listen on; without one 127.0.0.1 and ::1", env="AGNEZ_HOST"
    )
    port: int = setting(3000, "Port to listen on; 0 picks a free one", env="AGNEZ_PORT")
    data: Path | None = setting(
        None, "Data directory; without one the user's data directory", env="AGNEZ_DATA"
    )
    ephemeral: bool = setting(False, "Keep nothing: a temporary data directory, removed at the end")
    static: Path | None = setting(
        None, "Folder whose pictures are served at /images/", env="AGNEZ_STATIC"
    )
    login: bool = setting(False, "Ask for a password or token on loopback too", env="AGNEZ_LOGIN")
    base_path: str = setting("", "Path prefix behind a proxy, as /agnez", env="AGNEZ_BASE_PATH")
    cors_origins: tuple[str, ...] = setting((), "Origins that may call from other pages")
    allowed_hosts: tuple[str, ...] = setting(
        (), "Host names under which the server is reached, beside its own"
    )
    max_body_bytes: int = setting(32 << 20, "Largest body of a request")
    max_blob_bytes: int = setting(8 << 30, "Largest blob")
    max_bodies_bytes: int = setting(
        512 << 20, "Most bytes of bodies that are being received, all together"
    )
    max_connections: int = setting(
        10_000, "Most connections at a time", env="AGNEZ_MAX_CONNECTIONS"
    )
    max_connections_per_address: int = setting(
        2000, "Most connections of one address", env="AGNEZ_MAX_CONNECTIONS_PER_ADDRESS"
    )
    header_timeout_s: float = setting(20.0, "Longest time that the head of a request takes")
    silence_s: float = setting(
        60.0, "Silence after which a body that comes, or an answer that is read, is given up"
    )
    least_bytes_per_s: int = setting(
        100, "Slowest that a body may come, and an answer be read, over silence_s"
    )
    idle_s: float = setting(75.0, "Time after which a connection that says nothing is closed")
    max_points_per_request: int = setting(1_000_000, "Most points of one JSON body")
    max_values: int = setting(100_000, "Most records of /values")
    max_values_bytes: int = setting(1 << 30, "Most bytes of all records of /values, as JSON")
    max_value_bytes: int = setting(32 << 20, "Largest record of /values, as JSON")
    max_message_bytes: int = setting(8 << 20, "Largest message of a socket to `/values`")
    max_viewers: int = setting(1000, "Most socket.io connections at a time")
    max_watched_channels: int = setting(2000, "Most channels that one viewer watches")
    backlog_bytes: int = setting(64 << 20, "Bytes waiting to be written before 503 is answered")
    lost_after_s: float = setting(60.0, "Silence after which a running run is lost, or over")
    frame_interval_s: float = setting(0.05, "Least time between two live frames to one viewer")
    session_days: int = setting(30, "Days that a login in the browser lasts")
    trash_days: float = setting(7.0, "Days after which what lies in the trash goes for good")

    def __post_init__(self) -> None:
        """Refuse what a setting can't take. Raises ValueError that names it."""
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be 0 to 65535, found {self.port}")
        if self.base_path and not _BASE_PATH.fullmatch(self.base_path):
            raise ValueError(f"base_path must be like /agnez, found {self.base_path!r}")
        for origin in self.cors_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"a CORS origin is like https://lab.example:8443, found {origin!r}: "
                    "scheme, host and port, nothing after them, and no wildcard"
                )
        for name in _ABOVE_ZERO:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, found {getattr(self, name)}")

    def is_loopback(self) -> bool:
        """Whether nobody but this machine can reach the server."""
        if self.host is None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    def needs_login(self) -> bool:
        """Whether callers have to show a password or a token."""
        return self.login or not self.is_loopback()


_WORDS = {"1": True, "true": True, "yes": True, "on": True,
          "0": False, "false": False, "no": False, "off": False}  # fmt: skip
_BASE_PATH = re.compile(r"(/(?!\.+(/|$))[A-Za-z0-9._-]+)+")
_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ABOVE_ZERO = (
    "max_body_bytes", "max_points_per_request", "max_viewers", "max_watched_channels",
    "max_blob_bytes", "silence_s", "backlog_bytes", "lost_after_s", "frame_interval_s",
    "session_days", "trash_days", "max_values", "max_values_bytes", "max_value_bytes",
    "max_bodies_bytes", "max_connections", "max_connections_per_address", "header_timeout_s",
    "least_bytes_per_s", "idle_s",
)  # fmt: skip


def from_environment(**given: Any) -> ServerSettings:
    """
    Settings from *given* (None means "not given"), then the environment, then the defaults.

    An empty variable is as none.

    Raises:
        ValueError: If a variable does not hold what its setting expects; names both.
    """
    values = {k: v for k, v in given.items() if v is not None}
    for f in fields(ServerSettings):
        name = f.metadata["env"]
        raw = os.environ.get(name) if name else None
        if raw and f.name not in values:
            values[f.name] = _parse(name, raw, f.default)
    return ServerSettings(**values)


def _parse(name: str, raw: str, default: object) -> Any:
    if isinstance(default, bool):
        if raw.lower() not in _WORDS:
            raise ValueError(f"{name} must be yes or no, found {raw!r}")
        return _WORDS[raw.lower()]
    if isinstance(default, int):
        try:
            return int(raw)
        except ValueError:
            raise ValueError(f"{name} must be a whole number, found {raw!r}") from None
    if name == "AGNEZ_BASE_PATH":
        return f"/{raw.strip('/')}".rstrip("/")
    return Path(raw) if name == "AGNEZ_DATA" else raw
