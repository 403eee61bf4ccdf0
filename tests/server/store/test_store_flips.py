"""Flipped bits in every file of a store: found, said, the rest kept, nothing wrong served."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from agnez_server.errors import StoreDamaged
from agnez_server.store import CannotOpenStore, SqliteStore
from tests.server.store.history import (
    OPTIONS,
    State,
    make_history,
    state_of,
)
from tests.support.proof import proved, size
from tests.support.quick import quick_directory

FLIPS = size(120, 4000)
FRAME = 24 + 8192


@pytest.fixture
async def quick(tmp_path) -> AsyncIterator:
    """A directory where syncing costs nothing."""
    directory = quick_directory(tmp_path)
    yield directory
    shutil.rmtree(directory)


def flipped(data: bytes, at: int, bit: int) -> bytes:
    """*data* with one other bit."""
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


@pytest.mark.proof
@pytest.mark.timeout(1200)
async def test_flipped_bits_in_the_log(quick) -> None:
    """
    In the header, the heads of frames and their pages: all commits are there, or whole ones up to
    the damage and how many are missing.
    """
    history, shuffle = await make_history(quick / "live", 8), random.Random(3)
    wal, found, began = history.files["agnez.db-wal"], Counter[str](), time.monotonic()
    frames = len(wal) // FRAME
    for number in range(FLIPS):
        place = (
            number % 32,
            32 + FRAME * shuffle.randrange(frames) + shuffle.randrange(24),
            shuffle.randrange(len(wal)),
            shuffle.randrange(len(wal)),
        )[number % 4]
        bit = shuffle.randrange(8)
        history.lay_out(quick / "flip", wal=flipped(wal, place, bit))
        store = await SqliteStore.open(quick / "flip", options=OPTIONS)
        kept, said = history.held(state_of(store)), store.store_stats().damage
        assert kept is not None, f"byte {place}, bit {bit}"
        if kept < 8:
            assert said.startswith(f"{8 - kept} acknowledged commit")
        found["all kept" if kept == 8 else "cut, said"] += 1
        await store.close()
    assert found["all kept"] > 0.85 * FLIPS
    proved(
        "log-flips",
        "a flipped bit in the server's log: all commits kept, or the ones before it and the "
        "missing ones said",
        f"{found['all kept']:,} and {found['cut, said']:,} of {FLIPS:,}, "
        f"{time.monotonic() - began:.0f} s",
    )


@pytest.mark.proof
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["db", "blobs"])
async def test_flipped_bits_in_the_databases(quick, name) -> None:
    """
    Once the look beside the work is over: what is shown is what was stored, or less, which is
    said; what can't be read is an error that says so; or the store does not open.
    """
    history, shuffle = await make_history(quick / "live", 8, sealed=True), random.Random(4)
    whole = {"db": "agnez.db", "blobs": "blobs.db"}[name]
    data, found, began = history.files[whole], Counter[str](), time.monotonic()
    before, used = history.states[-1], [at for at, byte in enumerate(data) if byte]
    for number in range(FLIPS):
        place = number // 8 % 100 if number % 8 == 0 else shuffle.choice(used)
        bit = shuffle.randrange(8)
        history.lay_out(
            quick / "flip",
            **{name: flipped(data, place, bit)},
            **({"wal": b""} if name == "db" else {}),
        )
        found[await outcome(quick / "flip", before, f"byte {place}, bit {bit}")] += 1
    proved(
        f"{name}-flips",
        f"a flipped bit in `{whole}`: nothing wrong is shown",
        ", ".join(f"{n:,} {what}" for what, n in sorted(found.items()))
        + f", {time.monotonic() - began:.0f} s",
    )


async def outcome(directory, before: State, where: str) -> str:
    """What a damaged store shows, in a word; fails if it is wrong."""
    try:
        store = await SqliteStore.open(directory, options=OPTIONS)
    except CannotOpenStore as error:
        assert str(directory) in str(error)
        return "refused to open"
    try:
        await store.inspected()
        try:
            now = state_of(store)
        except StoreDamaged as error:
            assert "agnez doctor" in (error.hint or "")
            assert "can't be read" in (store.store_stats().damage or ""), where
            return "partly refused to read, said"
        said = store.store_stats()
        if now == before:
            return "mended" if said.damage else "harmless"
        assert said.damage or said.damaged_points, where
        assert is_part(now, before), where
        return "partly kept, said"
    finally:
        await store.close()


def is_part(now: State, before: State) -> bool:
    """Whether nothing that is shown *now* was another *before*; it may be less."""
    return all(
        set(map(repr, parts(value))) <= set(map(repr, parts(before.get(key, []))))
        for key, value in now.items()
    )


def parts(value) -> list:
    """A value of a state in pieces that may be there or not; figures of a series aside."""
    if isinstance(value, tuple):
        return [value]
    if len(value) == 5 and isinstance(value[2], list):
        return list(zip(*value[2:], strict=True))
    if len(value) == 2 and isinstance(value[1], list):
        return value[1]
    return value
