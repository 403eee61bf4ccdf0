"""What the events of one batch work on."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from agnez_client.protocol import Batch
from agnez_server.catalog.drafts import RunDraft
from agnez_server.catalog.numbering import Numbering
from agnez_server.catalog.pile import Pile, blobs_missing, missing, unique
from agnez_server.errors import BadRequest
from agnez_server.store.base import BlobRef, Change, Line, Store


class Intake:
    """
    The run's draft, the spool's channels, and what is to be stored with them.

    Args:
        store: Where blobs are looked up.
        change: What the batch is a part of.
        batch: Whose events these are.
        draft: Its run.
        numbering: Its channels.
        now: µs UTC.
        wait_for_blobs: Whether an event that names a blob which is not here makes the batch wait
            for it; otherwise it is refused for good.
    """

    def __init__(
        self,
        store: Store,
        change: Change,
        batch: Batch,
        draft: RunDraft,
        numbering: Numbering,
        now: int,
        wait_for_blobs: bool,
    ) -> None:
        self.change, self.batch, self.draft = change, batch, draft
        self.numbering, self.now = numbering, now
        self.session_noted = False
        self.named: dict[int, str] = {}
        """Names of the channels that the batch defines, by series."""
        self.pile = Pile()
        self.lines: list[Line] = []
        self._kept: list[BlobRef] = []
        self._wanted: list[BlobRef] = []
        self._store, self._waits = store, wait_for_blobs

    def want(self, blobs: Sequence[BlobRef]) -> None:
        """
        The event at hand names *blobs*.

        Raises:
            BadRequest: If one is not here and nobody waits for it.
        """
        if self._waits:
            self._wanted += blobs
        elif absent := missing(self._store, blobs):
            raise BadRequest(f"the blob {absent[0]} never came")

    def channel_name(self, number: int) -> str | None:
        """The name of the spool's channel *number*; None for one that was not defined."""
        try:
            series = self.numbering.series(number)
        except BadRequest:
            return None
        if series in self.named:
            return self.named[series]
        channel = self._channels.get(series)
        return None if channel is None else str(self.draft.layout.channels[channel]["name"])

    @functools.cached_property
    def _channels(self) -> dict[int, int]:
        return {series.id: series.channel for series in self._store.series(self.batch.run)}

    def keep(self, blobs: Sequence[BlobRef]) -> None:
        """Let *blobs* live as long as the run, beside those that entries name."""
        self.want(blobs)
        self._kept += blobs

    def check_blobs(self, **details: object) -> None:
        """Raise BlobsMissing, which carries *details*, if a blob is not here that is waited for."""
        if absent := missing(self._store, self._wanted):
            raise blobs_missing(absent, **details)

    def hand_over(self) -> None:
        """Append the entries, keep the blobs, put the lines."""
        self.pile.append_to(self.change)
        if self._kept:
            self.change.keep_blobs(self.batch.run, unique(self._kept))
        if self.lines:
            self.change.put_lines(self.batch.run, self.lines)
