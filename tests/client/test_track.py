"""MLSteam's form of a run."""

from __future__ import annotations

import pytest

from agnez_client import RunClosed, SettingsError, track
from agnez_client.protocol import new_ulid
from tests.client.ingest_server import IngestServer


@pytest.fixture(autouse=True)
def backend(server: IngestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is told by MLSteam's variable."""
    for name in ("PROJECT", "API_TOKEN", "TRACK_ID"):
        monkeypatch.delenv(f"MLSTEAM_{name}", raising=False)
    monkeypatch.setenv("MLSTEAM_BACKEND", server.url)


def test_what_is_logged_is_a_channel(server: IngestServer) -> None:
    """With a step or without; the same key is the same channel."""
    run = track.init("digits")
    run["train/loss"].log(0.5)
    run["train/loss"].log(0.25)
    run["train/acc"].log(0.75, step=10)
    run.stop()
    run.stop()

    assert server.only.run == run.id
    assert server.only.of_kind("run")[0]["project"] == "digits"
    assert server.only.channel("train/loss") == [(0, 0.5), (1, 0.25)]
    assert server.only.channel("train/acc") == [(10, 0.75)]
    assert [e["state"] for e in server.only.of_kind("state")] == ["finished"]


def test_what_is_assigned_is_a_parameter(server: IngestServer) -> None:
    """Nested by slashes, read back as it was set, and sent with all that stands beside it."""
    with track.init() as run:
        run["config/lr"] = 0.1
        run["config/net/depth"] = 3
        run["seed"] = 7
        run["config/net"] = {"width": 64}
        run["seed/of/what"] = 1

        assert run["config/lr"] == 0.1
        assert run["config"] == {"lr": 0.1, "net": {"width": 64}}
        assert "log()" in repr(run["config/momentum"])

    told: dict[str, object] = {}
    for event in server.only.of_kind("params"):
        told |= event["params"]
    assert told == {"config": {"lr": 0.1, "net": {"width": 64}}, "seed": {"of": {"what": 1}}}


def test_tags_are_added(server: IngestServer) -> None:
    """One by one, as a list, as a text."""
    with track.init() as run:
        run.tags_set(["a", "b"])
        run.tags_set("c")
        run.tags_add("d")

    assert [tag for e in server.only.of_kind("tags") for tag in e["tags"]] == ["a", "b", "c", "d"]


def test_the_environment_of_mlsteam_is_read(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Project, token and track; our own variables win."""
    id = new_ulid()
    server.token = "secret"
    monkeypatch.setenv("MLSTEAM_API_TOKEN", "secret")
    monkeypatch.setenv("MLSTEAM_TRACK_ID", id)
    with track.init() as run:
        run["a"].log(1)
    server.wait_for(lambda: server.of_run(id))
    monkeypatch.delenv("MLSTEAM_TRACK_ID")
    monkeypatch.setenv("MLSTEAM_PROJECT", "theirs")
    with track.init() as second:
        pass
    monkeypatch.setenv("AGNEZ_PROJECT", "ours")
    with track.init() as third:
        pass

    assert run.id == id
    assert [
        server.of_run(r.id)[0].of_kind("run")[0]["project"] for r in (second, third)
    ] == ["theirs", "ours"]  # fmt: skip


@pytest.mark.parametrize("name", ["MLSTEAM_BACKEND", "AGNEZ_URL", "track_id"])
def test_what_is_wrong_is_named_by_where_it_came_from(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of MLSteam, one of ours, or an argument of `init`."""
    if name.isupper():
        monkeypatch.setenv(name, "nowhere")
    with pytest.raises(SettingsError, match=f"^{name} is 'nowhere'"):
        track.init(track_id=None if name.isupper() else "nowhere")


def test_a_wrong_value_or_name_does_not_end_training(caplog: pytest.LogCaptureFixture) -> None:
    """It is told once; in strict mode it is an error."""
    run = track.init()
    run["a\nb"].log(1)
    run["a\nb"].log(2)
    run["loss"].log("high")
    run.stop()
    run["late"].log(1)

    said = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len([text for text in said if "'a\\nb'" in text]) == 1
    assert any("'late' was not logged" in text for text in said)


def test_in_strict_mode_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere in the SDK."""
    monkeypatch.setenv("AGNEZ_STRICT", "1")
    run = track.init()
    run.stop()

    with pytest.raises(RunClosed):
        run["late"].log(1)
