"""The client of `/values` for programs that wait for each answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agnez_client.address import read_address
from agnez_client.errors import TransportError
from agnez_client.settings import Settings, load_settings
from agnez_client.transport import READ_TIMEOUT_S, Response, Transport
from agnez_client.values import calls
from agnez_client.values.calls import Call, Record
from agnez_client.values.cell import Cell
from agnez_client.values.query import Query

if TYPE_CHECKING:
    from agnez_client.values.listener import Listener


class Values:
    """
    Documents of a server: what `/values` holds, cells of the dashboard among them.

    >>> values = Values()                                                  # doctest: +SKIP
    >>> record = values.create({"name": "loss", "type": "html", "value": "<b>0.5</b>", "pos": 0})
    ...                                                                    # doctest: +SKIP
    >>> values.patch(record["_id"], {"value": "<b>0.4</b>"})               # doctest: +SKIP

    Calls that may be made twice are made again, up to three times within seconds, where no answer
    came; all are where the server said "later". Safe to use from several threads.

    Raises:
        ValuesError: Any call that the server refuses: `NotFound`, `Conflict` …, see
            `agnez_client.values.errors`.
        TransportError: Any call that nobody answers.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, timeout_s: float | None = None
    ) -> None:
        """
        Args:
            url: Address of the server; AGNEZ_URL, else the server that this user started.
            token: AGNEZ_TOKEN.
            timeout_s: Longest silence of the server, s; after it no call is made again. Unless
                told, 30 s.

        Raises:
            SettingsError: If *url* is no address.
            TransportError: If no server is known.
        """
        settings = load_settings(url=url, token=token)
        self.strict = settings.strict
        self._transport = Transport(server_of(settings), settings.token)
        self._token, self._timeout_s = settings.token, timeout_s

    @property
    def url(self) -> str:
        """Address of the server, without a slash at its end."""
        return self._transport.url

    # -- documents -------------------------------------------------------------------------------

    def create(self, data: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
        """
        Make a document, or several in this order.

        A document with the `run` and `pos` of one that is there replaces it and keeps its `_id`.

        Returns:
            The record with its `_id`; a list of records for a list.
        """
        return self._ask(calls.create(data))

    def find(self, query: Query | None = None, /, **equal: Any) -> list[Record]:
        """
        All documents that match.

        Args:
            query: As Feathers has it: ``{"pos": {"$gt": 1}, "$sort": {"pos": 1}, "$limit": 10}``.
            equal: Fields and what they are.
        """
        found: list[Record] = self._ask(calls.find({**(query or {}), **equal}))
        return found

    def get(self, id: str, query: Query | None = None) -> Record:
        """The document *id*; *query* may choose its fields (``{"$select": ["name"]}``)."""
        found: Record = self._ask(calls.get(id, query or {}))
        return found

    def update(self, id: str, data: Mapping[str, Any]) -> Record:
        """Replace all of the document *id* but its `_id`; returns it."""
        found: Record = self._ask(calls.update(id, data))
        return found

    def patch(
        self, id: str | Query | None, data: Mapping[str, Any], *, everything: bool = False
    ) -> Any:
        """
        Merge the fields of *data* into a document; others stay.

        Args:
            id: An `_id`, or a query: then all that match.
            everything: Needed where *id* is None or an empty query.

        Returns:
            The whole record; a list of records for a query.
        """
        return self._ask(calls.patch(id, data, everything=everything))

    def remove(self, id: str | Query | None = None, *, everything: bool = False) -> Any:
        """
        Remove a document, or with a query all that match; see `patch`.

        Returns:
            The record that is gone; a list of records for a query.
        """
        return self._ask(calls.remove(id, everything=everything))

    # -- files, cells, events --------------------------------------------------------------------

    def upload(self, content: Any) -> str:
        """
        Give the server a picture or a film, for the `value` of documents of type "img".

        What no document names is removed by the server, an hour later at the earliest.

        Args:
            content: A path, the bytes of a file (PNG, JPEG, GIF, WebP, SVG, MP4, WebM), an array
                ``(H, W)``, ``(H, W, 3 or 4)``, a picture of Pillow, a figure of matplotlib.

        Returns:
            Its address, relative to the server's page.

        Raises:
            ValueError: If it is none of these.
        """
        from agnez_client.values.content import as_file

        file = as_file(content)
        return str(self._ask(calls.upload(file.data, file.mime))["url"])

    def cell(self, name: str, *, pos: int = 0, run: Any = None, description: str = "") -> Cell:
        """
        The cell *name* at *pos* of the dashboard: that which is there, or a new one.

        Args:
            pos: Its place among the cells, from 0 on.
            run: A run's id or its `Job`: then the cell stands on the run's page too, and replaces
                what the run had at *pos*.
            description: Stands below the name.
        """
        return Cell.at(
            self, name, pos, None if run is None else getattr(run, "run", run), description
        )

    def listen(self) -> Listener:
        """
        Hear of changes from now on, whoever makes them: ``for event, record in values.listen()``.

        The event is "created", "updated", "patched" or "removed"; "missed", with an empty record,
        says that the connection was lost or the listener too slow, so that some were not heard:
        `find` tells how things stand.
        """
        from agnez_client.values.listener import Listener

        return Listener(self.url, self._token)

    # -- asking ----------------------------------------------------------------------------------

    def _ask(self, call: Call) -> Any:
        if call.known is not None:
            return call.known
        response = self._response(call)
        return calls.answer_of(self.url, response.status, response.body)

    def _response(self, call: Call) -> Response:
        tried = 0
        while True:
            try:
                response = self._transport.request(
                    call.method,
                    call.path,
                    body=call.body,
                    headers={"Content-Type": call.mime},
                    read_timeout_s=self._timeout_s or READ_TIMEOUT_S,
                )
                pause = calls.pause_s(tried, response.retry_after_s)
                if response.status not in calls.TRY_AGAIN or pause is None:
                    return response
            except TransportError as error:
                pause = calls.pause_s(tried, 0.0)
                is_over = pause is None or self._timeout_s is not None
                if error.refused or is_over or not call.repeatable:
                    raise
            time.sleep(pause or 0.0)
            tried += 1

    def close(self) -> None:
        """Close the connections of this thread."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def server_of(settings: Settings) -> str:
    """
    The address that *settings* name, else that of this user's own server.

    Raises:
        TransportError: If there is neither.
    """
    own = read_address() if settings.url is None else None
    found = settings.url or (own and own.url)
    if not found:
        raise TransportError(
            "no server is known: start one with `agnez up`, or name one with AGNEZ_URL or url=",
            refused=True,
        )
    return found
