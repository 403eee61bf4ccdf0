"""Points as lines of text: for shells, and for what trainers print."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.protocol import new_ulid
from agnez_server.catalog.textlines import parse_lines
from agnez_server.errors import BadRequest
from tests.server.running import RunningServer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def say(
    server: RunningServer, text: str, run: str = "r", query: str = "", status: int = 200
) -> dict[str, Any]:
    """The answer to *text*, sent as `curl -d` does."""
    url = f"{server.base}/in/{run}{query}"
    async with server.http.post(url, data=io.BytesIO(text.encode()), headers=FORM) as answer:
        body = await answer.json()
        assert answer.status == status, body
        return dict(body if status == 200 else body["error"])


async def points(server: RunningServer, channel: str) -> list[tuple[Any, Any]]:
    """x and y of a channel, in the order sent."""
    items = (await server.get(f"/channels/{channel}/raw"))["items"]
    return [(item["x"], item["y"]) for item in items]


async def test_short_lines_are_points(server: RunningServer) -> None:
    """Name, value, and x or the next step; + and % stay as they are."""
    answer = await say(server, "loss 0.31 120\nloss nan\n\n# a remark\n'a+b%20c' -1e3 2.5\n")

    (run,) = (await server.get("/runs"))["items"]
    assert answer == {
        "accepted": 3, "ignored": 0, "runs": [run["id"]],
        "channels": [f"{run['id']}.0", f"{run['id']}.1"],
    }  # fmt: skip
    assert (run["name"], run["project"]) == ("r", "default")
    assert await points(server, answer["channels"][0]) == [(120, 0.31), (121, "NaN")]
    assert await points(server, answer["channels"][1]) == [(2.5, -1000)]
    assert (await server.channel(run["id"], "a+b%20c"))["count"] == 1


async def test_lines_of_a_log_are_points(server: RunningServer) -> None:
    """In any mixture; what says nothing is counted, and the first of it shown."""
    log = "Using device cpu\nTrain step=10 loss=0.8 acc=0.9\nEpoch 2/3\nlr 0.1 10\r\nbye"

    answer = await say(server, log)

    assert (answer["accepted"], answer["ignored"]) == (3, 3)
    assert answer["first_ignored"] == {"line": 1, "text": "Using device cpu"}
    names = [c["name"] for c in (await server.get(f"/runs/{answer['runs'][0]}/channels"))["items"]]
    assert names == ["Train_loss", "Train_acc", "lr"]


async def test_a_run_is_an_id_or_a_name_of_a_project(server: RunningServer) -> None:
    """As for JSON points; below /api/v1 too."""
    id = await server.new_run(name="mine run", project="p")

    by_name = await say(server, "a 1", "mine%20run", "?project=p")
    status, by_id = await server.call("POST", f"/in/{id}", data=b"a 2")
    made = await say(server, "a 3", "mine%20run", "?project=q&experiment=e")

    assert by_name["runs"] == by_id["runs"] == [id]
    assert status == 200
    assert await points(server, f"{id}.0") == [(0, 1), (1, 2)]
    run = await server.get(f"/runs/{made['runs'][0]}")
    assert (run["project"], run["experiment"], run["name"]) == ("q", "e", "mine run")


@pytest.mark.parametrize(
    ("text", "line"),
    [("loss high", 1), ("\n# x\nloss 0.3 one", 3), ("loss 1 2 3", 1), ("hello\nworld", 1)],
)
async def test_a_body_without_a_point_is_refused(
    server: RunningServer, text: str, line: int
) -> None:
    """The first line that should be one is named, and no run is made."""
    error = await say(server, text, status=400)

    assert error["line"] == line
    assert "name value [x]" in error["hint"]
    assert (await server.get("/runs"))["total"] == 0


@pytest.mark.parametrize("text", ["", "\n\n", "# only this"])
async def test_a_body_without_a_line_is_refused(server: RunningServer, text: str) -> None:
    """An empty variable in a shell does not pass silently."""
    assert "no line" in (await say(server, text, status=400))["message"]


async def test_a_body_is_taken_whole_or_not_at_all(server: RunningServer) -> None:
    """A channel of another type refuses the points before it as well."""
    words = {"text": "a", "format": "plain"}
    await server.post({"run": "r", "channel": "words", "type": "TEXT", "y": words})

    await say(server, "loss 1\nwords 2", status=409)

    (run,) = (await server.get("/runs"))["items"]
    assert run["channels"] == 1


async def test_an_unknown_id_is_no_name(server: RunningServer) -> None:
    """A ULID that no run has is refused."""
    assert (await say(server, "a 1", new_ulid(), status=404))["code"] == "not_found"


async def test_too_much_is_refused(start: Any) -> None:
    """More points than the setting allows, or more text than is read."""
    async with start(max_points_per_request=3) as server:
        assert (await say(server, "a 1\n" * 4, status=413))["code"] == "too_large"
        assert (await say(server, "a 1\n" + "#" * (5 << 20), status=413))["limit"] == 4 << 20


async def test_below_a_prefix(start: Any) -> None:
    """The short address moves with the base path."""
    async with start(base_path="/lab") as server:
        assert (await say(server, "a 1"))["accepted"] == 1


async def test_a_token_is_asked_for(locked: RunningServer) -> None:
    """Where a login is on, nobody writes without a token."""
    await say(locked, "a 1", status=401)


async def test_an_unread_query_parameter_is_refused(server: RunningServer) -> None:
    """A typing error does not put points into the default project."""
    assert (await say(server, "a 1", query="?projekt=p", status=400))["field"] == "projekt"


@given(st.text() | st.binary().map(lambda b: b.decode(errors="replace")))
def test_any_text_is_points_or_refused(text: str) -> None:
    """Names are such that a run can take them, and nothing else is raised."""
    for line in (text, f"loss 1\n{text} 2", f"Train step=1 {text}=2"):
        with contextlib.suppress(BadRequest):
            found = parse_lines(line, "r", "p", None, 10)
            assert found.accepted == sum(len(p.y) for p in found.points.values())
