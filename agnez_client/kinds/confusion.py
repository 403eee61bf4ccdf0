"""CONFUSION_MATRIX: how often which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from agnez_client.kinds.arrays import Array, as_array, as_numbers
from agnez_client.kinds.entry import Encoded, EntryChannel

Label = str | int | float | bool
_NO_SCORES: Final = "expected classes: of scores take scores.argmax(1), of one column scores > 0.5"


class ConfusionMatrixChannel(EntryChannel):
    """Option ``labels``: the classes in the order of rows; `send(labels=…)` for one entry."""

    type: ClassVar[str] = "CONFUSION_MATRIX"
    known_options: ClassVar[frozenset[str]] = frozenset({"labels"})
    __slots__ = ()

    def encode(self, y: Any, *, labels: Sequence[Label] | None = None) -> Encoded:
        """See `encode_confusion`."""
        return encode_confusion(y, self.options.get("labels") if labels is None else labels)

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        if options.get("labels") is not None:
            as_labels(options["labels"])


def encode_confusion(y: Any, labels: Sequence[Label] | None = None) -> Encoded:
    """
    The entry of *y*: a tuple (truth, prediction) of classes, each ``(N,)``, counted as
    scikit-learn's `confusion_matrix` does; or a square matrix, rows being the truth.

    Args:
        labels: The classes in the order of rows; what is none of them is not counted. Classes
            that are whole numbers may be the places of labels that are texts. The default is all
            that occur, sorted; for a matrix the numbers from 0.

    Raises:
        ValueError: If *y* or *labels* is none of these.
    """
    known = None if labels is None else as_labels(labels)
    if isinstance(y, tuple):
        if len(y) != 2:
            raise ValueError(f"y is a tuple of {len(y)}, expected (truth, prediction)")
        truth, predicted = _classes(y[0], "truth"), _classes(y[1], "prediction")
        check_no_scores(predicted, {*truth, *(known or ())})
        if len(truth) != len(predicted):
            raise ValueError(f"there are {len(truth)} truths and {len(predicted)} predictions")
        known = sorted({*truth, *predicted}, key=_order) if known is None else known
        counts = count_pairs(truth, predicted, _places(truth, predicted, known))
    else:
        counts = _matrix(y)
        known = list(range(len(counts))) if known is None else known
        if len(known) != len(counts):
            raise ValueError(f"there are {len(known)} labels for {len(counts)} rows")
    return Encoded({"labels": as_names(known), "counts": [as_numbers(row) for row in counts]})


def check_no_scores(predicted: list[Label], classes: set[Label]) -> None:
    """Raises ValueError if a prediction is a fraction that is none of *classes*."""
    for value in predicted:
        if isinstance(value, float) and not value.is_integer() and value not in classes:
            raise ValueError(f"prediction holds {value}, {_NO_SCORES}")


def _places(truth: list[Label], predicted: list[Label], labels: list[Label]) -> list[Label]:
    """What stands for *labels* in the data: they themselves, or their places."""
    if set(labels) & set(truth):
        return labels
    numbers = list(range(len(labels)))
    if {*truth, *predicted} <= set(numbers) and all(isinstance(one, str) for one in labels):
        return [*numbers]
    raise ValueError(
        f"the truth holds none of the labels: they are {labels!r:.60}, it holds "
        f"{sorted(set(truth), key=_order)!r:.60}"
    )


def count_pairs(truth: list[Label], predicted: list[Label], labels: list[Label]) -> Array:
    """How often each pair occurs; pairs with a class that is none of *labels* are left out."""
    place = {label: i for i, label in enumerate(labels)}
    n = len(labels)
    cells = [
        place[t] * n + place[p]
        for t, p in zip(truth, predicted, strict=True)
        if t in place and p in place
    ]
    return np.bincount(np.array(cells, np.int64), minlength=n * n).reshape(n, n)


def as_labels(labels: Any) -> list[Label]:
    """
    *labels* as JSON can hold them.

    Raises:
        ValueError: If they are no list of different texts or numbers, or there is none.
    """
    found = _classes(labels, "labels")
    if len(set(found)) != len(found):
        raise ValueError("a label occurs twice")
    return found


def _classes(values: Any, name: str) -> list[Label]:
    if hasattr(values, "detach"):
        values = as_array(values, name)
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} is {values!r:.60}, expected a list of classes")
    found = list(values.tolist() if hasattr(values, "tolist") else values)
    found = [v.item() if hasattr(v, "item") else v for v in found]
    for value in found:
        if not isinstance(value, Label) or value != value:
            is_row = isinstance(value, list | np.ndarray)
            hint = _NO_SCORES if is_row else "expected texts or numbers"
            raise ValueError(f"{name} holds {value!r:.60}, {hint}")
    if not found:
        raise ValueError(f"{name} is empty")
    return found


def as_names(labels: list[Label]) -> list[str]:
    """*labels* as texts; ValueError if two are the same as such."""
    names = [str(label) for label in labels]
    if len(set(names)) != len(names):
        raise ValueError("two labels look the same")
    return names


def _order(label: Label) -> tuple[bool, Any]:
    return isinstance(label, str), label


def _matrix(y: Any) -> Array:
    counts = as_array(y)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(
            f"y has the shape {counts.shape}, expected a square matrix or a tuple "
            "(truth, prediction)"
        )
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("a count is negative, or not finite")
    return counts
