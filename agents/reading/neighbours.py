"""What the claims of one document say of each other: the relation of a parent whose prompts
a teacher answered in the next sentence, and of one source among several.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from agents.reading.claims import Claim
from lineage.model import NodeKind, Relation, Role

NEAR: Final = 700  # characters from where rows are taken to where a model works on them
TOGETHER: Final = 1_500  # characters within which several sources make a mixture
FIRM: Final = 0.5

_OPEN: Final = frozenset({Relation.DERIVATION, Relation.SUBSET, Relation.FILTERING})
_HEADING = re.compile(r"\n#{1,6}\s|\n[^\n]{1,80}\n[=-]{3,}\n|<h[1-6]", re.IGNORECASE)
_TAKEN = re.compile(
    r"\b(prompt|instruction|question|quer(?:y|ie)|problem|task|passage|article|document|paragraph|"
    r"excerpt|text|snippet|page|notice|image|photo|caption|sentence|conversation|dialogue?|"
    r"post|stor(?:y|ie)|chapter|section|title|abstract|seed|sample|example|item|row)s?\b",
    re.IGNORECASE,
)
_ASKED: Final = frozenset({"prompt", "instruction", "question", "quer", "problem", "task", "seed"})
_WORKS: Final = (
    Relation.REGENERATION,
    Relation.SYNTHESIS,
    Relation.REWRITING,
    Relation.TRANSLATION,
    Relation.ANNOTATION,
)


def told_together(text: str, claims: list[Claim]) -> list[Claim]:
    """The claims in their order, with the relations that other claims make plain."""
    teachers = [c for c in claims if c.role is Role.TEACHER and c.relation in _WORKS]
    worked = [_worked(text, claim, teachers) for claim in claims]
    return [_mixed(text, claim, worked) for claim in worked]


def _worked(text: str, claim: Claim, teachers: list[Claim]) -> Claim:
    """The claim with what a teacher near by did to the rows that were taken: `we took the
    prompts of X ... for each prompt M wrote a response`.
    """
    if claim.role is not Role.INCLUDED or claim.relation not in _OPEN:
        return claim
    at = claim.mention.place[0]
    taken = {_stem(m[1]) for m in _TAKEN.finditer(text, max(claim.start, at - 80), at)}
    for teacher in teachers if taken else ():
        begin = teacher.mention.place[0]
        if teacher.child != claim.child or not 0 < begin - at < NEAR:
            continue
        if _HEADING.search(text, at, begin):
            continue
        named = {_stem(m[1]) for m in _TAKEN.finditer(text, teacher.start, teacher.end)}
        if not taken & named:
            continue
        if teacher.relation is Relation.REGENERATION and not taken & named & _ASKED:
            continue
        return replace(claim, relation=teacher.relation)
    return claim


def _stem(noun: str) -> str:
    return re.sub(r"(?:ies?|y|ue)$", "", noun.casefold())


def _mixed(text: str, claim: Claim, claims: list[Claim]) -> Claim:
    """A plain derivation is one part of a mixture where other parents stand beside it."""
    if not _is_data(claim) or claim.relation is not Relation.DERIVATION:
        return claim
    at = claim.mention.place[0]
    for other in claims:
        there = other.mention.place[0]
        if (
            _is_data(other)
            and other.child == claim.child
            and other.mention.key != claim.mention.key
            and abs(there - at) < TOGETHER
            and not _HEADING.search(text, min(at, there), max(at, there))
        ):
            return replace(claim, relation=Relation.MIXTURE)
    return claim


def _is_data(claim: Claim) -> bool:
    return (
        claim.role is Role.INCLUDED
        and claim.confidence >= FIRM
        and claim.mention.kind is not NodeKind.MODEL
    )
