"""What is doubtful in a graph: every check with its definition, its count, and of how many.

A *statement* is one piece of evidence on one edge: what a document (or another tool) said
once. Counts of statements do not change when equal edges are merged.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from lineage.graph import LineageGraph, is_loop
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    Edge,
    Evidence,
    FactKey,
    Failure,
    Finding,
    Method,
    Role,
    Severity,
    Value,
)
from lineage.names import date_conflict
from lineage.registry import Registry, default_registry
from lineage.store import DocumentRead

_HUBS: Final = ("hf", "github", "kaggle", "modelscope", "zenodo")
_READ_BY: Final = (Method.RULES, Method.LLM, Method.IMPORTED, Method.DECLARED)


class Check(Value):
    """One check: what it looked for, how often it was found, and among how many."""

    kind: str
    title: str
    definition: str
    found: int
    of: int


class Audit(Value):
    """All checks, and a finding for each thing found that is worth a look."""

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]


def audit(
    graph: LineageGraph,
    *,
    failures: Iterable[Failure] = (),
    log: Iterable[DocumentRead] = (),
    registry: Registry | None = None,
) -> Audit:
    """Runs every check on the graph, and on what its store says was (not) read."""
    names = default_registry() if registry is None else registry
    parts = [
        *_names_in_quotes(graph, names),
        _parents_later(graph),
        _self_loops(graph),
        _cycles(graph),
        _contradictions(graph),
        _duplicate_names(graph),
        *_unread(tuple(failures), tuple(log)),
    ]
    return Audit(
        checks=tuple(check for check, _ in parts),
        findings=tuple(finding for _, found in parts for finding in found),
    )


def squeezed(text: str) -> str:
    """The letters and digits of a text, NFKC and case-folded: what is left of a name when
    punctuation and case are ignored.
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


_Part = tuple[Check, list[Finding]]


def _names_in_quotes(graph: LineageGraph, registry: Registry) -> Iterator[_Part]:
    statements = [
        (edge, one)
        for edge in graph.edges
        if edge.parent.hub in _HUBS
        for one in edge.evidence
        if one.method in _READ_BY
    ]
    without = [
        (edge, one)
        for edge, one in statements
        if squeezed(edge.parent.short_name) not in squeezed(one.quote)
    ]
    yield (
        Check(
            kind="quote-without-short-name",
            title="quotes without the parent's own name",
            definition=(
                "statements on edges whose parent lies on a hub, where the last part of the "
                "parent's id, letters and digits only, does not occur in the quote"
            ),
            found=len(without),
            of=len(statements),
        ),
        [],
    )
    nameless = [
        (edge, one)
        for edge, one in without
        if not _named_otherwise(graph.node(edge.parent), one, registry)
    ]
    yield (
        Check(
            kind="quote-without-any-name",
            title="quotes that name the parent in no way we know",
            definition="of those, the ones where no alias of the parent occurs in the quote either",
            found=len(nameless),
            of=len(statements),
        ),
        [
            Finding(
                kind="quote-without-any-name",
                severity=Severity.ERROR,
                message=(
                    f"{edge.child} <- {edge.parent}: the quote does not name the parent: "
                    f"“{one.quote[:160]}” ({one.document})"
                ),
                datasets=(edge.child, edge.parent),
                edges=(edge.id,),
                evidence=(one,),
            )
            for edge, one in nameless
        ],
    )


def _named_otherwise(parent: Dataset, evidence: Evidence, registry: Registry) -> bool:
    entry = registry.by_id.get(parent.id.name.casefold())
    names = [parent.name, *parent.values(FactKey.NAME)]
    if entry is not None:
        names += [entry.name, *entry.aliases, *entry.word_aliases]
    quote = squeezed(evidence.quote)
    return any(key in quote for key in map(squeezed, names) if len(key) > 1)


def _parents_later(graph: LineageGraph) -> _Part:
    dated = [
        (edge, child, parent)
        for edge in graph.edges
        if edge.role.carries_data
        and (child := graph.node(edge.child).value(FactKey.RELEASED))
        and (parent := graph.node(edge.parent).value(FactKey.RELEASED))
        for _ in edge.evidence or (None,)
    ]
    later = [(edge, c, p) for edge, c, p in dated if date_conflict(c, p)]
    found = {
        edge.id: Finding(
            kind="parent-later",
            severity=Severity.WARNING,
            message=(
                f"{edge.child} (first released {child}) is said to come from {edge.parent}, "
                f"which was first released {parent}"
            ),
            datasets=(edge.child, edge.parent),
            edges=(edge.id,),
        )
        for edge, child, parent in later
    }
    check = Check(
        kind="parent-later",
        title="parents dated after the child",
        definition=(
            "statements whose child and parent both have a release date, where the parent's is "
            "later at the coarser of the two granularities (year, month, day)"
        ),
        found=len(later),
        of=len(dated),
    )
    return check, list(found.values())


def _self_loops(graph: LineageGraph) -> _Part:
    loops = [edge for edge in graph.edges if is_loop(edge)]
    check = Check(
        kind="self-loop",
        title="datasets that are their own parent",
        definition=(
            "edges whose two ends are one dataset, and not two different splits or configs of it"
        ),
        found=len(loops),
        of=len(graph.edges),
    )
    return check, [
        Finding(
            kind="self-loop",
            severity=Severity.ERROR,
            message=f"{edge.child} is said to come from itself",
            datasets=(edge.child,),
            edges=(edge.id,),
            evidence=edge.evidence,
        )
        for edge in loops
    ]


def _cycles(graph: LineageGraph) -> _Part:
    check = Check(
        kind="cycle",
        title="cycles",
        definition=(
            "groups of datasets that are each other's ancestors (strongly connected components "
            "of two or more over edges that carry data)"
        ),
        found=len(graph.cycles),
        of=len(graph),
    )
    findings = []
    for group in graph.cycles:
        inside = [
            edge for node in group for edge in graph.parents(node) if edge.parent.base in group
        ]
        shown = ", ".join(map(str, group[:8])) + (" ..." if len(group) > 8 else "")
        findings.append(
            Finding(
                kind="cycle",
                severity=Severity.ERROR,
                message=f"{len(group)} datasets are each other's ancestors: {shown}",
                datasets=group,
                edges=tuple(edge.id for edge in inside),
                evidence=tuple(one for edge in inside[:20] for one in edge.evidence[:1]),
            )
        )
    return check, findings


def _contradictions(graph: LineageGraph) -> _Part:
    roles: dict[tuple[DatasetId, DatasetId], list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        roles[edge.child.base, edge.parent.base].append(edge)
    both = [
        edges
        for edges in roles.values()
        if {Role.INCLUDED, Role.REMOVED} <= {edge.role for edge in edges}
    ]
    check = Check(
        kind="contradiction",
        title="included according to one statement, removed according to another",
        definition="pairs of datasets with an open edge of either role",
        found=len(both),
        of=len(roles),
    )
    return check, [
        Finding(
            kind="contradiction",
            severity=Severity.WARNING,
            message=(
                f"{edges[0].child.base} is said both to include {edges[0].parent.base} and to "
                "have its rows removed"
            ),
            datasets=(edges[0].child, edges[0].parent),
            edges=tuple(edge.id for edge in edges),
            evidence=tuple(one for edge in edges for one in edge.evidence[:1]),
        )
        for edges in both
    ]


def _duplicate_names(graph: LineageGraph) -> _Part:
    groups: dict[str, list[DatasetId]] = defaultdict(list)
    for node in graph:
        groups[squeezed(node.id.short_name)].append(node.id)
    alike = [sorted(ids) for key, ids in groups.items() if key and len(ids) > 1]
    check = Check(
        kind="duplicate-name",
        title="names equal up to organisation, case and punctuation",
        definition=(
            "groups of two or more nodes whose ids' last parts have the same letters and digits"
        ),
        found=len(alike),
        of=len(graph),
    )
    return check, [
        Finding(
            kind="duplicate-name",
            severity=Severity.WARNING,
            message=f"perhaps the same dataset: {', '.join(map(str, ids))}",
            datasets=tuple(ids),
        )
        for ids in sorted(alike)
    ]


def _unread(failures: tuple[Failure, ...], log: tuple[DocumentRead, ...]) -> Iterator[_Part]:
    yield (
        Check(
            kind="unread",
            title="documents that could not be read",
            definition="failures of the last run that read each dataset, of all documents tried",
            found=len(failures),
            of=len(failures) + len(log),
        ),
        [
            Finding(
                kind="unread",
                severity=Severity.WARNING,
                message=(
                    f"{one.dataset}: {one.document or 'no document'}: {one.error}: {one.message}"
                ),
                datasets=(one.dataset,),
            )
            for one in failures
        ],
    )
    partly = [line for line in log if line.skipped]
    yield (
        Check(
            kind="partly-read",
            title="documents of which a part was not read",
            definition="documents whose reading noted something that was skipped",
            found=len(partly),
            of=len(log),
        ),
        [
            Finding(
                kind="partly-read",
                severity=Severity.NOTE,
                message=f"{line.document}: {'; '.join(line.skipped)}",
                datasets=(line.dataset,),
            )
            for line in partly
        ],
    )
