"""Comments of seed files: found in the text, and taken out of it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


MODELINE = "# yaml-language-server: "
"""What tells an editor of a schema."""


class Comment(NamedTuple):
    line: int
    column: int
    text: str


def comments_of(text: str) -> Iterator[Comment]:
    """All comments but the first line of a file, which says what it holds; the text is well-formed YAML."""
    if not re.search(r"\s#", text):
        return
    content: dict[int, int] = {}
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        begin, end = token.start_mark, token.end_mark
        content |= dict.fromkeys(range(begin.line, end.line), len(text))
        content[end.line] = max(content.get(end.line, 0), end.column)
    for number, line in enumerate(BREAK.split(text)):
        rest = line[content.get(number, 0) :]
        if number and rest.lstrip().startswith("#"):
            yield Comment(number + 1, len(line) - len(rest.lstrip()), rest.strip())


def uncommented(text: str) -> str:
    """The text without its comments but the first line; lines that held nothing else are gone."""
    if not (found := {each.line: each for each in comments_of(text)}):
        return text
    kept = []
    for number, line in enumerate(BREAK.split(text), 1):
        rest = line[: found[number].column].rstrip() if number in found else line
        if rest or number not in found:
            kept.append(rest)
    return "\n".join(kept)


def head_of(text: str) -> list[str]:
    """The comments that stand before the rows and apart from them, such as the one that names a schema."""
    head, apart, _ = text.partition("\n\n")
    lines = head.split("\n")
    return lines[1:] if apart and all(line.startswith("#") for line in lines) else []
