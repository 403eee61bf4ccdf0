"""The wall clock of the trainer leaps: what waits, waits by another one, and order stays."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from agnez_client.protocol import new_ulid, ulid_time
from agnez_client.spool.header import SpoolHeader
from tests.client.ingest_server import IngestServer
from tests.client.scripts import Script
from tests.support.proof import proved

# The clock is changed below `agnez_client`, before it is loaded.
LEAPS = """
    import os, sys, time
    real, real_ns, leap = time.time, time.time_ns, [0]
    time.time = lambda: real() + leap[0]
    time.time_ns = lambda: real_ns() + leap[0] * 10**9
    from agnez_client import Context
    began = time.monotonic()
    ctx = Context(url=os.environ["URL"])
    loss = ctx.job.create_channel("loss", "NUMERIC")
    for part, leap[0] in enumerate((0, 21_600, -43_200, 86_400 * 400, -86_400 * 400, 0)):
        for i in range(part * 100, part * 100 + 100):
            loss.send(x=i, y=float(i))
        print(part)
        sys.stdin.readline()
    leap[0] = -86_400
    ctx.finish()
    print(time.monotonic() - began)
"""


@pytest.mark.proof
def test_leaps_of_the_clock_delay_nothing(
    server: IngestServer, python: Callable[..., Script]
) -> None:
    """Each part arrives while the clock stands wrong: once, in order, at the clock's times."""
    script = python(LEAPS, URL=server.url, AGNEZ_FLUSH_TIMEOUT="60")
    for part in range(6):
        assert script.line() == str(part)
        server.wait_for(lambda part=part: server.points() == 100 * part + 100)
        script.tell()
    status, output, errors = script.end()

    assert status == 0, errors
    assert "waits" not in errors
    taken = server.only
    assert taken.channel("loss") == [(i, i) for i in range(600)]
    walls = [wall / 1e9 for *_, wall in taken.points]
    for part, leap in enumerate((0, 21_600, -43_200, 86_400 * 400, -86_400 * 400, 0)):
        assert all(abs(w - time.time() - leap) < 600 for w in walls[100 * part : 100 * part + 100])
    proved(
        "trainer-clock",
        "the trainer's clock leaps by hours and years: each part arrives at once, once, in order",
        f"5 leaps, {float(output):.1f} s in all",
    )


def test_a_session_never_begins_before_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the newest would be taken for the oldest, after a reboot with a clock at 1970."""
    run = new_ulid()
    monkeypatch.setattr(time, "time_ns", lambda: 5 * 10**9)

    assert SpoolHeader.new(run, 0, None, "host").session >= ulid_time(run) * 1e6


@pytest.mark.parametrize("run", ["00000000000000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"])
def test_a_run_that_was_named_by_hand_says_nothing_about_time(run: str) -> None:
    """Its session begins now."""
    session = SpoolHeader.new(run, 0, None, "host").session

    assert abs(session / 1e6 - time.time()) < 60
