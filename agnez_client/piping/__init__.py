"""The output of other programs, passed on and read: what `agnez pipe` does."""
