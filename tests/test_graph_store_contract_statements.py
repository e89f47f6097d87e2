"""What `lineage.store.GraphStore` promises of statements, which belong to documents: what a
reading takes away, what it leaves, and what becomes of confidence, verdict and closure.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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
    document_read,
    edge,
    evidence,
    fact,
    minute,
    only,
    put,
    reading,
    start,
)

from graph_store.merging import UNSTATED
from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    Edge,
    Fact,
    FactKey,
    Flag,
    Method,
    Relation,
    Role,
    Verdict,
    VerificationState,
    believed,
)
from lineage.store import DatasetReading, GraphStore

stores = store_values.stores  # the fixtures, which pytest finds by these names
store = store_values.store

READ = [Method.DECLARED, Method.ROWS, Method.RULES, Method.LLM]
LASTING = [Method.MANUAL, Method.CONTENT, Method.IMPORTED]
PAPER = evidence("paper", confidence=0.5)


def read_again(
    *stated: Edge,
    documents: tuple[str, ...] = ("card",),
    at: float = 5,
    dataset: DatasetId = CHILD,
    withdrawn: tuple[str, ...] = (),
    facts: tuple[Fact, ...] = (),
) -> DatasetReading:
    """A later reading of a dataset, of these documents."""
    return DatasetReading(
        dataset=dataset,
        datasets=(Dataset(id=dataset, documented=True, facts=facts),),
        edges=stated,
        documents=tuple(document_read(one, dataset, at) for one in documents),
        withdrawn=withdrawn,
    )


def shown(store: GraphStore, at: float | None = None) -> list[tuple[DatasetId, list[str]]]:
    """Open edges, now or as of a minute: parent and quotes."""
    moment = None if at is None else minute(at)
    return [
        (one.parent, [piece.quote for piece in one.evidence]) for one in store.edges(as_of=moment)
    ]


def values(store: GraphStore, dataset: DatasetId = CHILD) -> list[str]:
    node = store.dataset(dataset)
    assert node is not None
    return [one.value for one in node.facts]


# --- what a document says no more -------------------------------------------------------


def test_what_is_no_longer_stated_is_closed_and_its_evidence_kept(store: GraphStore) -> None:
    start(store, "r1")
    both = (evidence("card"), evidence("paper"))
    store.record(
        reading(
            edge(),
            edge(parent=OTHER, evidence=both, confidence=0.9),
            documents=(document_read("card"), document_read("paper")),
        )
    )
    later = (document_read("paper", at=6), document_read("card", at=7))
    store.record(reading(edge(at=7), run="r1", documents=later))
    assert [one.parent for one in store.edges()] == [PARENT]
    closed = next(one for one in store.edges(closed=True) if one.parent == OTHER)
    assert closed.closure == Closure(reason="no longer stated", by="r1", manual=False)
    assert closed.closure.reason == UNSTATED
    assert (closed.evidence, closed.confidence) == (both, 0.9)
    assert closed.recorded_at == minute(7)


@pytest.mark.parametrize("method", READ)
def test_evidence_read_from_documents_is_taken_away(store: GraphStore, method: Method) -> None:
    store.record(reading(edge(evidence=(evidence(method=method),))))
    store.record(read_again())
    assert shown(store) == []


@pytest.mark.parametrize("method", LASTING)
@pytest.mark.parametrize("withdrawn", [(), ("card",)])
def test_evidence_and_facts_that_no_reading_takes_away(
    store: GraphStore, method: Method, withdrawn: tuple[str, ...]
) -> None:
    stated, licence = edge(evidence=(evidence(method=method),)), fact("mit", method=method)
    store.record(reading(stated, datasets=(Dataset(id=CHILD, facts=(licence,)),)))
    store.record(read_again(documents=() if withdrawn else ("card",), withdrawn=withdrawn))
    assert list(store.edges()) == [stated]
    assert values(store) == ["mit"]


def test_lasting_evidence_keeps_an_edge_open_and_the_rest_goes(store: GraphStore) -> None:
    word = evidence("ann", "", method=Method.MANUAL, confidence=0.6)
    store.record(reading(edge(evidence=(evidence(), word))))
    store.record(read_again())
    current = only(store.edges())
    assert (current.evidence, current.confidence) == ((word,), 0.6)
    assert current.recorded_at == minute(5)
    assert only(store.edges(as_of=minute(4))).evidence == (evidence(), word)


def test_an_edge_that_never_had_evidence_stays_open(store: GraphStore) -> None:
    store.record(reading(edge(evidence=())))
    store.record(read_again())
    assert list(store.edges()) == [edge(evidence=())]


def test_a_corrected_quote_replaces_the_one_before(store: GraphStore) -> None:
    old, new = evidence(quote="filterd from p"), evidence(quote="filtered from p", sha256="1" * 64)
    store.record(reading(edge(evidence=(old,), confidence=0.8)))
    store.record(read_again(edge(at=5, evidence=(new,), confidence=0.7)))
    current = only(store.edges())
    assert (current.evidence, current.confidence) == ((new,), 0.7)
    assert shown(store, 4) == [(PARENT, ["filterd from p"])]
    assert shown(store, 5) == [(PARENT, ["filtered from p"])]
    assert [one.evidence for one in store.edge_history(current.id)] == [(old,), (new,)]


def test_one_of_two_documents_says_it_no_more(store: GraphStore) -> None:
    both = (evidence(), PAPER)
    store.record(
        reading(
            edge(evidence=both, confidence=0.9),
            documents=(document_read(), document_read("paper")),
        )
    )
    store.record(
        read_again(edge(at=5, evidence=both[:1], confidence=0.8), documents=("card", "paper"))
    )
    current = only(store.edges())
    assert (current.evidence, current.confidence) == (both[:1], 0.8)
    assert only(store.edges(as_of=minute(4))).evidence == both


def test_what_is_taken_away_is_so_from_the_reading_on(store: GraphStore) -> None:
    """However old the evidence is that remains: its document came out of a cache."""
    both = (evidence(), PAPER)
    store.record(reading(edge(evidence=both), documents=(document_read(), document_read("paper"))))
    store.record(read_again(edge(evidence=both[:1]), documents=("card", "paper"), at=9))
    assert only(store.edges(as_of=minute(8))).evidence == both
    assert only(store.edges()).recorded_at == minute(9)


def test_a_document_of_one_dataset_speaks_of_another(store: GraphStore) -> None:
    sizes = fact("7 rows", OTHER, FactKey.SIZE)
    about_other = Dataset(id=OTHER, facts=(sizes,))
    foreign = edge(child=OTHER)
    store.record(reading(foreign, datasets=(about_other,)))
    store.record(reading(dataset=OTHER))  # its own card, which says nothing of this
    assert list(store.edges()) == [foreign]
    assert values(store, OTHER) == ["7 rows"]
    store.record(read_again())
    assert list(store.edges()) == []
    assert only(store.edges(closed=True)).closure == Closure(
        reason=UNSTATED, by="reading", manual=False
    )
    assert values(store, OTHER) == []


@pytest.mark.parametrize("backwards", [False, True])
def test_a_document_read_about_two_datasets_speaks_of_each_apart(
    store: GraphStore, backwards: bool
) -> None:
    """A paper that two cards link: what it says in one reading, it need not in the other."""
    mine, others = edge(evidence=(PAPER,)), edge(child=OTHER, evidence=(PAPER,))
    readings = [
        read_again(mine, documents=("paper",), facts=(fact("mit", document="paper"),)),
        read_again(
            others,
            documents=("paper",),
            dataset=OTHER,
            facts=(fact("cc0", OTHER, document="paper"),),
        ),
    ]
    for one in reversed(readings) if backwards else readings:
        store.record(one)
    assert list(store.edges()) == [mine, others]
    assert (values(store), values(store, OTHER)) == (["mit"], ["cc0"])


def test_what_two_readings_state_stays_until_both_are_silent(store: GraphStore) -> None:
    shared = edge(child=DatasetId(name="o/third"), evidence=(PAPER,))
    licence = fact("mit", shared.child, document="paper")
    for dataset in (CHILD, OTHER):
        store.record(
            reading(
                shared,
                dataset=dataset,
                datasets=(Dataset(id=shared.child, facts=(licence,)),),
                documents=(document_read("paper", dataset),),
            )
        )
    before = store.edge_history(shared.id)
    store.record(read_again(documents=("paper",)))
    assert list(store.edges()) == [shared]
    assert values(store, shared.child) == ["mit"]
    assert store.edge_history(shared.id) == before
    store.record(read_again(documents=("paper",), dataset=OTHER))
    assert list(store.edges()) == []
    assert values(store, shared.child) == []


# --- documents that were not consulted --------------------------------------------------


def test_two_sources_with_different_documents_of_one_dataset(store: GraphStore) -> None:
    """Folder A, then folder B: what A's card states is not closed by B's, nor its facts."""
    in_a, in_b = evidence("a/card", confidence=0.8), evidence("b/card", confidence=0.5)
    of_a = read_again(
        edge(evidence=(in_a,), confidence=0.8),
        edge(parent=OTHER, evidence=(in_a,)),
        documents=("a/card",),
        facts=(fact("mit", document="a/card"),),
        at=1,
    )
    of_b = read_again(
        edge(at=2, evidence=(in_b,), confidence=0.5),
        documents=("b/card",),
        facts=(fact("en", key=FactKey.LANGUAGE, document="b/card"),),
        at=2,
    )
    store.record(of_a)
    store.record(of_b)
    other, joint = store.edges()
    assert other == edge(parent=OTHER, evidence=(in_a,))
    assert joint.evidence == (in_a, in_b)
    assert joint.confidence == believed((in_a, in_b)) == 0.9
    assert values(store) == ["en", "mit"]
    before = list(store.edges())
    for again in (of_a, of_b, of_b, of_a):  # nothing new in either
        store.record(again)
        assert list(store.edges()) == before
        assert len(store.edge_history(joint.id)) == 2


@pytest.mark.parametrize("documents", [(), ("paper",)])
def test_what_was_not_read_keeps_what_it_stated(
    store: GraphStore, documents: tuple[str, ...]
) -> None:
    """Whether it failed, or was not asked for: it is neither read nor withdrawn."""
    licence = fact("mit")
    store.record(reading(edge(), datasets=(Dataset(id=CHILD, facts=(licence,)),)))
    store.record(
        read_again(documents=documents).model_copy(
            update={"failures": (store_values.failure("torn", at=5),)}
        )
    )
    assert list(store.edges()) == [edge()]
    assert values(store) == ["mit"]


def test_part_of_a_failed_document_is_united_with_what_it_said(store: GraphStore) -> None:
    """One reader failed on it, so it is not logged; what another one found is new all the same."""
    whole, part = evidence(quote="one"), evidence(quote="two")
    store.record(reading(edge(evidence=(whole,), confidence=0.8)))
    store.record(read_again(edge(at=5, evidence=(part,), confidence=0.3), documents=()))
    current = only(store.edges())
    assert (current.evidence, current.confidence) == ((whole, part), 0.8)  # one witness


# --- withdrawn and restored -------------------------------------------------------------


def test_a_withdrawn_document_says_nothing(store: GraphStore) -> None:
    both = (evidence(), PAPER)
    store.record(
        read_again(
            edge(evidence=both, confidence=0.9),
            edge(parent=OTHER, evidence=(PAPER,)),
            edge(child=OTHER, evidence=(PAPER,)),
            documents=("card", "paper"),
            facts=(fact("mit"), fact("cc0", document="paper")),
            at=0,
        )
    )
    card_only = read_again(
        edge(evidence=both[:1], confidence=0.8),
        withdrawn=("paper",),
        facts=(fact("mit"),),
    )
    store.record(card_only)
    assert list(store.edges()) == [edge(at=5, evidence=both[:1], confidence=0.8)]
    assert values(store) == ["mit"]
    assert len(list(store.edges(closed=True))) == 3
    assert len(list(store.edges(as_of=minute(4)))) == 3
    before = contents(store)
    store.record(card_only)
    assert contents(store) == before


def test_withdrawing_takes_from_edges_that_the_reading_does_not_give(store: GraphStore) -> None:
    both = (evidence(), PAPER)
    store.record(
        reading(
            edge(evidence=both, confidence=0.9),
            documents=(document_read(), document_read("paper")),
        )
    )
    store.record(DatasetReading(dataset=CHILD, withdrawn=("paper",)))
    current = only(store.edges())
    assert (current.evidence, current.confidence) == (both[:1], believed(both[:1]))
    assert current.recorded_at > minute(60)  # no document was read: now


def test_a_restored_document_says_again_what_it_said(store: GraphStore) -> None:
    licence = fact("mit")
    store.record(reading(edge(), datasets=(Dataset(id=CHILD, facts=(licence,)),)))
    store.record(read_again(documents=("paper",), withdrawn=("card",)))
    assert (shown(store), values(store)) == ([], [])
    store.record(read_again(edge(at=9), at=9, facts=(fact("mit", found_at=minute(9)),)))
    assert list(store.edges()) == [edge(at=9)]
    assert values(store) == ["mit"]
    assert [one.closure is None for one in store.edge_history(edge().id)] == [True, False, True]
    store.record(read_again(at=12))
    assert (shown(store), values(store)) == ([], [])
    assert shown(store, 10) == [(PARENT, ["made from parent"])]


def test_an_edge_that_comes_back_is_recorded_as_it_says(store: GraphStore) -> None:
    """What it lost it had lost before: this reading takes nothing away."""
    store.record(reading(edge()))
    store.record(read_again(at=3))
    store.record(read_again(edge(at=6, evidence=(PAPER,)), documents=("paper",), at=9))
    assert only(store.edges()).recorded_at == minute(6)


def test_an_edge_stated_without_evidence_does_not_outlive_it(store: GraphStore) -> None:
    """In whatever run, and recorded again it changes nothing."""
    store.record(reading(edge()))
    for run in ("r1", "r2"):
        start(store, run)
        store.record(reading(edge(at=1, evidence=()), run=run))
    assert only(store.edges(closed=True)).closure == Closure(reason=UNSTATED, by="r1", manual=False)
    assert len(store.edge_history(edge().id)) == 2


def test_what_comes_back_brings_only_its_own_evidence(store: GraphStore) -> None:
    """The closed edge keeps the paper's evidence; the open one has only what is stated."""
    store.record(reading(edge(evidence=(PAPER,)), documents=(document_read("paper"),)))
    store.record(read_again(documents=(), withdrawn=("paper",)))
    assert only(store.edges(closed=True)).evidence == (PAPER,)
    now = datetime.now(UTC)
    store.record(read_again(edge(evidence=(evidence(),), recorded_at=now)))
    current = only(store.edges())
    assert (current.evidence, current.confidence) == ((evidence(),), 0.8)
    put(store, edge(evidence=(evidence("ann", method=Method.MANUAL, confidence=0.4),)))
    assert len(only(store.edges()).evidence) == 2


def test_the_log_drops_withdrawn_documents_until_they_are_back(store: GraphStore) -> None:
    for run in ("r1", "r2", "r3"):
        start(store, run)
    first, paper = document_read("card"), document_read("paper")
    store.record(reading(run="r1", documents=(first, paper)))
    store.record(reading(run="r1", dataset=OTHER, documents=(document_read("paper", OTHER),)))
    gone = reading(run="r2", documents=(first,), withdrawn=("paper",))
    store.record(gone)
    assert store.documents(CHILD) == (first,)
    assert store.documents() == (first, document_read("paper", OTHER))
    store.record(gone)
    store.record(reading(run="r2", documents=(first,)))  # replaces the entry, not the fact
    assert store.documents(CHILD) == (first,)
    back = document_read("paper", at=-5)
    store.record(reading(run="r3", documents=(back,)))
    assert store.documents(CHILD) == (first, back)


def test_a_withdrawal_found_later_in_the_same_run_counts(store: GraphStore) -> None:
    start(store, "r1")
    start(store, "r2")
    card, paper = document_read(), document_read("paper")
    store.record(reading(run="r1", documents=(card, paper)))
    store.record(reading(run="r2", documents=(card,)))
    assert store.documents() == (card, paper)
    store.record(reading(run="r2", documents=(card,), withdrawn=("paper",)))
    assert store.documents() == (card,)


def test_a_document_that_is_read_is_not_withdrawn(store: GraphStore) -> None:
    store.record(reading(edge(), withdrawn=("card",)))
    assert list(store.edges()) == [edge()]
    assert store.documents() == (document_read(),)


# --- facts ------------------------------------------------------------------------------


def test_a_fact_that_changed_has_its_new_value_only(store: GraphStore) -> None:
    for at, licence in enumerate(("apache-2.0", "mit", "apache-2.0", "apache-2.0")):
        given = fact(licence, quote=f"license: {licence}", found_at=minute(at))
        store.record(read_again(facts=(given,), at=at))
        assert values(store) == [licence]
    node = store.dataset(CHILD)
    assert node is not None
    assert only(node.facts).evidence.found_at == minute(2)  # first found, this time
    assert list(store.datasets()) == [node]


def test_facts_of_other_documents_stay_and_may_disagree(store: GraphStore) -> None:
    both = (fact("mit"), fact("cc0", document="paper"))
    store.record(read_again(documents=("card", "paper"), facts=both))
    store.record(read_again(facts=(fact("gpl"),)))
    assert sorted(values(store)) == ["cc0", "gpl"]


# --- edges that were put ----------------------------------------------------------------


def test_a_document_that_is_read_now_takes_back_what_was_put_for_it(store: GraphStore) -> None:
    """Imported from a store that had read this card, or put back by a check."""
    store.put_edges([edge()], ends=[Dataset(id=CHILD, facts=(fact("mit"),))])
    store.record(read_again())
    assert (shown(store), values(store)) == ([], [])


def test_what_was_put_of_another_dataset_stays(store: GraphStore) -> None:
    foreign = edge(child=OTHER)
    store.put_edges([foreign], ends=[Dataset(id=OTHER, facts=(fact("mit", OTHER),))])
    store.record(read_again())
    assert list(store.edges()) == [foreign]
    assert values(store, OTHER) == ["mit"]


def test_what_was_put_belongs_to_the_reading_that_says_it_too(store: GraphStore) -> None:
    foreign, licence = edge(child=OTHER), fact("mit", OTHER)
    node = Dataset(id=OTHER, facts=(licence,))
    store.put_edges([foreign], ends=[node])
    store.record(reading(foreign, datasets=(node,)))
    store.put_edges([foreign], ends=[node])  # a check that writes back what it read
    assert list(store.edges()) == [foreign]
    store.record(read_again())
    assert list(store.edges()) == []
    assert values(store, OTHER) == []


# --- confidence, validity ---------------------------------------------------------------


def test_a_reading_states_what_a_person_did(store: GraphStore) -> None:
    word = evidence("person:ann", "", method=Method.MANUAL, confidence=0.2)
    put(store, edge(evidence=(word,), confidence=0.2, valid_from="2019"))
    read = reading(edge(at=1, confidence=0.8, flags=(Flag.PARENT_LATER,)))
    store.record(read)
    current = only(store.edges())
    assert current.evidence == (word, evidence())
    assert (current.confidence, current.valid_from, current.valid_to) == (0.2, "2019", None)
    assert current.flags == (Flag.PARENT_LATER,)
    store.record(read)
    assert len(store.edge_history(current.id)) == 2
    store.record(read_again())
    alone = only(store.edges())
    assert (alone.evidence, alone.confidence, alone.valid_from) == ((word,), 0.2, "2019")


def test_the_given_confidence_counts_where_the_given_edge_holds_all(store: GraphStore) -> None:
    store.record(reading(edge(confidence=0.8)))
    store.record(reading(edge(at=1, evidence=(evidence(), PAPER), confidence=0.33)))
    assert only(store.edges()).confidence == 0.33
    put(store, edge(at=2, evidence=(PAPER,), confidence=0.1))
    current = only(store.edges())
    assert current.confidence == believed(current.evidence) == 0.9
    put(store, current.model_copy(update={"confidence": 0.5, "recorded_at": minute(3)}))
    assert only(store.edges()).confidence == 0.5


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, ("2019", "2020-05")), ({"valid_from": "2021"}, ("2021", "2020-05"))],
)
def test_the_stored_validity_stays_where_none_is_given(
    store: GraphStore, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    store.record(reading(edge(valid_from="2019", valid_to="2020-05")))
    store.record(reading(edge(at=1, **given)))
    current = only(store.edges())
    assert (current.valid_from, current.valid_to) == expected


# --- verdicts and closures --------------------------------------------------------------

CONTRADICTED = Verdict(
    state=VerificationState.CONTRADICTED, reason="no row is shared", by="content/1", at=START
)
REFUTED = Closure(reason="no row is shared", by="content/1", manual=False)


@pytest.mark.parametrize("known", [False, True])
def test_a_contradicted_edge_is_closed_and_no_reading_opens_it(
    store: GraphStore, known: bool
) -> None:
    if known:
        store.record(reading(edge()))
    store.put_edges([edge(at=1, verdict=CONTRADICTED)])
    closed = only(store.edges(closed=True))
    assert (closed.closure, closed.verdict) == (REFUTED, CONTRADICTED)
    assert list(store.edges()) == []
    store.record(reading(edge(at=2, evidence=(evidence(quote="new words"),), confidence=0.7)))
    current = only(store.edges(closed=True))
    assert (current.closure, current.confidence) == (REFUTED, 0.7)
    assert [one.quote for one in current.evidence] == ["new words"]
    store.record(read_again())
    assert only(store.edges(closed=True)) == current  # closed already, and keeps what it had
    assert list(store.edges()) == []
    store.record(reading(edge(at=7)))
    assert only(store.edges(closed=True)).closure == REFUTED
    better = CONTRADICTED.model_copy(update={"state": VerificationState.CONFIRMED})
    store.put_edges([edge(at=8, verdict=better)])
    assert only(store.edges()).verdict == better


@pytest.mark.parametrize("state", sorted(set(VerificationState) - {VerificationState.CONTRADICTED}))
def test_other_verdicts_close_nothing(store: GraphStore, state: VerificationState) -> None:
    verdict = CONTRADICTED.model_copy(update={"state": state})
    store.record(reading(edge(verdict=verdict)))
    store.record(reading(edge(at=1)))
    assert list(store.edges()) == [edge(verdict=verdict)]


def test_a_person_closes_what_was_contradicted(store: GraphStore) -> None:
    put(store, edge(verdict=CONTRADICTED))
    assert store.close_edge(edge().id, BY_PERSON, at=minute(1)).closure == BY_PERSON
    store.record(reading(edge(at=2)))
    assert only(store.edges(closed=True)).closure == BY_PERSON


def test_an_edge_closed_by_a_person_only_gains_evidence(store: GraphStore) -> None:
    store.record(reading(edge()))
    store.close_edge(edge().id, BY_PERSON, at=minute(1))
    store.record(reading(edge(at=2, confidence=0.99, flags=(Flag.CYCLE,))))
    assert len(store.edge_history(edge().id)) == 2
    paper = reading(edge(at=3, evidence=(PAPER,), confidence=0.99, verdict=CONTRADICTED))
    store.record(paper)  # the card was read too, and says it no more
    assert list(store.edges()) == []
    kept = only(store.edges(closed=True))
    assert (kept.closure, kept.confidence, kept.verdict) == (BY_PERSON, 0.8, None)
    assert [piece.document for piece in kept.evidence] == ["card", "paper"]
    store.record(DatasetReading(dataset=CHILD, withdrawn=("card",)))
    assert only(store.edges(closed=True)) == kept
    put(store, edge(at=5, evidence=(PAPER,)))
    assert [piece.document for piece in only(store.edges()).evidence] == ["paper"]


def test_an_edge_closed_otherwise_opens_again(store: GraphStore) -> None:
    store.record(reading(edge()))
    store.close_edge(edge().id, BY_RULE, at=minute(1))
    store.record(reading(edge(at=2)))
    assert list(store.edges()) == [edge(at=2)]
    assert [version.closure for version in store.edge_history(edge().id)] == [None, BY_RULE, None]


def test_an_edge_closed_otherwise_stays_closed_while_it_is_not_given(store: GraphStore) -> None:
    both = (evidence(), PAPER)
    store.record(reading(edge(evidence=both), documents=(document_read(), document_read("paper"))))
    store.close_edge(edge().id, BY_RULE, at=minute(1))
    store.record(read_again())
    current = only(store.edges(closed=True))
    assert (current.closure, current.evidence) == (BY_RULE, (PAPER,))
    store.record(read_again(documents=("paper",)))
    assert only(store.edges(closed=True)) == current


# --- the clock --------------------------------------------------------------------------


def test_a_moment_in_the_future_does_not_poison_the_clock(store: GraphStore) -> None:
    """Whatever a file says, the present version is the one that is read as of now."""
    far = datetime(9998, 1, 1, tzinfo=UTC)
    began = datetime.now(UTC)
    store.record(
        reading(
            edge(recorded_at=far),
            documents=(document_read(read_at=far),),
            datasets=(Dataset(id=CHILD, facts=(fact("mit", found_at=far),)),),
        )
    )
    first = only(store.edges(as_of=datetime.now(UTC)))
    assert began <= first.recorded_at <= datetime.now(UTC)
    put(store, edge(at=5, confidence=0.5))
    store.close_edge(edge().id, BY_PERSON, at=far)
    every = store.edge_history(edge().id)
    assert [one.confidence for one in every] == [0.8, 0.5, 0.5]
    moments = [one.recorded_at for one in every]
    assert moments == sorted(moments)
    assert moments[-1] <= datetime.now(UTC)
    assert list(store.edges(as_of=datetime.now(UTC))) == []


def test_a_reading_from_the_future_closes_now(store: GraphStore) -> None:
    store.record(reading(edge()))
    ahead = (datetime.now(UTC) + timedelta(days=9) - START) / timedelta(minutes=1)
    store.record(read_again(at=ahead))
    assert list(store.edges(as_of=datetime.now(UTC))) == []
    assert only(store.edges(closed=True)).recorded_at <= datetime.now(UTC)


def test_recording_the_future_again_changes_nothing(store: GraphStore) -> None:
    far = datetime(9998, 1, 1, tzinfo=UTC)
    given = reading(edge(recorded_at=far), documents=(document_read(read_at=far),))
    store.record(given)
    before = contents(store)
    store.record(given)
    assert contents(store) == before


def test_evidence_keeps_the_moment_it_was_given(store: GraphStore) -> None:
    far = evidence(found_at=datetime(9998, 1, 1, tzinfo=UTC))
    put(store, edge(evidence=(far,)))
    assert only(store.edges()).evidence == (far,)


def test_another_relation_does_not_undo_a_persons_closure(store: GraphStore) -> None:
    store.record(reading(edge(relation=Relation.FILTERING)))
    store.close_edge(edge(relation=Relation.FILTERING).id, BY_PERSON)
    store.record(reading(edge(relation=Relation.SUBSET, at=2)))
    assert list(store.edges()) == []
    assert {one.closure for one in store.edges(closed=True)} == {BY_PERSON}
    put(store, edge(relation=Relation.SUBSET, at=3))
    assert [one.relation for one in store.edges()] == [Relation.SUBSET]


def test_another_role_or_split_is_another_judgement(store: GraphStore) -> None:
    put(store, edge())
    store.close_edge(edge().id, BY_PERSON)
    removed = edge(role=Role.REMOVED)
    narrowed = edge(parent=PARENT.narrowed(split="test"))
    store.record(reading(removed, narrowed))
    assert {one.id for one in store.edges()} == {removed.id, narrowed.id}
