"""What holds for every test."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# A busy machine is not a bug: how long an example takes is no property of it. Where a failure would
# block others the examples are the same each time; at a desk they are new ones.
settings.register_profile(
    "agnez",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("agnez")

# A shell ignores SIGINT for what it starts in the background, and so does all that this starts in
# its turn: programs under test would not hear the signals that are sent to them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
