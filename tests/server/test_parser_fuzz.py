"""
Readers of the server that a stranger can reach, or a stranger's file, fed with anything: what
they take means just that, all else is refused by the error that they document.

| what comes in | its properties are in |
|---|---|
| the HTTP surface, by its OpenAPI document | test_schemathesis |
| batches: header, events, points | test_input_fuzz, test_hostile_batches; in parts: test_held |
| bodies of entries, of each type | test_bodies |
| JSON points, numbers and pages of a query | test_input_fuzz; read in parts: test_held |
| lines of text, of a log, of `agnez pipe` | here, test_lines_in, client/test_loglines |
| ends of epochs, uploads, rules of retention | test_epochs_in, test_uploads; here, test_retention |
| facts, datasets, console lines, exported runs | here |
| queries of /values | here; beside the npm package: values/test_values_qs, test_values_query |
| messages on sockets | here, test_input_fuzz, test_values_sockets_hostile |
| columns, exported folders, settings of the SDK, spools of any bytes | client/test_parser_fuzz |
| spools: cut, flipped | client/test_spool_cuts, client/test_spool_flips |
| what a server answers to the SDK | client/test_hostile_server |
| tokens, settings of the server, TinyDB files | here |
| chunks of the store | store/test_store_chunk |
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agnez_client.protocol import new_ulid
from agnez_server.authfiles import AuthFileDamaged, AuthFiles
from agnez_server.catalog import recordchecks
from agnez_server.catalog.importing import parse_import
from agnez_server.catalog.textlines import parse_lines
from agnez_server.errors import AgnezServerError
from agnez_server.live.packets import PacketRefused, ViewerPacket, credited
from agnez_server.retention import parse_rule
from agnez_server.settings import from_environment
from agnez_server.store import SqliteStore
from agnez_server.store.transfer import import_tinydb
from agnez_server.values.qs import parse_qs
from agnez_server.values.query import parse_query
from tests.server.test_input_fuzz import anything, few

objects = st.dictionaries(st.text(max_size=8), anything, max_size=5)


def mutated(good: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """*good* with some of its fields another value."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(good, anything)).map(
        lambda changed: {**good, **changed}
    )


RUN = {"id": new_ulid(), "state": "finished", "name": "r", "created": 5, "finished": None,
       "params": {}, "tags": [], "about": {}, "datasets": [], "dropped": 0, "dropped_by": [],
       "gaps": 0, "sessions": [{"rank": 0, "started": 1}], "durable": True, "reason": "",
       "stage": None, "total_steps": 5}  # fmt: skip


@few
@given(mutated(RUN), mutated({"channels": [], "charts": []}))
def test_any_export_is_a_run_or_refused(run: dict[str, Any], rest: dict[str, Any]) -> None:
    """An import is checked whole before anything is made of it; what is taken JSON can hold."""
    try:
        found = parse_import({**rest, "run": run})
    except AgnezServerError as error:
        orjson.dumps(error.as_json())
        assert 400 <= error.status < 500
    else:
        orjson.dumps([found.fields, found.given])


@few
@given(mutated({"keep_last": 3, "max_age_days": 2, "keep_tagged": True, "keep_tags": ["a"]}))
@example({"keep_last": 1, "keep_tags": {}})
@example({"max_age_days": 10**400})
def test_any_rule_is_one_or_refused(given: dict[str, Any]) -> None:
    """A rule that is taken says the same when it is read again."""
    try:
        rule = parse_rule(given)
    except AgnezServerError as error:
        orjson.dumps(error.as_json())
    else:
        assert parse_rule(orjson.loads(orjson.dumps(rule.as_json()))) == rule
        assert isinstance(given.get("keep_tags"), (list, type(None)))


RECORD_BODIES = {
    "facts": recordchecks.facts,
    "dataset": recordchecks.dataset,
    "fields": recordchecks.changed_fields,
    "lines": recordchecks.lines,
    "blobs": recordchecks.blob_refs,
}


@few
@given(st.sampled_from(sorted(RECORD_BODIES)), anything | objects | mutated({
    "name": "d", "hash": "h", "size": 1, "count": 2, "source": "s", "about": {}, "lines": ["a"],
    "walls": [1], "stage": "TRAIN", "total_steps": 1, "notes": "n", "tags": []}))  # fmt: skip
def test_any_record_is_kept_or_refused(kind: str, value: Any) -> None:
    """Facts, datasets, console lines and fields, as JSON brings them."""
    try:
        value = orjson.loads(json.dumps(value, allow_nan=False))
    except ValueError:
        return
    if kind in ("dataset", "fields", "lines") and not isinstance(value, dict):
        return  # events are objects when they come here
    try:
        found = RECORD_BODIES[kind](value)
    except AgnezServerError as error:
        orjson.dumps(error.as_json())
    else:
        assert found is not None


# -- messages --------------------------------------------------------------------------------

heads = st.from_regex(r"[0-9](\d{0,3}-)?(/[a-z]{0,5},)?\d{0,5}", fullmatch=True)
messages = st.text() | st.binary() | st.tuples(
    heads, anything.map(lambda value: json.dumps(value)) | st.text()
).map("".join)  # fmt: skip


@few
@given(messages)
@example("2" + "9" * 5000 + "[]")
@example("2" + "[" * 5000)
@example("")
@example("2/live")
@example("51-[" + '{"_placeholder":true,"num":0}]')
@example('2/live,["' + "\ud800" + '"]')
def test_any_message_is_a_packet_or_refused(message: str | bytes) -> None:
    """On both namespaces: a packet whose event has a name, or the refusal that says where."""
    credited(message.encode(errors="surrogatepass") if isinstance(message, str) else message)
    try:
        found = ViewerPacket(encoded_packet=message)
    except PacketRefused as error:
        assert error.namespace
        assert error.id is None or error.id >= 0
    else:
        assert isinstance(message, str)
        assert found.packet_type != 2 or isinstance(found.data[0], str)


# -- queries and lines -----------------------------------------------------------------------

pieces = st.sampled_from(["a", "[", "]", "$or", "$sort", "$lte", "=", "&", "%5B", "%", "%ff", "1",
                          "[0]", "$limit", ".", "+", "true", "$in", "_id"])  # fmt: skip


@few
@given(st.lists(pieces, max_size=14).map("".join) | st.text(max_size=30))
def test_any_query_string_is_one_or_refused(raw: str) -> None:
    """From the characters of the address to conditions: no other error."""
    try:
        parse_query(parse_qs(raw), text=True)
    except AgnezServerError as error:
        assert 400 <= error.status < 500
        orjson.dumps(error.as_json())


@few
@given(st.lists(st.text(max_size=20) | st.from_regex(r"[a-z ]+ -?[0-9.eE]+( [0-9]+)?"), max_size=5))
def test_any_lines_are_points_or_refused(lines: list[str]) -> None:
    """What is read of a text has as many x as y, each of them finite or counted on."""
    try:
        found = parse_lines("\n".join(lines), "r", "p", None, 100)
    except AgnezServerError as error:
        orjson.dumps(error.as_json())
    else:
        for posted in found.points.values():
            assert len(posted.x) == len(posted.y) == len(posted.wall)
            posted.packed()


# -- files -----------------------------------------------------------------------------------

TOKEN = {"id": "0a", "name": "n", "scope": "read", "sha256": "00", "created": 1}


@few
@given(
    st.binary(max_size=60)
    | anything.map(lambda v: json.dumps(v).encode())
    | st.lists(mutated(TOKEN), max_size=3).map(lambda v: json.dumps(v).encode())
)
@example(b"[" * 100_000)
@example(b"\xff")
def test_any_file_of_tokens_is_read_or_damaged(data: bytes) -> None:
    """Whatever lies in it: tokens of a known scope, or the error that lets nobody in."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokens.json").write_bytes(data)
        try:
            found = AuthFiles(Path(folder)).tokens()
        except AuthFileDamaged:
            return
        assert all(token.scope in ("read", "write", "admin") for token in found)


@few
@given(
    st.sampled_from(["PORT", "HOST", "DATA", "LOGIN", "BASE_PATH", "STATIC"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
)
@example("PORT", "9" * 5000)
@example("BASE_PATH", "/" * 9)
def test_any_variable_is_a_setting_or_refused(name: str, value: str) -> None:
    """ValueError that names it, and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"AGNEZ_{name}", value)
        try:
            found = from_environment()
        except ValueError as error:
            assert str(error)
        else:
            assert 0 <= found.port <= 65535
            assert found.base_path == "" or found.base_path.startswith("/")


@pytest.fixture(scope="module")
async def documents(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A store whose documents are counted."""
    store = await SqliteStore.open(tmp_path_factory.mktemp("documents") / "data")
    yield store
    await store.close()


ids = st.text("0123456789", max_size=3) | st.sampled_from(["-1", "1e3", "٣", "9" * 30, "007"])
rows = st.dictionaries(ids, anything | objects, max_size=3)
tables = st.dictionaries(st.sampled_from(["runs", "a", ""]), rows, max_size=2)


@few
@given(
    anything.map(lambda v: json.dumps(v).encode())
    | tables.map(lambda v: json.dumps(v).encode())
    | st.binary(max_size=30)
)
@example(b"[" * 100_000)
@example(b'{"a": {"' + b"9" * 30 + b'": {}}}')
@example(b'{"a": {"1": {"b": "\\ud800"}}}')
@example(b'{"a": {"1": {"b": 1e999}}}')
@example(b'{"a": {"1": {"b": NaN}}}')
@example(b'{"a": {"1": {"b": 99999999999999999999999999}}}')
@example(b'{"a": {"1": {}, "01": {}}}')
@example(b'{"a": {"' + b"9" * 5000 + b'": {}}}')
@example(b'{"a": {"1": {"b": ' + b"[" * 600 + b"]" * 600 + b"}}}")
async def test_any_tinydb_file_is_added_whole_or_not_at_all(documents: Any, data: bytes) -> None:
    """ValueError or a conflict, and then nothing of it is there; the store goes on."""
    before = {name: len(documents.committed.table(name)) for name in documents.committed.tables()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.json"
        path.write_bytes(data)
        try:
            added = await import_tinydb(documents, path)
        except (ValueError, AgnezServerError):
            added = 0
    after = {name: len(documents.committed.table(name)) for name in documents.committed.tables()}
    assert sum(after.values()) - sum(before.values()) == added
    await documents.change(lambda change: change.docs.drop_tables())
    assert documents.store_stats().read_only is None
