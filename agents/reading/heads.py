"""The name at the head of an item, a cell or a heading, by where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from agents.reading.blocks import Page
from agents.reading.mention import Mention, Sure
from agents.reading.words import COMMON, LANGUAGES, MODEL, NEVER, PLATFORM, TOOL, trimmed
from lineage.model import NodeKind
from lineage.registry import Registry

_LONGEST: Final = 80  # characters of a head; a longer one is a sentence
_ENDS = re.compile(
    r"\s*(?:[:：;,，、→|]|\s[-–—=]{1,2}\s|\s[-–—]\w|[(（\[]|\n|\s(?:by|from|with|for|is|are|was|were)\s"
    r"|\.(?:\s|$)|$)"
)
_BEFORE = re.compile(
    r"[\s\"'“”`*_>•·]*(?:[~≈]?[\d.,]+\s?(?:%|k|m|b|million|thousand|billion|gb|mb)?\b\s*"
    r"(?:\w+\s+)?(?:of|from|in)\s+)?(?:the\s+|original\s+|our\s+version\s+of\s+)*",
    re.IGNORECASE,
)
_SMALL: Final = frozenset({"of", "the", "and", "for", "in"})
_OURS = re.compile(r"\bours?\b|\bin-house\b", re.IGNORECASE)
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_SHAPED = re.compile(r"[a-z][A-Z]|[A-Z]{3}|[A-Za-z]{2}[-_]?\d|\d[A-Z][a-z]")
_MOST_WORDS: Final = 4
_CITED = re.compile(r"\s*[(\[][^()\[\]]{0,60}?(?:19|20)\d{2}[a-z]?[)\]]|\s*\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Head:
    """A head and what speaks for it: `titled` where it may as well be a common word or a
    topic, `bold` where it is bold or in code font, `sourced` where a citation or link follows.
    """

    mention: Mention
    titled: bool
    bold: bool
    sourced: bool = False


def head_of(page: Page, start: int, end: int, registry: Registry) -> Head | None:
    """What `start:end` begins with, if that may be a name; its end is the first colon,
    bracket, dash or verb behind it.
    """
    skipped = _BEFORE.match(page.plain, start, end)
    first = skipped.end() if skipped else start
    stop = _ENDS.search(page.plain, first, min(end, first + _LONGEST))
    if stop is None or stop.start() <= first:
        return None
    left, right = trimmed(page.plain[first : stop.start()])
    name = page.plain[first + left : first + right]
    first, last = first + left, first + right
    if not name or name != page.text[first:last] or NEVER.search(name):
        return None
    short = len(name) < 3 and not (name.isupper() and registry.exact(name) is not None)
    if short or name.casefold() in LANGUAGES or TOOL.search(name):
        return None
    if _OURS.search(page.plain, skipped.start() if skipped else start, last + 12):
        return None
    entry = registry.exact(name, words=True)
    apart = page.is_bold(first) or page.in_code(first, last)
    if entry is not None:
        if entry.kind is NodeKind.MODEL or PLATFORM.search(entry.id):
            return None
        plain = entry if registry.exact(name) is entry and not name.islower() else None
        mention = Mention(first, last, name, Sure.KNOWN, entry.kind, entry, None, marked=True)
        return Head(mention, titled=plain is None, bold=apart)
    if MODEL.match(name):
        return None
    words = name.split()
    shaped = _SNAKE.fullmatch(name) is not None or (
        any(_SHAPED.search(word) for word in words)
        and all(word[:1].isupper() or word[:1].isdigit() for word in words)
        and len(words) <= _MOST_WORDS
    )
    titled = (
        all(w[0].isupper() or w[0].isdigit() or w in _SMALL for w in words)
        and words[-1].casefold().strip(".,'’") not in COMMON
        and len(words) <= _MOST_WORDS
    )
    if not shaped and not titled:
        return None
    cited = _CITED.match(page.plain, last) is not None
    linked = any(link.start >= last for link in page.links_in(last, min(end, last + 12)))
    mention = Mention(first, last, name, Sure.NAMED, None, None, None, marked=True)
    return Head(mention, titled=not shaped, bold=apart, sourced=cited or linked)
