"""The record of a run: what is known about it beside the points that training code sends."""
