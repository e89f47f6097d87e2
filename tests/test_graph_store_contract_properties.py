"""What `lineage.store.GraphStore` promises, tried with values that Hypothesis makes up."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

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
    put,
    reading,
)
from strategies import HOSTILE, closures, datasets, edges, instants, node_ids, readings

from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    Edge,
    Fact,
    NodeKind,
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
        found = list(store.edges())
        assert found == sorted(
            given_edges, key=lambda one: (str(one.child), str(one.parent), one.id)
        )
        for one in given_edges:
            assert one in list(store.edges(child=one.child, parent=one.parent))
            assert store.edge_history(one.id) == (one,)


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


def test_invariants_hold_after_any_sequence(stores: Stores) -> None:
    few = st.sampled_from([DatasetId(name=f"o/{name}") for name in "abc"])

    class Anything(RuleBasedStateMachine):
        """Random writes; after each of them what the contract says must hold."""

        def __init__(self) -> None:
            super().__init__()
            self.store = stores.fresh()
            self.known: set[str] = set()
            self.before: dict[str, tuple[Edge, ...]] = {}

        @rule(one=readings(few, few))
        def record(self, one: DatasetReading) -> None:
            self.store.record(one)
            self.known.update(stated.id for stated in one.edges)

        @rule(one=edges(few, few), ends=st.lists(datasets(few), max_size=1))
        def put(self, one: Edge, ends: list[Dataset]) -> None:
            put(self.store, one, ends=tuple(ends))
            self.known.add(one.id)
            assert one.id in {stored.id for stored in self.store.edges(child=one.child)}

        @rule(number=st.integers(0, 9), closure=closures(), at=instants)
        def close(self, number: int, closure: Closure, at: datetime) -> None:
            if not self.known:
                return
            edge_id = sorted(self.known)[number % len(self.known)]
            assert self.store.close_edge(edge_id, closure, at=at).closure is not None

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

    run_state_machine_as_test(
        Anything, settings=settings(SLOW, max_examples=12, stateful_step_count=10)
    )


def check_history(history: tuple[Edge, ...]) -> None:
    assert history[-1].superseded_at is None
    for older, newer in pairwise(history):
        assert older.superseded_at == newer.recorded_at >= older.recorded_at
        assert newer.evidence[: len(older.evidence)] == older.evidence
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
