"""Facts about the described dataset that its prose states: licence, size, release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agents.reading.blocks import Kind, Page
from agents.reading.sections import Section, section_of
from agents.reading.sentences import flow_of
from lineage.model import Document, Evidence, Fact, FactKey, Method

STATED: Final = 0.75
"""Confidence of a fact in a sentence about "this dataset"; the header says it better."""

_SUBJECT = r"\b(?:this|the|our)\s+(?:[\w-]+\s+){0,3}?(?:data ?set|corpus|data|benchmark|collection)"
_LICENCE = re.compile(
    _SUBJECT
    + r"\s+(?:is|are)\s+(?:also\s+)?(?:licen[cs]ed|released|distributed|available|provided|"
    r"published|shared)\s+(?:publicly\s+|freely\s+)?under\s+(?:the\s+|an?\s+)?"
    r"((?:CC[- ]?(?:BY|0)[\w .-]{0,20}?\d\.\d|CC[- ]BY[-\w]{0,9}|CC0(?:[- ]1\.0)?|MIT|"
    r"Apache(?:[- ]?(?:License)?,?[- ]?(?:Version)?[- ]?2(?:\.0)?)?|ODC-By(?:[- ]1\.0)?|"
    r"GPL[-v ]*[\d.]*|BSD[\w -]{0,12}|Creative Commons [\w -]{3,60}?(?:\d\.\d|License)))\b",
    re.IGNORECASE,
)
_SIZE = re.compile(
    _SUBJECT + r"\s+(?:consists\s+of|contains|comprises|includes|has)\s+(?:a\s+total\s+of\s+|"
    r"approximately\s+|about\s+|around\s+|over\s+|more\s+than\s+)?"
    r"(\d[\d,.]*\s?(?:k|m|b|million|billion|thousand)?\s+(?:[\w-]+\s+){0,3}?(?:examples|samples|rows|"
    r"instances|questions|problems|pairs|documents|sentences|images|records|entries|tokens|"
    r"instructions|conversations|articles|dialogues|utterances))\b",
    re.IGNORECASE,
)
_MONTH = (
    r"(jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|may|june?|july?|aug(?:ust|\.)?|"
    r"sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"
)
_DATE = (
    r"(?:(?P<iso>(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))|"
    rf"(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?P<month>{_MONTH})"
    r"(?:\s+(?P<behind>\d{1,2})(?:st|nd|rd|th)?(?!\d),?)?,?\s+(?P<year>(?:19|20)\d{2})\b|"
    r"(?P<only>(?:19|20)\d{2})\b)"
)
_OUT = (
    r"(?:released|published|uploaded|posted|launched|"
    r"made\s+(?:public(?:ly\s+available)?|available))"
)
_FIRST = r"(?:first\s+|originally\s+|initially\s+|publicly\s+)?"
_MADE = r"(?:generated|collected|created|compiled|annotated|built|made|scraped)"
_ON = r"\W{0,4}\s*(?:in|on|at)?\s*"
_RELEASED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_SUBJECT}\s+(?:was|were|has\s+been)\s+{_FIRST}{_OUT}{_ON}{_DATE}",
        rf"^[\W_]*{_FIRST}{_OUT}{_ON}{_DATE}",
        rf"^[\W_]*{_MADE}\b[^.;]{{0,40}}[,;]\s+{_FIRST}{_OUT}{_ON}{_DATE}",
        rf"^[\W_]*{_FIRST}release(?:d|\s+date)?\W{{1,8}}{_DATE}",
        rf"^\W*{_DATE}\W{{1,8}}(?:first|initial|original)\s+(?:release|version)\b",
    )
)
"""`Released March 2024`, `First published on 12 May 2023`, `2024-05-14: first version`."""

_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


def facts_in(document: Document, page: Page, reader: str) -> Iterator[Fact]:
    """Each kind of fact at most once, from the first plain sentence about this dataset."""
    seen: set[FactKey] = set()
    for block in page.blocks:
        if block.kind in (Kind.CODE, Kind.HEADING):
            continue
        if section_of(block.path) is Section.SKIP:
            continue
        flow = flow_of(page.plain, block.start, block.end)
        for first, last in flow.sentences():
            for key, value in _stated(flow.text[first:last]):
                if key in seen or (block.kind is Kind.ROW and key is not FactKey.RELEASED):
                    continue
                seen.add(key)
                span = (flow.outward(first), flow.outward(last - 1) + 1)
                yield _fact(document, key, value, span, reader)


def _stated(sentence: str) -> Iterator[tuple[FactKey, str]]:
    if "under" in sentence and (match := _LICENCE.search(sentence)):
        yield FactKey.LICENCE, " ".join(match[1].split())
    if not _DIGIT.search(sentence):
        return
    if match := _SIZE.search(sentence):
        yield FactKey.SIZE, " ".join(match[1].split())
    if _YEAR.search(sentence) and (value := _released(sentence)):
        yield FactKey.RELEASED, value


def _released(sentence: str) -> str | None:
    """The date of release as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; None where none is stated."""
    found = next((m for pattern in _RELEASED if (m := pattern.search(sentence))), None)
    if found is None:
        return None
    if whole := found["iso"] or found["only"]:
        return whole
    month = f"{found['year']}-{_MONTHS.index(found['month'][:3].casefold()) + 1:02d}"
    day = found["before"] or found["behind"]
    if day is None:
        return month
    return f"{month}-{int(day):02d}" if 1 <= int(day) <= 31 else None


def _fact(document: Document, key: FactKey, value: str, span: tuple[int, int], reader: str) -> Fact:
    start, end = span
    end = min(end, start + 600)
    return Fact(
        dataset=document.dataset,
        key=key,
        value=value[:200],
        evidence=Evidence(
            document=document.id,
            sha256=document.sha256,
            kind=document.kind,
            quote=document.text[start:end],
            start=start,
            end=end,
            location=document.location(start),
            method=Method.RULES,
            reader=reader,
            confidence=STATED,
            found_at=document.fetched_at,
        ),
    )
