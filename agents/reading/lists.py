"""What a list or table as a whole says of the names in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from agents.reading import cues
from agents.reading.blocks import Block, Kind, Page
from agents.reading.cues import Side, Strength
from agents.reading.mention import Mention
from agents.reading.sections import Section
from lineage.model import NodeKind, Relation, Role

Said = tuple[Role | None, Relation, float]
"""Role (None: nothing said), relation and confidence."""

LISTED: Final = 0.65  # the head of an item or row of a list of sources
THANKED: Final = 0.45  # a Hub dataset linked among those who are thanked
NOTHING: Final[Said] = (None, Relation.DERIVATION, 0.0)
ENOUGH: Final = 3  # datasets of others in one list make it a list of components
_INTRODUCES = re.compile(r"\b(?:this|our|we|following|below|here)\b|以下|如下", re.IGNORECASE)
_THANKS = re.compile(r"acknowledg|credit|thanks|致谢", re.IGNORECASE)
_CATALOGUE = re.compile(
    r"\bawesome\b|\bcurated\s+list\b|\b(?:list|overview|survey|catalog(?:ue)?|directory)\s+of\s+"
    r"(?:[\w-]+\s+){0,5}data\s?sets\b",
    re.IGNORECASE,
)


class Lists:
    """The lists and tables of one page. `siblings` tells datasets of the same organisation."""

    def __init__(
        self, page: Page, mentions: list[Mention], siblings: Callable[[Mention], bool]
    ) -> None:
        self.page, self.mentions, self.siblings = page, mentions, siblings
        self.block_starts = [block.start for block in page.blocks]
        self.starts = [mention.place[0] for mention in mentions]
        self.catalogue = _CATALOGUE.search(page.plain[:1200]) is not None
        self._linked: dict[tuple[tuple[str, ...], Kind], set[str]] | None = None

    def _lead(self, block: Block) -> tuple[str, Block | None]:
        number = block.lead
        if number is None and block.kind is Kind.PARAGRAPH:
            number = bisect_left(self.block_starts, block.start) - 1
        if number is None or number < 0 or self.page.blocks[number].kind in (Kind.CODE, Kind.ROW):
            return "", None
        lead = self.page.blocks[number]
        return " ".join(self.page.plain[lead.start : lead.end].split())[-400:], lead

    def said_of(self, block: Block, section: Section) -> tuple[Role | None, Relation, float]:
        """What a bare name in this list or table is, by what stands above it."""
        if section is Section.ASIDE and block.path and _THANKS.search(block.path[-1]):
            return Role.INCLUDED, Relation.DERIVATION, THANKED
        if section is Section.ASIDE or self.catalogue:
            return None, Relation.DERIVATION, 0.0
        text, lead = self._lead(block)
        if lead is not None and lead.kind is Kind.ITEM and not text.endswith((":", "：")):
            return self.said_of(lead, section)  # an item in an item: what the outer list is
        said = _said_by_lead(text)
        if said is not None:
            return said
        if section is Section.SOURCES or self.is_composition(block, section):
            return Role.INCLUDED, Relation.MIXTURE, LISTED
        if section is Section.EVALUATION:
            return Role.EVALUATED, Relation.DERIVATION, LISTED
        if section is Section.RELATED:
            return Role.COMPARED, Relation.DERIVATION, LISTED
        return None, Relation.DERIVATION, 0.0

    def is_composition(self, block: Block, section: Section) -> bool:
        """Whether the list or table links to three or more Hub datasets of others, so that
        it lists what the described dataset is made of.
        """
        if section not in (Section.PLAIN, Section.STRUCTURE):
            return False
        if self._linked is None:
            self._linked = {}
            for other in self.page.blocks:
                if other.kind not in (Kind.CODE, Kind.HEADING):
                    self._linked.setdefault(_group(other), set()).update(self._datasets_in(other))
        return len(self._linked.get(_group(block), ())) >= ENOUGH

    def _datasets_in(self, block: Block) -> Iterator[str]:
        """What the block links to on the Hub, or is nothing but the name of."""
        for mention in self.between(block.start, block.end):
            given = mention.id is not None and mention.id.hub == "hf"
            alone = (
                mention.entry is not None
                and block.end - block.start < len(mention.name) + 15
                and mention.kind in (NodeKind.DATASET, NodeKind.BENCHMARK)
            )
            if (given and not self.siblings(mention)) or alone:
                yield str(mention.id or mention.key)

    def between(self, start: int, end: int) -> list[Mention]:
        low = bisect_left(self.starts, start)
        return self.mentions[low : bisect_left(self.starts, end)]


def _said_by_lead(text: str) -> Said | None:
    """What the sentence above a list says: `The data was collected from:`."""
    sentence = re.split(r"(?<=[.!?])\s", text)[-1].rstrip()
    if not sentence.endswith((":", "：")) and _INTRODUCES.search(sentence) is None:
        return None
    found = [hit for hit in cues.hits(sentence) if hit.cue.side is Side.AFTER]
    firm = [hit for hit in found if hit.cue.strength >= Strength.FAIR]
    telling = [hit for hit in firm if hit.cue.role is Role.INCLUDED] or firm or found
    if not telling:
        return None
    role = telling[-1].cue.role
    if role is None:
        return NOTHING
    return role, cues.relation_in(sentence, Relation.MIXTURE), LISTED


def _group(block: Block) -> tuple[tuple[str, ...], Kind]:
    """Items and rows of one section belong together; so do the paragraphs under headings
    side by side.
    """
    path = block.path[:-1] if block.kind is Kind.PARAGRAPH else block.path
    return path, block.kind
