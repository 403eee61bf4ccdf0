"""
The end of an epoch as `keras.callbacks.RemoteMonitor` tells it: JSON, or a form with JSON in it.

What it sends is whatever stood in the logs of the training, so this is lenient: what is no number
is left out and named, the numbers beside it are taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from agnez_server import checks
from agnez_server.errors import BadRequest, TooLarge

MAX_NUMBERS: Final = 1000
"""Of one epoch."""
MAX_REASONS: Final = 20
_DEEPEST: Final = 8
_LONGEST: Final = 40
"""Characters of a text that may be a number."""
_HINT: Final = 'send {"epoch": 3, "loss": 0.5} as JSON, or as the one field of a form'


@dataclass(slots=True)
class EpochEnd:
    """
    What one epoch has brought.

    Attributes:
        x: The epoch, as it was counted there.
        numbers: By the name of their channel.
        ignored: How many values were none.
        reasons: The first 20 of these: ``{"name", "reason"}``.
    """

    x: int | float
    numbers: dict[str, float] = field(default_factory=dict)
    ignored: int = 0
    reasons: list[dict[str, str]] = field(default_factory=list)

    def ignore(self, name: str, reason: str) -> None:
        """Leave a value out."""
        self.ignored += 1
        if len(self.reasons) < MAX_REASONS:
            self.reasons.append({"name": checks.shown(name).strip("'\""), "reason": reason})


def parse_epoch(body: bytes, *, is_form: bool) -> EpochEnd:
    """
    The epoch in *body*. Lists and objects become channels of their own: ``f1/0``, ``f1/1``.

    Args:
        is_form: It says that it is a form; one that begins with ``{`` is JSON all the same.

    Raises:
        BadRequest: If there is no object in it, or that has no ``epoch``.
        TooLarge: If there are more than 1,000 numbers.
    """
    given = _object(body, is_form)
    if "epoch" not in given:
        raise BadRequest("the body has no 'epoch'", hint=_HINT, field="epoch")
    found = EpochEnd(checks.position(_position(given["epoch"]), "epoch"))
    for name, value in given.items():
        if name != "epoch":
            _take(found, name, value)
    return found


def _object(body: bytes, is_form: bool) -> Mapping[str, Any]:
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: {error}", hint=_HINT) from None
    if not is_form or text.startswith("{"):
        return _json(text)
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_NUMBERS + 1)
    except ValueError:
        raise _too_many() from None
    if len(fields) == 1:
        return _json(fields[0][1])
    if not fields:
        raise BadRequest("the form is empty", hint=_HINT)
    return dict(fields)  # `curl -d epoch=3 -d loss=0.5`


def _json(text: str) -> Mapping[str, Any]:
    """NaN and infinity stand bare in what Python writes, and are numbers here."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise BadRequest("the body is nested too deep", hint=_HINT) from None
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}", hint=_HINT) from None
    return checks.mapping(found, "the body")


def _take(found: EpochEnd, name: str, value: object) -> None:
    for channel, item in _leaves(name, value, _DEEPEST):
        if len(found.numbers) + found.ignored >= MAX_NUMBERS:
            raise _too_many()
        number = _number(item)
        if number is None:
            found.ignore(channel, f"{checks.shown(item)} is no number")
            continue
        try:
            found.numbers[checks.name(channel, "a channel's name")] = number
        except BadRequest as error:
            found.ignore(channel, str(error))


def _leaves(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    """What is no list and no object in *value*; a list of one is what is in it."""
    if isinstance(value, list) and len(value) == 1 and depth:
        yield from _leaves(name, value[0], depth - 1)
    elif isinstance(value, (list, dict)) and value and depth:
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            yield from _leaves(f"{name}/{key}", item, depth - 1)
    else:
        yield name, value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and (len(value) > _LONGEST or "_" in value):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _position(value: object) -> object:
    """A text of digits as the number that it is; forms hold nothing else."""
    if not isinstance(value, str):
        return value
    digits = value.strip().removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 20:
        return int(value)
    number = _number(value)
    return value if number is None else number


def _too_many() -> TooLarge:
    return TooLarge(f"more than {MAX_NUMBERS} numbers of one epoch", limit=MAX_NUMBERS)
