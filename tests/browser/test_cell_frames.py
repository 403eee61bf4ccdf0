"""HTML of cells as plotting libraries make it: drawn without the internet, as large as it is."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import mpld3
import pytest
from bokeh.embed import file_html
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataTable, Slider, TableColumn
from bokeh.plotting import figure
from bokeh.resources import CDN
from playwright.async_api import Page

from tests.browser.cells import card, content, make, patch
from tests.browser.conftest import Site

mpl.use("Agg")
import matplotlib.pyplot as plt  # after the choice of what draws

BLOCKED = ("Content Security Policy",)
CANVAS = "canvas"


@pytest.fixture
def figure_html() -> Iterator[str]:
    """What mpld3 makes of a curve of three points, by its template "general"."""
    fig, axes = plt.subplots()
    axes.plot([1, 2, 3])
    axes.set_title("loss")
    yield mpld3.fig_to_html(fig)
    plt.close(fig)


def bokeh_html(width: int = 300) -> str:
    """A page with a Bokeh plot, whose scripts lie at cdn.bokeh.org."""
    plot = figure(width=width, height=200)
    plot.line([1, 2, 3], [3, 1, 2])
    return str(file_html(plot, CDN, "plot"))


async def open_cells(site: Site) -> Page:
    """The start page with all cards in sight."""
    page = await site.page()
    await page.set_viewport_size({"width": 1280, "height": 3000})
    await page.goto(site.url)
    return page


async def height_of(page: Page, id: str, wanted: int, give: int = 2) -> None:
    """Wait until the frame of a cell is about as high as *wanted* pixels."""
    await page.wait_for_function(
        """([id, wanted, give]) => {
            const frame = document.querySelector(`[data-cell="${id}"] iframe:not([aria-hidden])`);
            return frame && Math.abs(frame.clientHeight - wanted) <= give;
        }""",
        arg=[id, wanted, give],
    )


# -- libraries -------------------------------------------------------------------------------


async def test_mpld3_draws_without_the_internet(site: Site) -> None:
    """By each template, and as older versions name their scripts; its lines are as they were."""
    fig, axes = plt.subplots()
    axes.plot([1, 2, 3])
    htmls = {t: mpld3.fig_to_html(fig, template_type=t) for t in ("general", "simple", "notebook")}
    plt.close(fig)
    htmls["old"] = (
        htmls["general"]
        .replace("https://d3js.org/d3.v5.js", "https://mpld3.github.io/js/d3.v3.min.js")
        .replace("/mpld3.v0.5.12.js", "/mpld3.v0.3.min.js")
    )
    htmls["cdn"] = (
        htmls["simple"]
        .replace("https://d3js.org/d3.v5.js", "https://cdn.jsdelivr.net/npm/d3@5")
        .replace("https://mpld3.github.io/js/", "https://cdn.jsdelivr.net/npm/mpld3@0.5.12/dist/")
    )
    ids = {name: await make(site, name, value=html) for name, html in htmls.items()}
    page = await open_cells(site)

    for id in ids.values():
        line = content(page, id).locator("svg.mpld3-figure path.mpld3-path")
        await line.wait_for()
        assert (await line.get_attribute("d") or "").count("L") == 2


async def test_bokeh_draws_without_the_internet(site: Site) -> None:
    """Plots, widgets and tables; with words where it was made for another major version."""
    source = ColumnDataSource({"a": [7, 8]})
    table = DataTable(source=source, columns=[TableColumn(field="a", title="A")], height=100)
    widgets = file_html(column(Slider(start=0, end=9, value=3, title="lr"), table), CDN, "w")
    plot = await make(site, "plot", value=bokeh_html())
    parts = await make(site, "parts", value=str(widgets))
    old = await make(site, "old", value=bokeh_html().replace("bokeh-3.", "bokeh-2."))
    page = await open_cells(site)

    await content(page, plot).locator(CANVAS).first.wait_for()
    await content(page, parts).get_by_text("lr").wait_for()
    await content(page, parts).locator(".slick-cell", has_text="8").wait_for()
    await card(page, old).get_by_text("Made with Bokeh 2.").wait_for()
    assert await card(page, plot).locator(".sandbox-note").is_hidden()


async def test_each_library_is_fetched_once(site: Site, figure_html: str) -> None:
    """However many cells show it, however often they change."""
    fetched = list[str]()
    ids = [await make(site, str(i), value=figure_html) for i in range(2)]
    page = await site.page()
    page.on("request", lambda request: fetched.append(request.url))
    await page.goto(site.url)
    for id in ids:
        await content(page, id).locator("svg.mpld3-figure").wait_for()
    await patch(site, ids[0], value=figure_html.replace("loss", "accuracy"))
    await content(page, ids[0]).get_by_text("accuracy").wait_for()

    libraries = [url for url in fetched if "/static/d3-" in url or "/static/mpld3-" in url]
    assert len(libraries) == 2


async def test_what_is_not_loaded_is_told(site: Site) -> None:
    """In a line below: of whom, and what; the rest is shown."""
    site.forgiven = BLOCKED
    html = """<p>text</p><script src="https://cdn.plot.ly/plotly-3.0.1.min.js"></script>
        <img src="https://pictures.example/a.png"><img src="/images/b.png">"""
    id = await make(site, "asks", value=html)
    page = await open_cells(site)

    note = card(page, id).locator(".sandbox-note")
    await note.get_by_text("this server").wait_for()

    assert await note.inner_text() == (
        "This HTML asks cdn.plot.ly, pictures.example and this server for scripts and images, "
        "which are not loaded here."
    )
    await content(page, id).get_by_text("text").wait_for()
    site.complaints.clear()  # to have asked is no complaint here: it is what was told


async def test_scripts_in_the_html_itself_run(site: Site) -> None:
    """As with plotly's `include_plotlyjs=True`: also from data: addresses, and by eval."""
    html = """<p id=out></p><script src="data:text/javascript,window.one=1"></script>
        <script>out.textContent = `sum ${one + eval("1+1")}`</script>"""
    id = await make(site, "own", value=html)
    page = await open_cells(site)

    await content(page, id).get_by_text("sum 3").wait_for()


# -- size ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<body style='margin:0'><div id=d style='height:HEIGHTpx'></div>",
        "<!doctype html><style>html,body{height:100%;margin:0}</style>"
        "<div id=d style='height:HEIGHTpx'></div>",
        "<!doctype html><style>body{min-height:100vh;margin:0}</style>"
        "<div id=d style='height:HEIGHTpx'></div>",
    ],
    ids=["plain", "as high as its window", "at least as high as its window"],
)
async def test_the_height_follows_the_content(site: Site, html: str) -> None:
    """When it is shown, when it grows, and when it shrinks."""
    id = await make(site, "high", value=html.replace("HEIGHT", "300"))
    page = await open_cells(site)
    await height_of(page, id, 300)

    for height in (700, 150):
        await (
            content(page, id)
            .locator("#d")
            .evaluate("(d, height) => { d.style.height = `${height}px` }", height)
        )
        await height_of(page, id, height)

    await patch(site, id, value=html.replace("HEIGHT", "400"))
    await height_of(page, id, 400)


async def test_content_that_follows_its_window_does_not_grow_for_ever(site: Site) -> None:
    """Each height would ask for a larger one; it stops soon."""
    id = await make(site, "grows", value="<div style='height:100vh;padding:20px'></div>")
    page = await open_cells(site)
    frame = card(page, id).locator("iframe:not([aria-hidden])")
    await frame.wait_for()

    heights = [
        await frame.evaluate("f => new Promise(r => setTimeout(() => r(f.clientHeight), 300))")
        for _ in range(3)
    ]

    assert heights[1] == heights[2] < 600


async def test_what_is_wider_than_its_card_is_made_smaller(site: Site) -> None:
    """As a picture is: all of it is in sight, and a pointer hits what it points at."""
    html = """<body style="margin:0"><div style="width:1800px;height:600px"></div>
        <button style="position:absolute;left:1700px;top:200px;width:90px"
        onclick="this.textContent='hit'">far</button>"""
    id = await make(site, "wide", value=html)
    page = await open_cells(site)
    button = content(page, id).locator("button")
    await button.wait_for()
    await page.wait_for_function("() => document.querySelector('.sandbox-frame').style.transform")

    stage = await card(page, id).locator(".sandbox-stage").bounding_box()
    assert stage is not None
    scale = stage["width"] / 1800
    await page.mouse.click(stage["x"] + 1745 * scale, stage["y"] + 210 * scale)

    await content(page, id).get_by_text("hit").wait_for()
    assert scale < 1
    assert abs(stage["height"] - 600 * scale) <= 2


# -- changing --------------------------------------------------------------------------------


async def test_what_was_shown_stays_until_the_new_is_drawn(site: Site) -> None:
    """A page that takes a second to draw does not leave a hole for that second."""
    id = await make(site, "a", value="<p>first</p>")
    page = await open_cells(site)
    await content(page, id).get_by_text("first").wait_for()
    await page.evaluate(
        """(id) => {
            const stage = document.querySelector(`[data-cell="${id}"] .sandbox-stage`);
            window.holes = 0;
            new MutationObserver(() => {
                window.holes += stage.querySelector("iframe:not([aria-hidden])") === null;
            }).observe(stage, { childList: true, subtree: true, attributes: true });
        }""",
        id,
    )
    slow = "<script>for (const end = performance.now() + 800; performance.now() < end;);</script>"

    await patch(site, id, value=f"{slow}<p>second</p>")
    await content(page, id).get_by_text("second").wait_for()

    assert await page.evaluate("() => window.holes") == 0
    frames = card(page, id).locator("iframe")
    assert await frames.and_(page.locator(":not([aria-hidden])")).count() == 1
    assert await frames.count() <= 2  # one waits empty for what comes next
