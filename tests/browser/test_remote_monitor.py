"""What a person sees who trains with Keras' own RemoteMonitor."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.browser.conftest import Site

os.environ["KERAS_BACKEND"] = "torch"

import keras

pytestmark = pytest.mark.browser


async def test_an_epoch_changes_the_chart_without_reload(site: Site) -> None:
    """Training and validation are two lines of one chart, which grows with each epoch."""
    monitor = keras.callbacks.RemoteMonitor(site.url)
    await asyncio.to_thread(monitor.on_epoch_end, 0, {"loss": 1.0, "val_loss": 2.0})
    async with site.http.get(f"{site.url}/api/v1/runs") as answer:
        run = (await answer.json())["items"][0]["id"]
    page = await site.open(f"/runs/{run}")

    await asyncio.to_thread(monitor.on_epoch_end, 1, {"loss": 0.5, "val_loss": 1.5})

    for source, points in (("raw:0", [[0, 1], [1, 0.5]]), ("raw:1", [[0, 2], [1, 1.5]])):
        await page.wait_for_function(
            "([s, n]) => window.agnez?.charts['epoch-0']?.sources[s] === n", arg=[source, 2]
        )
        data = await page.evaluate("s => window.agnez.data('epoch-0', s)", source)
        assert [list(p) for p in zip(data["x"], data["y"], strict=True)] == points
