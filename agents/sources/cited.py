"""Which arXiv papers a card calls its own, told apart from those it merely mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_OWN_PAPERS: Final = 3

ARXIV_ID: Final = r"(?:\d{4}\.\d{4,5}|[a-z-]{2,12}(?:\.[A-Z]{2})?/\d{7})"
_WRITTEN = re.compile(
    rf"(?:arxiv\.org/(?:abs|pdf|html)/|arxiv[:.\s]\s?|huggingface\.co/papers/|hf\.co/papers/)({ARXIV_ID})(?:v\d+)?(?!\d)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"(?<![\d.])({ARXIV_ID})(?:v\d+)?(?![\d.])")
# A line that introduces the paper: `- **Paper:** ...`, `[Paper](...)`, `arXiv: ...`.
_PAPER_LINE = re.compile(
    r"^[^\w\n]{0,20}(?:our |the |link to |read the |full )?"
    r"(?:paper|papers|arxiv|publication|preprint|(?:technical|tech) report)\b",
    re.IGNORECASE,
)
_BADGE_OR_LINK = re.compile(r"\[[^\[\]\n]{0,20}(?:paper|arxiv)[^\[\]\n]{0,20}\]", re.IGNORECASE)
_BIB_ENTRY = re.compile(r"^[ \t]*@[A-Za-z]+\s*\{", re.MULTILINE)
_BIB_FIELD = re.compile(
    r"^[ \t]*,?[ \t]*(?:eprint|url|journal|doi|note|volume)\s*=[^\n]*", re.MULTILINE | re.IGNORECASE
)
_HEADER_KEYS: Final = ("arxiv", "arxiv_id", "paper", "paper_url", "papers", "paper_link")


@dataclass(frozen=True)
class Cited:
    """An arXiv id, where it is written (None: in metadata only), and why it is the card's own."""

    arxiv: str
    why: str
    start: int | None = None
    end: int | None = None


def own_papers(text: str, metadata: Mapping[str, Any]) -> tuple[tuple[Cited, ...], tuple[str, ...]]:
    """The card's own papers, at most three, the surest first; and the other arXiv ids.

    Own are: header keys such as `arxiv`; lines that begin with Paper, or link the word;
    the first BibTeX entry; the Hub's `arxiv:` tag where it gives one only (the Hub tags
    every arXiv link of a card).
    """
    own: dict[str, Cited] = {}
    for cited in (*_in_header(metadata), *_in_lines(text), *_in_first_entry(text)):
        own.setdefault(cited.arxiv, cited)
    tags = _tags(metadata)
    if len(tags) == 1:
        own.setdefault(tags[0], Cited(tags[0], "the only arXiv tag on the Hub"))
    kept = tuple(own.values())[:MAX_OWN_PAPERS]
    names = {one.arxiv for one in kept}
    mentioned = [*own, *tags, *(match[1] for match in _WRITTEN.finditer(text))]
    return kept, tuple(one for one in dict.fromkeys(mentioned) if one not in names)


def _in_header(metadata: Mapping[str, Any]) -> Iterable[Cited]:
    for key in _HEADER_KEYS:
        value = metadata.get(key)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and (match := _WRITTEN.search(one) or _ALONE.search(one)):
                yield Cited(match[1], f"header key {key}")


def _in_lines(text: str) -> Iterable[Cited]:
    for match in _WRITTEN.finditer(text):
        reach = max(0, match.start() - 600)
        before = text[max(reach, text.rfind("\n", reach, match.start()) + 1) : match.start()]
        if _PAPER_LINE.match(before) or (
            len(before) < 300 and _BADGE_OR_LINK.search(before[before.rfind("](") - 60 :])
        ):
            yield Cited(match[1], "the card's paper line", match.start(1), match.end(1))


def _in_first_entry(text: str) -> Iterable[Cited]:
    entry = _BIB_ENTRY.search(text)
    if entry is None:
        return
    following = _BIB_ENTRY.search(text, entry.end())
    end = min(following.start() if following else len(text), entry.end() + 5_000)
    for field in _BIB_FIELD.finditer(text, entry.end(), end):
        for pattern in (_WRITTEN, _ALONE):
            if match := pattern.search(text, field.start(), field.end()):
                yield Cited(match[1], "its BibTeX entry", match.start(1), match.end(1))
                break


def _tags(metadata: Mapping[str, Any]) -> list[str]:
    hub = metadata.get("_hub")
    tags = hub.get("tags") if isinstance(hub, Mapping) else None
    tags = tags if isinstance(tags, list | tuple) else ()
    found = [str(tag)[len("arxiv:") :] for tag in tags if str(tag).startswith("arxiv:")]
    return [one for one in dict.fromkeys(found) if re.fullmatch(ARXIV_ID, one)]


def month_of(arxiv: str) -> str | None:
    """The month in which a paper of this id was first sent to arXiv, `YYYY-MM`.

    Identifiers since April 2007 begin with year and month (arXiv identifier scheme); None
    for the older form.

    >>> month_of("2304.12244"), month_of("hep-th/9901001")
    ('2023-04', None)
    """
    if not re.match(r"[0-9]{4}\.", arxiv) or not 1 <= int(arxiv[2:4]) <= 12 or arxiv < "0704":
        return None
    return f"20{arxiv[:2]}-{arxiv[2:4]}"
