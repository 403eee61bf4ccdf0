"""Which sessions of a channel are superseded, and from where on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agnez_server.catalog.sessions import superseded_from
from agnez_server.store.base import Series, SeriesStats

EXAMPLES = json.loads((Path(__file__).parents[1] / "support" / "sessions.json").read_text())


def given(series: dict[str, Any]) -> tuple[Series, SeriesStats]:
    """One line of an example."""
    stats = SeriesStats(count=series["count"], min_x=series["min_x"], max_wall=series["max_wall"])
    return Series(series["id"], "run", 0, series["session"], series["rank"]), stats


@pytest.mark.parametrize("example", EXAMPLES, ids=[e["name"] for e in EXAMPLES])
def test_the_rule(example: dict[str, Any]) -> None:
    """Hand-worked examples, which the pages are held to as well."""
    found = superseded_from([given(s) for s in example["series"]])

    assert {str(id): x for id, x in found.items()} == example["superseded"]
