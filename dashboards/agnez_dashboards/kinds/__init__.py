"""One module per type of channel, named like the type, with ``build(spec) -> figure``."""
