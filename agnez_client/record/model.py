"""The summary of a model as text, made from what it tells of itself; no framework is imported."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from agnez_client.errors import RecordError

MAX_ROWS: Final = 2000
MAX_TEXT: Final = 8 << 20


class Summary(NamedTuple):
    """``parameters`` and ``trainable`` count numbers; None where the model does not tell."""

    name: str
    text: str
    parameters: int | None = None
    trainable: int | None = None


def summarise(model: Any) -> Summary:
    """
    The summary of *model*: a text, a module of torch, a model of Keras, or anything with a `repr`.

    Raises:
        RecordError: If it has no summary, for instance because its `repr` fails.
    """
    try:
        found = _summary(model)
    except Exception as error:
        raise RecordError(f"the model tells nothing of itself: {error}") from error
    return found._replace(text=found.text[:MAX_TEXT])


def _summary(model: Any) -> Summary:
    if isinstance(model, str):
        return Summary(model.strip().partition("\n")[0][:100] or "model", model)
    name = type(model).__name__
    if hasattr(model, "count_params") and hasattr(model, "summary"):
        return _of_keras(name, model)  # over torch it is a module as well
    if hasattr(model, "named_modules") and hasattr(model, "parameters"):
        return _of_modules(name, model)
    return Summary(name, repr(model))


def _of_keras(name: str, model: Any) -> Summary:
    lines: list[str] = []
    model.summary(print_fn=lambda line, *rest, **more: lines.append(str(line)))
    weights = getattr(model, "trainable_weights", None)
    trainable = None if weights is None else sum(math.prod(w.shape) for w in weights)
    return Summary(name, "\n".join(lines), int(model.count_params()), trainable)


def _of_modules(name: str, model: Any) -> Summary:
    sizes = [(_size(p), p.requires_grad) for p in model.parameters()]
    total, trainable = sum(n for n, _ in sizes), sum(n for n, grad in sizes if grad)
    rows = [("module", "type", "parameters")]
    for row in _rows(model):
        if len(rows) > MAX_ROWS:
            rows.append(("…", "", ""))
            break
        rows.append(row)
    first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
    lines = [f"{a:<{first}}  {b:<{second}}  {c:>14}".rstrip() for a, b, c in rows]
    lines += ["", f"{total:,} parameters, {trainable:,} of them trainable"]
    return Summary(name, "\n".join(lines) + "\n", total, trainable)


def _rows(model: Any) -> Iterator[tuple[str, str, str]]:
    for path, module in model.named_modules():
        depth = path.count(".") + 1 if path else 0
        count = sum(_size(p) for p in module.parameters())
        shown = "  " * depth + (path.rpartition(".")[2] or type(module).__name__)
        more = ""
        with contextlib.suppress(Exception):
            more = module.extra_repr()
        kind = f"{type(module).__name__}({more})" if more else type(module).__name__
        yield shown, kind[:100], f"{count:,}"


def _size(parameter: Any) -> int:
    """How many numbers *parameter* has; 0 as long as its shape is not known."""
    try:
        return int(parameter.numel())
    except (ValueError, RuntimeError):
        return 0
