"""Aim: a repository in a folder, and `aim up` for it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from task import fetch, main


class AimPeer:
    """`Run.track`."""

    def begin(self, folder: Path) -> None:
        from aim import Run

        self._run = Run(repo=str(folder))
        (folder / "run").write_text(self._run.hash)

    def log(self, x: int, y: float) -> None:
        self._run.track(y, name="loss", step=x)

    def finish(self) -> None:
        self._run.close()

    def count(self, folder: Path) -> int:
        from aim import Repo
        from aim.sdk.index_manager import RepoIndexManager
        from aim.storage.context import Context

        # A run is found once it is in the index, which otherwise `aim up` sees to.
        id, repo = (folder / "run").read_text(), Repo(str(folder))
        RepoIndexManager.get_index_manager(repo).index(id)
        run = Repo(str(folder)).get_run(id)
        metric = run.get_metric("loss", Context({})) if run else None
        return 0 if metric is None else len(metric.values.sparse_numpy()[0])

    def serve(self, folder: Path, port: int) -> None:
        aim = str(Path(sys.executable).parent / "aim")
        args = ["up", "--repo", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        os.execv(aim, [aim, *args])

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        id = (folder / "run").read_text()
        url = f"http://127.0.0.1:{port}/api/runs/{id}/metric/get-batch/"
        body = fetch(url, [{"name": "loss", "context": {}}])
        found = json.loads(body)[0]
        return body, found["iters"], found["values"]


if __name__ == "__main__":
    main(AimPeer())
