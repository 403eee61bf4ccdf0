"""What a server has of one run, page by page: the questions that an export asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from agnez_client.reader import AnswerError, Reader, Row, StuckError
from agnez_client.transport import Transport

_ENTRY_PAGE: Final = 500
_LINE_PAGE: Final = 10_000
_PIECE: Final = 8 << 20

Json = dict[str, Any]


class RunSource:
    """The run with the id ``id`` on the server behind *transport*."""

    def __init__(self, transport: Transport, id: str) -> None:
        self.id = id
        self._transport, self._reader = transport, Reader(transport)

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        response = self._transport.request("GET", path, query=query)
        if response.status != 200:
            raise AnswerError(self._transport.url, response)
        return response.json()

    def run(self) -> Json:
        """The run's document, with what is known about it."""
        found: Json = self._get(f"/runs/{self.id}")
        return found

    def channels(self) -> list[Json]:
        """All channels, by number."""
        found: list[Json] = []
        while True:
            page = self._get(f"/runs/{self.id}/channels", {"limit": 1000, "offset": len(found)})
            found += page["items"]
            if len(found) >= page["total"] or not page["items"]:
                return found

    def charts(self) -> list[Json]:
        """All charts, automatic ones among them."""
        return self._reader.charts(self.id)

    def rows(self, channel: str) -> Iterator[Row]:
        """Every point of a NUMERIC channel."""
        return self._reader.rows(channel)

    def entry_pages(self, channel: str, series: int) -> Iterator[list[Json]]:
        """The entries of a series in the order sent."""
        query: dict[str, Any] = {"series": series, "after": 0, "limit": _ENTRY_PAGE}
        yield from self._pages(f"/channels/{channel}/entries", query, "after")

    def entries(self, channel: Json) -> Iterator[Json]:
        """Every entry of a channel, series by series, in the order sent."""
        for series in channel["series"]:
            for page in self.entry_pages(channel["id"], series["id"]):
                yield from page

    def console_writers(self) -> list[tuple[int, int]]:
        """Session and rank of everybody who wrote console output."""
        writers = self._get(f"/runs/{self.id}/console", {"limit": 1})["writers"]
        return [(writer["session"], writer["rank"]) for writer in writers]

    def console_pages(self, session: int, rank: int) -> Iterator[list[Json]]:
        """The lines that one of them wrote."""
        query: dict[str, Any] = {
            "session": session, "rank": rank, "first": 0, "limit": _LINE_PAGE
        }  # fmt: skip
        yield from self._pages(f"/runs/{self.id}/console", query, "first")

    def _pages(self, path: str, query: dict[str, Any], place: str) -> Iterator[list[Json]]:
        """The items of the pages from *query* on; *place* is the field where one begins."""
        while query[place] is not None:
            answer = self._get(path, query)
            if answer["items"]:
                yield answer["items"]
            if answer["next"] is not None and answer["next"] <= query[place]:
                raise StuckError(self._transport.url, path, answer["next"])
            query[place] = answer["next"]

    def blob_pieces(self, sha256: str, size: int) -> Iterator[bytes]:
        """The bytes of a blob of *size* bytes, a piece at a time."""
        for start in range(0, size, _PIECE):
            end = min(start + _PIECE, size) - 1
            response = self._transport.request(
                "GET", f"/blobs/{sha256}", headers={"Range": f"bytes={start}-{end}"}
            )
            if response.status not in (200, 206):
                raise AnswerError(self._transport.url, response)
            yield response.body
