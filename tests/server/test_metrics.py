"""What Prometheus scrapes, read by its own parser."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.server.feathers_socket import FeathersSocket
from tests.server.running import RunningServer
from tests.server.spools import Spool

Labels = tuple[tuple[str, str], ...]


async def scrape(server: RunningServer, path: str = "/metrics") -> dict[tuple[str, Labels], float]:
    """Values by name and labels."""
    async with server.http.get(server.base + path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        text = await answer.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_runs_and_points_are_counted(server: RunningServer) -> None:
    """By state; what lies in the trash is counted apart."""
    for name in ("a", "b", "c"):
        await server.post({"run": name, "channel": "loss", "y": [1, 2, 3]})
    first, second, _ = (r["id"] for r in (await server.get("/runs"))["items"])
    await server.call("PATCH", f"/runs/{first}", json={"state": "failed"})
    await server.call("DELETE", f"/runs/{second}")

    found = await scrape(server)

    assert found["agnez_runs", (("state", "running"),)] == 1
    assert found["agnez_runs", (("state", "failed"),)] == 1
    assert found["agnez_runs", (("state", "lost"),)] == 0
    assert found["agnez_runs_in_trash", ()] == 1
    assert found["agnez_points", ()] == 6
    assert found["agnez_viewers", ()] == 0


async def test_the_store_and_the_process_are_there(server: RunningServer) -> None:
    """The same figures as /stats shows, and those of the process by the library."""
    await server.post({"run": "a", "channel": "loss", "y": 1})
    stats = await server.get("/stats")

    found = await scrape(server, "/api/v1/metrics")

    # The store tidies up by itself, so a figure may be that of before or of after.
    for name, field in (
        ("commits_total", "commits"), ("tail_points", "tail_points"), ("file_bytes", "file_bytes")
    ):  # fmt: skip
        later = (await server.get("/stats"))[field]
        assert found[f"agnez_store_{name}", ()] in (stats[field], later)
    assert stats["commits"] > 0 and stats["file_bytes"] > 0
    assert found["agnez_store_read_only", ()] == 0
    assert found["process_resident_memory_bytes", ()] > 1e6
    assert "/dev" not in str(found)


async def test_requests_are_counted_by_route_and_status(server: RunningServer) -> None:
    """Names in paths make no new routes."""
    for path in ("/runs/1", "/runs/2", "/nowhere", "/elsewhere"):
        await server.refused("GET", path)
    await server.refused("POST", "/ingest", data=b"no batch")

    found = await scrape(server)

    def count(method: str, route: str, status: int) -> float:
        labels = (("method", method), ("route", route), ("status", str(status)))
        return found["agnez_http_requests_total", labels]

    assert count("GET", "/api/v1/runs/{run}", 404) == 2
    assert count("POST", "/api/v1/ingest", 400) == 1
    assert count("", "", 404) == 2


async def test_what_is_refused_alone_is_counted(server: RunningServer) -> None:
    """An event of a batch that is taken."""
    spool = Spool()
    spool.event("chart", id="not an id", channels=["loss"])
    answer = await server.taken(spool.batch())

    assert (await scrape(server))["agnez_ingest_refused_total", ()] == len(answer["refused"]) == 1


async def test_frames_are_counted(server: RunningServer) -> None:
    """Those that a page got."""
    channel = (await server.post({"run": "a", "channel": "loss", "y": 1}))["channels"][0]
    viewer = await server.viewer()
    await viewer.watch(channel.partition(".")[0], {"0": {"dx": 0, "cursors": {}}})
    await viewer.frame()

    found = await scrape(server)

    assert found["agnez_viewers", ()] == 1
    assert found["agnez_frames_total", ()] >= 1


async def test_clients_of_values_are_counted(server: RunningServer) -> None:
    """Those on sockets; pages are not among them."""
    client = FeathersSocket()
    await client.join(server)

    found = await scrape(server)

    assert (found["agnez_values_connections", ()], found["agnez_viewers", ()]) == (1, 0)
    await client.leave()


async def test_a_token_is_asked_for(locked: RunningServer, start: Any) -> None:
    """With the scope read."""
    async with locked.http.get(f"{locked.base}/metrics") as answer:
        assert answer.status == 401


async def test_below_a_prefix(start: Any) -> None:
    """As everything else."""
    async with start(base_path="/lab") as server:
        assert (await scrape(server))["agnez_points", ()] == 0
