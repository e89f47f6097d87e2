"""Walks the blocks of a page and says what each sentence, list, table and code block claims."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.reading import coded
from agents.reading.blocks import Block, Kind, Page
from agents.reading.clauses import CONFIDENCE, CONFIGURED, Sentence
from agents.reading.cues import Strength
from agents.reading.described import Claim, Described, as_child, spots_of
from agents.reading.listed import Listed, at_head
from agents.reading.lists import SHAPED
from agents.reading.mention import Mention, Sure
from agents.reading.sections import Section
from agents.reading.sentences import flow_of
from lineage.identity import DatasetId
from lineage.model import Document, NodeKind, Relation, Role
from lineage.registry import Registry

__all__ = ["Claim", "PageClaims"]

_SCRIPT = re.compile(
    r"\b(?:pre)?(?:process|prepare|convert|filter|download|make|build|create|load|parse|extract|clean"
    r"|sample|translate|augment|format)[_-]([A-Za-z][\w-]{1,40}?)\.(?:py|sh|ipynb|js)\b"
)
_EVAL_LINE = re.compile(r"\beval|/test|leaderboard|finetune|train\.py", re.IGNORECASE)
_ABOUT = re.compile(r"[)\]]?(?:\s*\([^()]{0,60}\))?\s*(?:[:：]|\s[-–—]\s)")
_SPEAKS_AS_PAPER = re.compile(
    r"\bwe\b.{0,300}?\([A-Z]\w+ et al\.,? \d{4}[a-z]?\)", re.IGNORECASE | re.DOTALL
)
_BETWEEN = re.compile(
    r"[\W\d]*(?:(?:and|or|plus|the|data ?sets?|train|training|set|k|m)[\W\d]*){0,4}", re.IGNORECASE
)
_SUBJECT = re.compile(r"[\W\d]*(?:(?:The|Our|[A-Z][\w-]+\s\(?)\s?){0,6}[\W]*")
_IS_A = re.compile(
    r"[)\]]?(?:\s*\([^()]{0,80}\))?(?:\s+(?:data ?set|corpus|task|benchmark))?"
    r"\s+(?:is|are|was|consists?|contains?)\b"
)


class PageClaims:
    """One document being read."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self.about = Described(document, registry)
        self.listed = Listed(self.about)

    @property
    def page(self) -> Page:
        """The document cut into blocks."""
        return self.about.page

    def claims(self) -> Iterator[Claim]:
        """Every claim, in order of appearance."""
        yield from self._configs()
        at = 0
        for index, block in enumerate(self.about.page.blocks):
            inside = []
            while at < len(self.about.mentions) and self.about.mentions[at].spot[0] < block.end:
                if self.about.mentions[at].spot[0] >= block.start:
                    inside.append(self.about.mentions[at])
                at += 1
            section = self.about.sections[index]
            if section is Section.SKIP:
                continue
            if section is not Section.EVALUATION:
                yield from self._scripts(block)
            if block.kind is Kind.CODE:
                yield from self._code(block, inside, section)
            elif block.kind is Kind.HEADING:
                if block is self.about.first_heading:
                    yield from self._title(block, inside)
                else:
                    yield from self.listed.heading(block, inside, section)
            elif block.kind is Kind.ROW:
                yield from self.listed.row(index, block, inside, section)
            else:
                yield from self._prose(index, block, section)

    def _code(self, block: Block, inside: list[Mention], section: Section) -> Iterator[Claim]:
        """What code loads to make a dataset of, and the mixtures that it lists."""
        aside = section in (Section.ASIDE, Section.EVALUATION, Section.RELATED)
        makes = coded.is_construction(self.about.page, block)
        uses = coded.is_use(self.about.page, block)
        loaded = [m for m in inside if coded.is_load(self.about.page, m)]
        if (aside or uses) and not makes:
            loaded = []
        listed = [] if uses else list(coded.listed_in(self.about.page, block, self.about.registry))
        if aside and self.about.lists.said_of(block, section).role is not Role.INCLUDED:
            listed = []
        for mention in loaded + [m for m in listed if not self.about.is_own(m)]:
            if coded.is_placeholder(mention.name) or mention.kind is NodeKind.MODEL:
                continue
            relation = Relation.DERIVATION if mention in loaded else Relation.MIXTURE
            line = self.about.line_of(mention.start, mention.end)
            yield self.about.claim(mention, Role.INCLUDED, relation, CONFIGURED, line)

    def _configs(self) -> Iterator[Claim]:
        """Configs in the header that bear the names of known datasets."""
        for mention in coded.configs_in(self.about.page, self.about.registry):
            if not self.about.is_own(mention):
                span = self.about.line_of(mention.start, mention.end)
                yield self.about.claim(mention, Role.INCLUDED, Relation.MIXTURE, CONFIGURED, span)

    def _scripts(self, block: Block) -> Iterator[Claim]:
        """Known datasets that data scripts are named after: `process_APPS.py`."""
        for match in _SCRIPT.finditer(self.about.page.text, block.start, block.end):
            entry = self.about.registry.exact(match[1], words=True)
            if entry is None or entry.kind not in (NodeKind.DATASET, NodeKind.BENCHMARK):
                continue
            mention = Mention(*match.span(1), match[1], Sure.KNOWN, entry.kind, entry, None, True)
            line = self.about.page.text.rfind("\n", 0, match.start()) + 1
            stop = self.about.page.text.find("\n", match.end())
            stop = len(self.about.page.text) if stop < 0 else stop
            if not self.about.is_own(mention) and not _EVAL_LINE.search(
                self.about.page.text, line, stop
            ):
                yield self.about.claim(
                    mention, Role.INCLUDED, Relation.DERIVATION, CONFIGURED, (line, stop)
                )

    def _title(self, block: Block, inside: list[Mention]) -> Iterator[Claim]:
        """What the title says: `Adversarial examples for SQuAD`."""
        flow = flow_of(self.about.page.plain, block.start, block.end)
        for mention, role, relation, confidence in Sentence(
            flow.text, spots_of(flow, 0, inside), Section.PLAIN
        ).decide():
            if mention.sure >= Sure.KNOWN:
                yield self.about.claim(
                    mention, role, relation, confidence, (block.start, block.end)
                )

    def _prose(self, index: int, block: Block, section: Section) -> Iterator[Claim]:
        flow = flow_of(self.about.page.plain, block.start, block.end)
        if not flow.text:
            return
        child = self.about.children.get(index)
        for number, (first, last) in enumerate(flow.sentences()):
            sentence = flow.text[first:last]
            span = (flow.outward(first), flow.outward(last - 1) + 1)
            here = self.about.lists.between(*span)
            here += self.about.shapes(span, here)
            opens = number == 0 and block.kind is Kind.ITEM
            if not here and not opens:
                continue
            spots = spots_of(flow, first, here)
            if opens and spots:
                child = _item_child(sentence, spots) or child
            decided = Sentence(sentence, spots, section).decide()
            decided += self._members(sentence, spots, {d[0] for d in decided}, section)
            if section is Section.SOURCES and not decided and _only_names(sentence, spots):
                mixed = (Role.INCLUDED, Relation.MIXTURE, SHAPED)
                decided = [(m, *mixed) for _, _, m in spots if m.kind is not NodeKind.MODEL]
            if opens:
                decided = self.listed.as_listed(block, section, decided)
            about = (
                self.about.base if self.about.base and _SPEAKS_AS_PAPER.search(sentence) else None
            )
            for mention, role, relation, confidence in decided:
                if confidence <= CONFIDENCE[Strength.WEAK] and self.about.is_sibling(mention):
                    continue
                yield self.about.claim(mention, role, relation, confidence, span, about or child)
            if number == 0 and (block.kind is Kind.ITEM or self.listed.stands_alone(index, block)):
                done = {claim[0] for claim in decided}
                rest = [spot for spot in spots if spot[2] not in done]
                yield from self.listed.item(block, rest, section, span, sentence)

    def _members(
        self,
        sentence: str,
        spots: list[tuple[int, int, Mention]],
        done: set[Mention],
        section: Section,
    ) -> list[tuple[Mention, Role, Relation, float]]:
        """Names that a collection's own card describes: `BoolQ (Clark et al.) is a task ...`
        where configs bear the names of known datasets, or the registry knows the member.
        """
        if section in (Section.EVALUATION, Section.RELATED, Section.ASIDE):
            return []
        out: list[tuple[Mention, Role, Relation, float]] = []
        for start, end, mention in spots:
            if mention in done or mention.entry is None or mention.sure < Sure.KNOWN:
                continue
            subject = _SUBJECT.fullmatch(sentence[:start]) and _IS_A.match(sentence, end)
            if mention.entry.id in self.about.own_members or (self.about.collection and subject):
                out.append((mention, Role.INCLUDED, Relation.MIXTURE, CONFIGURED))
        return out


def _only_names(sentence: str, spots: list[tuple[int, int, Mention]]) -> bool:
    """Whether the sentence is an enumeration of names, most of them known, and nothing else."""
    known = sum(mention.entry is not None for _, _, mention in spots)
    places = [0, *(place for start, end, _ in spots for place in (start, end)), len(sentence)]
    between = [sentence[a:b] for a, b in zip(places[::2], places[1::2], strict=True) if a < b]
    return known * 2 > len(spots) and all(_BETWEEN.fullmatch(piece) for piece in between)


def _item_child(sentence: str, spots: list[tuple[int, int, Mention]]) -> DatasetId | None:
    """The dataset that an item is about: `Name: filtered from ...`."""
    start, end, head = spots[0]
    if head.sure < Sure.KNOWN or not at_head(sentence[:start]):
        return None
    return as_child(head) if _ABOUT.match(sentence, end) else None
