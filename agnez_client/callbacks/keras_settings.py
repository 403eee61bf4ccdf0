"""What a compiled model of Keras was set to: optimizer, loss, metrics, and its rate of learning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np


def model_params(model: Any) -> dict[str, Any]:
    """
    What is worth comparing between runs: model, optimizer, loss, metrics, backend, precision.

    What is missing (a model that is not compiled) is left out.
    """
    found: dict[str, Any] = {
        "keras": keras.__version__,
        "backend": keras.config.backend(),
        "model": {"class": type(model).__name__, "name": model.name, "layers": len(model.layers)},
    }
    if model.built:
        found["model"]["parameters"] = model.count_params()
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        config = plain(optimizer.get_config())
        kind = type(optimizer).__name__
        found["optimizer"] = {"class": kind, **_without_name(config, kind)}
    compiled = _compiled(model)
    if compiled.get("loss") is not None:
        found["loss"] = plain(compiled["loss"])
    named = [m for m in compiled.get("metrics") or [] if m is not None]
    if named:
        found["metrics"] = plain(named)
    return found


def _compiled(model: Any) -> Mapping[str, Any]:
    """What `compile` was called with; nothing where it can't be written down."""
    try:
        return model.get_compile_config() or {}
    except Exception:  # noqa: BLE001 (whatever a loss of somebody else says about itself)
        return {}


def mean_measures(metrics: Iterable[Any], names: Iterable[str]) -> frozenset[str]:
    """Those of the *names* in logs which *metrics* of a model make as means over what was seen."""
    found = list(metrics)
    for metric in list(found):
        found += getattr(metric, "metrics", [])  # those that `compile` was told of
    means = {m.name for m in found if isinstance(m, keras.metrics.Mean)} | {"loss"}
    return frozenset(n for n in names if any(n == m or n.endswith(f"_{m}") for m in means))


def plain(config: Any) -> Any:
    """
    A configuration of Keras without what only serves to load it.

    >>> plain({"module": "keras.losses", "class_name": "Huber", "config": {"delta": 1.0},
    ...        "registered_name": None})
    {'class': 'Huber', 'delta': 1.0}
    """
    if isinstance(config, list | tuple):
        return [plain(item) for item in config]
    if not isinstance(config, Mapping):
        return short(config) if isinstance(config, float) else config
    if "class_name" in config:
        inner = plain(config.get("config") or {})
        if config["class_name"] == "function" or not isinstance(inner, Mapping):
            return inner
        return {"class": config["class_name"], **_without_name(inner, config["class_name"])}
    return {str(key): plain(value) for key, value in config.items() if value is not None}


def _without_name(config: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """*config* without the name that Keras has made of the class."""
    said = str(config.get("name", "")).replace("_", "").lower()
    return {k: v for k, v in config.items() if k != "name" or said != kind.lower()}


def short(number: float) -> float:
    """
    *number* as it was written down, where it has been through float32 since.

    >>> short(0.10000000149011612), short(0.1)
    (0.1, 0.1)
    """
    single = np.float32(number)
    return float(str(single)) if float(single) == number else number


class LearningRate:
    """
    The rate of learning of *model* while it is trained.

    Attributes:
        is_schedule: Whether it is a function of the step; else it stands for an epoch at least.
        is_readable: Whether it can be read while an epoch goes on; JAX gives its memory away.
    """

    def __init__(self, model: Any) -> None:
        self._optimizer: Any = getattr(model, "optimizer", None)
        self._schedule: Any = getattr(self._optimizer, "_learning_rate", None)
        schedule = keras.optimizers.schedules.LearningRateSchedule
        self.is_schedule = isinstance(self._schedule, schedule)
        self.is_readable = keras.config.backend() != "jax"
        self._first = int(getattr(self._optimizer, "iterations", 0)) if self.is_schedule else 0
        self._share = getattr(self._optimizer, "gradient_accumulation_steps", None) or 1

    def at(self, batches: int) -> float | None:
        """The rate of the batch after so many *batches* of this fit; None without an optimizer."""
        if self._optimizer is None:
            return None
        if self.is_schedule:  # as a function of the number: the optimizer's own may be ahead
            with keras.device("cpu"):
                return short(float(self._schedule(self._first + batches // self._share)))
        rate = getattr(self._optimizer, "learning_rate", None)
        return None if rate is None else short(float(keras.ops.convert_to_numpy(rate)))
