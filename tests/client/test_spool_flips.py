"""Flipped bits in each file of a spool: found, said, mended or counted; the rest arrives once."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.protocol import RECORD
from agnez_client.spool.examine import examine
from agnez_client.spool.frames import frame, read_frames
from agnez_client.spool.sums import sums_of
from tests.client.damage import EVENTS, POINTS, again, deliver, leave, xs
from tests.client.ingest_server import IngestServer
from tests.support.proof import FULL, proved
from tests.support.quick import quick_directory

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]
HEAD, SLOTS = 4096, 16
NAMES = ("events", "header.json", "header.spare", "cursor", *(
    f"{kind}-{base:020d}" for kind in ("points", "sums") for base in (0, SLOTS)
))  # fmt: skip


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A spool that waits for a server, and a copy of its files; where syncing costs nothing."""
    quick = quick_directory(tmp_path)
    path = leave(quick / "place")
    yield path, Path(shutil.copytree(path, quick / "copy"))
    shutil.rmtree(quick)


def flip(path: Path, *bits: int) -> Path:
    """Turn *bits* of the file *path* round."""
    data = bytearray(path.read_bytes())
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return path.parent


def bits_of(name: str, size: int) -> list[int]:
    """The bits of a file that are turned one by one: all under AGNEZ_FULL, else some hundreds."""
    used = list(range(size * 8))
    if name.startswith("points"):
        count = min(SLOTS, POINTS - int(name[7:]))
        used = [*range(48 * 8), *range(HEAD * 8, (HEAD + 32 * count) * 8)]
    return used if FULL else random.Random(4).sample(used, min(40, len(used)))


@pytest.mark.parametrize("name", NAMES)
def test_one_flipped_bit_loses_nothing(
    name: str, spool: tuple[Path, Path], server: IngestServer
) -> None:
    """Whichever it is: it is mended, or what it is in can be done without."""
    bits = bits_of(name, (spool[1] / name).stat().st_size)
    for bit in bits:
        path = flip(again(*spool) / name, bit)
        findings = list(examine(path))
        server.replace_store()

        taken = deliver(path, server)

        assert xs(taken) == list(range(POINTS)), bit
        assert taken is not None
        assert taken.gaps == 0
        assert [e["kind"] for e in taken.events] == ["run", *(e["kind"] for e in EVENTS)], bit
        assert len(findings) > 1, bit  # beside the summary
    proved(
        "spool-flip",
        "single bits flipped in each file of a spool: found, said, mended, all delivered once",
        f"{len(bits)} bits of {name}",
    )


def test_two_flipped_bits_in_a_record_lose_that_one(
    spool: tuple[Path, Path], server: IngestServer
) -> None:
    """It is a gap of one point; those around it arrive, and the spool stays."""
    chance = random.Random(7)
    for n in range(POINTS if FULL else 12):
        ordinal = n if FULL else chance.randrange(POINTS)
        base = ordinal // SLOTS * SLOTS
        bits = chance.sample(range(256), 2)
        start = (HEAD + 32 * (ordinal - base)) * 8
        file = again(*spool) / f"points-{base:020d}"
        path = flip(file, *(start + bit for bit in bits))
        server.replace_store()

        taken = deliver(path, server)

        assert xs(taken) == [x for x in range(POINTS) if x != ordinal], (ordinal, bits)
        assert taken is not None
        assert taken.gaps == 1
        assert file.exists()
        assert xs(deliver(path, server)) == xs(taken)  # a second sync adds nothing


def test_a_page_of_rubbish_is_a_gap(spool: tuple[Path, Path], server: IngestServer) -> None:
    """Many records at once: none of them arrives as something that was never sent."""
    file = again(*spool) / f"points-{0:020d}"
    data = file.read_bytes()
    rubbish = random.Random(1).randbytes(5 * 32)
    file.write_bytes(data[: HEAD + 64] + rubbish + data[HEAD + 64 + len(rubbish) :])

    taken = deliver(file.parent, server)

    assert xs(taken) == [0, 1, *range(7, POINTS)]
    assert taken is not None
    assert taken.gaps == 5


def test_a_damaged_event_uses_up_its_ordinal(
    spool: tuple[Path, Path], server: IngestServer
) -> None:
    """Its neighbours keep theirs; the run is told that one event was lost."""
    file = again(*spool) / "events"
    data = file.read_bytes()
    at = data.index(b'"lr"')
    file.write_bytes(data[:at] + b"????" + data[at + 4 :])

    taken = deliver(file.parent, server)

    assert taken is not None
    assert [e["kind"] for e in taken.events] == ["run", "channel", "dropped", "tags"]
    assert "damaged" in taken.events[2]["reason"]
    assert xs(taken) == list(range(POINTS))
    assert file.exists()


def test_a_run_whose_own_event_is_lost_is_made_from_the_header(
    spool: tuple[Path, Path], server: IngestServer
) -> None:
    """Its points arrive, under its id."""
    file = again(*spool) / "events"
    data = file.read_bytes()
    file.write_bytes(data[:8] + b"????" + data[12:])

    taken = deliver(file.parent, server)

    assert taken is not None
    assert taken.events[0]["id"] == taken.run
    assert xs(taken) == list(range(POINTS))


@given(
    st.lists(st.binary(max_size=30), max_size=6),
    st.binary(min_size=1, max_size=12),
    st.integers(0, 200),
    st.sampled_from([1, 3]),
)
def test_frames_behind_damage_are_found_again(
    parts: list[bytes], rubbish: bytes, place: int, version: int
) -> None:
    """Whatever is written over a file of frames: what is read is what was framed, in its place."""
    bodies = [b'{"kind":"' + part.hex().encode() + b'"}' for part in parts]
    data = b"".join(frame(body, n, version) for n, body in enumerate(bodies))
    place %= len(data) + 1
    damaged = data[:place] + rubbish + data[place + len(rubbish) :]

    found = read_frames(damaged, version).found

    read = {f.ordinal: f.body for f in found if f.body is not None}
    if version == 3:
        assert all(n < len(bodies) and bodies[n] == body for n, body in read.items())
    else:
        assert set(read.values()) <= set(bodies)
    assert [f.ordinal for f in found] == list(range(len(found)))


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**50))
def test_each_bit_of_a_record_has_a_sum_of_its_own(record: bytes, ordinal: int) -> None:
    """So every single flip is found, and known."""
    flips = [record]
    for bit in range(256):
        one = bytearray(record)
        one[bit // 8] ^= 1 << bit % 8
        flips.append(bytes(one))
    sums = {int(sums_of(ordinal, np.frombuffer(one, RECORD))[0]) for one in flips}

    assert len(sums) == 257
    assert 0 not in sums
