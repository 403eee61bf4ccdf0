"""
scikit-learn: a callback for estimators that take some, and a way to fit those that take none.

    callback = AgnezCallback(validation=(x_val, y_val))
    callback.fit(GradientBoostingClassifier(), x, y)              # any estimator, pipeline, search
    LogisticRegression().set_callbacks(callback).fit(x, y)        # scikit-learn 1.9 and later
    for x_batch, y_batch in batches:
        callback.partial_fit(SGDClassifier(), x_batch, y_batch)   # step by step

Parameters, scores while it learns (x is the iteration) where the estimator tells them, its curves
after the fit, the importance of features, and of classifiers the confusion matrix, PR and ROC
curves on the validation data. A search is a point a candidate, and a table.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring

from agnez_client.callbacks.fitted import (
    MAX_CLASSES,
    candidates_of,
    curves_of,
    feature_names_of,
    importance_of,
    last_step,
    scores_of,
    settings_of,
)
from agnez_client.callbacks.importance import show_importance
from agnez_client.callbacks.lifespan import Lifespan
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job
from agnez_client.kinds.curve import MAX_CURVES
from agnez_client.shown import shown


class AgnezCallback(Lifespan):
    """
    See the module. A run that it makes ends with the fit; after `partial_fit` and `report` when
    nobody has the callback any more, or with its ``with`` block.
    """

    max_propagation_depth = None
    """It is handed down to the estimators within pipelines and searches."""

    def __init__(
        self,
        job: Job | Context | None = None,
        *,
        validation: tuple[Any, Any] | None = None,
        scoring: Any = None,
        **about: Any,
    ) -> None:
        """
        Args:
            job: The run to write to; without it one is made, with *about* for `Context`.
            validation: X ``(N, features)`` and y ``(N,)`` that the estimator does not learn from.
            scoring: As in scikit-learn, one or several ("accuracy", ["r2", "max_error"] …); the
                estimator's own score if not given.

        Raises:
            TypeError: If *job* is none, or *validation* is no pair.
            ValueError: If there is a *job*, and *about* too.
        """
        if validation is not None and (not isinstance(validation, tuple) or len(validation) != 2):
            raise TypeError(f"validation is {shown(validation)}, expected a tuple (X, y)")
        self._run = CallbackRun("sklearn", job, axis="iteration", **about)
        self._validation, self._scoring = validation, scoring
        self._is_live, self._is_copy, self._step = False, False, 0
        self._handled: BaseException | None = None
        self.ends_by(_nothing, self._run.end)

    # -- fitting ---------------------------------------------------------------------------------

    def fit(self, estimator: Any, x: Any, y: Any = None, **params: Any) -> Any:
        """
        Fit *estimator* as its `fit(x, y, **params)` does, and send what is to be seen of it.

        Returns:
            The estimator.
        """
        if "monitor" in inspect.signature(estimator.fit).parameters:
            params.setdefault("monitor", self.monitor)
        self._begin(estimator)
        with self._set_for(estimator) as is_set:
            try:
                estimator.fit(x, y, **params)
            except BaseException as error:
                self._run.end(error)
                raise
        if not is_set:
            self.report(estimator, x, y)
            self._run.end()
        return estimator

    @contextlib.contextmanager
    def _set_for(self, estimator: Any) -> Iterator[bool]:
        """
        Whether *estimator* itself tells of its iterations, and us meanwhile. One that is made of
        others does not count: scikit-learn warns of each among them that can't tell.
        """
        params = estimator.get_params()
        is_simple = not any(name in params for name in ("steps", "estimator"))
        can_tell = params.get("solver", "lbfgs") == "lbfgs"  # of logistic regression's this alone
        if not (is_simple and can_tell and hasattr(estimator, "set_callbacks")):
            yield False
            return
        known = list(getattr(estimator, "_skl_callbacks", []))
        estimator.set_callbacks(*known, self)
        try:
            yield True
        finally:
            estimator.set_callbacks(*known)

    def partial_fit(self, estimator: Any, x: Any, y: Any = None, **params: Any) -> Any:
        """
        One step of *estimator*, as its `partial_fit` does; its scores on these samples and on the
        validation data are sent, x is the number of the step.

        Returns:
            The estimator.
        """
        if self._step == 0:
            self._begin(estimator)
        estimator.partial_fit(x, y, **params)
        with self._run.quietly():
            self._send_scores(self._step, estimator, x, y)
            loss = getattr(estimator, "loss_", None)
            if isinstance(loss, float):
                self._run.send("loss", self._step, loss)
        self._step += 1
        return estimator

    def monitor(self, i: int, model: Any, local: Mapping[str, Any]) -> bool:
        """The `monitor` of gradient boosting's `fit`; never asks to stop."""
        self._is_live = True
        self._run.send("train_score", i, model.train_score_[i])
        improvement = getattr(model, "oob_improvement_", None)
        if improvement is not None:
            self._run.send("oob_improvement", i, improvement[i])
        return False

    def _begin(self, estimator: Any) -> None:
        self._is_live = False
        with self._run.quietly():
            self._run.set_params(settings_of(estimator))

    # -- scikit-learn's own protocol -------------------------------------------------------------

    def setup(self, estimator: Any, context: Any) -> None:
        """See scikit-learn: a fit begins."""
        if not self._is_copy:
            self._handled = sys.exc_info()[1]  # whoever fits may be handling an error of before
            self._begin(estimator)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """See scikit-learn."""

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any = None,  # noqa: N803
        y: Any = None,
        fitted_estimator: Any = None,
    ) -> None:
        """See scikit-learn: an iteration is done. Those of a search's many fits are not sent."""
        is_iteration = X is not None and context.parent is not None
        if self._is_copy or not is_iteration or not hasattr(fitted_estimator, "predict"):
            return
        names, above = set(), context
        while above is not None:
            names |= {above.task_name, above.source_task_name}
            above = above.parent
        if "candidate-split-evaluation" in names:
            return
        self._is_live = True
        with self._run.quietly():
            is_alone = context.parent.parent is None  # else X has gone through other steps
            self._send_scores(context.task_id, fitted_estimator, X, y, held=is_alone)

    def teardown(self, estimator: Any, context: Any) -> None:
        """See scikit-learn: the fit is over, well or not."""
        if self._is_copy:
            return
        error = sys.exc_info()[1]
        error = None if error is self._handled else error
        if error is None:
            self.report(estimator)
        self._run.end(error)

    # -- what a fitted estimator shows -----------------------------------------------------------

    def report(self, estimator: Any, x: Any = None, y: Any = None) -> None:
        """
        Send what a fitted *estimator* shows; in parts, so that one that fails takes none with it.

        Args:
            x, y: What it has learned from, for its score there.
        """
        model = last_step(estimator)
        with self._run.quietly():
            if hasattr(estimator, "cv_results_"):
                self._show_search(estimator)
        with self._run.quietly():
            for channel, chart, values in curves_of(model):
                if not (self._is_live and channel == "train_score"):
                    for i, value in enumerate(values):
                        self._run.send(channel, i, value, chart=chart)
        last = int(np.max(getattr(model, "n_iter_", 0)))
        with self._run.quietly():
            if hasattr(estimator, "predict") and not self._is_live:
                self._send_scores(last, estimator, x, y)
        with self._run.quietly():
            kind, values = importance_of(model)
            names = feature_names_of(estimator, model, len(values))
            show_importance(self._run, last, names, {kind: values})
        with self._run.quietly():
            self._judge(last, estimator)

    def _send_scores(self, step: int, estimator: Any, x: Any, y: Any, *, held: bool = True) -> None:
        given = [("", x, y)] if x is not None and y is not None else []
        if held and self._validation is not None:
            given.append(("val_", *self._validation))
        if not given:
            return
        several = [self._scoring] if isinstance(self._scoring, str) else self._scoring
        scorer = check_scoring(estimator, several)
        for part, samples, truth in given:
            found = scorer(estimator, samples, truth)
            scores = found if isinstance(found, Mapping) else {"score": found}
            for name, score in scores.items():
                self._run.send(f"{part}{name}", step, score, chart=name)

    def _show_search(self, search: Any) -> None:
        rows = candidates_of(search.cv_results_)
        job = self._run.job
        self._run.channel("candidates", "TABLE").send(len(rows), rows)
        for name in rows[0]:
            if not name.startswith("mean_"):
                continue
            channel = job.create_channel(f"candidates/{name}")
            chart = name.replace("_train_", "_test_")
            job.create_chart([channel], chart, "candidate", chart, key=f"candidates {chart}")
            for row in rows:
                channel.send(x=row["candidate"], y=row[name])
        best = getattr(search, "best_params_", None)
        if best is not None:
            score = getattr(search, "best_score_", None)
            self._run.set_params({"best_params": best, "best_score": score})

    def _judge(self, step: int, estimator: Any) -> None:
        """Confusion and curves of a classifier on the validation data."""
        if self._validation is None or not is_classifier(estimator):
            return
        x, truth = self._validation
        labels = np.asarray(estimator.classes_).tolist()
        if not 2 <= len(labels) <= MAX_CLASSES:
            return
        pair = (truth, estimator.predict(x))
        self._run.channel("val confusion", "CONFUSION_MATRIX", labels=labels).send(step, pair)
        scores = scores_of(estimator, x)
        if scores is None or len(labels) > MAX_CURVES:
            return
        more = {"positive": labels[1]} if len(labels) == 2 else {"labels": labels}
        for name, kind in (("val PR", "PR_CURVE"), ("val ROC", "ROC_CURVE")):
            channel: Any = self._run.channel(name, kind)
            channel.send(step, (truth, scores), **more)

    # -- copies ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """In another process, where a search fits its candidates, a copy keeps still."""
        return {"_is_copy": True, "_run": None, "_scoring": None, "_validation": None}

    def __deepcopy__(self, memo: object) -> AgnezCallback:
        """Copies of an estimator have the same callback."""
        return self


def _nothing() -> None:
    """All that is to be said was said at once."""
