"""The stores under the contract, and short ways to write what they are given.

A store joins the contract by adding itself to `STORES`. The test modules take the fixtures from
here by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph_store.sqlite import SqliteStore
from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Failure,
    Method,
    Rejection,
    Relation,
)
from lineage.store import DatasetReading, DocumentRead, GraphStore, Run

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHILD = DatasetId(name="org/child")
PARENT = DatasetId(name="org/parent")
OTHER = DatasetId(name="org/other")
BY_PERSON = Closure(reason="misread", by="ann", manual=True)
BY_RULE = Closure(reason="withdrawn", by="check/1", manual=False)


class Stores:
    """Opens stores of one make, and closes whatever a test leaves open."""

    def __init__(self, opener: Callable[[str], GraphStore]) -> None:
        self._opener = opener
        self._opened: list[GraphStore] = []
        self._count = 0

    def open(self, name: str = "main") -> GraphStore:
        store = self._opener(name)
        self._opened.append(store)
        return store

    def fresh(self) -> GraphStore:
        self._count += 1
        return self.open(f"fresh-{self._count}")

    def close(self) -> None:
        for store in self._opened:
            store.close()


def sqlite_stores(folder: Path) -> Stores:
    return Stores(lambda name: SqliteStore.open(str(folder / f"{name}.db")))


STORES = {"sqlite": sqlite_stores}


def put(store: GraphStore, edge: Edge, *, ends: tuple[Dataset, ...] = ()) -> None:
    """States one edge by hand: it opens again even where a person closed it."""
    store.put_edges([edge], ends=ends, reopen=True)


@pytest.fixture(params=sorted(STORES))
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def store(stores: Stores) -> GraphStore:
    return stores.open()


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def evidence(document: str = "card", quote: str = "made from parent", **changes: Any) -> Evidence:
    values: dict[str, Any] = {
        "document": document,
        "kind": DocumentKind.CARD,
        "quote": quote,
        "method": Method.RULES,
        "reader": "rules/1",
        "confidence": 0.8,
        "found_at": START,
    }
    return Evidence(**values | changes)


def edge(
    child: DatasetId = CHILD, parent: DatasetId = PARENT, at: float = 0, **changes: Any
) -> Edge:
    values: dict[str, Any] = {
        "child": child,
        "parent": parent,
        "relation": Relation.FILTERING,
        "evidence": (evidence(),),
        "confidence": 0.8,
        "recorded_at": minute(at),
    }
    return Edge(**values | changes)


def document_read(
    document: str = "card", dataset: DatasetId = CHILD, at: float = 0, **changes: Any
) -> DocumentRead:
    values: dict[str, Any] = {
        "document": document,
        "dataset": dataset,
        "kind": DocumentKind.CARD,
        "sha256": "0" * 64,
        "readers": ("rules/1",),
        "proposals": 1,
        "fetched_at": minute(at),
        "read_at": minute(at),
    }
    return DocumentRead(**values | changes)


def reading(*stated: Edge, dataset: DatasetId = CHILD, **changes: Any) -> DatasetReading:
    values: dict[str, Any] = {
        "dataset": dataset,
        "edges": stated,
        "documents": (document_read(dataset=dataset),),
    }
    return DatasetReading(**values | changes)


def failure(message: str, dataset: DatasetId = CHILD, at: float = 0) -> Failure:
    return Failure(dataset=dataset, step="read", error="Unreadable", message=message, at=minute(at))


def rejection(reason: str, dataset: DatasetId = CHILD) -> Rejection:
    return Rejection(child=dataset, parent_name="it", reason=reason)


def start(store: GraphStore, run_id: str, at: float = 0, fingerprint: str = "") -> Run:
    return store.start_run(Run(id=run_id, fingerprint=fingerprint or run_id, started_at=minute(at)))


def only(items: Any) -> Any:
    (item,) = items
    return item


def graph(store: GraphStore) -> dict[str, Any]:
    """Nodes and edges with their histories: what a lineage graph is."""
    every = list(store.edges(closed=True))
    return {
        "nodes": list(store.datasets()),
        "edges": every,
        "history": {one.id: store.edge_history(one.id) for one in every},
    }


def contents(store: GraphStore) -> dict[str, Any]:
    """All that the contract lets one see."""
    runs = store.runs()
    return graph(store) | {
        "runs": runs,
        "read": {run.id: store.read_in_run(run.id) for run in runs},
        "documents": store.documents(),
        "failures": [store.failures(), *(store.failures(run=run.id) for run in runs)],
        "rejections": [store.rejections(), *(store.rejections(run=run.id) for run in runs)],
    }


def fact(
    value: str, dataset: DatasetId = CHILD, key: FactKey = FactKey.LICENCE, **changes: Any
) -> Fact:
    return Fact(dataset=dataset, key=key, value=value, evidence=evidence(**changes))
