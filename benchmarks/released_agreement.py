"""Where a graph that was read from cards agrees with a released one, and why it does not.

Used by `released_graphs.py`. A pair is (child, parent); both ends are the ids that our
resolver gives, so that two spellings of one data set are one pair.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agents.resolver import RegistryResolver
from agents.sources.header import header_of
from lineage.audit import squeezed
from lineage.errors import InvalidName
from lineage.graph import LineageGraph
from lineage.identity import DatasetId
from lineage.model import Edge, NodeKind, Rejection
from lineage.names import date_conflict, is_generic, names_in, unresolved

Pair = tuple[DatasetId, DatasetId]

REASONS: Final = {
    "other-id": "we hold that parent under another id",
    "other-role": "we hold that parent in another role",
    "rejected": "we proposed it and turned it down",
    "own-name": "in the card, its name can only be the child's own",
    "missed": "the card holds its name, and we proposed nothing",
    "quote-without-name": "their quote does not name it, nor does the card",
    "other-document": "their quote is (also) from another document; the card lacks the name",
    "not-in-card": "their quote is said to be from the card, which lacks the name",
}
"""Why a pair is theirs only: the first of these that holds."""


@dataclass(frozen=True)
class Line:
    """One line of a released edges file."""

    child: str
    parent: str
    on_hub: bool
    kind: str  # of document, as they say
    relation: str
    quote: str


@dataclass
class Theirs:
    """Their statements about one pair."""

    pair: Pair
    lines: list[Line] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


@dataclass
class Ours:
    """Our edges of one pair, of data or of one other role."""

    pair: Pair
    edges: list[Edge] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def best(self) -> Edge:
        """The edge that we are surest of."""
        return max(self.edges, key=lambda edge: (edge.confidence, edge.id))


@dataclass(frozen=True)
class Disagreement:
    """A pair that is theirs only, with the reason and what it rests on."""

    theirs: Theirs
    reason: str
    detail: str
    quote_names_parent: bool


class Agreement:
    """Compares a graph with released lines over the children whose cards were read.

    `cards` holds the text of each card under its child's resolved id. Edges of ours whose
    child has no card (a row of a table can have a child of its own) are left out, and so
    are pairs whose ends are one data set once resolved; `self_pairs` counts theirs.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        graph: LineageGraph,
        rejections: Iterable[Rejection],
        cards: Mapping[DatasetId, str],
        resolver: RegistryResolver,
    ) -> None:
        self._resolver, self._graph, self.cards = resolver, graph, cards
        self._turned_down: dict[DatasetId, list[Rejection]] = defaultdict(list)
        for one in rejections:
            self._turned_down[resolver.canonical(one.child).base].append(one)
        self.self_pairs = 0
        self.without_card = 0
        self.theirs = self._their_pairs(list(lines))
        self.ours = self._our_pairs(data=True)
        self._other_roles = self._our_pairs(data=False)
        self._by_child: dict[DatasetId, list[Ours]] = defaultdict(list)
        for (child, _), ours in self.ours.items():
            self._by_child[child].append(ours)
        self.both = self.theirs.keys() & self.ours.keys()
        self.their_children = {child for child, _ in self.theirs}

    def _their_pairs(self, lines: list[Line]) -> dict[Pair, Theirs]:
        on_hub = {line.child for line in lines} | {line.parent for line in lines if line.on_hub}
        pairs: dict[Pair, Theirs] = {}
        self.their_nodes: set[DatasetId] = set()
        self._their_keys: set[str] = set()
        for line in lines:
            child = self._canonical(line.child, hosted=True)
            parent = self._canonical(line.parent, hosted=line.parent in on_hub)
            self.their_nodes |= {child, parent}
            self._their_keys |= {squeezed(end.short_name) for end in (child, parent)}
            if child == parent:
                self.self_pairs += 1
            elif child not in self.cards:
                self.without_card += 1
            else:
                theirs = pairs.setdefault((child, parent), Theirs((child, parent)))
                theirs.lines.append(line)
                theirs.keys |= self.keys(parent) | {squeezed(line.parent.rpartition("/")[2])}
                theirs.names |= {line.parent, *self.names(parent)}
                if not is_generic(short := line.parent.rpartition("/")[2]):
                    theirs.names.add(short)
        return pairs

    def _canonical(self, written: str, *, hosted: bool) -> DatasetId:
        """The id that our graph would use for a name of theirs."""
        name = " ".join(written.split())
        if hosted:
            return self._resolver.canonical(DatasetId(name=name)).base
        if (match := self._resolver.names.match(name)) is not None:
            return match.id.base
        try:
            return unresolved(name)
        except InvalidName:
            return DatasetId(hub="name", name=name)

    def _our_pairs(self, *, data: bool) -> dict[Pair, Ours]:
        pairs: dict[Pair, Ours] = {}
        for edge in self._graph.edges:
            child, parent = edge.child.base, edge.parent.base
            if edge.carries_data is not data or child == parent or child not in self.cards:
                continue
            ours = pairs.setdefault((child, parent), Ours((child, parent)))
            ours.edges.append(edge)
            ours.keys |= self.keys(parent)
        return pairs

    def names(self, parent: DatasetId) -> set[str]:
        """Every name we know for an id, but for those that are ordinary words."""
        entry = self._resolver.names.entry(parent)
        known = set(entry.plain_names) if entry is not None else set()
        return {parent.name} | {n for n in known | {parent.short_name} if not is_generic(n)}

    def keys(self, parent: DatasetId) -> set[str]:
        """The short names of an id, letters and digits only: its own and the registry's."""
        entry = self._resolver.names.entry(parent)
        names = {parent.short_name} | ({entry.name} if entry is not None else set())
        return {squeezed(name) for name in names} - {""}

    @property
    def theirs_only(self) -> list[Pair]:
        """Pairs that only they have, in order."""
        return sorted(self.theirs.keys() - self.both)

    @property
    def ours_only(self) -> list[Pair]:
        """Pairs that only we have, in order."""
        return sorted(self.ours.keys() - self.both)

    def by_short_name(self) -> tuple[int, int]:
        """How many of their pairs, and how many of ours, the other side has too when
        parents of one child are the same as soon as a short name of them is.
        """
        matched = {pair for pair, theirs in self.theirs.items() if self._namesakes(theirs)}
        keys: dict[DatasetId, set[str]] = defaultdict(set)
        for (child, _), theirs in self.theirs.items():
            keys[child] |= theirs.keys
        ours = sum(
            bool(one.keys & keys[pair[0]]) or pair in self.both for pair, one in self.ours.items()
        )
        return len(matched | self.both), ours

    def _namesakes(self, theirs: Theirs) -> list[Ours]:
        return [one for one in self._by_child[theirs.pair[0]] if one.keys & theirs.keys]

    def reasons(self) -> list[Disagreement]:
        """Why each pair is theirs only; see `REASONS`."""
        return [self._reason(self.theirs[pair]) for pair in self.theirs_only]

    def _reason(self, theirs: Theirs) -> Disagreement:
        named = any(names_in(name, line.quote) for line in theirs.lines for name in theirs.names)
        reason, detail = next(self._why(theirs, named=named))
        return Disagreement(theirs, reason, detail, named)

    def _why(self, theirs: Theirs, *, named: bool) -> Iterator[tuple[str, str]]:
        child, _ = theirs.pair
        for one in self._namesakes(theirs):
            yield "other-id", self._sort(one.pair[1])
        for pair, one in self._other_roles.items():
            if pair[0] == child and (pair == theirs.pair or one.keys & theirs.keys):
                yield "other-role", str(one.edges[0].role)
        for refused in self._turned_down[child]:
            if squeezed(refused.parent_name.rpartition("/")[2]) in theirs.keys:
                yield "rejected", refused.reason
        found = self._found_in(self.cards[child], theirs)
        if found and found <= self.keys(child):
            yield "own-name", ""
        elif found:
            yield "missed", self._place(self.cards[child], theirs)
        elif not named:
            yield "quote-without-name", ""
        elif kinds := counted(x.kind for x in theirs.lines if not _card_only(x.kind)):
            yield "other-document", next(iter(kinds))
        else:
            yield "not-in-card", ""

    def _place(self, card: str, theirs: Theirs) -> str:
        body = header_of(card).body
        return "in the text" if self._found_in(card[body:], theirs) else "in the YAML header only"

    def _found_in(self, card: str, theirs: Theirs) -> set[str]:
        return {squeezed(name) for name in theirs.names if names_in(name, card)}

    def _sort(self, parent: DatasetId) -> str:
        if self._graph.node(parent).kind is NodeKind.SOURCE:
            return "a source (website, crawl, book)"
        return "an unresolved name" if parent.hub == "name" else "another repository of that name"

    def holds_parent(self, pair: Pair) -> str:
        """Whether their graph knows the parent of a pair of ours at all."""
        if pair[1] in self.their_nodes:
            return "a node of theirs"
        alike = bool(self.keys(pair[1]) & self._their_keys)
        return "its short name is" if alike else "unknown to them"

    def methods(self, pair: Pair) -> str:
        """How we read a pair: `declared`, `rules` or both."""
        return " and ".join(
            sorted({str(one.method) for e in self.ours[pair].edges for one in e.evidence})
        )


def _card_only(kind: str) -> bool:
    """Whether their word for the document (`Paper`, `HuggingFace README; Blog`) is the card."""
    return {part.strip().casefold() for part in kind.split(";")} == {"huggingface readme"}


def later_parents(pairs: Iterable[Pair], released: Mapping[DatasetId, str]) -> tuple[int, int]:
    """How many pairs have a parent dated after the child, and how many have two dates."""
    dated = [(released[c], released[p]) for c, p in pairs if c in released and p in released]
    return sum(date_conflict(child, parent) for child, parent in dated), len(dated)


def counted(words: Iterable[str]) -> dict[str, int]:
    """How often each occurs, the most frequent first; ties in text order."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))


def shown(text: str, most: int = 220) -> str:
    """A quote on one line, cut to `most` characters."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= most else line[: most - 3] + "..."


def edge_row(edge: Edge) -> dict[str, Any]:
    """One of our edges, as plain data for a person to judge."""
    best = max(edge.evidence, key=lambda one: one.confidence)
    return {
        "child": str(edge.child),
        "parent": str(edge.parent),
        "relation": str(edge.relation),
        "role": str(edge.role),
        "confidence": edge.confidence,
        "method": str(best.method),
        "location": best.location,
        "quote": shown(best.quote, 400),
    }
