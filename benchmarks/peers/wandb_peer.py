"""wandb without a server: its run file is all there is, and there is no page."""

from __future__ import annotations

from pathlib import Path

from task import main


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
        from wandb.sdk.internal.datastore import DataStore

        (file,) = folder.glob("wandb/offline-run-*/*.wandb")
        store, found = DataStore(), 0
        store.open_for_scan(str(file))
        while data := store.scan_data():
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            items = record.history.item
            found += any(i.key == "loss" or "loss" in i.nested_key for i in items)
        return found

    def serve(self, folder: Path, port: int) -> None:
        raise SystemExit("there is no page offline")

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        raise SystemExit("there is no page offline")


if __name__ == "__main__":
    main(WandbPeer())
