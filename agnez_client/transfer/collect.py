"""From a server into a folder: every point, entry, line and blob of one run."""

from __future__ import annotations

import hashlib
import os
import shutil
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.errors import AgnezError
from agnez_client.transfer.folder import RunFolder, SeriesKey, blobs_in
from agnez_client.transfer.source import RunSource

Progress = Callable[[str, int], None]
"""Told what was written ("points", "entries", "lines", "blobs") and how many more of it."""

KEPT: Final = (
    "id", "project", "experiment", "name", "state", "reason", "params", "tags", "notes", "stage",
    "total_steps", "host", "pid", "python", "durable", "dropped", "dropped_by", "gaps",
    "datasets", "about",
)  # fmt: skip
"""Fields of a run that are its own; others are the server's, or change with the time of day."""


def silent(what: str, more: int) -> None:
    """A `Progress` that tells nobody."""


def collect_run(source: RunSource, target: Path, progress: Progress = silent) -> dict[str, int]:
    """
    Write a run as a folder *target*, which appears when it is whole.

    Returns how many points, entries, lines and blobs there are.

    Raises:
        AgnezError: If *target* is there already, or a blob arrives damaged.
    """
    if target.exists():
        raise AgnezError(f"{target} is there already: name another folder, or remove it")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        collecting = _Collecting(source, RunFolder(part), progress)
        collecting.collect()
        sync_tree(part)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return collecting.counts


class _Collecting:
    """One run on its way into a folder."""

    def __init__(self, source: RunSource, folder: RunFolder, progress: Progress) -> None:
        self._source, self._folder, self._progress = source, folder, progress
        self.counts = dict.fromkeys(("points", "entries", "lines", "blobs"), 0)
        self._blobs: dict[str, dict[str, Any]] = {}

    def collect(self) -> None:
        """All of it; blobs last, when it is known which."""
        folder, source = self._folder, self._source
        folder.begin()
        run, channels = source.run(), source.channels()
        folder.write_json("run.json", run_fields(run))
        self._note_blobs(run.get("about"))
        folder.write_json("channels.json", [_definition(c) for c in channels])
        folder.write_json("charts.json", chart_definitions(source.charts()))
        for channel in channels:
            if channel["type"] == "NUMERIC":
                self._collect_points(channel)
            else:
                self._collect_entries(channel)
        self._collect_console()
        self._collect_blobs()

    def _count(self, what: str, more: int) -> None:
        self.counts[what] += more
        self._progress(what, more)

    def _note_blobs(self, value: object) -> None:
        for blob in blobs_in(value):
            self._blobs.setdefault(blob["sha256"], blob)

    def _collect_points(self, channel: dict[str, Any]) -> None:
        growing: dict[SeriesKey, _Growing] = {}
        for row in self._source.rows(channel["id"]):
            key = SeriesKey(channel["number"], row["session"], row["rank"])
            growing.setdefault(key, _Growing()).add(row["x"], float(row["y"]), row["wall"])
        for key, series in growing.items():
            self._folder.write_points(key, series.points())
            self._count("points", len(series.y))

    def _collect_entries(self, channel: dict[str, Any]) -> None:
        for series in channel["series"]:
            name = f"entries/{channel['number']}/{series['session']}-{series['rank']}.jsonl"
            for page in self._source.entry_pages(channel["id"], series["id"]):
                lines = [{k: item[k] for k in ("x", "wall", "body")} for item in page]
                self._folder.append_lines(name, lines)
                self._note_blobs(lines)
                self._count("entries", len(page))

    def _collect_console(self) -> None:
        kept = ("number", "wall", "stream", "text")
        for session, rank in self._source.console_writers():
            for page in self._source.console_pages(session, rank):
                lines = [{k: line[k] for k in kept} for line in page]
                self._folder.append_lines(f"console/{session}-{rank}.jsonl", lines)
                self._count("lines", len(page))

    def _collect_blobs(self) -> None:
        for sha256, blob in self._blobs.items():
            path = self._folder.blob(sha256)
            path.parent.mkdir(exist_ok=True)
            digest = hashlib.sha256()
            with path.open("wb") as out:
                for piece in self._source.blob_pieces(sha256, blob["size"]):
                    digest.update(piece)
                    out.write(piece)
            if digest.hexdigest() != sha256:
                raise AgnezError(f"the blob {sha256} arrived damaged: try again")
            self._count("blobs", 1)


class _Growing:
    """A series of numbers while it is read; x stays whole as long as every x is."""

    def __init__(self) -> None:
        self.x: array[Any] = array("q")
        self.y, self.wall = array("d"), array("q")

    def add(self, x: float, y: float, wall: int) -> None:
        """One more point."""
        if isinstance(x, float) and self.x.typecode == "q":
            self.x = array("d", self.x)
        self.x.append(x)
        self.y.append(y)
        self.wall.append(wall)

    def points(self) -> npt.NDArray[np.void]:
        """All of them as `RunFolder.write_points` takes them."""
        x = np.frombuffer(self.x, "<i8" if self.x.typecode == "q" else "<f8")
        points = np.empty(len(x), [("x", x.dtype), ("y", "<f8"), ("wall", "<i8")])
        points["x"] = x
        points["y"] = np.frombuffer(self.y, "<f8")
        points["wall"] = np.frombuffer(self.wall, "<i8")
        return points


def sync_tree(path: Path) -> None:
    """Wait until *path*, a file or a folder with all that lies in it, is on disk."""
    if path.is_dir():
        for inner in path.iterdir():
            sync_tree(inner)
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def run_fields(run: dict[str, Any]) -> dict[str, Any]:
    """What of a run, as the server shows it, belongs to the run itself; times in µs UTC."""
    sessions = [{"rank": s["rank"], "started": s["started"]} for s in run["sessions"]]
    times = {k: time_us(run[f"{k}_at"]) for k in ("created", "finished")}
    return {**{k: run[k] for k in KEPT if k in run}, **times, "sessions": sessions}


def time_us(text: str | None) -> int | None:
    """ISO 8601 of the API as µs since 1970 UTC."""
    return None if text is None else int(np.datetime64(text.removesuffix("Z"), "us").astype(int))


def _definition(channel: dict[str, Any]) -> dict[str, Any]:
    return {"name": channel["name"], "type": channel["type"], "options": channel["options"]}


def chart_definitions(charts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The charts that somebody made, their channels by number."""
    kept = ("id", "title", "type", "x", "y")
    return [
        {**{k: c[k] for k in kept}, "channels": [int(i.rpartition(".")[2]) for i in c["channels"]]}
        for c in charts
        if not c["auto"]
    ]
