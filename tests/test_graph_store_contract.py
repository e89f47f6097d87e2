"""What `lineage.store.GraphStore` promises of writing, sentence by sentence, for every store.

What becomes of statements when documents change is in test_graph_store_contract_statements.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import store_values
from store_values import (
    BY_PERSON,
    BY_RULE,
    CHILD,
    OTHER,
    PARENT,
    START,
    contents,
    edge,
    evidence,
    fact,
    failure,
    minute,
    only,
    put,
    reading,
    rejection,
    start,
)

from lineage.errors import UnknownEdge
from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    FactKey,
    Flag,
    Method,
    NodeKind,
    Role,
    Verdict,
    VerificationState,
)
from lineage.store import DatasetReading, GraphStore

stores = store_values.stores  # the fixtures, which pytest finds by these names
store = store_values.store

# --- record: nodes ----------------------------------------------------------------------


def test_facts_are_united(store: GraphStore) -> None:
    narrowed = CHILD.narrowed(config="main")
    first = Dataset(id=CHILD, facts=(fact("mit"),))
    second = Dataset(
        id=CHILD,
        facts=(
            fact("mit", found_at=minute(9)),  # the same evidence, found again
            fact("mit", quote="MIT licence"),
            fact("mit", dataset=narrowed),
            fact("mit", key=FactKey.DOMAIN),
            fact("apache-2.0"),
        ),
    )
    store.record(reading(datasets=(first,)))
    store.record(reading(datasets=(second,)))
    stored = store.dataset(CHILD)
    assert stored is not None
    assert set(stored.facts) == {first.facts[0], *second.facts[1:]}
    assert [(one.key, one.value) for one in stored.facts] == sorted(
        (one.key, one.value) for one in stored.facts
    )
    assert len(stored.facts) == 5


def test_a_name_and_a_kind_replace_the_bare_default(store: GraphStore) -> None:
    store.record(reading(datasets=(Dataset(id=PARENT),)))
    named = Dataset(id=PARENT, name="The Parent", kind=NodeKind.BENCHMARK)
    store.record(reading(datasets=(named,)))
    assert store.dataset(PARENT) == named
    store.record(reading(datasets=(Dataset(id=PARENT),)))
    assert store.dataset(PARENT) == named


@pytest.mark.parametrize("backwards", [False, True])
def test_where_others_disagree_their_order_does_not_matter(
    store: GraphStore, backwards: bool
) -> None:
    given = [
        Dataset(id=PARENT, name="GSM8K", kind=NodeKind.SOURCE),
        Dataset(id=PARENT, name="gsm8k", kind=NodeKind.BENCHMARK),
    ]
    for number, dataset in enumerate(reversed(given) if backwards else given):
        store.record(reading(dataset=DatasetId(name=f"o/{number}"), datasets=(dataset,)))
    assert store.dataset(PARENT) == Dataset(id=PARENT, name="GSM8K", kind=NodeKind.BENCHMARK)


def test_the_own_reading_names_the_dataset(store: GraphStore) -> None:
    store.record(reading(datasets=(Dataset(id=PARENT, name="A parent"),)))
    store.record(
        reading(dataset=PARENT, datasets=(Dataset(id=PARENT, name="Parent", documented=True),))
    )
    store.record(reading(datasets=(Dataset(id=PARENT, name="Another parent"),)))
    assert store.dataset(PARENT) == Dataset(id=PARENT, name="Parent", documented=True)
    store.record(
        reading(dataset=PARENT, datasets=(Dataset(id=PARENT, name="Renamed", documented=True),))
    )
    assert store.dataset(PARENT) == Dataset(id=PARENT, name="Renamed", documented=True)


def test_documented_never_turns_back(store: GraphStore) -> None:
    store.record(reading(datasets=(Dataset(id=CHILD, documented=True),)))
    store.record(reading(datasets=(Dataset(id=CHILD, documented=False),)))
    stored = store.dataset(CHILD)
    assert stored is not None
    assert stored.documented


def test_ends_that_are_not_given_become_bare_nodes(store: GraphStore) -> None:
    teacher = DatasetId(hub="model", name="org/teacher")
    store.record(reading(edge(parent=PARENT.narrowed(split="train")), edge(parent=teacher)))
    assert list(store.datasets()) == [
        Dataset(id=teacher, kind=NodeKind.MODEL),
        Dataset(id=CHILD),
        Dataset(id=PARENT),
    ]


def test_a_reading_without_edges_is_an_answer_too(store: GraphStore) -> None:
    start(store, "r1")
    store.record(DatasetReading(dataset=CHILD, run="r1"))
    assert store.read_in_run("r1") == {CHILD}
    assert store.dataset(CHILD) == Dataset(id=CHILD)
    assert list(store.edges()) == []


# --- record: edges ----------------------------------------------------------------------


def test_an_edge_comes_back_as_it_was_given(store: GraphStore) -> None:
    given = edge(
        child=CHILD.narrowed(config="main"),
        parent=PARENT.narrowed(split="train"),
        evidence=(evidence("z"), evidence("a", start=3, end=19, sha256="0" * 64)),
        verdict=Verdict(
            state=VerificationState.CONFIRMED,
            reason="overlap",
            by="c/1",
            at=START,
            measures={"c": 0.5},
        ),
        flags=(Flag.PARENT_LATER, Flag.CYCLE),
        valid_from="2024",
        valid_to="2025-06-01",
        recorded_at=datetime(2026, 1, 1, 13, 0, 0, 1, tzinfo=UTC),
    )
    store.record(reading(given))
    assert list(store.edges()) == [given]
    assert store.edge_history(given.id) == (given,)


def test_recording_again_changes_nothing(store: GraphStore) -> None:
    start(store, "r1")
    full = reading(
        edge(),
        edge(parent=OTHER, role=Role.COMPARED),
        run="r1",
        datasets=(Dataset(id=CHILD, name="Child", documented=True, facts=(fact("mit"),)),),
        failures=(failure("torn"),),
        rejections=(rejection("a pronoun"),),
    )
    store.record(full)
    before = contents(store)
    store.record(full)
    assert contents(store) == before
    assert only(store.runs()).read == 1


def test_new_evidence_is_united_and_the_given_state_becomes_current(store: GraphStore) -> None:
    first = edge(
        evidence=(evidence("card"),), confidence=0.5, flags=(Flag.CYCLE,), valid_from="2023"
    )
    again = edge(
        at=1,
        evidence=(evidence("card", found_at=minute(1)), evidence("paper", found_at=minute(1))),
        confidence=0.9,
        valid_to="2024",
    )
    store.record(reading(first))
    store.record(reading(again))
    current = only(store.edges())
    assert current.evidence == (first.evidence[0], again.evidence[1])  # first found_at kept
    assert (current.confidence, current.flags) == (0.9, ())
    assert (current.valid_from, current.valid_to) == ("2023", "2024")
    assert current.recorded_at == minute(1)
    old, new = store.edge_history(first.id)
    assert old == first.model_copy(update={"superseded_at": minute(1)})
    assert new == current


def test_the_stored_verdict_stays_where_none_is_given(store: GraphStore) -> None:
    verdict = Verdict(state=VerificationState.INCONCLUSIVE, reason="no records", by="c", at=START)
    other = verdict.model_copy(update={"state": VerificationState.CONFIRMED})
    store.record(reading(edge(verdict=verdict)))
    store.record(reading(edge(at=1, confidence=0.3)))
    assert only(store.edges()).verdict == verdict
    put(store, edge(at=2, confidence=0.3, verdict=other))
    assert only(store.edges()).verdict == other


def test_the_clock_of_an_edge_never_runs_backwards(store: GraphStore) -> None:
    put(store, edge(at=5, confidence=0.5))
    put(store, edge(at=3, confidence=0.6))
    put(store, edge(at=7, confidence=0.7))
    first, second, third = store.edge_history(edge().id)
    assert (first.recorded_at, first.superseded_at) == (minute(5), minute(5))
    assert (second.recorded_at, second.superseded_at) == (minute(5), minute(7))
    assert (third.recorded_at, third.superseded_at) == (minute(7), None)
    assert only(store.edges(as_of=minute(5))).confidence == 0.6


def test_a_given_superseded_at_is_not_kept(store: GraphStore) -> None:
    put(store, edge(superseded_at=minute(4)))
    assert only(store.edges()).superseded_at is None


def test_edges_of_one_id_within_a_reading_count_as_one(store: GraphStore) -> None:
    twice = reading(
        edge(evidence=(evidence("card"), evidence("card")), confidence=0.4),
        edge(evidence=(evidence("paper"),), confidence=0.6),
    )
    for _ in range(2):
        store.record(twice)
        current = only(store.edges())
        assert [piece.document for piece in current.evidence] == ["card", "paper"]
        assert current.confidence == 0.6
        assert len(store.edge_history(current.id)) == 1


def test_a_closed_edge_that_is_given_is_stored_closed(store: GraphStore) -> None:
    put(store, edge(closure=BY_PERSON))
    assert list(store.edges()) == []
    assert list(store.edges(closed=True)) == [edge(closure=BY_PERSON)]


# --- put_edges and close_edge ------------------------------------------------------------


def test_put_edge_makes_its_ends_and_closes_no_others(store: GraphStore) -> None:
    store.record(reading(edge()))
    named = Dataset(id=OTHER, name="Other", kind=NodeKind.SOURCE)
    by_hand = edge(parent=OTHER, evidence=(evidence("ann's word", method=Method.MANUAL),))
    put(store, by_hand, ends=(named,))
    assert list(store.edges()) == [by_hand, edge()]
    assert store.dataset(OTHER) == named
    assert store.runs() == ()
    before = contents(store)
    put(store, by_hand, ends=(named,))
    assert contents(store) == before


def test_put_edge_leaves_known_ends_alone(store: GraphStore) -> None:
    known = Dataset(id=CHILD, name="Child", documented=True)
    store.record(reading(datasets=(known,)))
    put(store, edge(child=CHILD.narrowed(split="test")))
    assert store.dataset(CHILD) == known


def test_put_edge_opens_what_a_person_closed(store: GraphStore) -> None:
    put(store, edge())
    store.close_edge(edge().id, BY_PERSON, at=minute(1))
    put(store, edge(at=2))
    assert list(store.edges()) == [edge(at=2)]


def test_closing_returns_the_closed_edge_and_keeps_its_evidence(store: GraphStore) -> None:
    put(store, edge())
    closed = store.close_edge(edge().id, BY_PERSON, at=minute(1))
    assert closed == edge(at=1, closure=BY_PERSON)
    assert list(store.edges()) == []
    assert list(store.edges(closed=True)) == [closed]


def test_closing_takes_the_present_where_no_moment_is_given(store: GraphStore) -> None:
    before = datetime.now(UTC)
    put(store, edge())
    assert before <= store.close_edge(edge().id, BY_PERSON).recorded_at <= datetime.now(UTC)


def test_an_edge_closed_already_is_returned_as_it_is(store: GraphStore) -> None:
    put(store, edge())
    closed = store.close_edge(edge().id, BY_PERSON, at=minute(1))
    again = Closure(reason="again", by="bob", manual=True)
    assert store.close_edge(edge().id, again, at=minute(2)) == closed
    assert store.close_edge(edge().id, BY_RULE, at=minute(2)) == closed
    assert len(store.edge_history(edge().id)) == 2


def test_a_persons_closure_replaces_one_that_was_not(store: GraphStore) -> None:
    put(store, edge())
    store.close_edge(edge().id, BY_RULE, at=minute(1))
    assert store.close_edge(edge().id, BY_PERSON, at=minute(2)).closure == BY_PERSON
    store.record(reading(edge(at=3)))
    assert list(store.edges()) == []


def test_closing_an_unknown_edge(store: GraphStore) -> None:
    with pytest.raises(UnknownEdge, match="no such"):
        store.close_edge("no such", BY_PERSON)


def test_edges_put_without_reopen_leave_a_persons_closure(store: GraphStore) -> None:
    put(store, edge())
    store.close_edge(edge().id, BY_PERSON)
    store.put_edges([edge(at=3, evidence=(evidence("paper"),))])
    assert list(store.edges()) == []
    assert len(store.edge_history(edge().id)[-1].evidence) == 2


def test_nodes_are_put_even_where_no_edge_names_them(store: GraphStore) -> None:
    store.put_edges([], ends=[Dataset(id=OTHER, name="Alone")])
    (node,) = store.datasets()
    assert (node.id, node.name) == (OTHER, "Alone")
