"""What `lineage.store.GraphStore` promises, tried with values that Hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

import pytest
import store_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from store_values import (
    CHILD,
    OTHER,
    PARENT,
    Stores,
    contents,
    document_read,
    edge,
    evidence,
    fact,
    failure,
    graph,
    put,
    reading,
)
from strategies import (
    HOSTILE,
    closures,
    datasets,
    edges,
    instants,
    node_ids,
    readings,
    verdicts,
)

from graph_store.merging import UNSTATED
from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Method,
    NodeKind,
    VerificationState,
    now,
)
from lineage.store import DatasetReading, GraphStore

stores = store_values.stores  # the fixtures, which pytest finds by these names
store = store_values.store

SLOW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(st.lists(edges(), max_size=6, unique_by=lambda one: one.id))
def test_edges_come_back_as_given(stores: Stores, given_edges: list[Edge]) -> None:
    with stores.fresh() as store:
        store.record(DatasetReading(dataset=CHILD, edges=tuple(given_edges)))
        expected = sorted(
            (refuted(one) for one in given_edges),
            key=lambda one: (str(one.child), str(one.parent), one.id),
        )
        assert list(store.edges(closed=True)) == expected
        assert list(store.edges()) == [one for one in expected if one.closure is None]
        for one in expected:
            assert one in list(store.edges(child=one.child, parent=one.parent, closed=True))
            assert store.edge_history(one.id) == (one,)


def refuted(one: Edge) -> Edge:
    """The edge as it is stored: closed by its verdict where that contradicts it."""
    if one.verdict is None or one.verdict.state is not VerificationState.CONTRADICTED:
        return one
    closure = Closure(reason=one.verdict.reason, by=one.verdict.by, manual=False)
    return one.model_copy(update={"closure": closure})


@SLOW
@given(datasets())
def test_a_node_comes_back_as_given(stores: Stores, node: Dataset) -> None:
    with stores.fresh() as store:
        store.record(DatasetReading(dataset=node.id, datasets=(node,)))
        found = store.dataset(node.id)
        assert found is not None
        first: dict[tuple[str, str, str], Fact] = {}
        for one in node.facts:
            first.setdefault((one.key, one.value, one.evidence.id), one)
        assert sorted(found.facts, key=str) == sorted(first.values(), key=str)
        bare = DatasetId(hub="model", name="x") if node.id.hub == "model" else None
        if not (bare and node.kind in (NodeKind.DATASET, NodeKind.SOURCE)):
            assert found.kind == node.kind
        assert (found.id, found.name, found.documented) == (node.id, node.name, node.documented)


@SLOW
@given(readings())
def test_a_reading_comes_back_and_recording_it_again_changes_nothing(
    stores: Stores, one: DatasetReading
) -> None:
    with stores.fresh() as store:
        store.record(one)
        assert sorted(store.documents(), key=str) == sorted(one.documents, key=str)
        assert store.failures() == tuple(sorted(one.failures, key=lambda failed: failed.at))
        assert store.rejections() == one.rejections
        before = contents(store)
        store.record(one)
        assert contents(store) == before


SHARED = st.sampled_from([DatasetId(name=f"o/{name}") for name in "abcdef"])


@SLOW
@given(
    st.lists(readings(SHARED, SHARED), max_size=5, unique_by=lambda one: one.dataset),
    st.randoms(use_true_random=False),
)
def test_the_order_of_readings_of_different_datasets_never_matters(
    stores: Stores, given_readings: list[DatasetReading], chance: Any
) -> None:
    graphs = []
    for _ in range(2):
        with stores.fresh() as store:
            for one in given_readings:
                store.record(one)
            graphs.append(contents(store) | {"rejections": None, "failures": None})
        chance.shuffle(given_readings)
    assert graphs[0] == graphs[1]


FEW = st.sampled_from([DatasetId(name=f"o/{name}") for name in "abc"])
DOCUMENTS = st.sampled_from(["card", "paper", "page"])
METHODS = st.sampled_from([Method.RULES, Method.RULES, Method.DECLARED, Method.MANUAL])


@st.composite
def pieces(draw: st.DrawFn) -> Evidence:
    """Evidence of a few kinds, so that readings repeat, drop and restore each other's."""
    return evidence(
        draw(DOCUMENTS),
        draw(st.sampled_from(["made from", "built on"])),
        method=draw(METHODS),
        confidence=draw(st.sampled_from([0.2, 0.5, 0.8])),
        found_at=draw(instants),
    )


@st.composite
def few_edges(draw: st.DrawFn) -> Edge:
    """Edges of which there are nine only, recorded at any moment, even one to come."""
    return edge(
        draw(FEW),
        draw(FEW),
        evidence=tuple(draw(st.lists(pieces(), max_size=3))),
        confidence=draw(st.sampled_from([0.3, 0.6])),
        verdict=draw(st.none() | st.none() | verdicts()),
        recorded_at=draw(instants),
    )


@st.composite
def few_facts(draw: st.DrawFn) -> Fact:
    """Licences of a few datasets."""
    value, piece = draw(st.sampled_from(["mit", "cc0"])), draw(pieces())
    return Fact(dataset=draw(FEW), key=FactKey.LICENCE, value=value, evidence=piece)


@st.composite
def few_readings(draw: st.DrawFn) -> DatasetReading:
    """Readings of a few datasets and documents, which state anything about any of them."""
    about, stated = draw(FEW), draw(st.lists(few_facts(), max_size=3))
    nodes = [
        Dataset(id=one, facts=tuple(fact for fact in stated if fact.dataset == one))
        for one in {fact.dataset for fact in stated}
    ]
    lines = draw(st.lists(DOCUMENTS, max_size=2, unique=True))
    return DatasetReading(
        dataset=about,
        datasets=tuple(nodes),
        edges=tuple(draw(st.lists(few_edges(), max_size=3))),
        documents=tuple(document_read(one, about, read_at=draw(instants)) for one in lines),
        withdrawn=tuple(draw(st.lists(DOCUMENTS, max_size=1))),
    )


class Said:
    """What the contract has stated now, told in a few lines: statements by their document
    and the dataset read (None: put). A statement is what it is about, its document, and the
    rest of what tells it apart.
    """

    def __init__(self) -> None:
        self.by: dict[tuple[str, DatasetId | None], set[tuple[Any, ...]]] = {}

    def now(self) -> set[tuple[Any, ...]]:
        return set().union(*self.by.values())

    def read(self, one: DatasetReading, said: set[tuple[Any, ...]]) -> None:
        spoken = {line.document for line in one.documents} | set(one.withdrawn)
        for (document, dataset), before in self.by.items():
            if dataset == one.dataset and document in spoken:
                before.clear()
            if dataset is None:
                gone = {old for old in before if document in spoken and old[0] == one.dataset}
                before.difference_update(said, gone)
        for statement in said:
            self.by.setdefault((statement[1], one.dataset), set()).add(statement)

    def put(self, said: set[tuple[Any, ...]]) -> None:
        for statement in said - self.now():
            self.by.setdefault((statement[1], None), set()).add(statement)


def statements(edges: Iterable[Edge]) -> set[tuple[Any, ...]]:
    return {
        (one.child, piece.document, one.id, piece.id)
        for one in edges
        for piece in one.evidence
        if piece.method is not Method.MANUAL
    }


def fact_statements(nodes: Iterable[Dataset]) -> set[tuple[Any, ...]]:
    return {
        (one.dataset, one.evidence.document, one.value, one.evidence.id)
        for node in nodes
        for one in node.facts
        if one.evidence.method is not Method.MANUAL
    }


class Anything(RuleBasedStateMachine):
    """Random writes; after each of them what the contract says must hold."""

    stores: ClassVar[Stores]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.stores.fresh()
        self.known: set[str] = set()
        self.before: dict[str, tuple[Edge, ...]] = {}
        self.said, self.facts = Said(), Said()

    @rule(one=few_readings())
    def record(self, one: DatasetReading) -> None:
        self.store.record(one)
        self.known.update(stated.id for stated in one.edges)
        self.said.read(one, statements(one.edges))
        self.facts.read(one, fact_statements(one.datasets))
        before = graph(self.store)
        self.store.record(one)
        assert graph(self.store) == before

    @rule(one=few_edges(), given_fact=few_facts(), reopen=st.booleans())
    def put(self, one: Edge, given_fact: Fact, *, reopen: bool) -> None:
        node = Dataset(id=given_fact.dataset, facts=(given_fact,))
        self.store.put_edges([one], ends=[node], reopen=reopen)
        self.known.add(one.id)
        self.said.put(statements([one]))
        self.facts.put(fact_statements([node]))

    @rule(number=st.integers(0, 9), closure=closures(), at=instants)
    def close(self, number: int, closure: Closure, at: datetime) -> None:
        if not self.known:
            return
        edge_id = sorted(self.known)[number % len(self.known)]
        assert self.store.close_edge(edge_id, closure, at=at).closure is not None

    @invariant()
    def what_is_read_is_what_is_stated(self) -> None:
        now = self.said.now()
        every = list(self.store.edges(closed=True))
        for one in every:
            shown = statements([one])
            mine = {statement for statement in now if statement[2] == one.id}
            assert shown == mine if one.closure is None else shown >= mine
            if one.closure is not None and one.closure.reason == UNSTATED:
                assert not mine
                assert one.evidence
                assert all(piece.method is not Method.MANUAL for piece in one.evidence)
            contradicted = one.state is VerificationState.CONTRADICTED
            assert not (contradicted and one.closure is None)
        assert fact_statements(self.store.datasets()) == self.facts.now()

    @invariant()
    def the_present_is_read_as_of_now(self) -> None:
        moment = now()
        for closed in (False, True):
            seen = list(self.store.edges(as_of=moment, closed=closed))
            assert seen == list(self.store.edges(closed=closed))

    @invariant()
    def histories_only_grow(self) -> None:
        every = {one.id: one for one in self.store.edges(closed=True)}
        assert every.keys() == self.known
        assert {one.id for one in self.store.edges()} == {
            key for key, one in every.items() if one.closure is None
        }
        for key, current in every.items():
            history = self.store.edge_history(key)
            assert history[-1] == current
            check_history(history)
            old = self.before.get(key, ())
            assert history[: len(old)][:-1] == old[:-1]
            self.before[key] = history
            for version in history:
                if version.superseded_at != version.recorded_at:
                    seen = self.store.edges(
                        child=version.child, as_of=version.recorded_at, closed=True
                    )
                    assert version in list(seen)

    @invariant()
    def ends_are_nodes(self) -> None:
        nodes = {one.id for one in self.store.datasets()}
        for one in self.store.edges(closed=True):
            assert {one.child.base, one.parent.base} <= nodes

    def teardown(self) -> None:
        self.store.close()


def test_invariants_hold_after_any_sequence(stores: Stores) -> None:
    class Here(Anything):
        """On the stores of this test."""

    Here.stores = stores
    run_state_machine_as_test(
        Here, settings=settings(SLOW, max_examples=30, stateful_step_count=12)
    )


def check_history(history: tuple[Edge, ...]) -> None:
    assert history[-1].superseded_at is None
    for older, newer in pairwise(history):
        assert older.superseded_at == newer.recorded_at >= older.recorded_at
        kept = tuple(piece for piece in older.evidence if piece in newer.evidence)
        assert newer.evidence[: len(kept)] == kept
        lasting = [piece for piece in older.evidence if piece.method is Method.MANUAL]
        assert [piece for piece in lasting if piece not in kept] == []
        assert (
            older.model_copy(
                update={"recorded_at": newer.recorded_at, "superseded_at": newer.superseded_at}
            )
            != newer
        )


@pytest.mark.parametrize("text", [*HOSTILE, "nul \x00 inside", "line\nfeed", "x" * 1_000_000])
def test_hostile_text_is_only_text(store: GraphStore, text: str) -> None:
    given = edge(evidence=(evidence(text, text[:20_000]),))
    store.record(
        reading(
            given,
            documents=(document_read(text),),
            failures=(failure(text),),
            datasets=(Dataset(id=PARENT, facts=(fact(text[:1000], PARENT),)),),
        )
    )
    assert list(store.edges()) == [given]
    assert store.documents() == (document_read(text),)
    assert store.failures() == (failure(text),)
    assert store.edge_history(text[:100]) == ()
    store.record(reading(documents=(document_read(text),)))
    assert list(store.edges()) == []


@SLOW
@given(node_ids())
def test_ids_of_any_script_are_found(stores: Stores, dataset: DatasetId) -> None:
    with stores.fresh() as store:
        put(store, edge(child=dataset, parent=OTHER))
        assert [one.child for one in store.edges(child=dataset)] == [dataset]
        found = store.dataset(dataset)
        assert found is not None
        assert found.id == dataset
