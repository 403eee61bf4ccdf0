"""The context: what training code makes first; a run with its parameters and its job."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from agnez_client.errors import SettingsError
from agnez_client.job import Job
from agnez_client.launchers import is_first_of_host, shared_run, spans_hosts
from agnez_client.lifecycle import PROCESS, ending_of
from agnez_client.naming import as_name
from agnez_client.notice import show_notices
from agnez_client.params import Params, Source, read_params
from agnez_client.settings import load_settings

logger = logging.getLogger(__name__)


class Context:
    """
    One run. Use it in a ``with`` block, or call `finish`, or let the process end.

    >>> ctx = Context(project="digits", params={"lr": 0.1})  # doctest: +SKIP
    >>> loss = ctx.job.create_channel("loss", "NUMERIC")     # doctest: +SKIP
    >>> loss.send(x=0, y=0.5)                                # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        experiment: str | None = None,
        name: str | None = None,
        params: Source = None,
        tags: Iterable[str] = (),
        run: str | None = None,
        url: str | None = None,
        token: str | None = None,
        strict: bool | None = None,
        spool: str | Path | None = None,
    ) -> None:
        """
        Begin a run, or join one.

        Args:
            project: AGNEZ_PROJECT, else "default".
            experiment: The named line of work; AGNEZ_EXPERIMENT, else "default".
            name: For people; made from the experiment if not given.
            params: A mapping, or the path of a YAML file.
            tags: Any texts, or one.
            run: Id of a run of another process to join; AGNEZ_RUN, else that of all processes
                which one torchrun started on this host.
            url: Address of the server; AGNEZ_URL, else the server of this user.
            token: AGNEZ_TOKEN.
            strict: Raise errors for bad points; AGNEZ_STRICT.
            spool: Directory of the spools; AGNEZ_SPOOL.

        Raises:
            SettingsError: If an argument or an environment variable is wrong.
            ParamsError: If *params* can't be read.
        """
        found = read_params(params)
        settings = load_settings(
            project=project,
            experiment=experiment,
            run=run,
            url=url,
            token=token,
            strict=strict,
            spool=None if spool is None else Path(spool),
        )
        is_alone = settings.run is None and spans_hosts()
        if settings.run is None:
            settings = replace(settings, run=shared_run())
        about = {"project": settings.project, "experiment": settings.experiment}
        if name is not None:
            about["name"] = _checked(name)
        self._params = Params(lambda found: self.job.set_params(found))
        self.job = Job(settings, about)
        PROCESS.watch(self.job)
        show_notices()
        if is_alone and is_first_of_host():
            logger.warning(
                "torchrun runs on several hosts and AGNEZ_RUN is not set: each process begins a "
                "run of its own. For one run of all set AGNEZ_RUN on every host to what one call "
                "of `agnez new-run` prints"
            )
        if tags:
            self.job.add_tags(*([tags] if isinstance(tags, str) else tags))
        self._params.load(found)
        self._say_where()

    def _say_where(self) -> None:
        if self.job.url is not None:
            logger.info("run %s: %s", self.job.run, self.job.url)
        else:
            logger.info(
                "run %s has no server: its points wait in %s; start one with `agnez up`, then "
                "`agnez sync`",
                self.job.run,
                self.job.spool_folder or "memory",
            )

    @property
    def params(self) -> Params:
        """The run's parameters; assign a mapping or the path of a YAML file to add to them."""
        return self._params

    @params.setter
    def params(self, source: Source) -> None:
        self._params.load(source)

    @property
    def stage(self) -> str | None:
        """What the run is doing, see `Job.set_stage`; assign to it to say so."""
        return self.job.stage

    @stage.setter
    def stage(self, stage: str) -> None:
        self.job.set_stage(stage)

    def finish(self, state: str = "finished", *, reason: str | None = None) -> None:
        """End the run, see `Job.finish`."""
        self.job.finish(state, reason=reason)

    def __enter__(self) -> Context:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        state, reason = ending_of(error)
        told = "".join(traceback.format_exception(error)) if state == "failed" else ""
        self.job.finish(state, reason=reason, last_words=told)


def _checked(name: object) -> str:
    try:
        return as_name(name)
    except ValueError as wrong:
        raise SettingsError("name", name, str(wrong)) from None
