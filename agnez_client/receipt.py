"""What a server answers to a batch, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agnez_client.errors import TransportError
from agnez_client.protocol import UNKNOWN_STORE
from agnez_client.spool.cursor import Marks

if TYPE_CHECKING:
    from agnez_client.transport import Response


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server's answer to a batch that it took."""

    store: str
    marks: Marks
    refused: tuple[tuple[str, int, str], ...] = ()
    next_in_s: float = 0.0


def mapping_of(response: Response) -> Mapping[str, Any]:
    """The object in *response*; TransportError if it holds none."""
    try:
        found = response.json()
    except (ValueError, RecursionError) as error:
        raise TransportError(f"the answer {response.status} is not JSON") from error
    if not isinstance(found, Mapping):
        raise TransportError(f"the answer {response.status} is not a JSON object")
    return found


def receipt_of(found: Mapping[str, Any]) -> Receipt:
    """The receipt in the answer *found*; TransportError if it is none."""
    try:
        store = bytes.fromhex(found["store"])
        if len(store) != len(UNKNOWN_STORE) or store == UNKNOWN_STORE:
            raise ValueError("store")
        marks = Marks(_ordinal(found["events"]), _ordinal(found["points"]))
        refused = tuple(_refusal(entry) for entry in found.get("refused") or ())
        next_in_s = min(max(0.0, float(found.get("next_in_ms") or 0) / 1000), 60.0)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise TransportError(f"the answer is not a receipt: {str(found)[:200]}") from error
    return Receipt(store.hex(), marks, refused, next_in_s)


def _refusal(entry: Mapping[str, Any]) -> tuple[str, int, str]:
    kind = "event" if "event" in entry else "point"
    return kind, _ordinal(entry[kind]), str(entry.get("reason"))[:500]


def _ordinal(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not an ordinal")
    return value


def reason_of(response: Response, *, hints: bool = True) -> str:
    """What an error says about itself, for people."""
    try:
        error = response.json()["error"]
        hint = f" ({error['hint']})" if hints and error.get("hint") else ""
        return f"{response.status}: {error['message']}{hint}"[:500]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{response.status}"
