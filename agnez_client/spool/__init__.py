"""The crash-safe buffer between `send()` and the server; its rules stand in `docs/sdk.md`."""

from __future__ import annotations
