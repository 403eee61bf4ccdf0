"""Each file of a spool, cut at each byte: what is whole before the cut, and a word on the rest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agnez_client.errors import SpoolError
from agnez_client.spool.examine import examine
from agnez_client.spool.survey import survey
from tests.client.damage import EVENTS, POINTS, again, deliver, leave, xs
from tests.client.ingest_server import IngestServer
from tests.support.proof import FULL, proved
from tests.support.quick import quick_directory

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]
HEAD, RECORD, SLOTS = 4096, 32, 16
ALL_EVENTS = 1 + len(EVENTS)


def offsets(size: int) -> list[int]:
    """Every place in a file of *size* bytes; without AGNEZ_FULL few in the padding of a header."""
    if FULL:
        return list(range(size))
    odd = 1 if size < 128 else 29
    return sorted({0, 1, 47, 48, *range(7, min(size, HEAD), max(odd, size // 20)),
                   *range(HEAD - 1, size, 11)})  # fmt: skip


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A spool that waits for a server, and a copy of its files; where syncing costs nothing."""
    quick = quick_directory(tmp_path)
    path = leave(quick / "place")
    yield path, Path(shutil.copytree(path, quick / "copy"))
    shutil.rmtree(quick)


def cut(spool: tuple[Path, Path], name: str, size: int) -> Path:
    """The spool with the file *name* cut to *size* bytes."""
    path = again(*spool)
    with (path / name).open("r+b") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize("base", [0, SLOTS])
def test_a_segment_cut_anywhere(base: int, spool: tuple[Path, Path], server: IngestServer) -> None:
    """The points before the cut arrive, those behind it are counted as a gap, the rest arrives."""
    name = f"points-{base:020d}"
    places = offsets((spool[1] / name).stat().st_size)
    for size in places:
        path = cut(spool, name, size)
        left = min(POINTS, base + max(0, size - HEAD) // RECORD)
        behind = range(base + SLOTS, POINTS)
        assert any(f.level == "damage" for f in examine(path)), size
        assert survey(path).points == left + len(behind)
        server.replace_store()

        taken = deliver(path, server)

        assert xs(taken) == [*range(left), *behind], size
        assert taken is not None
        assert taken.gaps == min(base + SLOTS, POINTS) - left
        assert len(taken.events) == ALL_EVENTS
        assert path.exists()
    proved(
        "spool-cut",
        "segments of a spool cut at every byte: all before is delivered, what is lost is a gap",
        f"{len(places)} cuts of the segment at {base}",
    )


def test_the_events_cut_anywhere(spool: tuple[Path, Path], server: IngestServer) -> None:
    """The whole events before the cut arrive; points of channels that are not defined don't."""
    data = (spool[1] / "events").read_bytes()
    ends = _ends(data)
    for size in range(0, len(data), 1 if FULL else 7):
        path = cut(spool, "events", size)
        whole = sum(end <= size for end in ends)
        is_torn = size not in (0, *ends)
        assert any("torn" in f.what for f in examine(path)) == is_torn, size
        server.replace_store()

        taken = deliver(path, server)

        assert len(taken.events if taken else []) == whole, size


def _ends(data: bytes) -> list[int]:
    """Where the frames of *data* end."""
    ends, at = [], 0
    while at < len(data):
        at += 8 + int.from_bytes(data[at : at + 4], "little")
        ends.append(at)
    return ends


@pytest.mark.parametrize(
    "name",
    ["header.json", "header.spare", "cursor", "lock", f"sums-{0:020d}", f"sums-{SLOTS:020d}"],
)
def test_what_is_only_about_the_points_cut_anywhere(
    name: str, spool: tuple[Path, Path], server: IngestServer
) -> None:
    """A header has a spare, a cursor and sums can be done without: nothing at all is lost."""
    for size in range(0, (spool[1] / name).stat().st_size, 1 if FULL else 31):
        path = cut(spool, name, size)
        list(examine(path))
        server.replace_store()

        taken = deliver(path, server)

        assert xs(taken) == list(range(POINTS)), size
        assert taken is not None
        assert taken.gaps == 0


def test_both_headers_cut_are_an_error_that_names_the_spool(spool: tuple[Path, Path]) -> None:
    """Without any header nobody knows whose it is: it is left alone, and said."""
    path = cut(spool, "header.json", 30)
    (path / "header.spare").unlink()

    with pytest.raises(SpoolError, match="header"):
        survey(path)
    (found,) = examine(path)
    assert (found.level, found.where) == ("damage", str(path))
