"""Logging in to a server that asks for it."""

from __future__ import annotations

from typing import Any

from tests.server.running import RunningServer

PASSWORD = "correct horse battery"


def bearer(secret: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {secret}"}


async def log_in(server: RunningServer, password: str = PASSWORD) -> tuple[int, Any]:
    """The answer to a login."""
    return await server.call("POST", "/session", json={"password": password})
