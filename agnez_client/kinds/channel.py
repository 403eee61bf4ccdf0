"""What every channel has, whatever its points are."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from agnez_client.errors import BadPoint, RunClosed
from agnez_client.naming import as_text
from agnez_client.protocol import MAX_REASON
from agnez_client.settings import Settings
from agnez_client.spool.pen import NO_ROOM, Pen

logger = logging.getLogger("agnez_client")


class Channel:
    """
    A named stream of a run; made by `Job.create_channel`.

    Attributes:
        name: Unique in the run.
        options: What it was made with.
        number: What point records carry.
        bad: Points that were refused because x or y was no number.
        dropped: Points that were refused because there was no room for them.
    """

    type: ClassVar[str] = ""
    known_options: ClassVar[frozenset[str]] = frozenset()
    """Names of what `Job.create_channel` takes for this type."""
    __slots__ = (
        "_pen", "_run", "_said", "_strict", "_why", "bad", "dropped", "name", "number", "options",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        number: int,
        run: str,
        pen: Pen,
        *,
        strict: bool,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.number, self._run = name, number, run
        self._pen, self._strict = pen, strict
        self.options = dict(options or {})
        self.bad = self.dropped = 0
        self._said: set[str] = set()
        self._why = ""

    def __repr__(self) -> str:
        return f"<{self.type} channel {self.name!r} of run {self._run}>"

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """
        Make sure that a channel can be made with *options*, whose names are known.

        Raises:
            ValueError: If a value is not what its option expects.
        """

    @classmethod
    def preset(cls, settings: Settings) -> dict[str, Any]:
        """Options that *settings* give to a channel which was made without them."""
        return {}

    def send(self, x: Any = None, y: Any = None) -> None:
        """Take one point; a type says what x and y may be."""
        raise NotImplementedError

    def _refuse_bad(self, reason: str) -> None:
        """
        Count a point that is none.

        Raises:
            BadPoint: In strict mode.
        """
        if self._strict:
            self.bad += 1
            self._tell_bad(reason)
            raise BadPoint(self.name, reason)
        self._count_bad(reason)

    def _count_bad(self, reason: str) -> None:
        """The same where no error can be raised."""
        self.bad += 1
        self._tell_bad(reason)
        self._warn_once("bad", f"a point was refused: {reason}")

    def _tell_bad(self, reason: str) -> None:
        """The run is told the first reason only: as many as there are values would fill it."""
        self._why = self._why or as_text(reason)[:MAX_REASON]
        self._pen.refuse(self.number, self._why)

    def _refuse_full(self) -> None:
        """
        Count a point for which there was no room.

        Raises:
            RunClosed: If that is because the run has ended, in strict mode.
        """
        self.dropped += 1
        if not self._pen.is_closed:
            self._pen.refuse(self.number, NO_ROOM)
            if not self._pen.is_full_said:
                self._pen.is_full_said = True
                logger.warning(
                    "channel %r: points are dropped, the spool has no room left (said once for all "
                    "channels, all are counted)",
                    self.name,
                )
        elif self._strict:
            raise RunClosed(self._run)
        else:
            self._warn_once("ended", "points are dropped, its run has ended")

    def _warn_once(self, cause: str, text: str) -> None:
        if cause not in self._said:
            self._said.add(cause)
            logger.warning("channel %r: %s (said once, all are counted)", self.name, text)
