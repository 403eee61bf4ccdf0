"""
What can go wrong in the process that trains, each error with what was wrong and what to do.

AgnezError
├── SettingsError (ValueError)       an environment variable or an argument is wrong
├── ParamsError (ValueError)         parameters that can't be read or can't be sent
├── ChannelError (ValueError)        a name or a type of a channel is wrong
│   ├── UnknownChannelType           no channel type has this name
│   └── ChannelConflict              the name is taken by a channel of another type
├── ChartError (ValueError)          channels that can't be drawn in one chart
├── BadPoint (ValueError)            x or y is not a number (raised in strict mode only)
├── RunClosed (RuntimeError)         the run has ended in this process
├── SpoolError (OSError)             a spool that can't be made, read or taken over
└── TransportError (ConnectionError) the server could not be asked, or did not answer as one
"""

from __future__ import annotations

from collections.abc import Iterable


class AgnezError(Exception):
    """Base of all errors of `agnez_client`."""


class SettingsError(AgnezError, ValueError):
    """An environment variable (in capitals) or an argument is wrong; ``name`` says which."""

    def __init__(self, name: str, found: object, expected: str) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(f"{name} is {found!r}, expected {expected}")


class ParamsError(AgnezError, ValueError):
    """Parameters that can't be read or can't be sent."""


class ChannelError(AgnezError, ValueError):
    """A name or a type of a channel is wrong."""


class UnknownChannelType(ChannelError):
    """No channel type is called ``type``."""

    def __init__(self, type: object, known: Iterable[str]) -> None:
        self.type = type
        super().__init__(
            f"there is no channel type {type!r}; the types are {', '.join(sorted(known))}"
        )


class ChannelConflict(ChannelError):
    """The run has a channel with this name already, of another type."""

    def __init__(self, name: str, type: str, existing: str) -> None:
        self.name = name
        super().__init__(
            f"the channel {name!r} has the type {existing} in this run and can't also be {type}: "
            "choose another name"
        )


class ChartError(AgnezError, ValueError):
    """Channels that can't be drawn in one chart."""


class BadPoint(AgnezError, ValueError):
    """x or y is not a number; raised in strict mode, otherwise counted."""

    def __init__(self, channel: str, reason: str) -> None:
        self.channel, self.reason = channel, reason
        super().__init__(f"a point of the channel {channel!r} was refused: {reason}")


class RecordError(AgnezError, ValueError):
    """What was said about a run (its stage, a dataset, a model) is not what was expected."""


class RunClosed(AgnezError, RuntimeError):
    """The run has ended in this process."""

    def __init__(self, run: str) -> None:
        super().__init__(f"the run {run} has ended in this process: make a new Context")


class SpoolError(AgnezError, OSError):
    """A spool that can't be made, read or taken over."""


class TransportError(AgnezError, ConnectionError):
    """
    The server could not be asked, or what answered is not one.

    ``refused`` tells that nobody listens at the address: waiting for an answer is useless.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(message)
