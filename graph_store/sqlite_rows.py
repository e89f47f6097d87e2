"""Nodes and edges to rows of the embedded store, and back. Every function here runs inside a
transaction that its caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, NamedTuple

from graph_store.merging import LASTING, Node, Writing, bare_node, merged_node
from graph_store.sqlite_file import Connection
from graph_store.sqlite_voices import STILL_SAID, FactKeys, Voices
from lineage.errors import InvalidName, StoreError
from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    Edge,
    Evidence,
    Fact,
    FactKey,
    NodeKind,
    Verdict,
)

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


def write_facts(
    connection: Connection, datasets: Iterable[Dataset], voices: Voices, writing: Writing
) -> None:
    """Adds the facts that are not current, of nodes that are stored, and supersedes those
    that the reading's documents stated and that nobody states any more.
    """
    given: dict[FactKeys, Evidence] = {}
    for dataset in datasets:
        for fact in dataset.facts:
            keys = (
                id_text(dataset.id),
                fact.key.value,
                fact.value,
                id_text(fact.dataset),
                fact.evidence.id,
            )
            given.setdefault(keys, fact.evidence)
    voices.hush_facts(given, instant_text(writing.read_at or writing.now))
    connection.executemany(
        "INSERT INTO fact (node, property, value, dataset, evidence_id, evidence, recorded_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, max(?7, ifnull((SELECT max(superseded_at) FROM fact"
        " WHERE node = ?1 AND property = ?2 AND value = ?3 AND dataset = ?4 AND evidence_id = ?5"
        " AND superseded_at IS NOT NULL), ?7))) ON CONFLICT DO NOTHING",
        (
            (
                *keys,
                evidence.model_dump_json(),
                instant_text(min(evidence.found_at, writing.now)),
            )
            for keys, evidence in given.items()
        ),
    )
    voices.say_facts(given)


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


_NODE: Final = """SELECT n.id, n.kind, n.name, n.documented,
    f.property, f.value, f.dataset, f.evidence
    FROM node n LEFT JOIN fact f ON f.node = n.id AND f.superseded_at IS NULL WHERE n.id = ?
    ORDER BY n.id, f.property, f.value, f.dataset, f.evidence_id"""
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

_SELECT: Final = """SELECT e.key, v.number, e.child, e.parent, e.relation, e.role, v.confidence,
    v.verdict, v.flags, v.valid_from, v.valid_to, v.recorded_at, v.superseded_at, v.closure,
    x.body"""
_FROM: Final = """
    FROM edge e JOIN edge_version v ON v.edge = e.key
    LEFT JOIN evidence x ON x.edge = e.key
    AND x.since <= v.number AND ifnull(x.until > v.number, 1)
    WHERE """
_ORDER: Final = " ORDER BY e.child, e.parent, e.id, v.number, x.position"

_EDGES: Final = _SELECT + _FROM
_CURRENT: Final = (
    f"{_SELECT}, x.id, x.position, x.method, {STILL_SAID},"  # noqa: S608
    " (SELECT max(position) FROM evidence WHERE edge = e.key)"
    f"{_FROM} v.superseded_at IS NULL AND e.id IN (SELECT value FROM json_each(?)) {_ORDER}"
)


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
    return (_edge(group) for group in _grouped(rows))


def read_history(connection: Connection, edge_id: str) -> Iterator[Edge]:
    """All versions of one edge, the oldest first."""
    rows = connection.execute(_EDGES + "e.id = ?" + _ORDER, (edge_id,))
    return (_edge(group) for group in _grouped(rows))


class Version(NamedTuple):
    """A version of an edge and where it lies: the edge's row, the version's number, the
    place of each piece of evidence by its id, the first free place, and which pieces
    somebody still states.
    """

    row: int
    number: int
    edge: Edge
    places: Mapping[str, int]
    free: int
    stated: Collection[str]


def current_versions(connection: Connection, edge_ids: Collection[str]) -> dict[str, Version]:
    """The current version, open or closed, of each of the edges that is stored."""
    found: dict[str, Version] = {}
    for chunk in _chunks(edge_ids):
        for group in _grouped(connection.execute(_CURRENT, (chunk,))):
            edge, first = _edge(group), group[0]
            pieces = [row[15:19] for row in group if row[15] is not None]
            found[edge.id] = Version(
                row=first[0],
                number=first[1],
                edge=edge,
                places={piece[0]: piece[1] for piece in pieces},
                free=0 if first[19] is None else first[19] + 1,
                stated={piece[0] for piece in pieces if piece[2] in LASTING or piece[3]},
            )
    return found


def _grouped(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """The joined rows, one for each piece of evidence, by the version that they spell."""
    for _, group in groupby(rows, key=lambda row: row[:2]):
        yield list(group)


def _edge(group: list[tuple[Any, ...]]) -> Edge:
    row = group[0]
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
            "evidence": tuple(
                Evidence.model_validate_json(one[14]) for one in group if one[14] is not None
            ),
        }
    )


def add_versions(
    connection: Connection, versions: Iterable[Edge], current: Mapping[str, Version]
) -> dict[str, Version]:
    """Writes each edge as the version after the current one (its first, where there is
    none) with the evidence that the current one lacks, ends what it lacks of the current
    one's, and returns where they lie.
    """
    written = _placed(connection, versions, current)
    made = [one for key, one in written.items() if key not in current]
    changed = [(one, current[key]) for key, one in written.items() if key in current]
    connection.executemany(
        "INSERT INTO edge (key, id, child, parent, child_base, parent_base, relation, role)"
        " VALUES (?, ?, ?, ?, (SELECT key FROM node WHERE id = ?),"
        " (SELECT key FROM node WHERE id = ?), ?, ?)",
        ((one.row, *_edge_row(one.edge)) for one in made),
    )
    connection.executemany(
        "UPDATE edge_version SET superseded_at = ? WHERE edge = ? AND number = ?",
        [(instant_text(one.edge.recorded_at), old.row, old.number) for one, old in changed],
    )
    connection.executemany(
        "INSERT INTO edge_version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((one.row, one.number, *_version_row(one.edge)) for one in written.values()),
    )
    connection.executemany(
        "UPDATE evidence SET until = ? WHERE edge = ? AND position = ?",
        [
            (one.number, one.row, place)
            for one, old in changed
            for piece, place in old.places.items()
            if piece not in one.places
        ],
    )
    connection.executemany(
        "INSERT INTO evidence VALUES (?, ?, ?, NULL, ?, ?, ?, ?)",
        (row for one in written.values() for row in _new_evidence(one, current)),
    )
    return written


def _placed(
    connection: Connection, versions: Iterable[Edge], current: Mapping[str, Version]
) -> dict[str, Version]:
    last_row = connection.execute("SELECT ifnull(max(key), 0) FROM edge").fetchone()[0]
    found: dict[str, Version] = {}
    for edge in versions:
        row, number, free = last_row + 1, 1, 0
        known: Mapping[str, int] = {}
        if (before := current.get(edge.id)) is not None:
            row, number, free, known = before.row, before.number + 1, before.free, before.places
        last_row = max(last_row, row)
        places = {}
        for piece in edge.evidence:
            places[piece.id] = known.get(piece.id, free)
            free += piece.id not in known
        found[edge.id] = Version(row, number, edge, places, free, ())
    return found


def _new_evidence(
    version: Version, current: Mapping[str, Version]
) -> Iterator[tuple[int | str, ...]]:
    before = current.get(version.edge.id)
    for piece in version.edge.evidence:
        if before is None or piece.id not in before.places:
            place = version.places[piece.id]
            body = piece.model_dump_json()
            fixed = (version.row, place, version.number)
            yield *fixed, piece.id, piece.document, piece.method, body


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


def _chunks(ids: Collection[str]) -> Iterator[str]:
    """The ids as JSON arrays of at most `_CHUNK`: one bound value for any number of ids."""
    every = list(ids)
    for start in range(0, len(every), _CHUNK):
        yield json.dumps(every[start : start + _CHUNK])


def judged_by_hand(connection: Connection) -> dict[tuple[str, str, str], Closure]:
    """The closures of edges that a person closed, by child, parent and role."""
    found = connection.execute(
        "SELECT edge.child, edge.parent, edge.role, version.closure"
        " FROM edge_version AS version JOIN edge ON edge.key = version.edge"
        " WHERE version.superseded_at IS NULL AND version.closure IS NOT NULL"
        " ORDER BY edge.id"
    )
    closures = {row[:3]: Closure.model_validate_json(row[3]) for row in found}
    return {key: closure for key, closure in closures.items() if closure.manual}
