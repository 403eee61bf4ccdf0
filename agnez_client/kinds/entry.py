"""What the channels have in common whose points are no numbers but entries."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from time import time_ns
from typing import Any

from agnez_client.kinds.channel import Channel
from agnez_client.kinds.number import as_x, is_on_device
from agnez_client.protocol import MAX_ENTRY_BYTES
from agnez_client.spool.blobs import Blob
from agnez_client.spool.pen import Pen


@dataclass(frozen=True, slots=True)
class Encoded:
    """The body of an entry and the blobs that it names; see `docs/kinds.md`."""

    body: Mapping[str, Any]
    blobs: Sequence[Blob] = ()


class EntryChannel(Channel):
    """
    A channel whose points are entries. A kind says in `encode` what becomes of y.

    What `send()` has taken survives the process: the entry and its blobs lie in the spool. Changing
    y afterwards changes nothing.
    """

    __slots__ = ("_next_x", "options")

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
        super().__init__(name, number, run, pen, strict=strict, options=options)
        self._next_x: int | float = 0

    def encode(self, *args: Any, **more: Any) -> Encoded:
        """
        The entry of y, the only one of *args*; depends on nothing but that and ``options``.

        Args:
            more: Keywords of `send` that this kind knows.

        Raises:
            ValueError: If y or one of *more* is not what this kind takes; says what is wrong.
        """
        raise NotImplementedError

    def send(self, x: Any = None, y: Any = None, **more: Any) -> None:
        """
        Take one entry.

        Args:
            x: A finite number; the default is 0 for the first, then the last x + 1.
            y: What the kind takes, see `docs/sdk.md`. A tensor on a device is copied there and
                nobody waits for it; it is safe, and looked at, when the copy has arrived.
            more: What else the kind takes.

        Raises:
            BadPoint: In strict mode, if x, y or one of *more* is not what was expected.
        """
        wall = time_ns() // 1000
        try:
            self._check_keywords(more)
            x = as_x(self._next_x if x is None else x)
            self._next_x = x + 1
            if is_on_device(y):
                is_taken = self._copy(x, wall, y, more)
            else:
                is_taken = self._take(x, wall, self.encode(y, **more))
        except Exception as error:  # noqa: BLE001 (whatever a foreign type raises, training goes on)
            self._refuse_bad(_reason(error))
            return
        if not is_taken:
            self._refuse_full()

    def _check_keywords(self, more: Mapping[str, Any]) -> None:
        known = _keywords(type(self).encode) if more else None
        if known is not None and more.keys() - set(known):
            unknown = next(name for name in more if name not in known)
            raise ValueError(
                f"{unknown!r} is not known; send() of {self.type} takes {', '.join(known)}"
            )

    def _copy(self, x: int | float, wall: int, y: Any, more: dict[str, Any]) -> bool:
        """Have *y* copied on its device, and take it when the copy is here; see `DeviceCopies`."""

        def deposit(host: Any) -> None:
            try:
                is_taken = self._take(x, wall, self.encode(host, **more))
            except Exception as error:  # noqa: BLE001 (this is the sender's thread)
                self._count_bad(_reason(error))
                return
            if not is_taken:
                self._refuse_full()

        return self._pen.copies.take_whole(y, deposit)

    def _take(self, x: int | float, wall: int, encoded: Encoded) -> bool:
        size = len(json.dumps(encoded.body))
        if size > MAX_ENTRY_BYTES:
            raise ValueError(f"y takes {size} bytes as JSON, at most {MAX_ENTRY_BYTES} are allowed")
        event = {
            "kind": "entry",
            "at": wall,
            "n": self.number,
            "x": x,
            "wall": wall,
            "body": encoded.body,
        }
        if encoded.blobs:
            event["blobs"] = [blob.ref for blob in set(encoded.blobs)]
        return self._pen.record(event, encoded.blobs)


@cache
def _keywords(encode: Callable[..., Encoded]) -> tuple[str, ...] | None:
    """What `send()` of a kind takes by name; None where its *encode* looks at that itself."""
    named = inspect.signature(encode).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in named):
        return None
    return ("x", "y", *(one.name for one in named if one.kind is one.KEYWORD_ONLY))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
