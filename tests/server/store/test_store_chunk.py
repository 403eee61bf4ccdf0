"""Chunks, summaries, log rows and columns give back what they were made of, or say damage."""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agnez_server.store.chunk import PERMUTED, WALL_ORDERED, decode_chunk, encode_chunk
from agnez_server.store.codec import (
    Damaged,
    decode,
    encode_steps,
    encode_values,
    pack,
    unpack,
)
from agnez_server.store.extremes import extremes
from agnez_server.store.log import RowEncoder, decode_row
from agnez_server.store.points import Block, Points, join_points
from agnez_server.store.summary import decode_summary

LENGTHS = st.integers(0, 300)
COLUMNS = st.one_of(
    hnp.arrays(np.int64, LENGTHS),
    hnp.arrays(np.float64, LENGTHS),
    hnp.arrays(np.uint16, LENGTHS),
    st.builds(
        lambda first, step, n: first + step * np.arange(n),
        st.integers(-9, 9),
        st.integers(-(1 << 50), 1 << 50),
        LENGTHS,
    ),
    st.builds(lambda step, n: 0.1 + step * np.arange(n), st.floats(-1, 1), LENGTHS),
)


def encode_row(points) -> bytes:
    """A row of the log."""
    blocks = [Block([series], [len(part)], part) for series, part in points.items()]
    return bytes(RowEncoder().encode(blocks))


def points(n: int, seed: int = 0) -> Points:
    """Points as training sends them."""
    rng = np.random.default_rng(seed)
    return Points(np.arange(n), rng.normal(size=n), np.cumsum(rng.integers(1, 999, n)))


@settings(max_examples=150, deadline=None)
@given(column=COLUMNS)
def test_a_column_comes_back_bit_by_bit(column) -> None:
    """Every bit of every value: NaN payloads and signed zeros too."""
    for encode in (encode_steps, encode_values):
        back = decode(encode(column), column.dtype.str, len(column))

        assert back.dtype == column.dtype
        assert back.tobytes() == column.tobytes()


def test_steps_take_a_few_bytes() -> None:
    """An arithmetic progression is its first value and its step, whatever its length."""
    assert len(encode_steps(np.arange(65_536) * 10 + 7)) == 17
    assert len(encode_steps(0.25 * np.arange(65_536))) == 17


def test_a_column_of_another_length_is_damaged() -> None:
    """The number of values is known from elsewhere, and must fit."""
    with pytest.raises(Damaged):
        decode(encode_values(np.random.default_rng(0).random(100)), "<f8", 99)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_packet_is_mended(at: int, bit: int) -> None:
    """Wherever it is: in the head, the sizes or a column."""
    packet = bytearray(pack([b"x" * 40, b"y" * 60]))
    packet[at % len(packet)] ^= 1 << bit

    assert [bytes(column) for column in unpack(bytes(packet))] == [b"x" * 40, b"y" * 60]


@given(at=st.integers(0, 10_000), value=st.integers(0, 255), bit=st.integers(0, 7))
def test_two_flipped_bits_in_a_packet_are_found(at: int, value: int, bit: int) -> None:
    """Nothing is guessed where more than one has flipped."""
    packet = bytearray(pack([b"x" * 40, b"y" * 60]))
    packet[at % len(packet)] ^= 1 << bit
    packet[(at + 1 + value % (len(packet) - 1)) % len(packet)] ^= 1 << value % 8

    with pytest.raises(Damaged):
        unpack(bytes(packet))


def test_a_chunk_in_order_needs_no_permutation() -> None:
    """x that does not decrease is stored as it was sent."""
    assert encode_chunk(1, 0, points(100)).head.flags == WALL_ORDERED


def test_a_chunk_out_of_order_comes_back_in_the_order_sent() -> None:
    """Sorted by x for plots, with the way back."""
    sent = points(5000)
    sent = Points(np.random.default_rng(1).permutation(5000), sent.y, sent.wall)

    row = encode_chunk(1, 70, sent)
    chunk = decode_chunk(row.head, row.body)

    assert row.head.flags & PERMUTED
    assert (np.diff(chunk.points.x) > 0).all()
    back = chunk.as_sent()
    assert back.x.tolist() == sent.x.tolist()
    assert back.y.tolist() == sent.y.tolist()
    assert back.wall.tolist() == sent.wall.tolist()


def test_points_of_one_x_stay_in_the_order_sent() -> None:
    """The sort is stable."""
    sent = Points(np.array([2, 1, 2, 1]), np.array([0.0, 1.0, 2.0, 3.0]), np.arange(4))

    row = encode_chunk(1, 0, sent)

    assert decode_chunk(row.head, row.body).points.y.tolist() == [1.0, 3.0, 0.0, 2.0]


def test_equal_wall_times_out_of_order_are_not_called_ordered() -> None:
    """By x the second comes first, by wall time and ordinal the first does."""
    sent = Points(np.array([2, 1]), np.zeros(2), np.array([5, 5]))

    assert not encode_chunk(1, 0, sent).head.flags & WALL_ORDERED


def test_a_summary_keeps_of_each_block_what_m4_needs() -> None:
    """In 64 points: the first, the last, the smallest, the largest, and one NaN."""
    y = np.zeros(4096)
    y[[70, 100, 110, 120]] = [9.0, -3.0, math.nan, math.nan]

    sent = Points(np.arange(4096), y, np.arange(4096))
    row = encode_chunk(1, 0, sent, summarized_from=4096)
    fine = decode_summary(row.fine, 4096, 64, "<i8")
    mid = decode_summary(row.mid, 4096, 2048, "<i8")
    top = decode_summary(row.top, 4096, 65_536, "<i8")

    assert fine.sizes.tolist() == [2, 5, *[2] * 62]
    assert fine.points.x[2:7].tolist() == [64, 70, 100, 110, 127]
    assert mid.points.x.tolist() == [0, 70, 100, 110, 2047, 2048, 4095]
    assert top.points.x.tolist() == [0, 70, 100, 110, 4095]


def test_the_first_of_equals_is_the_extreme() -> None:
    """Hand-worked: two groups, with ties and one without a finite value."""
    y = np.array([1.0, 5.0, 5.0, 0.0, 0.0, 2.0, math.nan, math.nan, math.inf, math.nan])

    kept = extremes(y, np.array([0, 6]))

    assert kept.tolist() == [0, 1, 3, 5, 6, 8, 9]


def test_noisy_points_take_little_space() -> None:
    """A third of the 24 bytes of a point and its share of the summaries, at most 0.40."""
    rng = np.random.default_rng(0)
    wall = 1_763_736_000_000_000 + np.cumsum(rng.integers(900, 1100, 65_536))

    row = encode_chunk(1, 0, Points(np.arange(65_536), rng.normal(size=65_536), wall))

    assert row.size / (24 * 65_536) < 0.40


X_KINDS = {
    "steps": lambda n, rng: np.arange(n) * -3,
    "wrapping steps": lambda n, rng: (np.arange(n, dtype=np.uint64) << np.uint64(61)).view(
        np.int64
    ),
    "integers": lambda n, rng: rng.integers(-(1 << 62), 1 << 62, n),
    "floats": lambda n, rng: rng.random(n),
}
WALL_KINDS = {
    "short steps": lambda n, rng: np.cumsum(rng.integers(0, 1 << 16, n)),
    "long steps": lambda n, rng: np.cumsum(rng.integers(0, 1 << 32, n)),
    "longer steps": lambda n, rng: np.cumsum(rng.integers(0, 1 << 40, n)),
    "a step back": lambda n, rng: np.cumsum(rng.integers(0, 9, n)) - 5 * (np.arange(n) > n // 2),
}


@settings(max_examples=100, deadline=None)
@given(
    entries=st.dictionaries(
        st.integers(0, 1 << 62),
        st.tuples(
            st.sampled_from([1, 2, 31, 32, 33, 400]),
            st.sampled_from(sorted(X_KINDS)),
            st.sampled_from(sorted(WALL_KINDS)),
        ),
        max_size=4,
    )
)
def test_a_log_row_comes_back(entries) -> None:
    """Every series with every bit of its points, however its columns are written."""
    rng, written = np.random.default_rng(len(entries)), {}
    for series, (n, x_kind, wall_kind) in entries.items():
        x, wall = X_KINDS[x_kind](n, rng), WALL_KINDS[wall_kind](n, rng)
        written[series] = Points(x, rng.normal(size=n), wall)

    row = decode_row(encode_row(written))

    assert row.damage is None
    assert [block.series for block in row.blocks] == [[series] for series in written]
    for block in row.blocks:
        (series,), part = block.series, block.points
        assert part.x.dtype == written[series].x.dtype
        assert part.x.tolist() == written[series].x.tolist()
        assert part.y.tolist() == written[series].y.tolist()
        assert part.wall.tolist() == written[series].wall.tolist()


def test_a_block_of_several_series_comes_back() -> None:
    """Each with its own steps and times; one of them is empty, which is allowed."""
    parts = [points(100), points(0), points(70, seed=1)]
    parts[2] = Points(parts[2].x * 5 - 9, parts[2].y, parts[2].wall - (1 << 40))
    block = Block([7, 8, 9], [100, 100, 170], join_points(parts))

    row = RowEncoder().encode([block])
    (found,) = decode_row(bytes(row)).blocks

    assert (found.series, found.ends) == (block.series, block.ends)
    for name in ("x", "y", "wall"):
        assert getattr(found.points, name).tolist() == getattr(block.points, name).tolist()


@given(
    seed=st.integers(0, 1 << 30),
    k=st.integers(1, 6),
    x_kind=st.sampled_from(sorted(X_KINDS)),
    wall_kind=st.sampled_from(sorted(WALL_KINDS)),
)
@settings(max_examples=60, deadline=None)
def test_blocks_come_back_bit_by_bit(seed, k, x_kind, wall_kind) -> None:
    """However many series they have, and whatever their columns."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 90, k)
    parts = [
        Points(X_KINDS[x_kind](n, rng), rng.normal(size=n), WALL_KINDS[wall_kind](n, rng))
        for n in sizes
    ]
    block = Block(list(range(k)), np.cumsum(sizes).tolist(), join_points(parts))

    (found,) = decode_row(bytes(RowEncoder().encode([block]))).blocks

    assert (found.series, found.ends) == (block.series, block.ends)
    assert found.points.x.dtype == block.points.x.dtype
    for name in ("x", "y", "wall"):
        assert getattr(found.points, name).tobytes() == getattr(block.points, name).tobytes()


def test_a_row_of_version_1_is_read() -> None:
    """As the servers before this one wrote it: one series an entry, its id in the head."""
    y, wall = np.arange(3.0), np.array([5, 6, 9])
    x = np.array([4, 5, 7])
    body = x.tobytes() + y.tobytes() + wall.tobytes()
    head = struct.pack("<QIBBxxII", 12, 3, 0, 0, len(body), zlib.crc32(body))
    row = struct.pack("<4sHxxII", b"AGLG", 1, 1, zlib.crc32(head)) + head + body

    (found,) = decode_row(row).blocks

    assert (found.series, found.ends) == ([12], [3])
    assert found.points.x.tolist() == [4, 5, 7]
    assert found.points.wall.tolist() == [5, 6, 9]


def test_a_row_of_steps_takes_less_than_half() -> None:
    """Of the 24 bytes of a point: those of y, and two of its time."""
    assert len(encode_row({1: points(10_000)})) < 10_000 * 10.2


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_log_row_is_mended(at: int, bit: int) -> None:
    """Wherever it is, and it is said, unless it is in two bytes that say nothing."""
    row = bytearray(encode_row({1: points(10), 2: points(20)}))
    row[at % len(row)] ^= 1 << bit

    found = decode_row(bytes(row))

    assert [(block.series, block.points.y.tolist()) for block in found.blocks] == [
        ([1], points(10).y.tolist()), ([2], points(20).y.tolist())
    ]  # fmt: skip
    assert found.lost_points == 0
    assert at % len(row) in (6, 7) or "mended" in found.damage


def test_damage_costs_one_entry_of_a_log_row() -> None:
    """The other series of the commit are kept, and the loss is counted."""
    row = bytearray(encode_row({1: points(10), 2: points(20)}))
    row[-30:-20] = b"not points"

    found = decode_row(bytes(row))

    assert [block.series for block in found.blocks] == [[1]]
    assert found.lost_points == 20
    assert found.damage is not None


def test_a_damaged_head_costs_the_row() -> None:
    """Nothing of it can be told apart; that is said."""
    row = bytearray(encode_row({1: points(10)}))
    row[10:30] = bytes(20)

    found = decode_row(bytes(row))

    assert found.blocks == []
    assert found.damage == "its header is damaged"
