"""
Bare Bokeh: a page with nothing but charts, from a server that serves nothing else. It is what the
pages of Agnez are measured beside.

    python benchmarks/_bare.py [CHARTS]     prints its address, and serves until it is ended

`/` draws them once; `window.paintFlatOut(seconds)` of that page then gives them new columns and
ranges, all in each browser frame, and tells how many paints of a chart there were in a second.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from aiohttp import web
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from agnez_dashboards import bokeh_js_gzip

POINTS = 2000
"""Of a line: as many as a chart of the pages has in its pixel columns."""

PAGE = """<!doctype html><meta charset="utf-8"><title>bare</title>
<script defer src="bokeh.min.js"></script><script defer src="bare.js"></script>
<style>#figure { display: grid; grid-template-columns: repeat(auto-fill, 400px); }
#figure > div { width: 400px; height: 236px; }</style>
<body><div id="figure"></div><script type="application/json" id="items">%s</script>"""

SCRIPT = """
const views = [];
const drawn = (async () => {
    for (const item of JSON.parse(document.getElementById("items").textContent)) {
        const place = document.createElement("div");
        document.getElementById("figure").append(place);
        views.push([...(await Bokeh.embed.embed_item(item, place))][0]);
        window.filled = true;
    }
})();
window.paintFlatOut = async (seconds) => {
    await drawn;
    const models = views.map(({ model }) => ({
        source: model.document.get_model_by_name("line"), x: model.document.get_model_by_name("x"),
    }));
    const end = performance.now() + 1000 * seconds, began = performance.now();
    let paints = 0, round = 0;
    while (performance.now() < end) {
        round++;
        for (const { source, x } of models) {
            const columns = { x: source.data.x.map((at) => at + 1), y: source.data.y.slice() };
            columns.y[round % columns.y.length] += 0.01;
            source.data = columns;
            x.setv({ start: x.start + 1, end: x.end + 1 });
            paints++;
        }
        await new Promise(requestAnimationFrame);
        await new Promise((resolve) => setTimeout(resolve));
    }
    return 1000 * paints / (performance.now() - began);
};
"""


def item(n: int) -> object:
    """One chart with a line, as JSON for `Bokeh.embed`."""
    y = np.cumsum(np.random.default_rng(n).normal(size=POINTS))
    source = ColumnDataSource({"x": np.arange(float(POINTS)), "y": y}, name="line")
    plot = figure(
        sizing_mode="stretch_both", toolbar_location=None, tools="",
        x_range=Range1d(0, POINTS, name="x"), y_range=Range1d(float(y.min()), float(y.max())),
    )  # fmt: skip
    plot.line("x", "y", source=source)
    return json_item(plot)


async def serve(charts: int) -> None:
    """Serve until the end of standard input."""
    page = PAGE % json.dumps([item(n) for n in range(charts)]).replace("</", "<\\/")

    async def get(request: web.Request) -> web.Response:
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        if request.path == "/bokeh.min.js":
            head = {"Content-Encoding": "gzip", **kept}
            return web.Response(body=bokeh_js_gzip(), content_type="text/javascript", headers=head)
        if request.path == "/bare.js":
            return web.Response(text=SCRIPT, content_type="text/javascript", headers=kept)
        return web.Response(text=page, content_type="text/html")

    bokeh_js_gzip()
    app = web.Application()
    app.router.add_get("/{path:.*}", get)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://localhost:{runner.addresses[0][1]}/", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@contextmanager
def bare_server(charts: int) -> Iterator[str]:
    """The address of a page with so many charts, while the context is open."""
    command = [sys.executable, str(Path(__file__).resolve()), str(charts)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve(int((sys.argv[1:] or ["1"])[0])))
