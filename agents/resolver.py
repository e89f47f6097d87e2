"""Proposals -> edges: resolve names, drop what names nothing, unite evidence.

How statements about one pair of data sets become edges:

* One edge for each (child, parent, relation, role). Roles never mix: where one document
  says *included* and another *removed*, both edges exist.
* One document speaks with one voice about a pair in a role. Of the relations it uses, the
  most specific of the well supported ones (within `_MARGIN` of its best) gets all of its
  evidence; a second relation for the same pair needs a second document. A parent that the
  document also names narrowed to one config or split is that narrowed parent.
* `derivation` gives way: documents that say no more than that join the best supported
  specific edge of the pair.
* Confidence is `combined` over the best evidence of each independent document: several
  quotes of one document, and copies of one text under two addresses, are one witness. A
  name that was only nearly a known one counts by how near it was.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lineage.errors import InvalidName
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Flag,
    Method,
    NodeKind,
    Proposal,
    Rejection,
    Relation,
    Role,
    believed,
    now,
)
from lineage.names import (
    MAX_NAME,
    Names,
    is_generic,
    is_hub_shaped,
    names_in,
    partial_date,
    unresolved,
)
from lineage.registry import Entry, Registry, name_key

REGISTRY_READER: Final = "registry/1"
REGISTRY_CONFIDENCE: Final = 0.6
"""Facts of the registry are compiled by hand: any document about the set itself wins."""

_MARGIN: Final = 0.1
_SPECIFIC: Final = (
    Relation.TRANSLATION,
    Relation.REGENERATION,
    Relation.ANNOTATION,
    Relation.REWRITING,
    Relation.SYNTHESIS,
    Relation.TRAINING,
    Relation.FILTERING,
    Relation.REVISION,
    Relation.COPY,
    Relation.SUBSET,
    Relation.MIXTURE,
    Relation.DERIVATION,
)
"""From the relation that says most of how rows were changed to the one that says least."""

_STRUCTURED: Final = frozenset({Method.DECLARED, Method.ROWS, Method.MANUAL, Method.IMPORTED})
_QUOTELESS: Final = frozenset({Method.MANUAL, Method.CONTENT, Method.IMPORTED})
_NOT_A_REPOSITORY = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/"
    r"(?:(?:spaces|collections|papers|blog|docs|posts|organizations)\b|[^/]*/?$)"
)
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Claim:
    """A proposal whose ends are known. Its evidence is as sure as the proposal's, less where
    the name was only near the one it was taken for.
    """

    child: DatasetId
    parent: DatasetId
    relation: Relation
    role: Role
    proposal: Proposal
    evidence: Evidence
    ambiguous: bool


_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class _Refused(Exception):
    """Why a proposal is not believed."""


class RegistryResolver:
    """Keeps the `Resolver` promise by rule, with the names of a registry.

    `resolve` is a pure function: the same proposals and facts, in whatever order, give
    the same nodes, edges and rejections in the same order. Safe to share between threads.
    """

    def __init__(self, registry: Registry, *, names: Names | None = None) -> None:
        self.names = names or Names(registry)
        self._registry = registry
        self._started = now()

    def canonical(self, dataset: DatasetId) -> DatasetId:
        """The one id of what `dataset` names; seeds go through it too, see `Names`."""
        return self.names.canonical(dataset)

    def named(self, written: str) -> DatasetId:
        """The id of what a person wrote: an id or address as it is, a known name's, else
        `name:...`.
        """
        asked = DatasetId.parse(written)
        if asked.hub == "hf" and re.match(r"https?://", asked.name):
            return self.canonical(_address(asked.name))
        if asked.hub != "hf" or _REPOSITORY.fullmatch(asked.name):
            return self.canonical(asked)
        match = self.names.match(asked.name, words=True)
        found = match.id if match is not None else unresolved(asked.name)
        return DatasetId(
            hub=found.hub,
            name=found.name,
            revision=asked.revision or found.revision,
            config=asked.config or found.config,
            split=asked.split or found.split,
        )

    def resolve(
        self, proposals: tuple[Proposal, ...], facts: tuple[Fact, ...]
    ) -> tuple[tuple[Dataset, ...], tuple[Edge, ...], tuple[Rejection, ...]]:
        """The nodes, the merged edges and what was turned down, each in a fixed order.

        A proposal is turned down where its name is no name, a generic noun, or not in its
        own quote, where it names the child itself, and where the kinds do not fit (a model
        holds no rows, a data set is no teacher).
        """
        claims: list[_Claim] = []
        rejections: set[Rejection] = set()
        for proposal in proposals:
            try:
                claims.append(self._claim(proposal))
            except _Refused as refusal:
                rejections.add(_rejection(proposal, str(refusal)))
        claims.sort(key=_order)
        nodes = self._nodes(claims, proposals, facts)
        edges = [self._edge(group, nodes) for group in _grouped(_one_voice(_most_narrow(claims)))]
        return (
            tuple(nodes[base] for base in sorted(nodes)),
            tuple(sorted(edges, key=lambda e: (str(e.child), str(e.parent), e.relation, e.role))),
            tuple(
                sorted(
                    rejections,
                    key=lambda r: (str(r.child), r.parent_name, r.reason, r.quote, r.document),
                )
            ),
        )

    def _claim(self, proposal: Proposal) -> _Claim:
        child = self.canonical(proposal.child)
        parent, score, ambiguous = self._parent(proposal)
        self._check_named(proposal, parent)
        _check_kinds(proposal, child, parent)
        if parent.base == child.base:
            _check_self(proposal, child, parent)
        return _Claim(
            child=child,
            parent=parent,
            relation=proposal.relation,
            role=proposal.role,
            proposal=proposal,
            evidence=_weighed(proposal.evidence, score),
            ambiguous=ambiguous,
        )

    def _parent(self, proposal: Proposal) -> tuple[DatasetId, float, bool]:
        """The parent's id, how near its name was (0 to 1), and whether it is contested."""
        written = proposal.parent_name.strip()
        if proposal.parent_id is not None:
            given = proposal.parent_id
            if _context(proposal) is NodeKind.MODEL and self._unknown_on_hub(given):
                given = DatasetId(hub="model", name=given.name)  # both are written org/name
            given = self.canonical(given)
            return _narrow(given, proposal), 1.0, False
        if len(written) > MAX_NAME or not _LETTER.search(written) or not name_key(written):
            raise _Refused("not a name")
        if re.match(r"https?://", written):
            given = self.canonical(_address(written))
            return _narrow(given, proposal), 1.0, False
        kind = _context(proposal)
        match = self.names.match(written, kind=kind, words=_marked(proposal))
        if match is not None and match.entry.kind is NodeKind.MODEL is not kind:
            raise _Refused("names a model, not a data set")
        if match is not None:
            found = _narrow(match.id, proposal)
            return found, match.score, name_key(written) in self._registry.contested
        return _narrow(self._unknown(written, kind), proposal), 1.0, False

    def _unknown_on_hub(self, given: DatasetId) -> bool:
        return given.hub == "hf" and self.names.entry(given) is None

    def _unknown(self, written: str, kind: NodeKind | None) -> DatasetId:
        """An honest node for a name that no rule resolves."""
        if is_generic(written):
            raise _Refused("a generic noun names no data set")
        model = kind is NodeKind.MODEL
        if not model and self.names.match(written, kind=NodeKind.MODEL) is not None:
            raise _Refused("names a model, not a data set")
        if not model and self.names.match(written, kind=kind, words=True) is not None:
            raise _Refused("an ordinary word that nothing marks as a name")
        if kind is not NodeKind.SOURCE and is_hub_shaped(written, self._registry):
            return self.canonical(DatasetId(hub="model" if model else "hf", name=written))
        try:
            honest = unresolved(written, model=model)
        except InvalidName as error:
            raise _Refused("not a name") from error
        if model or (entry := self.names.entry(honest)) is None:
            return self.canonical(honest)
        if kind is None or entry.kind is kind or NodeKind.SOURCE not in (kind, entry.kind):
            raise _Refused("an ordinary word that nothing marks as a name")
        return DatasetId(hub="name", name=f"{honest.name} ({kind})")  # its namesake's is taken

    def _check_named(self, proposal: Proposal, parent: DatasetId) -> None:
        """A quote that does not name the parent is no evidence for it."""
        evidence = proposal.evidence
        if not evidence.quote and evidence.method in _QUOTELESS:
            return
        names = [proposal.parent_name, parent.name, parent.short_name]
        if proposal.parent_id is not None:
            names += [proposal.parent_id.name, proposal.parent_id.short_name]
        if (entry := self.names.entry(parent)) is not None:
            names += [entry.name, *entry.aliases, *entry.word_aliases]
        if not any(names_in(name, evidence.quote) for name in dict.fromkeys(names)):
            raise _Refused("the quote does not name the parent")

    def _nodes(
        self, claims: Sequence[_Claim], proposals: Sequence[Proposal], facts: Sequence[Fact]
    ) -> dict[DatasetId, Dataset]:
        """Every child, parent and subject of a fact, with what is known of it."""
        own: dict[DatasetId, dict[tuple[object, ...], Fact]] = defaultdict(dict)
        for fact in sorted(facts, key=lambda f: (f.evidence.found_at, -f.evidence.confidence)):
            subject = self.canonical(fact.dataset)
            placed = fact.model_copy(update={"dataset": subject})
            own[subject.base].setdefault(
                (str(subject), fact.key, fact.value, fact.evidence.id), placed
            )
        kinds: dict[DatasetId, Counter[NodeKind]] = defaultdict(Counter)
        spellings: dict[DatasetId, Counter[str]] = defaultdict(Counter)
        bases = {self.canonical(p.child).base for p in proposals} | set(own)
        for claim in claims:
            base = claim.parent.base
            bases |= {claim.child.base, base}
            if (kind := _context(claim.proposal)) is not None:
                kinds[base][kind] += 1
            if base.hub in ("name", "model"):
                spellings[base][claim.proposal.parent_name.strip()] += 1
        return {
            base: self._node(base, tuple(own[base].values()), kinds[base], spellings[base])
            for base in bases
        }

    def _node(
        self,
        base: DatasetId,
        facts: tuple[Fact, ...],
        kinds: Counter[NodeKind],
        spellings: Counter[str],
    ) -> Dataset:
        entry = self.names.entry(base)
        kind = NodeKind.MODEL if base.hub == "model" else NodeKind.DATASET
        name = min(spellings, key=lambda s: (-spellings[s], len(s), s), default="")
        if entry is not None:
            kind, name = entry.kind, entry.name
            facts += registry_facts(entry, at=self._started)
        elif kinds and kind is not NodeKind.MODEL:
            kind = min(kinds, key=lambda k: (-kinds[k], k is NodeKind.DATASET, k.value))
        order = sorted(facts, key=lambda f: (f.key, f.value, str(f.dataset), f.evidence.id))
        return Dataset(id=base, kind=kind, name=name, facts=tuple(order))

    def _edge(self, group: Sequence[_Claim], nodes: dict[DatasetId, Dataset]) -> Edge:
        first = group[0]
        evidence: dict[str, Evidence] = {}
        for claim in group:
            evidence.setdefault(claim.evidence.id, claim.evidence)  # the first found stays
        flags = (Flag.AMBIGUOUS_NAME,) if all(claim.ambiguous for claim in group) else ()
        return Edge(
            child=first.child,
            parent=first.parent,
            relation=first.relation,
            role=first.role,
            evidence=tuple(
                evidence[key] for key in sorted(evidence, key=lambda k: _place(evidence[k]))
            ),
            confidence=_confidence(group),
            flags=flags,
            valid_from=partial_date(nodes[first.child.base].value(FactKey.RELEASED)),
            recorded_at=max(item.found_at for item in evidence.values()),
        )


def registry_facts(entry: Entry, *, at: datetime) -> tuple[Fact, ...]:
    """What the registry knows of an entry, as facts with the registry for evidence."""
    stated = [
        (FactKey.LICENCE, "licence", entry.licence),
        (FactKey.RELEASED, "date", entry.date),
        (FactKey.ARXIV, "arxiv", entry.arxiv),
        *((FactKey.DOMAIN, "domains", domain) for domain in entry.domains),
    ]
    return tuple(
        Fact(
            dataset=entry.dataset_id,
            key=key,
            value=value,
            evidence=Evidence(
                document=f"registry:{entry.id}",
                kind=DocumentKind.RECORD,
                quote=f"{json.dumps(field)}: {json.dumps(value, ensure_ascii=False)}",
                location=f"data/registry, {entry.id}",
                method=Method.DECLARED,
                reader=REGISTRY_READER,
                confidence=REGISTRY_CONFIDENCE,
                found_at=at,
            ),
        )
        for key, field, value in stated
        if value
    )


def _context(proposal: Proposal) -> NodeKind | None:
    """What the parent is by its context, where that tells; a teacher is a model."""
    return NodeKind.MODEL if proposal.role is Role.TEACHER else proposal.parent_kind


def _marked(proposal: Proposal) -> bool:
    """Whether the context marks the name as one, so that names that are ordinary words may
    count: capitals or digits, a structured field, or code font, a link, a table cell, a
    list item, or the word dataset in the quote.
    """
    written = proposal.parent_name.strip()
    if written != written.lower() or not written.isalpha():
        return True
    if proposal.evidence.method in _STRUCTURED:
        return True
    name = re.escape(written)
    beside = (
        rf"[`\[|*\"]\s*{name}\s*[`\]|*\"]"
        rf"|^\s*[-*+]\s+{name}\b"
        r"|\b(?:data ?sets?|corpus|corpora|benchmarks?)\b"
    )
    return re.search(beside, proposal.evidence.quote, re.IGNORECASE | re.MULTILINE) is not None


def _address(written: str) -> DatasetId:
    if _NOT_A_REPOSITORY.match(written):
        raise _Refused("the address is no data set")
    try:
        if re.match(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/", written):
            return DatasetId.parse(written)
        return DatasetId(hub="url", name=written)
    except ValueError as error:
        raise _Refused("not a name") from error


def _narrow(parent: DatasetId, proposal: Proposal) -> DatasetId:
    """The parent narrowed as the proposal says; its word wins over what the name carried."""
    try:
        return parent.narrowed(config=proposal.parent_config, split=proposal.parent_split)
    except ValueError as error:
        raise _Refused("the config or split is no name") from error


def _check_kinds(proposal: Proposal, child: DatasetId, parent: DatasetId) -> None:
    """A model holds no rows; but what its base was trained on, a model was trained on too."""
    if proposal.role is Role.TEACHER and parent.hub == "hf":
        raise _Refused("a data set is no teacher")
    takes_rows = proposal.role in (Role.INCLUDED, Role.REMOVED)
    if takes_rows and parent.hub == "model" and child.hub != "model":
        raise _Refused("names a model, which holds no rows")


def _check_self(proposal: Proposal, child: DatasetId, parent: DatasetId) -> None:
    """A text about a data set names it all the time; only a structured field that gives it
    as its own parent says something odd, and is kept and flagged.
    """
    if not _two_parts(child, parent) and proposal.evidence.method not in _STRUCTURED:
        raise _Refused("names itself")


def _two_parts(child: DatasetId, parent: DatasetId) -> bool:
    """Whether both are parts (or revisions) of one data set, and different ones."""
    return child != child.base and parent not in (parent.base, child)


def _most_narrow(claims: Iterable[_Claim]) -> list[_Claim]:
    """What a document says of a parent goes to the one config or split of it that it names."""
    parts: dict[tuple[object, ...], set[DatasetId]] = defaultdict(set)
    claims = list(claims)
    for claim in claims:
        if claim.parent != claim.parent.base:
            parts[_pair(claim)].add(claim.parent)
    return [
        replace(claim, parent=next(iter(parts[_pair(claim)])))
        if claim.parent == claim.parent.base and len(parts[_pair(claim)]) == 1
        else claim
        for claim in claims
    ]


def _pair(claim: _Claim) -> tuple[object, ...]:
    return (claim.evidence.document, claim.child, claim.parent.base, claim.role)


def _one_voice(claims: Iterable[_Claim]) -> list[_Claim]:
    """One relation for each document, pair and role: the most specific well supported one."""
    said: dict[tuple[object, ...], list[_Claim]] = defaultdict(list)
    for claim in claims:
        said[claim.evidence.document, claim.child, claim.parent, claim.role].append(claim)
    return [replace(c, relation=_best(group)) for group in said.values() for c in group]


def _best(group: Sequence[_Claim]) -> Relation:
    support: dict[Relation, float] = {}
    for claim in group:
        support[claim.relation] = max(support.get(claim.relation, 0.0), claim.evidence.confidence)
    specific = {r: s for r, s in support.items() if r is not Relation.DERIVATION} or support
    enough = max(specific.values()) - _MARGIN
    return min((r for r, s in specific.items() if s >= enough), key=_SPECIFIC.index)


def _grouped(claims: Iterable[_Claim]) -> list[list[_Claim]]:
    """The claims of each edge; bare derivation joins the best supported specific edge."""
    edges: dict[tuple[DatasetId, DatasetId, Role], dict[Relation, list[_Claim]]] = {}
    for claim in claims:
        by_relation = edges.setdefault((claim.child, claim.parent, claim.role), {})
        by_relation.setdefault(claim.relation, []).append(claim)
    groups: list[list[_Claim]] = []
    for by_relation in edges.values():
        vague = by_relation.pop(Relation.DERIVATION, [])
        if vague and by_relation:
            best = min(
                by_relation, key=lambda r: (-_confidence(by_relation[r]), _SPECIFIC.index(r))
            )
            by_relation[best] += [replace(claim, relation=best) for claim in vague]
        elif vague:
            by_relation[Relation.DERIVATION] = vague
        groups.extend(by_relation.values())
    return groups


def _weighed(evidence: Evidence, score: float) -> Evidence:
    return evidence.model_copy(update={"confidence": round(evidence.confidence * score, 4)})


def _confidence(group: Sequence[_Claim]) -> float:
    return believed(claim.evidence for claim in group)


def _order(claim: _Claim) -> tuple[object, ...]:
    """A total order of claims, so that the order of proposals never shows."""
    evidence = claim.evidence
    return (
        str(claim.child),
        str(claim.parent),
        claim.relation,
        claim.role,
        _place(evidence),
        evidence.found_at,
        -evidence.confidence,
        claim.proposal.parent_name,
    )


def _place(evidence: Evidence) -> tuple[str, int, str]:
    return (evidence.document, evidence.start if evidence.start is not None else -1, evidence.id)


def _rejection(proposal: Proposal, reason: str) -> Rejection:
    return Rejection(
        child=proposal.child,
        parent_name=proposal.parent_name,
        reason=reason,
        quote=proposal.evidence.quote,
        document=proposal.evidence.document,
    )
