"""ARTEFACT: each entry is one version of the file that the channel is named after."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.naming import as_text
from agnez_client.params import as_json
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

ARTEFACT_KINDS: Final = ("file", "checkpoint", "model", "code")
DEFAULT_MIME: Final = "application/octet-stream"
_TYPES: Final = mimetypes.MimeTypes()
"""Those that Python knows by itself: what a machine adds to them differs."""


class ArtefactChannel(EntryChannel):
    """
    `send(x, path, kind="file", metadata=…, noted=False)`; the file is copied into the spool. What
    it held at the last time makes no new version.
    """

    type: ClassVar[str] = "ARTEFACT"
    __slots__ = ("_last",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._last: str | None = None

    def encode(self, y: Any, **more: Any) -> Encoded:
        """See `encode_artefact`."""
        return encode_artefact(y, **more)

    def refuse(self, reason: str) -> None:
        """
        Count a file that can't be kept.

        Raises:
            BadPoint: In strict mode.
        """
        self._refuse_bad(reason)

    def _take(self, x: int | float, wall: int, encoded: Encoded) -> bool:
        found = encoded.body.get("hash") or f"sha256:{encoded.body['sha256']}"
        if found != self._last:
            if not super()._take(x, wall, encoded):
                return False
            self._last = found
        return True


def encode_artefact(
    path: Any,
    kind: str = "file",
    metadata: Mapping[str, Any] | None = None,
    *,
    noted: bool = False,
    origin: Path | None = None,
    mime: str | None = None,
) -> Encoded:
    """
    The entry of what the file *path* holds now.

    Args:
        origin: What it was made from, told in its place; *mime* is its type then.
        noted: Only say where it is, how large and its hash; the file itself is not kept.

    Raises:
        ValueError: If *path* is not that of a plain file, or *kind* or *metadata* are wrong.
        OSError: If it can't be read.
    """
    if kind not in ARTEFACT_KINDS:
        raise ValueError(f"the kind is {kind!r}, expected one of {', '.join(ARTEFACT_KINDS)}")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise ValueError(f"the metadata are {shown(metadata)}, expected a mapping")
    if not isinstance(path, str | os.PathLike) or not Path(path).is_file():
        raise ValueError(f"{str(path)!r:.200} is not a file, expected the path of one")
    path = Path(path)
    blob = Blob.of_file(path, mime or _TYPES.guess_type(path.name)[0] or DEFAULT_MIME)
    told = as_text(str(origin or path))[:4096]
    about = {"path": told, "kind": kind, "metadata": as_json(metadata or {})}
    if noted:
        return Encoded({**about, "size": blob.size, "hash": f"sha256:{blob.sha256}"})
    return Encoded({**blob.ref, **about}, (blob,))
