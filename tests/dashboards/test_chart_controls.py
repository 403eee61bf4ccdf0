"""What a reader can do with a chart, in a real browser."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from tests.browser.conftest import Site

STATE = "() => Object.values(window.agnez.charts)[0]"


async def chart_of(site: Site, y: list[Any], **more: Any) -> Page:
    """The page of a run with one chart of *y*."""
    answer = await site.post("/points", {"run": "look", "channel": "loss", "y": y, **more})
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await page.wait_for_function(f"n => ({STATE})().sources['raw:0'] === n", arg=len(y))
    return page


async def until(page: Page, condition: str) -> None:
    """Wait for *condition* on ``c``, the first chart's state."""
    await page.wait_for_function(f"() => {{ const c = ({STATE})(); return {condition}; }}")


async def source(page: Page, name: str) -> dict[str, list[float]]:
    """The columns of a Bokeh source of the first chart."""
    columns: dict[str, list[float]] = await page.evaluate(
        "name => window.agnez.data(Object.keys(window.agnez.charts)[0], name)", name
    )
    return columns


async def test_a_log_axis_marks_what_it_can_t_show(site: Site) -> None:
    """Zero and below get markers, the range is that of the positive values."""
    page = await chart_of(site, [100.0, 0.01, 0.0, -5.0])

    await page.get_by_role("button", name="Log").click()

    await until(page, "c.log && c.sources['odd:0'] === 2")
    await until(page, "c.range.y[0] > 0 && c.range.y[0] < 0.01 && c.range.y[1] > 100")


async def test_smoothing_leaves_the_points_alone(site: Site) -> None:
    """The line on top is smoothed, what was sent stays."""
    sent = [float(i % 2) for i in range(60)]
    page = await chart_of(site, sent)

    await page.get_by_label("Smoothing").fill("0.99")

    await page.wait_for_function(
        "() => { const id = Object.keys(window.agnez.charts)[0];"
        " return Math.abs(window.agnez.data(id, 'smooth:0').y[59] - 0.5) < 0.1; }"
    )
    assert (await source(page, "raw:0"))["y"] == sent


async def test_time_is_counted_from_the_start_of_the_run(site: Site) -> None:
    """The horizontal axis can be the clock."""
    wall = [1_763_736_000_000_000, 1_763_736_000_000_000 + 90_000_000]
    page = await chart_of(site, [1.0, 2.0], wall=wall)

    await page.get_by_role("button", name="Time").click()

    await until(page, "!c.loading && c.loads === 2")
    await until(page, "c.range.x[1] - c.range.x[0] > 90")
    x = (await source(page, "raw:0"))["x"]
    assert x[1] - x[0] == 90


async def test_a_drag_enlarges_and_a_double_click_shows_everything(site: Site) -> None:
    """Selecting a part asks for it at full resolution."""
    page = await chart_of(site, [float(i) for i in range(500)])
    box = await page.locator(".overlay").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2

    await page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    await page.mouse.up()
    await until(page, "c.zoomed && c.range.x[1] - c.range.x[0] < 150 && c.loads === 2")
    await page.locator(".overlay").dblclick()

    await until(page, "!c.zoomed && c.range.x[1] >= 499")


async def test_a_chart_can_be_used_by_keyboard(site: Site) -> None:
    """Plus zooms, zero resets, arrows read values."""
    page = await chart_of(site, [0.25, 0.5, 0.75])
    await page.locator(".overlay").focus()

    await page.keyboard.press("ArrowRight")
    await page.locator(".at", has_text="step 0").wait_for()
    await page.keyboard.press("ArrowRight")
    await page.locator(".at", has_text="step 1").wait_for()
    assert await page.locator(".value").first.inner_text() == "0.5000"
    await page.keyboard.press("+")
    await until(page, "c.zoomed")
    await page.keyboard.press("0")
    await until(page, "!c.zoomed")


async def test_pointing_at_one_chart_reads_all(site: Site) -> None:
    """The crosshair is shared."""
    first = await site.post("/points", {"run": "two", "channel": "a", "y": [1.0, 2.0, 3.0]})
    await site.post("/points", {"run": "two", "channel": "b", "y": [10.0, 20.0, 30.0]})
    page = await site.open(f"/runs/{first['runs'][0]}")
    await page.wait_for_function(
        "() => Object.values(window.agnez.charts).filter(c => c.painted > 0).length === 2"
    )

    await page.locator(".overlay").first.hover()

    await page.locator(".at", has_text="step 1").nth(1).wait_for()
    assert await page.locator(".value").nth(2).inner_text() == "20"


async def test_a_line_can_be_hidden(site: Site) -> None:
    """What remains gets the whole height."""
    answer = await site.post("/points", {"run": "two", "channel": "small", "y": [1.0, 2.0]})
    run = answer["runs"][0]
    await site.post("/points", {"run": "two", "channel": "large", "y": [500.0, 900.0]})
    await site.post(f"/runs/{run}/charts", {"title": "both", "channels": ["small", "large"]})
    page = await site.open(f"/runs/{run}")
    await until(page, "c.range?.y[1] > 900")

    line = page.get_by_title("large", exact=True)
    await line.click()

    await until(page, "c.range.y[1] < 3")
    assert await line.get_attribute("aria-pressed") == "false"


async def test_a_chart_fills_the_window_and_comes_back(site: Site) -> None:
    """Escape leads back to the grid."""
    page = await chart_of(site, [1.0, 2.0])

    await page.get_by_role("button", name="Enlarge").click()
    box = await page.locator(".card").bounding_box()
    assert box is not None and box["width"] > 1200
    await page.get_by_role("heading", name="loss").click()  # nothing in the card has the focus
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Enlarge").wait_for()


async def test_a_click_beside_an_enlarged_chart_brings_the_grid_back(site: Site) -> None:
    """What lies behind it is not clicked."""
    page = await chart_of(site, [1.0, 2.0])
    await page.get_by_role("button", name="Enlarge").click()

    await page.mouse.click(5, 20)

    await page.get_by_role("button", name="Enlarge").wait_for()
    assert "/runs/" in page.url


async def test_the_last_value_is_that_of_the_curve(site: Site) -> None:
    """It does not wait for the figures that are asked for every other second."""
    page = await chart_of(site, [1.0, 2.0])
    await page.route("**/channels", lambda route: None)

    await site.post("/points", {"run": "look", "channel": "loss", "x": 2, "y": 7.5})

    await page.locator(".value", has_text="7.500").wait_for()


async def test_a_last_value_that_is_nan_is_told_once(site: Site) -> None:
    """The badge says it, with its count."""
    page = await chart_of(site, [1.0, "NaN", "NaN"])

    assert (await page.locator(".legend-item").inner_text()).split("\n")[-1] == "NaN × 2"


async def test_the_mode_that_was_chosen_is_kept(site: Site) -> None:
    """Dark stays dark after a reload."""
    page = await chart_of(site, [1.0])

    await page.get_by_role("button", name="Dark mode").click()
    await page.reload()
    await page.evaluate("() => window.agnez.ready")

    assert await page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    await page.get_by_role("button", name="Light mode").wait_for()


async def test_charts_are_found_by_the_name_of_a_channel(site: Site) -> None:
    """With many charts, a part of a name brings the few that fit."""
    for name in ("loss", "accuracy", "lr", "norm", "speed"):
        answer = await site.post("/points", {"run": "many", "channel": name, "y": [1.0]})
    page = await site.open(f"/runs/{answer['runs'][0]}")

    await page.get_by_label("Find charts").fill("ACC")

    await page.get_by_role("heading", name="loss").wait_for(state="hidden")
    assert await page.locator(".card:visible").count() == 1


async def test_a_run_without_points_says_so_and_gets_its_chart(site: Site) -> None:
    """The page of a run that has just begun is not blank."""
    run = await site.post("/runs", {"name": "fresh"})
    page = await site.open(f"/runs/{run['id']}")
    await page.get_by_role("heading", name="No numbers yet").wait_for()

    await site.post("/points", {"run": run["id"], "channel": "loss", "y": 1.0})

    await page.get_by_role("heading", name="loss").wait_for()


async def test_details_are_a_sheet_on_a_phone(site: Site) -> None:
    """It opens over the page, takes the focus, and Escape closes it."""
    page = await chart_of(site, [1.0])
    await page.set_viewport_size({"width": 390, "height": 844})
    sheet = page.get_by_role("complementary", name="Details")
    await sheet.wait_for(state="hidden")

    await page.get_by_role("button", name="Details").click()
    await sheet.wait_for()
    await page.keyboard.press("Escape")

    await sheet.wait_for(state="hidden")


async def test_zooming_away_from_a_place_clears_it_everywhere(site: Site) -> None:
    """No other chart goes on showing what the keyboard has left."""
    first = await site.post("/points", {"run": "two", "channel": "a", "y": [1.0, 2.0, 3.0]})
    await site.post("/points", {"run": "two", "channel": "b", "y": [10.0, 20.0, 30.0]})
    page = await site.open(f"/runs/{first['runs'][0]}")
    await page.wait_for_function(
        "() => Object.values(window.agnez.charts).filter(c => c.painted > 0).length === 2"
    )
    await page.locator(".overlay").first.focus()
    await page.keyboard.press("ArrowRight")
    await page.locator(".at", has_text="step 0").nth(1).wait_for()

    await page.keyboard.press("+")

    await page.locator(".at", has_text="step").nth(0).wait_for(state="detached")
    assert await page.locator(".cross:visible").count() == 0


async def test_on_a_phone_the_toolbar_has_two_rows(site: Site) -> None:
    """Also with the search that comes with many charts."""
    for name in ("loss", "accuracy", "lr", "norm", "speed"):
        answer = await site.post("/points", {"run": "many", "channel": name, "y": [1.0]})
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_label("Find charts").wait_for()

    box = await page.locator(".head-tools").bounding_box()

    assert box is not None and box["height"] < 3 * 44
