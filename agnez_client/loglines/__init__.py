"""
Numbers out of the lines that a training prints; `docs/from-logs.md` lists the forms.

Only the standard library: the server reads this room too.
"""

from __future__ import annotations

from agnez_client.loglines.reader import LogReader, read_line
from agnez_client.loglines.reading import Reading
from agnez_client.loglines.short import read_short

__all__ = ["LogReader", "Reading", "read_line", "read_short"]
