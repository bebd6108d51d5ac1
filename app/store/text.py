"""Text as people type it, brought to one form: keys of names, and words for the search."""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import Any

import Stemmer

MOST_WORDS = 12
"""Words of a search; more would make a question that no record answers."""

ALIKE = {"interleukin": "il", "interleukins": "il"}
"""Words that stand for one another."""

STEMMER = Stemmer.Stemmer("english")
STEMMING = Lock()  # the stemmer keeps the word it works on
RUN = re.compile(r"[a-z0-9]+")
HYPHEN = re.compile(r"(?<=[a-z0-9])-(?=[a-z0-9])")
SIGNS = "\u2122\u00ae\u2120"  # of trade marks
HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"

Word = list[tuple[str, ...]]
"""A word of a query: any of its alternatives, each of terms that must all be there; `x*` begins with x."""


def fold(text: str) -> str:
    """Lower case without accents, Greek letters by name, every other foreign letter by number: ASCII."""
    lower = text.lower()
    return lower if lower.isascii() and lower.isprintable() else "".join(map(fold_character, lower))


@lru_cache(maxsize=4096)
def fold_character(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " "
    if character in HYPHENS:
        return "-"
    if character in SIGNS:
        return " "
    if character == "\u00df":
        return "ss"
    name = unicodedata.name(character, "")
    if greek := re.fullmatch(r"GREEK (?:SMALL|CAPITAL) (?:LETTER )?(?:FINAL )?([A-Z]+)(?: WITH .*)?", name):
        return greek[1].lower()
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each)
    )
    if plain != character:
        return "".join(map(fold_character, plain.lower()))
    return f"u{ord(character):x}" if character.isalnum() else " "


def lower_ascii(text: str) -> str:
    """A text as filters compare it: without regard to the case of ASCII letters."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def plain(value: Any) -> str:
    """A value as JSON would write it, as a key."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def squeeze(text: str) -> str:
    """The key of a name: letters and digits alone, so that `CNTO 328`, `cnto-328` and `CNTO328` are one."""
    return "".join(RUN.findall(fold(text)))


def parts(text: str) -> list[list[str]]:
    """The words of a text, each as the parts that hyphens join: `anti-IL-6 drug` is [[anti, il6], [drug]]."""
    joined = HYPHEN.sub("\0", fold(text))
    groups = (RUN.findall(group) for group in re.split(r"[^a-z0-9\0]+", joined))
    return [merge([ALIKE.get(part, part) for part in group]) for group in groups if group]


def merge(words: list[str]) -> list[str]:
    """Letters and the number behind them are one word: [anti, il, 6r] is [anti, il6r]."""
    merged: list[str] = []
    for word in words:
        if merged and merged[-1].isalpha() and word[0].isdigit():
            word = merged.pop() + word
        merged.append(word)
    return merged


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of an English word, the same for British and American spelling."""
    if len(word) < 4 or not word.isalpha():
        return word
    word = word.replace("ae", "e").replace("oe", "e")
    word = re.sub(r"our(s|al|ous)?$", r"or\1", word)
    word = re.sub(r"is(e|ed|es|ing|ation|ations)$", r"iz\1", word)
    with STEMMING:
        return str(STEMMER.stemWord(word))


@lru_cache(maxsize=16384)
def index_words(text: str) -> frozenset[str]:
    """All terms under which a text is found: words, their stems, what hyphens or `il 6` would make one, and
    the letters before a number, so that `jak` finds JAK1."""
    groups = parts(text)
    words = {word for group in groups for word in group} | {"".join(group) for group in groups}
    words.update(joined(groups))
    words.update(family[0] for word in list(words) if (family := re.match(r"[a-z]{2,}(?=\d)", word)))
    return frozenset(words | {stem(word) for word in words})


def joined(groups: list[list[str]]) -> list[str]:
    """What neighbours would make if they were one word, as in `il 6`."""
    return [
        left[-1] + right[0]
        for left, right in pairwise(groups)
        if left[-1].isalpha() and right[0][0].isdigit()
    ]


def joins(query: str) -> list[str]:
    """The words that neighbours in a query may make; whoever knows names says which of them are known."""
    return joined(parts(query))


def query_words(query: str, known: Collection[str]) -> list[Word]:
    """What a record must hold to be found; neighbours that make a known name together are one word."""
    groups: list[list[str]] = []
    for group in parts(query):
        if groups and joined([groups[-1], group]) and groups[-1][-1] + group[0] in known:
            group = [*groups[-1][:-1], groups.pop()[-1] + group[0], *group[1:]]
        groups.append(group)
    words = [
        [tuple(map(stem, group))] if len(group) == 1 else [(stem("".join(group)),), tuple(map(stem, group))]
        for group in groups
    ]
    if words and query.rstrip().endswith("*"):
        last = groups[-1]
        words[-1] = [(f"{''.join(last)}*",), (*map(stem, last[:-1]), f"{last[-1]}*")]
    return [word for number, word in enumerate(words) if word not in words[:number]]
