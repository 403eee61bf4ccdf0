"""`agnez retention`."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from agnez_client.cli.connection import connection, connection_options
from agnez_client.cli.output import json_option, moment, size, write_json, write_table
from agnez_client.upkeep import Rule, Upkeep

_EXAMPLES = """
\b
Examples:
  agnez retention digits                               # the rule, and what would go by it
  agnez retention digits --keep-last 20 --keep-tagged  # what would go by this one
  agnez retention digits --max-age 30d --apply         # set it, and apply it now
  agnez retention digits --remove                      # no rule any more
"""
_UNITS: Final = {"h": 1 / 24, "d": 1.0, "w": 7.0}
_COLUMNS: Final = ("id", "name", "state", "ended", "tags", "size")


def _age(ctx: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """``30d``, ``12h``, ``2w``, or days, in days."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw]?)", text.strip().lower())
    if found is None or not float(found[1]):
        raise click.BadParameter(f"{text!r} is no age like 30d, 12h or 2w")
    return float(found[1]) * _UNITS[found[2] or "d"]


@click.command(epilog=_EXAMPLES)
@click.argument("project")
@click.option("--keep-last", type=click.IntRange(0), help="The newest so many runs stay.")
@click.option(
    "--max-age",
    callback=_age,
    metavar="AGE",
    help="What ended less than so long ago stays: 30d, 12h, 2w.",
)
@click.option("--keep-tagged", is_flag=True, help="What has any tag stays.")
@click.option(
    "--keep-tag", multiple=True, metavar="TAG", help="What has this tag stays. Repeatable."
)
@click.option(
    "--apply/--dry-run",
    "applied",
    default=False,
    help="Set the rule and apply it; else only show what would go.",
)
@click.option("--remove", is_flag=True, help="Take the project's rule away.")
@json_option
@connection_options
def command(
    project: str,
    keep_last: int | None,
    max_age: float | None,
    keep_tagged: bool,
    keep_tag: tuple[str, ...],
    applied: bool,
    remove: bool,
    as_json: bool,
    url: str | None,
    token: str | None,
) -> None:
    """
    Say which runs of PROJECT stay; all others go to the trash, once a day.

    Without options: the rule of the project, and what would go by it now. A run that runs never
    goes. Nothing goes and nothing is set unless --apply is given.
    """
    given: dict[str, Any] = {"keep_last": keep_last, "max_age_days": max_age}
    given |= {"keep_tagged": keep_tagged, "keep_tags": list(keep_tag)}
    changed = any(value not in (None, False, []) for value in given.values())
    if remove and (changed or applied):
        raise click.UsageError("--remove stands alone")
    if changed and keep_last is None and max_age is None:
        raise click.UsageError("a rule needs --keep-last or --max-age")
    with connection(url, token) as transport:
        upkeep = Upkeep(transport)
        if remove:
            upkeep.set_rule(project, None)
            click.echo(f"{project} has no rule any more")
            return
        rule = given if changed else upkeep.rule(project)
        if rule is None:
            raise click.ClickException(f"{project} has no rule: give --keep-last or --max-age")
        if applied and changed:
            upkeep.set_rule(project, rule)
        answer = upkeep.apply_rule(project, rule, dry=not applied)
    if as_json:
        write_json(answer)
    else:
        _tell(project, rule, answer)


def _tell(project: str, rule: Rule, answer: dict[str, Any]) -> None:
    click.echo(f"{project}: {_in_words(rule)}")
    runs = answer["runs"]
    if not runs:
        click.echo("nothing goes")
        return
    write_table(_COLUMNS, map(_cells, runs), right="size")
    would = "would go" if answer["dry_run"] else "went"
    click.echo(f"{len(runs)} runs {would} to the trash, {size(answer['bytes'])}")
    if answer["dry_run"]:
        click.echo("nothing was changed: --apply does it")


def _in_words(rule: Rule) -> str:
    parts = []
    if rule["keep_last"] is not None:
        parts.append(f"the newest {rule['keep_last']} stay")
    if rule["max_age_days"] is not None:
        parts.append(f"what ended in the last {rule['max_age_days']:g} days stays")
    if rule["keep_tagged"]:
        parts.append("what has a tag stays")
    if rule["keep_tags"]:
        parts.append(f"what has the tag {' or '.join(rule['keep_tags'])} stays")
    return "; ".join(parts)


def _cells(run: dict[str, Any]) -> tuple[str, ...]:
    ended = moment(run["ended_at"])
    return (run["id"], run["name"], run["state"], ended, ", ".join(run["tags"]), size(run["bytes"]))
