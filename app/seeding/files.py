"""The seed files as text: reading them, and the canonical form they are kept in."""

import hashlib
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from app.catalog import RESOURCES, Resource
from app.models.base import PREFIXES
from app.seeding.comments import comments_of, head_of, uncommented

RELEASE = "RELEASE"
WIDTH = 110


@dataclass(frozen=True)
class Problem:
    """What is wrong with the data, and where."""

    file: str
    id: str
    field: str
    expected: str
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(part for part in (self.file, line, self.id, self.field) if part)
        return f"{place}: {self.expected}"


class DataFault(Exception):
    """The seed files cannot become a release; it holds every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in the data")
        self.problems = problems


class Rows(list[Any]):
    """The rows of a file, written one below the other."""


NOTHING: Mapping[str, Any] = {}


class Row(dict[str, Any]):
    """A row, written one key a line; what it holds is written inline.

    One that was read knows its line and that of each key, and the comments on itself (`""`) and on its keys.
    """

    __slots__ = ("comments", "line", "lines")

    def __init__(self, *content: Any) -> None:
        super().__init__(*content)
        self.line = 0
        self.lines: Mapping[str, int] = NOTHING
        self.comments: Mapping[str, list[str]] = NOTHING

    def lines_below(self) -> dict[str, int]:
        """The keys that do not stand in the first line."""
        return {key: line for key, line in self.lines.items() if line > self.line}


class Loader(yaml.CSafeLoader):
    """Parses YAML; a day and a merge of mappings are texts like any other."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "merge"))]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


LARGEST = 4 * 2**20
"""Bytes of a seed file."""

MOST_VALUES = 200_000
"""Values in a seed file, keys included."""

DEEPEST = 10
"""Values within values."""

LONGEST_LIST = 1_000
"""Values in a list or keys in a mapping within a row."""

LONGEST_TEXT = 5_000
"""Characters of a text."""

LARGEST_NUMBER = 10**9

MOST_PROBLEMS = 100
"""Problems that are told of one file."""

WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
"""What stands for nothing and for truth; YAML knows more such words, `no` among them."""

WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,24})")
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,24})\.[0-9]{1,25}(e[-+][0-9]{1,3})?")

UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that count as printable and that nobody sees."""

FULL_WIDTH = re.compile("[^\\D0-9]|[\uff01-\uff5e]")
"""A digit or a letter that is not the usual one, though it looks so."""


class Reader:
    """Makes plain values of YAML: lists, mappings, texts, numbers, truth values and nothing.

    It takes less than YAML has, so that a file means to the program what it means to people, and costs no
    more than its length. Faults are noted as they come; they are raised at the end.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.loader = Loader(self.text)
        self.values = 0
        self.faults: list[Problem] = []

    def read(self) -> Any:
        """What the file holds; raises DataFault with every fault that was found."""
        try:
            made = self.document()
        except yaml.reader.ReaderError as error:
            above = self.text.encode()[: error.position].count(b"\n")
            self.faults.append(Problem(self.file, f"line {above + 1}", "", invisible(error.character)))
        except yaml.MarkedYAMLError as error:
            line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
            self.faults.append(Problem(self.file, line, "", f"well-formed YAML ({error.problem})"))
        finally:
            self.loader.dispose()
        if self.faults:
            raise DataFault(self.faults)
        return made

    def event(self) -> Any:
        return self.loader.get_event()

    def line(self, event: Any) -> int:
        number: int = event.start_mark.line
        return number + 1

    def document(self) -> Any:
        while isinstance(event := self.event(), (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            pass
        if isinstance(event, yaml.StreamEndEvent):
            return None
        made = self.value(event, 0)
        self.event()
        if not isinstance(after := self.event(), yaml.StreamEndEvent):
            self.note(after, "one document (another document begins here)")
        return made

    def note(self, event: Any, expected: str, *, last: bool = False) -> None:
        """Take note of a fault; give up where it is one too many or the last that matters."""
        self.faults.append(Problem(self.file, f"line {self.line(event)}", "", expected))
        if last or len(self.faults) == MOST_PROBLEMS:
            raise DataFault(self.faults)

    def value(self, event: Any, depth: int) -> Any:
        """The value that begins with an event."""
        self.values += 1
        if self.values > MOST_VALUES:
            self.note(event, f"at most {MOST_VALUES} values in a file", last=True)
        if depth > DEEPEST:
            self.note(event, f"at most {DEEPEST} values within one another", last=True)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self.note(event, "a value of its own: anchors and aliases (& and *) are not read")
        if isinstance(event, yaml.AliasEvent):
            return None
        if event.tag is not None:
            self.note(event, f"a value without a tag (it has {event.tag})")
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        return self.items(depth) if isinstance(event, yaml.SequenceStartEvent) else self.mapping(depth)

    def items(self, depth: int) -> list[Any]:
        made: list[Any] = []
        while not isinstance(event := self.event(), yaml.SequenceEndEvent):
            if depth and len(made) == LONGEST_LIST:
                self.note(event, f"at most {LONGEST_LIST} values in a list", last=True)
            made.append(self.value(event, depth + 1))
            if isinstance(made[-1], Row):
                made[-1].line = self.line(event)
        return made

    def mapping(self, depth: int) -> dict[str, Any]:
        made = Row() if depth == 1 else {}
        while not isinstance(event := self.event(), yaml.MappingEndEvent):
            if isinstance(made, Row) and isinstance(event, yaml.ScalarEvent):
                made.lines = {**made.lines, event.value: self.line(event)}
            if len(made) == LONGEST_LIST:
                self.note(event, f"at most {LONGEST_LIST} keys", last=True)
            key = self.value(event, depth + 1)
            if not isinstance(key, str):
                self.note(event, "a key that is a word")
                key = ""
            elif key in made:
                self.note(event, f"each key once (the key {key} stands twice)")
            made[key] = self.value(self.event(), depth + 1)
        return made

    def scalar(self, event: Any) -> Any:
        """A text, or what a plain word or number stands for."""
        written = event.value
        for expected in faults_of_text(written):
            self.note(event, expected)
        if not event.implicit[0]:
            return written
        if written in WORDS:
            return WORDS[written]
        if WHOLE.fullmatch(written):
            return self.number(event, int(written))
        if DECIMAL.fullmatch(written):
            return self.number(event, float(written))
        tag = self.loader.resolve(yaml.ScalarNode, written, (True, False))  # type: ignore[no-untyped-call]
        if tag != "tag:yaml.org,2002:str":
            told = repr(written[:50])
            self.note(event, f"a number in plain digits, true, false, or a text in quotation marks: {told}")
        return written

    def number(self, event: Any, number: int | float) -> int | float:
        if abs(number) > LARGEST_NUMBER:
            self.note(event, f"a number up to {LARGEST_NUMBER}")
        return number


def faults_of_text(text: str) -> Iterator[str]:
    """What a text may not hold."""
    if len(text) > LONGEST_TEXT:
        yield f"a text of at most {LONGEST_TEXT} characters (it has {len(text)})"
        return
    if not text.isprintable():
        yield from (invisible(ord(each)) for each in text if not each.isprintable())
    if text.isascii():
        return
    yield from (invisible(ord(each)) for each in UNSEEN.findall(text))
    if found := FULL_WIDTH.search(text):
        yield f"letters and digits of usual width (it has {found[0]})"
    if not unicodedata.is_normalized("NFC", text):
        yield "letters with their accents in one (Unicode NFC)"


def invisible(code: int) -> str:
    name = unicodedata.name(chr(code), "a control character")
    return f"a text without invisible characters (it has U+{code:04X}, {name.lower()})"


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
    return Reader(path.name, read_text(path)).read()


def load_rows(path: Path) -> list[Row]:
    """The rows of a seed file: a list of mappings; raises DataFault where it is none."""
    return rows_of(path.name, read_text(path))


def rows_of(file: str, text: str) -> list[Row]:
    """The same from the text of a file."""
    content = Reader(file, text).read()
    if not isinstance(content, list):
        raise DataFault([Problem(file, "", "", "a list of rows, each beginning with `- id: `")])
    problems = (
        Problem(file, f"row {number}", "", "a mapping of keys to values")
        for number, row in enumerate(content, 1)
        if not isinstance(row, dict)
    )
    if found := [*islice(problems, MOST_PROBLEMS)]:
        raise DataFault(found)
    attach(content, text)
    return content


known_rows = lru_cache(maxsize=2 * len(RESOURCES))(rows_of)
"""Rows that nobody changes: who checks again after a change in one file reads that one alone."""


def attach(rows: list[Row], text: str) -> None:
    """Note each comment at the key of its line, or else at the next key; `""` stands for a row itself."""
    places = [(line, row, key) for row in rows for key, line in ({"": row.line} | row.lines_below()).items()]
    lines = [line for line, _, _ in places]
    apart = len(head_of(text)) + 1
    for comment in comments_of(text):
        if comment.line <= apart or not places:
            continue
        number = bisect_left(lines, comment.line)
        here = number < len(lines) and lines[number] == comment.line
        ended = number == len(lines) or (comment.column > 0 and not places[number][2] and not here)
        _, row, key = places[number - 1 if ended and number else number]
        row.comments = {**row.comments, key: [*row.comments.get(key, []), comment.text]}


def checksum(folder: Path) -> str:
    """SHA-256 over the names and bytes of the seed files without comments, as hexadecimal digits."""
    digest = hashlib.sha256()
    for name in sorted([RELEASE, *(f"{resource.path}.yaml" for resource in RESOURCES)]):
        content = uncommented((folder / name).read_text("utf-8")).encode()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def canonical(path: Path) -> str:
    """The text a seed file should have: rows by id, keys in the order of the model, one style throughout.

    Numbers that are texts are quoted, identifiers stand alone, comments above what they are on.
    """
    resource = next(each for each in RESOURCES if path.name == f"{each.path}.yaml")
    text = read_text(path)
    return as_text(resource, known_rows(path.name, text), head_of(text))


def as_text(resource: Resource, rows: Collection[dict[str, Any]], head: Iterable[str] = ()) -> str:
    """Rows as a seed file has them."""
    first = "".join(f"{line}\n" for line in (f"# {resource.about}", *head))
    return f"{first}\n{rows_as_text(resource, rows)}" if rows else first


def rows_as_text(resource: Resource, rows: Collection[dict[str, Any]]) -> str:
    """Rows as they stand below the head of a seed file."""
    order = list(resource.seed.model_fields)
    parts = []
    for row in sorted(rows, key=lambda row: str(row.get("id"))):
        mended = mend(resource, row)
        keys = sorted(mended, key=lambda key: order.index(key) if key in order else len(order))
        kept = Row({key: mended[key] for key in keys if mended[key] not in (None, [], {})})
        text = yaml.dump(Rows([kept]), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
        parts.append(commented(text, row.comments) if isinstance(row, Row) and row.comments else text)
    return "\n".join(parts)


KEY = re.compile(r"(?:- |  )(\w+):")


def commented(text: str, comments: Mapping[str, list[str]]) -> str:
    """A row as text with each comment above its key; those of keys that are gone stand above the row."""
    lines = text.splitlines(keepends=True)
    keys = [found[1] if (found := KEY.match(line)) else None for line in lines]
    made = [f"{each}\n" for key, held in comments.items() if key not in keys[1:] for each in held]
    for number, line in enumerate(lines):
        held = comments.get(keys[number] or "", []) if number and keys[number] else []
        made += [*(f"  {each}\n" for each in held), line]
    return "".join(made)


def mend(resource: Resource, row: dict[str, Any]) -> dict[str, Any]:
    """A row with numbers as texts where texts are asked for, and identifiers without what stands before."""
    schema = schema_of(resource)
    made = {key: quoted(value, schema["properties"].get(key, {}), schema) for key, value in row.items()}
    made |= {key: bare(key, made[key]) for key in made if key in PREFIXES}
    if isinstance(made.get("ids"), dict):
        made["ids"] = {key: bare(key, value) for key, value in made["ids"].items()}
    return made


@cache
def schema_of(resource: Resource) -> dict[str, Any]:
    return resource.seed.model_json_schema()


def quoted(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> Any:
    """A value in which whole numbers are texts wherever the schema wants a text."""
    options = [resolved(each, whole) for each in schema.get("anyOf", [schema])]
    types = {each.get("type") for each in options}
    if type(value) is int and "string" in types and not types & {"integer", "number"}:
        return str(value)
    if isinstance(value, list):
        items: dict[str, Any] = next((each["items"] for each in options if "items" in each), {})
        return [quoted(each, items, whole) for each in value]
    if isinstance(value, dict):
        fields: dict[str, Any] = next((each["properties"] for each in options if "properties" in each), {})
        others: dict[str, Any] = next(
            (each["additionalProperties"] for each in options if each.get("additionalProperties")), {}
        )
        return {key: quoted(each, fields.get(key, others), whole) for key, each in value.items()}
    return value


def resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """A schema, or the shared one that it names."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return whole["$defs"][name] if name else schema


def bare(registry: str, value: Any) -> Any:
    """An identifier without its address or prefix; what is none is left as it is."""
    if registry not in PREFIXES or not isinstance(value, str) or PREFIXES[registry].local(value):
        return value
    prefix = PREFIXES[registry]
    pasted = re.search(rf"[/:=\s]({prefix.banana}(?:{prefix.pattern.pattern}))$", value.rstrip("/"), re.ASCII)
    return pasted[1] if pasted else value


def format_files(folder: Path) -> list[str]:
    """Bring every seed file into canonical form; the names of those that changed."""
    texts = {path: canonical(path) for path in (folder / f"{each.path}.yaml" for each in RESOURCES)}
    changed = [path for path, content in texts.items() if path.read_text(encoding="utf-8") != content]
    for path in changed:
        path.write_text(texts[path], encoding="utf-8")
    return [path.name for path in changed]
