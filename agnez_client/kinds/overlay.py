"""What lies over an image, in pixels of the full one: boxes, masks, keypoints, classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.pixels import as_png
from agnez_client.naming import as_text
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

MAX_LABEL: Final = 256
MAX_CLASSES: Final = 1000
MAX_OVERLAYS: Final = 10_000


def encode_classes(classes: Any) -> dict[str, str]:
    """
    Names of classes by id, from a mapping or a list whose places are the ids.

    Raises:
        ValueError: If it is neither, an id is no whole number or there are more than 1,000.
    """
    if isinstance(classes, Mapping):
        pairs = list(classes.items())
    elif isinstance(classes, Sequence) and not isinstance(classes, str):
        pairs = list(enumerate(classes))
    else:
        raise ValueError(f"classes is {classes!r:.60}, expected a mapping of ids to names")
    if len(pairs) > MAX_CLASSES:
        raise ValueError(f"there are {len(pairs)} classes, at most {MAX_CLASSES} are allowed")
    return {str(_whole(id, "the id of a class")): _text(name) for id, name in pairs}


def encode_boxes(boxes: Any) -> list[dict[str, Any]]:
    """
    Boxes from an array ``(N, 4)`` of x0, y0, x1, y1, or a list of mappings with the key ``box``
    and perhaps ``class``, ``label``, ``score``.

    Raises:
        ValueError: If one is none; names its place.
    """
    if len(getattr(boxes, "shape", ())) == 2:
        return _box_array(as_array(boxes, "boxes") if len(boxes) else np.empty((0, 4)))
    return [_placed("box", i, _box, box) for i, box in enumerate(_items(boxes, "boxes"))]


def _box_array(boxes: Any) -> list[dict[str, Any]]:
    if boxes.shape[1] != 4 or len(boxes) > MAX_OVERLAYS or not np.isfinite(boxes).all():
        raise ValueError(
            f"boxes have the shape {boxes.shape}, expected (N, 4) of finite numbers, N being at "
            f"most {MAX_OVERLAYS}"
        )
    return [{"box": corners} for corners in np.round(boxes.astype(float), 3).tolist()]


def _box(box: Any) -> dict[str, Any]:
    about = dict(box) if isinstance(box, Mapping) else {"box": box}
    _check_keys(about, ("box", "class", "label", "score"))
    corners = as_array(about.pop("box", None), "its box").reshape(-1).astype(float)
    if len(corners) != 4 or not np.isfinite(corners).all():
        raise ValueError("expected four finite numbers x0, y0, x1, y1")
    score = about.pop("score", None)
    found: dict[str, Any] = {"box": _short(corners), **_named(about)}
    if score is not None:
        score = as_array(score, "its score").reshape(-1)[0].item()
        if not np.isfinite(score):
            raise ValueError("its score is not finite")
        found["score"] = score
    return found


def encode_keypoints(keypoints: Any) -> list[dict[str, Any]]:
    """
    Keypoints from an array ``(N, J, 2 or 3)`` (or ``(J, 2 or 3)``, one of them) of x, y and
    whether it is visible, or a list of mappings with the key ``points`` and perhaps ``skeleton``
    (pairs of places), ``class``, ``label``.

    Raises:
        ValueError: If one is none; names its place.
    """
    shape = getattr(keypoints, "shape", ())
    found = [keypoints] if len(shape) == 2 else _items(keypoints, "keypoints")
    return [_placed("keypoints", i, _keypoints, points) for i, points in enumerate(found)]


def _keypoints(points: Any) -> dict[str, Any]:
    about = dict(points) if isinstance(points, Mapping) else {"points": points}
    _check_keys(about, ("points", "skeleton", "class", "label"))
    array = as_array(about.pop("points", None), "its points").astype(float)
    if array.ndim != 2 or array.shape[1] not in (2, 3) or not np.isfinite(array[:, :2]).all():
        raise ValueError(f"its points have the shape {array.shape}, expected (J, 2) or (J, 3)")
    visible = array[:, 2] > 0 if array.shape[1] == 3 else np.ones(len(array), bool)
    found: dict[str, Any] = {
        "points": [[*_short(p[:2]), int(v)] for p, v in zip(array, visible, strict=True)]
    }
    skeleton = about.pop("skeleton", None)
    if skeleton is not None:
        found["skeleton"] = [_bone(bone, len(array)) for bone in skeleton]
    return found | _named(about)


def _bone(bone: Any, count: int) -> list[int]:
    ends = [_whole(end, "an end of a bone") for end in bone]
    if len(ends) != 2 or not all(0 <= end < count for end in ends):
        raise ValueError(f"a bone of its skeleton is {bone!r:.60}, expected two places of points")
    return ends


def encode_masks(masks: Any, width: int, height: int) -> tuple[list[dict[str, Any]], list[Blob]]:
    """
    Masks from an array ``(H, W)`` of ids of classes from 0 to 255 (0 is none) or booleans, a
    mapping of names to such arrays, or a list of arrays or of mappings with ``mask`` and ``name``.

    Raises:
        ValueError: If one is none, or has not the size of the image; names its place.
    """
    if isinstance(masks, Mapping) and "mask" not in masks:
        masks = [{"mask": mask, "name": name} for name, mask in masks.items()]
    elif isinstance(masks, Mapping) or len(getattr(masks, "shape", ())) == 2:
        masks = [masks]
    items, blobs = [], []
    for i, mask in enumerate(_items(masks, "masks")):
        about = dict(mask) if isinstance(mask, Mapping) else {"mask": mask}
        blob = _placed("mask", i, lambda m: _mask(m, width, height), about.get("mask"))
        name = {"name": _text(about["name"])} if about.get("name") is not None else {}
        items.append({**blob.ref, **name})
        blobs.append(blob)
    return items, blobs


def _mask(mask: Any, width: int, height: int) -> Blob:
    array = as_array(mask, "it")
    if array.shape != (height, width):
        raise ValueError(f"it has the shape {array.shape}, expected {(height, width)} as the image")
    if array.dtype.kind == "f" or array.min() < 0 or array.max() > 255:
        raise ValueError("it holds other values than whole numbers from 0 to 255")
    return Blob.of(as_png(np.ascontiguousarray(array.astype(np.uint8))), "image/png")


def _items(values: Any, name: str) -> list[Any]:
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        raise ValueError(f"{name} is {shown(values)}, expected a list")
    if len(values) > MAX_OVERLAYS:
        raise ValueError(f"{name} are {len(values)}, at most {MAX_OVERLAYS} are allowed")
    return list(values)


def _placed(what: str, place: int, encode: Any, value: Any) -> Any:
    try:
        return encode(value)
    except (ValueError, TypeError) as wrong:
        raise ValueError(f"{what} {place} is wrong: {wrong}") from None


def _named(about: dict[str, Any]) -> dict[str, Any]:
    """Class and label from what is known of a box or of keypoints."""
    found: dict[str, Any] = {}
    if (id := about.pop("class", None)) is not None:
        if isinstance(id, str) and not id.isdigit():
            raise ValueError(f"its class is {id!r:.60}, expected a whole number: names are labels")
        found["class"] = _whole(id, "its class")
    if (label := about.pop("label", None)) is not None:
        found["label"] = _text(label)
    return found


def _check_keys(about: dict[str, Any], known: tuple[str, ...]) -> None:
    unknown = [str(key) for key in about if key not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r:.60} is not known, expected {', '.join(known)}")


def _whole(value: Any, what: str) -> int:
    value = value.item() if hasattr(value, "item") else value
    try:
        return int(value) if isinstance(value, int | str) else int(value.__index__())
    except (ValueError, AttributeError):
        raise ValueError(f"{what} is {value!r:.60}, expected a whole number") from None


def _text(value: Any) -> str:
    return as_text(str(value)[:MAX_LABEL])


def _short(values: Any) -> list[float]:
    """Places to a thousandth of a pixel."""
    return [round(float(v), 3) for v in values]
