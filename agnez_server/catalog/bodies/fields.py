"""Reading the fields of a body, each checked; what is wrong is named by its path."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.store.base import BlobRef

MAX_TEXT: Final = 10_000
MAX_SIZE: Final = 2**53
NAMED_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")


def is_sha256(text: object) -> bool:
    """Whether *text* is a SHA-256 as 64 small hex digits."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def is_mime(text: object) -> bool:
    """Whether *text* is a media type in small letters, without parameters."""
    return isinstance(text, str) and _MIME.fullmatch(text) is not None


class Fields:
    """
    The fields of one object of a body.

    Args:
        given: What should be an object.
        where: Its path, for messages.
        blobs: Where the blobs are noted that it names.
    """

    def __init__(self, given: object, where: str, blobs: list[BlobRef]) -> None:
        if not isinstance(given, dict):
            raise BadRequest(f"{where} must be an object, found {shown(given)}", field="body")
        self._given: Mapping[str, Any] = given
        self._where, self._blobs = where, blobs

    def wrong(self, key: str, expected: str) -> BadRequest:
        """What to raise where the field *key* is not what is *expected*."""
        found = shown(self._given.get(key)) if key in self._given else "nothing"
        return BadRequest(f"{self._where}.{key} must be {expected}, found {found}", field="body")

    def names(self) -> Iterator[str]:
        """The names of all fields."""
        return iter(self._given)

    def has(self, key: str) -> bool:
        """Whether there is a field *key*; null is as none."""
        return self._given.get(key) is not None

    def text(self, key: str, limit: int = MAX_TEXT) -> str:
        """Text of at most *limit* characters, whatever they are."""
        value = self._given.get(key)
        if not isinstance(value, str) or len(value) > limit:
            raise self.wrong(key, f"text of at most {limit} characters")
        return value

    def texts(self, *keys: str) -> None:
        """Each of *keys* may be missing, or is text."""
        for key in keys:
            if self.has(key):
                self.text(key)

    def one_of(self, key: str, values: Sequence[str]) -> str:
        """One of these texts."""
        value = self._given.get(key)
        if value not in values:
            raise self.wrong(key, f"one of {', '.join(values)}")
        return str(value)

    def whole(self, key: str, lo: int = 0, hi: int = MAX_SIZE) -> int:
        """A whole number with ``lo <= value <= hi``."""
        value = self._given.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not lo <= value <= hi:
            raise self.wrong(key, f"a whole number from {lo} to {hi}")
        return value

    def number(self, key: str, lo: float = -math.inf, hi: float = math.inf) -> float:
        """A number with ``lo <= value <= hi``, or NaN by name."""
        found = _number(self._given.get(key))
        if found is None or found < lo or found > hi:
            raise self.wrong(key, f"a number from {lo:g} to {hi:g}")
        return found

    def numbers(
        self, key: str, lo: float = -math.inf, hi: float = math.inf, *, most: int = 100_000
    ) -> list[float]:
        """A list of numbers as `number` takes them."""
        found = [_number(value) for value in self.items(key, 0, most)]
        if any(n is None or n < lo or n > hi for n in found):
            raise self.wrong(key, f"a list of numbers from {lo:g} to {hi:g}")
        return [n for n in found if n is not None]

    def items(self, key: str, least: int, most: int) -> list[Any]:
        """A list of *least* to *most* of anything."""
        value = self._given.get(key)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.wrong(key, f"a list of {least} to {most}")
        return value

    def part(self, key: str) -> Fields:
        """An object within this one."""
        return Fields(self._given.get(key), f"{self._where}.{key}", self._blobs)

    def parts(self, key: str, least: int, most: int) -> Iterator[Fields]:
        """A list of objects."""
        for place, item in enumerate(self.items(key, least, most)):
            yield Fields(item, f"{self._where}.{key}[{place}]", self._blobs)

    def blob(self, *mimes: str) -> BlobRef:
        """
        The blob that this object is: sha256, mime, size. It is noted as named.

        Args:
            mimes: What its mime may be; one that ends in / stands for all that begin so. Without
                any, whatever a mime can be.
        """
        sha256, mime = self._given.get("sha256"), self._given.get("mime")
        if not is_sha256(sha256):
            raise self.wrong("sha256", "64 hex digits in small letters")
        fits = not mimes or any(m == mime or (m[-1] == "/" and str(mime)[: len(m)] == m)
                                for m in mimes)  # fmt: skip
        if not is_mime(mime) or not fits:
            raise self.wrong("mime", " or ".join(mimes) or "a media type")
        ref = BlobRef(str(sha256), self.whole("size"), str(mime))
        self._blobs.append(ref)
        return ref


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return NAMED_NUMBERS.get(value) if isinstance(value, str) else None


def ascending(numbers: Sequence[float]) -> bool:
    """Whether no number is smaller than the one before; NaN is passed over."""
    known = [n for n in numbers if not math.isnan(n)]
    return all(a <= b for a, b in pairwise(known))
