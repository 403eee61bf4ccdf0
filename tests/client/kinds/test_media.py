"""AUDIO, VIDEO, HTML, FIGURE, MARKER and ARTEFACT."""

from __future__ import annotations

import builtins
import hashlib
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra import numpy as arrays
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image as Pillow

from agnez_client import Audio, Video
from agnez_client.kinds.audio import as_samples
from agnez_client.kinds.entry import Encoded
from agnez_client.kinds.figure import FigureChannel

Encode = Callable[..., Encoded]
RNG = np.random.default_rng(9)
FRAMES = RNG.integers(0, 256, (5, 33, 47, 3), dtype=np.uint8)


def bytes_of(encoded: Encoded) -> bytes:
    """What the first blob holds."""
    source = encoded.blobs[0].source
    return source if isinstance(source, bytes) else source.read_bytes()


@given(arrays.arrays(np.int16, arrays.array_shapes(min_dims=1, max_dims=1, max_side=50)))
def test_samples_of_16_bits_stay_as_they_are(y: Any) -> None:
    """One channel; as floats they are within one step."""
    assert np.array_equal(as_samples(y)[:, 0], y)
    assert np.abs(as_samples(y / 32767.0)[:, 0].astype(int) - np.maximum(y, -32767)).max() <= 1


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.array([0, 128, 255], np.uint8), [-32768, 0, 32512]),
        (np.array([-128, 0, 127], np.int8), [-32768, 0, 32512]),
        (np.array([-(2**31), 2**31 - 1], np.int32), [-32768, 32767]),
        (np.array([2.0, -2.0, np.nan, np.inf]), [32767, -32767, 0, 32767]),
        ([0.0, 1.0], [0, 32767]),
        (torch.tensor([0.5], dtype=torch.float16), [16384]),
    ],
)
def test_samples_of_other_types_use_their_whole_range(y: Any, expected: list[int]) -> None:
    """What is louder than 1 is cut, NaN is silence."""
    assert as_samples(y)[:, 0].tolist() == expected


def test_a_sound_is_wav(encode: Encode) -> None:
    """Stereo, whichever axis comes first."""
    y = RNG.integers(-999, 999, (100, 2), dtype=np.int16)
    for given_y in (y, y.T):
        encoded = encode("AUDIO", given_y, {"rate": 50}, caption="hum")
        with wave.open(io.BytesIO(bytes_of(encoded))) as file:
            assert file.readframes(1000) == y.tobytes()
        (item,) = encoded.body["items"]
        assert (item["seconds"], item["rate"], item["channels"]) == (2.0, 50, 2)
        assert (item["caption"], item["mime"]) == ("hum", "audio/wav")
    several = encode("AUDIO", [Audio([0.0], rate=8, caption="a"), np.zeros(4)], rate=4)
    assert [i["rate"] for i in several.body["items"]] == [8, 4]


def test_a_film_of_frames_is_webm(encode: Encode) -> None:
    """Its frames can be decoded; odd sizes too."""
    encoded = encode("VIDEO", FRAMES, fps=4, caption="noise")

    with av.open(io.BytesIO(bytes_of(encoded))) as film:
        frames = [f.to_ndarray(format="rgb24") for f in film.decode(video=0)]
    assert np.array(frames).shape == FRAMES.shape
    (item,) = encoded.body["items"]
    assert (item["mime"], item["width"], item["height"]) == ("video/webm", 47, 33)
    assert (item["frames"], item["fps"], item["seconds"]) == (5, 4, 1.25)


@pytest.mark.parametrize(
    "y",
    [
        FRAMES[..., 0],
        FRAMES.transpose(0, 3, 1, 2),
        FRAMES[..., :1],
        torch.tensor(FRAMES) / 255,
        list(FRAMES),
        list(FRAMES[..., 0]),
    ],
)
def test_frames_come_in_many_shapes(encode: Encode, y: Any) -> None:
    """Grey, colours first, floats; a list of frames."""
    (item,) = encode("VIDEO", y).body["items"]

    assert (item["width"], item["height"], item["frames"]) == (47, 33, 5)


def test_without_pyav_a_film_is_webp(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """An animation that Pillow writes, and any browser plays."""
    whole = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return whole(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)

    encoded = encode("VIDEO", [Video(FRAMES, fps=5)])

    with Pillow.open(io.BytesIO(bytes_of(encoded))) as picture:
        assert (picture.n_frames, picture.size) == (5, (47, 33))  # type: ignore[attr-defined]
    assert encoded.body["items"][0]["mime"] == "image/webp"


def test_files_pass_through(encode: Encode, tmp_path: Path) -> None:
    """As path or as bytes, with what can be read of them."""
    film = bytes_of(encode("VIDEO", FRAMES, fps=5))
    (tmp_path / "a.webm").write_bytes(film)
    sound = bytes_of(encode("AUDIO", np.zeros(80), rate=8000))

    for y in (film, tmp_path / "a.webm"):
        encoded = encode("VIDEO", y)
        assert bytes_of(encoded) == film
        assert encoded.body["items"][0]["width"] == 47
    assert encode("AUDIO", sound).body["items"][0]["seconds"] == 0.01


def test_a_sound_of_another_format_is_described_by_pyav(encode: Encode, tmp_path: Path) -> None:
    """FLAC, as an example; what is cut is refused."""
    with av.open(str(tmp_path / "a.flac"), "w") as file:
        track = file.add_stream("flac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.int16), "s16", "mono")
        frame.rate = 8000
        file.mux([*track.encode(frame), *track.encode(None)])

    (item,) = encode("AUDIO", tmp_path / "a.flac").body["items"]

    assert (item["mime"], item["rate"], item["channels"]) == ("audio/flac", 8000, 1)
    assert item["seconds"] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no sound that can be read"):
        encode("AUDIO", b"fLaC")


BAD: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "a rate of 0": ("AUDIO", [0.0], {"rate": 0}, "the rate is 0"),
    "no rate": ("AUDIO", [0.0], {}, "the rate is None"),
    "three axes": ("AUDIO", np.zeros((2, 2, 2)), {"rate": 8}, "shape"),
    "many channels": ("AUDIO", np.zeros((9, 9)), {"rate": 8}, "9 channels"),
    "no sound": ("AUDIO", b"MZ", {}, "no sound that is known"),
    "no file": ("AUDIO", "nowhere.wav", {}, "is not a file"),
    "empty sound": ("AUDIO", np.zeros(0), {"rate": 8}, "empty"),
    "two axes": ("VIDEO", np.zeros((4, 4)), {}, "expected (T, H, W)"),
    "two colours": ("VIDEO", np.zeros((2, 5, 5, 2)), {}, "C is 1, 3 or 4"),
    "no film": ("VIDEO", b"MZ" * 20, {}, "no film that is known"),
    "cut film": ("VIDEO", b"\x1aE\xdf\xa3" + bytes(20), {}, "no film that can be read"),
    "too long": ("VIDEO", np.broadcast_to(np.uint8(0), (10_001, 2, 2)), {}, "10000 frames"),
    "fps": ("VIDEO", FRAMES, {"fps": -1}, "fps is -1"),
    "no html": ("HTML", b"<b>", {}, "y is 3 bytes, expected HTML"),
    "height": ("HTML", "<b>", {"height": 0.5}, "height is 0.5"),
    "no figure": ("FIGURE", 3, {}, "y is the number 3 (int), expected a figure"),
    "a module": ("FIGURE", pyplot, {}, "y is a module, expected a figure"),
    "uneven frames": ("VIDEO", [FRAMES[0], FRAMES[0, 1:]], {}, "different shapes"),
    "no svg": ("FIGURE", "hello", {}, "expected SVG"),
    "blank": ("MARKER", " ", {}, "expected a text"),
    "level": ("MARKER", "a", {"level": "fatal"}, "level is 'fatal'"),
    "nothing": ("ARTEFACT", "nowhere.bin", {}, "is not a file"),
    "kind": ("ARTEFACT", __file__, {"kind": "zip"}, "kind is 'zip'"),
    "metadata": ("ARTEFACT", __file__, {"metadata": [1]}, "metadata are a list"),
}


@pytest.mark.parametrize("way", BAD)
def test_what_is_none_says_so(encode: Encode, way: str) -> None:
    """What was found and what was expected."""
    type, y, more, expected = BAD[way]

    with pytest.raises(ValueError, match=expected.replace("(", r"\(").replace(")", r"\)")):
        encode(type, y, **more)


def test_a_figure_of_matplotlib_is_svg(encode: Encode) -> None:
    """With its text as text; equal figures are one blob; axes stand for their figure."""

    def drawn() -> Any:
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        axes.scatter(np.arange(5), np.arange(5))
        axes.set_title("a <title>")
        return axes

    first, second = encode("FIGURE", drawn()), encode("FIGURE", drawn().figure)
    assert first.body == second.body
    assert first.body["format"] == "svg"
    assert b"a &lt;title&gt;</text>" in bytes_of(first)


def test_a_label_beyond_the_edge_is_kept(encode: Encode) -> None:
    """Axes that reach down to the edge, with a label below: no tight_layout is needed."""
    figure = Figure(figsize=(4, 3))
    figure.add_axes((0.2, 0.0, 0.7, 0.9)).set_xlabel("epoch")

    entry = encode("FIGURE", figure)

    svg = ElementTree.fromstring(bytes_of(entry))
    width, height = (float(svg.attrib[k].removesuffix("pt")) for k in ("width", "height"))
    (label,) = (e for e in svg.iter("{http://www.w3.org/2000/svg}text") if e.text == "epoch")
    assert 0 < float(label.attrib["y"]) < height
    assert (entry.body["width"], entry.body["height"]) == (round(width), round(height))


def test_a_figure_of_many_points_is_png(encode: Encode) -> None:
    """Its size is that of the picture."""
    figure = Figure(figsize=(4, 3))
    figure.subplots().scatter(np.arange(40_000), np.arange(40_000))

    entry = encode("FIGURE", figure)

    assert entry.body["format"] == "png"
    picture = Pillow.open(io.BytesIO(bytes_of(entry)))
    assert (entry.body["width"], entry.body["height"]) == picture.size


def test_what_bokeh_cannot_write_says_so(encode: Encode) -> None:
    """A range as a column, for instance; the sentence is not Bokeh's alone."""
    from bokeh.plotting import figure

    drawn = figure()
    drawn.line(range(2), range(2))

    with pytest.raises(ValueError, match=r"Bokeh can't write its figure: .*range"):
        encode("FIGURE", drawn)


def test_a_figure_of_bokeh_is_its_json(encode: Encode) -> None:
    """What `json_item` gives."""
    from bokeh.plotting import figure

    drawn = figure(width=300, height=200)
    drawn.scatter([1, 2], [3, 4])

    encoded = encode("FIGURE", drawn)

    assert (encoded.body["format"], encoded.body["width"]) == ("bokeh", 300)
    assert json.loads(bytes_of(encoded))["doc"]["roots"]
    assert FigureChannel.type == "FIGURE"


def test_an_artefact_is_the_file_of_this_moment(encode: Encode, tmp_path: Path) -> None:
    """Its hash, size and path; or only noted."""
    path = tmp_path / "best.pt"
    path.write_bytes(b"weights")

    encoded = encode("ARTEFACT", path, kind="model", metadata={"acc": np.float32(0.5)})
    noted = encode("ARTEFACT", str(path), noted=True)

    sha256 = hashlib.sha256(b"weights").hexdigest()
    assert encoded.body == {
        "sha256": sha256, "size": 7, "mime": "application/octet-stream", "path": str(path),
        "kind": "model", "metadata": {"acc": 0.5},
    }  # fmt: skip
    assert noted.blobs == ()
    assert (noted.body["size"], noted.body["hash"]) == (7, f"sha256:{sha256}")
