"""The OpenAPI document, made from the same endpoints as the router."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.links import links
from agnez_server.api.refusals import reference, refusals, responses

PREFIX: Final = "/api/v1"
_PARAMETER = re.compile(r"\{(\w+)\}")
_SECURITY: Final[list[dict[str, list[str]]]] = [{"token": []}, {"session": []}]


def document(endpoints: Sequence[Endpoint], base_path: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of *endpoints*."""
    from importlib.metadata import version

    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Agnez", "version": version("agnez")},
        "servers": [{"url": base_path or "/"}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "agnez_session"},
            },
            "responses": responses(),
            "schemas": {"Error": schemas.ERROR, "FeathersError": schemas.FEATHERS_ERROR},
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(endpoint, name)}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    parameters += [_parameter(q, "query") for q in endpoint.query]
    parameters += [_parameter(h, "header") for h in endpoint.headers]
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": {
            **_answers(endpoint),
            **{str(status): reference(endpoint, status) for status in refusals(endpoint)},
        },
        "security": _SECURITY if endpoint.scope else [],
    }
    if endpoint.body is not None:
        bodies = {endpoint.body_type: endpoint.body, **endpoint.body_types}
        content = {type: {"schema": schema} for type, schema in bodies.items()}
        operation["requestBody"] = {"required": not endpoint.bare, "content": content}
    return operation


def _path_schema(endpoint: Endpoint, name: str) -> schemas.Schema:
    """What a path parameter may be before it is looked up: what is not there is 404."""
    if endpoint.path.startswith(("/in/", "/publish/", "/projects/")):
        return schemas.NAME
    if name == "sha256" and endpoint.method == "PUT":
        return schemas.SHA256
    return {"type": "string", "minLength": 1}


def _parameter(query: Query, place: str) -> dict[str, Any]:
    return {
        "name": query.name,
        "in": place,
        "required": query.required,
        "schema": query.schema,
        "description": query.help,
    }


def _content(
    description: str, schema: schemas.Schema, type: str = "application/json"
) -> dict[str, Any]:
    return {"description": description, "content": {type: {"schema": schema}}}


def _answers(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, schema in endpoint.answers.items():
        answer: dict[str, Any] = (
            {"description": "Done"}
            if schema is None
            else _content("Done", schema, endpoint.answer_type)
        )
        for media in endpoint.media if schema is not None else ():
            text = media.startswith("text/")
            answer["content"][media] = {"schema": schemas.TEXT if text else schemas.BYTES}
        if lead := links(endpoint, status):
            answer["links"] = lead
        found[str(status)] = answer
    return found


def endpoint(others: Sequence[Endpoint], base_path: str) -> Endpoint:
    """The endpoint that serves the document, itself included."""
    served: list[Endpoint] = []

    async def get_openapi(request: web.Request) -> web.Response:
        return parsing.json_answer(document(served, base_path))

    own = Endpoint(method="GET", path="/openapi.json", handler=get_openapi, scope=None,
                   summary="This document", answers={200: schemas.ANY_OBJECT})  # fmt: skip
    served += [*others, own]
    return own
