"""What any store promises (`base.py`) of console output."""

from __future__ import annotations

import asyncio

import pytest

from agnez_server.errors import Gone
from agnez_server.store import Line


@pytest.fixture
async def store(reopen):
    """An empty store."""
    return await reopen()


def line(number, text, *, session=1, rank=0, stream="stdout"):
    """A line, told at the time of its number."""
    return Line(session, rank, number, number, stream, text)


async def put(store, *lines, run="run"):
    """Put lines in one change."""
    await store.change(lambda change: change.put_lines(run, lines))


async def read(method, *arguments):
    """Call a method that may block where it belongs: in a worker thread."""
    return await asyncio.to_thread(method, *arguments)


async def test_lines_survive(store, reopen) -> None:
    """With all that is known about them, by number, from the first that is asked for."""
    lines = [line(0, ""), line(1, "größe \x00 \U0001f600", stream="stderr"), line(2, "x" * 4000)]
    await put(store, *reversed(lines))

    for again in (False, True):
        one = await reopen() if again else store
        assert await read(one.lines, "run", 1, 0, 0, 10) == lines
        assert await read(one.lines, "run", 1, 0, 1, 1) == lines[1:2]
        assert await read(one.lines, "run", 1, 0, 3, 10) == []


async def test_a_line_that_is_told_again_is_replaced(store) -> None:
    """In the same change, or later: so a progress bar is one line. It counts once."""
    await put(store, line(0, "10 %"), line(0, "20 %"), line(1, "next"))
    await put(store, line(0, "100 %"), line(2, "last"))

    assert [one.text for one in await read(store.lines, "run", 1, 0, 0, 9)] == [
        "100 %",
        "next",
        "last",
    ]
    assert await read(store.consoles, "run") == [(1, 0, 3)]


async def test_writers_are_told_apart(store) -> None:
    """By session and rank, oldest session first; another run is another console."""
    await put(store, line(0, "a", session=2), line(0, "b", rank=1), line(0, "c"), line(1, "d"))
    await put(store, line(0, "e"), run="other")

    assert await read(store.consoles, "run") == [(1, 0, 2), (1, 1, 1), (2, 0, 1)]
    assert [one.text for one in await read(store.lines, "run", 1, 1, 0, 9)] == ["b"]
    assert await read(store.consoles, "nobody") == []


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("ERROR", ["an Error", "error: 100%"]),
        ("r: 100%", ["error: 100%"]),
        ("_b", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("GRÖSSE", ["Größe"]),
        ("nothing", []),
        ("LONGER THAN 100% OF THE OTHERS", ["longer than 100% of the others"]),
        ("LONGER THAN ____ OF THE OTHERS", []),
    ],
)
async def test_lines_are_found_whatever_the_case(store, find, expected) -> None:
    """Signs that mean something in patterns mean themselves; ß is ss in capitals."""
    texts = ["an Error", "error: 100%", "1000", "a_b", "aXb", "back\\slash", "Größe"]
    texts += ["longer than 100% of the others"]
    await put(store, *[line(n, text) for n, text in enumerate(texts)])

    assert [one.text for one in await read(store.lines, "run", 1, 0, 0, 9, find)] == expected


async def test_listeners_are_told_whose_console_has_news(store) -> None:
    """Runs, once each."""
    told = []
    store.listen(lambda committed: told.append(committed.consoles))
    await put(store, line(0, "a"), line(1, "b", rank=1))
    await store.change(lambda change: change.docs.table("t").insert({}))

    assert told == [frozenset({"run"}), frozenset()]


async def test_what_is_no_unicode_becomes_a_question_mark(store) -> None:
    """Half a surrogate pair, which Python uses for bytes that are no text."""
    await put(store, line(0, "a\udcffb"))

    assert (await read(store.lines, "run", 1, 0, 0, 9))[0].text == "a?b"


async def test_a_number_beyond_64_bits_is_refused(store) -> None:
    """The caller's mistake, and nothing is written; asked for, there is nothing."""
    with pytest.raises(ValueError, match="64 bits"):
        await put(store, line(2**63, "a"))

    assert await read(store.lines, "run", 2**70, 0, 0, 9) == []
    assert await read(store.lines, "run", 1, 0, 2**70, 2**70) == []


async def test_lines_of_a_deleted_run_are_gone(store, reopen) -> None:
    """Those of the same commit too, and more of them are refused."""
    await put(store, line(0, "a"))

    def work(change):
        change.put_lines("run", [line(1, "b")])
        change.delete_run("run")

    await store.change(work)

    for again in (False, True):
        one = await reopen() if again else store
        assert await read(one.consoles, "run") == []
        assert await read(one.lines, "run", 1, 0, 0, 9) == []
        assert one.run_bytes("run") == 0
        with pytest.raises(Gone):
            await put(one, line(2, "c"))


async def test_lines_count_for_the_size_of_their_run(store, reopen) -> None:
    """About their text; one that is told again does not count again."""
    await put(store, line(0, "x" * 1000))
    once = store.run_bytes("run")
    await put(store, line(0, "x" * 1000))

    assert 1000 <= once < 1100
    assert store.run_bytes("run") == once
    assert (await reopen()).run_bytes("run") == once
