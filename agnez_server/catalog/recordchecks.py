"""Checks of what belongs to the record of a run: stage, facts, datasets, console lines, blobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from agnez_client.protocol import MAX_LINE_LENGTH
from agnez_server import checks
from agnez_server.catalog.bodies.fields import is_mime, is_sha256
from agnez_server.errors import BadRequest
from agnez_server.models import DatasetDoc
from agnez_server.store.base import BlobRef

MAX_BLOBS: Final = 1000
MAX_FACTS_BYTES: Final = 64 << 10
MAX_DATASET_BYTES: Final = 8 << 10
MAX_LINES: Final = 10_000
MAX_SIZE: Final = 2**53


def blob_refs(value: object) -> list[BlobRef]:
    """The blobs that an event declares: ``[{sha256, size, mime}]``; None is none."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_BLOBS:
        raise BadRequest(f"blobs must be a list of at most {MAX_BLOBS}", field="blobs")
    return [_blob_ref(checks.mapping(item, "blobs")) for item in value]


def _blob_ref(given: Mapping[str, Any]) -> BlobRef:
    sha256, mime = given.get("sha256"), given.get("mime")
    if not is_sha256(sha256) or not is_mime(mime):
        raise BadRequest(
            f"a blob has a sha256 of 64 small hex digits and a mime, found {checks.shown(given)}",
            field="blobs",
        )
    return BlobRef(str(sha256), checks.integer(given.get("size"), "size", 0, MAX_SIZE), str(mime))


def stage(value: object) -> str | None:
    """What a run is doing, one line of text; empty or None is nothing in particular."""
    return None if value is None or value == "" else checks.name(value, "stage")


def total_steps(value: object) -> int | None:
    """How many steps a run is to have in all; None where that is not known."""
    return None if value is None else checks.integer(value, "total_steps", 1, MAX_SIZE)


def changed_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of *given* may be set on a run at any time, each checked."""
    found = checks.run_fields(given)
    if "stage" in given:
        found["stage"] = stage(given["stage"])
    if "total_steps" in given:
        found["total_steps"] = total_steps(given["total_steps"])
    return found


def facts(value: object) -> dict[str, Any]:
    """What is known about a run, by key; at most 64 KiB as JSON together with what was there."""
    found = dict(checks.mapping(value, "facts"))
    checks.depth(found, "facts")
    size = len(orjson.dumps(found))
    if size > MAX_FACTS_BYTES:
        raise BadRequest(
            f"what is known about the run takes {size} bytes as JSON, at most {MAX_FACTS_BYTES} "
            "are kept: put what is large into a blob",
            field="facts",
        )
    return found


def dataset(given: Mapping[str, Any]) -> DatasetDoc:
    """A dataset; only the name has to be there."""
    about = {} if given.get("about") is None else dict(checks.mapping(given["about"], "about"))
    checks.depth(about, "about")
    found = DatasetDoc(
        name=checks.name(given.get("name"), "name"),
        hash=_text(given, "hash"),
        size=_whole(given, "size"),
        count=_whole(given, "count"),
        source=_text(given, "source"),
        about=about,
    )
    size = len(orjson.dumps(found))
    if size > MAX_DATASET_BYTES:
        raise BadRequest(
            f"the dataset takes {size} bytes as JSON, at most {MAX_DATASET_BYTES} are kept",
            field="about",
        )
    return found


def _text(given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    return None if value is None else checks.text(value, key, limit=2000, empty=True)


def _whole(given: Mapping[str, Any], key: str) -> int | None:
    return None if given.get(key) is None else checks.integer(given[key], key, 0, MAX_SIZE)


def lines(given: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Lines of console output, each with its wall time; what is too long of one is cut."""
    texts, walls = given.get("lines"), given.get("walls")
    if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_LINES:
        raise BadRequest(f"lines must be a list of 1 to {MAX_LINES} texts", field="lines")
    if not isinstance(walls, list) or len(walls) != len(texts):
        raise BadRequest(f"walls must be a list of {len(texts)} times, as lines is", field="walls")
    for text in texts:
        if not isinstance(text, str) or "\n" in text:
            raise BadRequest(f"a line must be one line of text, found {checks.shown(text)}")
    return [
        (checks.integer(wall, "walls", 0, 2**62), text[:MAX_LINE_LENGTH])
        for wall, text in zip(walls, texts, strict=True)
    ]
