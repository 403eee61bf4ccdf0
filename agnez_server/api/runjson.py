"""A run as the API shows it."""

from __future__ import annotations

from typing import Any, Final

from agnez_server.catalog.catalog import Catalog
from agnez_server.models import RunDoc, SessionDoc, iso, now_us
from agnez_server.presence import Presence

_PLAIN: Final = (
    "id", "project", "experiment", "name", "state", "reason", "params", "tags", "notes",
    "host", "pid", "python", "durable", "dropped", "dropped_by", "gaps",
    "stage", "total_steps", "datasets",
)  # fmt: skip


def run_json(catalog: Catalog, presence: Presence, run: RunDoc) -> dict[str, Any]:
    """A run in a list; `whole_run_json` has more."""
    heard = presence.heard_at(run["id"]) or 0
    return {
        **{key: run[key] for key in _PLAIN},
        "created_at": iso(run["created"]),
        "updated_at": iso(max(run["updated"], heard)),
        "finished_at": iso(run["finished"]),
        "deleted_at": iso(run["deleted"]),
        "elapsed_s": max(0, _end(catalog, run, heard) - run["created"]) / 1e6,
        **_progress(catalog, run),
        "channels": len(catalog.layout(run["id"])["channels"]),
        "points": catalog.points(run["id"]),
        "bytes": catalog.store.run_bytes(run["id"]),
        "sessions": [_session_json(presence, run["id"], session) for session in run["sessions"]],
    }


def whole_run_json(catalog: Catalog, presence: Presence, run: RunDoc) -> dict[str, Any]:
    """A run by itself, with all that is known about it."""
    return {**run_json(catalog, presence, run), "about": run["about"]}


def _progress(catalog: Catalog, run: RunDoc) -> dict[str, Any]:
    progress = catalog.progress(run["id"])
    if progress is None:
        return {"step": None, "eta_s": None}
    total = run["total_steps"] if run["state"] == "running" else None
    return {"step": progress.step, "eta_s": None if total is None else progress.eta_s(total)}


def _end(catalog: Catalog, run: RunDoc, heard: int) -> int:
    """Up to when *run* lasted, µs UTC; a lost one up to the last that is known of it."""
    if run["state"] != "lost":
        return run["finished"] or now_us()
    return heard or catalog.newest_wall(run["id"]) or run["updated"]


def _session_json(presence: Presence, run: str, session: SessionDoc) -> dict[str, Any]:
    return {
        **session,
        "started_at": iso(session["started"]),
        "seen_at": iso(presence.seen_at(run, session["spool"])),
    }
