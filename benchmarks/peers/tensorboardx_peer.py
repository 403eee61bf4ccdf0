"""tensorboardX writes, TensorBoard reads and shows; both as they come."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from task import RUN, fetch, main


class TensorboardxPeer:
    """`SummaryWriter.add_scalar`; event files are written every 120 s, and when it is closed."""

    def begin(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(logdir=str(folder / RUN))

    def log(self, x: int, y: float) -> None:
        self._writer.add_scalar("loss", y, x)

    def finish(self) -> None:
        self._writer.close()

    def count(self, folder: Path) -> int:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        reader = EventAccumulator(str(folder / RUN), size_guidance={"scalars": 0})
        reader.Reload()
        return len(reader.Scalars("loss")) if "loss" in reader.Tags()["scalars"] else 0

    def serve(self, folder: Path, port: int) -> None:
        args = ["--logdir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        os.execv(sys.executable, [sys.executable, "-m", "tensorboard.main", *args])

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        path = f"data/plugin/scalars/scalars?run={RUN}&tag=loss"
        body = fetch(f"http://127.0.0.1:{port}/{path}")
        found = json.loads(body)
        return body, [step for _, step, _ in found], [y for _, _, y in found]


if __name__ == "__main__":
    main(TensorboardxPeer())
