"""
The end of a run that a callback makes, where the framework tells no callback that it is done.

LightGBM says nothing after an early stop, and a study of Optuna may always go on. So the run ends
with the ``with`` block of its callback, when nobody has the callback any more (as after
``train(…, callbacks=[AgnezCallback()])``), or with the process.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Lifespan:
    """A callback that is done when its block ends, or when it is let go of."""

    def ends_by(self, end: Callable[[BaseException | None], None]) -> None:
        """Let *end*, which must not know this callback, be called once; see the module."""
        self._end = end
        self._finalizer = weakref.finalize(self, end, None)

    def close(self, error: BaseException | None = None) -> None:
        """End the run, if it is the callback's own: as failed, if *error* is what ended it."""
        if self._finalizer.detach() is not None:
            self._end(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(error)
