"""wandb without a server: its run file is all there is, and there is no page."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from task import main

BLOCK = 32 << 10


class WandbPeer:
    """`run.log` of an offline run."""

    def begin(self, folder: Path) -> None:
        import wandb

        self._run = wandb.init(project="bench", dir=str(folder), mode="offline")

    def log(self, x: int, y: float) -> None:
        self._run.log({"loss": y}, step=x)

    def finish(self) -> None:
        self._run.finish()

    def count(self, folder: Path) -> int:
        from wandb.proto import wandb_internal_pb2

        (file,) = folder.glob("wandb/offline-run-*/*.wandb")
        found = 0
        for data in records(file.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(data)
            items = record.history.item
            found += any(i.key == "loss" or "loss" in i.nested_key for i in items)
        return found

    def serve(self, folder: Path, port: int) -> None:
        raise SystemExit("there is no page offline")

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        raise SystemExit("there is no page offline")


def records(data: bytes) -> Iterator[bytes]:
    """
    The records of a run file up to its torn end; wandb brings no reader of its own.

    It is a log as LevelDB writes it behind a header of 7 bytes: blocks of 32 KiB, in them parts of
    records, each with a checksum, its length, and 1 (whole), 2 (first), 3 (middle) or 4 (last).
    """
    at, parts = 7, b""
    while at + 7 <= len(data):
        if (left := BLOCK - at % BLOCK) < 7:
            at += left
            continue
        length, kind = struct.unpack_from("<HB", data, at + 4)
        if kind == 0 or at + 7 + length > len(data):
            return
        parts = (b"" if kind in (1, 2) else parts) + data[at + 7 : at + 7 + length]
        if kind in (1, 4):
            yield parts
        at += 7 + length


if __name__ == "__main__":
    main(WandbPeer())
