"""Rule 4: a slot that was claimed and not filled stops nobody for long, and loses nothing."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client.protocol import MARK_INT, MARK_VOID
from agnez_client.spool.cursor import Marks
from agnez_client.spool.segment import FIRST_SIZE
from agnez_client.spool.spool import Spool
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.ingest_server import IngestServer
from tests.client.scripts import Script
from tests.client.spools import Clock, budget, claim, new_spool, write

FIRST = (FIRST_SIZE - 4096) // 32
STORE = "ab" * 16


def read(spool: Spool, first: int = 0) -> list[tuple[int, int]]:
    """Ordinal and x of what is ready; x is -1 for a void."""
    records = spool.read_points(first, 1 << 20)
    found = [-1 if r["mark"] == MARK_VOID else int(r["x"]) for r in records]
    return list(enumerate(found, first))


def test_nothing_behind_a_hole_is_sent_while_it_may_be_filled(tmp_path: Path) -> None:
    """Order is kept: the reader waits at the hole."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    write(pen, 10)
    claim(pen)
    write(pen, 12)

    assert read(spool) == [(0, 10)]
    clock.time += 4.9
    assert read(spool) == [(0, 10)]
    spool.abandon()


def test_a_hole_that_is_filled_was_never_there(tmp_path: Path) -> None:
    """The thread that was between claim and write goes on."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    fill = claim(pen)
    write(pen, 11)
    assert read(spool) == []

    fill(10)

    clock.time += 100
    assert read(spool) == [(0, 10), (1, 11)]
    spool.abandon()


def test_a_hole_is_given_up_after_five_seconds(tmp_path: Path) -> None:
    """Its ordinal is used up by a void, and the rest goes on."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    write(pen, 10)
    claim(pen)
    write(pen, 12)
    read(spool)

    clock.time += 5.0

    assert read(spool) == [(0, 10), (1, -1), (2, 12)]
    spool.abandon()


def test_many_holes_are_given_up_together(tmp_path: Path) -> None:
    """A storm of Ctrl-C costs five seconds, not five for each."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    for _ in range(50):
        claim(pen)
        write(pen, 1)
    read(spool)

    clock.time += 5.0

    assert [x for _, x in read(spool)] == [-1, 1] * 50
    spool.abandon()


def test_a_claim_at_the_end_is_no_hole(tmp_path: Path) -> None:
    """Behind the last record lies what nobody has claimed, for all one can know."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    write(pen, 10)
    fill = claim(pen)
    read(spool)
    clock.time += 100
    assert read(spool) == [(0, 10)]

    fill(11)

    assert read(spool) == [(0, 10), (1, 11)]
    spool.abandon()


def test_a_hole_at_the_end_of_a_full_segment_is_seen(tmp_path: Path) -> None:
    """In a segment that was left every slot was claimed."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    write(pen, *range(FIRST - 1))
    claim(pen)
    write(pen, 7)
    assert len(read(spool)) == FIRST - 1

    clock.time += 5.0

    assert read(spool)[-2:] == [(FIRST - 1, -1), (FIRST, 7)]
    spool.abandon()


def test_a_record_that_came_late_gets_a_new_ordinal(tmp_path: Path) -> None:
    """Written after its slot was given up, found when the segment goes, sent behind the rest."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    fill = claim(pen)
    write(pen, *range(1, FIRST + 1))
    read(spool)
    clock.time += 5.0
    assert read(spool)[0] == (0, -1)
    fill(4711)

    spool.taken(STORE, Marks(0, FIRST))

    assert spool.oldest_point == FIRST
    assert read(spool, FIRST) == [(FIRST, FIRST), (FIRST + 1, 4711)]
    spool.abandon()


def test_a_record_that_came_late_survives_the_owner(tmp_path: Path) -> None:
    """The voids are noted in the cursor, so that whoever adopts the spool looks there."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    fill = claim(pen)
    write(pen, 1, 2)
    read(spool)
    clock.time += 5.0
    read(spool)
    spool.taken(STORE, Marks(0, 3))
    fill(4711)
    path = spool.folder.path
    assert path is not None
    spool.abandon()

    adopted = Spool.adopt(path, budget())

    assert adopted is not None
    assert read(adopted, 3) == [(3, 4711)]
    assert read(adopted)[0] == (0, -1)
    adopted.abandon()


def test_late_records_of_a_full_spool_get_a_segment(tmp_path: Path) -> None:
    """The rescued record finds room behind a last segment without any."""
    clock = Clock()
    spool, pen = new_spool(tmp_path, now=clock)
    fill = claim(pen)
    write(pen, *range(1, FIRST))
    read(spool)
    clock.time += 5.0
    read(spool)
    spool.taken(STORE, Marks(0, FIRST))
    fill(4711)
    path = spool.folder.path
    assert path is not None
    spool.abandon()

    adopted = Spool.adopt(path, budget())

    assert adopted is not None
    assert read(adopted, FIRST) == [(FIRST, 4711)]
    adopted.abandon()


def test_a_writer_whose_segment_is_gone_writes_elsewhere(tmp_path: Path) -> None:
    """A retired segment is closed first: the late writer learns it and takes another slot."""
    spool, pen = new_spool(tmp_path)
    old = pen.segment
    write(pen, *range(FIRST + 1))
    spool.taken(STORE, Marks(0, FIRST))

    with pytest.raises((TypeError, ValueError)):
        struct.pack_into("<q", old.buffer, 4096, 1)
    pen.segment = old
    assert pen.append(99, 0.0, 1, 0, MARK_INT)

    assert read(spool, FIRST)[-1] == (FIRST + 1, 99)
    spool.abandon()


def test_the_holes_of_the_dead_are_given_up_at_once(tmp_path: Path) -> None:
    """Nobody can fill them any more; what lies at the very end was never a point."""
    spool, pen = new_spool(tmp_path, now=Clock())
    claim(pen)
    write(pen, 1)
    claim(pen)
    path = spool.folder.path
    assert path is not None
    spool.abandon()

    adopted = Spool.adopt(path, budget())

    assert adopted is not None
    assert read(adopted) == [(0, -1), (1, 1)]
    adopted.abandon()


def test_a_torn_mark_is_a_hole(tmp_path: Path) -> None:
    """A process that was killed in the midst of the last field has written no record."""
    spool, pen = new_spool(tmp_path)
    write(pen, 1)
    at = pen.segment.claim()
    struct.pack_into("<qdqIH", pen.segment.buffer, at, 2, 2.0, 1, 0, MARK_INT & 0xFFFF)
    write(pen, 3)
    path = spool.folder.path
    assert path is not None
    spool.abandon()

    adopted = Spool.adopt(path, budget())

    assert adopted is not None
    assert read(adopted) == [(0, 1), (1, -1), (2, 3)]
    adopted.abandon()


STORM = """
    import os, signal, time
    from agnez_client import Context
    ctx = Context(url=os.environ["URL"])
    loss = ctx.job.create_channel("loss", "NUMERIC")
    armed = False
    def interrupt(number, frame):
        global armed
        if armed:
            armed = False
            raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0007)
    returned, began, hit = set(), 0, 0
    end = time.monotonic() + 8
    while hit < 30 and time.monotonic() < end:
        try:
            while True:
                x = began
                began += 1
                armed = True
                loss.send(x=x, y=1.0)
                returned.add(x)
        except KeyboardInterrupt:
            hit += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(hit)
    print(began)
    print(*sorted(set(range(began)) - returned))
    ctx.finish()
"""


@pytest.mark.timeout(120)
def test_a_storm_of_ctrl_c_loses_no_point_that_was_sent(
    server: IngestServer, python: Callable[..., Script]
) -> None:
    """
    Each `send()` that returned is there once, in order; those interrupted may be, once. What a busy
    machine has not sent when the program ends lies in the spool, and comes with `agnez sync`.
    """
    script = python(STORM, URL=server.url, AGNEZ_FLUSH_TIMEOUT="5")
    hit, began = int(script.line()), int(script.line())
    interrupted = {int(x) for x in script.line().split()}
    status, _, errors = script.end()

    assert status == 0, errors
    assert hit > 5  # thirty, where the timer is as fast as it was told
    left = re.search(r"waits in (\S+),", errors)
    if left:
        assert sync_spool(Path(left[1]), Transport(server.url)).problem is None
    arrived = [int(x) for x, _ in server.only.channel("loss")]
    assert arrived == sorted(set(arrived))
    assert set(range(began)) - set(arrived) <= interrupted
