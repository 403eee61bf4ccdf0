"""One line of a log, taken piece by piece: groups, steps, bars, pairs of name and number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from agnez_client.loglines import forms
from agnez_client.loglines.reading import GROUPS, X_WORDS, Reading, is_name, number_of, step_of

_MOST_PREFIXES: Final = 10
_NO_CURVES: Final = {"v_num"}
"""What Lightning's bar shows beside the metrics."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A step that a line names; ``share`` is how much of it is done where "[10/500]" says so."""

    value: int | float
    share: float | None


class Message:
    """
    What one line says.

    Attributes:
        bar: How far the progress bar of the line has come, and how far it goes; None without one.
    """

    def __init__(self, text: str) -> None:
        """
        Take *text*, which is clean.

        A line speaks of a training if it begins, behind a logger's prefix, with a group, a step or
        a bar, or if there is nothing in it but numbers with the usual names of curves.
        """
        self.bar: tuple[int, int] | None = None
        self._text = text
        self._steps: dict[str, _Step] = {}
        self._group = ""
        self._pairs: dict[str, float] = {}
        self._headed, self._only_usual, self._is_whole = False, True, True
        start = self._begin()
        if start is not None:
            self._scan(start)

    @property
    def epoch(self) -> int | float | None:
        """The epoch that the line names."""
        epoch = self._steps.get("epoch")
        return None if epoch is None else epoch.value

    @property
    def x(self) -> int | float | None:
        """The step of the line; one that is a share of an epoch ("Step [100/600]") is added."""
        epoch = self._steps.get("epoch")
        for word in X_WORDS[:-1]:
            step = self._steps.get(word)
            if step is not None:
                if epoch is not None and step.share is not None:
                    return epoch.value + step.share
                return step.value
        return None if epoch is None else epoch.value + (epoch.share or 0)

    def readings(self, x: int | float | None) -> list[Reading]:
        """The numbers of the line, at *x*; none if it does not speak of a training."""
        measured = any(map(forms.is_measured, self._pairs))
        if not self._headed and not (self._is_whole and self._only_usual and measured):
            return []
        return [Reading(channel, x, value) for channel, value in self._pairs.items()]

    # -- piece by piece ----------------------------------------------------------------------

    def _begin(self) -> int | None:
        """Where the message begins behind its prefix, its first piece taken; None if nowhere."""
        at = 0
        for _ in range(_MOST_PREFIXES):
            after = self._take(at)
            if after is not None:
                return after
            prefix = forms.PREFIX.match(self._text, at)
            if prefix is None or prefix.end() == at:
                return None
            at = prefix.end()
        return None

    def _scan(self, at: int) -> None:
        """Take the rest of the line; what is no piece makes the line no whole."""
        while (at := _end(forms.PUNCTUATION.match(self._text, at), at)) < len(self._text):
            after = self._take(at)
            if after is None:
                after = self._skip(at)
            at = after

    def _skip(self, at: int) -> int:
        """Pass over what is no piece; where it ends."""
        neutral = forms.NEUTRAL.match(self._text, at) or self._unusual_pair(at)
        if neutral is not None:
            return neutral.end()
        self._is_whole = False
        return _end(forms.JUNK.match(self._text, at), at + 1)

    def _unusual_pair(self, at: int) -> re.Match[str] | None:
        """A number with a name that is no curve's, as trainers write among the others."""
        match = forms.PAIR.match(self._text, at) if self._headed else None
        if match is None or " " in match["name"]:
            return None
        return match if forms.NOTHING_MORE.match(self._text, match.end()) else None

    def _take(self, at: int) -> int | None:
        """Take the piece at *at*; where it ends, None if there is none."""
        head = self._take_bar(at) or self._take_step(at) or self._take_group(at)
        if head is not None:
            self._headed = self._headed or self._is_whole
            return head
        return self._take_pair(at)

    def _take_bar(self, at: int) -> int | None:
        match = None if self.bar or self._pairs else forms.BAR.match(self._text, at)
        if match is None:
            return None
        self.bar = int(match["done"]), int(match["total"])
        return match.end()

    def _take_step(self, at: int) -> int | None:
        match = forms.ROUND.match(self._text, at)
        if match is not None and not self._steps:
            self._steps["iter"] = _Step(int(match["at"]), None)
            return match.end()
        match = forms.X.match(self._text, at)
        value = step_of(match["at"]) if match else None
        if match is None or value is None:
            return None
        word = match["x"].lower()
        done, total = match["done"], match["total"]
        if word != "epoch" and not total:
            done, total = match["at"], match["all"]
        share = float(done) / int(total) if total and int(total) else None
        self._steps.setdefault(word, _Step(value, share))
        if match["of"]:
            self._group = GROUPS[match["of"].lower()]
        return match.end()

    def _take_group(self, at: int) -> int | None:
        match = forms.GROUP.match(self._text, at)
        if match is None:
            return None
        self._group = GROUPS[match["group"].lower()]
        return match.end()

    def _take_pair(self, at: int) -> int | None:
        match = forms.PAIR.match(self._text, at)
        if match is None:
            return None
        name, sign, end = match["name"], match["sign"].strip(), match.end()
        after = _end(forms.AFTER_VALUE.match(self._text, end), end)
        if not self._believes(name, sign) or (match["whole"] and not forms.is_measured(name)):
            return None
        if sign != "=" and not forms.NOTHING_MORE.match(self._text, after):
            return None
        self._only_usual = self._only_usual and forms.is_usual(name)
        channel = "_".join(filter(None, (self._group, *name.split(" "))))
        if name not in _NO_CURVES and is_name(channel):
            value = number_of(match["y"])
            whole = int(match["whole"] or 1)
            self._pairs.setdefault(channel, value / whole if whole else value)
        return after

    def _believes(self, name: str, sign: str) -> bool:
        """
        Whether a name and a number belong together.

        After prose only what is measured, without a sign and in several words only what is usual,
        after a colon also what is told at a step.
        """
        if name.lower() in X_WORDS:
            return False
        if self.bar is not None and sign:
            return True
        if not self._is_whole:
            return forms.is_measured(name)
        if forms.is_usual(name):
            return True
        return " " not in name and (sign == "=" or (sign == ":" and bool(self._steps)))


def _end(match: re.Match[str] | None, default: int) -> int:
    return default if match is None else match.end()
