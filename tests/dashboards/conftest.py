"""The browser tests of this folder look at a real server, with the fixtures of `tests/browser`."""

from __future__ import annotations

from tests.browser.conftest import browser, site

__all__ = ["browser", "site"]
