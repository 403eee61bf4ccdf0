"""Lines that are a dictionary: JSON, or Python's as the trainer of Hugging Face prints it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from agnez_client.loglines.forms import NUMBER
from agnez_client.loglines.reading import X_WORDS, Reading, is_name, number_of, step_of

_ITEM: Final = re.compile(
    rf"(?:(?<=\{{)|,)\s{{0,8}}+(?P<q>['\"])(?P<name>[^'\"\\]{{1,300}}+)(?P=q)\s{{0,8}}+:\s{{0,8}}+"
    rf"(?P<v>['\"]?+)(?:(?:np|numpy)\.float\d\d\()?+(?P<y>{NUMBER})\)?+(?P=v)\s{{0,8}}+(?=[,}}])"
)
_NO_CURVES: Final = {
    *("time", "timestamp", "ts", "wall", "date", "level", "pid", "lineno", "line", "rank"),
    *("thread", "process", "created", "msecs", "_step", "_runtime", "_timestamp"),
}
"""Numbers that loggers write beside those of a training."""


def read_dictionary(text: str) -> list[Reading]:
    """
    The numbers of *text*, which begins with a brace; those of inner objects as ``outer/inner``.

    Nothing where no step is named on the first level: a log in JSON holds many other numbers.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        numbers = {m["name"]: m["y"] for m in _ITEM.finditer(text)} if text[-1:] == "}" else {}
    else:
        numbers = dict(_numbers(found)) if isinstance(found, dict) else {}
    steps = {name.lower(): step_of(numbers[name]) for name in numbers if name.lower() in X_WORDS}
    x = next((steps[word] for word in X_WORDS if steps.get(word) is not None), None)
    if x is None:
        return []
    return [
        Reading(name, x, number_of(y))
        for name, y in numbers.items()
        if name.lower() not in (*X_WORDS, *_NO_CURVES) and is_name(name)
    ]


def _numbers(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The numbers of a nested object as texts, each with its path."""
    waiting = [("", found)]
    while waiting:
        path, inner = waiting.pop()
        for key, value in inner.items():
            if isinstance(value, dict) and path.count("/") < 8:
                waiting.append((f"{path}{key}/", value))
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                yield f"{path}{key}", repr(value)
