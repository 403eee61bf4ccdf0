"""
A run as a folder: what lies where in it.

=============================================  =====================================================
``agnez.json``                                 what this is, and of which version
``run.json``                                   the run's own fields, times in µs UTC
``channels.json``, ``charts.json``             definitions, in the order of their numbers
``points/<channel>/<session>-<rank>.npy``      x, y, wall of a series, in the order sent
``entries/<channel>/<session>-<rank>.jsonl``   the same for entries, one a line
``console/<session>-<rank>.jsonl``             lines of output, one a line
``blobs/<sha256>``                             what bodies name
=============================================  =====================================================

Nothing in it depends on when or where it was written, so two exports of one run are equal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.errors import AgnezError

VERSION: Final = 1
_FORMAT: Final = "agnez run"
_SERIES: Final = re.compile(r"(\d{1,16})-(\d{1,10})")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PIECE: Final = 1 << 20

Json = dict[str, Any]


_NPY: Final = b"\x93NUMPY"


class FolderError(AgnezError, ValueError):
    """A folder that is no exported run, or a damaged one; the message names the file."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """Which series: the channel's number in the run, session in µs UTC, rank."""

    channel: int
    session: int
    rank: int


class RunFolder:
    """See the module. ``path`` need not exist before something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- writing ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """Make the folder, and say in it what it is."""
        self.path.mkdir(parents=True)
        self.write_json("agnez.json", {"format": _FORMAT, "version": VERSION})

    def write_json(self, name: str, value: object) -> None:
        """Write one of the files ``*.json``."""
        text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
        (self.path / name).write_text(text + "\n", encoding="utf-8")

    def write_points(self, key: SeriesKey, points: npt.NDArray[np.void]) -> None:
        """Write a series of numbers: *points* ``(N,)`` with the fields x, y and wall."""
        path = self.path / "points" / str(key.channel) / f"{key.session}-{key.rank}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, points, allow_pickle=False)

    def append_lines(self, name: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Append *items* to the file *name* (``entries/…`` or ``console/…``), one a line."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as out:
            for item in items:
                out.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n")

    # -- reading ---------------------------------------------------------------------------------

    def check(self) -> None:
        """
        Refuse what is no exported run.

        Raises:
            FolderError: If it is none, or one of a newer version.
        """
        if not (self.path / "agnez.json").is_file():
            raise FolderError(f"{self.path} is no exported run: it has no file agnez.json")
        about = self.read_json("agnez.json")
        if not isinstance(about, dict) or about.get("format") != _FORMAT:
            raise FolderError(f"{self.path / 'agnez.json'} is not that of an exported run")
        if about.get("version") != VERSION:
            raise FolderError(
                f"{self.path} was exported in version {about.get('version')!r}, this Agnez reads "
                f"{VERSION}: pip install -U agnez"
            )

    def read_json(self, name: str) -> Any:
        """
        One of the files ``*.json``.

        Raises:
            FolderError: If it is missing or no JSON.
        """
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise FolderError(f"{path} can't be read: {error}") from error

    def series(self, kind: str) -> list[SeriesKey]:
        """The series of *kind*, "points" or "entries", that lie here."""
        suffix = {"points": ".npy", "entries": ".jsonl"}[kind]
        found = []
        for path in (self.path / kind).glob(f"*/*{suffix}"):
            match = _SERIES.fullmatch(path.stem)
            if match is None or not path.parent.name.isdecimal():
                raise FolderError(f"{path} is not named like <channel>/<session>-<rank>{suffix}")
            found.append(SeriesKey(int(path.parent.name), int(match[1]), int(match[2])))
        return sorted(found)

    def consoles(self) -> list[tuple[int, int]]:
        """Session and rank of everybody who wrote console output."""
        found = []
        for path in (self.path / "console").glob("*.jsonl"):
            match = _SERIES.fullmatch(path.stem)
            if match is None:
                raise FolderError(f"{path} is not named like <session>-<rank>.jsonl")
            found.append((int(match[1]), int(match[2])))
        return sorted(found)

    def read_points(self, key: SeriesKey) -> npt.NDArray[np.void]:
        """
        A series of numbers, see `write_points`; mapped, not read.

        Raises:
            FolderError: If the file is damaged.
        """
        path = self.path / "points" / str(key.channel) / f"{key.session}-{key.rank}.npy"
        try:
            with path.open("rb") as file:
                if file.read(len(_NPY)) != _NPY:
                    raise ValueError("it is no file of numpy")
            points = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # numpy reads the header as Python: anything
            raise FolderError(f"{path} can't be read: {error}") from error
        if not isinstance(points, np.ndarray) or not _are_points(points):
            raise FolderError(f"{path} holds no points: expected the fields x, y and wall")
        found: npt.NDArray[np.void] = points
        return found

    def read_lines(self, name: str) -> Iterator[Json]:
        """
        The items of a file that `append_lines` wrote.

        Raises:
            FolderError: If a line is none; names its number.
        """
        path = self.path / name
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    item = json.loads(line.decode())
                    if not isinstance(item, dict):
                        raise ValueError("no object")
                except (ValueError, RecursionError) as error:
                    raise FolderError(f"line {number} of {path} can't be read: {error}") from error
                yield item

    # -- blobs -----------------------------------------------------------------------------------

    def blob(self, sha256: str) -> Path:
        """Where the blob lies, or belongs."""
        if not _SHA256.fullmatch(sha256):
            raise FolderError(f"{sha256!r} is not the SHA-256 of a blob")
        return self.path / "blobs" / sha256

    def check_blob(self, sha256: str) -> Path:
        """
        Where the blob lies, its bytes looked at.

        Raises:
            FolderError: If it is missing, or its bytes have changed.
        """
        path, digest = self.blob(sha256), hashlib.sha256()
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except OSError as error:
            raise FolderError(f"the blob {path} can't be read: {error}") from error
        if digest.hexdigest() != sha256:
            raise FolderError(f"the blob {path} is damaged: its bytes have another hash")
        return path


def _are_points(points: npt.NDArray[Any]) -> bool:
    """Whether these are rows of x, y and wall, each of them a number."""
    names = points.dtype.names
    if names != ("x", "y", "wall") or points.ndim != 1:
        return False
    return all(points.dtype[name].kind in "iuf" for name in names)


def blobs_in(value: object) -> Iterator[Json]:
    """The blobs that a body or another JSON value names: objects with ``sha256`` and ``size``."""
    if isinstance(value, dict):
        if isinstance(value.get("sha256"), str) and "size" in value:
            yield {k: value[k] for k in ("sha256", "size", "mime") if k in value}
        for inner in value.values():
            yield from blobs_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from blobs_in(inner)
