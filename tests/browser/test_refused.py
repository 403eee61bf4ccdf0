"""What was refused, in a real browser."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.recorded import Recorded

WHY = "<b>y</b> is str, expected an array of numbers"


async def test_a_chart_whose_entries_were_all_refused_says_why(site: Site) -> None:
    """As text, in the empty chart and in the details; what is refused later is counted there."""
    run = Recorded(site, "refused")
    await run.tell(
        {"kind": "channel", "n": 0, "name": "confusion", "type": "CONFUSION_MATRIX"},
        {"kind": "channel", "n": 1, "name": "quiet", "type": "HISTOGRAM"},
        {"kind": "dropped", "n": 0, "count": 6, "reason": WHY},
    )

    page = await site.open(f"/runs/{run.run}")

    cards = page.locator(".entry-empty")
    await expect(cards).to_have_text([f"6 refused: {WHY}", "Nothing sent yet."])
    await expect(page.locator(".details .facts", has_text="confusion")).to_contain_text(f"6: {WHY}")
