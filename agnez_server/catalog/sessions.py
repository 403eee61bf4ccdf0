"""
Which sessions of a channel were gone over again: a run that was resumed at an older step.

The pages compute the same (`sessions.ts`), because they hear of a new session before they ask; one
table of examples, `tests/support/sessions.json`, is checked against both.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from agnez_server.store.base import Series, SeriesStats


def superseded_from(
    series: Iterable[tuple[Series, SeriesStats]],
) -> dict[int, float | int]:
    """
    From which x on each of the *series* of one channel is superseded; those that are not are left
    out.

    A session supersedes an older one of the same rank when it began (its number, µs UTC) at or
    after the older one's last point and has points itself: from its own smallest x on. Sessions
    that ran side by side supersede nothing.
    """
    ranks: dict[int, list[tuple[Series, SeriesStats]]] = {}
    for one, stats in series:
        if stats.count:
            ranks.setdefault(one.rank, []).append((one, stats))
    found: dict[int, float | int] = {}
    for members in ranks.values():
        members.sort(key=lambda member: member[0].session)
        _compare(members, found)
    return found


def _compare(members: list[tuple[Series, SeriesStats]], found: dict[int, float | int]) -> None:
    """*members* are of one rank, oldest session first."""
    begun = [one.session for one, _ in members]
    least = [stats.min_x for _, stats in members]
    for i in range(len(least) - 2, -1, -1):  # of this session and all later ones
        least[i] = min(x for x in least[i : i + 2] if x is not None)
    for one, stats in members:
        first = bisect_left(begun, max(one.session + 1, stats.max_wall or 0))
        if first < len(begun) and (x := least[first]) is not None:
            found[one.id] = x
