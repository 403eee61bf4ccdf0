"""
A run and its layout while a change works on them: loaded once, written once.

A batch may define thousands of channels; each of them edits the draft, and the draft becomes one
write of one document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agnez_client.protocol import DRAWN_TYPES, MAX_CHANNELS_PER_SPOOL
from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.errors import BadRequest, Conflict, NotFound
from agnez_server.models import (
    LAYOUTS,
    RUNS,
    ChartDoc,
    DatasetDoc,
    RunDoc,
    SessionDoc,
    channel_id,
    new_run,
    whole_run,
)
from agnez_server.store.base import Change

MAX_CHARTS: Final = 10_000
MAX_SESSIONS: Final = 10_000
MAX_DATASETS: Final = 1000
_CHART_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RunDraft:
    """One run inside one change. `save` writes what was touched."""

    def __init__(self, catalog: Catalog, change: Change, id: str) -> None:
        self._catalog, self._change, self.id = catalog, change, id
        found = catalog.pending(change.docs, RUNS, id)
        self.exists = found is not None
        self._number = found[0] if found else None
        self._doc: dict[str, Any] = dict(whole_run(found[1])) if found else {}
        self._touched: set[str] = set()
        self._params_before: dict[str, Any] | None = None
        self._layout: LayoutDraft | None = None

    @property
    def layout(self) -> LayoutDraft:
        """The channels and charts of this run."""
        if self._layout is None:
            self._layout = LayoutDraft(self._catalog, self._change, self.id)
        return self._layout

    def get(self, field: str) -> Any:
        """A field of the run; do not change it in place."""
        return self._doc[field]

    def set(self, field: str, value: object) -> None:
        """Set a field; nothing is written where the value is the same."""
        if self._doc.get(field) != value:
            self._doc[field] = value
            self._touched.add(field)

    def create(self, given: Mapping[str, Any], now: int) -> None:
        """Make the run from checked fields. Raises Gone if its id was deleted."""
        if self._catalog.is_deleted(self.id):
            raise self._catalog.missing(self.id)
        doc: RunDoc = new_run(self.id, given, now)
        self._doc, self.exists = dict(doc), True
        self._touched.add("id")

    def take_owner(self, given: Mapping[str, Any], now: int) -> None:
        """The owner of a run that only processes which joined had made known tells the rest."""
        if not self._doc.get("ownerless"):
            return
        told = new_run(self.id, given, now)
        for field in ("project", "experiment", "name", "created", "host", "pid", "python"):
            self.set(field, told[field])
        self.set("ownerless", False)
        self.merge_params(told["params"])
        self.add_tags(told["tags"])

    def merge_params(self, given: Mapping[str, Any]) -> None:
        """
        Merge *given*, which is checked, over the run's parameters, key by key of the first level.

        `check_params` says whether all of them together are still within the limits.
        """
        if self._params_before is None:
            self._params_before = self._doc["params"]
            self._doc["params"] = dict(self._params_before)
        self._doc["params"].update(given)

    def check_params(self) -> None:
        """Raise BadRequest if what was merged is too much; `save` keeps it if it is not."""
        if self._params_before is not None:
            checks.params(self._doc["params"])
            if self._doc["params"] != self._params_before:
                self._touched.add("params")

    def forget_params(self) -> None:
        """Take back what was merged."""
        if self._params_before is not None:
            self._doc["params"], self._params_before = self._params_before, None
            self._touched.discard("params")

    def count(self, field: str, more: int) -> None:
        """Count a field up; it stays within what every reader of JSON can hold."""
        self.set(field, min(self._doc[field] + more, 2**53))

    def add_tags(self, given: Sequence[str]) -> None:
        """Add the tags that are not there yet."""
        self.set("tags", checks.tags([*self._doc["tags"], *given]))

    def put_dataset(self, dataset: DatasetDoc) -> None:
        """Note a dataset, in place of one of the same name. Raises BadRequest beyond 1,000."""
        others = [d for d in self._doc["datasets"] if d["name"] != dataset["name"]]
        if len(others) >= MAX_DATASETS:
            raise BadRequest(f"a run has at most {MAX_DATASETS} datasets")
        self.set("datasets", [*others, dataset])

    def set_state(self, state: str, reason: str | None, now: int) -> None:
        """Move to *state*; an end has a time, running has none."""
        if state != self._doc["state"]:
            self.set("finished", None if state in ("running", "lost") else now)
        self.set("state", state)
        self.set("reason", reason)
        self.set("fell_silent", False)

    def fall_silent(self, seconds: float, heard: int | None, now: int) -> None:
        """
        Nothing came for *seconds*. A run that a process writes to is lost; one made of posted
        points, which have no end, is finished since it was *heard* of.
        """
        if self._doc["sessions"]:
            self.set_state("lost", f"nothing was heard for {seconds:g} s", now)
        else:
            self.set_state("finished", f"nothing came for {seconds:g} s", heard or now)
            self.set("fell_silent", True)

    def heard(self) -> None:
        """Something came from this run: if it was taken for lost, or for finished, it is not."""
        if self._doc["state"] == "lost" or self._doc["fell_silent"]:
            self.set_state("running", None, 0)

    def add_session(self, spool: str, rank: int, started: int) -> None:
        """Note a process that writes to this run."""
        known = self._doc["sessions"]
        if all(s["spool"] != spool for s in known) and len(known) < MAX_SESSIONS:
            self.set("sessions", [*known, SessionDoc(spool=spool, rank=rank, started=started)])

    def save(self, now: int) -> None:
        """Write the touched documents."""
        if self._layout is not None:
            self._layout.save()
        if not self._touched:
            return
        self._doc["updated"] = now
        if not self._touched.isdisjoint(("id", "name")):
            self._catalog.expect_name(self._doc)
        if self._number is None:
            self._catalog.insert(self._change.docs, RUNS, self.id, self._doc)
        else:
            fields = {key: self._doc[key] for key in (*self._touched, "updated")}
            self._change.docs.table(RUNS).update(fields, doc_ids=[self._number])
        self._touched.clear()


class LayoutDraft:
    """The channel and chart definitions of one run inside one change."""

    def __init__(self, catalog: Catalog, change: Change, run: str) -> None:
        self._catalog, self._change, self._run = catalog, change, run
        found = catalog.pending(change.docs, LAYOUTS, run)
        self._number = found[0] if found else None
        self.channels: list[dict[str, Any]] = list(found[1]["channels"]) if found else []
        self.charts: list[dict[str, Any]] = list(found[1]["charts"]) if found else []
        self._numbers = {c["name"]: i for i, c in enumerate(self.channels)}
        self._places = {c["id"]: i for i, c in enumerate(self.charts)}
        self.touched = False

    def channel(self, name: str, type: str, options: Mapping[str, Any] | None = None) -> int:
        """
        The number of the channel *name*, made if it is new.

        Raises:
            Conflict: If there is one of that name with another type.
        """
        number = self._numbers.get(name)
        if number is not None:
            has = self.channels[number]["type"]
            if has != type:
                raise Conflict(
                    f"the channel {name!r} has the type {has}, not {type}",
                    hint="give the other type another name",
                    channel=channel_id(self._run, number),
                )
            return number
        if len(self.channels) >= MAX_CHANNELS_PER_SPOOL:
            raise BadRequest(f"a run has at most {MAX_CHANNELS_PER_SPOOL} channels")
        self.channels.append({"name": name, "type": type, "options": dict(options or {})})
        self._numbers[name] = len(self.channels) - 1
        self.touched = True
        return self._numbers[name]

    def type_of(self, name: str) -> str | None:
        """The type of the channel *name*; None where there is none."""
        number = self._numbers.get(name)
        return None if number is None else str(self.channels[number]["type"])

    def chart(self, given: Mapping[str, Any], id: object) -> ChartDoc:
        """
        Add a chart, or put it in place of the one with the same *id*; one that ``grows`` keeps the
        channels that it had.

        Raises:
            BadRequest: If a field is wrong, or the channels are of a type that no chart draws.
            Conflict: If the channels are of more than one type.
            NotFound: If a channel does not exist.
        """
        if not isinstance(id, str) or not _CHART_ID.fullmatch(id):
            raise BadRequest(
                f"a chart's id has 1 to 64 letters, digits, - or _, found {checks.shown(id)}",
                field="id",
            )
        named = given.get("channels")
        if not isinstance(named, list) or not 1 <= len(named) <= 1000:
            raise BadRequest(
                "channels must be a list of 1 to 1000 channel names or ids", field="channels"
            )
        numbers = [self._find(c) for c in named]
        if given.get("grows") is True:
            place = self._places.get(id)
            numbers = [*(() if place is None else self.charts[place]["channels"]), *numbers]
        types = sorted({self.channels[n]["type"] for n in numbers})
        if len(types) > 1:
            raise Conflict(
                f"a chart has channels of one type, found {' and '.join(types)}",
                hint="make a chart for each type",
            )
        if types[0] not in DRAWN_TYPES:
            raise BadRequest(f"channels of type {types[0]} stand in no chart", field="channels")
        chart = ChartDoc(
            id=id,
            title=_name(given, "title", self.channels[numbers[0]]["name"]),
            type=types[0],
            x=_name(given, "x", "x"),
            y=_name(given, "y", "y"),
            channels=list(dict.fromkeys(numbers)),
        )
        self._put(chart)
        return chart

    def _put(self, chart: ChartDoc) -> None:
        place = self._places.get(chart["id"])
        if place is not None and self.charts[place] == chart:
            return
        if place is not None:
            self.charts[place] = dict(chart)
        elif len(self.charts) < MAX_CHARTS:
            self._places[chart["id"]] = len(self.charts)
            self.charts.append(dict(chart))
        else:
            raise BadRequest(f"a run has at most {MAX_CHARTS} charts")
        self.touched = True

    def _find(self, channel: object) -> int:
        if isinstance(channel, str) and channel in self._numbers:
            return self._numbers[channel]
        run, _, number = channel.partition(".") if isinstance(channel, str) else ("", "", "")
        well_formed = number.isascii() and number.isdigit() and len(number) < 9
        if well_formed and run == self._run and int(number) < len(self.channels):
            return int(number)
        raise NotFound("channel", channel if isinstance(channel, str) else checks.shown(channel))

    def save(self) -> None:
        """Write the document if it was touched."""
        if not self.touched:
            return
        doc = {"run": self._run, "channels": self.channels, "charts": self.charts}
        if self._number is None:
            self._catalog.insert(self._change.docs, LAYOUTS, self._run, doc)
        else:
            self._change.docs.table(LAYOUTS).update(doc, doc_ids=[self._number])
        self.touched = False


def _name(given: Mapping[str, Any], field: str, default: str) -> str:
    """A name among *given*; empty and null are as none."""
    value = given.get(field)
    return default if value is None or value == "" else checks.name(value, field)
