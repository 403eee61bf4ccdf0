"""MLflow on its default store, an SQLite file; `mlflow server` shows it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from task import fetch, main


class MlflowPeer:
    """`mlflow.log_metric`, synchronous as it is by default; `log_batch` to fill a run."""

    def begin(self, folder: Path) -> None:
        import mlflow

        self._mlflow, self._folder = mlflow, folder
        mlflow.set_tracking_uri(place(folder))
        run = mlflow.start_run()
        (folder / "run").write_text(run.info.run_id)

    def log(self, x: int, y: float) -> None:
        self._mlflow.log_metric("loss", y, step=x)

    def log_many(self, xs: range, ys: list[float]) -> None:
        """Its call for many points, of which a thousand may come at once."""
        from mlflow import MlflowClient
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [Metric("loss", y, now, x) for x, y in zip(xs, ys, strict=True)]
        MlflowClient().log_batch(mlflow_run(self._folder), metrics=points)

    def finish(self) -> None:
        self._mlflow.end_run()

    def count(self, folder: Path) -> int:
        from mlflow import MlflowClient

        id = mlflow_run(folder)
        return len(MlflowClient(place(folder)).get_metric_history(id, "loss"))

    def serve(self, folder: Path, port: int) -> None:
        args = ["--backend-store-uri", place(folder), "--host", "127.0.0.1", "--port", str(port)]
        os.execv(sys.executable, [sys.executable, "-m", "mlflow", "server", *args])

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        id = mlflow_run(folder)
        path = "ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
        query = f"run_ids={id}&metric_key=loss&max_results=320"
        body = fetch(f"http://127.0.0.1:{port}/{path}?{query}")
        found = json.loads(body)["metrics"]
        return body, [point["step"] for point in found], [point["value"] for point in found]


def mlflow_run(folder: Path) -> str:
    return (folder / "run").read_text()


def place(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


if __name__ == "__main__":
    main(MlflowPeer())
