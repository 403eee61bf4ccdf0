"""Frames that the server refused, parked alone so that the rest goes on; nothing removes them."""

from __future__ import annotations

import json
import logging
import os
from typing import Final

from agnez_client.protocol import encode_event
from agnez_client.spool.files import Folder, create_file, open_file, read_file, write_whole
from agnez_client.spool.frames import read_frames

REJECTED_NAME: Final = "rejected"

logger = logging.getLogger(__name__)


class Rejected:
    """The parked frames of one spool; the file is made with the first of them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: set[tuple[str, int]] = set()
        self.count = len(self._parked())

    def events(self) -> list[bytes]:
        """The JSON texts of the events that were parked before this spool was opened here."""
        found = [json.loads(parked) for parked in self._parked()]
        return [bytes.fromhex(p["frame"]) for p in found if p["kind"] == "event"]

    def _parked(self) -> list[bytes]:
        if self._folder.path is None or not (self._folder.path / REJECTED_NAME).exists():
            return []
        found = read_frames(read_file(self._folder.path / REJECTED_NAME)).found
        return [one.body for one in found if one.body is not None]

    def park(self, kind: str, ordinal: int, reason: str, frame: bytes) -> bool:
        """Keep *frame* (the event or point *ordinal*); False if it is parked already."""
        if (kind, ordinal) in self._known:
            return False
        self._known.add((kind, ordinal))
        self.count += 1
        self._append({"kind": kind, "ordinal": ordinal, "reason": reason, "frame": frame.hex()})
        return True

    def _append(self, parked: dict[str, object]) -> None:
        if self._folder.path is None:
            return
        path = self._folder.path / REJECTED_NAME
        try:
            fd = open_file(path) if path.exists() else create_file(path)
            try:
                write_whole(fd, encode_event(parked), os.fstat(fd).st_size)
            finally:
                os.close(fd)
        except OSError as error:
            logger.warning("a refused frame could not be parked in %s: %s", path, error)
