"""The REST interface: one file a noun, each a list of endpoints."""
