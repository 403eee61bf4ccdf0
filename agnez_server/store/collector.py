"""
Collecting blobs that nothing names.

A blob is put before what names it, so it is loose at first; a collection looks at loose blobs that
were put, and asked for, long enough ago. A backup in this or another process, which copies
documents first and blobs later, holds a shared lock on the file `BACKUP` of the data directory:
meanwhile nothing is collected. The system takes the lock back when that process ends, however.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from agnez_server.store.blobdata import NO_BLOB, LooseBlob
from agnez_server.store.blobs import Blobs
from agnez_server.store.database import Database
from agnez_server.store.names import named
from agnez_server.store.pool import Pool

_BATCH: Final = 64
_VACUUM_PAGES: Final = 1024


@contextlib.contextmanager
def backup_lock(directory: Path, *, shared: bool) -> Iterator[bool]:
    """
    Hold the lock of backups: *shared* for a backup, which waits for it, else for a collection,
    which does not; whether it is held.
    """
    fd = os.open(directory / "BACKUP", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)


class Collector:
    """Collects blobs; on the event loop, with all that blocks in threads."""

    def __init__(
        self,
        blobs: Blobs,
        database: Database,
        pool: Pool,
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._blobs, self._database, self._pool, self._flush = blobs, database, pool, flush
        self._one_at_a_time = asyncio.Lock()
        self._orphans_removed = False

    async def collect(self, unnamed_for_s: float) -> int:
        """See `Store.collect_blobs`."""
        async with self._one_at_a_time:
            before = time.time() - unnamed_for_s
            with backup_lock(self._database.path.parent, shared=False) as is_held:
                return await self._collect(before) if is_held else 0

    async def _collect(self, before: float) -> int:
        blobs, freed, after = self._blobs, 0, NO_BLOB
        if not self._orphans_removed:
            await blobs.on_disk(self._remove_orphans, before)
            self._orphans_removed = True
        await blobs.on_disk(self._take_over_loose)
        while found := await blobs.on_disk(blobs.data.loose, after, before, _BATCH):
            after = found[-1]
            freed += await self._look_at(found, before)
        while freed and await blobs.on_disk(self._shrink):
            pass
        blobs.asked = {sha: at for sha, at in blobs.asked.items() if at > before}
        return freed

    async def _look_at(self, found: Sequence[LooseBlob], before: float) -> int:
        """
        Remove those of *found* that nobody asked for and nothing names; bytes freed.

        They are gone for those who ask before it is looked whether something names them; changes
        that are on their way were made by callers who asked earlier, and are waited for.
        """
        asked = self._blobs.asked
        doomed = [blob for blob in found if asked.get(blob.sha, 0.0) <= before]
        self._blobs.doomed = frozenset(blob.sha for blob in doomed)
        try:
            await self._flush()
            return await self._blobs.on_disk(self._remove, doomed, before)
        finally:
            self._blobs.doomed = frozenset()

    # -- in a thread ---------------------------------------------------------------------------

    def _take_over_loose(self) -> None:
        """Blobs which lost a name are noted in the other database, whose commit is another."""
        while True:
            with self._pool.connection() as con:
                rows = con.execute("select sha from loose limit ?", (_BATCH,)).fetchall()
            if not rows:
                return
            with self._blobs.data.lock:
                self._blobs.data.loosen([sha for (sha,) in rows])
            with self._database.lock:
                self._database.writer.executemany("delete from loose where sha = ?", rows)

    def _remove(self, doomed: Sequence[LooseBlob], before: float) -> int:
        data = self._blobs.data
        with self._pool.connection() as con:
            kept = named(con, [blob.sha for blob in doomed])
        unnamed = [blob for blob in doomed if blob.sha not in kept]
        with data.lock:
            data.settle(kept)
            removed = data.remove([blob.sha for blob in unnamed], before)
            for blob in unnamed:
                if blob.sha in removed and blob.in_file:
                    self._blobs.files.remove(blob.sha)
        return sum(blob.size for blob in unnamed if blob.sha in removed)

    def _shrink(self) -> bool:
        with self._blobs.data.lock:
            return self._blobs.data.shrink(_VACUUM_PAGES)

    def _remove_orphans(self, before: float) -> None:
        """Files that got their name just before the process was killed."""
        files, data = self._blobs.files, self._blobs.data
        for sha in files.all():
            with data.lock:
                if not data.in_file(sha) and files.modified(sha) <= before:
                    files.remove(sha)
