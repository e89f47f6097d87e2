"""How fast the embedded store writes and reads a graph, beside a bare SQLite table.

    python benchmarks/stores.py [--datasets 2000] [--edges 10000] [--folder DIR]

The bare table holds one row an edge: no versions, no evidence, no log, no checks; in the
same run, in the same folder, with the same flushing (WAL, synchronous=FULL). It is what
the store's promises are paid against.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from graph_store.sqlite import SqliteStore
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Method,
    NodeKind,
    Relation,
    now,
)
from lineage.store import DatasetReading, DocumentRead

_ONE_BY_ONE = 500


def main() -> None:
    """Makes a graph, writes and reads it in each way, and prints a line for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--datasets", type=int, default=2_000)
    options.add_argument("--edges", type=int, default=10_000)
    options.add_argument("--folder", type=Path, help="on the disk to measure (default: temporary)")
    given = options.parse_args()
    readings = made_up(given.datasets, given.edges)
    edges = [edge for reading in readings for edge in reading.edges]
    print(f"{given.datasets:,} datasets, {len(edges):,} edges, SQLite {sqlite3.sqlite_version}\n")
    print(f"{'':52}{'seconds':>9}{'per second':>14}{'MB':>9}")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        bare(readings, Path(folder))
        ours(readings, edges, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB, the graph in memory included")


def bare(readings: list[DatasetReading], folder: Path) -> None:
    """The bare table: one transaction for all, one for each dataset, reading all."""
    rows: list[list[tuple[str, ...]]] = [
        [(edge.id, str(edge.child), str(edge.parent), edge.relation) for edge in reading.edges]
        for reading in readings
    ]
    every = [row for group in rows for row in group]

    def write(name: str, groups: Iterable[list[tuple[str, ...]]]) -> None:
        connection = sqlite3.connect(folder / name, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE edge (id TEXT PRIMARY KEY, child, parent, relation)")
        for group in groups:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO edge VALUES (?, ?, ?, ?)", group)
            connection.execute("COMMIT")
        connection.close()

    def read() -> int:
        connection = sqlite3.connect(folder / "all.db")
        found = connection.execute("SELECT * FROM edge ORDER BY child, parent, id").fetchall()
        connection.close()
        return len(found)

    count = len(every)
    timed("bare table: write all in one transaction", count, lambda: write("all.db", [every]))
    timed("bare table: write, a transaction a dataset", count, lambda: write("each.db", rows))
    timed("bare table: read all", count, read, size_of(folder / "all.db"))


def ours(readings: list[DatasetReading], edges: list[Edge], folder: Path) -> None:
    """The store: every way in, then every way out."""
    count, nodes = len(edges), tuple(node for reading in readings for node in reading.datasets)
    bulk = DatasetReading(dataset=readings[0].dataset, datasets=nodes, edges=tuple(edges))
    with SqliteStore.open(str(folder / "record.db")) as store:

        def record_each() -> None:
            for reading in readings:
                store.record(reading)

        timed("store: record, a transaction a dataset", count, record_each)
        timed("store: record the same again", count, record_each)
    with SqliteStore.open(str(folder / "bulk.db")) as store:
        timed("store: record all in one reading", count, lambda: store.record(bulk))
    with SqliteStore.open(str(folder / "edges.db")) as store:
        timed("store: put_edges, all at once", count, lambda: store.put_edges(edges, ends=nodes))
    with SqliteStore.open(str(folder / "one.db")) as store:
        some = edges[:_ONE_BY_ONE]

        def put_each() -> None:
            for edge in some:
                store.put_edges([edge])

        timed(f"store: put_edges, {len(some)} one by one", len(some), put_each)
    size = size_of(folder / "record.db")
    with SqliteStore.open(str(folder / "record.db"), read_only=True) as store:
        moment, few = now(), random.Random(1).choices(readings, k=1000)
        timed("store: read all edges with their evidence", count, lambda: used(store.edges()), size)
        timed("store: the same as of a moment", count, lambda: used(store.edges(as_of=moment)))
        timed("store: read all nodes with their facts", None, lambda: used(store.datasets()))
        timed(
            "store: parents of 1,000 datasets, one by one",
            len(few),
            lambda: [used(store.edges(child=reading.dataset)) for reading in few],
        )


def timed(
    what: str, count: int | None, work: Callable[[], object], megabytes: float | None = None
) -> None:
    """Runs the work once and prints its line; `count` is what the rate counts."""
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    count = count if count is not None else result if isinstance(result, int) else 0
    size = f"{megabytes:9.1f}" if megabytes is not None else ""
    print(f"{what:52}{took:9.3f}{count / took:14,.0f}{size}")


def used(items: Iterable[object]) -> int:
    """How many there are, each of them looked at."""
    return sum(1 for _ in items)


def size_of(path: Path) -> float:
    """Size of the closed database, in megabytes."""
    return path.stat().st_size / 1e6


def made_up(datasets: int, edges: int) -> list[DatasetReading]:
    """Readings of a graph without cycles: each dataset is made from earlier ones, of which
    the first are the most popular, as on a hub.
    """
    chance, moment = random.Random(0), now()
    ids = [DatasetId(name=f"org-{number % 97}/dataset-{number:06}") for number in range(datasets)]
    per_child = [edges // datasets + (n < edges % datasets) for n in range(datasets)]
    return [
        _reading(ids, number, per_child[number], chance, moment=moment.isoformat())
        for number in range(datasets)
    ]


def _reading(
    ids: list[DatasetId], number: int, count: int, chance: random.Random, *, moment: str
) -> DatasetReading:
    child = ids[number]
    document = f"hf:{child}/README.md"

    def evidence(quote: str) -> Evidence:
        return Evidence.model_validate(
            {
                "document": document,
                "sha256": f"{number:064x}",
                "kind": DocumentKind.CARD,
                "quote": quote,
                "start": 100,
                "end": 100 + len(quote),
                "location": "line 7",
                "method": Method.RULES,
                "reader": "rules/1",
                "confidence": 0.8,
                "found_at": moment,
            }
        )

    relations = list(Relation)
    stated = []
    for place in range(count):
        parent = ids[int(len(ids) * chance.random() ** 3)]
        quote = f"The {place}th part was filtered from {parent.name}, keeping the better half."
        stated.append(
            Edge.model_validate(
                {
                    "child": child,
                    "parent": parent.narrowed(config=f"part-{place}"),
                    "relation": relations[place % len(relations)],
                    "evidence": (evidence(quote),),
                    "confidence": 0.8,
                    "recorded_at": moment,
                }
            )
        )
    licence = Fact(
        dataset=child, key=FactKey.LICENCE, value="mit", evidence=evidence("license: mit")
    )
    return DatasetReading(
        dataset=child,
        datasets=(
            Dataset(id=child, name=child.short_name, documented=True, facts=(licence,)),
            *(Dataset(id=edge.parent.base, kind=NodeKind.DATASET) for edge in stated),
        ),
        edges=tuple(stated),
        documents=(
            DocumentRead.model_validate(
                {
                    "document": document,
                    "dataset": child,
                    "kind": DocumentKind.CARD,
                    "sha256": f"{number:064x}",
                    "readers": ("rules/1",),
                    "proposals": count,
                    "fetched_at": moment,
                    "read_at": moment,
                }
            ),
        ),
    )


if __name__ == "__main__":
    main()
