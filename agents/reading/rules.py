"""`RulesReader`: what the prose, lists, tables and captions of a document state, by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agents.reading.blocks import MAX_TEXT
from agents.reading.claims import Claim, PageClaims
from agents.reading.facts import facts_in
from lineage.model import Document, Evidence, Method, Proposal, Rejection, Role
from lineage.ports import Reading
from lineage.registry import Registry, default_registry

MAX_QUOTE: Final = 600

MAX_PROPOSALS: Final = 2_000


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
        page = PageClaims(document, self.registry)
        proposals = [_proposal(document, claim) for claim in _best(page.claims())]
        return Reading(
            proposals=tuple(p for p in proposals if p is not None),
            facts=tuple(facts_in(document, page.page, self.name)),
            rejections=_unread(document, len(proposals)),
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


def _best(claims: Iterator[Claim]) -> list[Claim]:
    """One claim for each child, parent and role: the surest, in order of appearance."""
    kept: dict[tuple[str, str, Role], Claim] = {}
    for claim in claims:
        key = (str(claim.child), claim.mention.key, claim.role)
        if key not in kept or claim.confidence > kept[key].confidence:
            kept[key] = claim
        if len(kept) >= MAX_PROPOSALS:
            break
    return list(kept.values())


def _proposal(document: Document, claim: Claim) -> Proposal | None:
    mention = claim.mention
    start, end = _quoted(document.text, claim)
    quote = document.text[start:end]
    if mention.name not in quote:
        return None
    return Proposal(
        child=claim.child,
        parent_name=mention.name,
        parent_id=mention.id,
        parent_kind=mention.kind,
        relation=claim.relation,
        role=claim.role,
        evidence=Evidence(
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
        ),
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
