"""
The other side of `fan_out.py` and `stalled.py`, in processes of their own.

    python _fan_out_load.py bare COUNT SIZE       a bare server: ten frames a second to each socket
    python _fan_out_load.py watch URL RUN COUNT CHANNELS STALLED    viewers of our server
    python _fan_out_load.py listen URL COUNT      readers of the bare server

Viewers print "ready"; after each line on standard input what came since the last one, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiohttp
from aiohttp import web

from tests.support.viewers import LightViewer, narrow_session, wide_session

HZ = 10


async def bare(count: int, size: int) -> None:
    """Send a frame of *size* bytes to all that are connected, ten times a second."""
    sockets = set[web.WebSocketResponse]()

    async def handle(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(compress=False)
        await response.prepare(request)
        sockets.add(response)
        async for _ in response:
            pass
        sockets.discard(response)
        return response

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    due, filling = time.monotonic(), bytes(size - 8)
    while True:
        due += 1 / HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = filling + struct.pack("<d", time.time() * 1e6)
        for one in list(sockets):
            with contextlib.suppress(ConnectionError):
                await one.send_bytes(frame)


async def watch(url: str, run: str, count: int, channels: int, stalled: int) -> None:
    """*count* viewers, of which *stalled* read nothing once they watch, and say that they do."""
    places = {n: {"dx": 0, "cursors": {}} for n in range(channels)}
    async with wide_session() as wide, narrow_session() as narrow:
        viewers = [LightViewer(narrow if k < stalled else wide, url) for k in range(count)]
        for viewer in viewers:
            await viewer.join()
            await viewer.watch(run, places)
        reading = [asyncio.create_task(viewer.read()) for viewer in viewers[stalled:]]
        reading += [asyncio.create_task(pretend(viewer)) for viewer in viewers[:stalled]]
        await answer(viewers[stalled:])
        for task in reading:
            task.cancel()


async def pretend(viewer: LightViewer) -> None:
    """Claim to have painted everything, without reading any of it."""
    viewer.stall()
    with contextlib.suppress(ConnectionError):
        while True:
            await viewer.claim(2**53)
            await asyncio.sleep(1 / HZ)


async def listen(url: str, count: int) -> None:
    """*count* sockets that read what the bare server sends."""
    async with wide_session() as http:
        viewers = [LightViewer(http, url) for _ in range(count)]

        async def read(viewer: LightViewer) -> None:
            async with http.ws_connect(url, max_msg_size=0) as connection:
                async for message in connection:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        viewer.note(message.data)

        reading = [asyncio.create_task(read(viewer)) for viewer in viewers]
        await answer(viewers)
        for task in reading:
            task.cancel()


async def answer(viewers: list[LightViewer]) -> None:
    """Say what came, whenever asked, until standard input ends."""
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while await reader.readline():
        delays = sorted(d for viewer in viewers for d in viewer.delays_s)
        told = {
            "frames": sum(v.frames for v in viewers), "bytes": sum(v.bytes for v in viewers),
            "p50_ms": at(delays, 0.5), "p99_ms": at(delays, 0.99),
        }  # fmt: skip
        for viewer in viewers:
            viewer.frames = viewer.bytes = 0
            viewer.delays_s.clear()
        print(json.dumps(told), flush=True)


def at(ascending: list[float], share: float) -> float:
    """The value in ms below which *share* of them lie; 0 of none."""
    return 1e3 * ascending[min(int(len(ascending) * share), len(ascending) - 1)] if ascending else 0


if __name__ == "__main__":
    role, given = sys.argv[1], sys.argv[2:]
    if role == "bare":
        asyncio.run(bare(int(given[0]), int(given[1])))
    elif role == "watch":
        asyncio.run(watch(given[0], given[1], int(given[2]), int(given[3]), int(given[4])))
    else:
        asyncio.run(listen(given[0], int(given[1])))
