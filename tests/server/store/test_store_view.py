"""The view of a series, beside an M4 that is worked out point by point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agnez_server.store import view as view_module
from agnez_server.store.buckets import along
from agnez_server.store.chunk import decode_chunk, encode_chunk
from agnez_server.store.ledger import TailView
from agnez_server.store.points import Points
from agnez_server.store.readers import WIDTHS
from agnez_server.store.ruler import Ruler
from agnez_server.store.search import Search
from agnez_server.store.source import Source, tail_inside
from agnez_server.store.summary import MID, decode_summary


class Shelf:
    """Chunks in memory, with the look of a snapshot."""

    def __init__(self, sent: Points, cuts: list[int]) -> None:
        self.rows = {
            start: encode_chunk(1, start, sent[start:end], summarized_from=MID + 1)
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
    few: int

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
        "resumed": lambda: np.arange(n) % (n // 3 + 1),
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


def make_case(seed: int, shapes: tuple[str, ...]) -> Case:
    """A series of up to 12,000 points in a few chunks and a tail, and a question about it."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 65, 700, 2049, 4000, 9000, 12_000]))
    x = x_column(rng.choice(shapes), n, rng)
    wall = 1_700_000_000_000_000 + np.cumsum(rng.integers(0, rng.choice([2, 2000]), n))
    if rng.random() < 0.3:
        wall[n // 2 :] -= 5_000_000
    sent = Points(x, y_column(n, rng.random() < 0.5, rng), wall)
    cuts = np.unique(rng.integers(1, n + 1, rng.choice([0, 1, 2, 4]))).tolist()
    shelf, sealed = Shelf(sent, cuts), cuts[-1] if cuts else 0
    source = Source(shelf, shelf.heads(), TailView(sealed, sent[sealed:]))
    axis = str(rng.choice(["x", "x", "wall"]))
    lo, hi = sorted(along(sent, axis)[rng.integers(n, size=2)].tolist())
    return Case(
        sent,
        source,
        None if rng.random() < 0.6 else lo,
        None if rng.random() < 0.6 else hi + [0, 0.5][rng.integers(2)],
        int(rng.choice([1, 2, 7, 40, 90, 120, 300])),
        axis,
        int(rng.choice([0, 1 << 30])),
    )


def cases(shapes: tuple[str, ...] = SHAPES) -> st.SearchStrategy[Case]:
    """Cases with x of these shapes."""
    return st.integers(0, 1 << 40).map(lambda seed: make_case(seed, shapes))


def look(case: Case):
    return view_module.view(case.source, case.lo, case.hi, case.px, case.axis, few=case.few)


@settings(max_examples=200, deadline=None)
@given(case=cases())
def test_it_returns_points_of_the_range_and_all_of_them_when_few(case: Case) -> None:
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


@settings(max_examples=200, deadline=None)
@given(case=cases())
def test_no_extreme_is_lost_in_any_stretch_of_the_plot(case: Case) -> None:
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


@settings(max_examples=200, deadline=None)
@given(case=cases())
def test_each_point_is_in_one_bucket_and_none_is_wider_than_a_column(case: Case) -> None:
    """Whatever the order of x: buckets hold as many points as the range, and are narrow."""
    inside = case.inside()
    if not inside:
        return

    found, ruler, count = search(case, inside)

    places = ruler.places(along(found.points, case.axis))
    assert count == len(inside)
    for key in np.unique(found.key):
        assert np.ptp(places[found.key == key]) <= 1


@settings(max_examples=200, deadline=None)
@given(case=cases(shapes=("steps", "floats", "constant", "few values", "huge")))
def test_each_bucket_is_the_m4_of_its_points(case: Case) -> None:
    """In an ordered series buckets follow each other without gap, narrow, with true extremes."""
    if not (np.diff(along(case.sent, case.axis)) >= 0).all() or not case.inside():
        return
    inside = case.inside()

    found, ruler, count = search(case, inside)

    assert count == len(inside)
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


def search(case: Case, inside: list[int]):
    """What a search by summaries finds, by bucket; its ruler; how many points it counted."""
    ends = along(case.sent, case.axis)[[inside[0], inside[-1]]].tolist()
    ruler = Ruler(*ends, case.px)
    searching = Search(case.source, ruler, case.axis)
    searching.add_points(tail_inside(case.source.tail, ruler, case.axis))
    searching.run([h for h in case.source.heads if view_module._meets(h, case.axis, ruler)])
    return searching.result(), ruler, searching.count


def brute_m4(y: np.ndarray, ordinals: np.ndarray) -> set[int]:
    """First, last, min, max of finite y, and the first of each value that is no number."""
    finite = [i for i in ordinals.tolist() if math.isfinite(y[i])]
    chosen = {int(ordinals[0]), int(ordinals[-1])}
    if finite:
        chosen |= {min(finite, key=lambda i: (y[i], i)), min(finite, key=lambda i: (-y[i], i))}
    for odd in (np.isnan, np.isposinf, np.isneginf):
        chosen |= set(ordinals[odd(y[ordinals])][:1].tolist())
    return chosen
