"""Imports go only downward, and each outside library has one room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "cds_targets"
FLOORS = [
    {"", "errors", "settings", "yaml_source"},
    {"facts"},
    {"terms"},
    {"library"},
    {"matching"},
    {"trials", "fhir"},
    {"hooks", "store"},
    {"ehr"},
    {"auth"},
    {"advice"},
    {"web", "cli", "__main__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
BESIDE = {("cli", "web"), ("__main__", "cli"), ("settings", "errors"), ("yaml_source", "errors")}
FORBIDDEN = {("fhir", "library"), ("fhir", "matching")}
ONLY_IN = {"fhir.resources": {"fhir"}, "flask": {"web"}, "werkzeug": {"web"}, "yaml": {"yaml_source"}}
ONLY_IN_FILES = {"requests": {"ehr/guarded.py", "trials/ctgov.py"}, "gunicorn": {"cli/server.py", "cli/worker.py"}}
CORE = {"facts", "terms", "library", "matching"}
OUTSIDE_WORLD = {"os", "time", "socket", "requests", "subprocess", "urllib.request", "random"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_of(name: str, library: str) -> bool:
    return name == library or name.startswith(library + ".")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_only_downward(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        if not is_of(name, "cds_targets"):
            continue
        target = [*name.split("."), ""][1]
        target = target if target in FLOOR else ""
        lower = FLOOR[target] < FLOOR[room] or target in {room, ""}
        assert lower or (room, target) in BESIDE, f"{room} imports {name}"
        assert (room, target) not in FORBIDDEN, f"{room} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_outside_libraries_stay_in_their_rooms(path: Path) -> None:
    room, file = room_of(path), path.relative_to(PACKAGE).as_posix()
    for name in imports(path):
        assert all(room in rooms for library, rooms in ONLY_IN.items() if is_of(name, library)), f"{room}: {name}"
        assert all(file in files for library, files in ONLY_IN_FILES.items() if is_of(name, library)), f"{file}: {name}"


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) in CORE], ids=lambda p: p.stem)
def test_the_core_reads_no_clock_socket_or_environment(path: Path) -> None:
    assert not [name for name in imports(path) if any(is_of(name, outside) for outside in OUTSIDE_WORLD)]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "today", "utcnow", "environ", "getenv"}


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} <= set(FLOOR)
