"""A chart that several processes of a run make together."""

from __future__ import annotations

from tests.server.running import RunningServer
from tests.server.spools import Spool


async def test_a_growing_chart_keeps_its_channels(server: RunningServer) -> None:
    """Whoever tells of it later adds to it, in any order; another one is replaced."""
    first = Spool(channels=("loss", "val_loss"))
    first.event("chart", id="a", title="loss", channels=["loss"], grows=True)
    first.event("chart", id="a", title="loss", channels=["val_loss"], grows=True)
    second = Spool(first.run, channels=("test_loss", "loss"), rank=1)
    second.event("chart", id="a", title="loss", channels=["test_loss", "loss"], grows=True)
    second.event("chart", id="b", title="loss", channels=["loss"])
    second.event("chart", id="b", title="test", channels=["test_loss"])
    for spool in (first, second):
        spool.send(1)
        await server.taken(spool.batch())

    found = (await server.get(f"/runs/{first.run}/charts"))["items"]

    numbers = {c["id"]: [channel.rpartition(".")[2] for channel in c["channels"]] for c in found}
    assert numbers == {"a": ["0", "1", "2"], "b": ["2"]}
