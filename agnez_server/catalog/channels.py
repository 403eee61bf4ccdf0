"""A channel as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnez_server.catalog.sessions import superseded_from
from agnez_server.models import channel_id
from agnez_server.store.base import Series, SeriesStats


def channel_json(
    run: str, number: int, doc: Mapping[str, Any], series: list[tuple[Series, SeriesStats]]
) -> dict[str, Any]:
    """A channel as the API shows it; its figures are those of all its series together."""
    all_stats = [stats for _, stats in series]
    lows = [s.min for s in all_stats if s.min is not None]
    highs = [s.max for s in all_stats if s.max is not None]
    last = max(
        (s for s in all_stats if s.count), key=lambda s: s.last_wall or 0, default=SeriesStats()
    )
    return {
        "id": channel_id(run, number),
        "run": run,
        "number": number,
        "name": doc["name"],
        "type": doc["type"],
        "options": doc["options"],
        "count": sum(s.count for s in all_stats),
        "nan": sum(s.nan for s in all_stats),
        "inf": sum(s.inf for s in all_stats),
        "min": min(lows, default=None),
        "max": max(highs, default=None),
        "last": last.last_y,
        "last_x": last.last_x,
        "series": _series_json(series),
    }


def _series_json(series: list[tuple[Series, SeriesStats]]) -> list[dict[str, Any]]:
    superseded = superseded_from(series)
    return [
        {
            "id": s.id,
            "session": s.session,
            "rank": s.rank,
            "count": stats.count,
            "min_x": stats.min_x,
            "max_x": stats.max_x,
            "max_wall": stats.max_wall,
            "superseded_from": superseded.get(s.id),
        }
        for s, stats in series
    ]
