"""What was computed from a release is remembered: a release never changes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST = 5_000
"""Questions whose answers are remembered; of more, the longest unasked is forgotten."""

Answer = TypeVar("Answer")


class Memory:
    """What was computed from a release, by question; another release forgets all of it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._digest: str | None = None
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()

    def remember(self, digest: str, question: Hashable, compute: Callable[[], Answer]) -> Answer:
        """The answer to a question; it is computed unless it was asked of this release before."""
        with self._lock:
            if digest == self._digest and question in self._answers:
                self._answers.move_to_end(question)
                known: Answer = self._answers[question]
                return known
        answer = compute()
        with self._lock:
            if digest != self._digest:
                self._digest, self._answers = digest, OrderedDict()
            self._answers[question] = answer
            while len(self._answers) > MOST:
                self._answers.popitem(last=False)
        return answer
