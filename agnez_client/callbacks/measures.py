"""Names of measures: what is the same one, seen on training and on validation data."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = r"train|training|val|valid|validation|dev|test|eval|evaluation"
_BEFORE: Final = re.compile(rf"(?:{_PART})[_/\-. ](?=\w)", re.IGNORECASE)
_AFTER: Final = re.compile(rf"(?<=\w)[_/\-. ](?:{_PART})$", re.IGNORECASE)
_HOW: Final = re.compile(r"(?<=\w)(?:_step|_epoch|/dataloader_idx_\d+)+$")


def measure_of(name: str) -> str:
    """
    The measure that the channel *name* shows; channels of one measure share a chart.

    A word for a part of the data is left out at either end, and what Lightning puts behind.

    >>> [measure_of(name) for name in ("loss", "val_loss", "eval/loss", "train_loss_epoch")]
    ['loss', 'loss', 'loss', 'loss']
    >>> measure_of("test"), measure_of("trainable")
    ('test', 'trainable')
    """
    bare = _HOW.sub("", name)
    found = _BEFORE.match(bare)
    return bare[found.end() :] if found else _AFTER.sub("", bare)
