"""The seed files as text: reading them, and the canonical form they are kept in."""

import hashlib
from dataclasses import dataclass
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
    """Reads YAML, and refuses a key that stands twice in one mapping instead of dropping the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


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


def load(path: Path) -> Any:
    """What a YAML file holds; raises DataFault where it cannot be read."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)
    except OSError as error:
        raise DataFault([Problem(path.name, "", "", f"a file that can be read ({error.strerror})")]) from None
    except UnicodeDecodeError:
        raise DataFault([Problem(path.name, "", "", "UTF-8 text")]) from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DataFault([Problem(path.name, line, "", f"well-formed YAML ({error.problem})")]) from None
    except yaml.YAMLError as error:
        raise DataFault([Problem(path.name, "", "", f"well-formed YAML ({error})")]) from None


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
