"""The band of curves: true means, no extreme lost, whatever is decimated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from agnez_server.bands.band import Band, band_of
from agnez_server.bands.members import Curve

Floats = npt.NDArray[np.float64]


def curve(x: list[float] | Floats, y: list[float] | Floats) -> Curve:
    """All points of a member."""
    return Curve(np.array(x, np.float64), np.array(y, np.float64), True)


def thinned(x: Floats, y: Floats, lo: float, hi: float, px: int) -> Curve:
    """First, last, smallest and largest point of each column, found one column after the other."""
    column = np.clip((x - lo) / (hi - lo) * px, 0, px - 1).astype(int)
    kept = set[int]()
    for c in np.unique(column):
        at = np.flatnonzero(column == c)
        kept |= {at[0], at[-1], at[np.argmin(y[at])], at[np.argmax(y[at])]}
    places = sorted(kept)
    return Curve(x[places], y[places], False)


def rows(band: Band) -> list[tuple[float, float, float, float, int]]:
    """x, mean, lo, hi, count of each row."""
    return list(
        zip(*(c.tolist() for c in (band.x, band.mean, band.lo, band.hi, band.count)), strict=True)
    )


def test_the_mean_is_over_those_that_have_a_value() -> None:
    """Three ranks, of which one began later and one is behind: worked by hand."""
    band = band_of(
        [curve([0, 1, 2, 3], [1, 2, 3, 4]), curve([1, 2, 3], [4, 5, 6]), curve([0, 1], [3, 6])],
        0, 3, 100,
    )  # fmt: skip

    assert band.exact
    assert rows(band) == [(0, 2, 1, 3, 2), (1, 4, 2, 6, 3), (2, 4, 3, 5, 2), (3, 5, 4, 6, 2)]


def test_between_its_points_a_member_is_the_line_that_is_drawn() -> None:
    """Ranks that send at different steps: at step 2 the other one is half way from 10 to 30."""
    band = band_of([curve([0, 2, 4], [0, 0, 0]), curve([1, 3], [10, 30])], 0, 4, 100)

    assert rows(band)[1:4] == [(1, 5, 0, 10, 2), (2, 10, 0, 20, 2), (3, 15, 0, 30, 2)]
    assert band.count.tolist() == [1, 2, 2, 2, 1]


def test_of_several_points_at_a_step_the_last_counts_and_all_are_in_the_band() -> None:
    """As in a chart, where the line goes on from the last."""
    band = band_of([curve([0, 0, 1], [9, 1, 1]), curve([0, 1], [3, 3])], 0, 1, 100)

    assert rows(band)[0] == (0, 2, 1, 9, 2)


def test_what_is_no_number_is_left_out_and_told() -> None:
    """NaN of one rank does not take the mean of the others; it is told with its member."""
    band = band_of([curve([0, 1, 2], [1, np.nan, 3]), curve([0, 1, 2], [3, 4, np.inf])], 0, 2, 100)

    assert rows(band) == [(0, 2, 1, 3, 2), (1, 4, 4, 4, 1), (2, 3, 3, 3, 1)]
    assert (band.odd.x.tolist(), band.odd.member.tolist()) == ([1, 2], [0, 1])
    assert np.isnan(band.odd.y[0]) and band.odd.y[1] == np.inf


def test_a_step_where_nobody_has_a_number_is_no_row() -> None:
    """There is no mean of nothing."""
    band = band_of([curve([0, 1, 2], [1, np.nan, 3])], 0, 2, 100)

    assert band.x.tolist() == [0, 2]


def test_nothing_has_no_rows() -> None:
    """No member, or none with points in the range."""
    assert rows(band_of([], 0, 1, 10)) == []
    assert rows(band_of([curve([], [])], 0, 1, 10)) == []


def test_the_largest_numbers_have_a_mean() -> None:
    """Their sum is beyond float64, their mean is not."""
    band = band_of([curve([0], [1.7e308]), curve([0], [1.7e308])], 0, 0, 10)

    assert rows(band) == [(0, 1.7e308, 1.7e308, 1.7e308, 2)]


@given(
    ranks=st.integers(1, 6), steps=st.integers(1, 400), px=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_ranks_of_the_same_steps_have_numpy_s_mean(
    ranks: int, steps: int, px: int, seed: int
) -> None:
    """At every x that is told the mean is that of what all ranks sent there."""
    x = np.arange(steps, dtype=np.float64)
    ys = np.random.default_rng(seed).normal(size=(ranks, steps))
    hi = max(1, steps - 1)

    band = band_of([thinned(x, y, 0, hi, px) for y in ys], 0, hi, px)

    assert band.count.tolist() == [ranks] * len(band.x)
    np.testing.assert_allclose(band.mean, ys[:, band.x.astype(int)].mean(axis=0), rtol=1e-12)


@given(px=st.integers(1, 60), seed=st.integers(0, 2**32 - 1), ranks=st.integers(1, 5))
def test_no_extreme_is_lost(px: int, seed: int, ranks: int) -> None:
    """Of every column lo and hi are those of all points, also of ranks with steps of their own."""
    rng = np.random.default_rng(seed)
    xs = [np.sort(rng.uniform(0, 100, rng.integers(1, 300))) for _ in range(ranks)]
    ys = [rng.standard_cauchy(len(x)) for x in xs]

    band = band_of([thinned(x, y, 0, 100, px) for x, y in zip(xs, ys, strict=True)], 0, 100, px)

    all_x, all_y = np.concatenate(xs), np.concatenate(ys)
    column = np.clip(all_x / 100 * px, 0, px - 1).astype(int)
    for x, lo, hi in zip(band.x, band.lo, band.hi, strict=True):
        of = all_y[column == min(int(x / 100 * px), px - 1)]
        assert lo <= of.min() and of.max() <= hi
    assert (band.lo <= band.mean + 1e-9).all() and (band.mean <= band.hi + 1e-9).all()
    assert (np.diff(band.x) > 0).all() and len(band.x) <= px
