"""The one door to HTTP: what goes out, and what is not taken in."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agnez_client import SettingsError, TransportError, transport
from agnez_client.transport import Transport, is_loopback, normal_url

Answer = Callable[["Recorder"], None]


class Recorder(http.server.BaseHTTPRequestHandler):
    """Remembers what was asked and answers as told."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    seen: list[tuple[str, dict[str, str]]]
    answers: list[Answer]

    def do_GET(self) -> None:
        """Remember and answer."""
        self.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.answers.pop(0)(self) if self.answers else say(200, b"{}")(self)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def say(status: int, body: bytes, **headers: str) -> Answer:
    """Answer so."""

    def answer(handler: Recorder) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def recorder() -> Iterator[tuple[str, type[Recorder]]]:
    """Address and handler of a listening recorder."""
    handler = type("Bound", (Recorder,), {"seen": [], "answers": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def door(recorder: tuple[str, type[Recorder]]) -> Iterator[Transport]:
    """A transport to the recorder, with a token."""
    found = Transport(recorder[0] + "/base/", "agnez_secret")
    yield found
    found.close()


def test_paths_are_below_the_base_path(
    door: Transport, recorder: tuple[str, type[Recorder]]
) -> None:
    """And below /api/v1; values of None are left out of the query."""
    assert door.request("GET", "/runs", query={"limit": 5, "tag": None}).json() == {}

    path, headers = recorder[1].seen[0]
    assert path == "/base/api/v1/runs?limit=5"
    assert headers["authorization"] == "Bearer agnez_secret"
    assert headers["user-agent"].startswith("agnez/")


def test_no_credential_but_ours_is_sent(
    recorder: tuple[str, type[Recorder]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password for this host in ~/.netrc stays there."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    door = Transport(recorder[0])

    door.request("GET", "/version")
    door.close()

    assert "authorization" not in recorder[1].seen[0][1]


def test_loopback_is_reached_without_a_proxy(
    recorder: tuple[str, type[Recorder]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    door = Transport(recorder[0])

    assert door.request("GET", "/version").status == 200
    door.close()


def test_a_redirect_is_not_followed(door: Transport, recorder: tuple[str, type[Recorder]]) -> None:
    """The token would go with it; the error names where it leads."""
    recorder[1].answers.append(say(307, b"", Location="http://127.0.0.1:9/elsewhere"))

    with pytest.raises(TransportError, match=r"redirects to 'http://127.0.0.1:9/elsewhere'"):
        door.request("GET", "/version")
    assert len(recorder[1].seen) == 1


def test_errors_are_answers(door: Transport, recorder: tuple[str, type[Recorder]]) -> None:
    """Status, body and headers are the caller's to read."""
    recorder[1].answers.append(say(503, b'{"error": {}}', Retry_After="7"))

    found = door.request("GET", "/version")

    assert (found.status, found.json(), found.retry_after_s) == (503, {"error": {}}, 7.0)


def test_an_answer_has_a_limit(door: Transport, recorder: tuple[str, type[Recorder]]) -> None:
    """A server can't fill the memory of a training."""
    recorder[1].answers.append(say(200, b"x" * 100_000))

    with pytest.raises(TransportError, match="too long"):
        door.request("GET", "/version", max_bytes=50_000)


def test_silence_ends(door: Transport, recorder: tuple[str, type[Recorder]]) -> None:
    """After the timeout, not later."""
    until = threading.Event()
    recorder[1].answers.append(lambda handler: until.wait(30) and None)
    began = time.monotonic()

    with pytest.raises(TransportError, match="does not answer"):
        door.request("GET", "/version", read_timeout_s=0.2)
    until.set()

    assert time.monotonic() - began < 15


def test_a_dribble_ends(
    door: Transport, recorder: tuple[str, type[Recorder]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that sends a byte now and then can't hold the sender for ever."""
    until = threading.Event()

    def dribble(handler: Recorder) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000000")
        handler.end_headers()
        while not until.wait(0.05):
            handler.wfile.write(b"x" * 65_536)

    recorder[1].answers.append(dribble)
    with pytest.raises(TransportError, match=r"too long|timed out"):
        door.request("GET", "/version", read_timeout_s=0.3)
    until.set()


def test_nobody_there_is_known_at_once() -> None:
    """The error says so, and in one short line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        door = Transport(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(TransportError, match="Connection refused") as caught:
            door.request("GET", "/version")
    door.close()

    assert caught.value.refused
    assert len(str(caught.value)) < 120


def test_connecting_has_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full never answers."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT_S", 0.2)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        door = Transport(f"http://127.0.0.1:{full.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(TransportError) as caught:
            door.request("GET", "/version", read_timeout_s=0.5)
        door.close()

    assert time.monotonic() - began < 15
    assert not caught.value.refused


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Host:3000/", "http://host:3000"),
        (" https://host/base/ ", "https://host/base"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_addresses_have_one_spelling(url: str, expected: str) -> None:
    """So that two spools for the same server are seen as such."""
    assert normal_url(url) == expected


@pytest.mark.parametrize(
    "url",
    ["host:3000", "ftp://host", "http://", "http://me:pw@host", "http://h:99999", "http://h?a"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """With an example of what is."""
    with pytest.raises(SettingsError, match="something like http://host:3000"):
        normal_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        *[("http://localhost:1", True), ("http://127.0.0.2:1", True), ("http://[::1]:1", True)],
        *[("http://10.0.0.1", False), ("http://localhost.example", False)],
    ],
)
def test_loopback_is_recognised(url: str, expected: bool) -> None:
    """By name or number."""
    assert is_loopback(url) is expected


def test_a_slow_link_takes_a_large_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience for connecting is for each piece of a body, not for all of it."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT_S", 0.4)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = []

        def read_slowly() -> None:
            connection, _ = listener.accept()
            with connection:
                pause = threading.Event()
                while sum(taken) < 8 << 20:
                    taken.append(len(connection.recv(1 << 17)))
                    pause.wait(0.01)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        reader = threading.Thread(target=read_slowly)
        reader.start()
        began = time.monotonic()
        port = listener.getsockname()[1]
        answer = Transport(f"http://127.0.0.1:{port}").request("POST", "/x", body=bytes(8 << 20))
        took = time.monotonic() - began
        reader.join(10)

    assert (answer.status, took > 0.6) == (200, True)
