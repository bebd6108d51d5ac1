"""Text as people type it, brought to one form: keys of names, and words for the search."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import Any

import Stemmer

MOST_WORDS = 100
"""Words of a search: enough for every title of 500 characters."""

STOP = frozenset(
    re.findall(
        "[a-z]+",
        """
        a about all am an and any are as at be been being but by can could did do does for from had
        has have how if in into is it its may me might my of on or our should so such tell
        than that the their them then there these they this those to was we were what when where
        whether which while who whom whose why will with would you your
        """,
    )
)
"""Words of a question that no record needs, unless in capitals: ALL and WHO are names."""

TUMOUR = "(?:cancer|carcinoma|neoplasm|tumou?r|malignanc(?:y|ies))s?"
IS_TUMOUR = re.compile(TUMOUR)
"""Words for one thing behind the name of an organ."""

STEMMER = Stemmer.Stemmer("english")
STEMMING = Lock()  # the stemmer keeps the word it works on
LETTERS = "abcdefghijklmnopqrstuvwxyz"
RUN = re.compile(r"[a-z0-9]+")
HYPHEN = re.compile(r"(?<=[a-z0-9])-(?=[a-z0-9])")
SIGNS = "\u2122\u00ae\u2120"  # of trade marks
GREEK = "alpha|beta|gamma|delta|epsilon|zeta|theta|kappa|lambda|sigma|omega"
IS_GREEK = re.compile(rf"(?:{GREEK})\d*")
GREEK_LETTER = re.compile("(?<=[^\\W_])(?=[\u0391-\u03c9])|(?<=[\u0391-\u03c9])(?=[^\\W_])")
GREEK_BEHIND = re.compile(rf"([a-z0-9]{{2,}}?)({GREEK})([a-z]?\d*)")
INTERLEUKIN = re.compile(r"interleukins?(\d.*)?")
PHOSPHO = re.compile(r"phospho([a-z]+\d\w*)")
POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b", re.IGNORECASE)
CITED = re.compile(r",?\s+et\s+al\b\.?,?", re.IGNORECASE)
"""What stands between author and year where a paper is cited."""
UMLAUTS = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00f8": "oe", "\u00e5": "aa"})
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
    if latin := re.fullmatch(
        r"LATIN \w+ (?:LETTER|LIGATURE) (?:DOTLESS )?([A-Z]{1,2})(?: WITH STROKE)?", name
    ):
        return latin[1].lower()
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


@lru_cache(maxsize=512)
def parts(text: str) -> tuple[tuple[str, ...], ...]:
    """The words of a text, each as the parts that hyphens join: `anti-IL-6 drug` is anti, il6; drug."""
    spelt = POSSESSIVE.sub("", text)
    folded = fold(spelt if spelt.isascii() else GREEK_LETTER.sub("-", spelt))
    groups = (RUN.findall(group) for group in re.split(r"[^a-z0-9\0]+", HYPHEN.sub("\0", folded)))
    words = [
        merge([part for run in group for part in in_parts(run, len(group))]) for group in groups if group
    ]
    return tuple(map(tuple, attach(words)))


def in_parts(run: str, beside: int) -> list[str]:
    """The parts of a word that are often joined by a hyphen: `TNFalpha` is [tnf, alpha]."""
    if interleukin := INTERLEUKIN.fullmatch(run):
        return [f"il{interleukin[1] or ''}"]
    if phospho := PHOSPHO.fullmatch(run):
        return ["p", phospho[1]]
    if greek := GREEK_BEHIND.fullmatch(run):
        return [part for part in greek.groups() if part]
    return ["p"] if run == "phospho" and beside > 1 else [run]


def attach(groups: list[list[str]]) -> list[list[str]]:
    """Put what belongs to a symbol behind it, where it is written apart: `NF kappa B` is [nf, kappa, b]."""
    attached: list[list[str]] = []
    for group in groups:
        before = attached[-1] if attached else [""]
        symbol = len(before[-1]) <= 5 and before[-1] not in STOP
        short = len(group) == 1 and len(group[0]) == 1 and len(before) > 1
        if (
            (IS_GREEK.fullmatch(group[0]) and before[-1] and symbol)
            or (short and IS_GREEK.fullmatch(before[-1]))
            or (before[-1] == "il" and group[0][0].isdigit())
        ):
            attached[-1] = merge([*before, *group])
        else:
            attached.append(group)
    return attached


def merge(words: list[str]) -> list[str]:
    """Letters and the number behind them are one word: [anti, il, 6r] is [anti, il6r]."""
    merged: list[str] = []
    for word in words:
        if merged and merged[-1].isalpha() and word[0].isdigit():
            word = merged.pop() + word
        merged.append(word)
    return merged


SPELLINGS = [
    (re.compile(pattern), form)
    for pattern, form in (
        ("[ao]e", "e"),  # anaemia, oesophagus
        ("(?<=..)our", "or"),  # tumourigenesis
        ("(?<=[sx])is$", "e"),  # metastasis, metastases
        ("([bt])re(s|d)?$", r"\1er\2"),  # centre
        ("([iy])s(e|ed|es|ing|ation|ations)$", r"\1z\2"),  # polarise, analyse
        ("sulph", "sulf"),
        ("mme(s|d)?$", r"m\1"),  # programme
        ("logue(s?)$", r"log\1"),
        ("llment", "lment"),
        ("dgement", "dgment"),
        ("ageing$", "aging"),
        ("^pancreas$", "pancreatic"),
        ("^ovar(y|ies)$", "ovarian"),
        ("^cervix$", "cervical"),
        ("^rectum$", "rectal"),
        ("^endometrium$", "endometrial"),
        ("^uterus$", "uterine"),
        ("^testi(s|cles?)$", "testicular"),
        ("^esophagus$", "esophageal"),
        ("^(lar|phar)ynx$", r"\1yngeal"),
        ("^pleura$", "pleural"),
        ("^prostate$", "prostatic"),
    )
]
"""British spellings, Greek plurals and organs, brought to one form before the stem is taken."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of an English word, the same for British and American spelling."""
    if len(word) < 4 or not word.isalpha():
        return word
    for pattern, plain_form in SPELLINGS:
        word = pattern.sub(plain_form, word)
    with STEMMING:
        return str(STEMMER.stemWord(word))


@lru_cache(maxsize=16384)
def index_words(text: str) -> frozenset[str]:
    """All terms under which a text is found: words, their stems, what hyphens or `il 6` would make one, and
    the letters before a number, so that `jak` finds JAK1."""
    words = set(RUN.findall(fold(text)))
    for spelt in spellings(text):
        groups = parts(spelt)
        words |= {word for group in groups for word in group} | {"".join(group) for group in groups}
        words |= {"".join(abbreviated(group)) for group in groups}
        words.update(joined(groups))
    words.update(family[0] for word in list(words) if (family := re.match(r"[a-z]{2,}(?=\d)", word)))
    return frozenset(words | {stem(word) for word in words})


def spellings(text: str) -> list[str]:
    """A text as it is, and with the letters that stand for umlauts where they cannot be written."""
    written = text if text.isascii() else text.lower().translate(UMLAUTS)
    return [text] if text.isascii() or written == text.lower() else [text, written]


def abbreviated(group: Sequence[str]) -> list[str]:
    """Parts of a word with the first letter for a Greek one, as in `TNF-a`."""
    return [
        group[0],
        *(each[0] + each.lstrip(LETTERS) if IS_GREEK.fullmatch(each) else each for each in group[1:]),
    ]


def joined(groups: Iterable[Sequence[str]]) -> list[str]:
    """What neighbours would make if they were one word: `jak 1`, `T cell`, `phosphorylated STAT3`."""
    made = []
    for (*_, left), (right, *_) in pairwise(groups):
        if left.isalpha() and (right[0].isdigit() or len(left) == 1):
            made.append(left + right)
        if left == "phosphorylated" and not right.isalpha():
            made.append(f"p{right}")
    return made


def word_of(group: Sequence[str]) -> Word:
    """What a record must hold of one word of a query: its parts as one word, or each of them but letters."""
    alike = [(stem("".join(group)),), *apart(group), ("".join(abbreviated(group)),)]
    return list(dict.fromkeys(alike))


def apart(words: Sequence[str]) -> Word:
    """Words that may stand apart; of a letter beside a word, as in `p-STAT3`, that would say nothing."""
    is_letter = (len(each) == 1 and each.isalpha() for each in words)
    return [] if len(words) > 1 and any(is_letter) else [tuple(map(stem, words))]


def beginning_of(text: str) -> Word:
    """The same of a word of which the beginning was given."""
    groups = parts(text)
    if not groups:
        return []
    before = [each for group in groups[:-1] for each in group]
    return [
        (*map(stem, before), f"{''.join(groups[-1])}*"),
        (*map(stem, [*before, *groups[-1][:-1]]), f"{groups[-1][-1]}*"),
    ]


def sequence(text: str) -> str:
    """The words of a text in their order, as phrases are looked for in it."""
    return " ".join(stem(part) for group in parts(text) for part in group)


def phrase(text: str) -> str:
    """The key of a name whose words may be inflected, spelt otherwise, or joined in another way."""
    words = [part for group in parts(text) for part in group]
    return phrases(words, len(words)).get((0, len(words)), "")


def phrases(words: list[str], longest: int) -> dict[tuple[int, int], str]:
    """The keys of all sequences of neighbours among words, by their first place and the place behind them."""
    first = [stem(each) for each in words]
    later = ["cancer" if IS_TUMOUR.fullmatch(each) else stem(each) for each in abbreviated(["", *words])[1:]]
    found = {}
    for begin, key in enumerate(first):
        for end in range(begin + 1, min(begin + longest, len(words)) + 1):
            key = key if end == begin + 1 else key + later[end - 1]
            found[begin, end] = key
    return found
