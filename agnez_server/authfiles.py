"""
The files that say who may call: tokens, the password, the key of sessions.

They lie in the data directory (0600), not in the store: they can be changed while a server runs.
Tokens are random (256 bits) and kept as SHA-256; the password, which people choose, by argon2.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")
TOKEN_PREFIX: Final = "agnez_"
LEAST_PASSWORD: Final = 8


class AuthFileDamaged(ValueError):
    """A file of this module can't be read as what it should be; the message names it."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"{path} is damaged ({reason}): mend it, or remove it to begin anew")


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
        self._directory = directory
        self._tokens = directory / "tokens.json"
        self._password = directory / "password"
        self._key = directory / "session-key"

    def tokens(self) -> list[Token]:
        """All tokens, oldest first. Raises AuthFileDamaged."""
        text = _read(self._tokens)
        if text is None:
            return []
        try:
            return [_token(item) for item in json.loads(text)]
        except (ValueError, TypeError, RecursionError) as error:
            raise AuthFileDamaged(self._tokens, error) from error

    def add_token(self, name: str, scope: Scope) -> tuple[Token, str]:
        """A new token, and its secret, which is shown once and not kept."""
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(4), name, scope, digest(secret), int(time.time()))
        with self._alone():
            self._write_tokens([*self.tokens(), token])
        return token, secret

    def remove_token(self, id: str) -> bool:
        """Remove the token *id*; False if there is none."""
        with self._alone():
            tokens = self.tokens()
            kept = [t for t in tokens if t.id != id]
            if len(kept) < len(tokens):
                self._write_tokens(kept)
        return len(kept) < len(tokens)

    def _write_tokens(self, tokens: list[Token]) -> None:
        _write(self._tokens, json.dumps([asdict(t) for t in tokens], indent=1))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time, so that of two new tokens none is lost."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def password_hash(self) -> str | None:
        """The argon2 hash, None if no password was set. Raises AuthFileDamaged."""
        text = _read(self._password)
        if text is not None and not text.startswith("$argon2"):
            raise AuthFileDamaged(self._password, "no argon2 hash")
        return None if text is None else text.strip()

    def set_password(self, password: str) -> None:
        """Set the password of the browser login; at least 8 characters."""
        if len(password) < LEAST_PASSWORD:
            raise ValueError(
                f"a password needs at least {LEAST_PASSWORD} characters, "
                f"this one has {len(password)}"
            )
        from argon2 import PasswordHasher

        _write(self._password, PasswordHasher().hash(password))

    def session_key(self) -> bytes:
        """The key that signs sessions, made at the first call. Raises AuthFileDamaged."""
        text = _read(self._key)
        if text is None:
            text = secrets.token_hex(32)
            _write(self._key, text)
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise AuthFileDamaged(self._key, error) from error

    def version(self) -> tuple[object, ...]:
        """Changes when a file does: each change makes a new file."""
        return tuple(_stamp(path) for path in (self._tokens, self._password, self._key))


def fits(password_hash: str, password: str) -> bool:
    """Whether *password* is the one behind *password_hash*. Takes tens of milliseconds."""
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


def as_scope(value: str) -> Scope:
    """*value* as a scope. Raises ValueError that names the scopes."""
    if value not in SCOPES:
        raise ValueError(f"there is no scope {value!r}; the scopes are {', '.join(SCOPES)}")
    return value


def digest(secret: str) -> str:
    """A token as it is kept."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _token(item: Any) -> Token:
    token = Token(**item)
    if token.scope not in SCOPES or not isinstance(token.sha256, str):
        raise ValueError(f"a token with the scope {token.scope!r}")
    return token


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise AuthFileDamaged(path, error) from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
