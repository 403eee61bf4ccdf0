"""A body of each type, as the SDK sends them, and the blobs that they name."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.server.running import RunningServer

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0"
    "00000301010018dd8db00000000049454e44ae426082"
)
"""One red pixel."""


def sha256(data: bytes) -> str:
    """The name of *data* as a blob."""
    return hashlib.sha256(data).hexdigest()


def ref(data: bytes, mime: str) -> dict[str, Any]:
    """*data* as a body names it."""
    return {"sha256": sha256(data), "mime": mime, "size": len(data)}


async def put(server: RunningServer, data: bytes, mime: str) -> dict[str, Any]:
    """*data* as a blob of *server*, named as a body names it."""
    given = {"data": data, "headers": {"Content-Type": mime}}
    status, body = await server.call("PUT", f"/blobs/{sha256(data)}", **given)
    assert status in (200, 201), body
    return dict(body)


PICTURE = {**ref(PNG, "image/png"), "width": 1, "height": 1}
EXAMPLES: dict[str, dict[str, Any]] = {
    "HISTOGRAM": {"counts": [1, 2], "edges": [0, 0.5, 1], "total": 3, "nan": 0, "inf": 0},
    "IMAGE": {"items": [{
        **PICTURE, "thumb": PICTURE, "caption": "<b>cat</b>", "classes": {"0": "cat"},
        "boxes": [{"box": [0, 0, 1, 1.5], "class": 0, "score": 0.5}],
        "masks": [{**ref(PNG, "image/png"), "name": "truth"}],
        "keypoints": [{"points": [[0, 1, 1], [1, 1, 0]], "skeleton": [[0, 1]], "label": "arm"}],
    }]},
    "TEXT": {"text": "# a *title*\n\x00\x1b[31m", "format": "markdown"},
    "TABLE": {"columns": ["a", "b"], "rows": [[1, "x"], [None, True]]},
    "AUDIO": {"items": [{**ref(b"RIFF", "audio/wav"), "seconds": 0.5, "rate": 16000,
                         "channels": 1}]},
    "VIDEO": {"items": [{**ref(b"mp4", "video/mp4"), "width": 2, "height": 2, "fps": 25.0}]},
    "HTML": {**ref(b"<script>1</script>", "text/html"), "height": 300},
    "FIGURE": {"format": "svg", **ref(b"<svg/>", "image/svg+xml"), "width": 10, "height": 10},
    "PR_CURVE": {"curves": [{"label": "cat", "precision": [0.5, 0.5, 1], "recall": [1, 0.5, 0],
                             "thresholds": [0.1, 0.9], "ap": 0.5, "positives": 2, "total": 4}]},
    "ROC_CURVE": {"curves": [{"label": "cat", "fpr": [0, 0.5, 1], "tpr": [0, 1, 1],
                              "thresholds": ["Infinity", 0.5, 0.1], "auc": 0.75, "positives": 2,
                              "total": 4}]},
    "CONFUSION_MATRIX": {"labels": ["cat", "dog"], "counts": [[3, 1], [0, 4]]},
    "MARKER": {"text": "lr lowered", "level": "warning"},
    "ARTEFACT": {**ref(b"weights", "application/octet-stream"), "path": "out/model.pt",
                 "kind": "checkpoint", "metadata": {"epoch": 3}},
}  # fmt: skip
"""By type; every key that kinds.md names is in one of them."""

BLOBS: dict[str, tuple[bytes, str]] = {
    sha256(data): (data, mime)
    for data, mime in (
        (PNG, "image/png"), (b"RIFF", "audio/wav"), (b"mp4", "video/mp4"),
        (b"<script>1</script>", "text/html"), (b"<svg/>", "image/svg+xml"),
        (b"weights", "application/octet-stream"),
    )
}  # fmt: skip
"""What the examples name, by hash."""


def named(body: Any) -> list[dict[str, Any]]:
    """Every blob that *body* names, as an event declares it."""
    if isinstance(body, list):
        return [blob for item in body for blob in named(item)]
    if not isinstance(body, dict):
        return []
    own = [{k: body[k] for k in ("sha256", "mime", "size")}] if "sha256" in body else []
    return own + [blob for value in body.values() for blob in named(value)]


async def put_all(server: RunningServer) -> None:
    """All blobs of the examples."""
    for data, mime in BLOBS.values():
        await put(server, data, mime)
