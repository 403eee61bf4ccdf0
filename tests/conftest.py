"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is not a bug: how long an example takes is no property of it.
settings.register_profile("agnez", deadline=None)
settings.load_profile("agnez")
