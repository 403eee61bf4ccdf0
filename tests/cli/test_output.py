"""Numbers, durations and sparklines as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agnez_client.cli.output import number, seconds, sparkline, wall_time, write_table


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (3, "3"), (2**60, "1152921504606846976"), (0.1, "0.1"), (1 / 3, "0.333333")],
)
def test_numbers_are_short_but_integers_whole(value: object, text: str) -> None:
    """A float is shown with six digits, an integer with all of its own, nothing as a dash."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (3 * 86400 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_durations_take_their_two_largest_units(value: float | None, text: str) -> None:
    """A duration is said in the units that matter at its length."""
    assert seconds(value) == text


def test_wall_time_is_utc() -> None:
    """Microseconds since 1970 are shown as ISO 8601 in UTC."""
    assert wall_time(1_763_736_000_500_000) == "2025-11-21T14:40:00.500000Z"


def test_a_sparkline_rises_with_its_values() -> None:
    """Eight rising values take the eight bars in order."""
    assert sparkline(list(range(8)), 72) == "▁▂▃▄▅▆▇█"


def test_a_sparkline_keeps_a_single_spike() -> None:
    """One high value among many stands out however narrow the line is."""
    values = [0.0] * 10_000
    values[7_654] = 1.0

    assert sparkline(values, 10) == "▁▁▁▁▁▁▁█▁▁"


def test_a_sparkline_marks_what_is_no_number() -> None:
    """NaN and infinity are a sign of their own and do not stretch the scale."""
    assert sparkline([0.0, math.nan, 1.0, math.inf], 72) == "▁×█×"


@example([-1.7e308, 1.7e308], 2)
@example([0.0, 5e-324], 2)
@given(st.lists(st.floats(), max_size=300), st.integers(1, 100))
def test_a_sparkline_is_never_too_wide(values: list[float], width: int) -> None:
    """As many signs as values, at most the width."""
    assert len(sparkline(values, width)) == min(len(values), width)


def test_tables_cut_nothing_when_they_are_piped(capsys: pytest.CaptureFixture[str]) -> None:
    """A long name reaches the next program whole."""
    long = "x" * 500

    write_table(("name", "n"), [(long, "1")], right="n")

    assert long in capsys.readouterr().out
