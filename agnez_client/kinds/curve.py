"""
PR_CURVE and ROC_CURVE: how a classifier's scores separate the classes.

The curves, areas and average precisions are those of scikit-learn (`precision_recall_curve`,
`average_precision_score`, `roc_curve`, `auc`); a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from agnez_client.kinds.arrays import Array, as_array, as_numbers, as_vector
from agnez_client.kinds.confusion import Label, as_labels
from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.kinds.thinning import thin_by_length, thin_by_x
from agnez_client.shown import shown

MAX_CURVES: Final = 20
"""More than these would not fit in an entry, nor in a chart."""
Curve = dict[str, Any]


class CurveChannel(EntryChannel):
    """
    Option ``labels``: the classes in the order of the scores' columns; `send(labels=…)` for one
    entry. `send(positive=…)` says which of two classes is the positive one.
    """

    known_options: ClassVar[frozenset[str]] = frozenset({"labels"})
    columns: ClassVar[tuple[str, str]] = ("", "")
    """The names of a curve's horizontal and vertical values."""
    area: ClassVar[str] = ""
    __slots__ = ()

    def encode(
        self, y: Any, *, labels: Sequence[Label] | None = None, positive: Label | None = None
    ) -> Encoded:
        """
        The entry of *y*: a tuple (truth, scores), or a ready curve or a list of them as mappings.

        Args:
            y: truth ``(N,)`` holds the classes; scores ``(N,)`` those of the positive class, or
                ``(N, C)`` one column a class. A truth ``(N, C)`` of 0 and 1 has several labels a
                sample. Columns whose class has no sample, or no other, have no curve.

        Raises:
            ValueError: If *y* is none of these, has NaN, or holds samples of one class only.
        """
        labels = self.options.get("labels") if labels is None else labels
        known = None if labels is None else as_labels(labels)
        if isinstance(y, tuple) and len(y) == 2:
            curves = curves_of(*y, known, positive, self.trace)
        else:
            given = [y] if isinstance(y, Mapping) else y
            if not isinstance(given, Sequence) or not all(isinstance(c, Mapping) for c in given):
                raise ValueError(
                    f"y is {shown(y)}, expected a tuple (truth, scores) or ready curves"
                )
            curves = [self.ready(curve) for curve in given]
        if not 1 <= len(curves) <= MAX_CURVES:
            raise ValueError(f"there are {len(curves)} curves, expected 1 to {MAX_CURVES}")
        return Encoded({"curves": curves})

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        if options.get("labels") is not None:
            as_labels(options["labels"])

    @staticmethod
    def trace(truth: Array, scores: Array) -> Curve:
        """The curve of *truth* (booleans, both there) and *scores*, ``(N,)`` each."""
        raise NotImplementedError

    @classmethod
    def ready(cls, curve: Mapping[str, Any]) -> Curve:
        """A curve that is made already, checked; what is known of it besides is kept."""
        columns = {name: as_vector(curve.get(name), name) for name in cls.columns}
        sizes = {len(values) for values in columns.values()}
        if len(sizes) != 1:
            raise ValueError(f"{' and '.join(cls.columns)} have different lengths")
        for name, values in columns.items():
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError(f"{name} has values that are not between 0 and 1")
        cls.check_order(columns)
        kept = cls.thin(*columns.values())
        found: Curve = {"label": str(curve.get("label", ""))[:256]}
        found |= {name: as_numbers(values[kept]) for name, values in columns.items()}
        below = cls.area_below(*columns.values())
        for name, default in ((cls.area, below), ("positives", 0), ("total", 0)):
            value = as_array(curve.get(name, default), name).reshape(-1)[0].item()
            if value < 0 or (name == cls.area and value > 1):
                raise ValueError(f"{name} is {value}, expected a number that it can be")
            found[name] = value if name == cls.area else int(value)
        return found

    @staticmethod
    def check_order(columns: Mapping[str, Array]) -> None:
        """Raises ValueError if the values of a ready curve are not in the order they have."""
        raise NotImplementedError

    @staticmethod
    def area_below(horizontal: Array, vertical: Array) -> float:
        """The area of a ready curve that does not tell it."""
        raise NotImplementedError

    @staticmethod
    def thin(horizontal: Array, vertical: Array) -> Array:
        """Which places of a curve to keep so that it keeps its shape."""
        raise NotImplementedError


class PrCurveChannel(CurveChannel):
    """Precision over recall; see `CurveChannel`."""

    type: ClassVar[str] = "PR_CURVE"
    columns: ClassVar[tuple[str, str]] = ("recall", "precision")
    area: ClassVar[str] = "ap"
    __slots__ = ()

    @staticmethod
    def check_order(columns: Mapping[str, Array]) -> None:
        """Recall descends."""
        if (np.diff(columns["recall"]) > 0).any():
            raise ValueError("recall does not descend, as scikit-learn has it")

    @staticmethod
    def area_below(horizontal: Array, vertical: Array) -> float:
        """The average precision: steps, as scikit-learn has it."""
        return float(np.sum(-np.diff(horizontal) * vertical[:-1]))

    @staticmethod
    def thin(horizontal: Array, vertical: Array) -> Array:
        """See `thin_by_x`."""
        return thin_by_x(horizontal, vertical)

    @staticmethod
    def trace(truth: Array, scores: Array) -> Curve:
        """As `precision_recall_curve` has it: recall descends to the point (0, 1)."""
        hits, alarms, thresholds = cumulated(truth, scores)
        precision, recall = hits / (hits + alarms), hits / hits[-1]
        ap = float(np.sum(np.diff(recall, prepend=0.0) * precision))
        precision, recall = np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0)
        kept = thin_by_x(recall, precision)
        return {
            "precision": as_numbers(precision[kept]),
            "recall": as_numbers(recall[kept]),
            "thresholds": as_numbers(thresholds[::-1][kept[:-1]]),
            "ap": ap,
        }


class RocCurveChannel(CurveChannel):
    """True over false positive rate; see `CurveChannel`."""

    type: ClassVar[str] = "ROC_CURVE"
    columns: ClassVar[tuple[str, str]] = ("fpr", "tpr")
    area: ClassVar[str] = "auc"
    __slots__ = ()

    @staticmethod
    def check_order(columns: Mapping[str, Array]) -> None:
        """Both rates ascend."""
        for name, values in columns.items():
            if (np.diff(values) < 0).any():
                raise ValueError(f"{name} does not ascend")

    @staticmethod
    def area_below(horizontal: Array, vertical: Array) -> float:
        """By the trapezoidal rule."""
        return float(np.sum(np.diff(horizontal) * (vertical[1:] + vertical[:-1]) / 2))

    @staticmethod
    def thin(horizontal: Array, vertical: Array) -> Array:
        """See `thin_by_length`."""
        return thin_by_length(horizontal, vertical)

    @staticmethod
    def trace(truth: Array, scores: Array) -> Curve:
        """As `roc_curve` has it: from (0, 0), without points on a straight line."""
        hits, alarms, thresholds = cumulated(truth, scores)
        corners = np.ones(len(hits), bool)
        corners[1:-1] = (np.diff(alarms, 2) != 0) | (np.diff(hits, 2) != 0)
        tpr = np.append(0.0, hits[corners] / hits[-1])
        fpr = np.append(0.0, alarms[corners] / alarms[-1])
        thresholds = np.append(np.inf, thresholds[corners])
        kept = thin_by_length(fpr, tpr)
        return {
            "fpr": as_numbers(fpr[kept]),
            "tpr": as_numbers(tpr[kept]),
            "thresholds": as_numbers(thresholds[kept]),
            "auc": RocCurveChannel.area_below(fpr, tpr),
        }


def cumulated(truth: Array, scores: Array) -> tuple[Array, Array, Array]:
    """True positives, false positives and the score, at each different score from the highest."""
    order = np.argsort(-scores, kind="stable")
    truth, scores = truth[order], scores[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.cumsum(truth, dtype=np.int64)[last]
    return hits, last + 1 - hits, scores[last]


def curves_of(
    truth: Any,
    scores: Any,
    labels: list[Label] | None,
    positive: Label | None,
    trace: Callable[[Array, Array], Curve],
) -> list[Curve]:
    """
    The curve of the positive class, or one for each column of *scores*.

    Raises:
        ValueError: See `CurveChannel.encode`.
    """
    found = as_array(scores, "scores").astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError("a score is NaN or infinite")
    if found.ndim == 1:
        label, hits = binary_truth(truth, positive)
        columns = [(label, hits, found)]
    elif found.ndim == 2:
        columns = class_columns(truth, found, labels)
    else:
        raise ValueError(f"scores have the shape {found.shape}, expected one or two axes")
    for _, hits, _ in columns:
        if len(hits) != len(found):
            raise ValueError(f"there are {len(hits)} truths and {len(found)} rows of scores")
    mixed = [c for c in columns if 0 < c[1].sum() < len(c[1])]
    if not mixed:
        raise ValueError("the truth holds samples of one class only")
    return [
        {"label": label, **trace(hits, s), "positives": int(hits.sum()), "total": len(hits)}
        for label, hits, s in mixed
    ]


def binary_truth(truth: Any, positive: Label | None) -> tuple[str, Array]:
    """
    The name of the positive class, and which samples are of it.

    The positive class is *positive*, else 1 where the classes are 0 and 1, or -1 and 1.
    """
    given = np.asarray(truth if not hasattr(truth, "detach") else as_array(truth, "truth"))
    if given.ndim != 1 or not len(given) or given.dtype.kind not in "biufU":
        raise ValueError(f"the truth has the shape {given.shape}, expected one axis of classes")
    if positive is None:
        classes = set(np.unique(given).tolist())
        if not (classes <= {0, 1} or classes <= {-1, 1}):
            raise ValueError(
                f"the truth holds {sorted(classes)!r:.60}: say which class is positive=…"
            )
        positive = 1
    return str(positive), given == positive


def class_columns(
    truth: Any, scores: Array, labels: list[Label] | None
) -> list[tuple[str, Array, Array]]:
    """Name, samples and scores of each class of *scores*, which has a column for each."""
    count = scores.shape[1]
    known = list(range(count)) if labels is None else labels
    if len(known) != count:
        raise ValueError(f"there are {len(known)} labels for {count} columns of scores")
    given = np.asarray(truth if not hasattr(truth, "detach") else as_array(truth, "truth"))
    if given.shape == scores.shape:
        if not np.isin(given, (0, 1)).all():
            raise ValueError(f"the truth has the shape {given.shape} and other values than 0 and 1")
        hits = [given[:, i] == 1 for i in range(count)]
    elif given.ndim == 1:
        hits = [given == label for label in known]
        if labels is not None and given.dtype.kind in "iu" and not any(h.any() for h in hits):
            hits = [given == i for i in range(count)]  # classes by number, labels as their names
    else:
        raise ValueError(f"the truth has the shape {given.shape}, expected ({len(scores)},)")
    if given.ndim == 1 and len(outside := given[~np.logical_or.reduce(hits)]):
        raise ValueError(
            f"the truth holds {outside[0].item()!r:.60}, which is no column of the scores: "
            f"they are {known!r:.60}" + (" (labels=… names them)" if labels is None else "")
        )
    return [(str(known[i]), hits[i], scores[:, i]) for i in range(count)]
