"""Short ways to write the values that many tests need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineage import (
    Dataset,
    DatasetId,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Method,
    NodeKind,
    Relation,
    Role,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
REPOSITORY = Path(__file__).parent.parent
EVAL = REPOSITORY.parent / "shared" / "eval"

needs_eval = pytest.mark.skipif(
    not EVAL.is_dir(),
    reason="the evaluation sets are not beside the repository (../shared/eval); they are not "
    "part of the project",
)


def at(day: int) -> datetime:
    """Midnight of the day that many days after the start."""
    return START + timedelta(days=day)


def evidence(
    quote: str = "",
    *,
    document: str = "card.md",
    method: Method = Method.RULES,
    confidence: float = 0.8,
) -> Evidence:
    """One piece of evidence from a card."""
    return Evidence(
        document=document,
        kind=DocumentKind.CARD,
        quote=quote,
        method=method,
        reader="test/1",
        confidence=confidence,
        found_at=START,
    )


def edge(
    child: str,
    parent: str,
    relation: Relation = Relation.MIXTURE,
    *,
    role: Role = Role.INCLUDED,
    confidence: float = 0.8,
    quote: str | None = None,
) -> Edge:
    """An edge with one piece of evidence that names the parent."""
    above = DatasetId.parse(parent)
    return Edge(
        child=DatasetId.parse(child),
        parent=above,
        relation=relation,
        role=role,
        confidence=confidence,
        recorded_at=START,
        evidence=(evidence(quote if quote is not None else f"made from {above.name}"),),
    )


def dataset(
    name: str,
    *,
    kind: NodeKind = NodeKind.DATASET,
    documented: bool = True,
    label: str = "",
    **facts: str,
) -> Dataset:
    """A node with facts: `dataset("a/b", released="2023", licence="MIT")`."""
    node = DatasetId.parse(name)
    stated = tuple(
        Fact(dataset=node, key=FactKey(key), value=value, evidence=evidence(value))
        for key, value in facts.items()
    )
    return Dataset(id=node, kind=kind, name=label, facts=stated, documented=documented)
