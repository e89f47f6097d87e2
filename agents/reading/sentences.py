"""A block's words with white space squeezed, cut into sentences, each place traceable."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_SENTENCE: Final = 1_000
"""Longer ones are no sentences (a page without stops); work on one is not linear in it."""

_BREAK = re.compile(r"(?<=[.!?])[\"'”)\]]?\s+(?=[\"'“(\[*]?[A-Z0-9一-鿿])|(?<=[。！？；])")
_ABBREVIATED: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|vs|cf|fig|sec|no|approx|resp|dr|prof|etc|inc|st|al|[A-Z])\.)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Flow:
    """Squeezed text of one block; `words[i]` stands at `places[i]` of it and `origins[i]`
    of the document.
    """

    text: str
    places: tuple[int, ...]
    origins: tuple[int, ...]

    def inward(self, offset: int) -> int:
        """Offset in the squeezed text of an offset in the document."""
        index = max(0, bisect_right(self.origins, offset) - 1)
        return min(len(self.text), self.places[index] + offset - self.origins[index])

    def outward(self, offset: int) -> int:
        """Offset in the document of an offset in the squeezed text."""
        index = max(0, bisect_right(self.places, offset) - 1)
        return self.origins[index] + offset - self.places[index]

    def sentences(self) -> list[tuple[int, int]]:
        """Spans of the sentences in the squeezed text."""
        spans, start = [], 0
        for match in _BREAK.finditer(self.text):
            if _ABBREVIATED.search(self.text, max(start, match.start() - 8), match.start()):
                continue
            spans.append((start, match.start()))
            start = match.end()
        spans.append((start, len(self.text)))
        return [piece for a, b in spans if b > a for piece in self._cut(a, b)]

    def _cut(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The span in pieces of at most `MAX_SENTENCE`, cut between words."""
        while end - start > MAX_SENTENCE:
            stop = self.text.rfind(" ", start + 1, start + MAX_SENTENCE)
            stop = stop if stop > start else start + MAX_SENTENCE
            yield start, stop
            start = stop
        if end > start:
            yield start, end


_WORDS = re.compile(r"\S+")
_UNEVEN = re.compile(r"\s\s|[^\S ]")


def flow_of(plain: str, start: int, end: int) -> Flow:
    """The flow of `plain[start:end]`."""
    piece = plain[start:end]
    text = piece.strip()
    if not _UNEVEN.search(text):  # nothing to squeeze, as in most blocks of one line
        return Flow(text, (0,), (start + len(piece) - len(piece.lstrip()) if text else start,))
    words, places, origins, at = [], [], [], 0
    for match in _WORDS.finditer(plain, start, end):
        words.append(match[0])
        places.append(at)
        origins.append(match.start())
        at += len(match[0]) + 1
    return Flow(" ".join(words), tuple(places), tuple(origins))
