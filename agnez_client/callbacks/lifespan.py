"""
The end of a run that a callback makes, where the framework tells no callback that it is done.

LightGBM says nothing after an early stop, and a study of Optuna may always go on. So the run ends
with the ``with`` block of its callback, when nobody has the callback any more (as after
``train(…, callbacks=[AgnezCallback()])``), or with the process.
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Self

Conclude = Callable[[], None]
End = Callable[[BaseException | None], None]


class Lifespan:
    """A callback that is done when its block ends, or when it is let go of."""

    def ends_by(self, conclude: Conclude, end: End) -> None:
        """
        Say what ends the run; neither may know this callback.

        Args:
            conclude: Sends what is left to be sent; may be called again.
            end: Ends the run, as failed where it is given an error.
        """
        self._conclude, self._end, self._is_begun = conclude, end, False
        self._finalizer = weakref.finalize(self, _finish, conclude, end, None)
        self._finalizer.atexit = False  # the process itself knows how it ends

    def begun(self) -> None:
        """The run is there: what is left is sent before the process ends it."""
        if not self._is_begun and self._finalizer.alive:
            self._is_begun = True
            atexit.register(self._conclude)

    def close(self, error: BaseException | None = None) -> None:
        """End the run, if it is the callback's own: as failed, if *error* is what ended it."""
        if self._finalizer.detach() is not None:
            _finish(self._conclude, self._end, error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(error)


def _finish(conclude: Conclude, end: End, error: BaseException | None) -> None:
    atexit.unregister(conclude)
    conclude()
    end(error)
