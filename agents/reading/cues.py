"""All cues together: finding them in a sentence, and the relation that its words point to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from agents.reading.contrast import (
    COMPARISON,
    EVALUATION,
    EXCEPTION,
    FORMAL,
    INSPIRATION,
    OVERLAP,
    REMOVAL,
    SEE,
    SPARED,
    TAKEN_OUT,
    TRAINING,
)
from agents.reading.cue import Cue, Hit, Side, Strength
from agents.reading.inclusion import INCLUSION
from agents.reading.openings import word_heads
from lineage.model import Relation

__all__ = [
    "ADJACENT",
    "EXCEPTION",
    "FORMAL",
    "INCLUSION",
    "OVERLAP",
    "SEE",
    "SOFTWARE",
    "SPARED",
    "TAKEN_OUT",
    "Cue",
    "Hit",
    "Side",
    "Strength",
    "hits",
    "relation_in",
]


ALL: Final = REMOVAL + COMPARISON + EVALUATION + INSPIRATION + TRAINING + INCLUSION

SOFTWARE: Final = re.compile(
    r"\b(?:code|codebase|implementation|scripts?|repo|repository|framework|library|package|"
    r"tokenizer|models?|results?|this work|project|training|inference)\b[^.;:]{0,140}?"
    r"\b(?:is|are|was|were|based|built|adapted|borrowed|forked|builds|supported|modified|from|on)\b",
    re.IGNORECASE,
)
"""A sentence about software or models rather than data."""

_RELATION_WORDS: Final = (
    (re.compile(r"\btranslat|翻译", re.IGNORECASE), Relation.TRANSLATION),
    (
        re.compile(
            r"\b(?:re-?generat|distill|new responses|responses? (?:\w+ ){0,4}?by)|蒸馏",
            re.IGNORECASE,
        ),
        Relation.REGENERATION,
    ),
    (
        re.compile(
            r"\b(?:synthe|bootstrap|self-instruct|seeded|seed\s+(?:tasks?|sets?|prompts?|questions?|"
            r"instructions?|data|examples?|problems?|documents?|texts?)|as\s+(?:a\s+)?seeds?\b|"
            r"generated\s+(?:\w+\s+){0,3}?from)",
            re.IGNORECASE,
        ),
        Relation.SYNTHESIS,
    ),
    (
        re.compile(
            r"\b(?:filter|clean|dedup|curat|prun|decontaminat|remov|exclud|discard)|过滤|清洗",
            re.IGNORECASE,
        ),
        Relation.FILTERING,
    ),
    (
        re.compile(
            r"\b(?:paraphras|rephras|rewrit|augment|evol|perturb|modif|extend|extension)|改写",
            re.IGNORECASE,
        ),
        Relation.REWRITING,
    ),
    (
        re.compile(
            r"\b(?:annotat|label|scored|rated|ratings|tagged|with\s+(?:[\w-]+\s+){0,3}?(?:scores?|"
            r"judg[e]?ments|rationales|tags)\b)|标注",
            re.IGNORECASE,
        ),
        Relation.ANNOTATION,
    ),
    (
        re.compile(r"\b(?:convert|format|mirror|copy|port(?:ed)?\b|dump)", re.IGNORECASE),
        Relation.COPY,
    ),
    (
        re.compile(
            r"\b(?:subset|sub-?sampl|sample|portion|selected|fraction|splits?\s+(?:of|from))|子集",
            re.IGNORECASE,
        ),
        Relation.SUBSET,
    ),
    (
        re.compile(
            r"\b(?:mix|combin|merg|aggregat|blend|union|consist|compris|collection|various|"
            r"multiple|several)|混合|融合|整合",
            re.IGNORECASE,
        ),
        Relation.MIXTURE,
    ),
)


ADJACENT: Final = tuple(cue for cue in ALL if cue.pattern.pattern.startswith("^"))
"""Cues that count right behind a name only: `X-based`, `X scores`."""
_FREE: Final = tuple(cue for cue in ALL if not cue.pattern.pattern.startswith("^"))
_LATIN: Final = re.compile("[a-z]{2}")
_UNFILTERED: Final = [place for place, cue in enumerate(_FREE) if cue.openings is None]
_ANYHOW: Final = tuple(p for p in _UNFILTERED if _LATIN.search(_FREE[p].pattern.pattern))
_FOREIGN: Final = tuple(p for p in _UNFILTERED if p not in _ANYHOW)  # Chinese, Japanese
_BY_HEAD: Final = {
    head: tuple(p for p, cue in enumerate(_FREE) if head in (cue.openings or ()))
    for head in sorted({head for cue in _FREE for head in cue.openings or ()})
}
"""Places in `_FREE` of the cues that a word with these first letters can begin."""


def hits(sentence: str, cues: tuple[Cue, ...] | None = None) -> tuple[Hit, ...]:
    """Every free-standing cue in the sentence, in order of its end; of `cues`, where given."""
    return _all_hits(sentence) if cues is None else _hits(sentence, cues)


@lru_cache(maxsize=1024)
def _all_hits(sentence: str) -> tuple[Hit, ...]:
    """Cached, for the lead of a list is asked about once for each of its items."""
    places = set(_ANYHOW if sentence.isascii() else _ANYHOW + _FOREIGN)
    for head in word_heads(sentence):
        places.update(_BY_HEAD.get(head, ()))
    return _hits(sentence, tuple(_FREE[place] for place in sorted(places)))


def _hits(sentence: str, cues: tuple[Cue, ...]) -> tuple[Hit, ...]:
    found = [
        Hit(match.start(), match.end(), cue)
        for cue in cues
        for match in cue.pattern.finditer(sentence)
    ]
    return tuple(sorted(found, key=lambda hit: (hit.end, hit.start)))


def relation_in(words: str, otherwise: Relation, said: str = "") -> Relation:
    """The relation that the words around a general cue (`from`, `based on`) point to; what
    is `said` by the cue itself comes first.
    """
    if otherwise is not Relation.DERIVATION:
        return otherwise
    for text in (said, words):
        for pattern, relation in _RELATION_WORDS if text else ():
            if pattern.search(text):
                return relation
    return otherwise
