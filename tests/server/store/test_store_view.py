"""The view of a series, beside an M4 that is worked out point by point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnez_server.store import search as search_module
from agnez_server.store import view as view_module
from agnez_server.store.buckets import along
from agnez_server.store.chunk import decode_chunk, encode_chunk
from agnez_server.store.ledger import TailView
from agnez_server.store.points import Points
from agnez_server.store.readers import WIDTHS
from agnez_server.store.source import Source
from agnez_server.store.summary import MID, decode_summary


class Shelf:
    """Chunks in memory, with the look of a snapshot."""

    def __init__(self, sent: Points, cuts: list[int]) -> None:
        self.rows = {
            start: encode_chunk(1, start, sent[start:end])
            for start, end in zip([0, *cuts], cuts, strict=False)
        }

    def heads(self):
        return [row.head for row in self.rows.values()]

    def chunk(self, head):
        return decode_chunk(head, self.rows[head.ord].body)

    def summary(self, head, level):
        if head.n <= MID and level != "top":
            return None
        packet = getattr(self.rows[head.ord], level)
        return decode_summary(packet, head.n, WIDTHS[level], head.x_dtype)


@dataclass
class Case:
    """A series, how it is stored, and what is asked."""

    sent: Points
    source: Source
    lo: float | int | None
    hi: float | int | None
    px: int
    axis: str

    def inside(self) -> list[int]:
        """Ordinals in the range, by the axis, ties by ordinal: with Python's exact numbers."""
        values = along(self.sent, self.axis).tolist()
        low = min(values) if self.lo is None else self.lo
        high = max(values) if self.hi is None else self.hi
        found = [i for i, value in enumerate(values) if low <= value <= high]
        return sorted(found, key=lambda i: (values[i], i))

    def places(self, ordinals) -> np.ndarray:
        """Where points lie, in columns; good to a millionth."""
        values = along(self.sent, self.axis).tolist()
        low = min(values) if self.lo is None else self.lo
        high = max(values) if self.hi is None else self.hi
        span = high - low or 1
        return np.array([float((values[i] - low) / span * self.px) for i in ordinals])


SHAPES = ("steps", "floats", "shuffled", "constant", "few values", "huge", "resumed", "mixed")


def x_column(shape: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """x of one of the shapes that training makes, and of some that it should not."""
    return {
        "steps": lambda: np.arange(n) * 3 - 50,
        "floats": lambda: np.cumsum(rng.random(n)),
        "shuffled": lambda: rng.permutation(n),
        "constant": lambda: np.full(n, 7),
        "few values": lambda: np.sort(rng.integers(0, 9, n)),
        "huge": lambda: (1 << 53) + np.arange(n),
        "resumed": lambda: np.concatenate([np.arange(n // 2), np.arange(n - n // 2)]),
        "mixed": lambda: np.where(rng.random(n) < 0.1, rng.random(n) * n, np.arange(n)),
    }[shape]()


def y_column(n: int, odd: bool, rng: np.random.Generator) -> np.ndarray:
    """Noise with one spike, and sometimes values that are no numbers."""
    y = rng.normal(size=n)
    y[rng.integers(n)] = 1e6
    if odd:
        y[rng.random(n) < 0.2] = math.nan
        y[rng.integers(n, size=3)] = math.inf
        y[rng.integers(n, size=3)] = -math.inf
    return y


@st.composite
def cases(draw, shapes=SHAPES) -> Case:
    """A series of up to 9,000 points in a few chunks and a tail, and a question about it."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    n = draw(st.integers(1, 9000))
    x = x_column(draw(st.sampled_from(shapes)), n, rng)
    wall = 1_700_000_000_000_000 + np.cumsum(rng.integers(0, 2000, n))
    if draw(st.booleans()):
        wall[n // 2 :] -= 5_000_000
    sent = Points(x, y_column(n, draw(st.booleans()), rng), wall)
    cuts = sorted({draw(st.integers(1, n)) for _ in range(draw(st.integers(0, 3)))})
    shelf = Shelf(sent, cuts)
    sealed = cuts[-1] if cuts else 0
    source = Source(shelf, shelf.heads(), TailView(sealed, sent[sealed:]))
    axis = draw(st.sampled_from(["x", "wall"]))
    values = along(sent, axis)
    lo, hi = sorted(values[rng.integers(n, size=2)].tolist())
    ask = draw(st.sampled_from(["all", "between", "left", "right"]))
    return Case(
        sent,
        source,
        None if ask in ("all", "left") else lo,
        None if ask in ("all", "right") else hi + draw(st.sampled_from([0, 0.5])),
        draw(st.sampled_from([1, 2, 7, 40, 300])),
        axis,
    )


@pytest.fixture(params=[0, 1 << 30], ids=["by summaries", "point by point"])
def route(request, monkeypatch) -> None:
    """Views take one route whatever the size."""
    monkeypatch.setattr(view_module, "_FEW", request.param)


def look(case: Case):
    return view_module.view(case.source, case.lo, case.hi, case.px, case.axis)


@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_it_returns_points_of_the_range_and_all_of_them_when_few(case: Case, route) -> None:
    """Points come unchanged, once, in order; all of them when at most four a column."""
    inside = case.inside()

    seen = look(case)

    ordinals = seen.ordinal.tolist()
    assert seen.exact == (len(inside) <= 4 * case.px)
    assert seen.total == len(case.sent)
    chosen = set(ordinals)
    assert ordinals == [i for i in inside if seen.exact or i in chosen]
    expected = case.sent.take(seen.ordinal)
    assert seen.x.tobytes() == expected.x.astype(seen.x.dtype).tobytes()
    assert seen.y.tobytes() == expected.y.tobytes()
    assert seen.wall.tobytes() == expected.wall.tobytes()


@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_no_extreme_is_lost_in_any_stretch_of_the_plot(case: Case, route) -> None:
    """Within one column of each point something at least as high, and as low, is drawn."""
    inside = case.inside()

    seen = look(case)

    y, places = case.sent.y[inside], case.places(inside)
    drawn_at = case.places(seen.ordinal)
    for sign in (1, -1):
        finite = np.isfinite(y)
        for column in range(case.px + 1):
            here = (places >= column) & (places < column + 1) & finite
            near = (drawn_at >= column - 1) & (drawn_at <= column + 2) & np.isfinite(seen.y)
            if here.any():
                assert (sign * seen.y[near]).max() >= (sign * y[here]).max()
    if inside:
        assert {inside[0], inside[-1]} <= set(seen.ordinal.tolist())
    for odd in (np.isnan, np.isposinf, np.isneginf):
        assert odd(seen.y).any() == odd(y).any()


@settings(max_examples=150, deadline=None)
@given(case=cases(shapes=("steps", "floats", "constant", "few values", "huge")))
def test_each_bucket_is_the_m4_of_its_points(case: Case) -> None:
    """In an ordered series buckets follow each other without gap, narrow, with true extremes."""
    if not (np.diff(along(case.sent, case.axis)) >= 0).all() or not case.inside():
        return
    inside, source = case.inside(), case.source
    ruler = view_module.Ruler(
        *(v.item() for v in along(case.sent, case.axis)[[inside[0], inside[-1]]]), case.px
    )
    search = search_module.Search(source, ruler, case.axis)
    search.add_points(view_module.tail_inside(source.tail, ruler, case.axis))
    search.run([h for h in source.heads if view_module._meets(h, case.axis, ruler)])

    found = search.result()

    assert search.count == len(inside)
    expected_next = inside[0]
    for key in dict.fromkeys(found.key.tolist()):
        ordinals = found.ordinal[found.key == key].tolist()
        assert ordinals[0] == expected_next
        whole = np.arange(ordinals[0], ordinals[-1] + 1)
        assert ordinals == sorted(brute_m4(case.sent.y, whole))
        ends = ruler.places(along(case.sent, case.axis)[[ordinals[0], ordinals[-1]]])
        assert ends[1] - ends[0] <= 1
        expected_next = ordinals[-1] + 1
    assert expected_next == inside[-1] + 1


def brute_m4(y: np.ndarray, ordinals: np.ndarray) -> set[int]:
    """First, last, min, max of finite y, and the first of each value that is no number."""
    finite = [i for i in ordinals.tolist() if math.isfinite(y[i])]
    chosen = {int(ordinals[0]), int(ordinals[-1])}
    if finite:
        chosen |= {min(finite, key=lambda i: (y[i], i)), min(finite, key=lambda i: (-y[i], i))}
    for odd in (np.isnan, np.isposinf, np.isneginf):
        chosen |= set(ordinals[odd(y[ordinals])][:1].tolist())
    return chosen
