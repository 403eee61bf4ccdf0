"""What launchers tell their processes, in the variables that their own manuals name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from agnez_client import Context
from agnez_client.cli.verbs import group
from agnez_client.errors import SettingsError
from agnez_client.launchers import Told, is_first_of_host, spans_hosts, told_rank

TORCHRUN = {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}
OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "8"}
SRUN = {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "3", "SLURM_NTASKS": "3"}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, None),
        (TORCHRUN, Told(3, 4)),
        (OPEN_MPI, Told(5, 8)),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, Told(1, 2)),
        (SRUN, Told(2, 3)),
        ({**SRUN, **OPEN_MPI}, Told(5, 8)),
        ({**SRUN, **TORCHRUN}, Told(3, 4)),
        ({"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, Told(1, 2)),
        ({"RANK": ""}, None),
    ],
)
def test_the_rank_is_that_of_the_launcher(environment: dict[str, str], told: Told | None) -> None:
    """The innermost launcher wins: torchrun, then MPI, then Slurm."""
    assert told_rank(environment) == told


def test_a_batch_script_of_slurm_tells_no_rank() -> None:
    """Everything that the script starts inherits its SLURM_PROCID of 0."""
    assert told_rank({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}) is None


def test_a_world_holds_at_least_its_ranks() -> None:
    """A RANK set by hand has no WORLD_SIZE, or a wrong one."""
    assert told_rank({"RANK": "3"}) == Told(3, 4)
    assert told_rank({"RANK": "3", "WORLD_SIZE": "2"}) == Told(3, 4)


@pytest.mark.parametrize("name", ["RANK", "WORLD_SIZE"])
@pytest.mark.parametrize("text", ["first", "-1", "²", "4294967296"])
def test_a_wrong_number_is_named(name: str, text: str) -> None:
    """As other settings."""
    with pytest.raises(SettingsError, match=name):
        told_rank({"RANK": "1", name: text})


def test_one_process_of_a_host_is_its_first() -> None:
    """The one of local rank 0, or one that no launcher has started."""
    assert is_first_of_host({})
    assert is_first_of_host({**TORCHRUN, "LOCAL_RANK": "0"})
    assert not is_first_of_host(TORCHRUN)


def test_torchrun_tells_of_other_hosts() -> None:
    """Where it has more processes than on this one; other launchers say nothing."""
    elastic = {**TORCHRUN, "TORCHELASTIC_RUN_ID": "none"}

    assert spans_hosts(elastic)
    assert not spans_hosts({**elastic, "LOCAL_WORLD_SIZE": "4"})
    assert not spans_hosts(TORCHRUN)
    assert not spans_hosts({})


@pytest.mark.parametrize(
    ("more", "count"),
    [({"LOCAL_RANK": "0"}, 1), ({"LOCAL_RANK": "1"}, 0), ({"LOCAL_WORLD_SIZE": "4"}, 0)],
)
def test_processes_of_several_hosts_are_told_how_to_join(
    begin: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    more: dict[str, str],
    count: int,
) -> None:
    """One line a host."""
    environment = {**TORCHRUN, "TORCHELASTIC_RUN_ID": "none", "LOCAL_RANK": "0", **more}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    begin().finish()

    assert sum("agnez new-run" in r.getMessage() for r in caplog.records) == count


def test_nothing_is_said_where_a_run_is_named(
    begin: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By what `agnez new-run` prints."""
    run = CliRunner().invoke(group, ["new-run"]).stdout.strip()
    for name, value in {**TORCHRUN, "TORCHELASTIC_RUN_ID": "none", "AGNEZ_RUN": run}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_RANK", "0")
    ctx = begin()
    ctx.finish()

    assert ctx.job.run == run
    assert [r for r in caplog.records if "agnez new-run" in r.getMessage()] == []
