"""What export and import hand back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from lineage.errors import ImportRefused
from lineage.identity import DatasetId
from lineage.model import Dataset, Edge, Value, now

MAX_LINE = 32 * 1024 * 1024
"""Bytes of one line (one dataset or edge) that an import accepts; a guard, not a promise."""

CLOCK_SKEW: Final = timedelta(days=1)
"""How far another machine's clock may be ahead of ours."""


class Written(Value):
    """What an export wrote."""

    file: str
    datasets: int
    edges: int


class Imported(Value):
    """A graph read from a file: every end of an edge is among the datasets."""

    datasets: tuple[Dataset, ...]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()


def whole(datasets: Iterable[Dataset], edges: Iterable[Edge], notes: Iterable[str]) -> Imported:
    """The graph with a bare node for every end that has none; ImportRefused where one id
    is given twice with different contents, or a moment lies in the future: it would hide
    what is learnt until then.
    """
    latest = now() + CLOCK_SKEW
    nodes: dict[DatasetId, Dataset] = {}
    for node in datasets:
        if nodes.setdefault(node.id, node) != node:
            raise ImportRefused(f"dataset {node.id} stands twice, with different contents")
    links: dict[str, Edge] = {}
    for edge in edges:
        if links.setdefault(edge.id, edge) != edge:
            raise ImportRefused(
                f"the edge {edge.child} <- {edge.parent} ({edge.relation}, {edge.role}) stands "
                "twice, with different contents"
            )
        for moment in (edge.recorded_at, edge.superseded_at):
            if moment is not None and moment > latest:
                raise ImportRefused(
                    f"the edge {edge.child} <- {edge.parent} is of {moment:%Y-%m-%d}, which is "
                    "to come; check the clock of the machine that wrote the file"
                )
        for end in (edge.child.base, edge.parent.base):
            nodes.setdefault(end, Dataset(id=end))
    ordered = sorted(nodes.values(), key=lambda node: str(node.id))
    return Imported(datasets=tuple(ordered), edges=tuple(links.values()), notes=tuple(notes))
