"""Each kind of entry as a reader sees it."""

from __future__ import annotations

import io
import json
import wave
from typing import Any

import numpy as np
from bokeh.embed import json_item
from bokeh.plotting import figure
from PIL import Image
from playwright.async_api import Page

from tests.browser.conftest import Site
from tests.browser.entries import Entries, card, columns, png, stands_at

CURVE = {"label": "cat", "positives": 2, "total": 4}


async def wait_columns(page: Page, title: str, source: str, condition: str) -> dict[str, Any]:
    """The columns of a source once *condition* on ``s`` holds."""
    await page.wait_for_function(
        f"""([title, source]) => {{
            const found = Object.entries(window.agnez.charts).find(([, c]) => c.title === title);
            if (!found?.[1].mounted) return false;
            const s = window.agnez.data(found[0], source);
            return {condition}; }}""",
        arg=[title, source],
    )
    return await columns(page, title, source)


async def test_an_image_with_its_overlays(site: Site) -> None:
    """Boxes with names and scores, masks in colours, keypoints; each can be turned off."""
    entries = Entries(site)
    mask = np.zeros((48, 64), np.uint8)
    mask[:24] = 3
    item = await entries.image(
        90, caption="a street", classes={"3": "car", "5": "person"},
        boxes=[{"box": [8, 8, 32, 40], "class": 3, "score": 0.9},
               {"box": [40, 8, 60, 40], "class": 5, "score": 0.2}],
        masks=[{**await entries.blob(png(mask), "image/png"), "name": "m"}],
        keypoints=[{"points": [[10, 10, 1], [20, 20, 1]], "skeleton": [[0, 1]]}],
    )  # fmt: skip
    await entries.send("scene", "IMAGE", 1, {"items": [item]})
    page = await entries.open()
    scene = card(page, "scene")
    await scene.get_by_text("car 0.90").wait_for()
    await scene.locator(".mask-layer canvas").wait_for()
    pixel = await scene.locator(".mask-layer canvas").evaluate(
        "c => [10, 40].map((y) => c.getContext('2d').getImageData(10, y, 1, 1).data[3])"
    )
    assert pixel == [255, 0]

    await scene.get_by_role("button", name="Overlays").click()
    await scene.get_by_label("Lowest score").fill("0.5")
    await scene.get_by_text("person 0.20").wait_for(state="detached")
    await scene.get_by_label("Boxes").uncheck()
    await scene.get_by_text("car 0.90").wait_for(state="detached")
    await page.keyboard.press("Escape")
    await scene.get_by_role("button", name="Open a street large").click()

    large = page.get_by_role("dialog")
    await large.get_by_role("button", name="Zoom in").click()
    await page.keyboard.press("Escape")
    await large.wait_for(state="detached")


async def test_markdown_is_words_and_no_code(site: Site) -> None:
    """Headings and lists; no script, no foreign picture, no address that runs something."""
    site.forgiven = ("inline event handler",)  # told while the text is taken apart
    entries = Entries(site)
    text = (
        "# Title\n\n[ok](https://ok.example/)\n\n- item\n\n"
        "<script>window.pwned = 1</script><img src=x onerror='window.pwned=2'>"
        "\n\n![far](https://far.example/p.png) [run](javascript:window.pwned=3)"
        " <b onclick='window.pwned=4'>bold</b>"
        " <form action='/api'><input name=q></form><style>*{display:none}</style>"
        "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>"
    )
    await entries.send("report", "TEXT", 1, {"text": text, "format": "markdown"})
    page = await entries.open()
    report = card(page, "report")

    await report.get_by_role("heading", name="Title").wait_for()

    link = report.get_by_role("link", name="ok")
    assert await link.get_attribute("rel") == "noopener noreferrer"
    assert (
        await report.locator("script, img, form, style, svg a, [onclick], [onerror]").count() == 0
    )
    assert await report.locator("a[href^='javascript']").count() == 0
    await report.get_by_text("bold").click()
    assert await page.evaluate("() => window.pwned") is None


async def test_a_long_table_is_sorted_and_filtered(site: Site) -> None:
    """Of 5,000 rows only those in sight are in the page; a click sorts, typing filters."""
    entries = Entries(site)
    rows = [[n, f"name {n}", (n * 37) % 5000] for n in range(5000)]
    data = json.dumps({"columns": ["n", "name", "value"], "rows": rows}).encode()
    blob = await entries.blob(data, "application/json")
    body = {"columns": ["n", "name", "value"], "count": 5000, "blob": blob}
    await entries.send("rows", "TABLE", 1, body)
    page = await entries.open()
    table = card(page, "rows")
    await table.get_by_text("5,000 rows").wait_for()
    assert await table.locator("tbody tr").count() < 100

    await table.get_by_role("button", name="value").click()
    await table.get_by_role("button", name="value").click()
    top = max(rows, key=lambda row: row[2])
    await table.locator("tbody tr:not(.table-gap)").first.get_by_text(str(top[1])).wait_for()

    await table.get_by_label("Filter rows").fill("name 4999")
    await table.get_by_text("1 of 5,000 rows").wait_for()


async def test_sound_is_drawn_and_played(site: Site) -> None:
    """The waveform comes from the file; the player knows how long it is."""
    entries = Entries(site)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((np.sin(np.arange(8000) / 5) * 30_000).astype("<i2").tobytes())
    blob = await entries.blob(file.getvalue(), "audio/wav")
    body = {"items": [{**blob, "seconds": 1.0, "rate": 8000, "channels": 1, "caption": "hum"}]}
    await entries.send("sound", "AUDIO", 1, body)
    page = await entries.open()
    sound = card(page, "sound")

    await sound.get_by_text("hum").wait_for()
    await page.wait_for_function("() => document.querySelector('audio')?.duration === 1")
    await page.wait_for_function(
        """() => { const c = document.querySelector(".wave");
            return c.width > 1 && c.getContext("2d").getImageData(c.width / 2, 0, 1, c.height)
                .data.some((v) => v > 0); }"""
    )


async def test_an_animation_is_shown(site: Site) -> None:
    """In an image format it moves by itself."""
    entries = Entries(site)
    frames = [Image.new("RGB", (32, 24), (n * 60, 0, 0)) for n in range(4)]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    blob = await entries.blob(file.getvalue(), "image/webp")
    await entries.send("film", "VIDEO", 1, {"items": [{**blob, "width": 32, "height": 24}]})
    page = await entries.open()

    await card(page, "film").locator("img").wait_for()
    await page.wait_for_function(
        "() => document.querySelector('.video-item img').naturalWidth === 32"
    )


async def test_a_bokeh_figure_is_interactive_in_its_frame(site: Site) -> None:
    """It is drawn by Bokeh's script inside the sandbox; an SVG is a picture."""
    entries = Entries(site)
    plot = figure(width=300, height=200, title="inside")
    plot.line([0, 1], [0, 1])
    item = await entries.blob(json.dumps(json_item(plot)).encode(), "application/json")
    await entries.send("live plot", "FIGURE", 1, {"format": "bokeh", **item})
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="9"/></svg>'
    blob = await entries.blob(svg.encode(), "image/svg+xml")
    await entries.send("still", "FIGURE", 1, {"format": "svg", **blob})
    page = await entries.open()

    frame = card(page, "live plot").frame_locator("iframe")
    await frame.locator(".bk-Figure").wait_for()
    await page.wait_for_function(
        "() => document.querySelector('.figure-image').naturalWidth === 90"
    )


async def test_histograms_are_one_image_over_steps(site: Site) -> None:
    """Each step by its own maximum; the pointer reads bins; the ridgeline has a slice a step."""
    entries = Entries(site)
    for x, counts in ((0, [1, 3]), (1, [40, 0]), (2, [5, 5])):
        body = {
            "counts": counts,
            "edges": [-1.0, 0.0, 1.0],
            "total": sum(counts),
            "nan": 2,
            "inf": 0,
        }
        await entries.send("weights", "HISTOGRAM", x, body)
    page = await entries.open("charts")
    heat = await wait_columns(page, "weights", "heat", "s.dw[0] === 3")
    assert (heat["x"], heat["y"], heat["dh"]) == ([-0.5], [-1], [2])
    weights = card(page, "weights")
    box = await weights.locator(".overlay").bounding_box()
    assert box is not None

    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7)
    await weights.get_by_text("step 1 · −1 to 0: 40 (100 %) · 2 NaN left out").wait_for()
    await weights.get_by_role("button", name="Ridgeline").click()

    await wait_columns(page, "weights", "ridges", "s.xs.length === 3")


async def test_a_new_histogram_is_one_more_column(site: Site) -> None:
    """Live, without a reload."""
    entries = Entries(site)
    body = {"counts": [1, 3], "edges": [0.0, 1.0, 2.0], "total": 4, "nan": 0, "inf": 0}
    await entries.send("weights", "HISTOGRAM", 0, body)
    page = await entries.open("charts")
    await wait_columns(page, "weights", "heat", "s.dw[0] === 1")

    await entries.send("weights", "HISTOGRAM", 1, body)

    await wait_columns(page, "weights", "heat", "s.dw[0] === 2")


async def test_curves_with_their_areas(site: Site) -> None:
    """The curve of the step that the slider stands at."""
    entries = Entries(site)
    for x, ap in ((1, 0.5), (2, 0.75)):
        curve = {**CURVE, "precision": [0.5, 1.0, 1.0], "recall": [1.0, 0.5, 0.0],
                 "thresholds": [0.2, 0.8], "ap": ap}  # fmt: skip
        await entries.send("pr", "PR_CURVE", x, {"curves": [curve]})
        roc = {**CURVE, "fpr": [0.0, 0.5, 1.0], "tpr": [0.0, 1.0, 1.0], "auc": ap}
        await entries.send("roc", "ROC_CURVE", x, {"curves": [roc]})
    page = await entries.open("charts")
    pr = card(page, "pr")
    await pr.get_by_text("AP 0.750").wait_for()
    await card(page, "roc").get_by_text("AUC 0.750").wait_for()
    found = await columns(page, "pr", "curves")
    assert (found["xs"], found["ys"]) == ([[1.0, 0.5, 0.0]], [[0.5, 1.0, 1.0]])

    await pr.get_by_role("slider").press("ArrowLeft")
    await pr.get_by_text("AP 0.500").wait_for()
    await stands_at(page, "pr", 1)


async def test_a_confusion_matrix_as_counts_and_as_shares(site: Site) -> None:
    """Rows are the truth; each row of shares sums to 100 %."""
    entries = Entries(site)
    body = {"labels": ["cat", "dog"], "counts": [[3, 1], [0, 6]]}
    await entries.send("confusion", "CONFUSION_MATRIX", 1, body)
    page = await entries.open("charts")
    confusion = card(page, "confusion")
    await confusion.get_by_text("accuracy 90").wait_for()
    shown = await wait_columns(page, "confusion", "figures", "s.text.length === 4")
    assert shown["text"] == ["3", "1", "0", "6"]

    await confusion.get_by_role("button", name="Rows in %").click()
    await wait_columns(page, "confusion", "figures", "s.text.join() === '75,25,0,100'")
    await confusion.locator(".overlay").press("ArrowRight")
    await confusion.locator(".overlay").press("ArrowRight")

    await confusion.get_by_text("cat taken for dog: 1 (25").wait_for()
