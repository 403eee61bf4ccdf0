"""
What can go wrong on the server, each with the status and the code that a client sees.

AgnezServerError
├── BadRequest 400            a body, a query or a header is wrong
├── NotAuthenticated 401      no token or session, or a wrong one
├── Forbidden 403             the token's scope, the Origin or the Host does not allow it
├── NotFound 404              no such run, channel, chart, project
├── MethodNotAllowed 405      a service has no such method
├── TooSlow 408               a body that comes too slowly, or not at all
├── Conflict 409              the request contradicts what is stored
│   ├── StoreChanged          a batch for another store
│   ├── Gap                   a batch that begins after the mark
│   └── BlobsMissing          what names blobs came before them
├── Gone 410                  the run was deleted
├── BlobDamaged 410           bits of a blob have changed on the disk
├── TooLarge 413              more than a documented limit allows
├── BadRange 416              a range of bytes beyond the end
├── UpgradeNeeded 426         another protocol version
├── TooManyRequests 429       a rate limit
├── Busy 503                  no more can be taken at present: try again
│   └── StoreBusy             the backlog is full
├── StoreDamaged 503          a part of the store's file can't be read
└── StoreReadOnly 507         the disk is full or failing
"""

from __future__ import annotations

from typing import Any


class AgnezServerError(Exception):
    """Base. ``message`` says what was wrong, ``hint`` what to do, ``details`` travel as JSON."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message, self.hint, self.details = message, hint, details

    def as_json(self) -> dict[str, Any]:
        """The body of the answer: ``{"error": {"code", "message", "hint"?, ...details}}``."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.hint:
            body["hint"] = self.hint
        return {"error": {**body, **self.details}}


class BadRequest(AgnezServerError):
    """A body, a query or a header is wrong."""

    status, code = 400, "bad_request"


class NotAuthenticated(AgnezServerError):
    """No token or session was shown, or a wrong one."""

    status, code = 401, "not_authenticated"


class Forbidden(AgnezServerError):
    """The token's scope, the Origin or the Host does not allow this."""

    status, code = 403, "forbidden"


class NotFound(AgnezServerError):
    """There is no such thing; ``what`` and ``id`` name it."""

    status, code = 404, "not_found"

    def __init__(self, what: str, id: object) -> None:
        super().__init__(f"there is no {what} {str(id)[:80]!r}", what=what, id=str(id)[:80])


class MethodNotAllowed(AgnezServerError):
    """A service has no such method, or does not allow it there."""

    status, code = 405, "method_not_allowed"


class TooSlow(AgnezServerError, TimeoutError):
    """A body comes too slowly. Whoever waits for it waits for a time that is over."""

    status, code = 408, "too_slow"


class Conflict(AgnezServerError):
    """The request contradicts what is stored."""

    status, code = 409, "conflict"


class StoreChanged(Conflict):
    """The batch is for another store; ``store``, ``events`` and ``points`` are this one's."""

    code = "store_changed"


class Gap(Conflict):
    """The batch begins after what was stored; ``events`` and ``points`` are wanted next."""

    code = "gap"


class BlobsMissing(Conflict):
    """Blobs are named that are not here; ``sha256`` lists them. Nothing was taken."""

    code = "blobs_missing"


class Gone(AgnezServerError):
    """The run was deleted; its id is not used again."""

    status, code = 410, "gone"


class BlobDamaged(AgnezServerError):
    """A blob is not what was put: bits have changed on the disk, or its file is gone."""

    status, code = 410, "damaged"

    def __init__(self, sha256: str) -> None:
        super().__init__(
            f"blob {sha256} is damaged on the server's disk",
            hint="bring back a backup, or send the blob again",
            sha256=sha256,
        )


class TooLarge(AgnezServerError):
    """More than a documented limit allows."""

    status, code = 413, "too_large"


class BadRange(AgnezServerError):
    """A range of bytes beyond the end."""

    status, code = 416, "bad_range"


class UpgradeNeeded(AgnezServerError):
    """The other side speaks another version of the protocol."""

    status, code = 426, "upgrade_needed"


class TooManyRequests(AgnezServerError):
    """A rate limit; ``retry_after_s`` says when to come back."""

    status, code = 429, "too_many_requests"


class Busy(AgnezServerError):
    """No more can be taken at present; ``retry_after_s`` says when to come back."""

    status, code = 503, "busy"


class StoreBusy(Busy):
    """More is waiting to be written than the backlog allows."""


class StoreDamaged(AgnezServerError):
    """A part of the store can't be read: bits have changed on the disk, or it fails."""

    status, code = 503, "store_damaged"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"what this asks for can't be read: {file} is damaged ({reason})",
            hint="`agnez doctor` on the server says what is broken, and how to save the rest",
            file=file,
        )


class StoreReadOnly(AgnezServerError):
    """The disk is full or failing; writing starts again by itself when there is room."""

    status, code = 507, "read_only"
