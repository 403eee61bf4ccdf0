"""
Live charts of a training of Keras, one thing each: the loss, the weights, what units prefer.

The callbacks of the first Agnez that drew by a server of Bokeh. What they draw is a channel of the
run now: nothing is lost, every step can be looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from agnez_client.callbacks.keras_batches import BatchOrder
from agnez_client.callbacks.keras_weights import Array, as_rows, enlarged, is_there
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job
from agnez_client.plots.grids import grid2d

Logs = Mapping[str, Any] | None


class LiveCallback(keras.callbacks.Callback):
    """
    What `Plot`, `Grid2D` and `PreferedInput` have in common: the run that they write to.

    Without *job* each makes a run of its own, called *name*, that ends with `fit`; to have several
    of them in one run, give them the `job` of one `Context`. x counts the batches that the model
    was trained with.
    """

    def __init__(
        self, name: str, fig_title: str, url: str | None = None, *, job: Job | Context | None = None
    ) -> None:
        """
        Args:
            name: Of the run that is made here.
            fig_title: What stands above the chart.
            url: Address of the server; AGNEZ_URL, else the server of this user.
            job: The run to write to; it stays yours to end.

        Raises:
            SettingsError: If one of them is wrong.
        """
        super().__init__()
        about = {} if job is not None else {"name": name, "url": url}
        self.fig_title = fig_title
        self._run = CallbackRun("keras", job, axis="step", **about)

    def on_train_end(self, logs: Logs = None) -> None:
        """The end of a run of our own."""
        self._run.end()

    def _show(self, picture: Array) -> None:
        x = int(self.model.optimizer.iterations)
        self._run.channel(self.fig_title, "IMAGE").send(x, enlarged(picture))


class Plot(LiveCallback):
    """
    The loss of each batch, and at the end of each epoch that on validation data, in one chart.
    """

    async_safe = True

    def __init__(
        self,
        name: str = "experiment",
        fig_title: str = "loss",
        url: str | None = None,
        *,
        job: Job | Context | None = None,
    ) -> None:
        """See `LiveCallback`."""
        super().__init__(name, fig_title, url, job=job)
        self._batches = BatchOrder()
        self._start = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Batches are counted on."""
        self._start += self._batches.done
        self._batches.begin(getattr(self.model, "steps_per_execution", 1))

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """The loss, as Keras tells it: the mean since the epoch began."""
        self._batches.ended(batch, logs, self._send_loss)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """The loss on validation data, if there are any."""
        self._batches.end(self._send_loss)
        self._send("val_loss", self._batches.done, logs)

    def _send_loss(self, count: int, logs: Logs) -> None:
        self._send("loss", count, logs)

    def _send(self, key: str, count: int, logs: Logs) -> None:
        if key in (logs or {}):
            self._run.send(key, self._start + count, (logs or {})[key], chart=self.fig_title)


class Grid2D(LiveCallback):
    """The weights of units as images, after each epoch; see `agnez_client.plots.grid2d`."""

    def __init__(
        self,
        W: Any,  # noqa: N803 (as it was called)
        num_weights: int = 100,
        name: str = "experiment",
        fig_title: str = "grid",
        url: str | None = None,
        *,
        job: Job | Context | None = None,
        **how: Any,
    ) -> None:
        """
        Args:
            W: A dense layer or its kernel, or an array with a row for each unit, or a function that
                returns one of these.
            num_weights: Units that are shown.
            how: Arguments of `grid2d`, as ``example_width=28``.

        Raises:
            ValueError: If *W* can't be shown so.
        """
        if type(num_weights) is not int or num_weights < 1:
            raise ValueError(f"num_weights is {num_weights!r:.60}, expected a whole number, 1 up")
        self.W, self.num_weights, self._how = W, num_weights, how
        if is_there(W):
            self._drawn()
        super().__init__(name, fig_title, url, job=job)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw them as they are now."""
        with self._run.quietly():
            self._show(self._drawn())

    def _drawn(self) -> Array:
        return grid2d(as_rows(self.W, self.num_weights), **self._how)


class PreferedInput(LiveCallback):
    """
    Which filters of the first layer the units of another layer respond to most, after each epoch;
    see `agnez_client.plots.DeepPref`.
    """

    def __init__(
        self,
        model: Any,
        layer: int,
        num_preferred: int = 10,
        abs_value: bool = True,
        pad_row: int = 5,
        sum_preferences: bool = False,
        name: str = "experiment",
        fig_title: str = "preferred input",
        url: str | None = None,
        *,
        job: Job | Context | None = None,
        seed: int | None = None,
    ) -> None:
        """
        Args:
            model: A built model whose first layer is dense.
            layer: The number of the observed layer among the model's.
            num_preferred, abs_value, pad_row, sum_preferences, seed: See `DeepPref`.

        Raises:
            ValueError: If there is no such layer, or the model has no such weights.
        """
        from agnez_client.plots.preferences import DeepPref

        self._prefs = DeepPref(
            model, layer, num_preferred, abs_value, pad_row, sum_preferences, seed=seed
        )
        super().__init__(name, fig_title, url, job=job)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw them as they are now."""
        with self._run.quietly():
            self._show(self._prefs.get_pref())
