"""What can go wrong with a question, as plain exceptions; faces say it in their own terms."""

from collections.abc import Sequence

from pydantic import BaseModel


class Suggestion(BaseModel):
    """A record that was probably meant."""

    kind: str
    id: str
    name: str


class Candidate(Suggestion):
    """A record that a term may stand for, and which of its names the term is."""

    matched_on: str


class AtlasError(Exception):
    """A question that cannot be answered; its text says why."""

    @property
    def detail(self) -> str:
        return str(self)


class RecordNotFound(AtlasError):
    """The collection holds no record of that name."""

    def __init__(self, detail: str, suggestions: Sequence[Suggestion] = ()) -> None:
        super().__init__(detail)
        self.suggestions = list(suggestions)


class AmbiguousName(AtlasError):
    """The name stands for several records."""

    def __init__(self, detail: str, candidates: Sequence[Candidate] = ()) -> None:
        super().__init__(detail)
        self.candidates = list(candidates)


class InvalidParameter(AtlasError):
    """A parameter of a question cannot be used; `kind` is the machine-readable reason."""

    def __init__(self, name: str, message: str, kind: str = "value_error") -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.kind = kind


class NoRelease(AtlasError):
    """No release of the data can be read."""


def nearest(word: str, choices: Sequence[str]) -> str | None:
    """The choice that was probably meant by a misspelt word, if it is a slip or two away from one.

    A slip is a letter too many, too few, wrong or swapped with its neighbour; four letters have room for one.
    """
    from rapidfuzz import process  # what is wrong alone needs it
    from rapidfuzz.distance import OSA

    asked = word.lower()[:100]
    folded = [choice.lower() for choice in choices]
    most = max(1, len(asked) // 4) if len(asked) > 2 else 0
    found = process.extractOne(asked, folded, scorer=OSA.distance, score_cutoff=most)
    return choices[found[2]] if found else None
