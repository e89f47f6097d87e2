"""Walks the blocks of a page and says what each list, table, heading and sentence claims."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agents.reading.blocks import Block, Kind, Page, page_of
from agents.reading.clauses import CONFIDENCE, CONFIGURED, Decision, Sentence
from agents.reading.cues import Strength
from agents.reading.gazetteer import gazetteer_of
from agents.reading.lists import THANKED, Lists
from agents.reading.mention import Mention, Sure
from agents.reading.mentions import mentions_in, shapes_in
from agents.reading.sections import COLUMNS, Section, section_of
from agents.reading.selves import base_of, own_names
from agents.reading.sentences import Flow, flow_of
from lineage.errors import InvalidName
from lineage.identity import DatasetId
from lineage.model import Document, NodeKind, Relation, Role
from lineage.registry import Registry, name_key

GIVEN_BONUS: Final = 0.05  # the document gives the id too


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mention was decided to be, before it becomes a proposal."""

    mention: Mention
    role: Role
    relation: Relation
    confidence: float
    start: int
    end: int
    child: DatasetId


_CONFIG = re.compile(r"\s*[\"'`]?([\w-]{3,60}?)(?:[._][a-z]{2}(?:[._-][a-z]{2})*)?[\"'`]?\s*")

_LOADS = re.compile(r"load_dataset\(\s*(?:path\s*=\s*)?[\"']$")

_SCRIPT = re.compile(
    r"\b(?:pre)?(?:process|prepare|convert|filter|download|make|build|create|load|parse|extract|clean"
    r"|sample|translate|augment|format)[_-]([A-Za-z][\w-]{1,40}?)\.(?:py|sh|ipynb|js)\b"
)

_EVAL_LINE = re.compile(r"\beval|/test|leaderboard|finetune|train\.py", re.IGNORECASE)


TITLED: Final = 0.75  # in a column titled `source`, `model`, ...
_ABOUT = re.compile(r"[)\]]?(?:\s*\([^()]{0,60}\))?\s*(?:[:：]|\s[-–—]\s)")
_SPEAKS_AS_PAPER = re.compile(
    r"\bwe\b.{0,300}?\([A-Z]\w+ et al\.,? \d{4}[a-z]?\)", re.IGNORECASE | re.DOTALL
)
_AT_HEAD = re.compile(r"(?:.{0,25}|[\W\d]*https?://\S*)")


_SUBJECT = re.compile(r"[\W\d]*(?:(?:The|Our|[A-Z][\w-]+\s\(?)\s?){0,6}[\W]*")

_IS_A = re.compile(
    r"[)\]]?(?:\s*\([^()]{0,80}\))?(?:\s+(?:data ?set|corpus|task|benchmark))?"
    r"\s+(?:is|are|was|consists?|contains?)\b"
)


class PageClaims:
    """One document being read."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self.document = document
        self.registry = registry
        self.page: Page = page_of(document)
        self.own = own_names(document, self.page, registry)
        self.mentions = [
            m for m in mentions_in(self.page, gazetteer_of(registry)) if not self._is_own(m)
        ]
        self.sections = [section_of(block.path) for block in self.page.blocks]
        own = registry.exact(document.dataset.name) or registry.exact(document.dataset.short_name)
        self.own_members = frozenset(own.members) if own else frozenset()
        configs = [self._config_name(*pair) for pair in self._blocks()]
        self.collection = sum(name is not None for name in configs) >= 2
        headings = (block for block in self.page.blocks if block.kind is Kind.HEADING)
        self.first_heading = next(headings, None)
        self.lists = Lists(self.page, self.mentions, self._is_sibling)
        self.base = base_of(document, registry)
        self.children = self._children()

    def _children(self) -> dict[int, DatasetId]:
        """For each block under a heading that names another dataset: that dataset."""
        found: dict[int, DatasetId] = {}
        about: list[tuple[int, DatasetId]] = []
        for index, (block, section) in enumerate(self._blocks()):
            if block.kind is Kind.HEADING:
                about = [pair for pair in about if pair[0] < block.depth]
                inside = self.lists.between(block.start, block.end)
                if inside and section not in (Section.STRUCTURE, Section.SOURCES):
                    child = _as_child(inside[0])
                    if child is not None and inside[0].sure >= Sure.KNOWN:
                        about.append((block.depth, child))
            elif about:
                found[index] = about[-1][1]
        return found

    def _blocks(self) -> Iterator[tuple[Block, Section]]:
        return zip(self.page.blocks, self.sections, strict=True)

    def _is_own(self, mention: Mention) -> bool:
        keys = {mention.key, name_key(mention.name)}
        if mention.id is not None:
            keys |= {name_key(mention.id.name), name_key(mention.id.short_name)}
        if (
            mention.entry is not None
            and mention.entry.id.casefold() == self.document.dataset.name.casefold()
        ):
            return True
        return bool(keys & self.own)

    def _is_sibling(self, mention: Mention) -> bool:
        """Whether the mention is of the same organisation: told of, and rarely a parent."""
        org = self.document.dataset.name.partition("/")[0].casefold()
        named = mention.id or (mention.entry.dataset_id if mention.entry else None)
        return (
            named is not None
            and "/" in named.name
            and "/" in self.document.dataset.name
            and named.name.partition("/")[0].casefold() == org
        )

    def claims(self) -> Iterator[Claim]:
        """Every claim, in order of appearance."""
        at = 0
        for index, block in enumerate(self.page.blocks):
            inside = []
            while at < len(self.mentions) and self.mentions[at].place[0] < block.end:
                if self.mentions[at].place[0] >= block.start:
                    inside.append(self.mentions[at])
                at += 1
            section = self.sections[index]
            if section is Section.SKIP:
                continue
            if section is not Section.EVALUATION:
                yield from self._scripts(block)
            if block.kind is Kind.CODE:
                yield from self._code(block, inside)
            elif block.kind is Kind.HEADING:
                yield from self._heading(block, inside, section)
            elif block.kind is Kind.ROW:
                yield from self._row(index, block, inside, section)
            else:
                yield from self._prose(index, block, section)

    def _claim(
        self,
        mention: Mention,
        role: Role,
        relation: Relation,
        confidence: float,
        span: tuple[int, int],
        child: DatasetId | None = None,
    ) -> Claim:
        if mention.id is not None:
            confidence += GIVEN_BONUS
        if child is not None and child in (mention.id, _as_child(mention)):
            child = None  # an item or section about the parent itself
        return Claim(mention, role, relation, confidence, *span, child or self.document.dataset)

    def _code(self, block: Block, inside: list[Mention]) -> Iterator[Claim]:
        for mention in inside:
            if not _LOADS.search(self.page.text, max(0, mention.start - 40), mention.start):
                continue
            line = self.page.text.rfind("\n", 0, mention.start) + 1
            stop = self.page.text.find("\n", mention.end)
            yield self._claim(
                mention,
                Role.INCLUDED,
                Relation.DERIVATION,
                CONFIGURED,
                (line, stop if stop > 0 else block.end),
            )

    def _scripts(self, block: Block) -> Iterator[Claim]:
        """Known datasets that data scripts are named after: `process_APPS.py`."""
        for match in _SCRIPT.finditer(self.page.text, block.start, block.end):
            entry = self.registry.exact(match[1], words=True)
            if entry is None or entry.kind not in (NodeKind.DATASET, NodeKind.BENCHMARK):
                continue
            mention = Mention(*match.span(1), match[1], Sure.KNOWN, entry.kind, entry, None, True)
            line = self.page.text.rfind("\n", 0, match.start()) + 1
            stop = self.page.text.find("\n", match.end())
            stop = len(self.page.text) if stop < 0 else stop
            if not self._is_own(mention) and not _EVAL_LINE.search(self.page.text, line, stop):
                yield self._claim(
                    mention, Role.INCLUDED, Relation.DERIVATION, CONFIGURED, (line, stop)
                )

    def _config_name(self, block: Block, section: Section) -> Mention | None:
        """The known dataset whose name a heading among the configs bears."""
        if block.kind is not Kind.HEADING or section is not Section.STRUCTURE:
            return None
        match = _CONFIG.fullmatch(self.page.plain[block.start : block.end])
        entry = self.registry.exact(match[1], words=True) if match else None
        if match is None or entry is None or entry.kind in (NodeKind.MODEL, NodeKind.SOURCE):
            return None
        start = block.start + match.start(1)
        mention = Mention(start, start + len(match[1]), match[1], Sure.KNOWN, entry.kind, entry)
        return None if self._is_own(mention) else mention

    def _heading(self, block: Block, inside: list[Mention], section: Section) -> Iterator[Claim]:
        if block is self.first_heading:
            yield from self._title(block, inside)
            return
        mention = self._config_name(block, section)
        if mention is not None:
            yield self._claim(
                mention, Role.INCLUDED, Relation.MIXTURE, CONFIGURED, (block.start, block.end)
            )

    def _title(self, block: Block, inside: list[Mention]) -> Iterator[Claim]:
        """What the title says: `Adversarial examples for SQuAD`."""
        flow = flow_of(self.page.plain, block.start, block.end)
        for mention, role, relation, confidence in Sentence(
            flow.text, _spots(flow, 0, inside), Section.PLAIN
        ).decide():
            if mention.sure >= Sure.KNOWN:
                yield self._claim(mention, role, relation, confidence, (block.start, block.end))

    def _row(
        self, index: int, block: Block, inside: list[Mention], section: Section
    ) -> Iterator[Claim]:
        if not inside or not block.cells or self._is_head_row(index):
            return
        number = not self.page.plain[slice(*block.cells[0])].strip(" 0123456789.")
        first = block.cells[
            min(int(number), len(block.cells) - 1)
        ]  # a column of numbers is no head
        head = [m for m in inside if m.place[0] < first[1]]
        yield from self._cells(block, inside, section, head)
        role, relation, confidence = self.lists.said_of(block, section)
        if role is None or not head or self._is_sibling(head[0]):
            return
        if head[0].kind is not NodeKind.MODEL and _listable(head[0]):
            yield self._claim(head[0], role, relation, confidence, (block.start, block.end))

    def _is_head_row(self, index: int) -> bool:
        """Whether the row is the one that titles the columns."""
        following = self.page.blocks[index + 1 : index + 2]
        return (
            not self.page.blocks[index].header
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
        child = _as_child(head[0]) if head else None
        span = (block.start, block.end)
        for column, cell in enumerate(block.cells[1:], 1):
            here = [m for m in inside if cell[0] <= m.place[0] < cell[1] and m not in head]
            here = [m for m in here if not head or m.key != head[0].key]
            role = self._column(block, column)
            teacher = role is Role.TEACHER
            relation = Relation.REGENERATION if teacher else Relation.DERIVATION
            if role is not None and section not in (Section.EVALUATION, Section.RELATED):
                for mention in here:
                    if (mention.kind is NodeKind.MODEL) is teacher:
                        yield self._claim(mention, role, relation, TITLED, span, child)
            for decision in self._decided(cell, here, section):
                yield self._claim(*decision, span, child)

    def _decided(
        self, cell: tuple[int, int], here: list[Mention], section: Section
    ) -> Iterator[Decision]:
        """What the sentences of a cell decide."""
        flow = flow_of(self.page.plain, *cell)
        for first, last in flow.sentences() if len(flow.text) >= 12 else ():
            span = (flow.outward(first), flow.outward(last - 1) + 1)
            within = [m for m in here if span[0] <= m.place[0] < span[1]]
            within += self._shapes(span, within)
            yield from Sentence(
                flow.text[first:last], _spots(flow, first, within), section
            ).decide()

    def _column(self, block: Block, column: int) -> Role | None:
        """What names in this column are, by its title."""
        if column >= len(block.header) or not block.header[column].strip():
            return None
        title = block.header[column]
        return next((role for role, p in COLUMNS if p.search(title)), None)

    def _prose(self, index: int, block: Block, section: Section) -> Iterator[Claim]:
        flow = flow_of(self.page.plain, block.start, block.end)
        if not flow.text:
            return
        child = self.children.get(index)
        for number, (first, last) in enumerate(flow.sentences()):
            sentence = flow.text[first:last]
            span = (flow.outward(first), flow.outward(last - 1) + 1)
            here = self.lists.between(*span)
            here += self._shapes(span, here)
            if not here:
                continue
            spots = _spots(flow, first, here)
            if number == 0 and block.kind is Kind.ITEM:
                child = _item_child(sentence, spots) or child
            decided = Sentence(sentence, spots, section).decide()
            decided += self._members(sentence, spots, {d[0] for d in decided}, section)
            about = self.base if self.base and _SPEAKS_AS_PAPER.search(sentence) else None
            for mention, role, relation, confidence in decided:
                if confidence <= CONFIDENCE[Strength.WEAK] and self._is_sibling(mention):
                    continue
                yield self._claim(mention, role, relation, confidence, span, about or child)
            if number == 0 and (block.kind is Kind.ITEM or self._stands_alone(index, block)):
                done = {claim[0] for claim in decided}
                rest = [spot for spot in spots if spot[2] not in done]
                yield from self._item_head(block, rest, section, span, sentence)

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
            if mention.entry.id in self.own_members or (self.collection and subject):
                out.append((mention, Role.INCLUDED, Relation.MIXTURE, CONFIGURED))
        return out

    def _stands_alone(self, index: int, block: Block) -> bool:
        """Whether a paragraph does what an item does: a short one that holds an address, or
        one right after a paragraph that ends in a colon.
        """
        if block.kind is not Kind.PARAGRAPH or block.end - block.start > 300:
            return False
        if index and self.page.blocks[index - 1].kind is Kind.PARAGRAPH:
            before = self.page.blocks[index - 1]
            if self.page.plain[before.start : before.end].rstrip().endswith((":", "：")):
                return True
        return (
            any(
                m.id is not None and m.id.hub == "hf"
                for m in self.lists.between(block.start, block.end)
            )
            and block.end - block.start < 200
            and self.lists.is_composition(block, Section.PLAIN)
        )

    def _item_head(
        self,
        block: Block,
        spots: list[tuple[int, int, Mention]],
        section: Section,
        span: tuple[int, int],
        sentence: str,
    ) -> Iterator[Claim]:
        """The name at the head of an item, and what the list says of it."""
        role, relation, confidence = self.lists.said_of(block, section)
        if role is None:
            return
        for start, _, mention in spots:
            if mention.kind is NodeKind.MODEL or not _listable(mention):
                continue
            if self._is_sibling(mention) or (confidence == THANKED and mention.sure < Sure.GIVEN):
                continue
            short = mention.sure is Sure.GIVEN and len(sentence) < 120
            if block.kind is Kind.PARAGRAPH or short or _AT_HEAD.fullmatch(sentence[:start]):
                yield self._claim(mention, role, relation, confidence, span)

    def _shapes(self, span: tuple[int, int], here: list[Mention]) -> list[Mention]:
        """Name-shaped words in a sentence; whether they count is the sentence's to decide."""
        return [
            mention
            for mention in shapes_in(self.page.plain, *span)
            if not self._is_own(mention)
            and not (mention.name.islower() and self.page.in_code(mention.start, mention.end))
            and not any(m.start < mention.end and mention.start < m.end for m in here)
        ]


def _spots(flow: Flow, first: int, here: list[Mention]) -> list[tuple[int, int, Mention]]:
    """The mentions with their places in a sentence that begins at `first` of the flow."""
    places = [(flow.inward(m.place[0]) - first, flow.inward(m.place[1]) - first, m) for m in here]
    return sorted(places, key=lambda spot: spot[:2])


def _item_child(sentence: str, spots: list[tuple[int, int, Mention]]) -> DatasetId | None:
    """The dataset that an item is about: `Name: filtered from ...`."""
    start, end, head = spots[0]
    if head.sure < Sure.KNOWN or not _AT_HEAD.fullmatch(sentence[:start]):
        return None
    return _as_child(head) if _ABOUT.match(sentence, end) else None


def _listable(mention: Mention) -> bool:
    """Whether a name at the head of an item or row may be a dataset by the list alone."""
    return mention.sure >= Sure.NAMED or mention.marked or mention.entry is not None


def _as_child(mention: Mention) -> DatasetId | None:
    """The dataset that an item, row or heading about it makes the child."""
    if mention.kind in (NodeKind.MODEL, NodeKind.SOURCE):
        return None
    if mention.id is not None and mention.id.hub == "hf":
        return mention.id
    if mention.entry is not None:
        return mention.entry.dataset_id
    try:
        return DatasetId(hub="name", name=" ".join(mention.name.split()))
    except (InvalidName, ValueError):
        return None
