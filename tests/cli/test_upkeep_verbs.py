"""Runs into the trash and back, by hand and by rules, as a shell sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from click.testing import CliRunner

from agnez_client.cli.verbs import group
from tests.cli.conftest import post
from tests.support.agnez_up import RunningServer, agnez_up


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the finished runs "a", "b" (tag "paper") and "c" of the project "lab/1"."""
    with agnez_up(tmp_path_factory.mktemp("upkeep")) as server:
        for name in "abc":
            post(server, "/points", {"run": name, "project": "lab/1", "channel": "x", "y": 1})
        for run in json.loads(agnez(server, "runs", "--json")):
            fields = {"state": "finished", "tags": ["paper"] if run["name"] == "b" else []}
            url = f"{server.url}/api/v1/runs/{run['id']}"
            assert requests.patch(url, json=fields, timeout=30).ok
        yield server


def agnez(server: RunningServer, *args: str, status: int = 0) -> str:
    """What `agnez *args` says, run in this process, which is quicker."""
    environment = {"AGNEZ_URL": server.url, "AGNEZ_TOKEN": None}
    done = CliRunner().invoke(group, list(args), env=environment)
    assert done.exit_code == status, done.output
    return done.output


def names(server: RunningServer, *verb: str) -> list[str]:
    """Names of the runs that the verb lists, in their order."""
    return sorted(run["name"] for run in json.loads(agnez(server, *verb, "--json")))


def test_runs_go_to_the_trash_and_come_back(kept: RunningServer) -> None:
    """By name; what is named wrongly moves nothing."""
    agnez(kept, "rm", "a", "b")
    assert (names(kept, "runs"), names(kept, "trash")) == (["c"], ["a", "b"])
    assert "there is no run 'c' in the trash" in agnez(kept, "restore", "a", "c", status=1)

    assert "(a) is back" in agnez(kept, "restore", "a", "b")
    assert (names(kept, "runs"), names(kept, "trash")) == (["a", "b", "c"], [])
    assert "the trash is empty" in agnez(kept, "trash")


def test_a_rule_is_tried_before_it_is_set(kept: RunningServer) -> None:
    """A dry run is the default: it shows what would go and changes nothing."""
    out = agnez(kept, "retention", "lab/1", "--keep-last", "1", "--keep-tagged")

    assert [line.split()[1] for line in out.splitlines() if " finished " in line] == ["a"]
    assert "1 runs would go to the trash" in out
    assert "--apply does it" in out
    assert names(kept, "runs") == ["a", "b", "c"]
    assert "has no rule" in agnez(kept, "retention", "lab/1", status=1)


def test_a_rule_is_applied_and_removed(kept: RunningServer) -> None:
    """What goes by it can be brought back; a wrong age or half a rule is refused."""
    agnez(kept, "retention", "lab/1", "--keep-last", "2", "--max-age", "30d", "--apply")
    assert "nothing goes" in agnez(kept, "retention", "lab/1")
    answer = json.loads(agnez(kept, "retention", "lab/1", "--keep-last", "2", "--apply", "--json"))
    assert ([run["name"] for run in answer["runs"]], answer["dry_run"]) == (["a"], False)
    assert names(kept, "trash") == ["a"]
    agnez(kept, "restore", "a")
    agnez(kept, "retention", "lab/1", "--remove")
    assert "has no rule" in agnez(kept, "retention", "lab/1", status=1)
    assert "no age like" in agnez(kept, "retention", "lab/1", "--max-age", "soon", status=2)
    assert "needs --keep-last" in agnez(kept, "retention", "lab/1", "--keep-tagged", status=2)


def test_the_trash_is_emptied_when_told_twice(kept: RunningServer) -> None:
    """Without a terminal to ask, --yes has to be given."""
    agnez(kept, "rm", "c")
    assert "--yes" in agnez(kept, "trash", "--empty", status=1)
    assert names(kept, "trash") == ["c"]

    assert "deleted for good" in agnez(kept, "trash", "--empty", "--yes")
    assert (names(kept, "trash"), names(kept, "runs")) == ([], ["a", "b"])
