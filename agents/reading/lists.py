"""What a list or table as a whole says of the names in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from agents.reading import cues
from agents.reading.blocks import Block, Kind, Page
from agents.reading.cues import Side, Strength
from agents.reading.mention import Mention
from agents.reading.sections import Section, column_role
from lineage.model import NodeKind, Relation, Role


class Said(NamedTuple):
    """What a list says of its names. `firm`: in so many words, not by its section alone."""

    role: Role | None
    relation: Relation
    confidence: float
    firm: bool = False


LISTED: Final = 0.65  # the head of an item or row of a list of sources
THANKED: Final = 0.45  # a Hub dataset linked among those who are thanked
SHAPED: Final = 0.5  # the head of an item among known ones, by its shape alone
NOTHING: Final = Said(None, Relation.DERIVATION, 0.0)
ENOUGH: Final = 3  # datasets of others in one list make it a list of components
_INTRODUCES = re.compile(
    r"\b(?:following|follows|below|here|these|table|list(?:ed)?)\b|以下|如下|下列|下面",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"\b(?:each|every|all|individual|respective|constitu(?:ent|ting)|original|underlying|source|component)"
    r"\s+(?:of\s+(?:the|these)\s+)?(?:[\w-]+\s+)?"
    r"(?:sub-?sets?|components?|sources?|constituents?|data ?sets?)\b",
    re.IGNORECASE,
)
_MADE_OF = re.compile(
    r"\b(?:following|these|below|listed)\b[^.]{0,60}?\b(?:data ?sets?|sources?|corpora|components?|"
    r"sub-?sets?|collections?|repositories|parts)\b[^.]{0,60}?\b(?:combin|merg|mix|includ|"
    r"incorporat|concatenat|collect|gather|assembl|aggregat|blend|us(?:ed|ing)\s+(?:in|to|for)\s+"
    r"(?:the\s+|this\s+|our\s+|creat|build|construct|mak|merg|mix|compos)|made|built)\w*"
    r"|\b(?:consists?|compris\w*|composed|made\s+up|compiled|mix(?:es|ed|ture)?|merg\w+|combin\w+|"
    r"collected|gathered|sourced|drawn|taken|built|derived|aggregat\w+|incorporat\w+)\b"
    r"[^.]{0,80}?\b(?:following|sources?|data ?sets?|corpora|of|from)\b[^.:：]{0,80}[:：]$",
    re.IGNORECASE,
)
_NOT_MADE_OF = re.compile(
    r"evaluat|\btest|benchmark|decontaminat|remov|exclud|overlap|filter\w*\s+out|left\s+out|compar|"
    r"unlike|inspir|similar|\btools?\b|\blibrar|\bmetric|fine-?tun|train\w*\s+(?:on|the|our|a)\b|"
    r"download|thank|fields?\b|columns?\b|stages?\b|steps?\b|format|keys?\b|files?\b",
    re.IGNORECASE,
)
_CLEANED = re.compile(
    r"\bdecontaminat\w+|\b(?:remov|exclud|filter\w*\s+out|drop|overlap|dedup|de-dup)\w*\b[^.]{0,60}?"
    r"\b(?:following|these|below|against)\b",
    re.IGNORECASE,
)
_FIELDS = re.compile(
    r"\b(?:each|every|one|an?)\s+(?:[\w-]+\s+)?(?:rows?|records?|entry|entries|examples?|samples?|"
    r"instances?|lines?|json|objects?)\b|\b(?:fields|columns|keys|attributes|properties)\b",
    re.IGNORECASE,
)
_MEASURES = re.compile(
    r"evaluat|\btest|benchmark|decontaminat|remov|exclud|compar|result|perform|score", re.IGNORECASE
)
_DATED = re.compile(r"\W{0,6}(?:20\d\d\s?[-/.年]\s?\d{1,2}|\d{1,2}/\d{1,2}/(?:20)?\d\d)\b")
_DOWNSTREAM = re.compile(
    r"\b(?:data ?sets?|models?|projects?|works?|papers?)\s+(?:which|that|who|using|built|trained|"
    r"based|derived|created)\b[^.]{0,40}?\b(?:us(?:es?|ing)|from|on|with)?\s*(?:this|our|it|/?[A-Z][\w-]+)?$"
    r"|\b(?:used|cited|adopted)\s+by\b|\bdownstream\b|\bderivatives?\b|\bwho\s+uses\b"
    r"|\b(?:models?|checkpoints?)\b[^.:]{0,40}\b(?:trained|tuned|released)\b",
    re.IGNORECASE,
)
"""A heading or lead-in of what was made with the described dataset, not of what it is made of."""
_THANKS = re.compile(r"acknowledg|credit|thanks|致谢", re.IGNORECASE)
_CATALOGUE = re.compile(
    r"\bawesome\b|\bcurated\s+list\b|\b(?:list|overview|survey|catalog(?:ue)?|directory)\s+of\s+"
    r"(?:[\w-]+\s+){0,5}data\s?sets\b",
    re.IGNORECASE,
)


class Lists:
    """The lists and tables of one page. `siblings` tells datasets of the same organisation,
    `begins_known` blocks whose head is a known name.
    """

    def __init__(
        self,
        page: Page,
        mentions: list[Mention],
        siblings: Callable[[Mention], bool],
        begins_known: Callable[[Block], bool],
    ) -> None:
        self.page, self.mentions, self.siblings = page, mentions, siblings
        self.begins_known = begins_known
        self.block_starts = [block.start for block in page.blocks]
        self.starts = [mention.spot[0] for mention in mentions]
        self.catalogue = _CATALOGUE.search(page.plain[:1200]) is not None
        self.leads = {b.lead for b in page.blocks if b.kind is Kind.ITEM and b.lead is not None}
        self.intros = _intros(page)
        self._rows: dict[object, list[Block]] | None = None
        self._company: dict[object, tuple[int, int]] = {}
        self._linked: dict[tuple[tuple[str, ...], Kind], set[str]] | None = None

    def _lead(self, block: Block) -> tuple[str, Block | None]:
        number = block.lead
        if number is None and block.kind is Kind.PARAGRAPH:
            number = bisect_left(self.block_starts, block.start) - 1
        if number is None or number < 0 or self.page.blocks[number].kind in (Kind.CODE, Kind.ROW):
            return "", None
        lead = self.page.blocks[number]
        return " ".join(self.page.plain[lead.start : lead.end].split())[-400:], lead

    def said_of(self, block: Block, section: Section) -> Said:
        """What a bare name in this list or table is, by what stands above it."""
        if block.kind is Kind.ITEM and _DATED.match(self.page.plain, block.start, block.end):
            return NOTHING  # news
        title = block.path[-1] if block.path else ""
        if section is Section.ASIDE and _THANKS.search(title):
            return Said(Role.INCLUDED, Relation.DERIVATION, THANKED)
        text, lead = self._lead(block)
        if section is Section.ASIDE and not self.catalogue and _PARTS.search(text):
            return Said(Role.INCLUDED, Relation.MIXTURE, LISTED, firm=True)
        if section is Section.ASIDE or self.catalogue:
            return NOTHING
        if lead is not None and lead.kind is Kind.ITEM:
            said = _said_by_lead(text) if text.endswith((":", "：")) else None
            return said or self.said_of(lead, section)  # what the outer list is
        said = _said_by_lead(text) or _said_by_title(title)
        if said is not None:
            return said
        if block.kind is Kind.ROW and section not in (Section.EVALUATION, Section.RELATED):
            role = column_role(block.header[0]) if block.header else None
            if role is Role.INCLUDED:
                return Said(Role.INCLUDED, Relation.MIXTURE, LISTED, firm=True)
        if section is Section.SOURCES or self.is_composition(block, section):
            return Said(Role.INCLUDED, Relation.MIXTURE, LISTED)
        if lead is not None and lead.kind is Kind.HEADING and block.kind is Kind.PARAGRAPH:
            return self.said_of_heading(lead, section)
        if section is Section.EVALUATION:
            return Said(Role.EVALUATED, Relation.DERIVATION, LISTED)
        if section is Section.RELATED:
            return Said(Role.COMPARED, Relation.DERIVATION, LISTED)
        return NOTHING

    def said_of_heading(self, block: Block, section: Section) -> Said:
        """What a heading among others is, by the section that holds it."""
        if section in (Section.ASIDE, Section.EVALUATION, Section.RELATED) or self.catalogue:
            return NOTHING
        if _DOWNSTREAM.search(block.path[-1] if block.path else ""):
            return NOTHING
        intro = self.intros.get(block.path)
        text = " ".join(self.page.plain[intro.start : intro.end].split())[-400:] if intro else ""
        said = _said_by_lead(text)
        if said is not None and said.firm:
            return said
        if section is Section.SOURCES:
            return Said(Role.INCLUDED, Relation.MIXTURE, LISTED)
        return NOTHING

    def company(self, block: Block) -> tuple[int, int]:
        """How many items, rows or headings beside this one (itself included) begin with a
        known name or a Hub dataset, and how many there are.
        """
        if self._rows is None:
            self._rows = {}
            for other in self.page.blocks:
                if other.kind not in (Kind.PARAGRAPH, Kind.CODE):
                    self._rows.setdefault(_row_of(other), []).append(other)
        row = _row_of(block)
        if row not in self._company:
            blocks = self._rows.get(row, [])
            self._company[row] = (sum(map(self._begins_with_name, blocks)), len(blocks))
        return self._company[row]

    def _begins_with_name(self, block: Block) -> bool:
        return any(
            m.spot[0] - block.start <= 30
            and (m.entry is not None or (m.id is not None and m.id.hub == "hf"))
            and m.kind is not NodeKind.MODEL
            for m in self.between(block.start, block.end)[:3]
        ) or self.begins_known(block)

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

    def index_of(self, block: Block) -> int:
        """The block's place among the page's blocks."""
        return bisect_left(self.block_starts, block.start)

    def between(self, start: int, end: int) -> list[Mention]:
        low = bisect_left(self.starts, start)
        return self.mentions[low : bisect_left(self.starts, end)]


@lru_cache(maxsize=4096)
def _said_by_lead(text: str) -> Said | None:
    """What the sentence above a list says: `The data was collected from:`. It points to the
    list by a word of its own, or ends without a full stop.
    """
    sentence = re.split(r"(?<=[.!?])\s", text)[-1].rstrip()
    if sentence.endswith((".", "!", "?", "。")) and _INTRODUCES.search(sentence) is None:
        return None
    said = _said(sentence)
    unfinished = sentence.endswith((":", "：")) or _INTRODUCES.search(sentence) is not None
    return said if said is None or said.firm or unfinished else None


@lru_cache(maxsize=4096)
def _said_by_title(title: str) -> Said | None:
    """What the heading right above a list says of it: `Datasets used in the merge`."""
    if _FIELDS.search(title):
        return None
    if _DOWNSTREAM.search(title.rstrip(" :")):
        return NOTHING
    said = _said(title + ":")
    return said if said and said.firm else None


def _said(sentence: str) -> Said | None:
    made = _MADE_OF.search(sentence) is not None
    if (_DOWNSTREAM.search(sentence.rstrip(" :：")) and not made) or _FIELDS.search(sentence):
        return NOTHING
    if _CLEANED.search(sentence) and not made:
        return Said(Role.REMOVED, Relation.FILTERING, LISTED, firm=True)
    parts = _PARTS.search(sentence) and not _MEASURES.search(sentence)
    if parts or (made and not _NOT_MADE_OF.search(sentence)):
        relation = cues.relation_in(sentence, Relation.DERIVATION)
        relation = Relation.MIXTURE if relation is Relation.DERIVATION else relation
        return Said(Role.INCLUDED, relation, LISTED, firm=True)
    found = [hit for hit in cues.hits(sentence) if hit.cue.side is Side.AFTER]
    firm = [hit for hit in found if hit.cue.strength >= Strength.FAIR]
    telling = [hit for hit in firm if hit.cue.role is Role.INCLUDED] or firm or found
    if not telling:
        return None
    role = telling[-1].cue.role
    if role is None:
        return NOTHING
    return Said(role, cues.relation_in(sentence, Relation.MIXTURE), LISTED, firm=bool(firm))


def _row_of(block: Block) -> object:
    """The list, table or row of headings that the block belongs to."""
    return block.kind, block.path, block.depth if block.kind is Kind.HEADING else block.header


def _intros(page: Page) -> dict[tuple[str, ...], Block]:
    """The last paragraph directly under each path of titles, before what is nested in it."""
    found: dict[tuple[str, ...], Block] = {}
    closed: set[tuple[str, ...]] = set()
    for block in page.blocks:
        if block.kind is Kind.HEADING:
            closed.add(block.path)
        elif block.kind is Kind.PARAGRAPH and block.path not in closed:
            found[block.path] = block
    return found


def _group(block: Block) -> tuple[tuple[str, ...], Kind]:
    """Items and rows of one section belong together; so do the paragraphs under headings
    side by side.
    """
    path = block.path[:-1] if block.kind is Kind.PARAGRAPH else block.path
    return path, block.kind
