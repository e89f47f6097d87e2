"""Values to rows of the embedded store, and back. Every function here runs inside a
transaction that its caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from graph_store.merging import LASTING, Node, bare_node, merged_node
from graph_store.sqlite_file import Connection
from lineage.errors import InvalidName, StoreError
from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Failure,
    NodeKind,
    Rejection,
    Verdict,
)
from lineage.store import DatasetReading, DocumentRead, Run

_CHUNK: Final = 5_000
"""How many ids one query is given: its list stays well under a megabyte."""

parse_id = lru_cache(maxsize=100_000)(DatasetId.parse)
"""`DatasetId.parse`, remembered: the ids of a graph repeat from edge to edge."""


@lru_cache(maxsize=100_000)
def id_text(dataset: DatasetId) -> str:
    """The text under which the id is stored; StoreError where it would not read back."""
    text = str(dataset)
    try:
        same = parse_id(text) == dataset
    except InvalidName:
        same = False
    if not same:
        raise StoreError(f"cannot store the dataset id {text[:80]!r}: it reads back as another")
    return text


def instant_text(moment: datetime) -> str:
    """UTC text of fixed width, so that text order is time order; StoreError for a moment
    without a time zone.
    """
    if moment.tzinfo is None:
        raise StoreError(f"an instant needs a time zone: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# --- nodes -------------------------------------------------------------------------------


def write_nodes(
    connection: Connection, datasets: Sequence[Dataset], ends: Iterable[DatasetId]
) -> None:
    """Merges the nodes into the stored ones and makes bare nodes of `ends` (base ids) that
    are neither stored nor given.
    """
    wanted = {id_text(dataset.id): dataset.id for dataset in datasets}
    wanted.update((id_text(end), end) for end in ends)
    stored = _stored_nodes(connection, wanted)
    merged = dict(stored)
    for dataset in datasets:
        key = id_text(dataset.id)
        merged[key] = merged_node(merged.get(key), dataset)
    for key, dataset_id in wanted.items():
        merged.setdefault(key, bare_node(dataset_id))
    connection.executemany(
        "INSERT INTO node (id, kind, name, own_name, documented) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name,"
        " own_name = excluded.own_name, documented = excluded.documented",
        ((key, *node) for key, node in merged.items() if stored.get(key) != node),
    )
    connection.executemany(
        "INSERT INTO fact (node, key, value, dataset, evidence_id, evidence)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            (
                id_text(dataset.id),
                fact.key,
                fact.value,
                id_text(fact.dataset),
                fact.evidence.id,
                fact.evidence.model_dump_json(),
            )
            for dataset in datasets
            for fact in dataset.facts
        ),
    )


def _stored_nodes(connection: Connection, ids: Collection[str]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for chunk in _chunks(ids):
        for key, kind, name, own_name, documented in connection.execute(
            "SELECT id, kind, name, own_name, documented FROM node"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (chunk,),
        ):
            found[key] = Node(NodeKind(kind), name, bool(own_name), bool(documented))
    return found


_NODE: Final = """SELECT n.id, n.kind, n.name, n.documented, f.key, f.value, f.dataset, f.evidence
    FROM node n LEFT JOIN fact f ON f.node = n.id WHERE n.id = ?
    ORDER BY n.id, f.key, f.value, f.dataset, f.evidence_id"""
_NODES: Final = _NODE.replace("WHERE n.id = ?", "")


def read_nodes(connection: Connection, only: str | None = None) -> Iterator[Dataset]:
    """The nodes, or that of one base id, in the order of their ids; facts by key, value
    and evidence.
    """
    rows = connection.execute(_NODES if only is None else _NODE, (only,) if only else ())
    head: tuple[Any, ...] | None = None
    facts: list[Fact] = []
    for row in rows:
        if head is not None and row[0] != head[0]:
            yield _dataset(head, facts)
            facts = []
        head = row[:4]
        if row[4] is not None:
            facts.append(
                Fact(
                    dataset=parse_id(row[6]),
                    key=FactKey(row[4]),
                    value=row[5],
                    evidence=Evidence.model_validate_json(row[7]),
                )
            )
    if head is not None:
        yield _dataset(head, facts)


def _dataset(head: tuple[Any, ...], facts: list[Fact]) -> Dataset:
    key, kind, name, documented = head
    return Dataset(
        id=parse_id(key),
        kind=NodeKind(kind),
        name=name,
        facts=tuple(facts),
        documented=bool(documented),
    )


# --- edges -------------------------------------------------------------------------------

_EDGES: Final = """SELECT e.key, v.number, e.child, e.parent, e.relation, e.role, v.confidence,
    v.verdict, v.flags, v.valid_from, v.valid_to, v.recorded_at, v.superseded_at, v.closure,
    x.body
    FROM edge e JOIN edge_version v ON v.edge = e.key
    LEFT JOIN evidence x ON x.edge = e.key AND x.since <= v.number
    WHERE """

_CURRENT_OF: Final = "v.superseded_at IS NULL AND e.id IN (SELECT value FROM json_each(?))"
_ORDER: Final = " ORDER BY e.child, e.parent, e.id, v.number, x.position"


def read_edges(
    connection: Connection,
    *,
    child: str | None = None,
    parent: str | None = None,
    as_of: str | None = None,
    closed: bool = False,
) -> Iterator[Edge]:
    """Edges as `GraphStore.edges` promises them; `child` and `parent` are base ids."""
    conditions = ["v.superseded_at IS NULL"]
    if as_of is not None:
        conditions = ["v.recorded_at <= :as_of AND ifnull(v.superseded_at > :as_of, 1)"]
    if not closed:
        conditions.append("v.closure IS NULL")
    if child is not None:
        conditions.append("e.child_base = (SELECT key FROM node WHERE id = :child)")
    if parent is not None:
        conditions.append("e.parent_base = (SELECT key FROM node WHERE id = :parent)")
    rows = connection.execute(
        _EDGES + " AND ".join(conditions) + _ORDER,
        {"as_of": as_of, "child": child, "parent": parent},
    )
    return (version.edge for version in _versions(rows))


def read_history(connection: Connection, edge_id: str) -> Iterator[Edge]:
    """All versions of one edge, the oldest first."""
    rows = connection.execute(_EDGES + "e.id = ?" + _ORDER, (edge_id,))
    return (version.edge for version in _versions(rows))


class Version(NamedTuple):
    """A version of an edge and where it lies: the edge's row and the version's number."""

    row: int
    number: int
    edge: Edge


def current_versions(connection: Connection, edge_ids: Collection[str]) -> dict[str, Version]:
    """The current version, open or closed, of each of the edges that is stored."""
    found: dict[str, Version] = {}
    for chunk in _chunks(edge_ids):
        rows = connection.execute(_EDGES + _CURRENT_OF + _ORDER, (chunk,))
        found.update((version.edge.id, version) for version in _versions(rows))
    return found


def _versions(rows: Iterable[tuple[Any, ...]]) -> Iterator[Version]:
    """The versions that the joined rows, one for each piece of evidence, spell."""
    head: tuple[Any, ...] | None = None
    evidence: list[Evidence] = []
    for row in rows:
        if head is not None and row[:2] != head[:2]:
            yield Version(head[0], head[1], _edge(head, evidence))
            evidence = []
        head = row
        if row[14] is not None:
            evidence.append(Evidence.model_validate_json(row[14]))
    if head is not None:
        yield Version(head[0], head[1], _edge(head, evidence))


def _edge(row: tuple[Any, ...], evidence: list[Evidence]) -> Edge:
    return Edge.model_validate(
        {
            "child": parse_id(row[2]),
            "parent": parse_id(row[3]),
            "relation": row[4],
            "role": row[5],
            "confidence": row[6],
            "verdict": Verdict.model_validate_json(row[7]) if row[7] else None,
            "flags": tuple(json.loads(row[8])),
            "valid_from": row[9],
            "valid_to": row[10],
            "recorded_at": row[11],
            "superseded_at": row[12],
            "closure": Closure.model_validate_json(row[13]) if row[13] else None,
            "evidence": tuple(evidence),
        }
    )


def add_versions(
    connection: Connection, versions: Iterable[Edge], current: Mapping[str, Version]
) -> None:
    """Writes each edge as the version after the current one (its first, where there is
    none), with the evidence that the current one lacks.
    """
    last_row = connection.execute("SELECT ifnull(max(key), 0) FROM edge").fetchone()[0]
    edges, superseded, rows, evidence = [], [], [], []
    for edge in versions:
        before = current.get(edge.id)
        if before is None:
            last_row += 1
            row, number, known = last_row, 1, 0
            edges.append((row, *_edge_row(edge)))
        else:
            row, number, known = before.row, before.number + 1, len(before.edge.evidence)
            superseded.append((instant_text(edge.recorded_at), row, before.number))
        rows.append((row, number, *_version_row(edge)))
        evidence += [
            (row, place, number, piece.id, piece.document, piece.method, piece.model_dump_json())
            for place, piece in enumerate(edge.evidence[known:], known)
        ]
    connection.executemany(
        "INSERT INTO edge (key, id, child, parent, child_base, parent_base, relation, role)"
        " VALUES (?, ?, ?, ?, (SELECT key FROM node WHERE id = ?),"
        " (SELECT key FROM node WHERE id = ?), ?, ?)",
        edges,
    )
    connection.executemany(
        "UPDATE edge_version SET superseded_at = ? WHERE edge = ? AND number = ?", superseded
    )
    connection.executemany("INSERT INTO edge_version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?)", evidence)


def _edge_row(edge: Edge) -> tuple[str, ...]:
    return (
        edge.id,
        id_text(edge.child),
        id_text(edge.parent),
        id_text(edge.child.base),
        id_text(edge.parent.base),
        edge.relation,
        edge.role,
    )


def _version_row(edge: Edge) -> tuple[str | float | None, ...]:
    return (
        instant_text(edge.recorded_at),
        None,
        edge.confidence,
        edge.verdict.model_dump_json() if edge.verdict else None,
        json.dumps(edge.flags),
        edge.valid_from,
        edge.valid_to,
        edge.closure.model_dump_json() if edge.closure else None,
    )


def unstated_edges(connection: Connection, reading: DatasetReading) -> set[str]:
    """Ids of the open edges of the reading's dataset whose evidence all comes from its
    documents, whether or not the reading states them. Called before the log of the same
    run is replaced, so that its documents count too.
    """
    dataset = id_text(reading.dataset.base)
    known = {line.document for line in reading.documents}
    known.update(
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT d.document FROM document_read d"
            " JOIN reading r ON r.number = d.reading WHERE r.dataset = ?",
            (dataset,),
        )
    )
    # Compared here and not in SQL: json_each ends a text at its first NUL.
    stated, lasting = set(), set()
    for edge_id, document, method in connection.execute(
        "SELECT e.id, x.document, x.method FROM edge e"
        " JOIN edge_version v ON v.edge = e.key AND v.superseded_at IS NULL"
        " JOIN evidence x ON x.edge = e.key WHERE v.closure IS NULL"
        " AND e.child_base = (SELECT key FROM node WHERE id = ?)",
        (dataset,),
    ):
        stated.add(edge_id)
        if document not in known or method in LASTING:
            lasting.add(edge_id)
    return stated - lasting


# --- the log -----------------------------------------------------------------------------


def write_log(connection: Connection, reading: DatasetReading) -> None:
    """Logs the reading; one of the same dataset and run gives way to it, unless equal."""
    dataset = id_text(reading.dataset.base)
    documents = [_document_row(line) for line in reading.documents]
    failures = [
        (id_text(failure.dataset.base), instant_text(failure.at), failure.model_dump_json())
        for failure in reading.failures
    ]
    rejections = [
        (id_text(rejection.child.base), rejection.model_dump_json())
        for rejection in reading.rejections
    ]
    given = [[row[-1] for row in rows] for rows in (documents, failures, rejections)]
    before = connection.execute(
        "SELECT number, complete FROM reading WHERE dataset = ? AND run IS ?",
        (dataset, reading.run),
    ).fetchone()
    if before is not None:
        stored = [[row[0] for row in connection.execute(query, before[:1])] for query in _LINES_OF]
        if bool(before[1]) == reading.complete and stored == given:
            return
        connection.execute("DELETE FROM reading WHERE number = ?", before[:1])
    number = connection.execute(
        "INSERT INTO reading (run, dataset, complete) VALUES (?, ?, ?)",
        (reading.run, dataset, reading.complete),
    ).lastrowid
    connection.executemany(
        "INSERT INTO document_read VALUES (?, ?, ?, ?, ?, ?)", _numbered(number, documents)
    )
    connection.executemany(
        "INSERT INTO failure VALUES (?, ?, ?, ?, ?)", _numbered(number, failures)
    )
    connection.executemany(
        "INSERT INTO rejection VALUES (?, ?, ?, ?)", _numbered(number, rejections)
    )


_LINES_OF: Final = tuple(
    f"SELECT body FROM {table} WHERE reading = ? ORDER BY position"  # noqa: S608
    for table in ("document_read", "failure", "rejection")
)


def _document_row(line: DocumentRead) -> tuple[str, ...]:
    about = id_text(line.dataset.base)
    return about, line.document, instant_text(line.read_at), line.model_dump_json()


def _numbered(number: int | None, rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[Any, ...]]:
    return ((number, position, *row) for position, row in enumerate(rows))


def read_documents(connection: Connection, about: str | None) -> tuple[DocumentRead, ...]:
    """The latest line of each document and dataset, by document, then dataset."""
    rows = connection.execute(
        "SELECT body FROM (SELECT body, document, about, row_number() OVER"
        " (PARTITION BY about, document ORDER BY read_at DESC, reading DESC, position DESC)"
        " AS place FROM document_read WHERE ? IS NULL OR about = ?)"
        " WHERE place = 1 ORDER BY document, about",
        (about, about),
    )
    return tuple(DocumentRead.model_validate_json(row[0]) for row in rows)


_FAILURES: Final = """SELECT l.body FROM failure l JOIN reading r ON r.number = l.reading
    WHERE (:about IS NULL OR l.about = :about) AND CASE WHEN :run IS NULL
    THEN r.number = (SELECT max(number) FROM reading WHERE dataset = r.dataset)
    ELSE r.run = :run END ORDER BY l.at, l.reading, l.position"""
_REJECTIONS: Final = _FAILURES.replace("FROM failure", "FROM rejection").replace("l.at, ", "")


def read_failures(
    connection: Connection, *, run: str | None, about: str | None
) -> tuple[Failure, ...]:
    """Failures of the run, else of the last reading of each dataset, oldest first."""
    rows = connection.execute(_FAILURES, {"run": run, "about": about})
    return tuple(Failure.model_validate_json(row[0]) for row in rows)


def read_rejections(
    connection: Connection, *, run: str | None, about: str | None
) -> tuple[Rejection, ...]:
    """Rejections of the run, else of the last reading of each dataset, as recorded."""
    rows = connection.execute(_REJECTIONS, {"run": run, "about": about})
    return tuple(Rejection.model_validate_json(row[0]) for row in rows)


def write_run(connection: Connection, run: Run) -> None:
    """Logs a new run."""
    connection.execute(
        "INSERT INTO run VALUES (?, ?, ?, ?, ?)",
        (
            run.id,
            run.fingerprint,
            json.dumps(run.settings, sort_keys=True),
            instant_text(run.started_at),
            instant_text(run.finished_at) if run.finished_at else None,
        ),
    )


def read_runs(
    connection: Connection, *, run_id: str | None = None, unfinished: str | None = None
) -> tuple[Run, ...]:
    """Runs, the newest first: all, that of an id, or the unfinished of a fingerprint."""
    rows = connection.execute(
        "SELECT id, fingerprint, settings, started_at, finished_at,"
        " (SELECT count(*) FROM reading r WHERE r.run = run.id),"
        " (SELECT count(*) FROM reading r WHERE r.run = run.id AND EXISTS"
        " (SELECT 1 FROM failure f WHERE f.reading = r.number))"
        " FROM run WHERE (:id IS NULL OR id = :id) AND (:unfinished IS NULL"
        " OR (fingerprint = :unfinished AND finished_at IS NULL))"
        " ORDER BY started_at DESC, id DESC",
        {"id": run_id, "unfinished": unfinished},
    )
    return tuple(
        Run(
            id=row[0],
            fingerprint=row[1],
            settings=json.loads(row[2]),
            started_at=row[3],
            finished_at=row[4],
            read=row[5],
            failed=row[6],
        )
        for row in rows
    )


def _chunks(ids: Collection[str]) -> Iterator[str]:
    """The ids as JSON arrays of at most `_CHUNK`: one bound value for any number of ids."""
    every = list(ids)
    for start in range(0, len(every), _CHUNK):
        yield json.dumps(every[start : start + _CHUNK])
