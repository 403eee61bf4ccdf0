"""What holds for every test."""

from __future__ import annotations

import os

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
