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
from agnez_client.spool.blobs import Blob

ARTEFACT_KINDS: Final = ("file", "checkpoint", "model", "code")
DEFAULT_MIME: Final = "application/octet-stream"


class ArtefactChannel(EntryChannel):
    """`send(x, path, kind="file", metadata=…, noted=False)`; the file is copied into the spool."""

    type: ClassVar[str] = "ARTEFACT"
    __slots__ = ()

    def encode(
        self,
        y: Any,
        *,
        kind: str = "file",
        metadata: Mapping[str, Any] | None = None,
        noted: bool = False,
    ) -> Encoded:
        """See `encode_artefact`."""
        return encode_artefact(y, kind, metadata, noted=noted)


def encode_artefact(
    path: Any, kind: str = "file", metadata: Mapping[str, Any] | None = None, *, noted: bool = False
) -> Encoded:
    """
    The entry of what the file *path* holds now.

    Args:
        noted: Only say where it is, how large and its hash; the file itself is not kept.

    Raises:
        ValueError: If *path* is not that of a plain file, or *kind* or *metadata* are wrong.
        OSError: If it can't be read.
    """
    if kind not in ARTEFACT_KINDS:
        raise ValueError(f"the kind is {kind!r}, expected one of {', '.join(ARTEFACT_KINDS)}")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise ValueError(f"the metadata are a {type(metadata).__name__}, expected a mapping")
    if not isinstance(path, str | os.PathLike) or not Path(path).is_file():
        raise ValueError(f"{path!r:.200} is not a file, expected the path of one")
    path = Path(path)
    blob = Blob.of_file(path, mimetypes.guess_type(path.name)[0] or DEFAULT_MIME)
    about = {"path": as_text(str(path))[:4096], "kind": kind, "metadata": as_json(metadata or {})}
    if noted:
        return Encoded({**about, "size": blob.size, "hash": f"sha256:{blob.sha256}"})
    return Encoded({**blob.ref, **about}, (blob,))
