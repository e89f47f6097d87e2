"""Hypothesis strategies for the values of `lineage.model` and `lineage.store`.

They draw hostile text on purpose: quotes, SQL, the id grammar's own characters, NUL, many
scripts. What they draw is always valid, as the model sees it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from lineage.identity import HUBS, DatasetId
from lineage.model import (
    Closure,
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Failure,
    Flag,
    Method,
    NodeKind,
    Rejection,
    Relation,
    Role,
    Verdict,
    VerificationState,
)
from lineage.store import DatasetReading, DocumentRead

HOSTILE = (
    "'; DROP TABLE edge; --",
    '"quoted" \\ back',
    "%23 %2F 100%",
    "a@b#c/d:e",
    "hf:x/y",
    "مجموعة بيانات",
    "数据集",
    "e\u0301 vs \u00e9",
    "🧪" * 3,
    "null",
    "0",
    "*",
    "_%",
)

names = st.one_of(
    st.from_regex(r"[a-z]{1,6}/[a-z0-9-]{1,8}", fullmatch=True).map(lambda name: name.strip("-")),
    st.sampled_from(HOSTILE),
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=30
    ).map(str.strip),
).filter(bool)
"""What may be a name, revision, config or split."""

prose = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),  # NUL and newlines too
)
"""Running text: a quote, a message, a note."""

words = prose.filter(bool)
instants = st.integers(0, 17 * 10**14).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
"""Moments from 1970 to 2023, to the microsecond."""
past_instants = st.integers(0, 1_767_225_600_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
"""Moments from 1970 to the end of 2025: what a store records as it is given."""
sha256s = st.text("0123456789abcdef", min_size=64, max_size=64)
probabilities = st.floats(0.0, 1.0)
partial_dates = st.one_of(
    st.dates().map(lambda day: day.isoformat()),
    st.dates().map(lambda day: day.isoformat()[:7]),
    st.dates().map(lambda day: day.isoformat()[:4]),
)


@st.composite
def node_ids(draw: st.DrawFn) -> DatasetId:
    """Ids without revision, config and split."""
    return DatasetId(hub=draw(st.sampled_from(HUBS)), name=draw(names))


@st.composite
def dataset_ids(draw: st.DrawFn) -> DatasetId:
    """Ids, narrowed or not."""
    return DatasetId(
        hub=draw(st.sampled_from(HUBS)),
        name=draw(names),
        revision=draw(st.none() | names),
        config=draw(st.none() | names),
        split=draw(st.none() | names),
    )


@st.composite
def evidences(
    draw: st.DrawFn, document: st.SearchStrategy[str] = words, methods: Any = Method
) -> Evidence:
    """Evidence by any of `methods`, in a document that `document` names."""
    span = draw(st.none() | st.integers(0, 10**12))
    quote = draw(prose)
    return Evidence(
        document=draw(document),
        sha256=draw(st.none() | sha256s),
        kind=draw(st.sampled_from(DocumentKind)),
        quote=quote,
        start=span,
        end=None if span is None else span + len(quote),
        location=draw(st.sampled_from(("", "line 3", "page 12"))),
        method=draw(st.sampled_from(methods)),
        reader=draw(st.sampled_from(("declared/1", "rules/1", "ann"))),
        model=draw(st.none() | st.just("some-model")),
        prompt=draw(st.none() | st.just("read.md/2")),
        confidence=draw(probabilities),
        found_at=draw(instants),
        note=draw(prose),
    )


@st.composite
def facts(draw: st.DrawFn, dataset: DatasetId) -> Fact:
    """Facts about a dataset."""
    return Fact(
        dataset=dataset,
        key=draw(st.sampled_from(FactKey)),
        value=draw(words),
        evidence=draw(evidences()),
    )


@st.composite
def datasets(draw: st.DrawFn, ids: st.SearchStrategy[DatasetId] | None = None) -> Dataset:
    """Nodes with a few facts."""
    dataset = draw(node_ids() if ids is None else ids)
    return Dataset(
        id=dataset,
        kind=draw(st.sampled_from(NodeKind)),
        name=draw(st.just("") | names),
        facts=tuple(draw(st.lists(facts(dataset), max_size=3))),
        documented=draw(st.booleans()),
    )


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Verdicts whose measures are numbers."""
    measure = st.floats(allow_nan=False, allow_infinity=False)
    return Verdict(
        state=draw(st.sampled_from(VerificationState)),
        reason=draw(words),
        by=draw(prose),
        at=draw(instants),
        measures=draw(st.dictionaries(prose, measure, max_size=2)),
    )


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    """Closures by a person or otherwise."""
    return Closure(reason=draw(words), by=draw(prose), manual=draw(st.booleans()))


@st.composite
def edges(
    draw: st.DrawFn,
    child: st.SearchStrategy[DatasetId] | None = None,
    parent: st.SearchStrategy[DatasetId] | None = None,
    evidence: st.SearchStrategy[Evidence] | None = None,
) -> Edge:
    """Open edges whose pieces of evidence differ."""
    pieces = st.lists(
        evidences() if evidence is None else evidence, max_size=3, unique_by=lambda piece: piece.id
    )
    return Edge(
        child=draw(dataset_ids() if child is None else child),
        parent=draw(dataset_ids() if parent is None else parent),
        relation=draw(st.sampled_from(Relation)),
        role=draw(st.sampled_from(Role)),
        evidence=tuple(draw(pieces)),
        confidence=draw(probabilities),
        verdict=draw(st.none() | verdicts()),
        flags=tuple(draw(st.lists(st.sampled_from(Flag), max_size=2, unique=True))),
        valid_from=draw(st.none() | partial_dates),
        valid_to=draw(st.none() | partial_dates),
        recorded_at=draw(past_instants),
    )


@st.composite
def document_reads(
    draw: st.DrawFn, dataset: DatasetId, document: st.SearchStrategy[str] = words
) -> DocumentRead:
    """Log lines about a dataset."""
    return DocumentRead(
        document=draw(document),
        dataset=dataset,
        kind=draw(st.sampled_from(DocumentKind)),
        sha256=draw(sha256s),
        version=draw(st.none() | prose),
        readers=tuple(draw(st.lists(words, max_size=2))),
        proposals=draw(st.integers(0, 10**20)),
        fetched_at=draw(instants),
        read_at=draw(instants),
        skipped=tuple(draw(st.lists(prose, max_size=2))),
    )


@st.composite
def failures(draw: st.DrawFn, dataset: DatasetId) -> Failure:
    """Failures to read a dataset."""
    return Failure(
        dataset=dataset,
        document=draw(prose),
        step=draw(st.sampled_from(("source", "read", "resolve"))),
        error="Unreadable",
        message=draw(prose),
        at=draw(instants),
    )


@st.composite
def rejections(draw: st.DrawFn, dataset: DatasetId) -> Rejection:
    """Rejected proposals of a dataset."""
    return Rejection(
        child=dataset,
        parent_name=draw(prose),
        reason=draw(prose),
        quote=draw(prose),
        document=draw(prose),
    )


@st.composite
def readings(
    draw: st.DrawFn,
    dataset: st.SearchStrategy[DatasetId] | None = None,
    parents: st.SearchStrategy[DatasetId] | None = None,
) -> DatasetReading:
    """Readings of a dataset: its own node documented, its parents merely named, edges from
    documents that others may have read too, and its log.
    """
    about = draw(node_ids() if dataset is None else dataset)
    documents = st.integers(0, 3).map(lambda number: f"document {number}")
    stated = draw(
        st.lists(
            edges(
                child=st.just(about),
                parent=parents,
                evidence=evidences(document=documents),
            ),
            max_size=4,
            unique_by=lambda edge: edge.id,
        )
    )
    own = draw(datasets(st.just(about))).model_copy(update={"documented": True})
    named = {edge.parent.base: None for edge in stated if edge.parent.base != about}
    others = [
        draw(datasets(st.just(parent))).model_copy(update={"documented": False}) for parent in named
    ]
    return DatasetReading(
        dataset=about,
        datasets=(own, *others),
        edges=tuple(stated),
        documents=tuple(
            draw(
                st.lists(
                    document_reads(about, documents | words),
                    max_size=2,
                    unique_by=lambda line: line.document,
                )
            )
        ),
        failures=tuple(draw(st.lists(failures(about), max_size=2))),
        rejections=tuple(draw(st.lists(rejections(about), max_size=2))),
        withdrawn=tuple(draw(st.lists(documents, max_size=1))),
    )
