"""Figures of the server in the words of Prometheus; loaded when they are first asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from agnez_client.protocol import RUN_STATES
from agnez_server.keys import CATALOG, FEATHERS, HUB, METER, STORE

_GAUGES: Final = (
    ("last_commit_seconds", "last_commit_s", "How long the last commit took"),
    ("last_seal_seconds", "last_seal_s", "How long it took last to seal the log"),
    ("tail_points", "tail_points", "Points in memory that are not sealed yet"),
    ("log_bytes", "log_bytes", "Log of points that are not sealed yet"),
    ("wal_bytes", "wal_bytes", "Write-ahead log of the database"),
    ("file_bytes", "file_bytes", "File of the database"),
    ("damaged_points", "damaged_points", "Points found unreadable on the disk"),
    ("blobs", "blobs", "Blobs that are kept"),
    ("blob_bytes", "blob_bytes", "Bytes of these blobs"),
    ("damaged_blobs", "damaged_blobs", "Blobs found damaged on the disk"),
)


class _Server(Collector):
    """Asks *app* for its figures when it is scraped."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("agnez", "The server", {"version": version("agnez")})
        yield from self._store()
        yield from self._runs()
        yield from self._viewers()
        requests = CounterMetricFamily(
            "agnez_http_requests", "Requests, by route and status; 4xx were refused",
            labels=("method", "route", "status"),
        )  # fmt: skip
        for (method, route, status), count in sorted(self._app[METER].requests.items()):
            requests.add_metric((method, route, str(status)), count)
        yield requests
        yield CounterMetricFamily(
            "agnez_ingest_refused", "Events and points of batches that were refused alone",
            self._app[METER].refused,
        )  # fmt: skip

    def _store(self) -> Iterator[Metric]:
        stats = self._app[STORE].store_stats()
        yield CounterMetricFamily("agnez_store_commits", "Commits since the start", stats.commits)
        for name, field, help in _GAUGES:
            yield GaugeMetricFamily(f"agnez_store_{name}", help, getattr(stats, field))
        yield GaugeMetricFamily(
            "agnez_store_read_only", "1 while the disk is full or failing", bool(stats.read_only)
        )

    def _runs(self) -> Iterator[Metric]:
        catalog = self._app[CATALOG]
        states, points = Counter[str](), 0
        for run in catalog.runs():
            states[run["state"]] += 1
            points += catalog.points(run["id"])
        runs = GaugeMetricFamily("agnez_runs", "Runs by state, the trash aside", labels=("state",))
        for state in RUN_STATES:
            runs.add_metric((state,), states[state])
        yield runs
        thrown = sum(1 for _ in catalog.runs(deleted=True))
        yield GaugeMetricFamily("agnez_runs_in_trash", "Runs in the trash", thrown)
        yield GaugeMetricFamily("agnez_points", "Points and entries of these runs", points)

    def _viewers(self) -> Iterator[Metric]:
        hub = self._app[HUB]
        yield GaugeMetricFamily("agnez_viewers", "Pages that are connected", hub.viewers())
        count = self._app[FEATHERS].connections()
        yield GaugeMetricFamily("agnez_values_connections", "Clients of /values on sockets", count)
        yield CounterMetricFamily("agnez_frames", "Live frames sent to pages", hub.sent["frame"])


def exposition(app: web.Application) -> bytes:
    """The figures of *app* and of this process, in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Server(app))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
