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
_RELEASED = re.compile(
    _SUBJECT + r"\s+was\s+(?:first\s+|originally\s+)?released\s+(?:in|on)\s+"
    r"(?:(January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?:\s+\d{1,2},?)?,?\s+)?((?:19|20)\d{2})\b",
    re.IGNORECASE,
)
_MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


def facts_in(document: Document, page: Page, reader: str) -> Iterator[Fact]:
    """Each kind of fact at most once, from the first plain sentence about this dataset."""
    seen: set[FactKey] = set()
    for block in page.blocks:
        if block.kind in (Kind.CODE, Kind.HEADING, Kind.ROW):
            continue
        if section_of(block.path) is Section.SKIP:
            continue
        flow = flow_of(page.plain, block.start, block.end)
        for first, last in flow.sentences():
            for key, value in _stated(flow.text[first:last]):
                if key in seen:
                    continue
                seen.add(key)
                span = (flow.outward(first), flow.outward(last - 1) + 1)
                yield _fact(document, key, value, span, reader)


def _stated(sentence: str) -> Iterator[tuple[FactKey, str]]:
    if match := _LICENCE.search(sentence):
        yield FactKey.LICENCE, " ".join(match[1].split())
    if match := _SIZE.search(sentence):
        yield FactKey.SIZE, " ".join(match[1].split())
    if match := _RELEASED.search(sentence):
        month = f"-{_MONTHS.index(match[1].casefold()) + 1:02d}" if match[1] else ""
        yield FactKey.RELEASED, match[2] + month


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
