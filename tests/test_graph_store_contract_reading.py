"""What `lineage.store.GraphStore` promises of opening, reading and the log, for every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import store_values
from store_values import (
    BY_PERSON,
    BY_RULE,
    CHILD,
    OTHER,
    PARENT,
    START,
    Stores,
    contents,
    document_read,
    edge,
    evidence,
    failure,
    minute,
    only,
    put,
    reading,
    rejection,
    start,
)
from strategies import HOSTILE

from graph_store.sqlite import SqliteStore
from lineage.errors import StoreError
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    Role,
)
from lineage.store import GraphStore, Run

stores = store_values.stores  # the fixtures, which pytest finds by these names
store = store_values.store

# --- the store itself -------------------------------------------------------------------


def test_a_new_store_is_empty(store: GraphStore) -> None:
    assert contents(store)["nodes"] == contents(store)["edges"] == []
    for empty in (store.runs(), store.documents(), store.failures(), store.rejections()):
        assert empty == ()
    assert store.dataset(CHILD) is None
    assert store.edge_history("none") == ()
    assert store.read_in_run("none") == frozenset()


def test_everything_is_there_after_reopening(stores: Stores) -> None:
    store = stores.open()
    start(store, "r1")
    store.record(
        reading(edge(), run="r1", failures=(failure("torn"),), rejections=(rejection("no"),))
    )
    put(store, edge(parent=OTHER))
    store.close_edge(edge(parent=OTHER).id, BY_PERSON, at=minute(5))
    store.finish_run("r1", at=minute(9))
    before = contents(store)
    store.close()
    assert contents(stores.open()) == before
    assert len(before["edges"]) == 2


def test_another_instance_sees_what_was_written(stores: Stores) -> None:
    writer, reader = stores.open(), stores.open()
    writer.record(reading(edge()))
    assert list(reader.edges()) == [edge()]


def test_the_location_opens_the_same_store(store: GraphStore) -> None:
    assert store.location
    put(store, edge())
    if isinstance(store, SqliteStore):
        with SqliteStore.open(store.location) as again:
            assert again.location == store.location
            assert list(again.edges()) == [edge()]


def test_a_closed_store_refuses_everything_and_may_be_closed_again(stores: Stores) -> None:
    with stores.open() as store:
        put(store, edge())
    store.close()
    uses: list[Callable[[], object]] = [
        lambda: store.record(reading()),
        lambda: put(store, edge()),
        lambda: store.close_edge(edge().id, BY_PERSON),
        lambda: store.dataset(CHILD),
        lambda: list(store.datasets()),
        lambda: list(store.edges()),
        lambda: store.edge_history("x"),
        lambda: start(store, "r"),
        lambda: store.finish_run("r"),
        store.runs,
        lambda: store.read_in_run("r"),
        store.documents,
        store.failures,
        store.rejections,
    ]
    for use in uses:
        with pytest.raises(StoreError, match="closed"):
            use()


def test_an_iterator_ends_with_its_store(store: GraphStore) -> None:
    store.record(reading(*(edge(parent=DatasetId(name=f"o/{n}")) for n in range(50))))
    half_read = store.edges()
    next(half_read)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        list(half_read)


def test_an_iterator_sees_one_state_while_the_same_store_writes(store: GraphStore) -> None:
    store.record(reading(*(edge(parent=DatasetId(name=f"o/{n}")) for n in range(50))))
    seen = []
    for one in store.edges():
        seen.append(one.confidence)
        put(store, one.model_copy(update={"confidence": 0.1}))
        put(store, edge(parent=DatasetId(name=f"z/{len(seen)}")))
    assert seen == [0.8] * 50
    assert sum(one.confidence == 0.1 for one in store.edges()) == 50
    assert len(list(store.edges())) == 100


def test_a_refused_write_leaves_nothing(store: GraphStore) -> None:
    before = contents(store)
    bad = edge(parent=OTHER, evidence=(evidence(note="\ud800"),))  # no such character
    with pytest.raises(StoreError):
        store.record(reading(edge(), bad, datasets=(Dataset(id=OTHER, name="Other"),)))
    assert contents(store) == before
    with pytest.raises(StoreError):
        put(store, bad)
    assert contents(store) == before
    store.record(reading(edge()))
    assert list(store.edges()) == [edge()]


def test_an_id_that_would_read_back_as_another_is_refused(store: GraphStore) -> None:
    """Or it is stored well; never stored as something else."""
    tricky = DatasetId(name="https://huggingface.co/datasets/org/name")
    try:
        put(store, edge(parent=tricky))
    except StoreError:
        assert list(store.edges()) == []
    else:
        assert only(store.edges()).parent == tricky


# --- reading the graph ------------------------------------------------------------------


def test_a_dataset_is_found_whatever_the_narrowing(store: GraphStore) -> None:
    store.record(reading(datasets=(Dataset(id=CHILD, name="Child"),)))
    for narrowed in (
        CHILD,
        CHILD.narrowed(config="a", split="b"),
        DatasetId(name=CHILD.name, revision="r"),
    ):
        assert store.dataset(narrowed) == Dataset(id=CHILD, name="Child")
    assert store.dataset(DatasetId(hub="name", name=CHILD.name)) is None
    assert store.dataset(DatasetId(name="org/chil")) is None


def test_nodes_come_in_the_order_of_their_ids(store: GraphStore) -> None:
    ids = [DatasetId(name=name) for name in ("b/b", "a/z", "Z/a", "é/a", "数/a", "a/a")]
    store.record(reading(datasets=tuple(Dataset(id=one) for one in ids)))
    assert [one.id for one in store.datasets()] == sorted([*ids, CHILD])


def test_edges_come_by_child_parent_and_id(store: GraphStore) -> None:
    given = [
        edge(child=DatasetId(name=f"c/{child}"), parent=DatasetId(name=f"p/{parent}"), role=role)
        for child in "ba"
        for parent in "zy"
        for role in (Role.REMOVED, Role.INCLUDED, Role.COMPARED)
    ]
    store.record(reading(*given))
    expected = sorted(given, key=lambda one: (str(one.child), str(one.parent), one.id))
    assert list(store.edges()) == expected


def test_ends_are_compared_by_their_base(store: GraphStore) -> None:
    narrow = edge(child=CHILD.narrowed(config="x"), parent=PARENT.narrowed(split="train"))
    wide, away = edge(), edge(child=OTHER, parent=OTHER)
    store.record(reading(narrow, wide, away))
    for child in (CHILD, CHILD.narrowed(config="x"), CHILD.narrowed(split="y")):
        assert list(store.edges(child=child)) == [wide, narrow]
    assert list(store.edges(parent=PARENT.narrowed(split="test"))) == [wide, narrow]
    assert list(store.edges(child=OTHER, parent=OTHER)) == [away]
    assert list(store.edges(child=OTHER, parent=PARENT)) == []
    assert list(store.edges(child=DatasetId(name="org/chil_"))) == []


def test_the_graph_as_of_a_moment(store: GraphStore) -> None:
    store.record(reading(edge(confidence=0.5)))
    both = (evidence("card"), evidence("paper"))
    documents = (document_read("card"), document_read("paper"))
    store.record(reading(edge(at=10, evidence=both, confidence=0.7), documents=documents))
    store.close_edge(edge().id, BY_RULE, at=minute(20))
    store.record(reading(edge(at=30, evidence=both, confidence=0.9)))
    late = (document_read("card", at=40),)
    store.record(reading(edge(at=40, evidence=both[1:], confidence=0.4), documents=late))

    def seen(at: float, *, closed: bool = False) -> list[tuple[float, list[str]]]:
        return [
            (one.confidence, [piece.document for piece in one.evidence])
            for one in store.edges(as_of=minute(at), closed=closed)
        ]

    assert seen(-1) == seen(-1, closed=True) == []
    assert seen(0) == seen(9.99) == [(0.5, ["card"])]
    assert seen(10) == seen(19) == [(0.7, ["card", "paper"])]
    assert seen(20) == seen(29) == []
    assert seen(25, closed=True) == [(0.7, ["card", "paper"])]
    assert seen(30) == seen(39) == [(0.9, ["card", "paper"])]
    assert seen(40) == seen(10**6) == [(0.4, ["paper"])]
    assert only(store.edges(as_of=minute(5))).superseded_at == minute(10)
    assert list(store.edges(as_of=minute(5), child=OTHER)) == []
    assert len(list(store.edges(as_of=minute(5), child=CHILD, parent=PARENT))) == 1


def test_as_of_takes_any_time_zone_but_not_none(store: GraphStore) -> None:
    from datetime import timezone

    put(store, edge())
    elsewhere = timezone(timedelta(hours=-11))
    assert len(list(store.edges(as_of=minute(1).astimezone(elsewhere)))) == 1
    assert list(store.edges(as_of=minute(-1).astimezone(elsewhere))) == []
    with pytest.raises(StoreError, match="time zone"):
        store.edges(as_of=datetime(2026, 1, 2))  # noqa: DTZ001


def test_the_history_of_an_edge(store: GraphStore) -> None:
    put(store, edge(confidence=0.5))
    put(store, edge(at=1, evidence=(evidence(), evidence("paper")), confidence=0.6))
    store.close_edge(edge().id, BY_PERSON, at=minute(2))
    first, second, third = store.edge_history(edge().id)
    assert [len(version.evidence) for version in (first, second, third)] == [1, 2, 2]
    assert [version.confidence for version in (first, second, third)] == [0.5, 0.6, 0.6]
    assert (first.superseded_at, second.superseded_at, third.superseded_at) == (
        minute(1),
        minute(2),
        None,
    )
    assert (second.closure, third.closure) == (None, BY_PERSON)


# --- runs and the log -------------------------------------------------------------------


def test_an_unfinished_run_is_resumed_by_its_fingerprint(stores: Stores) -> None:
    store = stores.open()
    first = start(store, "r1", fingerprint="same")
    assert first == Run(id="r1", fingerprint="same", started_at=START)
    store.record(reading(run="r1"))
    store.close()
    store = stores.open()
    resumed = start(store, "r2", at=5, fingerprint="same")
    assert resumed == first.model_copy(update={"read": 1})
    assert [run.id for run in store.runs()] == ["r1"]
    assert start(store, "r3", fingerprint="other").id == "r3"
    store.finish_run("r1", at=minute(6))
    assert start(store, "r4", at=7, fingerprint="same").id == "r4"


def test_settings_of_a_run_come_back(store: GraphStore) -> None:
    given = Run(id="r", fingerprint="f", settings={"b": "2", "a": HOSTILE[0]}, started_at=START)
    assert store.start_run(given) == given
    assert store.runs() == (given,)


def test_the_store_counts_what_a_run_read_and_failed(store: GraphStore) -> None:
    store.start_run(Run(id="r1", fingerprint="f", started_at=START, read=99, failed=99))
    store.record(reading(run="r1"))
    store.record(
        reading(run="r1", dataset=OTHER, failures=(failure("a", OTHER), failure("b", OTHER)))
    )
    store.record(reading(run="r1"))
    run = only(store.runs())
    assert (run.read, run.failed) == (2, 1)


def test_two_runs_of_one_id_are_refused(store: GraphStore) -> None:
    start(store, "r1")
    with pytest.raises(StoreError, match="r1"):
        start(store, "r1", fingerprint="other")


def test_runs_come_newest_first(store: GraphStore) -> None:
    for name, at in (("b", 1), ("a", 3), ("c", 2)):
        start(store, name, at)
    assert [run.id for run in store.runs()] == ["a", "c", "b"]


def test_a_finished_run_stays_as_it_is(store: GraphStore) -> None:
    start(store, "r1")
    store.finish_run("r1", at=minute(4))
    store.finish_run("r1", at=minute(8))
    assert only(store.runs()).finished_at == minute(4)
    with pytest.raises(StoreError, match="no run"):
        store.finish_run("none")


def test_a_reading_of_a_run_that_never_started_is_refused(store: GraphStore) -> None:
    with pytest.raises(StoreError, match="start_run"):
        store.record(reading(edge(), run="r1"))
    assert list(store.edges()) == []


def test_what_a_run_has_read(store: GraphStore) -> None:
    start(store, "r1")
    start(store, "r2")
    store.record(reading(run="r1", dataset=CHILD.narrowed(config="main")))
    store.record(reading(run="r2", dataset=OTHER))
    store.record(reading(dataset=PARENT))
    assert store.read_in_run("r1") == {CHILD}
    assert store.read_in_run("r2") == {OTHER}


def test_a_dataset_read_again_in_the_same_run_replaces_its_log_entry(store: GraphStore) -> None:
    start(store, "r1")
    for run in ("r1", None):
        store.record(reading(run=run, failures=(failure("torn"),), rejections=(rejection("a"),)))
        store.record(reading(run=run, rejections=(rejection("b"),)))
        assert store.failures(run=run) == ()
        assert store.rejections(run=run) == (rejection("b"),)
    assert only(store.runs()).failed == 0


def test_failures_are_those_of_the_last_reading(store: GraphStore) -> None:
    start(store, "r1")
    start(store, "r2", at=1)
    store.record(reading(run="r1", failures=(failure("old"),)))
    store.record(
        reading(dataset=OTHER, run="r1", failures=(failure("b", OTHER, 3), failure("a", OTHER, 2)))
    )
    store.record(reading(run="r2", failures=(failure("new", at=9),), rejections=(rejection("x"),)))
    assert [one.message for one in store.failures()] == ["a", "b", "new"]
    assert [one.message for one in store.failures(run="r1")] == ["old", "a", "b"]
    assert [one.message for one in store.failures(dataset=CHILD.narrowed(split="s"))] == ["new"]
    assert [one.message for one in store.failures(run="r1", dataset=CHILD)] == ["old"]
    assert store.failures(run="none") == ()
    store.record(reading())
    assert [one.message for one in store.failures()] == ["a", "b"]
    assert [one.message for one in store.failures(run="r2")] == ["new"]


def test_rejections_of_the_last_reading_in_their_order(store: GraphStore) -> None:
    start(store, "r1")
    store.record(reading(run="r1", rejections=(rejection("old"),)))
    store.record(reading(rejections=(rejection("z"), rejection("y", OTHER))))
    assert [one.reason for one in store.rejections()] == ["z", "y"]
    assert [one.reason for one in store.rejections(run="r1")] == ["old"]
    assert [one.reason for one in store.rejections(dataset=OTHER)] == ["y"]


def test_documents_give_the_latest_line_of_each(store: GraphStore) -> None:
    start(store, "r1")
    start(store, "r2")
    new = document_read("card", at=9, version="v2")
    paper = document_read("paper", at=1, skipped=("page 3: no text",))
    elsewhere = document_read("paper", OTHER, at=2)
    store.record(reading(run="r2", documents=(new,)))
    store.record(reading(run="r1", documents=(document_read("card", version="v1"), paper)))
    store.record(reading(run="r1", dataset=OTHER, documents=(elsewhere,)))
    assert store.documents() == (new, paper, elsewhere)
    assert store.documents(CHILD.narrowed(config="x")) == (new, paper)
    assert store.documents(PARENT) == ()
