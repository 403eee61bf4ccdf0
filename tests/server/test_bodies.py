"""What bodies of entries may hold: good ones come back, bad ones are named, none is a surprise."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.protocol import MAX_ENTRY_BYTES
from agnez_server.catalog.bodies import BODIES, checked_body
from agnez_server.errors import BadRequest
from tests.server.bodies import EXAMPLES, PICTURE, named

NAN, PLUS, MINUS = "NaN", "Infinity", "-Infinity"
CURVE = EXAMPLES["PR_CURVE"]["curves"][0]
ROC = EXAMPLES["ROC_CURVE"]["curves"][0]
IMAGE = EXAMPLES["IMAGE"]["items"][0]


def image(**fields: Any) -> dict[str, Any]:
    """A body with one image that has these fields, too."""
    return {"items": [{**IMAGE, **fields}]}


@pytest.mark.parametrize("type", EXAMPLES)
def test_an_example_is_taken(type: str) -> None:
    """As JSON it is what it was, and every blob that it names is found."""
    raw, blobs = checked_body(type, EXAMPLES[type])

    assert orjson.loads(raw) == EXAMPLES[type]
    found = [{"sha256": b.sha256, "mime": b.mime, "size": b.size} for b in blobs]
    assert sorted(found, key=str) == sorted(named(EXAMPLES[type]), key=str)


@pytest.mark.parametrize(
    ("type", "body"),
    [("HISTOGRAM", {"counts": [1.5], "edges": [2, 2], "total": 0, "nan": 1, "inf": 2}),
     ("TEXT", {"text": "", "format": "plain"}),
     ("TEXT", {"blob": {"sha256": "0" * 64, "mime": "text/plain", "size": 5}, "format": "plain"}),
     ("TABLE", {"columns": ["a"], "rows": []}),
     ("TABLE", {"columns": ["a"], "count": 9,
                "blob": {"sha256": "0" * 64, "mime": "application/json", "size": 5}}),
     ("PR_CURVE", {"curves": [{**CURVE, "precision": [NAN, 1], "recall": [1, 0],
                               "thresholds": [PLUS], "ap": NAN}]}),
     ("ROC_CURVE", {"curves": [{**ROC, "thresholds": [PLUS, 1, MINUS]}]}),
     ("ARTEFACT", {"path": "x", "size": 5, "hash": "sha256:00"}),
     ("VIDEO", {"items": [{**EXAMPLES["VIDEO"]["items"][0], "mime": "image/webp"}]}),
     ("MARKER", {"text": "<script>", "level": "info", "unknown": {"kept": [1]}})],
)  # fmt: skip
def test_what_is_rare_is_taken(type: str, body: dict[str, Any]) -> None:
    """Empty, stored apart, not a number, or with keys that nobody knows: unchanged."""
    assert orjson.loads(checked_body(type, body)[0]) == body


@pytest.mark.parametrize(
    ("type", "body", "wrong"),
    [("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "counts": []}, "counts"),
     ("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "counts": [1, -1]}, "counts"),
     ("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "counts": [1, NAN]}, "counts"),
     ("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "edges": [0, 1]}, "edges"),
     ("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "edges": [0, 2, 1]}, "edges"),
     ("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "edges": [0, 1, PLUS]}, "edges"),
     ("HISTOGRAM", {**EXAMPLES["HISTOGRAM"], "nan": -1}, "nan"),
     ("IMAGE", {"items": []}, "items"), ("IMAGE", {"items": [IMAGE] * 65}, "items"),
     ("IMAGE", image(mime="image/svg+xml"), "items[0].mime"),
     ("IMAGE", image(sha256="../../etc/passwd"), "items[0].sha256"),
     ("IMAGE", image(width=0), "items[0].width"), ("IMAGE", image(width=1.5), "items[0].width"),
     ("IMAGE", image(thumb=None), "items[0].thumb"),
     ("IMAGE", image(thumb={**PICTURE, "size": -1}), "items[0].thumb.size"),
     ("IMAGE", image(caption=5), "items[0].caption"),
     ("IMAGE", image(classes={"cat": "x"}), "items[0].classes"),
     ("IMAGE", image(classes={"0": 5}), "items[0].classes.0"),
     ("IMAGE", image(boxes=[{"box": [0, 0, 1]}]), "items[0].boxes[0].box"),
     ("IMAGE", image(boxes=[{"box": [0, 0, 1, NAN]}]), "items[0].boxes[0].box"),
     ("IMAGE", image(boxes=[{"box": [0, 0, 1, 1], "class": "0"}]), "items[0].boxes[0].class"),
     ("IMAGE", image(masks=[{**PICTURE, "mime": "image/jpeg"}]), "items[0].masks[0].mime"),
     ("IMAGE", image(keypoints=[{"points": [[0, 1, 2]]}]), "items[0].keypoints[0].points"),
     ("IMAGE", image(keypoints=[{"points": [[0, 1, 1]], "skeleton": [[0, 1]]}]), "skeleton"),
     ("TEXT", {"text": "x"}, "format"), ("TEXT", {"text": 5, "format": "plain"}, "text"),
     ("TEXT", {"text": "x", "format": "html"}, "format"),
     ("TABLE", {"columns": [], "rows": []}, "columns"),
     ("TABLE", {"columns": ["a"], "rows": [[1, 2]]}, "rows"),
     ("TABLE", {"columns": ["a"], "rows": [[{}]]}, "rows"),
     ("AUDIO", {"items": [{**EXAMPLES["AUDIO"]["items"][0], "mime": "text/html"}]}, "mime"),
     ("AUDIO", {"items": [{**EXAMPLES["AUDIO"]["items"][0], "rate": 0}]}, "rate"),
     ("VIDEO", {"items": [{**EXAMPLES["VIDEO"]["items"][0], "mime": "video/"}]}, "mime"),
     ("VIDEO", {"items": [{**EXAMPLES["VIDEO"]["items"][0], "fps": -1}]}, "fps"),
     ("HTML", {**EXAMPLES["HTML"], "mime": "text/plain"}, "mime"),
     ("HTML", {**EXAMPLES["HTML"], "height": 0}, "height"),
     ("FIGURE", {**EXAMPLES["FIGURE"], "format": "bokeh"}, "mime"),
     ("FIGURE", {**EXAMPLES["FIGURE"], "format": ["svg"]}, "format"),
     ("PR_CURVE", {"curves": [{**CURVE, "recall": [0, 0.5, 1]}]}, "recall"),
     ("PR_CURVE", {"curves": [{**CURVE, "precision": [1, 2, 1]}]}, "precision"),
     ("PR_CURVE", {"curves": [{**CURVE, "thresholds": [1]}]}, "thresholds"),
     ("ROC_CURVE", {"curves": [{**ROC, "tpr": [0, 1]}]}, "tpr"),
     ("ROC_CURVE", {"curves": [{**ROC, "fpr": [1, 0.5, 0]}]}, "fpr"),
     ("ROC_CURVE", {"curves": [{**ROC, "fpr": [], "tpr": []}]}, "tpr"),
     ("CONFUSION_MATRIX", {"labels": ["a", "b"], "counts": [[1, 2]]}, "counts"),
     ("CONFUSION_MATRIX", {"labels": ["a"], "counts": [[-1]]}, "counts"),
     ("CONFUSION_MATRIX", {"labels": [1], "counts": [[1]]}, "labels"),
     ("MARKER", {"text": "x", "level": "fatal"}, "level"),
     ("ARTEFACT", {"path": "x"}, "size"), ("ARTEFACT", {"size": 5}, "path"),
     ("ARTEFACT", {**EXAMPLES["ARTEFACT"], "kind": "virus"}, "kind"),
     ("ARTEFACT", {**EXAMPLES["ARTEFACT"], "metadata": []}, "metadata")],
)  # fmt: skip
def test_what_is_wrong_is_named(type: str, body: dict[str, Any], wrong: str) -> None:
    """By its path, with what is expected."""
    with pytest.raises(BadRequest) as caught:
        checked_body(type, body)

    assert f"{wrong} must be " in caught.value.message
    assert len(caught.value.message) < 300


def test_a_body_has_a_limit() -> None:
    """256 KiB as JSON; the message says where more belongs."""
    body = {"text": "x" * (MAX_ENTRY_BYTES - 50), "format": "plain"}
    checked_body("TEXT", body)

    with pytest.raises(BadRequest, match="into a blob"):
        checked_body("TEXT", {**body, "more": "x" * 50})


def test_a_deep_body_is_refused() -> None:
    """Before anything recurses into it."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(BadRequest, match="nested deeper"):
        checked_body("MARKER", {"text": "x", "level": "info", "deep": deep})


def test_numbers_have_no_body() -> None:
    """NUMERIC takes points."""
    with pytest.raises(BadRequest, match="takes numbers"):
        checked_body("NUMERIC", {"text": "x"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values below *body*."""
    inner = body.items() if isinstance(body, dict) else enumerate(body)
    found = list[tuple[Any, ...]]()
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, (dict, list)):
            found += places(value, (*path, key))
    return found


@given(type=st.sampled_from(sorted(BODIES)), value=JSON, data=st.data())
def test_any_change_is_taken_or_named(type: str, value: Any, data: st.DataObject) -> None:
    """Whatever stands in the place of any value: a body that can be read again, or BadRequest."""
    body = copy.deepcopy(EXAMPLES[type])
    *way, last = data.draw(st.sampled_from(places(body)))
    inner: Any = body
    for key in way:
        inner = inner[key]
    inner[last] = value

    try:
        raw, blobs = checked_body(type, orjson.loads(orjson.dumps(body)))
    except (BadRequest, orjson.JSONEncodeError):
        return

    assert isinstance(orjson.loads(raw), dict)
    assert all(len(blob.sha256) == 64 and blob.size >= 0 for blob in blobs)


@given(type=st.sampled_from(sorted(BODIES)), body=JSON)
def test_anything_is_taken_or_named(type: str, body: Any) -> None:
    """No body is a surprise, whatever it is."""
    try:
        checked_body(type, body)
    except (BadRequest, orjson.JSONEncodeError):
        return
