"""`/values` over HTTP: routes, bodies, answers."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from yarl import URL

from tests.server.running import RunningServer

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]


async def call(server: RunningServer, method: str, path: str, **given: Any) -> tuple[int, Any]:
    """Status and JSON of a call; the path is sent as it is written here."""
    url = URL(server.base + path, encoded=True)
    async with server.http.request(method, url, **given) as answer:
        body = await answer.read()
        assert answer.content_type == "application/json"
        return answer.status, json.loads(body) if body else None


@pytest.mark.parametrize("base", ["/values", "/api/v1/values", "/values/", "/api/v1/values/"])
async def test_the_whole_life_of_a_record(server: RunningServer, base: str) -> None:
    """POST, GET, PATCH, PUT, DELETE at both paths, with and without a slash at the end."""
    one = base.rstrip("/") + "/x" + ("/" if base.endswith("/") else "")

    assert await call(server, "GET", base) == (200, [])
    made = await call(server, "POST", base, json={"_id": "x", "a": 1})
    assert made == (201, {"_id": "x", "a": 1})
    assert await call(server, "GET", one) == (200, {"_id": "x", "a": 1})
    assert await call(server, "PATCH", one, json={"b": 2}) == (200, {"_id": "x", "a": 1, "b": 2})
    assert await call(server, "PUT", one, json={"c": 3}) == (200, {"_id": "x", "c": 3})
    assert await call(server, "GET", base) == (200, [{"_id": "x", "c": 3}])
    assert await call(server, "DELETE", one) == (200, {"_id": "x", "c": 3})
    assert (await call(server, "GET", one))[0] == 404


async def test_below_a_path_prefix(start: Start) -> None:
    """With --base-path the same, errors too."""
    async with start(base_path="/agnez") as server:
        assert (await call(server, "POST", "/values", json={}))[0] == 201
        status, error = await call(server, "GET", "/api/v1/values/nope")
        assert (status, error["className"]) == (404, "not-found")


async def test_a_list_is_answered_with_201(server: RunningServer) -> None:
    """In its order."""
    status, made = await call(server, "POST", "/values", json=[{"n": 1}, {"n": 2}])

    assert (status, [record["n"] for record in made]) == (201, [1, 2])


async def test_several_at_once(server: RunningServer) -> None:
    """PATCH and DELETE without an id act on what the query finds; PUT does not."""
    await call(server, "POST", "/values", json=[{"_id": c, "n": n} for n, c in enumerate("abc")])

    patched = await call(server, "PATCH", "/values?n[$gt]=0&$sort[n]=-1", json={"p": True})
    refused, error = await call(server, "PUT", "/values", json={})
    removed = await call(server, "DELETE", "/values?p=true&$select[]=n")

    assert patched == (200, [{"_id": "c", "n": 2, "p": True}, {"_id": "b", "n": 1, "p": True}])
    assert (refused, error["name"]) == (400, "BadRequest")
    assert removed == (200, [{"_id": "b", "n": 1}, {"_id": "c", "n": 2}])
    assert await call(server, "GET", "/values") == (200, [{"_id": "a", "n": 0}])


async def test_an_empty_id_is_not_all_of_them(server: RunningServer) -> None:
    """A program that lost its id says /values/ and means one record: nothing is changed."""
    await call(server, "POST", "/values", json={"_id": "x", "n": 1})

    for base in ("/values/", "/api/v1/values/"):
        assert (await call(server, "DELETE", base))[0] == 400
        assert (await call(server, "PATCH", base, json={"n": 2}))[0] == 400
    assert await call(server, "PATCH", "/values/?n=1", json={}) == (200, [{"_id": "x", "n": 1}])
    assert await call(server, "DELETE", "/values") == (200, [{"_id": "x", "n": 1}])


async def test_queries(server: RunningServer) -> None:
    """Percent-encoded or not; numbers by value; a query that finds nothing finds nothing."""
    records = [{"_id": str(n), "pos": n, "name": f"é&{n}"} for n in range(30)]
    await call(server, "POST", "/values", json=records)
    long = "&".join(f"pos[$in][{n}]={n}" for n in range(2, 30))

    async def ids(query: str) -> list[str]:
        status, found = await call(server, "GET", f"/values?{query}")
        assert status == 200
        return [record["_id"] for record in found]

    assert await ids("pos=2") == await ids("pos%5B%24in%5D%5B%5D=2") == ["2"]
    assert await ids("pos[$gte]=9&$limit=2") == ["9", "10"]
    assert await ids("$sort[pos]=-1&$limit=2&$skip=1") == ["28", "27"]
    assert await ids("name=%C3%A9%267") == ["7"]
    assert await ids(long) == [str(n) for n in range(2, 30)]
    assert await ids("$or[0][pos]=1&$or[1][pos]=5") == ["1", "5"]
    assert await ids("nope=1") == await ids("$limit=0") == []
    assert len(await ids("")) == 30
    assert await call(server, "GET", "/values/3?pos=3&$select=pos") == (200, {"_id": "3", "pos": 3})
    assert (await call(server, "GET", "/values/3?pos=4"))[0] == 404
    assert (await call(server, "DELETE", "/values/3?pos=4"))[0] == 404


async def test_head(server: RunningServer) -> None:
    """200 or the error's status, without a body."""
    await call(server, "POST", "/values", json={"_id": "x"})

    for path, status in (("", 200), ("/x", 200), ("/nope", 404), ("?a[$b]=1", 400)):
        assert await call(server, "HEAD", f"/values{path}") == (status, None)


ODD_IDS = ["a/b", "a%b", "a b", "ÿ", "...", "a?b#c", "%2e%2e", "a\\b", "{x}", "損失", "[$ne]",
           "$ne", "__proto__", "constructor", "<script>", "'", '"', "x" * 200]  # fmt: skip


@pytest.mark.parametrize("id", ODD_IDS, ids=repr)
async def test_an_id_may_be_any_text(shared: RunningServer, id: str) -> None:
    """Percent-encoded it names its record and no other path."""
    server = shared
    await call(server, "POST", "/values", json=[{"_id": id, "a": 1}, {"_id": "other"}])
    path = "/values/" + "".join(f"%{byte:02X}" for byte in id.encode())

    assert await call(server, "GET", path) == (200, {"_id": id, "a": 1})
    assert (await call(server, "PATCH", path, json={"a": 2}))[0] == 200
    assert await call(server, "DELETE", path) == (200, {"_id": id, "a": 2})
    assert await call(server, "DELETE", "/values") == (200, [{"_id": "other"}])


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_forms(server: RunningServer) -> None:
    """Bodies of forms are read as queries are: texts, lists, objects."""
    body = "name=a+b%26&pos=0&value[]=x&meta[a][b]=1&__proto__[x]=1"

    status, made = await call(server, "POST", "/values", data=body, headers=FORM)

    made.pop("_id")
    assert status == 201
    assert made == {"name": "a b&", "pos": "0", "value": ["x"], "meta": {"a": {"b": "1"}},
                    "__proto__": {"x": "1"}}  # fmt: skip


async def test_json_that_says_it_is_a_form(server: RunningServer) -> None:
    """`curl -d` calls everything a form."""
    for body in ('{"a": 1}', ' [{"a": 1}]'):
        status, made = await call(server, "POST", "/values", data=body, headers=FORM)
        assert (status, (made if isinstance(made, dict) else made[0])["a"]) == (201, 1)


async def test_packed_bodies(server: RunningServer) -> None:
    """As everywhere in this API."""
    packed = gzip.compress(json.dumps({"_id": "x", "v": "y" * 100_000}).encode())

    status, _ = await call(
        server, "POST", "/values", data=packed, headers={"Content-Encoding": "gzip"}
    )

    assert status == 201


async def test_a_method_by_header(server: RunningServer) -> None:
    """A POST may stand for PATCH, PUT and DELETE, for one record and for several."""
    await call(server, "POST", "/values", json={"_id": "x", "a": 1})

    async def post(path: str, method: str, body: Any = None) -> tuple[int, Any]:
        headers = {"X-HTTP-Method-Override": method}
        return await call(server, "POST", f"/values{path}", json=body, headers=headers)

    assert await post("/x", "PATCH", {"b": 2}) == (200, {"_id": "x", "a": 1, "b": 2})
    assert await post("/x", "put", {"c": 3}) == (200, {"_id": "x", "c": 3})
    assert await post("?c=3", "PATCH", {"d": 4}) == (200, [{"_id": "x", "c": 3, "d": 4}])
    assert (await post("", "PUT", {}))[0] == 400
    for method in ("GET", "POST", "TRACE", "", "__proto__"):
        assert (await post("/x", method))[0] == 405
        assert (await post("", method))[0] == 405
    assert (await call(server, "POST", "/values/x", json={}))[0] == 405
    assert await post("/x", "DELETE") == (200, {"_id": "x", "c": 3, "d": 4})


async def test_only_a_post_is_something_else(server: RunningServer) -> None:
    """A link or a picture of another site can't change anything by this header."""
    await call(server, "POST", "/values", json={"_id": "x"})

    for method in ("GET", "HEAD"):
        await call(server, method, "/values/x", headers={"X-HTTP-Method-Override": "DELETE"})
    await call(server, "GET", "/values/x?_method=DELETE")

    assert (await call(server, "GET", "/values/x"))[0] == 200


async def test_a_large_record(server: RunningServer) -> None:
    """2 MB of HTML pass both ways."""
    html = "<p>[{é}]</p>" * 170_000

    body = io.BytesIO(json.dumps({"type": "html", "value": html}).encode())
    status, made = await call(server, "POST", "/values", data=body)
    _, found = await call(server, "GET", f"/values/{made['_id']}")

    assert (status, found["value"] == html) == (201, True)


async def test_a_body_that_never_ends_holds_nobody(server: RunningServer) -> None:
    """Others create and find meanwhile, and of what was begun nothing is kept."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.served.port)
    head = "POST /values HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n"
    writer.write(f'{head}Content-Type: application/json\r\n\r\n{{"n": '.encode())
    await writer.drain()

    _, made = await server.call("POST", "/values", json={"n": 1})
    writer.close()
    _, found = await server.call("GET", "/values")

    assert found == [made]
    assert await reader.read() == b""


async def test_many_records(server: RunningServer) -> None:
    """A list of some megabytes comes whole, also of more records than are looked at at once."""
    for start in range(0, 3000, 1000):
        made = [{"_id": str(n), "v": "x" * 1000} for n in range(start, start + 1000)]
        assert (await call(server, "POST", "/values", json=made))[0] == 201

    _, found = await call(server, "GET", "/values?$sort[v]=1")
    patched = await call(server, "PATCH", "/values?$limit=1500&$skip=10", json={"v": ""})
    removed = await call(server, "DELETE", "/values?v=")

    assert [record["_id"] for record in found] == [str(n) for n in range(3000)]
    assert [r["_id"] for r in patched[1]] == [r["_id"] for r in removed[1]]
    assert len(removed[1]) == 1500
    assert len((await call(server, "GET", "/values"))[1]) == 1500


async def test_hundreds_of_ids_in_a_url(server: RunningServer) -> None:
    """A page asks for the cells that changed by their ids, as Feathers' clients write them."""
    _, made = await call(server, "POST", "/values", json=[{"n": n} for n in range(500)])
    query = "&".join(f"_id%5B%24in%5D%5B{n}%5D={r['_id']}" for n, r in enumerate(made))

    assert await call(server, "GET", f"/values?{query}") == (200, made)
