"""`RulesReader`: what the prose, lists, tables and captions of a document state, by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agents.reading.blocks import MAX_TEXT
from agents.reading.claims import Claim, PageClaims
from agents.reading.facts import facts_in
from agents.reading.neighbours import told_together
from agents.reading.splits import config_beside, splits_beside
from lineage.model import (
    Document,
    DocumentKind,
    Evidence,
    Method,
    NodeKind,
    Proposal,
    Rejection,
    Relation,
    Role,
)
from lineage.ports import Reading
from lineage.registry import Registry, default_registry

MAX_QUOTE: Final = 600

MAX_PROPOSALS: Final = 2_000

NOT_PROSE: Final = frozenset({DocumentKind.ROWS, DocumentKind.RECORD, DocumentKind.CROISSANT})
"""Their declared readers read them; the rules would be a false second witness."""


class RulesReader:
    """Reads running text by rule; no network, no model. A pure function of the document.

    `registry` is where known names come from; the shipped one where none is given.
    """

    name = "rules/1"

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry

    @property
    def registry(self) -> Registry:
        """The names it knows."""
        return self._registry if self._registry is not None else default_registry()

    def read(self, document: Document) -> Reading:
        """Proposals and facts that the text states; see `lineage.ports.Reader`."""
        if document.kind in NOT_PROSE:
            return Reading()
        page = PageClaims(document, self.registry)
        claims = told_together(document.text, _best(document, page.claims()))
        proposals = [p for claim in claims for p in _proposals(document, claim)]
        return Reading(
            proposals=tuple(proposals),
            facts=tuple(facts_in(document, page.page, self.name)),
            rejections=_unread(document, len(claims)),
        )


def _unread(document: Document, proposals: int) -> tuple[Rejection, ...]:
    """What was left out for its amount, so that nothing is cut in silence."""
    reasons = []
    if len(document.text) > MAX_TEXT:
        reasons.append(
            f"only the first {MAX_TEXT:,} of {len(document.text):,} characters were read"
        )
    if proposals >= MAX_PROPOSALS:
        reasons.append(f"the first {MAX_PROPOSALS:,} statements were kept, further ones not")
    return tuple(
        Rejection(child=document.dataset, parent_name="(any)", reason=reason, document=document.id)
        for reason in reasons
    )


def _best(document: Document, claims: Iterator[Claim]) -> list[Claim]:
    """One claim for each child, parent, role and split: the surest, in order of appearance.
    What is said of the parent as a whole gives way to what is said of its splits.
    """
    kept: dict[tuple[str, str, Role], dict[tuple[str, ...], Claim]] = {}
    count = 0
    for claim in claims:
        same = kept.setdefault((str(claim.child), claim.mention.key, claim.role), {})
        splits = _splits(document, claim)
        count += splits not in same
        if splits not in same or _is_better(claim, same[splits]):
            same[splits] = claim
        if count >= MAX_PROPOSALS:
            break
    return [
        claim
        for same in kept.values()
        for splits, claim in same.items()
        if splits or len(same) == 1
    ]


def _is_better(claim: Claim, kept: Claim) -> bool:
    """Surer; or as sure, of the same name, and with a relation that says more."""
    if claim.confidence != kept.confidence or claim.mention.name != kept.mention.name:
        return claim.confidence > kept.confidence
    return kept.relation is Relation.DERIVATION and claim.relation is not Relation.DERIVATION


def _splits(document: Document, claim: Claim) -> tuple[str, ...]:
    """The splits of the parent that the text names beside it."""
    if claim.mention.kind in (NodeKind.MODEL, NodeKind.SOURCE):
        return ()
    return splits_beside(document.text, *claim.mention.place, claim.start, claim.end)


def _proposals(document: Document, claim: Claim) -> Iterator[Proposal]:
    """The claim as proposals, one for each split that is named; none where the quote would
    not hold the name.
    """
    mention = claim.mention
    start, end = _quoted(document.text, claim)
    quote = document.text[start:end]
    if mention.name not in quote:
        return
    evidence = Evidence(
        document=document.id,
        sha256=document.sha256,
        kind=document.kind,
        quote=quote,
        start=start,
        end=end,
        location=document.location(mention.start),
        method=Method.RULES,
        reader=RulesReader.name,
        confidence=round(min(0.95, claim.confidence), 2),
        found_at=document.fetched_at,
    )
    config = None
    if mention.kind not in (NodeKind.MODEL, NodeKind.SOURCE):
        config = config_beside(document.text, *mention.place, claim.start, claim.end)
    for split in _splits(document, claim) or (None,):
        yield Proposal(
            child=claim.child,
            parent_name=mention.name,
            parent_id=mention.id,
            parent_kind=mention.kind,
            parent_config=config,
            parent_split=split,
            relation=claim.relation,
            role=claim.role,
            evidence=evidence,
        )


def _quoted(text: str, claim: Claim) -> tuple[int, int]:
    """Span of the quote: the sentence, item or row, cut around the mention if long."""
    start, end = claim.start, claim.end
    left = min(claim.mention.start, claim.mention.place[0])
    right = max(claim.mention.end, claim.mention.place[1])
    if right - left > MAX_QUOTE:
        left, right = claim.mention.start, claim.mention.end
        start, end = left, right
    start, end = min(start, left), max(end, right)
    if end - start > MAX_QUOTE:
        room = max(0, MAX_QUOTE - (right - left)) // 2
        start = max(start, left - room)
        end = min(end, right + room)
    while start < left and text[start].isspace():
        start += 1
    while end > right and text[end - 1].isspace():
        end -= 1
    return start, end
