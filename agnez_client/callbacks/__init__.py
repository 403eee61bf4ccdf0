"""
Callbacks: what feeds a run from a training loop that somebody else has written.

One file a framework, loaded by who uses that framework: `from agnez_client.callbacks.keras import
AgnezCallback`. Nothing is loaded here.
"""
