"""Which sessions of a channel are superseded, and from where on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agnez_server.catalog.sessions import superseded_from
from agnez_server.store.base import Series, SeriesStats
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool, records

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


async def test_neither_the_line_nor_its_tail_hides_a_spike_of_the_other(
    server: RunningServer,
) -> None:
    """Right before and right after where a long session was resumed lies an extreme of each."""
    y = np.zeros(4000)
    y[2001], y[2002], y[2003] = 5.0, 9.0, 7.0
    first = Spool()
    first.write(records(y))
    await server.taken(first.batch())
    again = Spool(first.run, session=WALL_US + 10_000_000)
    again.write(records([1.0], x0=2002))
    await server.taken(again.batch())

    for x0, x1 in ((0, 3999), (1000, 3000)):
        view = await server.get(f"/channels/{first.run}.0/points", px=100, x0=x0, x1=x1)
        old = view["series"][0]
        assert (old["superseded_from"], old["exact"], old["total"]) == (2002, False, 4000)
        kept = dict(zip(view["x"][: old["length"]], view["y"], strict=False))
        assert (kept[2001], kept[2002]) == (5.0, 9.0)
        assert len(kept) == old["length"] <= 4 * 102


async def test_from_one_end_of_float64_to_the_other(server: RunningServer) -> None:
    """A resumed session whose width is no float any more is drawn, alone and as a band."""
    x = np.linspace(-1.0, 1.0, 4000) * 1.7e308
    first = Spool()
    first.write(records(np.arange(4000.0), xs=x))
    await server.taken(first.batch())
    again = Spool(first.run, session=WALL_US + 10_000_000)
    again.write(records([1.0], xs=[1e308]))
    await server.taken(again.batch())

    view = await server.get(f"/channels/{first.run}.0/points", px=100)
    band = await server.get(f"/channels/{first.run}.0/band", px=100)

    assert (view["x"][0], view["series"][0]["total"]) == (x[0], 4000)
    assert (band["x"][0], band["lo"][0], band["members"]) == (x[0], 0.0, 1)
    assert len(view["x"]) <= 4 * 102 and len(band["x"]) <= 102


async def test_a_short_session_is_whole(server: RunningServer) -> None:
    """Nothing has to be left out, so nothing is looked at in parts."""
    first = Spool()
    first.send(*range(10))
    await server.taken(first.batch())
    again = Spool(first.run, session=WALL_US + 10_000_000)
    again.write(records([1.0], x0=5))
    await server.taken(again.batch())

    view = await server.get(f"/channels/{first.run}.0/points")

    assert view["x"] == [*range(10), 5] and view["exact"]
