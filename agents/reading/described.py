"""One document being read: its page, its own names, and what the names in it are to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agents.reading.blocks import Block, Kind, Page, page_of
from agents.reading.gazetteer import gazetteer_of
from agents.reading.heads import head_of
from agents.reading.lists import Lists, Said
from agents.reading.mention import Mention, Sure
from agents.reading.mentions import mentions_in, shapes_in
from agents.reading.sections import Section, section_of
from agents.reading.selves import base_of, own_names
from agents.reading.sentences import Flow
from lineage.errors import InvalidName
from lineage.identity import DatasetId
from lineage.model import Document, NodeKind, Relation, Role
from lineage.registry import Registry, name_key

GIVEN_BONUS: Final = 0.05  # the document gives the id too
_CONFIG = re.compile(r"\s*[\"'`]?([\w-]{3,60}?)(?:[._][a-z]{2}(?:[._-][a-z]{2})*)?[\"'`]?\s*")
_DATA_FILE = re.compile(r"\.(?:jsonl?|csv|tsv|parquet|txt|zip|tar|gz|py)\b")


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


class Described:
    """A document, and the dataset that it describes."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self.document = document
        self.registry = registry
        self.page: Page = page_of(document)
        self.own = own_names(document, self.page, registry)
        self.mentions = [
            m for m in mentions_in(self.page, gazetteer_of(registry)) if not self.is_own(m)
        ]
        self.sections = [section_of(block.path) for block in self.page.blocks]
        own = registry.exact(document.dataset.name) or registry.exact(document.dataset.short_name)
        self.own_members = frozenset(own.members) if own else frozenset()
        configs = [self.config_name(*pair) for pair in self._blocks()]
        self.collection = sum(name is not None for name in configs) >= 2
        headings = (block for block in self.page.blocks if block.kind is Kind.HEADING)
        self.first_heading = next(headings, None)
        self.lists = Lists(self.page, self.mentions, self.is_sibling, self.begins_known)
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
                    child = as_child(inside[0])
                    if child is not None and inside[0].sure >= Sure.KNOWN:
                        about.append((block.depth, child))
            elif about:
                found[index] = about[-1][1]
        return found

    def _blocks(self) -> Iterator[tuple[Block, Section]]:
        return zip(self.page.blocks, self.sections, strict=True)

    def is_own(self, mention: Mention) -> bool:
        keys = {mention.key, name_key(mention.name)}
        if mention.id is not None:
            keys |= {name_key(mention.id.name), name_key(mention.id.short_name)}
        if (
            mention.entry is not None
            and mention.entry.id.casefold() == self.document.dataset.name.casefold()
        ):
            return True
        return bool(keys & self.own)

    def begins_known(self, block: Block) -> bool:
        """Whether the block's head is, as a whole, a name that the registry knows."""
        place = block.cells[0] if block.cells else (block.start, block.end)
        head = head_of(self.page, *place, self.registry)
        return head is not None and head.mention.entry is not None

    def is_own_file(self, mention: Mention) -> bool:
        """Whether it is the name of a file that begins as the described dataset does."""
        if not _DATA_FILE.match(self.page.plain, mention.end) and "." not in mention.name:
            return False
        first = name_key(re.split(r"[-_ ]", self.document.dataset.short_name)[0])
        return len(first) >= 3 and name_key(mention.name).startswith(first)

    def is_sibling(self, mention: Mention) -> bool:
        """Whether the mention is of the same organisation: told of, and rarely a parent."""
        org = self.document.dataset.name.partition("/")[0].casefold()
        named = mention.id or (mention.entry.dataset_id if mention.entry else None)
        return (
            named is not None
            and "/" in named.name
            and "/" in self.document.dataset.name
            and named.name.partition("/")[0].casefold() == org
        )

    def unlisted(self, mention: Mention, said: Said) -> bool:
        """Whether a list speaks of the project's own sets by this name."""
        return self.is_variant(mention) or (self.is_sibling(mention) and not said.firm)

    def is_variant(self, mention: Mention) -> bool:
        """Whether the name is of the described dataset's own family: `xP3all` beside `xP3`."""
        own = name_key(self.document.dataset.short_name)
        other = name_key(mention.id.short_name if mention.id else mention.name)
        differs = (at for at, pair in enumerate(zip(own, other, strict=False)) if len({*pair}) > 1)
        shared = next(differs, min(len(own), len(other)))
        alike = shared >= 3 and shared >= 0.7 * min(len(own), len(other))
        return alike and shared < len(other)  # `x` may well be a parent of `x-cleaned`

    def config_name(self, block: Block, section: Section) -> Mention | None:
        """The known dataset whose name a heading among the configs bears."""
        if block.kind is not Kind.HEADING or section is not Section.STRUCTURE:
            return None
        match = _CONFIG.fullmatch(self.page.plain[block.start : block.end])
        entry = self.registry.exact(match[1], words=True) if match else None
        if match is None or entry is None or entry.kind in (NodeKind.MODEL, NodeKind.SOURCE):
            return None
        start = block.start + match.start(1)
        mention = Mention(start, start + len(match[1]), match[1], Sure.KNOWN, entry.kind, entry)
        return None if self.is_own(mention) else mention

    def line_of(self, start: int, end: int) -> tuple[int, int]:
        first = self.page.text.rfind("\n", 0, start) + 1
        last = self.page.text.find("\n", end)
        return first, last if last > 0 else len(self.page.text)

    def claim(
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
        if child is not None and child in (mention.id, as_child(mention)):
            child = None  # an item or section about the parent itself
        span = self.page.widened(*span)
        return Claim(mention, role, relation, confidence, *span, child or self.document.dataset)

    def shapes(self, span: tuple[int, int], here: list[Mention]) -> list[Mention]:
        """Name-shaped words in a sentence; whether they count is the sentence's to decide."""
        return [
            mention
            for mention in shapes_in(self.page.plain, *span)
            if not self.is_own(mention)
            and not self.is_own_file(mention)
            and not (mention.name.islower() and self.page.in_code(mention.start, mention.end))
            and not any(m.start < mention.end and mention.start < m.end for m in here)
        ]


def spots_of(flow: Flow, first: int, here: list[Mention]) -> list[tuple[int, int, Mention]]:
    """The mentions with their places in a sentence that begins at `first` of the flow."""
    places = [(flow.inward(m.spot[0]) - first, flow.inward(m.spot[1]) - first, m) for m in here]
    return sorted(places, key=lambda spot: spot[:2])


def as_child(mention: Mention) -> DatasetId | None:
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
