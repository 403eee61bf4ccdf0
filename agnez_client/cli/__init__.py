"""The command `agnez`: one module a verb, loaded when its verb is called."""

from __future__ import annotations

from agnez_client.cli.verbs import main

__all__ = ["main"]
