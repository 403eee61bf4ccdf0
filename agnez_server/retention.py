"""
Rules by which runs of a project go into the trash: at once when somebody says so, else once a day.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tinydb import TinyDB, where

from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.errors import AgnezServerError, BadRequest
from agnez_server.models import PROJECTS, RunDoc, now_us
from agnez_server.store.base import Change
from agnez_server.trash import Trash

logger = logging.getLogger(__name__)

FIRST_AFTER_S: Final = 600.0
"""After a start: whoever set a wrong rule, or restored old data, has that long to say so."""
EVERY_S: Final = 86_400.0
MOST_RULES: Final = 10_000
_DAY_US: Final = 86_400_000_000
_FIELDS: Final = {"keep_last", "max_age_days", "keep_tagged", "keep_tags"}


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What of a project stays.

    Attributes:
        keep_last: The newest so many runs stay.
        max_age_days: What ended less than so long ago stays.
        keep_tagged: What has any tag stays.
        keep_tags: What has one of these tags stays.
    """

    keep_last: int | None = None
    max_age_days: float | None = None
    keep_tagged: bool = False
    keep_tags: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The rule as it is stored and shown."""
        return {**asdict(self), "keep_tags": list(self.keep_tags)}

    def doomed(self, runs: list[RunDoc], now: int) -> list[RunDoc]:
        """Those of a project's *runs* that go, the oldest first; *now* in µs UTC."""
        by_age = sorted(runs, key=lambda run: (run["created"], run["id"]))
        older = by_age[: max(0, len(by_age) - (self.keep_last or 0))]
        return [run for run in older if not self._protects(run, now)]

    def _protects(self, run: RunDoc, now: int) -> bool:
        tags = run["tags"]
        if run["state"] == "running" or (self.keep_tagged and tags):
            return True
        if not set(self.keep_tags).isdisjoint(tags):
            return True
        return self.max_age_days is not None and (now - ended(run) < self.max_age_days * _DAY_US)


def ended(run: RunDoc) -> int:
    """When *run* ended, or changed last where it never did, µs UTC."""
    return run["finished"] or run["updated"]


def parse_rule(given: Mapping[str, Any]) -> Rule:
    """
    A rule from JSON.

    Raises:
        BadRequest: If a field is wrong, or neither a number nor an age is given: that would keep
            nothing by a slip.
    """
    checks.known_fields(given, _FIELDS, "a rule")
    last, age, tags = (given.get(key) for key in ("keep_last", "max_age_days", "keep_tags"))
    if last is None and age is None:
        raise BadRequest(
            "a rule needs keep_last or max_age_days", hint='like {"keep_last": 20}', field="rule"
        )
    tagged = given.get("keep_tagged", False)
    if not isinstance(tagged, bool):
        raise BadRequest(f"keep_tagged is {checks.shown(tagged)}, expected true or false",
                         field="keep_tagged")  # fmt: skip
    return Rule(
        keep_last=None if last is None else checks.integer(last, "keep_last", 0, 10**9),
        max_age_days=None if age is None else _days(age),
        keep_tagged=tagged,
        keep_tags=() if tags is None else tuple(checks.tags(tags)),
    )


def _days(value: object) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value <= 100_000:  # type: ignore[operator]
        raise BadRequest(
            f"max_age_days is {checks.shown(value)}, expected a number above 0, at most 100000",
            field="max_age_days",
        )
    return float(value)  # type: ignore[arg-type]


class Retention:
    """
    The rules of all projects.

    Args:
        catalog: Where the runs are.
        trash: Where they go.
        now: µs UTC.
    """

    def __init__(self, catalog: Catalog, trash: Trash, now: Callable[[], int] = now_us) -> None:
        self._catalog, self._trash, self._now = catalog, trash, now

    def rule(self, project: str) -> Rule | None:
        """The rule of *project*; None where it has none."""
        found = _document(self._catalog.store.committed, project)
        return None if found is None else parse_rule(found["retention"])

    async def set_rule(self, project: str, rule: Rule | None) -> None:
        """
        Give *project* the *rule*; None takes it away.

        Raises:
            BadRequest: If there are too many.
        """
        await self._catalog.store.change(lambda change: _put(change, project, rule))

    def doomed(self, project: str, rule: Rule) -> list[RunDoc]:
        """The runs of *project* that go by *rule*, the oldest first."""
        runs = [run for run in self._catalog.runs() if run["project"] == project]
        return rule.doomed(runs, self._now())

    async def apply(self, project: str, rule: Rule) -> list[RunDoc]:
        """Put what goes by *rule* into the trash; what that was."""
        doomed = self.doomed(project, rule)
        if doomed:
            await self._trash.put(*(run["id"] for run in doomed))
        return doomed

    async def apply_all(self) -> None:
        """Apply every project's rule; one that can't be read is passed over."""
        for document in list(self._catalog.store.committed.table(PROJECTS)):
            try:
                project, rule = str(document["project"]), parse_rule(document["retention"])
            except (KeyError, TypeError, BadRequest) as error:  # imported from who knows where
                logger.warning("the rule %r can't be read: %s", document, error)
                continue
            doomed = await self.apply(project, rule)
            if doomed:
                logger.info("%d runs of %r went to the trash by its rule", len(doomed), project)

    async def watch(self) -> None:
        """Apply every rule once a day, until cancelled."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.apply_all()
            except AgnezServerError as error:
                logger.warning("the rules of projects could not be applied: %s", error.message)
            except Exception:  # the edge of a task, which must not end
                logger.exception("the rules of projects could not be applied")
            await asyncio.sleep(EVERY_S)


def _document(docs: TinyDB, project: str) -> Any:
    found = docs.table(PROJECTS).search(where("project") == project)
    return found[0] if found else None


def _put(change: Change, project: str, rule: Rule | None) -> None:
    table = change.docs.table(PROJECTS)
    found = _document(change.docs, project)
    if rule is None:
        if found is not None:
            table.remove(doc_ids=[found.doc_id])
    elif found is not None:
        table.update({"retention": rule.as_json()}, doc_ids=[found.doc_id])
    elif len(table) >= MOST_RULES:
        raise BadRequest(f"at most {MOST_RULES} projects can have a rule")
    else:
        table.insert({"project": project, "retention": rule.as_json()})
