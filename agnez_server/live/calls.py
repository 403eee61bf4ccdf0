"""Calls of the methods of a service, as Feathers clients make them over socket.io."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agnez_server.checks import mapping, shown
from agnez_server.errors import BadRequest, MethodNotAllowed, NotFound

SERVICES: Final = ("values", "api/v1/values")
"""Names of the one service: its two paths."""
_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "find": (),
    "get": ("id",),
    "create": ("data",),
    "update": ("id", "data"),
    "patch": ("id", "data"),
    "remove": ("id",),
}
"""What each method takes; a query may follow."""


class ServiceNotFound(NotFound):
    """There is no service of this name."""

    def __init__(self, path: object) -> None:
        super().__init__("service", path)
        self.message = f"Service {shown(path)} not found"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``service`` is the name by which it was made, ``given`` are its id and data."""

    service: str
    method: str
    given: Mapping[str, Any]
    query: Mapping[str, Any]

    @property
    def is_reading(self) -> bool:
        """Whether nothing is changed by it."""
        return self.method in ("find", "get")


def parse_call(event: str, given: tuple[Any, ...]) -> Call:
    """
    The call that an event is.

    ``find, 'values', query`` as clients of today send it, and ``values::find, query`` as those of
    Feathers 1 and 2 did. What is left out, or null, is None; the query is empty.

    Raises:
        NotFound: If there is no such service.
        MethodNotAllowed: If it has no such method.
        BadRequest: If there are too many arguments, or the query is no object.
    """
    path, separator, method = event.rpartition("::")
    if separator:
        service: object = path
    else:
        service, given = (given[0], given[1:]) if given else (None, ())
    name = service.strip("/") if isinstance(service, str) else ""
    names = _ARGUMENTS.get(method)
    if name not in SERVICES and (separator or names is not None):
        raise ServiceNotFound(service)
    if names is None:
        raise MethodNotAllowed(
            f"Method {shown(method)} not supported", hint="there are " + ", ".join(_ARGUMENTS)
        )
    if len(given) > len(names) + 1:
        raise BadRequest(f"Too many arguments for {shown(method)} method")
    parts = dict(zip((*names, "query"), given, strict=False))
    query = parts.pop("query", None)
    return Call(
        service=name,
        method=method,
        given={**dict.fromkeys(names), **parts},
        query=mapping({} if query is None else query, "the query"),
    )
