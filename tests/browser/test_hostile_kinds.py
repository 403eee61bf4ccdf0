"""What a run sends may be hostile: its scripts reach neither the page nor the server."""

from __future__ import annotations

from tests.browser.conftest import Site
from tests.browser.entries import Entries, card

SCRIPT = "<script>window.pwned=1</script><img src=x onerror=window.pwned=2>"

# Tries what a hostile script would, and writes what came of it into its own page.
REACHING = """<!doctype html><body style="height:333px">
<pre id=out></pre><script>
(async () => {
  const tries = {
    page: () => parent.document.title,
    storage: () => localStorage.length,
    cookie: () => document.cookie,
    top: () => { top.location = "/login"; return "moved"; },
    api: async () => (await fetch("/api/v1/runs")).status,
    popup: () => String(window.open("/")),
  };
  const found = {};
  for (const [name, go] of Object.entries(tries)) {
    try { found[name] = String(await go()); } catch (error) { found[name] = "refused"; }
  }
  parent.postMessage({ agnez: true, kind: "height", value: 1e9 }, "*");
  parent.postMessage({ kind: "anything", value: { toString: null } }, "*");
  document.getElementById("out").textContent = JSON.stringify(found);
})();
</script>"""


async def test_html_runs_its_script_and_reaches_nothing(site: Site) -> None:
    """No page around it, no storage, no cookie, no request; its height is only a wish."""
    # The browser logs each attempt: they are what this test is about.
    site.forgiven = ("frame", "Content Security Policy", "sandbox", "popup", "Fetch API")
    entries = Entries(site)
    blob = await entries.blob(REACHING.encode(), "text/html")
    await entries.send("page", "HTML", 1, blob)
    page = await entries.open()
    frame = card(page, "page").frame_locator("iframe")

    out = frame.locator("#out", has_text="popup")
    await out.wait_for()

    text = await out.inner_text()
    assert '"page":"refused","storage":"refused","cookie":"refused"' in text
    assert '"api":"refused"' in text
    assert '"popup":"null"' in text
    assert f"/runs/{entries.run}" in page.url
    height = await card(page, "page").locator("iframe").evaluate("f => f.clientHeight")
    assert height <= 2000


async def test_no_text_of_an_entry_is_markup(site: Site) -> None:
    """Names of channels and classes, captions, labels, cells, curves: all stay words."""
    entries = Entries(site)
    box = {"box": [1, 1, 9, 9], "class": 1, "label": SCRIPT}
    item = await entries.image(9, caption=SCRIPT, classes={"1": SCRIPT}, boxes=[box])
    await entries.send(f"image {SCRIPT}", "IMAGE", 1, {"items": [item]})
    await entries.send("plain", "TEXT", 1, {"text": SCRIPT, "format": "plain"})
    table = {"columns": [SCRIPT], "rows": [[SCRIPT], ["other"]]}
    await entries.send("table", "TABLE", 1, table)
    script = "<script>window.pwned=1</script>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{script}</svg>'
    figure = {"format": "svg", **await entries.blob(svg.encode(), "image/svg+xml")}
    await entries.send("svg", "FIGURE", 1, figure)
    curve = {"label": SCRIPT, "positives": 1, "total": 2, "fpr": [0, 1], "tpr": [0, 1], "auc": 0.5}
    await entries.send("roc", "ROC_CURVE", 1, {"curves": [curve]})
    matrix = {"labels": [SCRIPT, "b"], "counts": [[1, 2], [3, 4]]}
    await entries.send("matrix", "CONFUSION_MATRIX", 1, matrix)
    page = await entries.open()
    await page.set_viewport_size({"width": 1280, "height": 3000})  # all cards in sight
    await card(page, "plain").get_by_text(SCRIPT).wait_for()
    await card(page, "table").get_by_text(SCRIPT).first.wait_for()
    await card(page, "svg").locator("img").wait_for()
    await page.get_by_role("tab", name="Charts").click()
    await card(page, "roc").get_by_text("AUC 0.500").wait_for()
    await card(page, "matrix").get_by_text("accuracy 50").wait_for()

    assert await page.evaluate("() => window.pwned") is None
    assert await page.locator("main script, main [onerror]").count() == 0


async def test_markdown_that_would_hold_the_page_up_is_shown_as_sent(site: Site) -> None:
    """Emphasis that never ends, and quotes 30,000 deep; what is many but harmless is laid out."""
    entries = Entries(site)
    texts = {"stars": "*a_" * 60_000, "deep": "> " * 30_000 + "x", "list": "- **a**\n" * 9000}
    for name, text in texts.items():
        await entries.send(name, "TEXT", 1, {"text": text, "format": "markdown"})
    page = await entries.open()
    await page.set_viewport_size({"width": 1280, "height": 3000})  # all cards in sight

    for name in ("stars", "deep"):
        sent = card(page, name).locator("pre.plain-text")
        await sent.wait_for()
        assert await sent.text_content() == texts[name]
    await card(page, "list").locator("li strong").first.wait_for()
