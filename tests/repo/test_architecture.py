"""The arrows of the house: which package may import which, and that there is no cycle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    "agnez_client": ROOT / "agnez_client",
    "agnez_server": ROOT / "agnez_server",
    "agnez_dashboards": ROOT / "dashboards" / "agnez_dashboards",
}

# What a room may import beside the standard library. `agnez_client.protocol` and
# `agnez_client.columns` are the wire, which both sides share.
WIRE = {
    "agnez_client.protocol",
    "agnez_client.columns",
    "agnez_client.finding",
    *(f"agnez_client.loglines{part}" for part in ("", ".reader", ".reading", ".short", ".forms")),
    *("agnez_client.loglines.message", "agnez_client.loglines.dictionary"),
}
SDK_LIBRARIES = {"requests", "urllib3", "numpy", "platformdirs", "yaml", "psutil", "pynvml"}
# Loaded by what needs them (kinds of channels, Parquet), when it does.
SDK_LIBRARIES |= {"PIL", "av", "bokeh", "pyarrow"}
# What the callbacks and the plots are for: each file loads its own framework, nothing else does.
FRAMEWORKS = {
    *("keras", "lightning", "torch", "sklearn", "xgboost", "lightgbm", "transformers", "optuna"),
    *("ignite", "matplotlib", "mpld3", "plotly", "torchvision"),
}
FRAMEWORK_ROOMS = ("agnez_client.callbacks.", "agnez_client.plots.", "agnez_client.values.content")
# Loaded by the client of /values, when it is asked to listen or to wait.
SDK_LIBRARIES |= {"aiohttp", "socketio", "yarl"}
SERVER_LIBRARIES = {
    *("aiohttp", "socketio", "engineio", "tinydb", "numpy", "orjson", "zstandard"),
    *("argon2", "platformdirs", "bokeh", "prometheus_client"),
}
DASHBOARD_LIBRARIES = {"bokeh", "numpy"}

# Inside the server only downward: a room imports rooms of its own level (no cycle) or below.
LEVELS: dict[str, int] = {
    room: level
    for level, names in enumerate(
        [
            (
                "settings",
                "models",
                "events",
                "errors",
                "checks",
                "headers",
                "meter",
                "authfiles",
                "callers",
                "ports",
                "garbage",
            ),
            ("store",),
            ("doctor",),
            ("catalog", "values"),
            (
                "live",
                "bands",
                "presence",
                "steadytime",
                "trash",
                "retention",
                "auth",
                "bodies",
                "keys",
            ),
            (
                "api",
                "drawing",
                "middleware",
                "connections",
                "patience",
                "listening",
                "places",
                "pages",
                "images",
                "jobs",
                "pipeline",
            ),
            ("app",),
            ("serve",),
            ("__main__",),
        ]
    )
    for room in names
}


def module_name(path: Path, package: str) -> str:
    """The dotted name under which *path* is imported."""
    parts = path.relative_to(SOURCES[package]).with_suffix("").parts
    return ".".join([package, *(p for p in parts if p != "__init__")])


def all_modules() -> dict[str, Path]:
    """Every module of our three packages."""
    return {
        module_name(path, package): path
        for package, folder in SOURCES.items()
        for path in sorted(folder.rglob("*.py"))
    }


MODULES = all_modules()


def is_type_checking(node: ast.AST) -> bool:
    """Whether *node* is an ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def walk(tree: ast.AST, *, lazy: bool) -> Iterator[ast.AST]:
    """The nodes below *tree*, into functions only when *lazy*; never what only a checker sees."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not lazy:
            continue
        yield node
        yield from walk(node, lazy=lazy)


def imports(module: str, *, lazy: bool) -> set[str]:
    """The modules that *module* imports; ours as modules, others by their first name."""
    path = MODULES[module]
    base = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set[str]()
    for node in walk(ast.parse(path.read_text(encoding="utf-8")), lazy=lazy):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = base.split(".")[: len(base.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                found.add(inner if inner in MODULES else origin)
    return {name if name.split(".")[0] in SOURCES else name.split(".")[0] for name in found}


def foreign(module: str, *, lazy: bool = True) -> set[str]:
    """What *module* imports from outside the standard library."""
    return {m for m in imports(module, lazy=lazy) if m.split(".")[0] not in sys.stdlib_module_names}


def rooms(prefix: str, *, without: str = " ") -> list[str]:
    """The modules below *prefix*, without those below *without*."""

    def within(module: str, package: str) -> bool:
        return module == package or module.startswith(package + ".")

    return [m for m in MODULES if within(m, prefix) and not within(m, without)]


def room(module: str) -> str:
    """The room of the server that *module* belongs to."""
    return module.split(".")[1]


@pytest.mark.parametrize("module", sorted(WIRE))
def test_the_wire_needs_only_numpy(module: str) -> None:
    """Protocol and columns import the standard library and numpy: both sides read them."""
    assert foreign(module) - WIRE <= {"numpy"}


@pytest.mark.parametrize("module", rooms("agnez_client", without="agnez_client.cli"))
def test_the_sdk_imports_no_server_and_no_pages(module: str) -> None:
    """The SDK imports itself, requests, numpy, and small helpers."""
    outside = {m for m in foreign(module) if m.split(".")[0] != "agnez_client"}

    frameworks = FRAMEWORKS if module.startswith(FRAMEWORK_ROOMS) else set()
    assert outside <= SDK_LIBRARIES | frameworks
    assert not any(m.startswith("agnez_client.cli") for m in foreign(module))


@pytest.mark.parametrize("module", rooms("agnez_client.cli"))
def test_the_command_line_imports_the_server_only_inside_functions(module: str) -> None:
    """A verb loads the server when it is called, so that the others stay light."""
    eager = {m for m in foreign(module, lazy=False) if m.split(".")[0] != "agnez_client"}

    assert eager <= {"click", "rich", *SDK_LIBRARIES}


@pytest.mark.parametrize("module", rooms("agnez_dashboards"))
def test_the_dashboards_are_a_leaf(module: str) -> None:
    """Figure builders take plain values: bokeh and numpy are all they know."""
    outside = {m for m in foreign(module) if m.split(".")[0] != "agnez_dashboards"}

    assert outside <= DASHBOARD_LIBRARIES


# `python -m agnez_server` is a door from outside: it calls the verb `up`, nothing imports it.
@pytest.mark.parametrize("module", rooms("agnez_server", without="agnez_server.__main__"))
def test_the_server_knows_the_wire_and_the_dashboards_alone(module: str) -> None:
    """The server imports of our other packages the wire and the figures, never the SDK."""
    found = {m for m in foreign(module) if m.split(".")[0] != "agnez_server"}
    ours = {m for m in found if m.split(".")[0] in SOURCES}

    assert {m for m in ours if not m.startswith("agnez_dashboards")} <= WIRE
    assert found - ours <= SERVER_LIBRARIES


@pytest.mark.parametrize("module", rooms("agnez_server", without="agnez_server.store"))
def test_only_the_store_knows_sqlite(module: str) -> None:
    """Tables and files are the store's affair, and its doctor's: others call its contract."""
    if module.startswith("agnez_server.doctor"):
        return
    assert "sqlite3" not in imports(module, lazy=True)


@pytest.mark.parametrize("module", [m for m in rooms("agnez_server") if "." in m])
def test_inside_the_server_imports_point_downward(module: str) -> None:
    """A room of the server imports none that stands above it, and api does not import the app."""
    below = {m for m in imports(module, lazy=True) if m.startswith("agnez_server.")}
    homeless = {room(m) for m in [module, *below]} - LEVELS.keys()
    assert not homeless, "give each a level in LEVELS above"

    above = {m for m in below if LEVELS[room(m)] > LEVELS[room(module)]}
    assert not above


def find_cycle(edges: dict[str, set[str]]) -> list[str]:
    """A cycle in *edges* as the list of its modules, empty when there is none."""
    done, path = set[str](), list[str]()

    def visit(module: str) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        path.append(module)
        for target in sorted(edges.get(module, ())):
            if cycle := visit(target):
                return cycle
        path.pop()
        done.add(module)
        return []

    return next((cycle for module in sorted(edges) if (cycle := visit(module))), [])


def test_a_cycle_is_found() -> None:
    """The search below names a planted cycle."""
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_import_cycles() -> None:
    """No module imports, over others, itself."""
    edges = {m: {t for t in imports(m, lazy=False) if t in MODULES and t != m} for m in MODULES}

    assert find_cycle(edges) == []


def loaded_after(statement: str) -> set[str]:
    """The top-level packages in `sys.modules` of a fresh Python after *statement*."""
    tell = "sys.stderr.write(' '.join({m.split('.')[0] for m in sys.modules}))"
    code = f"import sys; {statement}; {tell}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


HEAVY = {
    "PIL",
    "av",
    "matplotlib",
    "torch",
    "bokeh",
    "aiohttp",
    "socketio",
    "tinydb",
    "agnez_server",
} | FRAMEWORKS


def test_importing_the_sdk_loads_nothing_heavy() -> None:
    """`import agnez_client` leaves torch, bokeh, aiohttp and the server alone."""
    assert not loaded_after("import agnez_client") & HEAVY


def test_help_loads_nothing_heavy() -> None:
    """`agnez --help` shows every verb without loading the rooms behind them."""
    statement = "from agnez_client.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"

    loaded = loaded_after(f"exec({statement!r})")

    assert not loaded & {*HEAVY, "rich", "requests"}


def test_the_server_loads_no_torch() -> None:
    """The server never imports torch, whatever is installed."""
    assert "torch" not in loaded_after("import agnez_server.app")


SOCKETS = "from agnez_client.cli.launch import load_sockets; load_sockets()"


def test_the_server_starts_without_what_few_requests_need() -> None:
    """`agnez up` listens before Bokeh, Pillow and the room of the SDK that trains are loaded."""
    loaded = loaded_after(f"{SOCKETS}; import agnez_server.serve")

    assert not loaded & {"bokeh", "PIL", "jinja2", "pandas", "rich", "matplotlib", "pyarrow", "av"}
    assert not loaded & {"tornado", "requests", "websocket", "prometheus_client", "argon2"}


def test_what_the_start_spared_can_be_loaded_later() -> None:
    """Tornado and requests were out of reach for a moment only, for socket.io alone."""
    loaded = loaded_after(f"{SOCKETS}; import tornado, requests")

    assert {"tornado", "requests", "socketio"} <= loaded


def test_the_first_chart_finds_bokeh() -> None:
    """It is loaded by who asks for a figure, or for it to be ready."""
    assert "bokeh" in loaded_after("import agnez_dashboards; agnez_dashboards.load_figures()")
