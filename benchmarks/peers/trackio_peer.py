"""Trackio: an SQLite file below TRACKIO_DIR, and `trackio.show` for it."""

from __future__ import annotations

import json
from pathlib import Path

from task import RUN, fetch, main

PROJECT = "bench"


class TrackioPeer:
    """`trackio.log`, which sends its points twice a second."""

    def begin(self, folder: Path) -> None:
        import trackio

        self._trackio = trackio
        trackio.init(project=PROJECT, name=RUN)

    def log(self, x: int, y: float) -> None:
        self._trackio.log({"loss": y}, step=x)

    def finish(self) -> None:
        self._trackio.finish()

    def count(self, folder: Path) -> int:
        from trackio.sqlite_storage import SQLiteStorage

        return sum("loss" in point for point in SQLiteStorage.get_logs(PROJECT, RUN))

    def serve(self, folder: Path, port: int) -> None:
        import trackio

        trackio.show(PROJECT, open_browser=False, host="127.0.0.1", server_port=port)

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        asked = {"project": PROJECT, "runs": [{"run": RUN}], "scalar_only": True}
        body = fetch(f"http://127.0.0.1:{port}/api/get_logs_batch", asked)
        answer = json.loads(body)
        logs = answer.get("data", answer) if isinstance(answer, dict) else answer
        points = [point for point in logs[0]["logs"] if "loss" in point]
        return body, [point["step"] for point in points], [point["loss"] for point in points]


if __name__ == "__main__":
    main(TrackioPeer())
