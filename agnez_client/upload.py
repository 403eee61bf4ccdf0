"""A blob of a spool on its way to a server, in pieces, with time for other work between them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from agnez_client.delivery import Delivery, Verdict
from agnez_client.errors import TransportError

if TYPE_CHECKING:
    from agnez_client.transport import Transport

GRACE_S: Final = 60.0
SLOWEST: Final = 50_000
"""Bytes a second: an upload that is slower on the whole is given up, and begun anew later."""


class UploadStopped(Exception):
    """There is no time for an upload any more; the server did nothing wrong."""


class BlobBody:
    """
    What a request reads its body from.

    Args:
        file: The bytes.
        size: How many the header announces.
        meanwhile: Called before each piece; what it raises ends the upload.
    """

    def __init__(self, file: BinaryIO, size: int, meanwhile: Callable[[], None]) -> None:
        self._file, self._size, self._meanwhile = file, size, meanwhile
        self._digest, self._left = hashlib.sha256(), size
        self._until = time.monotonic() + GRACE_S + size / SLOWEST

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(1 << 16):
            yield piece

    def read(self, size: int = -1) -> bytes:
        """The next piece, at most *size* bytes; empty at the end."""
        self._meanwhile()
        if time.monotonic() > self._until:
            raise TransportError("a blob was too slow on its way")
        piece = self._file.read(size)
        self._digest.update(piece)
        self._left -= len(piece)
        return piece

    def is_damaged(self, sha256: str) -> bool:
        """Whether all was read, and is not what *sha256* names."""
        return not self._left and self._digest.hexdigest() != sha256


def upload(
    delivery: Delivery, transport: Transport, meanwhile: Callable[[], None] = lambda: None
) -> Verdict | None:
    """
    Bring the server the first blob that it wants of *delivery*; None if it wants none.

    Raises:
        TransportError: If the server could not be asked.
        UploadStopped: If *meanwhile* raised it.
    """
    wanted = delivery.next_blob()
    if wanted is None:
        return None
    sha256, mime, size = wanted
    try:
        file = delivery.spool.blobs.open(sha256)
    except OSError as error:
        return delivery.lose(sha256, f"its blob can't be read: {error.strerror}")
    with file:
        body = BlobBody(file, size, meanwhile)
        response = transport.put_blob(sha256, mime, body)
    return delivery.uploaded(sha256, response, is_damaged=body.is_damaged(sha256))
