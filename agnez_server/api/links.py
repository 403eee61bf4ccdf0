"""Which answers hold what other endpoints ask for: the links of the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from agnez_server.api.endpoint import Endpoint

_OF_RUN: Final = (
    "get_run", "patch_run", "delete_run", "restore_run", "list_channels", "list_charts",
    "create_chart", "list_artefacts", "list_markers", "get_console",
)  # fmt: skip
_OF_CHANNEL: Final = ("get_channel", "get_points", "get_band", "get_raw")
_OF_VALUE: Final = ("get_value", "head_value", "patch_value", "update_value", "remove_value")
_OF_BLOB: Final = ("get_blob", "head_blob")

_LINKS: Final[dict[tuple[str, int], tuple[str, str, tuple[str, ...]]]] = {
    ("create_run", 201): ("run", "$response.body#/id", _OF_RUN),
    ("post_points", 200): ("channel", "$response.body#/channels/0", _OF_CHANNEL),
    ("post_lines", 200): ("channel", "$response.body#/channels/0", _OF_CHANNEL),
    ("create_value", 201): ("id", "$response.body#/_id", _OF_VALUE),
    ("post_upload", 201): ("sha256", "$response.body#/sha256", _OF_BLOB),
    ("put_blob", 201): ("sha256", "$response.body#/sha256", _OF_BLOB),
}
"""Operation and status: a path parameter, where in the answer it is, operations that take it."""


def links(endpoint: Endpoint, status: int) -> dict[str, Any]:
    """The links of the answer *status* of *endpoint*, by name; none for most."""
    found = _LINKS.get((endpoint.handler.__name__, status))
    if found is None:
        return {}
    parameter, place, operations = found
    return {
        operation: {"operationId": operation, "parameters": {parameter: place}}
        for operation in operations
    }
