"""The start of the server's process."""

from __future__ import annotations

import gc

import pytest

from agnez_client.cli.launch import launching


def test_nothing_is_collected_until_the_server_listens() -> None:
    """What was loaded by then is passed over afterwards."""
    try:
        with launching() as launched:
            assert not gc.isenabled()
            launched()
            assert gc.isenabled()
            assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_a_start_that_fails_leaves_the_collector_on() -> None:
    """Garbage is collected again, whatever went wrong."""
    with pytest.raises(OSError, match="no port"), launching():
        raise OSError("no port")

    assert gc.isenabled()
