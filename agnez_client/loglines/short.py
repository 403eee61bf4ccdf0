"""The short form for shells: ``name value [x]``."""

from __future__ import annotations

import re
from typing import Final

from agnez_client.loglines.forms import NUMBER
from agnez_client.loglines.reading import X_WORDS, Reading, is_name, number_of, step_of

_SHORT: Final = re.compile(
    r"(?:\"(?P<double>(?:[^\"\\]|\\[\"\\])++)\"|'(?P<single>[^']++)'|(?P<bare>[^\s\"'#]\S*+))"
    rf"\s++(?P<y>{NUMBER})(?:\s++(?P<x>{NUMBER}))?+"
)
_ESCAPE: Final = re.compile(r"\\([\"\\])")


def read_short(line: str) -> Reading | None:
    """
    The reading of ``name value [x]``; None if *line* has another form.

    A name with blanks stands in quotes, ``'val loss' 0.31``; in double ones a backslash stands
    before a quote and before itself. A bare Step, Iter or Epoch is no name: it is x in lines of
    logs. x is finite.
    """
    match = _SHORT.fullmatch(line.strip())
    if match is None or (match["bare"] or "").lower() in X_WORDS:
        return None
    double = match["double"]
    name = match["single"] or match["bare"] or _ESCAPE.sub(r"\1", double)
    x = step_of(match["x"]) if match["x"] else None
    if not is_name(name) or (match["x"] and x is None):
        return None
    return Reading(name, x, number_of(match["y"]))
