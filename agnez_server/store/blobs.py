"""
Blobs: bytes under their SHA-256, kept once however many name them.

Small ones lie in `blobs.db`, where those that come at about the same time share a commit; large
ones go to files, a piece at a time, so that an artefact of any size passes through little memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from agnez_server.errors import BadRequest, NotFound, StoreBusy, StoreReadOnly, TooLarge
from agnez_server.store.blobdata import BlobData, BlobRow
from agnez_server.store.blobfiles import SMALL, BlobFiles, Incoming
from agnez_server.store.broken import is_broken
from agnez_server.store.damage import Damage
from agnez_server.store.directory import DataDirectory
from agnez_server.store.names import sha_bytes
from agnez_server.store.options import StoreOptions
from agnez_server.store.values import BlobRef

T = TypeVar("T")
P = ParamSpec("P")

_THREADS: Final = 2
_QUICK: Final = 1 << 16
"""Bytes which are hashed sooner than a thread takes over."""
_GROUP_BYTES: Final = 8 << 20
"""About how many bytes of small blobs share a commit at most."""
_SPILL_BYTES: Final = 4 << 20
"""About how many bytes of a large blob are written at a time."""
_HELD_BYTES: Final = 64 << 20
"""While so many bytes of all that comes in are in memory, small blobs become files as well."""


class Held:
    """How many bytes are in memory; what one of several holds counts for all, *whole*, too."""

    def __init__(self, whole: Held | None = None) -> None:
        self.bytes, self._whole = 0, whole

    def take(self, size: int) -> None:
        """So many more."""
        self.bytes += size
        if self._whole is not None:
            self._whole.take(size)

    def release(self) -> None:
        """None any more."""
        self.take(-self.bytes)


class Blobs:
    """All blobs of a store. What is not said otherwise runs on the event loop."""

    def __init__(self, directory: DataDirectory, options: StoreOptions, damage: Damage) -> None:
        self.data = BlobData(directory.file("blobs.db"), options, damage)
        self.files = BlobFiles(directory.path)
        self.asked = dict[bytes, float]()
        """When blobs were asked for, in seconds UTC; pruned by each collection."""
        self.doomed = frozenset[bytes]()
        """Blobs that are being collected: they are not here any more."""
        self._threads = ThreadPoolExecutor(_THREADS, "agnez-blobs")
        self._waiting: list[tuple[BlobRow, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._held, self._closed = Held(), False

    # -- putting -------------------------------------------------------------------------------

    async def put(self, sha256: str, mime: str, data: AsyncIterable[bytes], limit: int) -> BlobRef:
        """See `Store.put_blob`."""
        sha = _checked(sha256)
        if self._closed:
            raise StoreBusy("the store is closed", retry_after_s=1.0)
        known = self.ref(sha256) if self.has([sha256]) else None
        if known is not None:
            await _drain(data, limit)
            self.has([sha256])
            return known
        incoming, held = Incoming(self.files), Held(self._held)
        try:
            await self._receive(incoming, held, data, limit)
            return await self._finish(incoming, sha, mime)
        finally:
            held.release()
            self._submit_quietly(incoming.close)

    async def _receive(
        self, incoming: Incoming, held: Held, data: AsyncIterable[bytes], limit: int
    ) -> None:
        async for part in data:
            incoming.add(part)
            held.take(len(part))
            if incoming.size > limit:
                raise _too_large(limit)
            most = SMALL if incoming.draft is None else _SPILL_BYTES
            if held.bytes > most or self._held.bytes > _HELD_BYTES:
                await self.on_disk(incoming.spill)
                held.release()

    async def _finish(self, incoming: Incoming, sha: bytes, mime: str) -> BlobRef:
        quick = incoming.size <= _QUICK
        found, body = incoming.finish() if quick else await self.on_disk(incoming.finish)
        if found != sha:
            raise BadRequest(
                f"the bytes have the SHA-256 {found.hex()}, expected {sha.hex()}",
                hint="send the blob again; something on the way changed it",
            )
        row = BlobRow(sha, incoming.size, mime, body)
        if incoming.draft is not None:
            await self.on_disk(self._keep_file, incoming.draft, row)
        else:
            await self._keep_small(row)
        return BlobRef(sha.hex(), row.size, mime)

    def _keep_file(self, draft: Path, row: BlobRow) -> None:
        with self.data.lock:  # or a collection could remove the file between the two
            self.files.keep(draft, row.sha)
            self.data.write([row])

    async def _keep_small(self, row: BlobRow) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await future

    async def _write(self) -> None:
        """Write what waits, and what comes meanwhile; each time all of it in one commit."""
        try:
            while self._waiting:
                group = self._group()
                try:
                    await self.on_disk(self._commit, [row for row, _ in group])
                except Exception as error:  # noqa: BLE001  # those who wait are told
                    _tell(group, error)
                else:
                    _tell(group, None)
        finally:
            self._writing = None

    def _group(self) -> list[tuple[BlobRow, asyncio.Future[None]]]:
        size = count = 0
        for row, _ in self._waiting:
            size, count = size + row.size, count + 1
            if size >= _GROUP_BYTES:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    def _commit(self, rows: list[BlobRow]) -> None:
        with self.data.lock:
            self.data.write(rows)

    # -- asking --------------------------------------------------------------------------------

    def has(self, sha256s: Iterable[str]) -> set[str]:
        """See `Store.has_blobs`."""
        now, found = time.time(), set[str]()
        for sha256 in sha256s:
            if self.ref(sha256) is not None:
                found.add(sha256)
                self.asked[bytes.fromhex(sha256)] = now
        return found

    def ref(self, sha256: str) -> BlobRef | None:
        """See `Store.blob`."""
        try:
            sha = sha_bytes(sha256)
        except ValueError:
            return None
        return None if sha in self.doomed else self.data.ref(sha)

    # -- reading: in any thread ----------------------------------------------------------------

    def read(self, sha256: str, start: int, size: int) -> bytes:
        """See `Store.read_blob`."""
        sha = _checked(sha256)
        start, size = max(0, start), max(0, size)
        row = None if sha in self.doomed else self.data.row(sha)
        if row is None:
            raise NotFound("blob", sha256)
        if row.body is not None:
            return row.body[start : start + size]
        self._require_file(row)
        return self.files.read(sha, start, size)

    def file(self, sha256: str) -> Path | None:
        """See `Store.blob_file`; raises BlobDamaged when the file is gone or cut."""
        sha = _checked(sha256)
        row = None if sha in self.doomed else self.data.row(sha)
        if row is None or row.body is not None:
            return None
        self._require_file(row)
        return self.files.path(sha)

    def _require_file(self, row: BlobRow) -> None:
        size = self.files.size(row.sha)
        if size != row.size:
            found = "is missing" if size is None else f"has {size} bytes, expected {row.size}"
            raise self.data.damaged(row.sha, f"its file {found}")

    # ------------------------------------------------------------------------------------------

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do *work* in a thread of the blobs' own: those of views may be busy for long."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(work, *args, **kwargs))

    async def on_disk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do *work*, which writes, in a thread; raises StoreReadOnly when it does not."""
        try:
            return await self.in_thread(work, *args, **kwargs)
        except (OSError, sqlite3.Error) as error:
            if is_broken(error):
                raise self.data.unreadable(error) from error
            raise _refusal(error) from error

    def _submit_quietly(self, work: Callable[[], None]) -> None:
        """Do *work* later; not at all after `close`: opening removes what was left behind."""
        with contextlib.suppress(RuntimeError):
            self._threads.submit(work)

    async def stop(self) -> None:
        """Refuse blobs from now on; wait until those that wait are written."""
        self._closed = True
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def close(self) -> None:
        """End the threads, close the file; may block."""
        self._threads.shutdown()
        self.data.close()


async def _drain(data: AsyncIterable[bytes], limit: int) -> None:
    size = 0
    async for part in data:
        size += len(part)
        if size > limit:
            raise _too_large(limit)


def _tell(group: list[tuple[BlobRow, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, future in group:
        if not future.done():
            future.set_result(None) if error is None else future.set_exception(error)


def _checked(sha256: str) -> bytes:
    try:
        return sha_bytes(sha256)
    except ValueError as error:
        raise BadRequest(str(error)) from error


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the blob is larger than {limit} bytes, which is the limit", limit=limit)


def _refusal(error: Exception) -> StoreReadOnly:
    return StoreReadOnly(
        f"the blob can't be written: {type(error).__name__}: {error}",
        hint="make room on the server's disk and send it again",
    )
