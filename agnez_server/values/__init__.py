"""The service `/values`: JSON objects that programs share, each change of which is told to all."""
