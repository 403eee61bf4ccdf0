"""
A folder of pictures and films as it lies on the disk, below ``/images/``.

Whoever started the server chose the folder, but not what else lies in it: only pictures and films
are there for a caller, by their endings, and nothing whose name begins with a dot or which a link
leads to from outside.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web

from agnez_server.errors import NotAuthenticated, NotFound
from agnez_server.headers import SHOWN_POLICY
from agnez_server.middleware import SCOPE

TYPES: Final = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".avif": "image/avif", ".bmp": "image/bmp", ".svg": "image/svg+xml",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg",
}  # fmt: skip
_MOST_PATH: Final = 1000
_PACKED: Final = (".gz", ".br")
"""Endings of files that aiohttp sends in place of another, to who can unpack them."""


def add_images(app: web.Application, base_path: str, folder: Path | None) -> None:
    """Route ``/images/`` to *folder*; None is no folder."""
    if folder is not None:
        app.router.add_get(f"{base_path}/images/{{path:.+}}", _pictures(folder))


def _pictures(folder: Path):  # type: ignore[no-untyped-def]
    async def get_picture(request: web.Request) -> web.FileResponse:
        if request.get(SCOPE) is None:
            raise NotAuthenticated(
                "this server asks for a token or a login",
                hint="log in, or send Authorization: Bearer <token>",
            )
        name = request.match_info["path"]
        path = await asyncio.to_thread(_find, folder, name)
        if path is None:
            raise NotFound("picture", name)
        headers = {
            "Content-Type": TYPES[path.suffix.lower()],
            "Content-Security-Policy": SHOWN_POLICY,
            "Cache-Control": "no-cache",  # it may be another one a second later
        }
        return web.FileResponse(path, headers=headers)

    return get_picture


def _find(folder: Path, name: str) -> Path | None:
    """The picture *name* of *folder*; None if there is none, or it is none for a caller."""
    if len(name) > _MOST_PATH or not all(map(_is_plain, name.split("/"))):
        return None
    try:
        top = folder.resolve(strict=True)
        path = (top / name).resolve(strict=True)
        inside = path.relative_to(top)
    except (OSError, ValueError, RuntimeError):
        return None
    if path.suffix.lower() not in TYPES or not all(map(_is_plain, inside.parts)):
        return None
    packed = (path.with_name(path.name + ending) for ending in _PACKED)
    if any(one.is_symlink() for one in packed):
        return None
    return path if path.is_file() else None


def _is_plain(part: str) -> bool:
    return bool(part) and not part.startswith(".") and "\\" not in part and "\0" not in part
