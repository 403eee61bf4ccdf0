"""
What a viewer was told of the series that he watches, shared by all who were told the same.

A course says which series are watched, up to which ordinal each was told, and which have news.
Pages that show the same series have one course: a frame is built once for all of them. Who falls
behind gets a course of his own, and comes back to the others when he has caught up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from agnez_client.columns import Block, encode_columns
from agnez_server.live.asking import Place
from agnez_server.live.blocks import Watched, is_long, next_block
from agnez_server.live.framing import Frame
from agnez_server.store.base import Series, Store

FRAME_POINTS: Final = 100_000
"""A frame that has so many points is full; the other series wait for the next one."""
_BLOCK_COST: Final = 16
"""What a block without points counts as."""

Key = tuple[str, int]
"""A channel: its run and its number."""


class Traveller(Protocol):
    """A viewer, as his course sees him."""

    @property
    def places(self) -> Mapping[Key, Place]:
        """The watched channels."""

    @property
    def widths(self) -> object:
        """Equal for those who watch with the same widths of a pixel."""

    def is_ready(self) -> bool:
        """Whether a frame can be sent to him now."""

    def take_frame(self, frame: Frame) -> None:
        """Send him a frame; its number is his to choose."""

    def note_band(self, key: Key) -> None:
        """The band of this channel has changed."""


@dataclass(eq=False, slots=True)
class Course:
    """See the module."""

    watched: dict[int, Watched] = field(default_factory=dict)
    new: dict[int, None] = field(default_factory=dict)
    """Series with news, in the order in which they got some."""
    ranks: dict[Key, frozenset[int] | None] = field(default_factory=dict)
    """Of each watched channel the ranks whose points are told, None for all."""
    banded: frozenset[Key] = frozenset()
    travellers: dict[Traveller, None] = field(default_factory=dict)
    told_at: float = float("-inf")

    def branch(self, travellers: Iterable[Traveller]) -> Self:
        """*travellers* leave this course, for one that is as this one is now."""
        gone = dict.fromkeys(travellers)
        for traveller in gone:
            del self.travellers[traveller]
        return type(self)(
            watched={id: Watched(w.series, w.cursor) for id, w in self.watched.items()},
            new=dict(self.new),
            ranks=dict(self.ranks),
            banded=self.banded,
            travellers=gone,
            told_at=self.told_at,
        )

    # -- what is watched ---------------------------------------------------------------------

    def watch(self, run: str, place: Place, series: Iterable[Series]) -> None:
        """Tell of a channel, of its *series* from their cursors, or from their start."""
        key = run, place.channel
        self.ranks[key] = place.ranks
        self.banded = self.banded - {key} if place.band is None else self.banded | {key}
        for one in series:
            self._forget(one.id)
            if place.wants(one.rank):
                self.watched[one.id] = Watched(one, place.cursors.get(one.id, 0))
                self.new[one.id] = None

    def unwatch(self, key: Key) -> None:
        """Tell no more of this channel."""
        self.ranks.pop(key, None)
        self.banded -= {key}
        series = [(id, w.series) for id, w in self.watched.items()]
        for id, one in series:
            if (one.run, one.channel) == key:
                self._forget(id)

    def _forget(self, series: int) -> None:
        self.watched.pop(series, None)
        self.new.pop(series, None)

    # -- what is new -------------------------------------------------------------------------

    def note(self, series: Series, key: Key) -> None:
        """Points of *series*, of the watched channel *key*, were committed."""
        if series.id not in self.watched:
            ranks = self.ranks[key]
            if ranks is not None and series.rank not in ranks:
                return
            self.watched[series.id] = Watched(series, 0)
        self.new[series.id] = None

    def is_like(self, other: Course) -> bool:
        """Whether nothing is new here and there, and the same was told."""
        if self.new or other.new or len(self.watched) != len(other.watched):
            return False
        return all(
            (w := other.watched.get(id)) is not None and w.cursor == mine.cursor
            for id, mine in self.watched.items()
        )

    def asks_for_widths(self, store: Store) -> bool:
        """Whether those with other widths of a pixel would be told something else now."""
        if not any(is_long(store, self.watched[id]) for id in self.new):
            return False
        first = next(iter(self.travellers)).widths
        return any(traveller.widths != first for traveller in self.travellers)

    def next_frame(self, store: Store) -> Frame | None:
        """What is new, as far as it fits into one frame; None if nothing is. Moves the cursors."""
        places = next(iter(self.travellers)).places
        blocks, room = list[Block](), FRAME_POINTS
        while self.new and room > 0:
            id = next(iter(self.new))
            del self.new[id]
            watched = self.watched[id]
            place = places[watched.series.run, watched.series.channel]
            block = next_block(store, watched, place.dx)
            if block is not None:
                blocks.append(block)
                room -= max(len(block.x), _BLOCK_COST)
        return Frame(encode_columns(blocks)) if blocks else None
