"""
Who may call: tokens, the password, sessions of browsers.

All of it lies in files of the data directory (0600), not in the store: `agnez token` and
`agnez password` work while a server runs, and the server notices a change by itself. Tokens are
random (256 bits) and kept as SHA-256; the password, which people choose, by argon2. A session is
a signed cookie; another password or another key file ends them all.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")
TOKEN_PREFIX: Final = "agnez_"
COOKIE: Final = "agnez_session"
TRIES_PER_MINUTE: Final = 5


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: never the token itself."""

    id: str
    name: str
    scope: Scope
    sha256: str
    created: int


class AuthFiles:
    """Reads and writes the files, whole, by temporary file and rename."""

    def __init__(self, directory: Path) -> None:
        self._tokens = directory / "tokens.json"
        self._password = directory / "password"
        self._key = directory / "session-key"

    def tokens(self) -> list[Token]:
        """All tokens, oldest first."""
        if not self._tokens.exists():
            return []
        return [Token(**t) for t in json.loads(self._tokens.read_text("utf-8"))]

    def add_token(self, name: str, scope: Scope) -> tuple[Token, str]:
        """A new token, and its secret, which is shown once and not kept."""
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(4), name, scope, _digest(secret), int(time.time()))
        self._write_tokens([*self.tokens(), token])
        return token, secret

    def remove_token(self, id: str) -> bool:
        """Remove the token *id*; False if there is none."""
        tokens = self.tokens()
        kept = [t for t in tokens if t.id != id]
        self._write_tokens(kept)
        return len(kept) < len(tokens)

    def _write_tokens(self, tokens: list[Token]) -> None:
        _write(self._tokens, json.dumps([asdict(t) for t in tokens], indent=1))

    def password_hash(self) -> str | None:
        """The argon2 hash, None if no password was set."""
        return self._password.read_text("ascii").strip() if self._password.exists() else None

    def set_password(self, password: str) -> None:
        """Set the password of the browser login; at least 8 characters."""
        if len(password) < 8:
            raise ValueError(
                f"a password needs at least 8 characters, this one has {len(password)}"
            )
        _write(self._password, PasswordHasher().hash(password))

    def session_key(self) -> bytes:
        """The key that signs sessions, made at the first call."""
        if not self._key.exists():
            _write(self._key, secrets.token_hex(32))
        return bytes.fromhex(self._key.read_text("ascii").strip())

    def version(self) -> tuple[int, ...]:
        """Changes when a file does."""
        return tuple(
            p.stat().st_mtime_ns if p.exists() else 0 for p in (self._tokens, self._password)
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Gate:
    """
    Decides which scope a caller has.

    Args:
        files: Where tokens and password lie.
        needs_login: False lets every caller in as admin.
        session_days: How long a login in the browser lasts.
        clock: Seconds since 1970.
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
        self._wrong: dict[str, deque[float]] = defaultdict(deque)
        self._version: tuple[int, ...] = ()
        self._tokens: dict[str, Scope] = {}
        self._key = b""
        self._password: str | None = None
        self._load()

    def _load(self) -> None:
        version = self._files.version()
        if version == self._version:
            return
        self._version = version
        self._tokens = {t.sha256: t.scope for t in self._files.tokens()}
        self._password = self._files.password_hash()
        mixed = self._files.session_key() + (self._password or "").encode()
        self._key = hashlib.sha256(mixed).digest()

    def scope_of_token(self, secret: str) -> Scope | None:
        """The scope of a bearer token, None if it is not one of ours."""
        self._load()
        return self._tokens.get(_digest(secret))

    def has_password(self) -> bool:
        """Whether a password was set."""
        self._load()
        return self._password is not None

    def check_password(self, password: str) -> bool:
        """Whether *password* is the one that was set. Takes tens of milliseconds: use a thread."""
        self._load()
        if self._password is None:
            return False
        try:
            return PasswordHasher().verify(self._password, password)
        except (Argon2Error, InvalidHashError):
            return False

    def open_session(self) -> tuple[str, int]:
        """A new cookie value, and how long it lasts in seconds."""
        self._load()
        body = f"{int(self._clock()) + self._session_s}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign(body)}", self._session_s

    def is_session(self, cookie: str) -> bool:
        """Whether *cookie* was made by this server and has not run out."""
        self._load()
        body, _, signature = cookie.rpartition(".")
        if not body.isascii() or not hmac.compare_digest(
            self._sign(body).encode(), signature.encode("utf-8", "replace")
        ):
            return False
        return int(body.split(".")[0]) > self._clock()

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()

    # -- guessing ----------------------------------------------------------------------------

    def wait_s(self, caller: str) -> float:
        """Seconds that *caller* has to wait before the next try; 0 if it may try now."""
        wrong, now = self._wrong[caller], self._clock()
        while wrong and wrong[0] <= now - 60:
            wrong.popleft()
        if not wrong:
            del self._wrong[caller]
            return 0.0
        return wrong[0] + 60 - now if len(wrong) >= TRIES_PER_MINUTE else 0.0

    def note_wrong(self, caller: str) -> None:
        """*caller* showed a wrong password or token."""
        self._wrong[caller].append(self._clock())


def as_scope(value: str) -> Scope:
    """*value* as a scope. Raises ValueError that names the scopes."""
    if value not in SCOPES:
        raise ValueError(f"there is no scope {value!r}; the scopes are {', '.join(SCOPES)}")
    return value


def allows(has: Scope | None, needed: Scope) -> bool:
    """Whether a caller with the scope *has* may do what *needed* asks for."""
    return has is not None and SCOPES.index(has) >= SCOPES.index(needed)
