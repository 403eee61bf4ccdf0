"""Every kind of channel through a real server: what is read back is what was sent."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from agnez_client import Context, Histogram, Image
from agnez_client.kinds import CHANNEL_CLASSES
from agnez_client.protocol import CHANNEL_TYPES
from agnez_client.transport import Transport
from tests.support.agnez_up import agnez_up

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (60, 90, 3), dtype=np.uint8)
FRAMES = RNG.integers(0, 256, (6, 32, 48, 3), dtype=np.uint8)
SOUND = (np.sin(np.arange(800) / 10) * 12_000).astype(np.int16)
TRUTH, SCORES = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
LONG = "# " + "é" * 100_000
OVER = {
    "boxes": [{"box": [1, 2, 30, 40], "class": 1, "score": 0.5}],
    "masks": {"animal": np.eye(60, 90, dtype=np.uint8)},
    "keypoints": [{"points": [[1, 2], [3, 4]], "skeleton": [[0, 1]]}],
    "caption": "a <b>cat</b>",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server of its own listens."""
    with agnez_up(tmp_path_factory.mktemp("home")) as server:
        yield server.url


class Reader:
    """What the server has of a run."""

    def __init__(self, url: str) -> None:
        self.transport = Transport(url)

    def get(self, path: str) -> Any:
        """The JSON at *path*."""
        response = self.transport.request("GET", path)
        assert response.status == 200, response.body
        return response.json()

    def blob(self, ref: dict[str, Any]) -> bytes:
        """The bytes of a blob."""
        response = self.transport.request("GET", f"/blobs/{ref['sha256']}")
        assert response.status == 200, response.body
        assert len(response.body) == ref["size"]
        return response.body

    def entries(self, run: str) -> dict[str, list[tuple[Any, dict[str, Any]]]]:
        """x and body of all entries by the name of their channel."""
        found = {}
        channels = self.get(f"/runs/{run}/channels")["items"]
        for channel in [c for c in channels if c["type"] != "NUMERIC"]:
            items = self.get(f"/channels/{channel['id']}/entries")["items"]
            found[channel["name"]] = [(item["x"], item["body"]) for item in items]
        return found


def svg_of_matplotlib() -> Any:
    """A figure with a text in it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2))
    figure.subplots().set_title("a text that stays text")
    return figure


def send_all(ctx: Context, file: Path) -> None:
    """One entry of every kind, its channel named as its type."""

    def send(type: str, y: Any, options: dict[str, Any] | None = None, **more: Any) -> None:
        ctx.job.create_channel(type, type, **(options or {})).send(x=3, y=y, **more)

    send("HISTOGRAM", np.array([0.0, 1.0, 1.0, np.nan]), {"bins": 2})
    send("IMAGE", PIXELS, {"classes": ["cat", "dog"]}, **OVER)
    send("TEXT", LONG)
    send("TABLE", [{"name": "a", "score": 0.5}, {"name": "b", "score": float("inf")}])
    send("AUDIO", SOUND, rate=8000)
    send("VIDEO", FRAMES, fps=5)
    send("HTML", "<script>alert(1)</script>", height=100)
    send("FIGURE", svg_of_matplotlib())
    send("PR_CURVE", (TRUTH, SCORES))
    send("ROC_CURVE", (TRUTH, SCORES))
    send("CONFUSION_MATRIX", (["cat", "dog", "cat"], ["cat", "cat", "cat"]))
    send("MARKER", "the rate was halved", level="warning")
    send("ARTEFACT", file, kind="checkpoint", metadata={"epoch": 3})


@pytest.fixture(scope="module")
def read(
    url: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Reader, dict[str, list[tuple[Any, dict[str, Any]]]]]:
    """What arrived of one entry of every kind."""
    folder = tmp_path_factory.mktemp("sent")
    file = folder / "weights.bin"
    file.write_bytes(bytes(range(256)) * 40)
    with Context(url=url, strict=True, spool=folder / "spool") as ctx:
        send_all(ctx, file)
    assert not list((folder / "spool").rglob("header.json")), "all was taken"
    reader = Reader(url)
    return reader, reader.entries(ctx.job.run)


Read = tuple[Reader, dict[str, list[tuple[Any, dict[str, Any]]]]]


def body_of(read: Read, type: str) -> dict[str, Any]:
    """The body of the one entry of *type*."""
    ((x, body),) = read[1][type]
    assert x == 3
    return body


def test_every_kind_arrives(read: Read) -> None:
    """One entry each, none refused."""
    assert set(read[1]) == set(CHANNEL_TYPES) - {"NUMERIC"} == CHANNEL_CLASSES.keys() - {"NUMERIC"}
    assert all(len(entries) == 1 for entries in read[1].values())


def test_a_histogram_is_numpys(read: Read) -> None:
    """With what is not finite beside it."""
    assert body_of(read, "HISTOGRAM") == {
        "counts": [1, 2], "edges": [0.0, 0.5, 1.0], "total": 4, "nan": 1, "inf": 0,
    }  # fmt: skip


def test_an_image_is_the_same_pixel_by_pixel(read: Read) -> None:
    """And what lies over it stands where it did."""
    (item,) = body_of(read, "IMAGE")["items"]
    with Pillow.open(io.BytesIO(read[0].blob(item))) as picture:
        assert np.array_equal(np.asarray(picture), PIXELS)
    with Pillow.open(io.BytesIO(read[0].blob(item["thumb"]))) as small:
        assert small.size == (75, 50) == (item["thumb"]["width"], item["thumb"]["height"])
    with Pillow.open(io.BytesIO(read[0].blob(item["masks"][0]))) as mask:
        assert np.array_equal(np.asarray(mask), np.eye(60, 90, dtype=np.uint8))
    assert item["boxes"] == [{"box": [1, 2, 30, 40], "class": 1, "score": 0.5}]
    assert item["keypoints"] == [{"points": [[1, 2, 1], [3, 4, 1]], "skeleton": [[0, 1]]}]
    assert item["classes"] == {"0": "cat", "1": "dog"}
    assert (item["caption"], item["width"], item["height"]) == ("a <b>cat</b>", 90, 60)


def test_texts_and_tables_are_the_same(read: Read) -> None:
    """In the entry, or in a blob when they are long."""
    text = body_of(read, "TEXT")
    assert (text["format"], read[0].blob(text["blob"]).decode()) == ("markdown", LONG)
    assert body_of(read, "TABLE") == {
        "columns": ["name", "score"], "rows": [["a", 0.5], ["b", "Infinity"]],
    }  # fmt: skip
    html = body_of(read, "HTML")
    assert (read[0].blob(html), html["height"]) == (b"<script>alert(1)</script>", 100)


def test_sounds_and_films_can_be_played(read: Read) -> None:
    """The samples are the same; the film has its frames."""
    import av

    (sound,) = body_of(read, "AUDIO")["items"]
    with wave.open(io.BytesIO(read[0].blob(sound))) as file:
        assert file.readframes(9999) == SOUND.tobytes()
    assert (sound["seconds"], sound["rate"], sound["channels"]) == (0.1, 8000, 1)
    (film,) = body_of(read, "VIDEO")["items"]
    with av.open(io.BytesIO(read[0].blob(film))) as found:
        assert len(list(found.decode(video=0))) == 6
    assert (film["width"], film["height"], film["fps"], film["mime"]) == (48, 32, 5, "video/webm")


def test_figures_and_curves_are_the_same(read: Read) -> None:
    """SVG whose text is text; scikit-learn's example of a curve."""
    figure = body_of(read, "FIGURE")
    assert b"a text that stays text</text>" in read[0].blob(figure)
    (roc,) = body_of(read, "ROC_CURVE")["curves"]
    assert (roc["fpr"], roc["tpr"]) == ([0, 0, 0.5, 0.5, 1], [0, 0.5, 0.5, 1, 1])
    assert (roc["auc"], roc["positives"], roc["total"]) == (0.75, 2, 4)
    assert roc["thresholds"] == ["Infinity", 0.8, 0.4, 0.35, 0.1]
    (curve,) = body_of(read, "PR_CURVE")["curves"]
    assert curve["ap"] == pytest.approx(0.8333, abs=1e-4)
    assert body_of(read, "CONFUSION_MATRIX") == {
        "labels": ["cat", "dog"],
        "counts": [[2, 0], [1, 0]],
    }


def test_the_record_of_the_run_is_the_same(read: Read) -> None:
    """Markers and artefacts."""
    assert body_of(read, "MARKER") == {"text": "the rate was halved", "level": "warning"}
    artefact = body_of(read, "ARTEFACT")
    assert read[0].blob(artefact) == bytes(range(256)) * 40
    assert (artefact["kind"], artefact["metadata"]) == ("checkpoint", {"epoch": 3})
    assert artefact["path"].endswith("weights.bin")


MANY: dict[str, Callable[[int], Any]] = {
    "HISTOGRAM": lambda i: Histogram([i, 1], [0, 1, 2]),
    "IMAGE": lambda i: [Image(np.full((8, 8), i, np.uint8), caption=str(i)), np.eye(4)],
    "TEXT": lambda i: f"step {i}",
}


def test_many_entries_keep_their_order(url: str, tmp_path: Path) -> None:
    """More blobs and entries than one batch asks for at a time."""
    with Context(url=url, strict=True, spool=tmp_path) as ctx:
        channels = {type: ctx.job.create_channel(type, type) for type in MANY}
        for i in range(100):
            for type, channel in channels.items():
                channel.send(y=MANY[type](i))

    found = Reader(url).entries(ctx.job.run)

    assert [x for x, _ in found["IMAGE"]] == list(range(100))
    assert [b["items"][0]["caption"] for _, b in found["IMAGE"]] == [str(i) for i in range(100)]
    assert [b["counts"][0] for _, b in found["HISTOGRAM"]] == list(range(100))
    assert json.dumps(found["TEXT"][99][1]) == '{"text": "step 99", "format": "markdown"}'
