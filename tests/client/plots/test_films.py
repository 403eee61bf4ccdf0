"""Films: what a reader of the files finds in them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from agnez_client.kinds.video import encode_film
from agnez_client.plots import (
    grid2d,
    img_grid,
    look,
    make_gif,
    timeseries2dvideo,
    video_at_notebook,
    video_embedding,
    video_grid2d,
    video_img_grid,
)
from agnez_client.plots.filmfile import write_film

RNG = np.random.default_rng(0)


def frames_of(path: Path) -> list[Any]:
    """The frames of an animation, as arrays of its own mode (L) or RGB."""
    with Image.open(path) as film:
        found = []
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
        return found


def small(frame: Any, times: int) -> Any:
    """One pixel of each hard square."""
    return frame[times // 2 :: times, times // 2 :: times]


def test_gray_frames_are_kept_byte_by_byte(tmp_path: Path) -> None:
    """A GIF of gray loses nothing; 60 x 80 is enlarged four times, with hard pixels."""
    video = RNG.integers(0, 256, (3, 60, 80)).astype(np.uint8)

    path = make_gif(video, tmp_path / "a.gif")

    found = frames_of(path)
    assert [f.shape for f in found] == [(240, 320, 3)] * 3
    assert (np.stack([small(f, 4)[..., 0] for f in found]) == video).all()


def test_five_frames_a_second_without_end(tmp_path: Path) -> None:
    """As the original's."""
    path = make_gif(RNG.random((4, 300, 300)), tmp_path / "a.gif")

    with Image.open(path) as film:
        assert (film.info["duration"], film.info["loop"], film.n_frames) == (200, 0, 4)


def test_values_are_scaled_over_the_whole_film(tmp_path: Path) -> None:
    """0 to 3 become 0 to 255 whatever frame they are in."""
    path = make_gif(np.array([[[0, 1]], [[2, 3]]]), tmp_path / "a.gif")

    assert [small(f, 240)[0, :, 0].tolist() for f in frames_of(path)] == [[0, 85], [170, 255]]


def test_one_channel_in_colours(tmp_path: Path) -> None:
    """gray=False: from purple to yellow."""
    path = make_gif(np.array([[[[0], [9]]]]), tmp_path / "a.gif", gray=False)

    (frame,) = frames_of(path)
    assert small(frame, 240).tolist() == [[[12, 7, 134], [239, 248, 33]]]


def test_colours_stay_colours_and_enlarge_smoothly(tmp_path: Path) -> None:
    """Three channels are shown as they are; bilinear has values between."""
    video = np.zeros((1, 2, 2, 3), np.uint8)
    video[0, :, 1] = 200, 100, 0

    (hard,) = frames_of(make_gif(video, tmp_path / "a.gif"))
    (soft,) = frames_of(make_gif(video, tmp_path / "b.gif", interpolation="bilinear"))

    assert {tuple(p) for p in hard.reshape(-1, 3).tolist()} == {(0, 0, 0), (200, 100, 0)}
    assert len({tuple(p) for p in soft.reshape(-1, 3).tolist()}) > 20


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "h264"), ("webm", "vp9")])
def test_films_for_browsers(tmp_path: Path, ending: str, codec: str) -> None:
    """Readable, of the right length and size; sides of an MP4 are even."""
    path = make_gif(RNG.random((6, 241, 243, 3)), tmp_path / f"a.{ending}")

    with av.open(str(path)) as film:
        track = film.streams.video[0]
        count = sum(1 for _ in film.decode(video=0))
        even = ending == "mp4"
        assert (count, track.width, track.height) == (6, 243 + even, 241 + even)
        assert track.codec_context.name in (codec, f"lib{codec}")
        assert track.average_rate == 5


def test_a_webp_plays(tmp_path: Path) -> None:
    """All frames, in colours close to those given."""
    video = RNG.random((3, 240, 240))

    path = make_gif(video, tmp_path / "a.webp")

    assert len(frames_of(path)) == 3
    assert encode_film(path)[0]["mime"] == "image/webp"


def test_frames_of_rows_are_grids(tmp_path: Path) -> None:
    """Each frame is the grid of its rows, on one scale."""
    video = RNG.normal(size=(3, 4, 100 * 100))

    path = video_grid2d(video, tmp_path / "a.gif")

    found = frames_of(path)
    for frame, rows in zip(found, video, strict=True):
        assert (small(frame, 2)[..., 0] == grid2d(rows, rescale=False)).all()


@pytest.mark.parametrize("rescale", [False, True, "film"])
def test_frames_of_images_are_grids(tmp_path: Path, rescale: Any) -> None:
    """By image, by frame, or by the whole film, where a frame that is darker stays darker."""
    video = np.array([[[[[0.0, 1.0]]], [[[0.0, 0.2]]]], [[[[0.0, 0.4]]], [[[0.0, 0.1]]]]])

    path = video_img_grid(video, tmp_path / "a.gif", rescale, (1, 2))

    found = [small(f, 240)[0, :, 0].tolist() for f in frames_of(path)]
    expected = {
        False: [[0, 255, 255, 0, 255]],  # a GIF holds two equal frames as one, twice as long
        True: [[0, 255, 255, 0, 102], [0, 255, 255, 0, 127]],
        "film": [[0, 255, 255, 0, 102], [0, 51, 255, 0, 25]],
    }
    assert found == expected[rescale]
    if rescale is True:
        assert found[0] == img_grid(video[:, 0], (1, 2))[0].tolist()


def test_points_move_and_leave_their_trace(tmp_path: Path) -> None:
    """Two series, all at once: a frame a step, each marker in its colour at its place."""
    data = np.array([[[0.0, 0], [1, 1]], [[1, 0], [0, 1]]])

    path = timeseries2dvideo(data, ["a", "b"], tmp_path / "a.webp")

    first, last = frames_of(path)
    # A border of 8 % of 400 pixels: 32 to 368; y grows upward.
    for frame, at, index in [(first, (368, 32), 0), (last, (368, 368), 0), (last, (32, 32), 1)]:
        colour = list(bytes.fromhex(look.stroke(index, "light").colour[1:]))
        np.testing.assert_allclose(frame[at], colour, atol=30)
    assert not (last[368, 200] == 255).all()  # the way between
    assert (first[368, 368] > 240).all()


def test_one_series_after_the_other(tmp_path: Path) -> None:
    """As the original: a frame for each step of each series."""
    data = RNG.normal(size=(3, 4, 2))

    path = timeseries2dvideo(data, None, tmp_path / "a.gif", one_by_one=True)

    assert len(frames_of(path)) == 12


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_images_beside_their_way(tmp_path: Path, mode: Any) -> None:
    """A frame for each step of each series; the largest value is the ink."""
    video = np.zeros((2, 3, 4))
    video[..., 3] = 1

    path = video_embedding(video, RNG.normal(size=(2, 3, 2)), [0, 1, 1], tmp_path / "a.gif",
                           mode=mode)  # fmt: skip

    found = frames_of(path)
    ink, card = (bytes.fromhex(c[1:]) for c in (look.tokens(mode).ink, look.tokens(mode).card))
    assert [f.shape for f in found] == [(400, 800, 3)] * 6
    np.testing.assert_allclose(found[0][300, 700], list(ink), atol=6)
    np.testing.assert_allclose(found[0][100, 500], list(card), atol=6)


def test_a_film_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    """The file has its name when it is whole, and nothing else lies about."""
    path = tmp_path / "a.gif"
    path.write_bytes(b"before")

    def broken() -> Iterator[Any]:
        yield np.zeros((4, 4), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(broken(), path, 5)

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("ending", "tag", "mime"),
    [("gif", "img", "image/gif"), ("webp", "img", "image/webp"),
     ("mp4", "video", "video/mp4"), ("webm", "video", "video/webm")],
)  # fmt: skip
def test_a_notebook_holds_the_film(tmp_path: Path, ending: str, tag: str, mime: str) -> None:
    """All bytes are in the page; names are no tags."""
    path = make_gif(RNG.random((2, 240, 240)), tmp_path / f'<b>"a.{ending}')

    html = video_at_notebook(path)._repr_html_()

    found = re.fullmatch(rf'<{tag} src="data:{mime};base64,([^"]+)" [^<>]*>(</video>)?', html)
    assert found is not None
    assert base64.b64decode(found[1]) == path.read_bytes()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: make_gif(np.zeros((2, 4)), p / "a.gif"), "expected .frames, rows, cols"),
        (lambda p: make_gif(np.zeros((2, 4, 4, 2)), p / "a.gif"), "expected 1, 3 or 4 channels"),
        (lambda p: make_gif(np.zeros((0, 4, 4)), p / "a.gif"), "video is empty"),
        (lambda p: make_gif(np.zeros((2, 4, 4)), p / "a.avi"), "ends in no known format: .gif"),
        (lambda p: make_gif(np.zeros((2, 4, 4)), p / "no" / "a.gif"), "is no folder"),
        (lambda p: make_gif(np.zeros((2, 4, 4)), None), "filepath is None, expected a path"),
        (lambda p: make_gif(np.zeros((2, 4, 4)), p / "a.gif", fps=0), "fps is 0"),
        (lambda p: make_gif(np.zeros((2, 4, 4)), p / "a.gif", True, "best"), "'best', expected"),
        (lambda p: video_grid2d(np.zeros((2, 7)), p / "a.gif"), "frames, samples, dim"),
        (lambda p: video_img_grid(np.zeros((2, 7)), p / "a.gif"), "samples, frames, channels"),
        (lambda p: timeseries2dvideo(np.zeros((2, 1, 3)), None, p / "a.gif"), "see timeseries2d"),
        (lambda p: timeseries2dvideo(np.full((2, 1, 2), np.nan), None, p / "a.gif"), "finite"),
        (lambda p: timeseries2dvideo(np.zeros((6000, 1, 2)), None, p / "a.gif"), "6000 frames"),
        (lambda p: video_embedding(np.zeros((2, 1, 3)), np.zeros((2, 1, 2)), None, p / "a.gif"),
         "images of 3 numbers, expected a square"),
        (lambda p: video_embedding(np.zeros((2, 1, 4)), np.zeros((3, 1, 2)), None, p / "a.gif"),
         r"video has \(2, 1\) frames and samples, embedding \(3, 1\)"),
        (lambda p: video_at_notebook(b"no film at all"), "no film that is known"),
    ],
)  # fmt: skip
def test_what_is_no_film(tmp_path: Path, call: Any, words: str) -> None:
    """The error says what was wrong and what was expected, and nothing is left behind."""
    with pytest.raises(ValueError, match=words):
        call(tmp_path)
    assert list(tmp_path.iterdir()) == []
