"""All cues together: finding them in a sentence, and the relation that its words point to."""

from __future__ import annotations

import re
from typing import Final

from agents.reading.contrast import (
    COMPARISON,
    EVALUATION,
    INSPIRATION,
    REMOVAL,
    TEACHER,
    TRAINING,
)
from agents.reading.cue import Cue, Hit, Side, Strength
from agents.reading.inclusion import INCLUSION
from lineage.model import Relation

__all__ = [
    "ADJACENT",
    "INCLUSION",
    "NEGATION",
    "SOFTWARE",
    "TEACHING",
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

NEGATION: Final = re.compile(
    r"(?:\b(?:not|never|no\s+longer|neither|nor|isn't|wasn't|aren't|doesn't|don't|didn't|"
    r"does\s+not|do\s+not|did\s+not|cannot|without)\b(?:\s+\w+){0,3}|[不没未]\S{0,2})\s*$",
    re.IGNORECASE,
)

_RELATION_WORDS: Final = (
    (re.compile(r"\btranslat|翻译", re.IGNORECASE), Relation.TRANSLATION),
    (
        re.compile(
            r"\b(?:re-?generat|distill|new responses|responses? (?:\w+ ){0,4}?by)|蒸馏",
            re.IGNORECASE,
        ),
        Relation.REGENERATION,
    ),
    (re.compile(r"\b(?:synthe|bootstrap|seed|self-instruct)", re.IGNORECASE), Relation.SYNTHESIS),
    (
        re.compile(r"\b(?:filter|clean|dedup|curat|prun|decontaminat)|过滤|清洗", re.IGNORECASE),
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
        re.compile(r"\b(?:annotat|label|scor(?:ed|es)|rat(?:ed|ings)|tagged)|标注", re.IGNORECASE),
        Relation.ANNOTATION,
    ),
    (
        re.compile(r"\b(?:convert|format|mirror|copy|port(?:ed)?\b|dump)", re.IGNORECASE),
        Relation.COPY,
    ),
    (
        re.compile(
            r"\b(?:subset|sub-?sampl|sample|portion|split|selected|fraction)|子集", re.IGNORECASE
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


TEACHING: Final = tuple(cue for cue in TEACHER if not cue.pattern.pattern.startswith("^"))
ADJACENT: Final = tuple(cue for cue in ALL if cue.pattern.pattern.startswith("^"))
"""Cues that count right behind a name only: `X-based`, `X scores`."""
_FREE: Final = tuple(cue for cue in ALL if not cue.pattern.pattern.startswith("^"))


def hits(sentence: str, cues: tuple[Cue, ...] = _FREE) -> list[Hit]:
    """Every free-standing cue in the sentence, in order of its end."""
    found = [
        Hit(match.start(), match.end(), cue)
        for cue in cues
        for match in cue.pattern.finditer(sentence)
    ]
    return sorted(found, key=lambda hit: (hit.end, hit.start))


def relation_in(words: str, otherwise: Relation) -> Relation:
    """The relation that the words around a general cue (`from`, `based on`) point to."""
    if otherwise is not Relation.DERIVATION:
        return otherwise
    return next((r for pattern, r in _RELATION_WORDS if pattern.search(words)), otherwise)
