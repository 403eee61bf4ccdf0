"""
`/values` for the clients of Feathers: its methods called over socket.io, its events told to all.

They speak on socket.io's default namespace. An event is written as JSON once, and is put at the end
of what waits for each connection in the moment in which it is heard of: so all get all, in order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import socketio
from aiohttp import web
from engineio import packet as engineio_packet

from agnez_server.auth import allows
from agnez_server.authfiles import Scope
from agnez_server.errors import (
    AgnezServerError,
    BadRequest,
    Busy,
    Forbidden,
    NotAuthenticated,
    TooLarge,
)
from agnez_server.live.calls import SERVICES, Call, parse_call
from agnez_server.live.door import Door
from agnez_server.live.unread import Unread
from agnez_server.values.feathererrors import feathers_error
from agnez_server.values.service import Event, Finder, Record, Values

logger = logging.getLogger(__name__)

NAMESPACE: Final = "/"
MAX_ANSWER: Final = 64 << 20
"""Bytes of what a `find`, or a change of many, gives: one message, and all of it lies in memory."""
SMALL_ANSWER: Final = 1 << 20
MAX_HELD: Final = 256 << 20
"""Bytes that may wait for all connections together; beyond, only small answers are made."""
ScopeOf = Callable[[web.Request, object], Scope | None]


@dataclass(frozen=True, slots=True)
class Caller:
    """
    One connection.

    ``names`` are those of the service under which it is told of events; ``scope`` says what it may
    do now.
    """

    unread: Unread
    scope: Callable[[], Scope | None]
    names: set[str]


class Feathers:
    """
    See the module.

    Args:
        door: Where connections come in.
        values: The service.
        scope_of: What a connection may do, by its request and what it sent as ``auth``.
    """

    def __init__(self, door: Door, values: Values, scope_of: ScopeOf) -> None:
        self._door, self._values, self._scope_of = door, values, scope_of
        self._callers: dict[str, Caller] = {}
        for event, handler in (
            ("connect", self._connect),
            ("disconnect", self._disconnect),
            ("*", self._call),
        ):
            door.server.on(event, handler, namespace=NAMESPACE)
        self.close: Callable[[], None] = values.listen(self._tell)

    def connections(self) -> int:
        """How many there are."""
        return len(self._callers)

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        request = environ["aiohttp.request"]

        def scope() -> Scope | None:
            return self._scope_of(request, auth)

        def may_read() -> bool:
            return allows(scope(), "read")

        if not may_read():
            error = NotAuthenticated("not authenticated", hint="send a token as auth, or log in")
            raise socketio.exceptions.ConnectionRefusedError(error.message, feathers_error(error))
        unread = self._door.joined(sid, may_read, NAMESPACE)
        listens_to = request.query.get("service", "").strip("/")
        names = {SERVICES[0], *({listens_to} & set(SERVICES))}
        self._callers[sid] = Caller(unread, scope, names)

    async def _disconnect(self, sid: str, reason: object = None) -> None:
        self._callers.pop(sid, None)
        self._door.left(sid, NAMESPACE)

    # -- calls -------------------------------------------------------------------------------

    async def _call(self, event: str, sid: str, *given: Any) -> Any:
        """What is acknowledged: ``(None, result)``, or an error alone."""
        try:
            return None, await self._answer(sid, event, given)
        except AgnezServerError as error:
            return feathers_error(error)
        except Exception:
            logger.exception("a call of connection %s failed", sid)
            return feathers_error(AgnezServerError("the server made a mistake; its log says more"))

    async def _answer(self, sid: str, event: str, given: tuple[Any, ...]) -> Any:
        if sid in self._callers:
            await self._callers[sid].unread.room()
        caller = self._callers.get(sid)
        if caller is None:
            raise BadRequest("the connection was closed")
        call = parse_call(event, given)
        _check_scope(caller.scope(), "read" if call.is_reading else "write")
        caller.names.add(call.service)
        return await self._called(call)

    async def _called(self, call: Call) -> Any:
        if call.method == "find":
            return await self._found(self._values.finder(call.query))
        if call.method == "get":
            return self._values.get(call.given["id"], call.query)
        changing = getattr(self._values, call.method)
        if call.method in ("patch", "remove") and call.given["id"] is None:
            return await self._changed_all(changing, call)
        return await changing(*call.given.values(), call.query)

    async def _changed_all(self, changing: Callable[..., Any], call: Call) -> orjson.Fragment:
        """As `_found`; what can't be answered is not done either."""
        answer = list[bytes]()

        def accept(records: list[Record]) -> None:
            answer.append(_as_json(records))
            self._require_room(len(answer[0]))

        await changing(*call.given.values(), call.query, accept=accept)
        return orjson.Fragment(answer[0])

    async def _found(self, find: Finder) -> orjson.Fragment:
        """Raises TooLarge, and Busy where too much waits for connections that read slowly."""
        found = await asyncio.to_thread(lambda: _as_json(find()))
        self._require_room(len(found))
        return orjson.Fragment(found)

    def _require_room(self, size: int) -> None:
        held = sum(caller.unread.held for caller in self._callers.values())
        if size > SMALL_ANSWER and held + size > MAX_HELD:
            raise Busy(f"{held} bytes wait for who is connected", retry_after_s=5)

    # -- events ------------------------------------------------------------------------------

    def _tell(self, event: Event, record: Record) -> None:
        messages: dict[str, engineio_packet.Packet] = {}
        for caller in self._callers.values():
            if caller.unread.is_overfull:
                continue  # he will be sent away, and must not get what follows without this
            for name in caller.names:
                if name not in messages:
                    messages[name] = _message(f"{name} {event}", record)
                caller.unread.put_nowait(messages[name])


def _as_json(records: list[Record]) -> bytes:
    """A JSON list, made a record at a time: a thread that does it lets others have their turn."""
    pieces, size = list[bytes](), 0
    for record in records:
        pieces.append(orjson.dumps(record))
        size += len(pieces[-1]) + 1
        if size > MAX_ANSWER:
            raise TooLarge(
                f"what matches takes more than {MAX_ANSWER} bytes, too many for one message",
                hint="take some at a time with $limit and $skip, leave fields out with $select, "
                "or ask over HTTP",
                limit=MAX_ANSWER,
            )
    return b"[" + b",".join(pieces) + b"]"


def _check_scope(has: Scope | None, needed: Scope) -> None:
    if has is None:
        raise NotAuthenticated("the token or the login is not valid any more")
    if not allows(has, needed):
        raise Forbidden(f"this needs the scope {needed}, the token has {has}", scope=needed)


def _message(event: str, record: Record) -> engineio_packet.Packet:
    """One event, written once for all connections."""
    data = "2" + orjson.dumps([event, record]).decode()
    message = engineio_packet.Packet(engineio_packet.MESSAGE, data)
    message.encode()  # it keeps the text
    message.data = None
    return message
