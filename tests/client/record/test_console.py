"""Text of a terminal becomes numbered lines; what is written again stays one line."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import rich.console
import rich.progress
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.protocol import MAX_LINE_LENGTH
from agnez_client.record.console import BURST, PACE, ConsoleLines
from tests.client.spools import Clock


class Told:
    """What a store would hold: the last text of each number."""

    def __init__(self) -> None:
        self.lines: dict[int, tuple[str, str]] = {}
        self.events: list[tuple[int, list[str]]] = []
        self.clock = Clock()
        self.takes = True
        self.console = ConsoleLines(self, self.clock)

    def __call__(self, stream: str, first: int, lines: list[str], walls: list[int]) -> bool:
        if not self.takes:
            return False
        assert len(lines) == len(walls)
        assert all(type(wall) is int for wall in walls)
        self.events.append((first, lines))
        self.lines.update({first + i: (stream, line) for i, line in enumerate(lines)})
        return True

    def texts(self) -> list[str]:
        """The lines, in the order of their numbers, which have no hole."""
        assert sorted(self.lines) == list(range(len(self.lines)))
        return [self.lines[number][1] for number in sorted(self.lines)]

    def pass_time(self, seconds: float) -> None:
        """Let the clock go on, tending every 20 ms."""
        for _ in range(round(seconds * 50)):
            self.clock.time += 0.02
            self.console.tend()


@pytest.fixture
def told() -> Told:
    """Nothing told yet."""
    return Told()


def shown(text: str) -> list[str]:
    """The lines of *text*, written to standard output at once."""
    told = Told()
    told.console.feed("stdout", text)
    told.console.close()
    return told.texts()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("\n\n", ["", ""]),
        ("no end", ["no end"]),
        (" 10%\r 20%\r100%\n", ["100%"]),
        ("long line\rshort\n", ["shortline"]),
        ("long line\r\x1b[Kshort\n", ["short"]),
        ("long line\x1b[2K\x1b[1Gx", ["x"]),
        ("\x1b[31mred\x1b[0m and \x1b[38;2;1;2;3mmore\x1b[m\n", ["red and more"]),
        ("\x1b]0;a title\x07text\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\\n", ["textlink"]),
        ("abc\b\bX\n", ["aXc"]),
        ("a\tb\n", ["a\tb"]),
        ("bell\x07\x00!\n", ["bell!"]),
        ("first\nsecond\n\x1b[2A1\n2\n", ["1irst", "2econd"]),
        ("first\nsecond\n\x1b[1A\x1b[2Kagain\n", ["first", "again"]),
        ("a\nb\nc\n\x1b[2A\x1b[Jx\n", ["a", "x", ""]),
        ("before\n\x1b[2J\x1b[Hone\n\x1b[2J\x1b[Htwo\n", ["before", "two"]),
        ("x\x1b[3Cy\n", ["x   y"]),
        ("naïve 雪 🙂\n", ["naïve 雪 🙂"]),
    ],
)
def test_lines_are_what_a_terminal_shows(text: str, lines: list[str]) -> None:
    """Worked by hand, after the signs of ECMA-48."""
    assert shown(text) == lines


@pytest.mark.parametrize("cut", range(1, 18))
def test_a_sign_may_be_cut_anywhere(told: Told, cut: int) -> None:
    """Writes don't respect the borders of signs."""
    text = "a\x1b[38;5;12mb\x1b[0mc\rX\n"
    told.console.feed("stdout", text[:cut])
    told.console.feed("stdout", text[cut:])
    told.console.close()

    assert told.texts() == ["Xbc"]


def test_a_whole_line_is_told_at_once(told: Told) -> None:
    """The process may be killed in the next moment."""
    told.console.feed("stdout", "epoch 1")
    assert told.events == []
    told.console.feed("stdout", "\n")

    assert told.events == [(0, ["epoch 1"])]


def test_a_progress_bar_is_one_line_told_once_a_second(told: Told) -> None:
    """A bar that is drawn 50 times a second for 10 s costs about ten events."""
    told.console.feed("stdout", "before\n")
    for i in range(500):
        told.console.feed("stderr", f"\r{i / 5:5.1f}%")
        told.pass_time(0.02)
    told.console.feed("stderr", "\r100.0%\n")
    told.console.feed("stdout", "after\n")
    told.console.close()

    assert told.texts() == ["before", "100.0%", "after"]
    assert told.lines[1][0] == "stderr"
    assert 8 <= sum(first == 1 for first, _ in told.events) <= 13


def test_a_line_without_an_end_is_told_after_a_moment(told: Told) -> None:
    """`print("loading", end="")`, and then nothing for an hour."""
    told.console.feed("stdout", "loading")
    told.pass_time(2)

    assert told.texts() == ["loading"]


def test_a_bar_of_rich_is_one_line(told: Told) -> None:
    """Several bars, drawn by moving the cursor up."""

    class Stream:
        def write(self, text: str) -> None:
            told.console.feed("stdout", text)

        def flush(self) -> None:
            pass

    stream: Any = Stream()
    console = rich.console.Console(file=stream, force_terminal=True, width=60)
    columns = ("{task.description}", rich.progress.MofNCompleteColumn())
    with rich.progress.Progress(*columns, console=console, auto_refresh=False) as bars:
        tasks = [bars.add_task(name, total=40) for name in ("train", "test")]
        for i in range(40):
            for task in tasks:
                bars.advance(task)
            bars.refresh()
            if i == 20:
                bars.console.print("half way")
    told.console.feed("stdout", "done\n")
    told.console.close()

    assert [t.strip() for t in told.texts()] == ["half way", "train 40/40", "test  40/40", "done"]


def test_both_streams_share_their_numbers(told: Told) -> None:
    """In the order in which lines begin."""
    for stream, text in (("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n")):
        told.console.feed(stream, text)

    assert told.lines == {0: ("stdout", "a"), 1: ("stderr", "b"), 2: ("stdout", "c")}


def test_a_long_line_is_cut() -> None:
    """The protocol's limit."""
    (line,) = shown("x" * 10_000 + "\n")

    assert line == "x" * MAX_LINE_LENGTH


def test_a_flood_is_counted(told: Told) -> None:
    """300,000 lines in a moment: some MiB are kept, and the number of the others is told."""
    line = "y" * 100 + "\n"
    for _ in range(30):
        told.console.feed("stdout", line * 10_000)
    told.console.close()

    *kept, note = told.texts()
    assert sum(map(len, kept)) <= BURST
    assert len(kept) > 10_000
    assert note == f"[{300_000 - len(kept)} lines came too fast and were not kept]"


def test_after_a_flood_lines_are_kept_again(told: Told) -> None:
    """The room grows back."""
    told.console.feed("stdout", ("y" * 1000 + "\n") * 10_000)
    told.pass_time(4 * BURST / PACE / 10)
    told.console.feed("stdout", "calm again\n")
    told.console.close()

    assert told.texts()[-2].endswith("lines came too fast and were not kept]")
    assert "calm again" in told.texts()


def test_what_can_not_be_told_is_offered_again(told: Told) -> None:
    """A forked child has no spool before its first send."""
    told.takes = False
    told.console.feed("stdout", "early\n")
    told.console.tend()
    told.takes = True
    told.console.tend()

    assert told.texts() == ["early"]


def test_a_child_that_sends_nothing_writes_at_full_speed(told: Told) -> None:
    """Its lines wait, up to a bound, and are not offered again at each write."""
    offers = 0

    def tell(stream: str, first: int, lines: list[str], walls: list[int]) -> bool:
        nonlocal offers
        offers += 1
        return False

    console = ConsoleLines(tell, told.clock)
    for i in range(30_000):
        console.feed("stdout", f"line {i}\n")

    assert offers == 1


def test_telling_may_write_to_the_console() -> None:
    """A line of the log that tells of telling does not tell itself again and again."""
    seen: list[str] = []

    def tell(stream: str, first: int, lines: list[str], walls: list[int]) -> bool:
        console.feed("stderr", "told\n")
        seen.extend(lines)
        return True

    console = ConsoleLines(tell)
    console.feed("stdout", "once\n")
    console.tend()

    assert seen == ["once"]


def test_threads_lose_nothing(told: Told) -> None:
    """Eight of them, whole lines each."""

    def write(name: int) -> None:
        for i in range(200):
            told.console.feed("stdout", f"{name} {i}\n")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.console.close()

    assert sorted(told.texts()) == sorted(f"{n} {i}" for n in range(8) for i in range(200))


@given(
    st.lists(st.text(alphabet=st.sampled_from("ab \n\r\b\t\x1b[;0123AJKHmG雪\x9b")), max_size=30)
)
def test_no_text_breaks_it(chunks: list[str]) -> None:
    """Whatever is written: lines of printable text, numbered without a hole, short enough."""
    told = Told()
    for chunk in chunks:
        told.console.feed("stdout", chunk)
        told.console.tend()
    told.console.close()

    for text in told.texts():
        assert len(text) <= MAX_LINE_LENGTH
        assert all(c == "\t" or c >= " " for c in text)
