"""Viewers that do not read, do not join, or may not look any longer."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import aiohttp

from agnez_server.errors import AgnezServerError
from agnez_server.keys import HUB
from agnez_server.live.door import JOIN_WITHIN_S, MOST_UNREAD, Door
from agnez_server.live.framing import Frame
from agnez_server.live.viewer import MOST_WAITING
from tests.server.running import RunningServer
from tests.server.sockets import RawSocket, narrow_http, raw_socket
from tests.server.spools import Spool, records
from tests.server.test_live import cursor, deliver, new_channel, until

STALLED = 4
BATCHES, PER_BATCH = 25, 15_000


def queues(door: Door) -> list[int]:
    """How many messages wait for each connection."""
    return [socket.queue.qsize() for socket in door.server.eio.sockets.values()]


async def stalled_viewers(
    server: RunningServer, spool: Spool, series: int, http: aiohttp.ClientSession
) -> list[RawSocket]:
    """Viewers that watch and never read again."""
    found = [await raw_socket(server, http=http) for _ in range(STALLED)]
    for socket in found:
        await socket.call("watch", {"run": spool.run, "channels": {"0": cursor(series, 0, dx=0)}})
    return found


async def test_viewers_that_do_not_read_delay_nobody(server: RunningServer) -> None:
    """
    Beside four that read nothing one that reads gets every point, soon; little waits for the four.

    They claim to have painted every frame, so that credits alone would not hold them back.
    """
    spool, series = await new_channel(server)
    door, worst, slowest = server.served.app[HUB].door, 0, 0.0
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 0, dx=0)})
    async with narrow_http() as http:
        lazy = await stalled_viewers(server, spool, series, http)

        for i in range(BATCHES):
            spool.write(records([float(i)] * PER_BATCH, x0=len(spool.points)))
            began = time.perf_counter()
            await server.taken(spool.batch(i * PER_BATCH, first_event=2))
            assert len(await viewer.points(series, (i + 1) * PER_BATCH)) == PER_BATCH
            slowest = max(slowest, time.perf_counter() - began)
            for socket in lazy:
                await socket.event("credit", {"frame": 2**53})
            worst = max(worst, *queues(door))

    assert MOST_WAITING < worst <= MOST_WAITING + 4
    assert slowest < 5


async def test_who_asks_and_never_reads_is_disconnected(server: RunningServer) -> None:
    """Answers that nobody takes do not pile up."""
    hub, most = server.served.app[HUB], 0

    async with narrow_http() as http:
        socket = await raw_socket(server, http=http)
        with suppress(ConnectionError):
            while hub.viewers():
                for _ in range(100):
                    await socket.event("watch", {"run": "x" * 60}, id=1)
                await asyncio.sleep(0)
                most = max(most, *queues(hub.door), 0)
        await until(lambda: not hub.viewers())

    assert most <= MOST_UNREAD + 5


async def test_who_never_joins_is_disconnected(server: RunningServer) -> None:
    """A connection that says nothing gives its place back."""
    clock = server.served.app[HUB].door
    now = time.monotonic()
    socket, viewer = await raw_socket(server, join=False), await server.viewer()
    await clock.sweep()
    clock._clock = lambda: now + JOIN_WITHIN_S + 1

    await clock.sweep()
    await socket.closed()

    assert await viewer.ask("watch_runs") == {"ok": True}


async def test_frames_are_not_compressed(server: RunningServer) -> None:
    """A browser offers to compress: numbers are noise, it would cost a core."""
    socket = await raw_socket(server, compress=15)

    assert not socket.socket.compress


async def test_a_failing_viewer_is_closed_alone(server: RunningServer) -> None:
    """Trouble with one viewer's frames ends that viewer, those on the same course go on."""
    spool, series = await new_channel(server, 1)
    broken, fine = await server.viewer(), await server.viewer()
    hub = server.served.app[HUB]
    first = next(iter(hub._viewers.values()))

    def fail(frame: Frame, number: int) -> None:
        raise AgnezServerError("broken")

    first._outlet.send_frame = fail  # type: ignore[method-assign]
    for viewer in (broken, fine):
        await viewer.watch(spool.run, {0: cursor(series, 0)})

    await asyncio.wait_for(broken.gone.wait(), 10)
    await deliver(server, spool, 2)
    assert len(await fine.points(series, 2)) == 2
