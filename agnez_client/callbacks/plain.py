"""Settings as plain dictionaries and lists, whatever a framework keeps them in."""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any


def plain(value: Any) -> Any:
    """
    *value* with dictionaries for mappings, namespaces and dataclasses, lists for sequences, and
    all else as it is. What a configuration can't give (a missing value of OmegaConf) is "???".
    """
    if isinstance(value, Namespace):
        value = vars(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(_found(value, name)) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(one) for one in value]
    return value


def _found(mapping: Mapping[Any, Any], name: Any) -> Any:
    try:
        return mapping[name]
    except Exception:  # noqa: BLE001 (whatever a configuration raises for what it does not have)
        return "???"
