"""PR_CURVE, ROC_CURVE and CONFUSION_MATRIX beside scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from agnez_client.kinds.confusion import encode_confusion
from agnez_client.kinds.curve import PrCurveChannel, RocCurveChannel
from agnez_client.kinds.entry import Encoded
from agnez_client.kinds.thinning import thin_by_length, thin_by_x

Encode = Callable[..., Encoded]
SAMPLES = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=60)
RNG = np.random.default_rng(5)


def numbers(values: list[Any]) -> Any:
    """Texts of JSON as the floats they stand for."""
    return np.array([float(v) for v in values])


@settings(max_examples=40, deadline=None)
@given(SAMPLES)
def test_a_pr_curve_is_scikit_learns(samples: list[tuple[bool, int]]) -> None:
    """Precision, recall, thresholds and average precision, with ties."""
    truth, scores = (np.array(column) for column in zip(*samples, strict=True))
    assume(0 < truth.sum() < len(truth))

    found = PrCurveChannel.trace(truth, scores.astype(float))

    precision, recall, thresholds = metrics.precision_recall_curve(truth, scores)
    assert numbers(found["precision"]) == pytest.approx(precision)
    assert numbers(found["recall"]) == pytest.approx(recall)
    assert numbers(found["thresholds"]) == pytest.approx(thresholds)
    assert found["ap"] == pytest.approx(metrics.average_precision_score(truth, scores))


@settings(max_examples=40, deadline=None)
@given(SAMPLES)
def test_a_roc_curve_is_scikit_learns(samples: list[tuple[bool, int]]) -> None:
    """Both rates, thresholds and the area, with ties."""
    truth, scores = (np.array(column) for column in zip(*samples, strict=True))
    assume(0 < truth.sum() < len(truth))

    found = RocCurveChannel.trace(truth, scores.astype(float))

    fpr, tpr, thresholds = metrics.roc_curve(truth, scores)
    assert numbers(found["fpr"]) == pytest.approx(fpr)
    assert numbers(found["tpr"]) == pytest.approx(tpr)
    assert numbers(found["thresholds"]) == pytest.approx(thresholds)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(truth, scores))


def test_each_class_has_its_curve(encode: Encode) -> None:
    """One against the rest; a class without a sample has none."""
    truth = RNG.integers(0, 3, 300)
    scores = RNG.random((300, 4)) + np.eye(4)[truth]

    curves = encode("ROC_CURVE", (truth, torch.tensor(scores)), {"labels": list("abcd")}).body

    assert [c["label"] for c in curves["curves"]] == ["a", "b", "c"]
    for i, curve in enumerate(curves["curves"]):
        expected = metrics.roc_auc_score(truth == i, scores[:, i])
        assert curve["auc"] == pytest.approx(expected)
        assert (curve["positives"], curve["total"]) == ((truth == i).sum(), 300)


def test_classes_by_name_and_several_labels(encode: Encode) -> None:
    """The truth as texts, and as a matrix of 0 and 1."""
    names = np.array(["cat", "dog", "cat", "cow"])
    scores = RNG.random((4, 3))
    by_name = encode("PR_CURVE", (names, scores), labels=["cat", "cow", "dog"]).body["curves"]
    matrix = np.array([[n == k for k in ("cat", "cow", "dog")] for n in names]).astype(int)
    by_matrix = encode("PR_CURVE", (matrix, scores), labels=["cat", "cow", "dog"]).body["curves"]

    assert by_name == by_matrix
    binary = encode("PR_CURVE", (names, scores[:, 0]), positive="cat").body["curves"]
    assert binary == [by_name[0]]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_a_long_curve_keeps_its_shape(seed: int, skew: int) -> None:
    """At most 1,000 points; the area below them is that of all, the extremes are there."""
    rng = np.random.default_rng(seed)
    truth = rng.random(6000) < 0.3
    scores = rng.random(6000) ** (1 + skew) + 0.5 * truth

    roc = RocCurveChannel.trace(truth, scores)
    pr = PrCurveChannel.trace(truth, scores)

    fpr, tpr = numbers(roc["fpr"]), numbers(roc["tpr"])
    assert len(fpr) <= 1000
    assert np.trapezoid(tpr, fpr) == pytest.approx(roc["auc"], abs=1e-3)
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert len(pr["precision"]) <= 1000
    assert len(pr["thresholds"]) == len(pr["precision"]) - 1
    whole = metrics.precision_recall_curve(truth, scores)[0]
    assert min(pr["precision"]) == pytest.approx(whole.min())


def test_short_curves_are_not_thinned() -> None:
    """All places."""
    x = np.linspace(0, 1, 1000)

    assert len(thin_by_x(x, x)) == len(thin_by_length(x, x)) == 1000


def test_ready_curves_are_checked_and_kept(encode: Encode) -> None:
    """With the area and the counts that are known of them."""
    curve = {"label": "a", "fpr": [0, 0.5, 1], "tpr": [0, 1, 1], "auc": 0.75,
             "positives": 2, "total": 4}  # fmt: skip

    assert encode("ROC_CURVE", curve).body == {"curves": [curve]}
    assert encode("ROC_CURVE", [curve, curve]).body == {"curves": [curve, curve]}


def test_the_area_of_a_ready_curve_is_found(encode: Encode) -> None:
    """As scikit-learn finds it, where the curve does not tell."""
    truth, scores = RNG.integers(0, 2, 200), RNG.random(200)
    fpr, tpr, _ = metrics.roc_curve(truth, scores)
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)

    (roc,) = encode("ROC_CURVE", {"fpr": fpr, "tpr": tpr}).body["curves"]
    (pr,) = encode("PR_CURVE", {"precision": precision, "recall": recall}).body["curves"]

    assert roc["auc"] == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert pr["ap"] == pytest.approx(metrics.average_precision_score(truth, scores))


TRUTH = [0, 1, 1]
BAD = {
    "no pair": (TRUTH, {}, "expected a tuple"),
    "lengths": ((TRUTH, [0.1, 0.2]), {}, "3 truths and 2 rows"),
    "NaN": ((TRUTH, [0.1, 0.2, np.nan]), {}, "NaN or infinite"),
    "one class": (([1, 1, 1], [1, 2, 3]), {}, "one class only"),
    "which is positive": (([3, 4, 4], [1, 2, 3]), {}, "say which class is positive"),
    "no column": (
        ([0, 1, 3], np.eye(3)),
        {},
        r"the truth holds 3, .*: they are \[0, 1, 2\] \(labels=…",
    ),
    "no label": (
        (["a", "b", "x"], np.eye(3)[:, :2]),
        {"labels": ["a", "b"]},
        r"holds 'x', .* \['a', 'b'\]$",
    ),
    "no place": (([0, 5], np.eye(2)), {"labels": ["a", "b"]}, "the truth holds 5"),
    "several labels": (([[0, 2]], np.array([[0.5, 1]])), {}, "other values than 0 and 1"),
    "columns": ((TRUTH, np.zeros((3, 2))), {"labels": ["a"]}, "1 labels for 2 columns"),
    "three axes": ((TRUTH, np.zeros((3, 2, 2))), {}, "shape"),
    "labels": ((TRUTH, np.zeros((3, 2))), {"labels": ["a", "a"]}, "twice"),
    "empty": (([], []), {}, "empty"),
    "rates": ([{"fpr": [0, 2], "tpr": [0, 1]}], {}, "not between 0 and 1"),
    "rates of two lengths": ([{"fpr": [0, 1], "tpr": [0, 0.5, 1]}], {}, "different lengths"),
    "rates that fall": ([{"fpr": [1, 0], "tpr": [0, 1]}], {}, "ascend"),
    "no area": ([{"fpr": [0, 1], "tpr": [0, 1], "auc": 3}], {}, "auc"),
}


@pytest.mark.parametrize("way", BAD)
def test_what_is_no_curve_says_so(encode: Encode, way: str) -> None:
    """What was found and what was expected."""
    y, more, expected = BAD[way]

    with pytest.raises(ValueError, match=expected):
        encode("ROC_CURVE", y, **more)


CLASSES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1)


@given(CLASSES)
def test_a_confusion_matrix_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    """Rows are the truth; the classes are all that occur, or those that are told."""
    truth, predicted = (list(column) for column in zip(*pairs, strict=True))

    found = encode_confusion((truth, predicted)).body
    assert found["labels"] == sorted({*truth, *predicted})
    assume(len(found["labels"]) > 1 and "a" in truth)  # scikit-learn warns of a lone class
    assert found["counts"] == metrics.confusion_matrix(truth, predicted).tolist()
    told = encode_confusion((np.array(truth), np.array(predicted)), ["d", "a"]).body
    expected = metrics.confusion_matrix(truth, predicted, labels=["d", "a"])
    assert told == {"labels": ["d", "a"], "counts": expected.tolist()}


def test_classes_may_be_the_places_of_their_labels(encode: Encode) -> None:
    """Numbers as truth and prediction, names as labels: the second cat was taken for a dog."""
    found = encode("CONFUSION_MATRIX", ([0, 0, 1], [0, 1, 1]), {"labels": ["cat", "dog"]}).body

    assert found == {"labels": ["cat", "dog"], "counts": [[1, 1], [0, 1]]}


@pytest.mark.parametrize("y", [([0, 2], [0, 1]), (["a", "b"], ["cat", "dog"])])
def test_labels_that_are_none_of_the_classes_are_refused(encode: Encode, y: Any) -> None:
    """Rather than an empty matrix; scikit-learn does the same."""
    with pytest.raises(ValueError, match=r"none of the labels: they are .'cat', 'dog'."):
        encode("CONFUSION_MATRIX", y, {"labels": ["cat", "dog"]})


def test_a_ready_matrix_stays_as_it_is(encode: Encode) -> None:
    """With labels, or the numbers of its rows."""
    y = np.array([[3, 1], [0, 2]])

    found = encode("CONFUSION_MATRIX", y, {"labels": ["cat", "dog"]}).body
    assert found == {"labels": ["cat", "dog"], "counts": [[3, 1], [0, 2]]}
    assert encode("CONFUSION_MATRIX", y.tolist()).body["labels"] == ["0", "1"]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.zeros((2, 3)), "square"),
        (np.array([[-1]]), "negative"),
        (([1], [1, 2]), "1 truths and 2 predictions"),
        (([], []), "empty"),
        (([1.5, float("nan")], [1, 1]), "expected texts or numbers"),
        (("ab", "ab"), "list of classes"),
        (([1], [2], [3]), "tuple of 3"),
        (([1, "1"], [1, "1"]), "look the same"),
    ],
)
def test_what_is_no_matrix_says_so(encode: Encode, y: Any, expected: str) -> None:
    """What was found and what was expected."""
    with pytest.raises(ValueError, match=expected):
        encode("CONFUSION_MATRIX", y)


@pytest.mark.parametrize("scores", [[0.1, 0.9], [[0.1, 0.9], [0.8, 0.2]], np.eye(2) / 3])
def test_scores_are_no_prediction(encode: Encode, scores: Any) -> None:
    """The sentence says what to do."""
    with pytest.raises(ValueError, match=r"prediction holds .*argmax"):
        encode("CONFUSION_MATRIX", ([0, 1], scores))


def test_classes_may_be_fractions_that_are_known(encode: Encode) -> None:
    """Marks of half a point: as labels, or in the truth; whole floats are always classes."""
    marks = [0.5, 1.0, 1.5]

    entry = encode("CONFUSION_MATRIX", ([0.5, 0.5], [1.5, 0.5]), labels=marks)
    assert entry.body["counts"] == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert encode("CONFUSION_MATRIX", ([0.5, 1.5], [1.5, 1.5])).body["labels"] == ["0.5", "1.5"]
    assert encode("CONFUSION_MATRIX", ([0, 1], [1.0, 0.0])).body["counts"] == [[0, 1], [1, 0]]
