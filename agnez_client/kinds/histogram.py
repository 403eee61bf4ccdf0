"""HISTOGRAM: y is an array, binned as `numpy.histogram` does; drawn as a heat map over steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from agnez_client.kinds.arrays import Array, as_array, as_numbers, as_vector
from agnez_client.kinds.entry import Encoded, EntryChannel

DEFAULT_BINS: Final = 10
MAX_BINS: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """
    A histogram that is made already.

    ``counts`` ``(N,)`` are not negative, ``edges`` ``(N + 1,)`` ascend; ``nan`` and ``inf`` were
    counted beside the bins.
    """

    counts: Any
    edges: Any
    nan: int = 0
    inf: int = 0


class HistogramChannel(EntryChannel):
    """
    Options ``bins`` (a number, or edges) and ``range`` (lowest, highest) as those of
    `numpy.histogram`; ``edges`` is another word for bins that are edges. The same keywords of
    `send` say it for one entry.
    """

    type: ClassVar[str] = "HISTOGRAM"
    known_options: ClassVar[frozenset[str]] = frozenset({"bins", "range", "edges"})
    __slots__ = ()

    def encode(self, y: Any, **how: Any) -> Encoded:
        """See `encode_histogram`."""
        unknown = how.keys() - self.known_options
        if unknown:
            raise ValueError(f"{min(unknown)!r} is not known, expected bins, range or edges")
        if isinstance(y, Histogram):
            return encode_ready(y)
        sizes = [len(part) for part in y if hasattr(part, "__len__")] if type(y) is tuple else []
        if len(sizes) == len(y if sizes else ()) == 2 and sizes[1] == sizes[0] + 1:
            raise ValueError("y is a tuple of counts and edges, expected Histogram(counts, edges)")
        return encode_histogram(y, *binning({**self.options, **how}))

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        binning(options)


def binning(options: dict[str, Any]) -> tuple[int | Array, tuple[float, float] | None]:
    """
    Bins (how many, or their edges) and range from *options*.

    Raises:
        ValueError: If they are none, too many, or contradict each other.
    """
    bins, edges = options.get("bins"), options.get("edges")
    if edges is not None and bins is not None:
        raise ValueError("bins and edges contradict each other: give one of them")
    bins = edges if edges is not None else DEFAULT_BINS if bins is None else bins
    if isinstance(bins, bool | str):
        raise ValueError(f"bins is {bins!r}, expected a number or a list of edges")
    if isinstance(bins, int | np.integer):
        if not 1 <= bins <= MAX_BINS:
            raise ValueError(f"bins is {bins}, expected 1 to {MAX_BINS}")
        return int(bins), _range(options.get("range"))
    return _edges(bins), None


def _edges(given: Any) -> Array:
    edges = as_vector(given, "edges")
    if not 2 <= len(edges) <= MAX_BINS + 1:
        raise ValueError(f"there are {len(edges)} edges, expected 2 to {MAX_BINS + 1}")
    if not np.isfinite(edges).all() or (np.diff(edges) < 0).any():
        raise ValueError("the edges do not ascend, or are not finite")
    return edges


def _range(given: Sequence[float] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        low, high = (float(v) for v in given)
    except (TypeError, ValueError):
        raise ValueError(f"range is {given!r:.60}, expected the lowest and highest value") from None
    if not np.isfinite([low, high]).all() or low > high:
        raise ValueError(f"range is {given!r:.60}, expected two finite numbers that ascend")
    return low, high


def encode_histogram(
    y: Any, bins: int | Array = DEFAULT_BINS, range: tuple[float, float] | None = None
) -> Encoded:
    """
    The entry of the array *y* of any shape, binned as `numpy.histogram` bins its finite elements;
    as float64 where its own type is too short for so many edges.

    ``total`` counts all elements, those beside the bins too. Without a finite element the edges
    are those that numpy gives for an empty array.

    Raises:
        ValueError: If *y* is no array of numbers, is empty, or its range is too wide or too narrow
            for float64.
    """
    array = as_array(y)
    if array.dtype.kind == "b":
        array = array.view(np.uint8)
    finite, nan, inf = array, 0, 0
    if array.dtype.kind == "f":
        is_finite = np.isfinite(array)
        if not is_finite.all():
            nan = int(np.isnan(array).sum())
            finite, inf = array[is_finite], int(array.size - is_finite.sum()) - nan
    counts, edges = _binned(finite, bins, range)
    if not np.isfinite(edges).all():
        raise ValueError(f"y spans from {finite.min()} to {finite.max()}, too far for bins")
    return _encoded(counts, edges, array.size, nan, inf)


def _binned(
    finite: Array, bins: int | Array, range: tuple[float, float] | None
) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        try:
            return np.histogram(finite, bins, range)
        except ValueError:  # values too close to each other for edges of their own, short type
            return np.histogram(finite.astype(np.float64), bins, range)


def encode_ready(y: Histogram) -> Encoded:
    """
    The entry of a ready histogram.

    Raises:
        ValueError: If its counts and edges are none.
    """
    counts, edges = as_vector(y.counts, "counts"), _edges(y.edges)
    if len(edges) != len(counts) + 1:
        raise ValueError(
            f"there are {len(counts)} counts and {len(edges)} edges, expected one edge more"
        )
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("a count is negative, or not finite")
    for n in (y.nan, y.inf):
        if not isinstance(n, int | np.integer) or n < 0:
            raise ValueError(f"nan and inf are counts, found {n!r:.60}")
    total = round(counts.sum().item()) + int(y.nan) + int(y.inf)
    return _encoded(counts, edges, total, int(y.nan), int(y.inf))


def _encoded(counts: Array, edges: Array, total: int, nan: int, inf: int) -> Encoded:
    body = {"counts": as_numbers(counts), "edges": as_numbers(edges)}
    return Encoded({**body, "total": total, "nan": nan, "inf": inf})
