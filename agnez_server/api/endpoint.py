"""
An endpoint, once: the router and the OpenAPI document are both made from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from agnez_server.authfiles import Scope

PARAM_PREFIX: Final = "param."
"""Query parameters that begin so name a parameter of runs, whatever follows."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter (or a header): its JSON schema and what it is for."""

    name: str
    schema: Schema
    help: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """
    One method of one path (below ``/api/v1``, parameters in braces).

    ``scope`` is what a caller needs, None lets everybody in. ``answers`` maps a status to its
    schema (None: no body). ``body`` is the schema of a JSON body; ``body_type`` names another
    content type, ``answer_type`` one of the answer. ``media`` are further content types that the
    answer may have. ``large``: the body is taken as a stream, up to the setting max_blob_bytes.
    ``outside``: the path is there without ``/api/v1`` as well; ``slash``: with one at its end too.
    ``feathers``: a service of Feathers, with its queries, which the handler reads, and its errors.
    ``errors`` are statuses of refusals beside those that the shape of the endpoint tells, see
    `agnez_server.api.refusals`. ``headers`` are headers that it reads. ``body_types`` are further
    content types of the body; ``bare``: it may be left out.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    scope: Scope | None
    answers: Mapping[int, Schema | None]
    query: tuple[Query, ...] = ()
    body: Schema | None = None
    body_type: str = "application/json"
    answer_type: str = "application/json"
    large: bool = False
    media: tuple[str, ...] = field(default=())
    outside: bool = False
    slash: bool = False
    feathers: bool = False
    errors: tuple[int, ...] = ()
    headers: tuple[Query, ...] = ()
    body_types: Mapping[str, Schema] = field(default_factory=dict)
    bare: bool = False


def page_query(default: int, most: int) -> tuple[Query, Query]:
    """The parameters of a list that comes in pages."""
    limit = {"type": "integer", "minimum": 0, "maximum": most}
    offset = {"type": "integer", "minimum": 0, "maximum": 2**31}
    return (
        Query("limit", limit, f"at most so many, {default:,} unless told, at most {most:,}"),
        Query("offset", offset, "leave out so many"),
    )
