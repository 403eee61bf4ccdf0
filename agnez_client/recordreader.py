"""
Reading the record of a run: artefacts, console output, bytes of blobs.

Shapes are those of `docs/http-api.md`, as in `reader`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypedDict

from agnez_client.errors import AgnezError
from agnez_client.reader import AnswerError, NotFoundError
from agnez_client.transport import Transport

PIECE: Final = 8 << 20
"""Bytes that are asked for at once."""
_PAGE: Final = 1000
_LINES: Final = 5000


class ArtefactInfo(TypedDict, total=False):
    """One version of a file. Without ``sha256`` it was only noted: there is nothing to download."""

    name: str
    version: int
    x: int | float
    wall: int
    kind: str
    path: str
    size: int
    mime: str
    sha256: str
    hash: str
    metadata: dict[str, Any]


class ConsoleLine(TypedDict):
    """One line of output; ``wall`` in µs UTC."""

    session: int
    rank: int
    number: int
    wall: int
    stream: str
    text: str


class DamagedError(AgnezError):
    """What was downloaded is not what was stored."""


class RecordReader:
    """Asks one server about the record of runs."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        response = self._transport.request("GET", path, query=query)
        if response.status != 200:
            raise AnswerError(self._transport.url, response)
        return response.json()

    def artefacts(self, run: str) -> list[ArtefactInfo]:
        """Every version of every artefact of the run with this id, newest first."""
        found: list[ArtefactInfo] = []
        while True:
            query = {"limit": _PAGE, "offset": len(found)}
            page = self._get(f"/runs/{run}/artefacts", query)
            found += page["items"]
            if not page["items"] or len(found) >= page["total"]:
                return found

    def artefact(self, run: str, text: str) -> ArtefactInfo:
        """
        The artefact *text* of the run with this id: NAME, its newest version, or NAME:VERSION.

        Raises:
            NotFoundError: If there is none.
        """
        found = self.artefacts(run)
        name, _, number = text.rpartition(":")
        for one in found:
            if one["name"] == text or (one["name"] == name and str(one["version"]) == number):
                return one
        versions = [one["version"] for one in found if one["name"] == name]
        if versions:
            raise NotFoundError(
                f"{name!r} has no version {number!r}, it has {min(versions)} to {max(versions)}"
            )
        known = ", ".join(sorted({repr(one["name"]) for one in found})[:10]) or "none"
        raise NotFoundError(f"the run has no artefact {text!r}, it has: {known}")

    def lines(
        self,
        run: str,
        *,
        first: int = 0,
        last: int | None = None,
        session: int | None = None,
        rank: int | None = None,
        find: str | None = None,
    ) -> Iterator[ConsoleLine]:
        """
        The lines of one process of the run with this id, in their order.

        Args:
            first: Number of the first one.
            last: In its place: so many from the end.
            session: Of which session; the first there is if not given, as for *rank*.
            find: Only lines that hold this text.
        """
        query: dict[str, Any] = {"session": session, "rank": rank, "find": find}
        query |= {"last": last} if last is not None else {"first": first, "limit": _LINES}
        while True:
            page = self._get(f"/runs/{run}/console", query)
            yield from page["items"]
            if page["next"] is None or last is not None:
                return
            query["first"] = page["next"]

    def writers(self, run: str) -> list[dict[str, int]]:
        """Session, rank and number of lines of each process that wrote something."""
        found: list[dict[str, int]] = self._get(f"/runs/{run}/console", {"limit": 1})["writers"]
        return found

    def text(self, sha256: str) -> str:
        """The text in a blob."""
        response = self._transport.request("GET", f"/blobs/{sha256}")
        if response.status != 200:
            raise AnswerError(self._transport.url, response)
        return response.body.decode(errors="replace")

    def download(
        self, sha256: str, size: int, target: Path, moved: Callable[[int], None] = lambda done: None
    ) -> None:
        """
        Write the blob *sha256* of *size* bytes to the file *target*, which is there when it is
        whole. What an earlier try has left (*target* with ".part") is gone on with.

        Args:
            moved: Told how many bytes there are, again and again.

        Raises:
            DamagedError: If the bytes are not those of the hash; the rest is removed.
            AnswerError, TransportError, OSError: See there; the rest stays for the next try.
        """
        part = target.with_name(f"{target.name}.part")
        digest = hashlib.sha256()
        with part.open("ab+") as file:
            file.seek(0)
            while piece := file.read(PIECE):
                digest.update(piece)
            done = file.tell()
            while done < size:
                piece = self._piece(sha256, done, min(size, done + PIECE))
                file.write(piece)
                digest.update(piece)
                done += len(piece)
                moved(done)
            file.flush()
            os.fsync(file.fileno())
        if done != size or digest.hexdigest() != sha256:
            part.unlink()
            raise DamagedError(f"{target} is not what was stored: try again")
        part.replace(target)

    def _piece(self, sha256: str, first: int, end: int) -> bytes:
        wanted = {"Range": f"bytes={first}-{end - 1}"}
        response = self._transport.request("GET", f"/blobs/{sha256}", headers=wanted)
        if response.status == 200:  # a proxy that knows no ranges
            return response.body[first:end]
        if response.status != 206 or not response.body:
            raise AnswerError(self._transport.url, response)
        return response.body
