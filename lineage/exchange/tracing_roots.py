"""Reads the graphs released with "Tracing the Roots" (arXiv 2604.10480).

An edges file has `{target, source, meta_info}` a line, `target` being the child and
`meta_info` a JSON text with `source` (document type), `confidence`, `relationship`,
`evidence` and `exists` (whether the parent was found on the Hub). A datasets file, where
given, adds dates, categories and card addresses. Both are taken as they are: nothing is
corrected here, `lineage audit` tells what is wrong with it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from lineage.errors import ImportRefused, LineageError
from lineage.exchange.values import MAX_LINE, Imported, whole
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Method,
    Relation,
    combined,
    now,
)

RELATIONS: Final = {
    "Direct Inclusion/Subset": Relation.MIXTURE,
    "Structured Fusion": Relation.MIXTURE,
    "Synthetic Generation": Relation.SYNTHESIS,
    "Semantic Evolution": Relation.REWRITING,
    "CoT Distillation": Relation.REGENERATION,
}
"""Their five relations onto ours (docs/relations.md). The first does not say whether the
child is a part of the parent or the parent a part of the child; nearly always it is the
latter, so it is a mixture here. Their own word stays in the evidence's note."""

_READER: Final = "tracing-roots/1"


class _Line(BaseModel):
    model_config = ConfigDict(extra="allow")

    target: str
    source: str
    meta_info: str


class _Meta(BaseModel):
    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    source: str = ""
    confidence: float = 0.5
    relationship: str = ""
    evidence: str = ""
    exists: bool = False


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    categories: list[str] | None = None
    year: str | None = None
    paper_url: str | None = None


def read(edges_file: Path, datasets_file: Path | None = None) -> Imported:
    """The released graph; every line is one statement, equal child, parent and relation
    make one edge. ImportRefused with file and line where a line is not what it should be.
    """
    moment = now()
    nodes = _datasets(datasets_file, moment) if datasets_file else []
    lines = list(_statements(edges_file))
    # One name is one node: what any line or record found on the Hub is there for all.
    on_hub = {node.id.name for node in nodes} | {target for target, _, _ in lines}
    on_hub |= {source for _, source, meta in lines if meta.exists}
    statements: dict[tuple[DatasetId, DatasetId, Relation], list[Evidence]] = defaultdict(list)
    unknown: Counter[str] = Counter()
    for target, source, meta in lines:
        if meta.relationship not in RELATIONS:
            unknown[meta.relationship] += 1
        key = (
            DatasetId(name=target),
            DatasetId(hub="hf" if source in on_hub else "name", name=source),
            RELATIONS.get(meta.relationship, Relation.DERIVATION),
        )
        statements[key].append(_evidence(meta, target, moment))
    edges = [
        Edge(
            child=child,
            parent=parent,
            relation=relation,
            evidence=tuple({one.id: one for one in evidence}.values()),
            confidence=combined([max(one.confidence for one in evidence)]),
            recorded_at=moment,
        )
        for (child, parent, relation), evidence in statements.items()
    ]
    notes = [f"relation {word!r} is not theirs: {n} edges" for word, n in unknown.items()]
    if len(lines) != len(edges):
        notes.insert(0, f"{len(lines):,} lines became {len(edges):,} edges")
    unsure = sum(not meta.exists and source in on_hub for _, source, meta in lines)
    if unsure:
        notes.append(f"{unsure} lines call a parent missing that other lines found on the Hub")
    return whole(nodes, edges, notes)


def _statements(file: Path) -> Iterator[tuple[str, str, _Meta]]:
    """Child, parent and what was said, names with their white space tidied."""
    for number, raw in _lines(file):
        try:
            line = _Line.model_validate_json(raw)
            meta = _Meta.model_validate_json(line.meta_info)
            for name in (line.target, line.source):
                DatasetId(name=_tidy(name))  # so that a bad name is told with its line
        except (ValidationError, LineageError) as error:
            raise _refused(file, number, error) from error
        yield _tidy(line.target), _tidy(line.source), meta


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _evidence(meta: _Meta, child: str, moment: datetime) -> Evidence:
    return Evidence(
        document=f"tracing-roots: {meta.source or 'unknown'} of {child}",
        kind=DocumentKind.RECORD,
        quote=meta.evidence[:20_000],
        method=Method.IMPORTED,
        reader=_READER,
        confidence=min(max(meta.confidence, 0.0), 1.0),
        found_at=moment,
        note=f"relationship: {meta.relationship}",
    )


def _datasets(file: Path, moment: datetime) -> list[Dataset]:
    nodes = []
    for number, raw in _lines(file):
        try:
            record = _Record.model_validate_json(raw)
            node = DatasetId(name=_tidy(record.name))
            nodes.append(Dataset(id=node, facts=tuple(_facts(record, node, moment))))
        except (ValidationError, LineageError) as error:
            raise _refused(file, number, error) from error
    return nodes


def _facts(record: _Record, node: DatasetId, moment: datetime) -> Iterator[Fact]:
    stated: list[tuple[FactKey, str]] = []
    if record.year:
        stated.append((FactKey.RELEASED, record.year))
    stated += [(FactKey.DOMAIN, word.strip().casefold()) for word in record.categories or ()]
    if record.paper_url and "arxiv.org/abs/" in record.paper_url:
        stated.append((FactKey.ARXIV, record.paper_url.rpartition("/")[2]))
    for key, value in stated:
        if not value:
            continue
        evidence = Evidence(
            document=f"tracing-roots: record of {record.name}",
            kind=DocumentKind.RECORD,
            quote=json.dumps({"name": record.name, str(key): value}, ensure_ascii=False),
            method=Method.IMPORTED,
            reader=_READER,
            confidence=0.7,
            found_at=moment,
        )
        yield Fact(dataset=node, key=key, value=value, evidence=evidence)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as handle:
        number = 0
        while raw := handle.readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE:
                raise ImportRefused(f"{file.name}: longer than {MAX_LINE:,} bytes", line=number)
            if raw.strip():
                try:
                    yield number, raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise ImportRefused(f"{file.name}: not UTF-8", line=number) from error


def _refused(file: Path, number: int, error: Exception) -> ImportRefused:
    said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
    return ImportRefused(f"{file.name}: {said}", line=number)
