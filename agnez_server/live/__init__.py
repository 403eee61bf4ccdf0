"""Pushing what was committed to those who look."""
