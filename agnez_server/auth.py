"""
Who may call: tokens, the password, sessions of browsers.

All of it lies in files of the data directory (see `authfiles`), so `agnez token` and `agnez
password` work while a server runs, and the server notices a change by itself. A session is a signed
cookie; another password or another key file ends them all.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from agnez_server.authfiles import SCOPES, AuthFileDamaged, AuthFiles, Scope, digest, fits
from agnez_server.callers import network_of

logger = logging.getLogger(__name__)
COOKIE: Final = "agnez_session"
TRIES_PER_MINUTE: Final = 5
MOST_CALLERS: Final = 10_000


class Tries:
    """
    How often each caller tried a password or a token in the last minute.

    A caller is what `network_of` makes of his address. Of more than `MOST_CALLERS` in a minute
    those are forgotten who tried the longest ago: memory stays small whoever asks.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tries)

    def wait_s(self, caller: str) -> float:
        """Seconds that *caller* has to wait before the next try; 0 if it may try now."""
        tries, now = self._tries.get(network_of(caller)), self._clock()
        while tries and tries[0] <= now - 60:
            tries.popleft()
        return tries[0] + 60 - now if tries and len(tries) >= TRIES_PER_MINUTE else 0.0

    def note(self, caller: str) -> None:
        """*caller* tries now."""
        network = network_of(caller)
        self._tries.setdefault(network, deque(maxlen=TRIES_PER_MINUTE)).append(self._clock())
        self._tries.move_to_end(network)
        if len(self._tries) > MOST_CALLERS:
            self._tries.popitem(last=False)

    def forgive(self, caller: str) -> None:
        """*caller* was right: what it tried before is forgotten."""
        self._tries.pop(network_of(caller), None)


class Gate:
    """
    Decides which scope a caller has.

    Args:
        files: Where tokens and password lie.
        needs_login: False lets every caller in as admin.
        session_days: How long a login in the browser lasts.
        clock: Seconds since 1970.

    Raises:
        AuthFileDamaged: If a file can't be read. While it runs, a damaged file lets nobody in.
    """

    def __init__(
        self,
        files: AuthFiles,
        *,
        needs_login: bool,
        session_days: int = 30,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.needs_login = needs_login
        self._files, self._clock = files, clock
        self._session_s = session_days * 86_400
        self.tries = Tries(clock)
        self._version: tuple[object, ...] = ()
        self._tokens: dict[str, Scope] = {}
        self._key = b""
        self._password: str | None = None
        self._read()

    def _read(self) -> None:
        self._version = self._files.version()  # first: what changes from now on is seen later
        tokens, password = self._files.tokens(), self._files.password_hash()
        mixed = self._files.session_key() + (password or "").encode()
        self._tokens = {t.sha256: t.scope for t in tokens}
        self._password = password
        self._key = hashlib.sha256(mixed).digest()

    def _refresh(self) -> None:
        if self._files.version() == self._version:
            return
        try:
            self._read()
        except (AuthFileDamaged, OSError) as error:
            logger.error("nobody is let in: %s", error)
            self._tokens, self._password, self._key = {}, None, secrets.token_bytes(32)

    def scope_of_token(self, secret: str) -> Scope | None:
        """The scope of a bearer token, None if it is not one of ours."""
        self._refresh()
        return self._tokens.get(digest(secret))

    def has_password(self) -> bool:
        """Whether a password was set."""
        self._refresh()
        return self._password is not None

    def check_password(self, password: str) -> bool:
        """Whether *password* is the one that was set. Takes tens of milliseconds: use a thread."""
        self._refresh()
        return self._password is not None and fits(self._password, password)

    def open_session(self) -> tuple[str, int]:
        """A new cookie value, and how long it lasts in seconds."""
        self._refresh()
        body = f"{int(self._clock()) + self._session_s}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign(body)}", self._session_s

    def is_session(self, cookie: str) -> bool:
        """Whether *cookie* was made by this server and has not run out."""
        self._refresh()
        body, _, signature = cookie.rpartition(".")
        if not body.isascii() or not hmac.compare_digest(
            self._sign(body).encode(), signature.encode("utf-8", "replace")
        ):
            return False
        return int(body.split(".")[0]) > self._clock()

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()


def allows(has: Scope | None, needed: Scope) -> bool:
    """Whether a caller with the scope *has* may do what *needed* asks for."""
    return has is not None and SCOPES.index(has) >= SCOPES.index(needed)
