"""
Running a server from the first socket to the last commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from agnez_server.app import make_app
from agnez_server.auth import Gate
from agnez_server.authfiles import AuthFiles
from agnez_server.connections import Connections, raise_limit_of_files
from agnez_server.garbage import rare_collections
from agnez_server.listening import JsonRunner
from agnez_server.ports import bind
from agnez_server.settings import ServerSettings, default_data_directory
from agnez_server.store import SqliteStore, StoreOptions
from agnez_server.store.directory import cannot_open

logger = logging.getLogger(__name__)

GRACE_S: Final = 0.5
"""
How long a request may still run after Ctrl-C, and again how long it may take to be cancelled; the
whole end takes under 2 s.
"""

_TELL_EVERY_S: Final = 60.0


class NoLoginSet(RuntimeError):
    """A login is asked for, and there is neither a password nor a token."""

    def __init__(self, host: str | None) -> None:
        why = f"{host} can be reached by others" if host else "--login was given"
        super().__init__(
            f"{why}, and neither a password nor a token is set: run `agnez password` or "
            "`agnez token create --scope admin` first (with the same --data, if you give one)"
        )


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens: its address for people, its port, its data, who is connected."""

    url: str
    port: int
    directory: Path
    base_path: str
    app: web.Application
    connections: Connections


@contextlib.asynccontextmanager
async def serving(
    settings: ServerSettings, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Served]:
    """
    A running server for the time of the block; afterwards everything is committed and closed.

    Args:
        settings: What was asked for.
        clock: Seconds, by which a silent run is called lost.

    Raises:
        NoLoginSet, PortTaken, CannotOpenStore, AuthFileDamaged: Before anything was changed.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(rare_collections())
        directory = _directory(settings, stack)
        sockets = bind(settings.host, settings.port)
        for sock in sockets:
            stack.callback(sock.close)
        with _in(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = AuthFiles(_auth_directory(settings, directory))
        if settings.needs_login() and not (files.password_hash() or files.tokens()):
            raise NoLoginSet(None if settings.is_loopback() else settings.host)
        options = StoreOptions(backlog_bytes=settings.backlog_bytes)
        store = await SqliteStore.open(directory, options=options)
        stack.push_async_callback(store.close)
        with _in(directory):
            gate = Gate(
                files, needs_login=settings.needs_login(), session_days=settings.session_days
            )
        app = make_app(settings, store, gate, clock)
        runner = JsonRunner(app, settings, shutdown_timeout=GRACE_S, handle_signals=False)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        for sock in sockets:
            await web.SockSite(runner, sock).start()
        port = int(sockets[0].getsockname()[1])
        yield Served(
            _url(settings, port), port, directory, settings.base_path, app, runner.connections
        )


@contextlib.contextmanager
def _in(directory: Path) -> Iterator[None]:
    """What the system refuses there is said of the directory: not of a port."""
    try:
        yield
    except OSError as error:
        raise cannot_open(directory, error) from error


def _directory(settings: ServerSettings, stack: contextlib.AsyncExitStack) -> Path:
    if settings.ephemeral:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agnez-")))
    return _lasting_directory(settings)


def _auth_directory(settings: ServerSettings, directory: Path) -> Path:
    """
    Where passwords and tokens lie: with the data.

    A server that keeps nothing, and asks for a login, knows those of the lasting data directory:
    in its own they could never have been set.
    """
    asks = settings.ephemeral and settings.needs_login()
    return _lasting_directory(settings) if asks else directory


def _lasting_directory(settings: ServerSettings) -> Path:
    """Where data lie that are kept."""
    return (settings.data or default_data_directory()).expanduser().resolve()


def _url(settings: ServerSettings, port: int) -> str:
    host = settings.host or "localhost"
    if host in ("0.0.0.0", "::", "127.0.0.1", "::1"):
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.base_path}"


class _Troubles:
    """
    What goes wrong outside of any request: where no file can be opened for a new connection, idle
    ones make room, and the log says so once a minute; asyncio would write 128 tracebacks a second.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections, self._told_at = connections, -_TELL_EVERY_S

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or "accept" not in str(context.get("message")):
            loop.default_exception_handler(context)
            return
        self._connections.make_room()
        if loop.time() >= self._told_at + _TELL_EVERY_S:
            self._told_at = loop.time()
            logger.warning("a connection can't be taken: %s; idle ones are closed", error.strerror)


async def serve(settings: ServerSettings, started: Callable[[Served], None]) -> None:
    """
    Serve until SIGINT or SIGTERM. A second signal ends the process at once.

    Args:
        settings: What was asked for.
        started: Called once when the server listens.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        if ended.is_set():
            os._exit(130)
        ended.set()

    raise_limit_of_files()
    async with serving(settings) as served:
        loop.set_exception_handler(_Troubles(served.connections))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        started(served)
        await ended.wait()
        logger.info("ending: committing what is pending")
