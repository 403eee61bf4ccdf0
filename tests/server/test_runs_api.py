"""Runs over HTTP: made, found, changed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_client.protocol import is_ulid, new_ulid
from tests.server.running import RunningServer


async def names(server: RunningServer, **query: Any) -> list[str]:
    """The names of the runs that a query finds, in its order."""
    return [run["name"] for run in (await server.get("/runs", **query))["items"]]


async def test_a_new_run_has_every_default(server: RunningServer) -> None:
    """An empty object is enough: project, experiment and name are made up."""
    status, run = await server.call("POST", "/runs", json={})

    assert status == 201
    assert is_ulid(run["id"])
    assert (run["project"], run["experiment"], run["state"]) == ("default", "default", "running")
    assert run["name"].startswith("default-")
    assert (run["params"], run["tags"], run["notes"]) == ({}, [], "")
    assert (run["points"], run["channels"], run["finished_at"]) == (0, 0, None)


async def test_a_run_keeps_what_was_given(server: RunningServer) -> None:
    """Name, project, experiment, nested parameters, tags and notes come back as they were sent."""
    given = {
        "name": "digits-3", "project": "vision", "experiment": "digits", "tags": ["a", "b"],
        "params": {"lr": 0.1, "layers": [64, 64], "aug": {"flip": True, "p": None}},
        "notes": "first try\nwith ünïcode",
    }  # fmt: skip
    id = await server.new_run(**given)

    run = await server.get(f"/runs/{id}")

    assert {key: run[key] for key in given} == given


async def test_a_run_may_bring_its_id(server: RunningServer) -> None:
    """A ULID of the caller's becomes the run's id."""
    id = new_ulid()

    assert await server.new_run(id=id) == id


async def test_the_same_id_twice_is_a_conflict(server: RunningServer) -> None:
    """A second run with the id of another is refused with 409."""
    id = await server.new_run()

    status, error = await server.refused("POST", "/runs", json={"id": id})

    assert (status, error["code"]) == (409, "conflict")


@pytest.mark.parametrize("id", ["", "abc", 5, [], "01ARZ3NDEKTSV4RRFFQ69G5FA", "../etc/passwd"])
async def test_an_id_that_is_no_ulid_is_refused(server: RunningServer, id: object) -> None:
    """Only ULIDs are ids."""
    status, error = await server.refused("POST", "/runs", json={"id": id})

    assert (status, error["field"]) == (400, "id")


async def test_runs_are_filtered(server: RunningServer) -> None:
    """Project, experiment, state, tag, text in the name and a parameter's value each narrow."""
    await server.new_run(name="one", project="p", experiment="e", tags=["x", "y"],
                         params={"lr": 0.1, "opt": "Adam", "deep": False})  # fmt: skip
    two = await server.new_run(name="two", project="q", experiment="f", tags=["y"],
                               params={"lr": 1, "opt": "sgd", "deep": True})  # fmt: skip
    await server.call("PATCH", f"/runs/{two}", json={"state": "failed"})

    assert await names(server, project="p") == ["one"]
    assert await names(server, experiment="f") == ["two"]
    assert await names(server, state="failed") == ["two"]
    assert await names(server, tag="x") == ["one"]
    assert await names(server, tag="y", sort="name") == ["one", "two"]
    assert await names(server, q="NE") == ["one"]
    assert await names(server, **{"param.lr": "1e-1"}) == ["one"]
    assert await names(server, **{"param.lr": "1.0"}) == ["two"]
    assert await names(server, **{"param.opt": "adam"}) == ["one"]
    assert await names(server, **{"param.deep": "true"}) == ["two"]
    assert await names(server, project="p", state="failed") == []


async def test_nested_parameters_are_found(server: RunningServer) -> None:
    """A dot leads into them; names that hold one themselves are found as well."""
    await server.new_run(name="a", params={"opt": {"lr": 0.1, "name": "Adam"}, "x.y": {"z": True}})
    await server.new_run(name="b", params={"opt": {"lr": 0.2}, "opt.name": "sgd"})

    assert await names(server, **{"param.opt.lr": "0.1"}) == ["a"]
    assert await names(server, **{"param.opt.name": "SGD"}) == ["b"]
    assert await names(server, **{"param.x.y.z": "true"}) == ["a"]
    assert await names(server, **{"param.opt.lr.deeper": "1"}) == []


@pytest.mark.parametrize(
    ("q", "found"),
    [("dropOUT", ["a"]), ("best", ["a"]), ("DIGITS", ["a"]), ("opt.lr=0.1", ["b"]),
     ("lr=", ["b"]), ("flags=[true,null]", ["b"]), ("opt.lr=0.2", []), ("", ["b", "a"]),
     ("best  out", ["a"]), ("best opt.lr=0.1", [])],
)  # fmt: skip
async def test_words_find_notes_and_parameters(
    server: RunningServer, q: str, found: list[str]
) -> None:
    """q looks into experiment, tags, notes and name=value, whatever the case, for every word."""
    await server.new_run(name="a", notes="with Dropout", tags=["Best"], experiment="Digits")
    await server.new_run(name="b", params={"opt": {"lr": 0.1, "flags": [True, None]}})

    assert await names(server, q=q) == found


async def test_two_tags_both_have_to_be_there(server: RunningServer) -> None:
    """A tag that is given twice narrows twice."""
    await server.new_run(name="both", tags=["x", "y"])
    await server.new_run(name="one", tags=["x"])

    found = await server.get("/runs?tag=x&tag=y")

    assert [run["name"] for run in found["items"]] == ["both"]


@pytest.mark.parametrize("key", ["created_at", "updated_at", "name", "state"])
async def test_runs_are_sorted(server: RunningServer, key: str) -> None:
    """Each sort key works upward and, with a minus, downward."""
    for name in ("b", "C", "a"):
        await server.new_run(name=name)
    await server.call("PATCH", f"/runs/{(await server.get('/runs', q='b'))['items'][0]['id']}",
                      json={"state": "finished"})  # fmt: skip

    up = [run[key] for run in (await server.get("/runs", sort=key))["items"]]
    down = [run[key] for run in (await server.get("/runs", sort=f"-{key}"))["items"]]

    assert up == sorted(up, key=str.casefold)
    assert down == up[::-1]


async def test_the_newest_run_comes_first(server: RunningServer) -> None:
    """Without a sort key the list goes from new to old."""
    for name in ("first", "second", "third"):
        await server.new_run(name=name)

    assert await names(server) == ["third", "second", "first"]


async def test_pages_hold_every_run_once(server: RunningServer) -> None:
    """limit and offset walk through the list; total counts what the filter found."""
    for i in range(7):
        await server.new_run(name=f"r{i}")
    found = list[str]()

    for offset in range(0, 9, 3):
        page = await server.get("/runs", sort="name", limit=3, offset=offset)
        assert (page["total"], page["limit"], page["offset"]) == (7, 3, offset)
        found += [run["name"] for run in page["items"]]

    assert found == [f"r{i}" for i in range(7)]


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=1001", "limit=1.5", "offset=x", "offset=-1", "sort=colour", "state=odd",
     "limit=99999999999999999999999"],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_refused(server: RunningServer, query: str) -> None:
    """The answer names the parameter."""
    status, error = await server.refused("GET", f"/runs?{query}")

    assert (status, error["field"]) == (400, query.partition("=")[0])


async def test_a_patch_changes_what_it_names(server: RunningServer) -> None:
    """Name, notes and tags are replaced; parameters are merged; the rest stays."""
    id = await server.new_run(name="old", params={"lr": 1, "seed": 3}, tags=["a"], project="p")

    status, run = await server.call(
        "PATCH", f"/runs/{id}",
        json={"name": "new", "notes": "n", "tags": ["b"], "params": {"lr": 2}},
    )  # fmt: skip

    assert status == 200
    assert (run["name"], run["notes"], run["tags"], run["project"]) == ("new", "n", ["b"], "p")
    assert run["params"] == {"lr": 2, "seed": 3}
    assert run == {**await server.get(f"/runs/{id}"), "elapsed_s": run["elapsed_s"]}


@pytest.mark.parametrize("state", ["finished", "failed", "stopped"])
async def test_an_end_has_a_time(server: RunningServer, state: str) -> None:
    """A run that ended says when; running again takes the end away."""
    id = await server.new_run()

    _, ended = await server.call("PATCH", f"/runs/{id}", json={"state": state})
    _, again = await server.call("PATCH", f"/runs/{id}", json={"state": "running"})

    assert (ended["state"], again["state"]) == (state, "running")
    assert ended["finished_at"] >= ended["created_at"]
    assert again["finished_at"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [({"state": "lost"}, "state"), ({"state": 1}, "state"), ({"colour": "red"}, "colour"),
     ({"name": ""}, "name"), ({"name": "a\nb"}, "name"), ({"name": 7}, "name"),
     ({"name": "x" * 257}, "name"), ({"tags": "a"}, "tags"), ({"tags": [1]}, "tags"),
     ({"params": []}, "params"), ({"notes": 1}, "notes"), ({"tags": ["t"] * 101}, "tags")],
)  # fmt: skip
async def test_a_wrong_field_is_named(
    server: RunningServer, body: dict[str, Any], field: str
) -> None:
    """A patch with something wrong changes nothing and says which field it was."""
    id = await server.new_run(name="kept")

    status, error = await server.refused("PATCH", f"/runs/{id}", json={"notes": "n", **body})

    assert (status, error["field"]) == (400, field)
    assert (await server.get(f"/runs/{id}"))["notes"] == ""


async def test_a_deleted_run_is_gone(server: RunningServer) -> None:
    """After a deletion everything of the run answers 410, and the list has it no more."""
    id = await server.new_run(name="doomed")
    await server.post({"run": id, "channel": "loss", "y": 1})

    assert await server.call("DELETE", f"/runs/{id}?purge=true") == (204, None)

    for method, path, body in (
        ("GET", f"/runs/{id}", None), ("DELETE", f"/runs/{id}", None),
        ("PATCH", f"/runs/{id}", {"name": "x"}), ("GET", f"/runs/{id}/channels", None),
        ("GET", f"/runs/{id}/charts", None), ("GET", f"/channels/{id}.0/points", None),
        ("POST", f"/runs/{id}/charts", {"channels": ["loss"]}),
        ("POST", "/runs", {"id": id}), ("POST", "/points", {"run": id, "channel": "c", "y": 1}),
    ):  # fmt: skip
        status, error = await server.refused(method, path, json=body)
        assert (method, path, status, error["code"]) == (method, path, 410, "gone")
    assert await names(server) == []


async def test_a_run_that_never_was_is_not_found(server: RunningServer) -> None:
    """404, not 410."""
    status, error = await server.refused("GET", f"/runs/{new_ulid()}")

    assert (status, error["code"]) == (404, "not_found")


async def test_the_name_of_a_deleted_run_is_free(server: RunningServer) -> None:
    """Points for the name of a deleted run make a new run."""
    old = (await server.post({"run": "mine", "channel": "c", "y": 1}))["runs"][0]
    await server.call("DELETE", f"/runs/{old}?purge=true")

    new = (await server.post({"run": "mine", "channel": "c", "y": 2}))["runs"][0]

    assert new != old
    assert await server.ys(f"{new}.0") == [2.0]


async def test_a_renamed_run_is_found_by_its_new_name(server: RunningServer) -> None:
    """Points for the old name make another run; those for the new one go to the renamed."""
    id = (await server.post({"run": "old", "channel": "c", "y": 1}))["runs"][0]
    await server.call("PATCH", f"/runs/{id}", json={"name": "new"})

    other = (await server.post({"run": "old", "channel": "c", "y": 2}))["runs"][0]
    same = (await server.post({"run": "new", "channel": "c", "y": 3}))["runs"][0]

    assert other != id
    assert same == id


async def test_projects_count_their_runs(server: RunningServer) -> None:
    """The list of projects, last changed first."""
    a = await server.new_run(project="a")
    await server.new_run(project="b")
    await server.new_run(project="b")
    await server.call("PATCH", f"/runs/{a}", json={"state": "finished"})

    items = (await server.get("/projects"))["items"]

    assert [(p["name"], p["runs"], p["running"]) for p in items] == [("a", 1, 0), ("b", 2, 2)]


async def test_runs_are_there_after_a_restart(start: Any) -> None:
    """A run and its points survive the end of the server."""
    async with start() as server:
        id = (await server.post({"run": "kept", "channel": "loss", "y": [1, 2]}))["runs"][0]
    async with start() as server:
        run = await server.get(f"/runs/{id}")
        assert (run["name"], run["points"], run["channels"]) == ("kept", 2, 1)
        assert await server.ys(f"{id}.0") == [1.0, 2.0]
