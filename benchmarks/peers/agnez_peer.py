"""Agnez: points go to a server of its own, which is also the reader and serves the page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from task import fetch, main

AGNEZ = [sys.executable, "-c", "from agnez_client.cli import main; main()"]


class AgnezPeer:
    """`Context` and `send`; the server at AGNEZ_URL, which the benchmark has started."""

    def __init__(self) -> None:
        self._id: str | None = None

    def begin(self, folder: Path) -> None:
        from agnez_client import Context

        self._context = Context(name="run", spool=folder / "spool")
        self._channel = self._context.job.create_channel("loss", "NUMERIC")
        self.log = self._channel.send

    def log(self, x: int, y: float) -> None:
        """The channel's own `send`, once there is a channel."""

    def finish(self) -> None:
        self._context.job.finish(timeout_s=120)

    def count(self, folder: Path) -> int:
        subprocess.run(
            [*AGNEZ, "sync"], env={**os.environ, "AGNEZ_SPOOL": str(folder / "spool")},
            check=True, capture_output=True,
        )  # fmt: skip
        return int(channel()["count"])

    def serve(self, folder: Path, port: int) -> None:
        os.execv(AGNEZ[0], [*AGNEZ, "up", "--port", str(port), "--data", str(folder / "data")])

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        from agnez_client.columns import COLUMNS_CONTENT_TYPE, decode_columns

        if self._id is None:
            self._id = channel()["id"]
        body = fetch(f"{api()}/channels/{self._id}/points?px=1000", accept=COLUMNS_CONTENT_TYPE)
        (block,) = decode_columns(body)[1]
        return body, block.x.tolist(), block.y.tolist()


def api() -> str:
    return f"{os.environ['AGNEZ_URL']}/api/v1"


def channel() -> dict[str, Any]:
    """The channel "loss" of the newest run."""
    run = json.loads(fetch(f"{api()}/runs"))["items"][0]["id"]
    found = json.loads(fetch(f"{api()}/runs/{run}/channels"))["items"]
    (loss,) = (c for c in found if c["name"] == "loss")
    return dict(loss)


if __name__ == "__main__":
    main(AgnezPeer())
