"""What lets the server answer sooner after its start: what loading it can do without."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SPARED: Final = ("tornado", "requests", "websocket")
"""What socket.io takes along for other servers, and for clients that block."""


@contextmanager
def launching() -> Iterator[Callable[[], None]]:
    """
    Load within the block, and call what it gives when the server listens.

    Until then nothing is garbage, and looking for some among all that is loaded takes a fifth of
    the start; what is there by then stays, so later collections pass it over.
    """
    # The server multiplies no matrices: threads for that take time to start, and memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    was_on = gc.isenabled()

    def launched() -> None:
        gc.freeze()
        if was_on:
            gc.enable()

    gc.disable()
    try:
        yield launched
    finally:
        if was_on:
            gc.enable()


def load_sockets() -> None:
    """
    Load socket.io without Tornado and without what its client needs: it goes without either where
    they are not installed, and loading them takes a sixth of the start. Both can be imported
    afterwards as ever.
    """
    if "socketio" in sys.modules:
        return
    spared = [name for name in _SPARED if name not in sys.modules]
    try:
        # None is the import system's word for a module that is not to be found.
        sys.modules.update(dict.fromkeys(spared))  # type: ignore[arg-type]
        importlib.import_module("socketio")
    finally:
        for name in spared:
            sys.modules.pop(name, None)
