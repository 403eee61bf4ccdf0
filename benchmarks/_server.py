"""
A server in a process of its own, and how a benchmark asks it for what only it knows.

``agnez`` is the whole server as users have it, auth off on loopback; ``echo`` is aiohttp alone,
which reads a body and answers a few bytes. Each answers lines on its standard input with a line of
JSON: ``cpu`` is the processor time of the whole process in seconds, all threads included; ``seal``
the same after all points were sealed; ``stats`` the figures of the store; ``rss`` its memory in
bytes. It ends with its standard input.

    python benchmarks/_server.py agnez DIR
    python benchmarks/_server.py echo
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aiohttp import web

_MAX_BODY = 64 << 20


class Server:
    """A server of this module, for the time of a ``with`` block."""

    def __init__(self, kind: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, kind, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def ask(self, what: str) -> Any:
        """The server's answer to *what*, see the module."""
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended by itself, status {self._process.wait()}")
        return json.loads(line)


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _answer_lines(store: Any) -> None:
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        answer: object
        if line == "stats":
            answer = asdict(store.store_stats())
        elif line == "rss":
            answer = _memory()
        else:
            if line == "seal" and store is not None:
                await store.seal()
            answer = time.process_time()
        print(json.dumps(answer), flush=True)


async def _agnez(directory: str) -> None:
    from agnez_server.keys import STORE
    from agnez_server.serve import serving
    from agnez_server.settings import ServerSettings

    settings = ServerSettings(port=0, host="127.0.0.1", data=Path(directory))
    async with serving(settings) as served:
        print(served.port, flush=True)
        await _answer_lines(served.app[STORE])


async def _echo() -> None:
    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        return web.Response(body=b'{"bytes":%d}' % len(body), content_type="application/json")

    app = web.Application(client_max_size=_MAX_BODY)
    app.router.add_post("/api/v1/ingest", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await _answer_lines(None)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_agnez(sys.argv[2]) if sys.argv[1] == "agnez" else _echo())
