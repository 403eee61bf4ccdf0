"""Another server, which notes all that arrives: what a hostile page would send its finds to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Recorder(asyncio.DatagramProtocol):
    """Listens to TCP and UDP on one port of the loopback; answers each request with *body*."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.port = 0
        self.body, self.type = b"", "image/png"
        self.status = "200 OK"

    @property
    def host(self) -> str:
        """Its address, as it stands in a URL."""
        return f"127.0.0.1:{self.port}"

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Whatever it is, it arrived."""
        self.arrived.append(f"datagram of {len(data)} bytes")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request; a connection that says nothing brought nothing."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            if reader.at_eof():
                writer.close()
        self.arrived.append(head.decode("latin-1"))
        writer.write(
            f"HTTP/1.1 {self.status}\r\nContent-Type: {self.type}\r\nConnection: close\r\n"
            f"Cache-Control: max-age=3600\r\nContent-Length: {len(self.body)}\r\n\r\n".encode()
            + self.body
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """A recorder for the time of the block."""
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    recorder.port = server.sockets[0].getsockname()[1]
    datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: recorder, local_addr=("127.0.0.1", recorder.port)
    )
    try:
        yield recorder
    finally:
        datagrams.close()
        server.close()
