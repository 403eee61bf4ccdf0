"""Where the built pages and Bokeh's own script lie, and a page made ready for its depth."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_STATIC = Path(__file__).resolve().parent / "static"
_PAGES = {name: f"{name}.html" for name in ("index", "run", "login", "frame", "pictureframe")}
_INNER = {"frame", "pictureframe"}
_ROOTS = {"run": ".."}
"""How a page that does not lie at the top names the top."""


class PagesNotBuiltError(RuntimeError):
    """The front end is not there: this is a checkout whose pages were not built yet."""

    def __init__(self, missing: Path) -> None:
        super().__init__(
            f"{missing} is not there: the pages were not built. "
            "Run `python scripts/build_web.py` (it needs Node 20 or newer with npm)"
        )


def static_dir() -> Path:
    """The folder to serve below ``/static/``. Names with a hash in them never change content."""
    return _STATIC


BOKEH_SCRIPTS = (
    "bokeh", "bokeh-widgets", "bokeh-tables", "bokeh-gl", "bokeh-mathjax", "bokeh-api"
)  # fmt: skip
"""Names of the installed Bokeh's own scripts."""


def bokeh_js(name: str = "bokeh") -> Path:
    """One of `BOKEH_SCRIPTS`, to serve as ``/static/<name>.min.js``."""
    return _bokeh() / "server" / "static" / "js" / f"{name}.min.js"


@lru_cache(maxsize=1)
def _bokeh() -> Path:
    """The folder of the installed Bokeh, which is found without being loaded."""
    found = find_spec("bokeh")
    assert found is not None and found.origin is not None
    return Path(found.origin).resolve().parent


@lru_cache(maxsize=len(BOKEH_SCRIPTS))
def bokeh_js_gzip(name: str = "bokeh") -> bytes:
    """`bokeh_js` for clients that accept gzip; made once, in well under a second."""
    return gzip.compress(bokeh_js(name).read_bytes(), compresslevel=6, mtime=0)


def pages() -> tuple[str, ...]:
    """Names of the pages that a reader opens; ``frame`` and ``pictureframe`` lie inside of them."""
    return tuple(name for name in _PAGES if name not in _INNER)


def page_html(name: str) -> str:
    """
    The page *name*. Its addresses are relative: it works below any path, also one that a proxy
    took away and that the server never hears of.

    Raises:
        KeyError: If there is no such page.
        PagesNotBuiltError: If the front end was not built.
    """
    from importlib.metadata import version

    path = _STATIC / _PAGES[name]
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise PagesNotBuiltError(path) from error
    return text.replace("__BASE__", _ROOTS.get(name, ".")).replace("__BOKEH__", version("bokeh"))
