"""GraphML through NetworkX: flat attributes for drawing tools, one attribute for us.

Lists and None have no place in GraphML, so each node and edge carries its whole value as
JSON in the attribute `value`. A GraphML file without it (another tool's) is read as far as
its ids, labels and relations go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

from pydantic import ValidationError

from lineage.errors import ImportRefused, LineageError
from lineage.exchange.values import Imported, whole
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    FactKey,
    Method,
    NodeKind,
    Relation,
    Role,
    now,
)

MAX_BYTES: Final = 512 * 1024 * 1024
_UNSTATED: Final = 0.5


def write(datasets: Iterable[Dataset], edges: Iterable[Edge], out: BinaryIO) -> None:
    """Writes a directed multigraph, parent -> child."""
    import networkx as nx  # noqa: PLC0415 - only where GraphML is asked for

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in sorted(datasets, key=lambda one: str(one.id)):
        graph.add_node(
            _xml(str(node.id)),
            label=_xml(node.label),
            kind=str(node.kind),
            documented=node.documented,
            licence=_xml(node.value(FactKey.LICENCE) or "unknown"),
            released=_xml(node.value(FactKey.RELEASED) or "unknown"),
            value=_xml(node.model_dump_json()),
        )
    for edge in sorted(edges, key=lambda one: (str(one.child), str(one.parent), one.id)):
        ends = (_xml(str(edge.parent.base)), _xml(str(edge.child.base)))
        graph.add_edge(
            *ends,
            key=edge.id,
            relation=str(edge.relation),
            role=str(edge.role),
            confidence=edge.confidence,
            state=str(edge.state),
            quote=_xml(edge.evidence[0].quote if edge.evidence else ""),
            value=_xml(edge.model_dump_json()),
        )
    nx.write_graphml(graph, out)


def read(lines: BinaryIO) -> Imported:
    """The graph in the file; ImportRefused where it is not GraphML or a value is broken."""
    import networkx as nx  # noqa: PLC0415

    text = lines.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise ImportRefused(f"larger than {MAX_BYTES:,} bytes")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ImportRefused("the file declares XML entities; GraphML needs none")
    try:
        graph = nx.parse_graphml(text.decode("utf-8"), force_multigraph=True)
    except (ParseError, nx.NetworkXError, KeyError, ValueError, AttributeError) as error:
        raise ImportRefused(f"not GraphML: {error}") from error
    try:
        datasets = [_dataset(str(name), data) for name, data in graph.nodes(data=True)]
        ours, foreign = _edges(graph.edges(data=True))
    except ValidationError as error:
        raise ImportRefused(f"a value is broken: {error.errors()[0]['msg']}") from error
    except LineageError as error:
        raise ImportRefused(str(error)) from error
    note = f"{foreign} edges came without our values: relation or evidence may be missing"
    return whole(datasets, ours, (note,) if foreign else ())


def _edges(found: Iterable[tuple[Any, Any, Mapping[str, Any]]]) -> tuple[list[Edge], int]:
    """The edges, and how many came without our values; of those, parallel ones are one."""
    moment = now()
    ours: list[Edge] = []
    theirs: dict[str, Edge] = {}
    foreign = 0
    for parent, child, data in found:
        if "value" in data:
            ours.append(Edge.model_validate_json(data["value"]))
            continue
        foreign += 1
        edge = _edge(str(parent), str(child), data, moment)
        known = theirs.setdefault(edge.id, edge)
        evidence = {one.id: one for one in (*known.evidence, *edge.evidence)}
        theirs[edge.id] = known.model_copy(update={"evidence": tuple(evidence.values())})
    return [*ours, *theirs.values()], foreign


def _dataset(name: str, data: Mapping[str, Any]) -> Dataset:
    if "value" in data:
        return Dataset.model_validate_json(data["value"])
    kind = str(data.get("kind", ""))
    return Dataset(
        id=_id(name),
        kind=NodeKind(kind) if kind in set(NodeKind) else NodeKind.DATASET,
        name=str(data.get("label") or ""),
    )


def _edge(parent: str, child: str, data: Mapping[str, Any], moment: datetime) -> Edge:
    relation, role = str(data.get("relation", "")), str(data.get("role", ""))
    return Edge(
        child=_id(child),
        parent=_id(parent),
        relation=Relation(relation) if relation in set(Relation) else Relation.DERIVATION,
        role=Role(role) if role in set(Role) else Role.INCLUDED,
        confidence=_UNSTATED,
        recorded_at=moment,
        evidence=(
            Evidence(
                document="graphml import",
                kind=DocumentKind.RECORD,
                quote=str(data.get("quote") or ""),
                method=Method.IMPORTED,
                reader="graphml/1",
                confidence=_UNSTATED,
                found_at=moment,
            ),
        ),
    )


def _id(name: str) -> DatasetId:
    """The id that a node's name writes, else an honest node of that name."""
    try:
        return DatasetId.parse(name).base
    except LineageError:
        return DatasetId(hub="name", name=" ".join(name.split())[:300] or "unnamed")


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold (section 2.2); they are in no id, and
    JSON values write them as escapes.
    """
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
