"""IMAGE: any array becomes a picture by a rule that can be written down."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image as Pillow

from agnez_client import Image
from agnez_client.kinds.entry import Encoded
from agnez_client.kinds.pixels import as_pixels, thumbnail_size

Encode = Callable[..., Encoded]
RNG = np.random.default_rng(3)


def picture(encoded: Encoded, sha256: str | None = None) -> Any:
    """The pixels of a blob, that of the first image by default."""
    sha256 = sha256 or encoded.body["items"][0]["sha256"]
    (data,) = {b.source for b in encoded.blobs if b.sha256 == sha256}
    assert isinstance(data, bytes)
    return np.asarray(Pillow.open(io.BytesIO(data)))


@given(
    arrays.arrays(
        st.sampled_from([np.float64, np.float32, np.int16, np.uint16, np.int64]),
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=12),
        elements=st.integers(-1000, 1000).map(abs),
    )
)
def test_other_types_are_scaled_from_smallest_to_largest(y: Any) -> None:
    """(x - min) / (max - min), to the nearest of 256 steps; an image of one value is black."""
    pixels, scaling = as_pixels(y)

    low, high = int(y.min()), int(y.max())
    exact = 255 * (y.astype(float) - low) / max(high - low, 1)
    assert np.abs(pixels - exact).max() <= 0.5001
    assert (scaling.low, scaling.high) == (low, high)


@given(arrays.arrays(np.float32, (4, 5), elements=st.floats(width=32)))
def test_values_that_are_not_finite_are_shown_and_counted(y: Any) -> None:
    """NaN and -inf as 0, inf as 255; they do not change the scale of the others."""
    pixels, scaling = as_pixels(y)

    assert (pixels[np.isnan(y) | (y == -np.inf)] == 0).all()
    assert (pixels[y == np.inf] == 255).all()
    assert (scaling.nan, scaling.inf) == (np.isnan(y).sum(), np.isinf(y).sum())
    finite = y[np.isfinite(y)]
    if len(set(finite.tolist())) > 1:
        assert pixels[np.isfinite(y)].min() == 0
        assert pixels[np.isfinite(y)].max() == 255


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 3), (7, 9, 4)])
def test_bytes_stay_as_they_are(encode: Encode, shape: tuple[int, ...]) -> None:
    """Grey, RGB and RGBA, to the last bit."""
    y = RNG.integers(0, 256, shape, dtype=np.uint8)

    encoded = encode("IMAGE", y)

    assert np.array_equal(picture(encoded), y)
    (item,) = encoded.body["items"]
    assert (item["width"], item["height"], item["mime"]) == (9, 7, "image/png")
    assert "scaled" not in item


def test_booleans_are_black_and_white(encode: Encode) -> None:
    """0 and 255."""
    assert picture(encode("IMAGE", np.eye(2) > 0)).tolist() == [[255, 0], [0, 255]]


def test_colours_may_come_first(encode: Encode) -> None:
    """Where the last axis can't be colours: as torch has it."""
    y = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)

    assert np.array_equal(picture(encode("IMAGE", torch.tensor(y).permute(2, 0, 1))), y)
    assert np.array_equal(picture(encode("IMAGE", y[:, :, :1].transpose(2, 0, 1))), y[:, :, 0])


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_thumbnail_has_fifty_pixels_on_its_shorter_side(width: int, height: int) -> None:
    """An image that has less is its own; the longer side has at most 1,000."""
    small = thumbnail_size(width, height)

    if min(width, height) <= 50 and max(width, height) <= 1000:
        assert small == (width, height)
    elif max(width, height) / min(width, height) < 19:
        assert min(small) == 50
        assert max(small) == round(max(width, height) * 50 / min(width, height))
    assert max(small) <= 1000
    assert min(small) >= 1


def test_the_thumbnail_is_a_picture_of_its_own(encode: Encode) -> None:
    """A small image is its own thumbnail: one blob."""
    large = encode("IMAGE", RNG.random((100, 300)))
    thumb = large.body["items"][0]["thumb"]
    assert picture(large, thumb["sha256"]).shape == (50, 150) == (thumb["height"], thumb["width"])

    small = encode("IMAGE", RNG.random((28, 28))).body["items"][0]
    assert small["thumb"]["sha256"] == small["sha256"]


def test_pictures_and_files_stay_as_they_are(encode: Encode, tmp_path: Path) -> None:
    """What a browser shows is kept byte by byte; other formats become PNG."""
    drawn = Pillow.fromarray(RNG.integers(0, 256, (60, 70, 3), dtype=np.uint8))
    drawn.save(tmp_path / "a.jpg")
    drawn.save(tmp_path / "a.bmp")

    jpeg = encode("IMAGE", tmp_path / "a.jpg")
    assert jpeg.blobs[0].source == (tmp_path / "a.jpg").read_bytes()
    assert jpeg.body["items"][0]["mime"] == "image/jpeg"
    assert np.array_equal(picture(encode("IMAGE", str(tmp_path / "a.bmp"))), np.asarray(drawn))
    assert np.array_equal(picture(encode("IMAGE", drawn)), np.asarray(drawn))
    assert picture(encode("IMAGE", drawn.convert("CMYK"))).shape == (60, 70, 3)
    deep = Pillow.fromarray(np.array([[0, 65535]], np.uint16))
    assert picture(encode("IMAGE", deep)).tolist() == [[0, 255]]


def test_several_images_are_one_entry(encode: Encode) -> None:
    """A list of different ones, or four axes."""
    y = [np.zeros((4, 4)), Image(np.ones((5, 5, 3), np.uint8), caption="b", boxes=[[0, 0, 1, 1]])]

    items = encode("IMAGE", y, {"classes": ["a"]}, caption="all").body["items"]

    assert [i["width"] for i in items] == [4, 5]
    assert [i["caption"] for i in items] == ["all", "b"]
    assert [i["classes"] for i in items] == [{"0": "a"}] * 2
    assert len(encode("IMAGE", torch.zeros(6, 3, 4, 4)).body["items"]) == 6


def test_what_lies_over_an_image(encode: Encode) -> None:
    """Boxes, masks and keypoints as arrays or as mappings."""
    mask = RNG.integers(0, 3, (8, 9))
    encoded = encode(
        "IMAGE",
        np.zeros((8, 9)),
        boxes=np.array([[0, 0, 4.5, 4]]),
        masks={"parts": mask},
        keypoints=np.array([[[1, 2, 1], [3, 4, 0]]]),
        classes={1: "cat", "2": "dog"},
    )

    (item,) = encoded.body["items"]
    assert item["boxes"] == [{"box": [0, 0, 4.5, 4]}]
    assert item["keypoints"] == [{"points": [[1, 2, 1], [3, 4, 0]]}]
    assert item["classes"] == {"1": "cat", "2": "dog"}
    assert item["masks"][0]["name"] == "parts"
    assert np.array_equal(picture(encoded, item["masks"][0]["sha256"]), mask)


def test_a_huge_image_is_refused_before_memory_is_spent(encode: Encode) -> None:
    """500 million pixels without a byte behind them."""
    y = np.broadcast_to(np.float64(0), (20_000, 25_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="25000 x 20000 pixels, at most 100000000"):
            encode("IMAGE", y)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    with pytest.raises(ValueError, match="AGNEZ_MAX_PIXELS"):
        encode("IMAGE", np.zeros((4, 4)), {"max_pixels": 15})


@pytest.mark.parametrize(
    "rows",
    [[[0, 1], [1, 0]], ((0.5, 2), (1, 7)), [[True], [False]], [[[0, 1, 2]] * 2], [[[[0, 1]]]] * 2],
)
def test_numbers_in_lists_are_one_array(encode: Encode, rows: Any) -> None:
    """As np.array takes them: two axes, three with colours, four for several images."""
    assert encode("IMAGE", rows) == encode("IMAGE", np.array(rows))


EMPTY = np.zeros((4, 4))
BAD = {
    "one axis": (np.zeros(4), {}, r"shape \(4,\), expected \(H, W\)"),
    "two colours": (np.zeros((5, 4, 2)), {}, r"\(5, 4, 2\)"),
    "five axes": (np.zeros((1, 1, 1, 1, 1)), {}, "shape"),
    "empty": (np.zeros((0, 4)), {}, "4 x 0 pixels"),
    "no images": ([], {}, "0 images, expected 1 to 64"),
    "many images": ([EMPTY] * 65, {}, "65 images"),
    "objects": (np.array([[None]]), {}, "object"),
    "complex": (np.zeros((2, 2), complex), {}, "complex"),
    "no file": ("nowhere.png", {}, "is not a file"),
    "no picture": (b"GIF8 but not really", {}, "no picture that can be read"),
    "a word": (EMPTY, {"colour": 1}, "'colour' is not known"),
    "caption": (EMPTY, {"caption": 3}, "caption is 3"),
    "box of three": (EMPTY, {"boxes": [[1, 2, 3]]}, "box 0 is wrong: expected four"),
    "box of NaN": (EMPTY, {"boxes": [[1, 2, 3, np.nan]]}, "finite"),
    "box with more": (EMPTY, {"boxes": [{"box": [0, 0, 1, 1], "x": 1}]}, "'x' is not known"),
    "class of a box": (
        EMPTY,
        {"boxes": [{"box": [0, 0, 1, 1], "class": "a"}]},
        "its class is 'a', expected a whole number: names are labels",
    ),
    "mask of another size": (EMPTY, {"masks": [np.zeros((3, 4), int)]}, r"mask 0 .* \(4, 4\)"),
    "mask of floats": (EMPTY, {"masks": [EMPTY]}, "whole numbers from 0 to 255"),
    "mask of large ids": (EMPTY, {"masks": [np.full((4, 4), 256)]}, "from 0 to 255"),
    "bone": (EMPTY, {"keypoints": [{"points": [[0, 0]], "skeleton": [[0, 1]]}]}, "a bone"),
    "classes": (EMPTY, {"classes": 3}, "classes is 3"),
    "nothing": (None, {}, "y is None, expected an array of numbers"),
    "numbers": ([0.5, 1], {}, r"a list that is no image: expected np.array\(…\)"),
    "uneven rows": ([[0, 1], [1]], {}, r"expected np.array\(…\) of \(H, W\)"),
    "rows of texts": ([["a"]], {}, r"expected np.array\(…\)"),
    "boxes over two": ([EMPTY, EMPTY], {"boxes": [[0, 0, 1, 1]]}, "one by one"),
}


@pytest.mark.parametrize("way", BAD)
def test_what_is_none_says_so(encode: Encode, way: str) -> None:
    """What was found and what was expected."""
    y, more, expected = BAD[way]

    with pytest.raises(ValueError, match=expected):
        encode("IMAGE", y, **more)
