"""
Reading what a server knows: runs, channels, views and every single point.

Shapes are those of `docs/http-api.md`: a number that JSON can't hold stays the string it travels
as, and `float()` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypedDict
from urllib.parse import quote

from agnez_client.errors import AgnezError
from agnez_client.protocol import is_ulid
from agnez_client.transport import Response, Transport

Axis = Literal["x", "wall"]
Number = int | float

_PAGE: Final = 1000
_RAW_PAGE: Final = 50_000


class RunInfo(TypedDict):
    """The fields of a run that are used here; the server sends more."""

    id: str
    project: str
    experiment: str
    name: str
    state: str
    created_at: str
    updated_at: str
    elapsed_s: float | None
    channels: int
    points: int


class ChannelInfo(TypedDict):
    """A channel with its figures over all its series; None where there is no point."""

    id: str
    run: str
    number: int
    name: str
    type: str
    count: int
    last: Number | str | None
    min: Number | None
    max: Number | None


class Row(TypedDict):
    """One point, in the order sent; ``wall`` in µs UTC, ``session`` the start of it in µs UTC."""

    session: int
    rank: int
    ordinal: int
    x: Number
    y: Number | str
    wall: int


class SeriesSlice(TypedDict):
    """Where one series lies within the columns of a `View`."""

    session: int
    rank: int
    offset: int
    length: int
    total: int
    exact: bool


class View(TypedDict):
    """Columns of one channel, one series after the other; decimated where not ``exact``."""

    channel: str
    name: str
    exact: bool
    x: list[Number]
    y: list[Number | str]
    wall: list[Number]
    series: list[SeriesSlice]


class NotFoundError(AgnezError, LookupError):
    """No run or channel answers to this name, or more than one does; the message lists them."""


class AnswerError(AgnezError):
    """The server refused the question; ``status`` is that of HTTP."""

    def __init__(self, url: str, response: Response) -> None:
        self.status = response.status
        try:
            error = response.json()["error"]
            said = ": ".join(str(error[key]) for key in ("message", "hint") if error.get(key))
        except (ValueError, KeyError, TypeError, AttributeError):
            said = "is it an Agnez server?"
        super().__init__(f"{url} answered {response.status}: {said}")


class StuckError(AgnezError):
    """The server's pages lead nowhere: the next one is the one that was asked for."""

    def __init__(self, url: str, path: str, place: object) -> None:
        super().__init__(
            f"{url} answers {path} with the same page again and again ({place!r}): a part of what "
            "it holds may be damaged; `agnez doctor` on the server says more"
        )


class Reader:
    """Asks one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def transport(self) -> Transport:
        """The way to the server."""
        return self._transport

    def _get(self, path: str, query: Mapping[str, str | int | float] | None = None) -> Any:
        response = self._transport.request("GET", path, query=query)
        if response.status != 200:
            raise AnswerError(self._transport.url, response)
        try:
            return response.json()
        except ValueError:
            raise AnswerError(self._transport.url, response) from None

    def runs(
        self, *, limit: int | None = None, sort: str = "-created_at", **filters: str | None
    ) -> Iterator[RunInfo]:
        """
        Runs in the order of *sort*, page by page as they are taken.

        Args:
            limit: At most so many; None is all of them.
            sort: ``created_at``, ``updated_at``, ``name`` or ``state``; ``-`` is descending.
            filters: ``project``, ``experiment``, ``state``, ``tag``, ``q``; None is no filter.
        """
        query = {"sort": sort, **{k: v for k, v in filters.items() if v is not None}}
        taken = 0
        while limit is None or taken < limit:
            page = _PAGE if limit is None else min(_PAGE, limit - taken)
            found = self._get("/runs", {**query, "limit": page, "offset": taken})["items"]
            yield from found
            taken += len(found)
            if len(found) < page:
                return

    def run(self, text: str) -> RunInfo:
        """
        The run whose id is *text*, or the newest of that name, or the only one whose id begins so.

        Raises:
            NotFoundError: If there is none, or if several ids begin so.
        """
        if is_ulid(text.upper()):
            run: RunInfo = self._get(f"/runs/{text.upper()}")
            return run
        named = next((r for r in self.runs(q=text) if r["name"] == text), None)
        if named is not None:
            return named
        begun = [r for r in self.runs() if r["id"].startswith(text.upper())] if text else []
        if len(begun) == 1:
            return begun[0]
        if not begun:
            raise NotFoundError(
                f"there is no run with the id or name {text!r}: `agnez runs` lists them"
            )
        shown = ", ".join(f"{r['id']} ({r['name']})" for r in begun[:5])
        raise NotFoundError(f"{len(begun)} runs have an id that begins with {text!r}: {shown}")

    def channels(self, run: str) -> list[ChannelInfo]:
        """All channels of the run with this id, in the order of their numbers."""
        found: list[ChannelInfo] = self._get(f"/runs/{run}/channels")["items"]
        return found

    def charts(self, run: str) -> list[dict[str, Any]]:
        """All charts of the run with this id, as the server sends them."""
        found: list[dict[str, Any]] = self._get(f"/runs/{run}/charts")["items"]
        return found

    def channel(self, text: str) -> ChannelInfo:
        """
        The channel with the id *text*, or that which "RUN/NAME" names; see `run` for RUN.

        Raises:
            NotFoundError: If there is no such run or channel.
        """
        head, slash, name = text.partition("/")
        if not slash:
            if not is_ulid(head.partition(".")[0]):
                raise NotFoundError(f"{text!r} is neither a channel's id nor RUN/NAME")
            one: ChannelInfo = self._get(f"/channels/{quote(text)}")
            return one
        run = self.run(head)
        channels = self.channels(run["id"])
        for channel in channels:
            if channel["name"] == name:
                return channel
        known = ", ".join(repr(c["name"]) for c in channels[:10]) or "none"
        raise NotFoundError(f"run {run['name']!r} has no channel {name!r}, it has: {known}")

    def view(
        self,
        channel: str,
        *,
        px: int,
        x0: float | None = None,
        x1: float | None = None,
        axis: Axis = "x",
    ) -> View:
        """The points with ``x0 <= axis <= x1``; M4 of *px* columns where they are too many."""
        query: dict[str, str | int | float] = {"px": px, "axis": axis}
        query.update({k: v for k, v in (("x0", x0), ("x1", x1)) if v is not None})
        answer: View = self._get(f"/channels/{channel}/points", query)
        return answer

    def rows(self, channel: str) -> Iterator[Row]:
        """Every point of the channel, in the order sent, page by page as they are taken."""
        query: dict[str, str | int | float] = {"limit": _RAW_PAGE}
        while True:
            path, asked = f"/channels/{channel}/raw", query.get("cursor")
            answer = self._get(path, query)
            yield from answer["items"]
            if answer["next"] is None:
                return
            if answer["next"] == asked:
                raise StuckError(self._transport.url, path, asked)
            query["cursor"] = answer["next"]
