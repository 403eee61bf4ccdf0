"""A run on its way between a server and files: whole, and the same when it is read back."""
