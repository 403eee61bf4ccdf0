"""
Bokeh for the figures: a server begins without it, and loads it beside the loop when it is needed.

Loading takes half a second and 40 MB, which nobody spends who only sends. It begins when somebody
opens a page, the list or a run: so it is done before the first figure is asked for.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from agnez_dashboards import load_figures
from agnez_server.keys import READERS


def figures_loading(app: web.Application) -> asyncio.Future[None]:
    """Done when a figure can be built without a wait; loading begins with the first call."""
    return asyncio.get_running_loop().run_in_executor(app[READERS], load_figures)
