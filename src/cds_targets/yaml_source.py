"""YAML files with the line of everything in them, and without YAML's traps.

Refused with `file:line`: duplicate keys, keys that are not text, the words YAML 1.1 silently turns into booleans
(`on`, `off`, `yes`, `no` unquoted), tags, several documents, and files that grow beyond bounds (alias bombs).
The only module that imports yaml.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cds_targets.errors import ContentError, Problem

MAX_BYTES = 4_000_000
MAX_NODES = 400_000
_AMBIGUOUS = re.compile(r"(?i:on|off|yes|no|y|n)")
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "timestamp", "str", "map", "seq", "merge")
}

NodePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: plain Python data, and the line on which each path of it stands."""

    file: str
    data: Any
    lines: dict[NodePath, int] = field(default_factory=dict)

    def line(self, path: NodePath) -> int:
        """The line of `path`, or of the nearest thing around it that has one."""
        for length in range(len(path), -1, -1):
            found = self.lines.get(path[:length])
            if found is not None:
                return found
        return 1

    def problem(self, path: NodePath, message: str) -> Problem:
        """A problem at `path`."""
        return Problem(self.file, self.line(path), message)


class _Loader(yaml.CSafeLoader):
    """The safe loader; only `true` and `false` are booleans."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))


class _Reader:
    def __init__(self, file: str, loader: _Loader) -> None:
        self.file = file
        self.loader = loader
        self.lines: dict[NodePath, int] = {}
        self.count = 0

    def fail(self, node: yaml.Node, message: str) -> ContentError:
        return ContentError([Problem(self.file, node.start_mark.line + 1, message)])

    def read(self, node: yaml.Node, path: NodePath) -> Any:
        self.count += 1
        if self.count > MAX_NODES:
            raise self.fail(node, "the file grows too large when its aliases are expanded")
        if node.tag not in _PLAIN_TAGS:
            raise self.fail(node, f"tags such as {node.tag!r} are not used in content files")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and not node.style and _AMBIGUOUS.fullmatch(node.value):
            raise self.fail(node, f"write {node.value!r} in quotes, or true / false: YAML readers disagree")
        try:
            return self.loader.construct_object(node)
        except (ValueError, yaml.YAMLError) as error:
            raise self.fail(node, f"cannot read {node.value!r}") from error

    def mapping(self, node: yaml.MappingNode, path: NodePath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    value = self.read(source, (*path, "<<"))
                    if not isinstance(value, dict):
                        raise self.fail(source, "'<<' merges mappings only")
                    merged = {**value, **merged}
                continue
            key: Hashable = self.read(key_node, (*path, "?"))
            self.lines.pop((*path, "?"), None)
            if not isinstance(key, str):
                raise self.fail(key_node, f"the key {key_node.value!r} is not text: put it in quotes")
            if key in own:
                raise self.fail(key_node, f"the key {key!r} stands here twice")
            own[key] = self.read(value_node, (*path, key))
            self.lines[(*path, key)] = key_node.start_mark.line + 1
        return {**merged, **own}


def parse(text: str, file: str) -> Document:
    """Parse YAML text; raises ContentError with `file:line` on anything that is refused."""
    if len(text) > MAX_BYTES:
        raise ContentError([Problem(file, 1, f"the file is larger than {MAX_BYTES} characters")])
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ContentError([Problem(file, 1, "the file is empty")])
        reader = _Reader(file, loader)
        return Document(file, reader.read(node, ()), reader.lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError([Problem(file, line, f"not YAML: {error.problem or error}")]) from error
    except yaml.YAMLError as error:
        raise ContentError([Problem(file, 1, f"not YAML: {error}")]) from error
    except RecursionError as error:
        raise ContentError([Problem(file, 1, "the file is nested too deeply")]) from error
    finally:
        loader.dispose()


def read(path: Path, shown_as: str | None = None) -> Document:
    """Read and parse one file; `shown_as` is the name used in messages."""
    name = shown_as or str(path)
    try:
        return parse(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise ContentError([Problem(name, 1, "the file is not UTF-8 text")]) from error
    except OSError as error:
        raise ContentError([Problem(name, 1, f"cannot be read: {error.strerror}")]) from error
