"""The client of `/values` for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

import aiohttp
from yarl import URL

from agnez_client import __version__
from agnez_client.errors import TransportError
from agnez_client.settings import load_settings
from agnez_client.transport import (
    API,
    CONNECT_TIMEOUT_S,
    MAX_ANSWER_BYTES,
    READ_TIMEOUT_S,
    is_loopback,
    normal_url,
)
from agnez_client.values import calls
from agnez_client.values.asynccell import AsyncCell
from agnez_client.values.calls import Call, Record
from agnez_client.values.client import server_of
from agnez_client.values.listening import AsyncListener
from agnez_client.values.query import Query

_TIMEOUT: Final = aiohttp.ClientTimeout(
    total=2 * READ_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S, sock_read=READ_TIMEOUT_S
)


class AsyncValues:
    """
    `Values`, awaited; the same arguments, answers and errors.

    >>> async def show() -> None:                                          # doctest: +SKIP
    ...     async with AsyncValues() as values:
    ...         await values.create({"name": "loss", "type": "html", "value": "0.5", "pos": 0})
    """

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        """See `Values`."""
        settings = load_settings(url=url, token=token)
        self.url = normal_url(server_of(settings))
        self.strict = settings.strict
        self._token = settings.token
        self._http: aiohttp.ClientSession | None = None

    # -- documents -------------------------------------------------------------------------------

    async def create(self, data: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
        """See `Values.create`."""
        return await self._ask(calls.create(data))

    async def find(self, query: Query | None = None, /, **equal: Any) -> list[Record]:
        """See `Values.find`."""
        found: list[Record] = await self._ask(calls.find({**(query or {}), **equal}))
        return found

    async def get(self, id: str, query: Query | None = None) -> Record:
        """See `Values.get`."""
        found: Record = await self._ask(calls.get(id, query or {}))
        return found

    async def update(self, id: str, data: Mapping[str, Any]) -> Record:
        """See `Values.update`."""
        found: Record = await self._ask(calls.update(id, data))
        return found

    async def patch(
        self, id: str | Query | None, data: Mapping[str, Any], *, everything: bool = False
    ) -> Any:
        """See `Values.patch`."""
        return await self._ask(calls.patch(id, data, everything=everything))

    async def remove(self, id: str | Query | None = None, *, everything: bool = False) -> Any:
        """See `Values.remove`."""
        return await self._ask(calls.remove(id, everything=everything))

    async def upload(self, content: Any) -> str:
        """See `Values.upload`; a picture is encoded in a thread."""
        from agnez_client.values.content import as_file

        file = await asyncio.to_thread(as_file, content)
        return str((await self._ask(calls.upload(file.data, file.mime)))["url"])

    async def cell(
        self, name: str, *, pos: int = 0, run: Any = None, description: str = ""
    ) -> AsyncCell:
        """See `Values.cell`; what is shown is drawn or encoded in a thread."""
        return await AsyncCell.at(
            self, name, pos, None if run is None else getattr(run, "run", run), description
        )

    def listen(self) -> AsyncListener:
        """
        Hear of changes: ``async for event, record in values.listen()``, see `Values.listen`.

        It hears from the first `async for` on, or from the beginning of an ``async with`` block.
        """
        return AsyncListener(self.url, self._token)

    # -- asking ----------------------------------------------------------------------------------

    async def _ask(self, call: Call) -> Any:
        if call.known is not None:
            return call.known
        tried = 0
        while True:
            try:
                status, retry_after_s, body = await self._request(call)
                pause = calls.pause_s(tried, retry_after_s)
                if status not in calls.TRY_AGAIN or pause is None:
                    return calls.answer_of(self.url, status, body)
            except TransportError as error:
                pause = calls.pause_s(tried, 0.0)
                if error.refused or pause is None or not call.repeatable:
                    raise
            await asyncio.sleep(pause)
            tried += 1

    async def _request(self, call: Call) -> tuple[int, float, bytes]:
        """Status, how long to wait (s), and body of one answer."""
        url = URL(f"{self.url}{API}{call.path}", encoded=True)
        headers = {"Content-Type": call.mime}
        try:
            async with self._session().request(
                call.method, url, data=call.body, headers=headers, allow_redirects=False
            ) as answer:
                body = await answer.content.read(MAX_ANSWER_BYTES + 1)
                while not answer.content.at_eof() and len(body) <= MAX_ANSWER_BYTES:
                    body += await answer.content.read(MAX_ANSWER_BYTES + 1 - len(body))
                if len(body) > MAX_ANSWER_BYTES:
                    raise TransportError("the answer is too long")
                after = answer.headers.get("Retry-After", "")
                return answer.status, float(after) if after.isdigit() else 0.0, body
        except aiohttp.ClientConnectorError as error:
            message = f"{self.url} does not answer: {error}; is `agnez up` running there?"
            raise TransportError(message, refused=True) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TransportError(f"{self.url} does not answer: {error!r}") from error

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            headers = {"User-Agent": f"agnez/{__version__}"}
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            self._http = aiohttp.ClientSession(
                headers=headers, timeout=_TIMEOUT, trust_env=not is_loopback(self.url)
            )
        return self._http

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def __aenter__(self) -> AsyncValues:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
