"""The graphics cards of this host, as NVIDIA's library tells of them where it is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


def load_nvml() -> Any | None:
    """The module `pynvml`, ready to be asked; None without it, a driver or a card."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 (its errors are its own; any means that there is nothing to ask)
        return None
    return pynvml


def gpu_facts(nvml: Any | None = None) -> list[dict[str, Any]]:
    """Name and memory (bytes) of each card; empty without NVML."""
    nvml = nvml or load_nvml()
    found: list[dict[str, Any]] = []
    if nvml is None:
        return found
    for handle in _handles(nvml):
        name = nvml.nvmlDeviceGetName(handle)
        text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        found.append(
            {"name": text, "memory_bytes": int(nvml.nvmlDeviceGetMemoryInfo(handle).total)}
        )
    return found


def gpu_figures(nvml: Any) -> dict[str, float]:
    """
    Figures of each card by name, ``gpu0/percent``: busy in %, memory in bytes, temperature in °C,
    power in W. What a card does not tell is left out.
    """
    figures: dict[str, float] = {}
    for number, handle in enumerate(_handles(nvml)):
        asked: dict[str, Callable[[], float]] = {
            "percent": lambda h=handle: nvml.nvmlDeviceGetUtilizationRates(h).gpu,  # type: ignore[misc]
            "memory_bytes": lambda h=handle: nvml.nvmlDeviceGetMemoryInfo(h).used,  # type: ignore[misc]
            "celsius": lambda h=handle: nvml.nvmlDeviceGetTemperature(h, 0),  # type: ignore[misc]
            "watts": lambda h=handle: nvml.nvmlDeviceGetPowerUsage(h) / 1000,  # type: ignore[misc]
        }
        for name, ask in asked.items():
            with contextlib.suppress(Exception):
                figures[f"gpu{number}/{name}"] = float(ask())
    return figures


def _handles(nvml: Any) -> Iterator[Any]:
    for number in range(nvml.nvmlDeviceGetCount()):
        yield nvml.nvmlDeviceGetHandleByIndex(number)
