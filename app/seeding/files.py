"""The seed files as text: reading them, and the canonical form they are kept in."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from app.catalog import RESOURCES

RELEASE = "RELEASE"
WIDTH = 110


@dataclass(frozen=True)
class Problem:
    """What is wrong with the data, and where."""

    file: str
    id: str
    field: str
    expected: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.file, self.id, self.field) if part)
        return f"{place}: {self.expected}"


class DataFault(Exception):
    """The seed files cannot become a release; it holds every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in the data")
        self.problems = problems


class Loader(yaml.CSafeLoader):
    """Reads the plain values of YAML: texts, numbers, truth values and nothing; a day is a text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "merge"))]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""Characters that nobody sees: controls, marks of direction, and others without a width."""

FULL_WIDTH = re.compile("[\uff01-\uff5e]")

LARGEST = 50 * 2**20
"""Bytes of a seed file."""

LONGEST_NUMBER = 25
"""Characters of a number."""


def faults_of(root: yaml.Node, loader: Loader) -> Iterator[tuple[yaml.Node, str]]:
    """What a seed file may not hold though it is YAML: the node, and what is expected instead of it."""
    seen: set[int] = set()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            yield node, "a value of its own: anchors and aliases are not read"
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield from ((node, expected) for expected in faults_of_scalar(node, loader))
            continue
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            yield node, f"a value without a tag (it has {node.tag})"
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        keys = set()
        for key, value in node.value:
            nodes.append(value)
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                yield key, "a key that is a word"
            elif key.value in keys:
                yield key, f"each key once (the key {key.value} stands twice)"
            else:
                keys.add(key.value)


def faults_of_scalar(node: yaml.ScalarNode, loader: Loader) -> Iterator[str]:
    is_text = node.tag == "tag:yaml.org,2002:str"
    plain = node.style in (None, "")
    resolved = loader.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]
    if not is_text and not (plain and node.tag == resolved):
        yield f"a value without a tag (it has {node.tag})"
    if found := UNWANTED.search(node.value):
        yield f"a text without invisible characters (it has U+{ord(found[0]):04X})"
    if found := FULL_WIDTH.search(node.value):
        yield f"letters and digits of usual width (it has {found[0]})"
    if node.tag.endswith((":int", ":float")) and len(node.value) > LONGEST_NUMBER:
        yield f"a number of at most {LONGEST_NUMBER} characters"
    if node.tag.endswith(":float") and node.value.lower().strip("+-") in (".inf", ".nan"):
        yield "a finite number"


class Rows(list[Any]):
    """The rows of a file, written one below the other."""


class Row(dict[str, Any]):
    """A row, written one key a line; what it holds is written inline."""


class Dumper(yaml.CSafeDumper):
    pass


Dumper.add_representer(Rows, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=False))
Dumper.add_representer(
    Row, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v.items(), flow_style=False)
)
Dumper.add_representer(list, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))
Dumper.add_representer(
    dict, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v.items(), flow_style=True)
)


def read_text(path: Path) -> str:
    """The text of a seed file; raises DataFault where it cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise DataFault([Problem(path.name, "", "", "a file that can be read (it is none)")])
        if path.stat().st_size > LARGEST:
            raise DataFault([Problem(path.name, "", "", f"a file of at most {LARGEST >> 20} MiB")])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataFault([Problem(path.name, "", "", f"a file that can be read ({error.strerror})")]) from None
    except UnicodeDecodeError:
        raise DataFault([Problem(path.name, "", "", "UTF-8 text")]) from None


def load(path: Path) -> Any:
    """What a YAML file holds; raises DataFault where it cannot be read."""
    loader = Loader(read_text(path))
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        faults = [
            Problem(path.name, f"line {node.start_mark.line + 1}", "", expected)
            for node, expected in islice(faults_of(root, loader), 100)
        ]
        if faults:
            raise DataFault(faults)
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DataFault([Problem(path.name, line, "", f"well-formed YAML ({error.problem})")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataFault([Problem(path.name, "", "", f"well-formed YAML ({error})")]) from None
    finally:
        loader.dispose()


def load_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a seed file: a list of mappings; raises DataFault where it is none."""
    content = load(path)
    if not isinstance(content, list):
        raise DataFault([Problem(path.name, "", "", "a list of rows")])
    problems = [
        Problem(path.name, f"row {number}", "", "a mapping of keys to values")
        for number, row in enumerate(content, 1)
        if not isinstance(row, dict) or not all(isinstance(key, str) for key in row)
    ]
    if problems:
        raise DataFault(problems)
    return content


def checksum(folder: Path) -> str:
    """SHA-256 over the names and bytes of the seed files, as hexadecimal digits."""
    digest = hashlib.sha256()
    for name in sorted([RELEASE, *(f"{resource.path}.yaml" for resource in RESOURCES)]):
        content = (folder / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def canonical(path: Path) -> str:
    """The text a seed file should have: rows by id, keys in the order of the model, one style throughout.

    Raises DataFault where the file holds a comment below its head, since that would be lost.
    """
    resource = next(each for each in RESOURCES if path.name == f"{each.path}.yaml")
    rows = load_rows(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    body = next((n for n, line in enumerate(lines) if line.startswith("- ")), len(lines))
    lost = [
        Problem(path.name, f"line {number}", "", "no comment below the head of the file: put it into a field")
        for number, line in enumerate(lines, 1)
        if number > body and line.lstrip().startswith("#")
    ]
    if lost:
        raise DataFault(lost)
    order = list(resource.seed.model_fields)
    rows.sort(key=lambda row: str(row.get("id")))
    parts = [f"# {resource.about}\n"]
    for row in rows:
        keys = sorted(row, key=lambda key: order.index(key) if key in order else len(order))
        kept = Row({key: row[key] for key in keys if row[key] not in (None, [], {})})
        parts.append(yaml.dump(Rows([kept]), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=WIDTH))
    return "\n".join(parts)


def format_files(folder: Path) -> list[str]:
    """Bring every seed file into canonical form; the names of those that changed."""
    texts = {path: canonical(path) for path in (folder / f"{each.path}.yaml" for each in RESOURCES)}
    changed = [path for path, content in texts.items() if path.read_text(encoding="utf-8") != content]
    for path in changed:
        path.write_text(texts[path], encoding="utf-8")
    return [path.name for path in changed]
