"""A client of the default namespace, where `/values` is called and told of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import socketio

from tests.server.running import RunningServer
from tests.server.sockets import RawSocket, raw_socket

WITHIN_S = 10.0
Told = tuple[str, dict[str, Any]]


class FeathersSocket:
    """python-socketio's client. What it is told lies in ``told``, as names and records."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Told] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("*", self._told)
        self.client.on("disconnect", self._gone)

    async def join(
        self, server: RunningServer, *, token: str | None = None, transport: str = "websocket",
        headers: Mapping[str, str] | None = None, query: str = "",
    ) -> None:  # fmt: skip
        """Connect. Raises `socketio.exceptions.ConnectionError` when refused."""
        await self.client.connect(
            server.root + query, socketio_path=f"{server.served.base_path}/socket.io",
            transports=[transport], headers=dict(headers or {}), wait_timeout=WITHIN_S,
            auth=None if token is None else {"token": token},
        )  # fmt: skip

    async def _told(self, event: str, record: dict[str, Any]) -> None:
        await self.told.put((event, record))

    async def _gone(self, reason: object = None) -> None:
        self.gone.set()

    async def ask(self, event: str, *given: Any) -> list[Any]:
        """The arguments of the acknowledgement of one call."""
        answer = asyncio.get_running_loop().create_future()
        await self.client.emit(event, given, callback=lambda *found: answer.set_result(found))
        return list(await asyncio.wait_for(answer, WITHIN_S))

    async def call(self, event: str, *given: Any) -> Any:
        """The result of a call that has to be answered as Feathers does: ``ack(null, result)``."""
        answer = await self.ask(event, *given)
        assert len(answer) == 2, answer
        assert answer[0] is None, answer
        return answer[1]

    async def refused(self, event: str, *given: Any) -> dict[str, Any]:
        """The error of a call that has to be refused: ``ack(error)``, in Feathers' shape."""
        answer = await self.ask(event, *given)
        return error_of(answer)

    async def next(self) -> Told:
        """What it is told next."""
        return await asyncio.wait_for(self.told.get(), WITHIN_S)

    async def leave(self) -> None:
        """Disconnect."""
        await self.client.disconnect()


def error_of(answer: list[Any]) -> dict[str, Any]:
    """The one error of an acknowledgement that has to be one."""
    assert len(answer) == 1, answer
    error = answer[0]
    assert error.keys() - {"data", "errors"} == {"name", "message", "code", "className"}, error
    assert 400 <= error["code"] < 500, error
    assert error["message"] and len(error["message"]) < 300, error
    return dict(error)


async def raw_feathers_socket(server: RunningServer, **given: Any) -> RawSocket:
    """A socket that speaks what a test writes, joined to the default namespace."""
    found = await raw_socket(server, join=False, **given)
    await found.say("40")
    await found.hear("40")
    return found


async def raw_call(socket: RawSocket, *given: Any, id: int = 7) -> list[Any]:
    """The arguments of the acknowledgement of an event that stands as it is written."""
    await socket.say(f"42{id}{json.dumps(list(given))}")
    return list(json.loads((await socket.hear(f"43{id}")).removeprefix(f"43{id}")))
