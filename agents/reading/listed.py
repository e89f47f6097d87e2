"""What lists, tables and rows of headings claim of the names at the head of their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from agents.reading.blocks import Block, Kind
from agents.reading.clauses import CONFIGURED, Decision, Sentence
from agents.reading.described import Claim, Described, as_child, spots_of
from agents.reading.heads import head_of
from agents.reading.lists import SHAPED, THANKED, Said
from agents.reading.mention import Mention, Sure
from agents.reading.sections import Section, column_role
from agents.reading.sentences import flow_of
from agents.reading.words import MODEL
from lineage.identity import DatasetId
from lineage.model import NodeKind, Relation, Role

TITLED: Final = 0.75  # in a column titled `source`, `model`, ...
_AT_HEAD = re.compile(
    r"(?!\W*(?:convert|us(?:e|ing)|download|filter|remov|merge|apply|appli|train|run|evaluat|"
    r"compar|see|similar|like|unlike|inspired|follow|format|improv|outperform|load)\w*\b)"
    r"(?:.{0,25}|[\W\d]*https?://\S*)",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"(?:\s*\([^()]{0,60}\))?[\s,;/&+、，和与及]*(?:and|or|plus|as well as)?\s*(?:the\s+)?"
)
_COLON = re.compile(r"[:：](?!//)")
_AS_FORM = re.compile(
    r"[-\s]{0,2}(?:style|format|form|like|template|schema|layout)\b", re.IGNORECASE
)
_HOST_LINK = re.compile(
    r"(?:github|hugging\s?face|hf|arxiv|kaggle|modelscope|openreview|paper|zenodo|homepage|website)"
    r"\W{0,6}:\W{0,6}(?:\[|https?:)",
    re.IGNORECASE,
)


class Listed:
    """The lists, tables and headings of one document."""

    def __init__(self, about: Described) -> None:
        self.about = about

    def _opens(self, block: Block, mention: Mention) -> bool:
        """Whether the heading begins with the name, and with it as a name."""
        before = self.about.page.plain[block.start : mention.spot[0]]
        formed = _AS_FORM.match(self.about.page.plain, mention.end) is not None
        return at_head(before) and not formed

    def is_listed_heading(self, index: int) -> bool:
        """Whether the block is a heading that names one source of several."""
        heading = self.about.page.blocks[index]
        if heading.kind is not Kind.HEADING or heading is self.about.first_heading:
            return False
        said = self.about.lists.said_of_heading(heading, self.about.sections[index])
        return said.role is Role.INCLUDED

    def linked_below(self, index: int) -> bool:
        """Whether the block right under a heading links to a Hub dataset: it says more."""
        if index + 1 >= len(self.about.page.blocks):
            return False
        below = self.about.page.blocks[index + 1]
        return (
            below.kind is not Kind.HEADING
            and below.end - below.start < 300
            and any(
                m.id is not None and m.id.hub == "hf"
                for m in self.about.lists.between(below.start, below.end)
            )
        )

    def heading(self, block: Block, inside: list[Mention], section: Section) -> Iterator[Claim]:
        mention = self.about.config_name(block, section)
        span = (block.start, block.end)
        if mention is not None:
            yield self.about.claim(mention, Role.INCLUDED, Relation.MIXTURE, CONFIGURED, span)
            return
        said = self.about.lists.said_of_heading(block, section)
        if said.role is not Role.INCLUDED or self.linked_below(self.about.lists.index_of(block)):
            return
        heads = [m for m in inside if m.sure >= Sure.KNOWN and self._opens(block, m)]
        for head in heads:
            if head.kind is not NodeKind.MODEL and not self.about.unlisted(head, said):
                yield self.about.claim(head, said.role, said.relation, said.confidence, span)
        if not heads:
            yield from self._unknown_head(block, span, said)

    def row(
        self, index: int, block: Block, inside: list[Mention], section: Section
    ) -> Iterator[Claim]:
        if not block.cells or self._is_head_row(index):
            return
        number = not self.about.page.plain[slice(*block.cells[0])].strip(" 0123456789.")
        first = block.cells[
            min(int(number), len(block.cells) - 1)
        ]  # a column of numbers is no head
        head = [m for m in inside if m.spot[0] < first[1]]
        yield from self._cells(block, inside, section, head)
        role, relation, confidence, firm = self.about.lists.said_of(block, section)
        if role is None:
            return
        if not head:
            said = Said(role, relation, confidence, firm)
            yield from self._unknown_head(block, first, said)
            return
        if self.about.unlisted(head[0], Said(role, relation, confidence, firm)):
            return
        if head[0].kind is not NodeKind.MODEL and listable(head[0]):
            yield self.about.claim(head[0], role, relation, confidence, (block.start, block.end))

    def _is_head_row(self, index: int) -> bool:
        """Whether the row is the one that titles the columns."""
        following = self.about.page.blocks[index + 1 : index + 2]
        return (
            not self.about.page.blocks[index].header
            and bool(following)
            and following[0].kind is Kind.ROW
            and bool(following[0].header)
        )

    def _cells(
        self, block: Block, inside: list[Mention], section: Section, head: list[Mention]
    ) -> Iterator[Claim]:
        """What the cells behind the head say in words: `filtered from X`; of the head's
        dataset where the head names one.
        """
        child = as_child(head[0]) if head else None
        span = (block.start, block.end)
        for column, cell in enumerate(block.cells[1:], 1):
            here = [m for m in inside if cell[0] <= m.spot[0] < cell[1] and m not in head]
            here = [m for m in here if not head or m.key != head[0].key]
            role = self._column(block, column)
            teacher = role is Role.TEACHER
            relation = Relation.REGENERATION if teacher else Relation.DERIVATION
            if role is not None and section not in (Section.EVALUATION, Section.RELATED):
                if role is Role.INCLUDED and not here:
                    here = self._shaped_cell(cell)
                for mention in here:
                    if (mention.kind is NodeKind.MODEL) is teacher:
                        yield self.about.claim(mention, role, relation, TITLED, span, child)
            for decision in self._decided(cell, here, section):
                yield self.about.claim(*decision, span, child)

    def _shaped_cell(self, cell: tuple[int, int]) -> list[Mention]:
        head = head_of(self.about.page, *cell, self.about.registry)
        if head is None or self.about.is_own(head.mention):
            return []
        known, shaped = head.mention.entry is not None, not head.titled
        return [head.mention] if known or (shaped and "_" not in head.mention.name) else []

    def _decided(
        self, cell: tuple[int, int], here: list[Mention], section: Section
    ) -> Iterator[Decision]:
        """What the sentences of a cell decide."""
        flow = flow_of(self.about.page.plain, *cell)
        for first, last in flow.sentences() if len(flow.text) >= 12 else ():
            span = (flow.outward(first), flow.outward(last - 1) + 1)
            within = [m for m in here if span[0] <= m.spot[0] < span[1]]
            within += self.about.shapes(span, within)
            yield from Sentence(
                flow.text[first:last], spots_of(flow, first, within), section
            ).decide()

    def _column(self, block: Block, column: int) -> Role | None:
        """What names in this column are, by its title."""
        if column >= len(block.header) or not block.header[column].strip():
            return None
        return column_role(block.header[column])

    def stands_alone(self, index: int, block: Block) -> bool:
        """Whether a paragraph does what an item does: a short one that holds an address, or
        one right after a paragraph that ends in a colon.
        """
        if block.kind is not Kind.PARAGRAPH or block.end - block.start > 300:
            return False
        if index and self.is_listed_heading(index - 1) and self.linked_below(index - 1):
            return True
        if index and self.about.page.blocks[index - 1].kind is Kind.PARAGRAPH:
            before = self.about.page.blocks[index - 1]
            if self.about.page.plain[before.start : before.end].rstrip().endswith((":", "：")):
                return True
        return (
            any(
                m.id is not None and m.id.hub == "hf"
                for m in self.about.lists.between(block.start, block.end)
            )
            and block.end - block.start < 200
            and self.about.lists.is_composition(block, Section.PLAIN)
        )

    def item(
        self,
        block: Block,
        spots: list[tuple[int, int, Mention]],
        section: Section,
        span: tuple[int, int],
        sentence: str,
    ) -> Iterator[Claim]:
        """The name at the head of an item, and what the list says of it."""
        role, relation, confidence, firm = self.about.lists.said_of(block, section)
        if role is None:
            return
        if block.kind is Kind.ITEM and not any(
            m.sure >= Sure.KNOWN and m.spot[0] - block.start <= 25
            for m in self.about.lists.between(block.start, block.end)
        ):
            yield from self._unknown_head(
                block, span, Said(role, relation, confidence, firm), (block.start, block.end)
            )
        run = 0  # the end of the enumeration that opens the item: `A, B and C`
        for start, end, written in spots:
            mention = written
            if firm and role is Role.INCLUDED:
                mention = self._among_data(block, written)
            if mention.kind is NodeKind.MODEL or not listable(mention):
                continue
            unlisted = self.about.unlisted(mention, Said(role, relation, confidence, firm))
            if unlisted or _HOST_LINK.match(self.about.page.text, mention.start):
                continue
            if _AS_FORM.match(self.about.page.plain, mention.end):
                continue
            if confidence == THANKED and mention.sure < Sure.GIVEN:
                continue
            before = sentence[:start]
            if mention.sure < Sure.KNOWN and mention.entry is None and _COLON.search(before):
                continue  # `GQA: [images](...)`: a file of it
            short = mention.sure is Sure.GIVEN and len(sentence) < 120
            joined = run and _NEXT.fullmatch(sentence[run:start]) is not None
            first = at_head(before) or joined
            if block.kind is Kind.PARAGRAPH or short or first:
                run = end
                yield self.about.claim(mention, role, relation, confidence, span)

    def _among_data(self, block: Block, mention: Mention) -> Mention:
        """A link to a model among links to datasets, read as the dataset of that id unless
        its name is a model's.
        """
        given = mention.id
        if mention.kind is not NodeKind.MODEL or given is None or MODEL.match(given.short_name):
            return mention
        if self.about.lists.company(block)[0] < 2:
            return mention
        return replace(mention, kind=None, id=DatasetId(name=given.name))

    def _unknown_head(
        self, block: Block, span: tuple[int, int], said: Said, where: tuple[int, int] | None = None
    ) -> Iterator[Claim]:
        """The name at the head of an item, row or heading that nothing else knows, where the
        list is firmly one of sources and its company are names.
        """
        head = head_of(self.about.page, *(where or span), self.about.registry)
        if head is None or said.role is None or self.about.is_own(head.mention):
            return
        if self.about.is_variant(head.mention) or _HOST_LINK.match(
            self.about.page.text, head.mention.start
        ):
            return
        known, total = self.about.lists.company(block)
        firm = said.firm or known >= 2
        if head.mention.entry is not None:
            if not head.titled or (firm and known >= 1):
                yield self.about.claim(
                    head.mention, said.role, said.relation, said.confidence, span
                )
            return
        if said.role is not Role.INCLUDED or said.confidence == THANKED or not firm:
            return
        if self.about.lists.index_of(block) in self.about.lists.leads:
            return  # a category with items of its own
        if "_" in head.mention.name and block.kind is not Kind.ROW:
            return  # a field
        if head.titled:
            sure = said.firm and known >= 2 and known * 2 >= total
        else:
            marked = head.bold or block.kind is Kind.ROW
            sure = known >= 2 or head.sourced or (known >= 1 and marked)
        if sure:
            yield self.about.claim(head.mention, said.role, said.relation, SHAPED, span)

    def as_listed(self, block: Block, section: Section, decided: list[Decision]) -> list[Decision]:
        """In a list of what was removed or evaluated, `dev set of X` is no inclusion."""
        said = self.about.lists.said_of(block, section)
        if said.role is None or said.role is Role.INCLUDED or not said.firm:
            return decided
        return [
            (mention, said.role, said.relation, said.confidence)
            if role is Role.INCLUDED
            else (mention, role, relation, confidence)
            for mention, role, relation, confidence in decided
        ]


def at_head(words: str) -> bool:
    """Whether a name behind these words of an item still is its head."""
    return _AT_HEAD.fullmatch(words) is not None


def listable(mention: Mention) -> bool:
    """Whether a name at the head of an item or row may be a dataset by the list alone."""
    return mention.sure >= Sure.NAMED or mention.marked or mention.entry is not None
