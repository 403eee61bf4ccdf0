"""What training code says of its run arrives, once, from the process that leads it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from agnez_client import Context, RecordError, RunClosed
from agnez_client.protocol import new_ulid
from tests.client.ingest_server import IngestServer
from tests.client.record.conftest import about_of, entries, lines_of
from tests.client.scripts import Script

Begin = Callable[..., Context]


def fields(server: IngestServer) -> list[dict[str, Any]]:
    """What was set on the run, in order."""
    events = [e for s in server.spools.values() for e in s.of_kind("fields")]
    return [{k: v for k, v in e.items() if k not in ("kind", "at")} for e in events]


def test_notes_stage_and_steps_are_fields_of_the_run(server: IngestServer, begin: Begin) -> None:
    """Each as it is set."""
    ctx = begin()
    ctx.job.set_notes("# Why\nA *test*, naïve 雪")
    ctx.stage = "TRAIN"
    ctx.job.set_total_steps(5000)
    assert ctx.stage == "TRAIN"
    ctx.finish()

    assert fields(server) == [
        {"notes": "# Why\nA *test*, naïve 雪"},
        {"stage": "TRAIN"},
        {"total_steps": 5000},
    ]


def test_a_change_of_stage_is_marked(server: IngestServer, begin: Begin) -> None:
    """At the largest x so far; saying the same again marks nothing."""
    ctx = begin()
    loss = ctx.job.create_channel("loss")
    for stage, x in (("TRAIN", 40), ("TRAIN", 41), ("EVALUATION-HOLDOUT", 42)):
        loss.send(x=x, y=0.5)
        ctx.job.set_stage(stage)
    ctx.finish()

    assert entries(server, "markers") == [
        (40, {"text": "stage TRAIN", "level": "info"}),
        (42, {"text": "stage EVALUATION-HOLDOUT", "level": "info"}),
    ]


def test_marks_have_a_place_and_a_level(server: IngestServer, begin: Begin) -> None:
    """x is given, or the largest so far, 0 before the first."""
    ctx = begin()
    ctx.job.mark("begun")
    ctx.job.create_channel("loss").send(x=7, y=0.5)
    ctx.job.mark("lr halved")
    ctx.job.mark("diverged", x=6.5, level="error")
    ctx.finish()

    assert entries(server, "markers") == [
        (0, {"text": "begun", "level": "info"}),
        (7, {"text": "lr halved", "level": "info"}),
        (6.5, {"text": "diverged", "level": "error"}),
    ]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("set_stage", ""),
        ("set_stage", "two\nlines"),
        ("set_stage", 3),
        ("set_notes", None),
        ("set_notes", "x" * 100_000),
        ("set_total_steps", 0),
        ("set_total_steps", 1.5),
        ("set_total_steps", True),
        ("use_dataset", ""),
        ("save_artefact", {"w": 1}),
    ],
)
def test_what_is_wrong_is_named(begin: Begin, call: str, value: Any) -> None:
    """With what was expected."""
    with pytest.raises(RecordError, match="expected"):
        getattr(begin().job, call)(value)


def test_a_wrong_count_of_a_dataset_is_named(begin: Begin) -> None:
    """Here, not by the server later."""
    with pytest.raises(RecordError, match="count is 'many', expected a whole number"):
        begin().job.use_dataset("digits", count="many")  # type: ignore[arg-type]


def test_after_the_end_nothing_is_taken(begin: Begin) -> None:
    """As for channels."""
    ctx = begin()
    ctx.finish()
    for call in (lambda: ctx.job.set_notes("x"), lambda: ctx.job.set_stage("x")):
        with pytest.raises(RunClosed):
            call()


LAUNCHED = """
    import os
    from agnez_client import Context
    with Context(url=os.environ["URL"], project="vision", params={"lr": 0.1}) as ctx:
        ctx.stage = "TRAIN"
        ctx.job.set_total_steps(10)
        print("rank", ctx.job.rank, "leads", ctx.job.leads)
"""


def test_of_launched_ranks_the_first_tells_for_all(
    server: IngestServer, python: Callable[..., Script], recording: None
) -> None:
    """All of them join a run that nobody began: rank 0 names it and ends it."""
    run = new_ulid()
    for rank in (1, 0):
        world = {"RANK": str(rank), "WORLD_SIZE": "2", "AGNEZ_RUN": run, "URL": server.url}
        status, out, errors = python(LAUNCHED, **world).end()
        assert status == 0, errors
        assert out == f"rank {rank} leads {rank == 0}\n"

    first, second = sorted(server.spools.values(), key=lambda s: s.rank)
    assert first.of_kind("run")[0]["project"] == "vision"
    assert second.of_kind("run")[0]["joined"] is True
    assert [e["state"] for s in (first, second) for e in s.of_kind("state")] == ["finished"]
    assert second.of_kind("about") == second.of_kind("fields") == []
    assert [set(e) - {"kind", "at"} for e in first.of_kind("fields")] == [
        {"stage"},
        {"total_steps"},
    ]
    assert {"python", "command", "packages"} <= about_of(server).keys()
    assert ("stdout", "rank 1 leads False") in lines_of(second)


TWO_RUNS = """
import os, subprocess, sys
from agnez_client import Context
with Context(url=os.environ["URL"]) as first, Context(url=os.environ["URL"]) as second:
    print(first.job.run, second.job.run, first.job.leads)
"""
NESTED = f"{TWO_RUNS}subprocess.run([sys.executable, '-c', {TWO_RUNS!r}], check=True)"


def test_processes_of_torchrun_find_one_run(
    server: IngestServer, python: Callable[..., Script]
) -> None:
    """The first context of each the first run; what they start below them begins its own."""
    found = []
    for rank in ("0", "1"):
        world = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        script = python(NESTED, **world, TORCHELASTIC_RUN_ID="none", URL=server.url)
        status, out, errors = script.end()
        assert status == 0, errors
        found.append([line.split() for line in out.splitlines()])

    (mine, below), (theirs, others) = found
    assert mine[:2] == theirs[:2] and mine[0] != mine[1]
    assert (mine[2], theirs[2]) == ("True", "False")
    assert len({*mine[:2], *below[:2], *others[:2]}) == 6
    assert (below[2], others[2]) == ("True", "True")


def test_a_joined_process_leaves_the_record_to_the_owner(
    server: IngestServer, begin: Begin, python: Callable[..., Script]
) -> None:
    """Nor does a forked one touch it."""
    ctx = begin()
    status, _, errors = python(LAUNCHED, AGNEZ_RUN=ctx.job.run, URL=server.url).end()
    assert status == 0, errors
    if (pid := os.fork()) == 0:
        ctx.stage = "CHILD"
        ctx.job.set_notes("child")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    ctx.finish()

    assert fields(server) == []
    states = [e for s in server.spools.values() for e in s.of_kind("state")]
    assert len(states) == 1


def test_who_resumes_a_run_ends_it(
    server: IngestServer, begin: Begin, python: Callable[..., Script]
) -> None:
    """The process that began it was killed; the one that joins is of rank 0 and leads."""
    crash = "import os; from agnez_client import Context; c = Context(url=os.environ['URL']); "
    script = python(crash + "print(c.job.run); input()", URL=server.url)
    run = script.line()
    server.wait_for(lambda: server.of_run(run))
    script.process.kill()
    script.process.wait()
    ctx = begin(run=run)
    assert ctx.job.leads
    ctx.stage = "TRAIN"
    ctx.finish()

    last = max(server.of_run(run), key=lambda s: s.session)
    assert [e["state"] for e in last.of_kind("state")] == ["finished"]
    assert [e["stage"] for e in last.of_kind("fields")] == ["TRAIN"]


# -- facts and figures ---------------------------------------------------------------------------


def test_a_run_knows_where_it_runs(
    server: IngestServer, python: Callable[..., Script], recording: None
) -> None:
    """Also one that ends at once."""
    script = python(
        "import os; from agnez_client import Context; Context(url=os.environ['URL']).finish()",
        URL=server.url,
        AGNEZ_SYSTEM_INTERVAL="0",
    )
    status, _, errors = script.end()
    assert status == 0, errors
    found = about_of(server)

    assert found["command"][1:3] == ["-W", "error"]
    assert found["cpus"] >= 1
    assert found["packages"]["count"] > 10
    assert found["packages"]["blob"]["sha256"] in server.blobs


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [("0", set()), ("command", {"command", "script", "directory"}), ("packages", {"packages"})],
)
def test_what_is_recorded_can_be_chosen(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, begin: Begin, chosen: str, keys: set[str]
) -> None:
    """AGNEZ_RECORD."""
    monkeypatch.setenv("AGNEZ_RECORD", chosen)
    begin().finish()

    assert about_of(server).keys() == keys


def test_figures_of_the_machine_are_numbers_over_seconds(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    """From the run's beginning on, which its id tells; they are no channels of the job's."""
    monkeypatch.setenv("AGNEZ_SYSTEM_INTERVAL", "0.1")
    ctx = begin()
    server.wait_for(lambda: len(server.only.channel("system/cpu_percent")) >= 3)
    ctx.finish()

    xs, ys = zip(*server.only.channel("system/memory_bytes"), strict=True)
    assert 0 < xs[0] < xs[1] < xs[2] < 30
    assert min(ys) > 1 << 20
    assert ctx.job.channels == []


def test_a_resumed_run_counts_its_seconds_on(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    """The run is an hour old; an id that somebody made up tells no time."""
    monkeypatch.setenv("AGNEZ_SYSTEM_INTERVAL", "0.1")
    for run, begun in ((new_ulid(int(time.time() * 1000) - 3_600_000), 3600), ("7" + "Z" * 25, 0)):
        ctx = begin(run=run)
        server.wait_for(lambda run=run: [s for s in server.of_run(run) if len(s.points) > 2])
        ctx.finish()
        (spool,) = server.of_run(run)
        assert begun <= spool.channel("system/memory_bytes")[0][0] < begun + 60


def test_a_forked_child_reads_no_figures(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    """Its parent counts it."""
    monkeypatch.setenv("AGNEZ_SYSTEM_INTERVAL", "0.1")
    ctx = begin()
    loss = ctx.job.create_channel("loss")
    server.wait_for(lambda: server.only.channel("system/cpu_percent"))
    if (pid := os.fork()) == 0:
        loss.send(x=0, y=0.0)
        ctx.finish()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    ctx.finish()
    child = max(server.spools.values(), key=lambda s: s.session)

    assert [e["name"] for e in child.of_kind("channel")] == ["loss"]


def sent_params(server: IngestServer) -> list[dict[str, Any]]:
    """What was told of parameters, in order."""
    return [e["params"] for s in server.spools.values() for e in s.of_kind("params")]


def test_secret_parameters_stay_at_home(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """They are sent as ``***`` and said once; the code has them."""
    ctx = begin(params={"hf_token": "abcdef", "max_tokens": 100})
    ctx.params["hf_token"] = "ghijkl"
    ctx.finish()

    assert sent_params(server) == [{"hf_token": "***", "max_tokens": 100}, {"hf_token": "***"}]
    assert ctx.params.hf_token == "ghijkl"
    (told,) = [r.getMessage() for r in caplog.records if "secrets" in r.getMessage()]
    assert "hf_token" in told
    assert "AGNEZ_REDACT=0" in told


def test_redaction_can_be_switched_off(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AGNEZ_REDACT=0 sends what is there."""
    monkeypatch.setenv("AGNEZ_REDACT", "0")
    begin(params={"hf_token": "abcdef"}).finish()

    assert sent_params(server) == [{"hf_token": "abcdef"}]
