"""The OpenAPI document: valid, complete, and true of what is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers, new_ulid
from agnez_server.api.endpoint import Endpoint
from agnez_server.api.router import endpoints
from agnez_server.authfiles import AuthFiles
from tests.server.bodies import EXAMPLES, PNG, named, put_all, sha256
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool

PREFIX = "/api/v1"
PASSWORD = "correct horse battery"


async def document(server: RunningServer) -> dict[str, Any]:
    """The document as it is served."""
    return dict(await server.get("/openapi.json"))


def operations(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation by method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    }


def schemas_in(value: Any) -> list[Any]:
    """Every schema below *value*."""
    if isinstance(value, list):
        return [schema for item in value for schema in schemas_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value["schema"]] if "schema" in value else []
    return own + [schema for item in value.values() for schema in schemas_in(item)]


async def test_the_document_is_openapi(server: RunningServer) -> None:
    """Version, info, and operations with unique ids, described answers and declared parameters."""
    found = await document(server)
    operation_ids = [operation["operationId"] for operation in operations(found).values()]

    assert re.fullmatch(r"3\.1\.\d+", found["openapi"])
    assert found["info"]["title"]
    assert found["info"]["version"]
    assert len(set(operation_ids)) == len(operation_ids)
    for (_, path), operation in operations(found).items():
        declared = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
        assert declared == re.findall(r"\{(\w+)\}", path)
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")
        assert all(answer.keys() & {"description", "$ref"}
                   for answer in operation["responses"].values())  # fmt: skip
        assert operation["summary"]


async def test_every_schema_is_one(server: RunningServer) -> None:
    """The schemas in it are JSON Schema of the dialect that OpenAPI 3.1 uses."""
    found = await document(server)

    for schema in [*schemas_in(found["paths"]), *found["components"]["schemas"].values()]:
        Draft202012Validator.check_schema(schema)


async def test_references_lead_somewhere(server: RunningServer) -> None:
    """Each $ref names a component, each security scheme is declared."""
    found = await document(server)
    references = set(re.findall(r"#/components/(\w+)/(\w+)", str(found)))
    named = {name for op in operations(found).values() for s in op["security"] for name in s}

    assert references <= {(kind, name) for kind in found["components"]
                          for name in found["components"][kind]}  # fmt: skip
    assert named <= set(found["components"]["securitySchemes"])


async def test_the_document_says_what_is_routed(server: RunningServer) -> None:
    """Each operation has a route, each route of the API an operation."""
    found = await document(server)
    routed = {
        (route.method, route.resource.canonical.rstrip("/"))
        for route in server.served.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(PREFIX)
    }

    assert set(operations(found)) == routed


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: f"{e.method} {e.path}")
async def test_answers_are_as_described(server: RunningServer, endpoint: Endpoint) -> None:
    """What an endpoint answers fits its schema: no field is missing, none is undescribed."""
    operation = operations(await document(server))[endpoint.method, PREFIX + endpoint.path]
    spool = Spool(name="r", params={"a": [1, {"b": None}]}, tags=["t"], host="h", pid=1)
    spool.send(1.5, float("nan"))
    spool.event("chart", id="mine", channels=["loss"])
    await put_all(server)
    tell_everything(spool)
    await server.taken(spool.batch())
    if endpoint.path == "/session":
        AuthFiles(server.served.directory).set_password(PASSWORD)
    number = 2 if endpoint.path.endswith(("/steps", "/entries")) else 0
    path = endpoint.path.format(
        run=spool.run, channel=f"{spool.run}.{number}", chart="mine", project="p",
        sha256=sha256(PNG), id=await new_record(server),
    )  # fmt: skip

    status, body = await server.call(endpoint.method, path, **example(endpoint, spool))

    described = operation["responses"][str(status)]
    if "$ref" in described:  # refused, whatever is sent
        assert (endpoint.method, endpoint.path, status) == ("PUT", "/values", 400)
        return
    if "application/json" in described.get("content", ()) and not isinstance(body, bytes):
        check(described["content"]["application/json"]["schema"], body)
    else:
        assert body is None or "content" in described


async def new_record(server: RunningServer) -> str:
    """The id of a new record of /values."""
    _, record = await server.call("POST", "/values", json={"type": "html", "pos": 1})
    return str(record["_id"])


def tell_everything(spool: Spool) -> None:
    """Something of each kind of event, so that no list is empty."""
    for n, type in enumerate(("ARTEFACT", "IMAGE", "MARKER"), 1):
        spool.event("channel", n=n, name=type, type=type)
        body = EXAMPLES[type]
        spool.event("entry", n=n, x=1, wall=WALL_US, body=body, blobs=named(body))
    spool.event("dataset", name="digits", hash="sha256:00", size=5, count=2, about={"split": "a"})
    spool.event("about", facts={"cpus": 4})
    spool.event("fields", stage="TRAIN", total_steps=50)
    spool.event("console", stream="stdout", first=0, lines=["hello"], walls=[WALL_US])


async def test_errors_are_as_described(server: RunningServer) -> None:
    """Refusals of every kind fit the schema of errors."""
    found = await document(server)
    schema = found["components"]["schemas"]["Error"]

    for method, path, given in (
        ("GET", "/nope", {}), ("PUT", "/runs", {}), ("POST", "/runs", {"data": "{"}),
        ("GET", "/runs?limit=x", {}), ("POST", "/session", {"json": {"password": "wrong"}}),
        ("GET", "/runs", {"headers": {"Host": "evil.example"}}), ("POST", "/ingest", {}),
    ):  # fmt: skip
        _, body = await server.call(method, path, **given)
        Draft202012Validator(schema).validate(body)
        assert set(body) == {"error"}


async def test_errors_of_values_are_as_described(server: RunningServer) -> None:
    """They are Feathers' own."""
    found = await document(server)
    schema = found["components"]["schemas"]["FeathersError"]

    for method, path, given in (
        ("GET", "/values/nope", {}), ("POST", "/values", {"data": "{"}), ("COPY", "/values", {}),
        ("GET", "/values", {"headers": {"Host": "evil.example"}}), ("PUT", "/values", {}),
        ("PATCH", "/values/a/b", {}), ("GET", "/values?a[$b]=1", {}),
    ):  # fmt: skip
        status, body = await server.call(method, path, **given)
        Draft202012Validator(strict(schema)).validate(body)
        assert body["code"] == status


def example(endpoint: Endpoint, spool: Spool) -> dict[str, Any]:
    """A request that the endpoint takes."""
    bodies: dict[tuple[str, str], Any] = {
        ("POST", "/runs"): {"name": "new", "params": {"lr": 1}},
        ("PATCH", "/runs/{run}"): {"notes": "n", "state": "finished"},
        ("POST", "/runs/{run}/charts"): {"channels": ["loss"]},
        ("POST", "/points"): {"run": "r", "channel": "c", "y": [1, "NaN"]},
        ("POST", "/imports"): {"run": {"id": new_ulid(), "state": "finished"}},
        ("POST", "/session"): {"password": PASSWORD},
        ("PUT", "/projects/{project}/retention"): {"keep_last": 2},
        ("POST", "/projects/{project}/retention/apply"): {"max_age_days": 2},
        ("POST", "/publish/epoch/end"): {"epoch": 0, "loss": 1},
        ("POST", "/publish/epoch/end/{run}"): {"epoch": 0, "loss": 1, "note": "none"},
        ("POST", "/values"): [{"type": "html"}],
        ("POST", "/values/{id}"): {"pos": 2},
        ("PUT", "/values/{id}"): {"pos": 2},
        ("PATCH", "/values/{id}"): {"pos": 2},
        ("PATCH", "/values"): {"pos": 2},
        ("PUT", "/cells/arrangement"): {"order": ["a"], "sizes": {"a": {"columns": 2}}},
    }
    if endpoint.body_type == CONTENT_TYPE:
        spool.send(2)
        batch = join_buffers(encode_batch(spool.batch()))
        return {"data": batch, "headers": {"Content-Type": CONTENT_TYPE}}
    if endpoint.large or endpoint.body_type == "image/png":
        return {"data": PNG, "headers": {"Content-Type": "image/png"}}
    if endpoint.body_type == "text/plain":
        return {"data": b"loss 0.5 1"}
    body = bodies.get((endpoint.method, endpoint.path))
    assert (body is None) == (endpoint.body is None)
    headers = {"X-HTTP-Method-Override": "PATCH"} if endpoint.path == "/values/{id}" else {}
    return {"headers": headers, **({} if body is None else {"json": body})}


def check(schema: dict[str, Any], body: Any) -> None:
    """Raise where *body* does not fit, or has a field that the schema does not name."""
    Draft202012Validator(strict(schema), format_checker=FormatChecker()).validate(body)


def strict(schema: Any) -> Any:
    """*schema*, taking no field that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if schema.get("properties") else {}
    return {**{key: strict(value) for key, value in schema.items()}, **closed}
