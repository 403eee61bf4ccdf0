"""PR_CURVE and ROC_CURVE: one or more curves of a classifier."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields, ascending

MAX_CURVES: Final = 1000


def check_pr(body: Fields) -> None:
    """Precision over recall; recall descends, as scikit-learn has it."""
    for curve in body.parts("curves", 1, MAX_CURVES):
        points = _points(curve, "precision", "recall")
        if not ascending(curve.numbers("recall")[::-1]):
            raise curve.wrong("recall", "descending")
        _rest(curve, "ap", (points, points - 1))


def check_roc(body: Fields) -> None:
    """True over false positives, both ascending."""
    for curve in body.parts("curves", 1, MAX_CURVES):
        points = _points(curve, "fpr", "tpr")
        for key in ("fpr", "tpr"):
            if not ascending(curve.numbers(key)):
                raise curve.wrong(key, "ascending")
        _rest(curve, "auc", (points,))


def _points(curve: Fields, first: str, second: str) -> int:
    """How many points both rates have."""
    found = curve.numbers(first, 0, 1)
    if not found or len(curve.numbers(second, 0, 1)) != len(found):
        raise curve.wrong(second, f"a list as long as {first}, and not empty")
    return len(found)


def _rest(curve: Fields, area: str, lengths: tuple[int, ...]) -> None:
    curve.text("label")
    curve.number(area, 0, 1)
    curve.whole("positives")
    curve.whole("total")
    if curve.has("thresholds") and len(curve.numbers("thresholds")) not in lengths:
        raise curve.wrong("thresholds", f"a list of {' or '.join(map(str, lengths))} numbers")
