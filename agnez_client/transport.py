"""
The one door to HTTP: every request of the SDK and of the command line goes through here.

Timeouts on everything, answers of bounded size, no redirects (a token must not follow one), no
proxy for loopback.
"""

from __future__ import annotations

import errno
import io
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

import requests
import urllib3

from agnez_client import __version__
from agnez_client.errors import SettingsError, TransportError
from agnez_client.protocol import CONTENT_TYPE

API: Final = "/api/v1"
CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 30.0
MAX_ANSWER_BYTES: Final = 256 << 20
MAX_RECEIPT_BYTES: Final = 1 << 20
_LONG_BODY: Final = 1 << 16
_NOBODY: Final = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH}


class Stream(Protocol):
    """A body that is read while it is sent; its length is known before."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def read(self, size: int = -1) -> bytes:
        """The next piece; empty at the end."""


Body = bytes | Stream | None


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered: status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError if it is none."""
        return json.loads(self.body)

    @property
    def retry_after_s(self) -> float:
        """How long the server asks to wait, 0 if it does not; at most an hour."""
        text = self.headers.get("retry-after", "")
        is_number = text.isascii() and text.isdecimal()
        return min(float(text[:6]), 3600.0) if is_number else 0.0


class Transport:
    """
    Requests to one server.

    Args:
        url: Address of the server, with its base path if it has one.
        token: Sent as a bearer token; None sends none.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = normal_url(url)
        self._token = token
        self._local = threading.local()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        read_timeout_s: float = READ_TIMEOUT_S,
        below: str = API,
    ) -> Response:
        """
        Ask, and read the whole answer, whatever its status.

        Args:
            path: Below *below*, with its leading slash.
            query: Values of None are left out.
            max_bytes: Longest answer that is read.
            read_timeout_s: Longest silence of the server, s; an answer takes at most twice that.

        Raises:
            TransportError: If there is no answer, or one that is too long or a redirect.
        """
        try:
            return self._request(
                method, below + path, query, body, headers, max_bytes, read_timeout_s
            )
        except requests.ConnectionError as error:
            self.close()
            cause = _cause(error)
            refused = isinstance(cause, socket.gaierror) or (
                isinstance(cause, OSError) and cause.errno in _NOBODY
            )
            hint = "; is `agnez up` running there?" if refused else ""
            raise TransportError(
                f"{self.url} does not answer: {cause}{hint}", refused=refused
            ) from error
        except TransportError:
            self.close()
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            self.close()
            raise TransportError(f"{self.url} does not answer: {_cause(error)}") from error

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Body,
        headers: Mapping[str, str] | None,
        max_bytes: int,
        read_timeout_s: float,
    ) -> Response:
        deadline = time.monotonic() + 2 * read_timeout_s
        with self._session().request(
            method,
            self.url + path,
            params={k: v for k, v in (query or {}).items() if v is not None},
            data=_in_pieces(body),
            headers=dict(headers or {}),
            timeout=(CONNECT_TIMEOUT_S, read_timeout_s),
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.is_redirect:
                raise TransportError(
                    f"{self.url} redirects to {answer.headers.get('location')!r}: "
                    "set AGNEZ_URL to the address itself"
                )
            found = {k.lower(): v for k, v in answer.headers.items()}
            return Response(answer.status_code, found, _read(answer, max_bytes, deadline))

    def ingest(self, body: bytes) -> Response:
        """Deliver one batch, see `agnez_client.protocol`."""
        return self.request(
            "POST",
            "/ingest",
            body=body,
            headers={"Content-Type": CONTENT_TYPE},
            max_bytes=MAX_RECEIPT_BYTES,
            read_timeout_s=READ_TIMEOUT_S,
        )

    def put_blob(self, sha256: str, mime: str, body: Stream) -> Response:
        """Deliver a blob; *body* is not read where it is empty."""
        return self.request(
            "PUT",
            f"/blobs/{sha256}",
            body=body if len(body) else b"",
            headers={"Content-Type": mime},
            max_bytes=MAX_RECEIPT_BYTES,
        )

    def renewed(self) -> Transport:
        """The same without connections; for a forked child."""
        return Transport(self.url, self._token)

    def close(self) -> None:
        """Close this thread's connections; the next request opens new ones."""
        session = cast("requests.Session | None", getattr(self._local, "session", None))
        if session is not None:
            self._local.session = None
            session.close()

    def _session(self) -> requests.Session:
        session = cast("requests.Session | None", getattr(self._local, "session", None))
        if session is None:
            session = requests.Session()
            session.trust_env = not is_loopback(self.url)
            session.auth = self._authorize
            session.headers["User-Agent"] = f"agnez/{__version__}"
            self._local.session = session
        return session

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Our token and nothing else: without this, requests would look into ~/.netrc."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def normal_url(url: str) -> str:
    """
    *url* in the spelling that is compared and stored: no trailing slash, host in lower case.

    Raises:
        SettingsError: If it is no address of a server.
    """
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    fine = parts.scheme in ("http", "https") and parts.hostname and port != -1
    if not fine or parts.username or parts.query or parts.fragment:
        raise SettingsError("the server's address", url, "something like http://host:3000")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    place = f"{host}:{port}" if port else host
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def is_loopback(url: str) -> bool:
    """Whether the server at *url* is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_pieces(body: Body) -> Any:
    """
    *body* as a file where it is long: then the timeout of a socket that takes nothing is for each
    piece, and a link that is slow but alive is no error.
    """
    return io.BytesIO(body) if isinstance(body, bytes) and len(body) > _LONG_BODY else body


def _read(answer: requests.Response, max_bytes: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    for part in _parts(answer):
        parts.append(part)
        max_bytes -= len(part)
        if max_bytes < 0:
            raise TransportError("the answer is too long")
        if time.monotonic() > deadline:
            raise TransportError("the answer takes too long")
    return b"".join(parts)


def _parts(answer: requests.Response) -> Iterable[bytes]:
    return cast("Iterable[bytes]", answer.iter_content(64 << 10))


def _cause(error: BaseException) -> BaseException:
    """The innermost reason of an error of requests."""
    seen = error
    for _ in range(20):
        inner = seen.__cause__ or seen.__context__ or getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            break
        seen = inner
    return seen
