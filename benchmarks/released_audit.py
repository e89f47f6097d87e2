"""The defects of the released graphs: our audit beside the README of their folder.

Used by `released_graphs.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from released_agreement import Line, counted

import lineage
from agents.reading.rules import RulesReader
from agents.resolver import RegistryResolver
from agents.sources.cards import card_of
from lineage.audit import squeezed
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, Role, now

STATED: Final[Mapping[str, Mapping[str, tuple[int, int | None]]]] = {
    "text": {
        "lines": (1092, None),
        "pairs": (1088, None),
        "records": (443, None),
        "quote-without-short-name": (153, 710),
        "parent-later": (78, 667),
        "duplicate-name": (41, None),
    },
    "multimodal": {
        "lines": (2306, None),
        "records": (1161, None),
        "quote-without-short-name": (972, 2176),
        "parent-later": (530, 2150),
        "duplicate-name": (39, None),
    },
}
"""Found and, where it says so, of how many: README.md of the folder `shared/eval/graphs`, its
table and, below that, "Known defects, counted". It also says, without counts, that the
multimodal graph has cycles and that a sentence which says rows were removed is recorded as
inclusion."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Released:
    """The files of one released graph, as they are."""

    name: str
    edges: Path
    datasets: Path
    lines: tuple[Line, ...]
    records: tuple[Row, ...]

    @property
    def years(self) -> dict[str, str]:
        """The release date that their records give each dataset."""
        return {row["name"]: row["year"] for row in self.records if row.get("year")}


def released(folder: Path, name: str) -> Released:
    """Reads both files of a graph; SystemExit where they are not there."""
    edges = folder / f"tracing_roots_{name}_edges.jsonl"
    datasets = folder / f"tracing_roots_{name}_datasets.jsonl"
    for file in (edges, datasets):
        if not file.is_file():
            raise SystemExit(f"no {file.name} in {folder}; give --graphs DIR")
    lines = tuple(_line(row) for row in _rows_of(edges))
    return Released(name, edges, datasets, lines, tuple(_rows_of(datasets)))


def _rows_of(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _line(row: Row) -> Line:
    meta = json.loads(row["meta_info"])
    return Line(
        child=row["target"],
        parent=row["source"],
        on_hub=bool(meta.get("exists")),
        kind=meta.get("source") or "",
        relation=meta.get("relationship") or "",
        quote=meta.get("evidence") or "",
    )


def card_document(dataset: DatasetId, text: str) -> Document:
    """A card text as the sources hand it on, its digest as version."""
    read = card_of(text.encode())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(
        id=f"card of {dataset.name}",
        dataset=dataset,
        kind=DocumentKind.CARD,
        text=read.text,
        sha256=digest,
        version=digest,
        fetched_at=now(),
        metadata=read.metadata,
        skipped=read.skipped,
    )


def recounted(graph: Released) -> dict[str, tuple[int, int]]:
    """The README's counts by the README's definitions, on the lines as they stand."""
    hosted = [line for line in graph.lines if line.on_hub]
    years = graph.years
    ends = [(years.get(line.child), years.get(line.parent)) for line in graph.lines]
    dated = [(child, parent) for child, parent in ends if child and parent]
    names = {name for line in graph.lines for name in (line.child, line.parent)}
    groups: dict[str, set[str]] = defaultdict(set)
    for name in names:
        groups[_short(name)].add(name)
    return {
        "lines": (len(graph.lines), len(graph.lines)),
        "pairs": (len({(x.child, x.parent) for x in graph.lines}), len(graph.lines)),
        "records": (len(graph.records), len(graph.records)),
        "quote-without-short-name": (sum(map(_unnamed, hosted)), len(hosted)),
        "parent-later": (sum(parent > child for child, parent in dated), len(dated)),
        "duplicate-name": (sum(len(group) > 1 for group in groups.values()), len(names)),
    }


def _short(name: str) -> str:
    return squeezed(name.rpartition("/")[2])


def _unnamed(line: Line) -> bool:
    return _short(line.parent) not in squeezed(line.quote)


def differences(graph: Released) -> dict[str, tuple[int, int, str]]:
    """What our definitions add to the counts by theirs (found, of), and why."""
    on_hub = {x.child for x in graph.lines} | {x.parent for x in graph.lines if x.on_hub}
    on_hub |= {row["name"] for row in graph.records}
    unsure = [x for x in graph.lines if not x.on_hub and x.parent in on_hub]
    more = sum(map(_unnamed, unsure))
    ends = {name for x in graph.lines for name in (x.child, x.parent)}
    alone = {row["name"] for row in graph.records} - ends
    groups: dict[str, list[bool]] = defaultdict(list)
    for name in ends | alone:
        groups[_short(name)].append(name in alone)
    new = sum(len(group) > 1 and group.count(False) < 2 for group in groups.values())
    missing = (
        f"{len(unsure)} lines call a parent missing that another line or record found on the "
        f"Hub; one name is one node here, so they count too, and {more} do not name it"
    )
    lonely = f"{len(alone)} records stand on no edge line; as nodes they make {new} more"
    return {
        "quote-without-short-name": (more, len(unsure), missing),
        "duplicate-name": (new, len(alone), lonely),
    }


def quoted_roles(graph: Released, reader: RulesReader, resolver: RegistryResolver) -> Row:
    """What their own quotes say the parent was, read by our rules as text about the child:
    how many lines give it which other role and no inclusion, and those that say *removed*.
    """
    roles: list[str] = []
    removed: list[Row] = []
    for line in graph.lines:
        document = card_document(DatasetId(name=line.child), line.quote)
        wanted = {_short(line.parent), _short(resolver.canonical(DatasetId(name=line.parent)).name)}
        found = {
            proposal.role
            for proposal in reader.read(document).proposals
            if wanted & _written(proposal.parent_name, proposal.parent_id, resolver)
        }
        if not found or Role.INCLUDED in found:
            continue
        roles += sorted(map(str, found))
        if Role.REMOVED in found:
            removed.append({"child": line.child, "parent": line.parent, "quote": line.quote})
    return {"by_role": counted(roles), "removed": removed}


def _written(name: str, given: DatasetId | None, resolver: RegistryResolver) -> set[str]:
    """The short names of a proposed parent: as written, as given, and the registry's."""
    match = resolver.names.match(name)
    names = {name} | ({given.name} if given else set()) | ({match.id.name} if match else set())
    return {_short(one) for one in names}


def audited(graph: Released) -> Row:
    """Every check on the imported graph, beside what the README states."""
    imported = lineage.import_graph(graph.edges, datasets=graph.datasets)
    report = lineage.audit(lineage.LineageGraph(imported.datasets, imported.edges))
    theirs, why, stated = recounted(graph), differences(graph), STATED[graph.name]
    checks = []
    for check in report.checks:
        row: Row = check.model_dump()
        if check.kind in stated:
            row["readme"] = stated[check.kind]
            row["by_their_definition"] = theirs[check.kind]
            row["difference"] = explained(
                (check.found, check.of), theirs[check.kind], why.get(check.kind)
            )
        checks.append(row)
    return {
        "graph": graph.name,
        "sizes": [
            {"what": what, "readme": stated.get(what, (None,))[0], "counted": theirs[what][0]}
            for what in ("lines", "pairs", "records")
        ],
        "import_notes": list(imported.notes),
        "checks": checks,
        "cycles": [list(map(str, f.datasets)) for f in report.findings if f.kind == "cycle"],
    }


def explained(
    ours: tuple[int, int], theirs: tuple[int, int], why: tuple[int, int, str] | None
) -> str:
    """Why our count is another than theirs: the reason given, where it adds up to exactly
    the difference, else that none is known. Empty where as many were found.

    >>> explained((157, 715), (153, 710), (4, 5, "five names")), explained((2, 9), (2, 8), None)
    ('five names', '')
    """
    if ours[0] == theirs[0]:
        return ""
    if why is not None and (ours[0] - theirs[0], ours[1] - theirs[1]) == why[:2]:
        return why[2]
    return "not explained by anything this script counts"
